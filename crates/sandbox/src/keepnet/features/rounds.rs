//! Rounds of campaigns and enrolments: what the people in them do by when.

use serde_json::{Value, json};

use super::memberships::{self, GROUPS, NO_GROUP};
use crate::common::random::{ALPHANUMERIC, Random};
use crate::keepnet::dates;
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::Refusal;
use crate::keepnet::records::{Record, Row, flag, record, row, text, texts};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// How long it takes until all e-mails are delivered (inferred).
const DELIVERY: i64 = MINUTE;

/// The table of all rounds; the member `of` is the id of the campaign or the enrolment.
pub(crate) const ROUNDS: &str = "rounds";

/// What one person did, and when: milliseconds since 1970.
pub(crate) struct Fate {
    /// Of this person in this round.
    pub(crate) id: String,
    pub(crate) person: Row,
    pub(crate) sent: Option<i64>,
    pub(crate) opened: Option<i64>,
    pub(crate) clicked: Option<i64>,
    /// Gave data away, or finished the training.
    pub(crate) submitted: Option<i64>,
    pub(crate) reported: Option<i64>,
}

impl Fate {
    /// Whether this person was reached and did not respond.
    pub(crate) fn is_silent(&self) -> bool {
        self.sent.is_some() && self.opened.is_none()
    }
}

/// A round as it is kept.
pub(crate) struct Round {
    pub(crate) row: Row,
    pub(crate) number: i64,
    /// None while it is saved for later.
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    /// When it was moved to the archive.
    pub(crate) archived: Option<i64>,
    /// For how many days it records what people do; none for an enrolment, which has no such end.
    pub(crate) days: Option<i64>,
}

/// How far the e-mails of a round are. What people do comes later and ends it nowhere.
///
/// Source: the vendor's documentation of campaigns and enrolments ("delivered to all target users").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Saved for later, or not yet due.
    Waiting,
    Sending,
    Delivered,
    Stopped,
}

impl Round {
    fn of(row: &Row) -> Self {
        let millis = |name: &str| row.get(name).and_then(Value::as_i64);
        Self {
            row: Row::clone(row),
            number: millis("instanceGroup").unwrap_or(1),
            start: millis("start"),
            stop: millis("stop"),
            archived: millis("archived"),
            days: millis("days"),
        }
    }

    pub(crate) fn delivery(&self, now: i64) -> Delivery {
        match (self.stop, self.start) {
            (Some(_), _) => Delivery::Stopped,
            (None, Some(start)) if start + DELIVERY <= now => Delivery::Delivered,
            (None, Some(start)) if start <= now => Delivery::Sending,
            (None, _) => Delivery::Waiting,
        }
    }

    /// The status of a campaign. Source: the vendor's documentation.
    pub(crate) fn status(&self, now: i64) -> &'static str {
        match self.delivery(now) {
            Delivery::Waiting => "Idle",
            Delivery::Sending => "Running",
            Delivery::Delivered => "Completed",
            Delivery::Stopped => "Canceled",
        }
    }

    /// When its days have passed. Source: the vendor's documentation of a campaign's lifetime.
    pub(crate) fn expires(&self) -> Option<i64> {
        let days = self.start.zip(self.days);
        days.map(|(start, days)| start + days * DAY)
    }

    /// When nobody gets an e-mail any more.
    fn last_email(&self) -> i64 {
        self.stop.unwrap_or(i64::MAX).min(self.last_reaction())
    }

    /// When it records nothing any more. That is not when it is stopped: the vendor's documentation says of a cancelled
    /// campaign and of a stopped enrolment only that nobody gets an e-mail any more, so what people with an e-mail do
    /// still counts (inferred). A training in the archive cannot be done. Source: the vendor's documentation.
    fn last_reaction(&self) -> i64 {
        let ends = [self.archived, self.expires()];
        ends.into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    /// What happened in a campaign until now, person by person. Most of it happens long after the last e-mail is
    /// delivered: within three days (inferred; the service records what people do for the campaign's days).
    pub(crate) fn fates(&self, seed: u64, now: i64) -> Vec<Fate> {
        self.people(seed, now, |random, fate, sent| {
            let interest = random.below(100);
            let opened = sent + random.between(MINUTE, 3 * DAY);
            let clicked = opened + 30 * SECOND;
            let reports = random.percent(20);
            fate.opened = (interest < 70).then_some(opened);
            fate.clicked = (interest < 45).then_some(clicked);
            fate.submitted = (interest < 20).then_some(clicked + MINUTE);
            fate.reported = (interest < 70 && reports).then_some(opened + 2 * MINUTE);
        })
    }

    /// What happened in an enrolment until now, person by person. Everybody does the training within two weeks (made
    /// up).
    pub(crate) fn progress(&self, seed: u64, now: i64) -> Vec<Fate> {
        self.people(seed, now, |random, fate, sent| {
            let opened = sent + random.between(MINUTE, 3 * DAY);
            let clicked = opened + 30 * SECOND;
            fate.opened = Some(opened);
            fate.clicked = Some(clicked);
            fate.submitted = Some(clicked + random.between(5 * MINUTE, 10 * DAY));
        })
    }

    /// What people did by now, of what `act` lets them do after the e-mail was sent.
    fn people(&self, seed: u64, now: i64, act: fn(&mut Random, &mut Fate, i64)) -> Vec<Fate> {
        let (last_email, until) = (self.last_email().min(now), self.last_reaction().min(now));
        // One that was not started sends nothing, ever.
        let start = self.start.unwrap_or(i64::MAX / 2);
        let users = self.row.get("users").and_then(Value::as_array);
        let users = users.into_iter().flatten().zip((0..60).cycle());
        let fates = users.map(|(person, number)| {
            let person = row(person.clone());
            let (of, id) = (text(&self.row, "of"), text(&person, "resourceId"));
            let purpose = format!("keepnet {of} {} {id}", self.number);
            let mut random = Random::new(seed, &purpose);
            let sent = start + number * SECOND;
            let mut fate = Fate {
                id: random.text(ALPHANUMERIC, 12),
                person,
                sent: Some(sent),
                opened: None,
                clicked: None,
                submitted: None,
                reported: None,
            };
            if sent > last_email {
                fate.sent = None;
                return fate;
            }
            act(&mut random, &mut fate, sent);
            for at in [
                &mut fate.opened,
                &mut fate.clicked,
                &mut fate.submitted,
                &mut fate.reported,
            ] {
                *at = at.filter(|at| *at <= until);
            }
            fate
        });
        fates.collect()
    }
}

/// How many people did what. Whoever was reached either opened or did not respond.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) people: usize,
    pub(crate) sent: usize,
    pub(crate) opened: usize,
    pub(crate) clicked: usize,
    pub(crate) submitted: usize,
    pub(crate) reported: usize,
}

impl Counts {
    pub(crate) fn of(fates: &[Fate]) -> Self {
        let count =
            |did: fn(&Fate) -> Option<i64>| fates.iter().filter(|fate| did(fate).is_some()).count();
        Self {
            people: fates.len(),
            sent: count(|fate| fate.sent),
            opened: count(|fate| fate.opened),
            clicked: count(|fate| fate.clicked),
            submitted: count(|fate| fate.submitted),
            reported: count(|fate| fate.reported),
        }
    }

    pub(crate) fn silent(&self) -> usize {
        self.sent - self.opened
    }
}

/// The rounds of a campaign or an enrolment, the first one first.
pub(crate) fn of(call: &Call<'_>, id: &str) -> Vec<Round> {
    let rows = call.rows(ROUNDS).iter();
    rows.filter(|row| text(row, "of") == id)
        .map(Round::of)
        .collect()
}

/// When something with this schedule starts: 1 is now, 3 at a time; 2 is not at all yet. Source: the vendor's front
/// end.
pub(crate) fn scheduled(now: i64, kind: i64, date: &str) -> Result<Option<i64>, Refusal> {
    match kind {
        1 => Ok(Some(now)),
        3 => match dates::parse(date) {
            Some(at) => Ok(Some(at.max(now))),
            None => Err(Refusal::input("The ScheduledDate field is required.")),
        },
        2 => Ok(None),
        _ => Err(Refusal::input("The scheduleTypeId is not known")),
    }
}

/// When a round goes out, and for how long it records what people do.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    /// None saves it for later.
    pub(crate) start: Option<i64>,
    pub(crate) days: Option<i64>,
}

/// Adds a round for the people of these groups; its number.
pub(crate) fn add(
    call: &mut Call<'_>,
    id: &str,
    schedule: Schedule,
    groups: &[String],
) -> Result<i64, Refusal> {
    memberships::check_groups(call, groups)?;
    let people = memberships::members(call, groups);
    let number = of(call, id).last().map_or(1, |round| round.number + 1);
    let created = call.now_text();
    let round = round(id, number, schedule, groups, &people, &created);
    let company = call.company.clone();
    call.store().push(&company, ROUNDS, round);
    Ok(number)
}

/// A round for the active ones of these people.
pub(crate) fn round(
    of: &str,
    number: i64,
    schedule: Schedule,
    groups: &[String],
    people: &[Row],
    created: &str,
) -> Record {
    let active = people.iter().filter(|user| flag(user, "isActive"));
    let users = active.map(|user| {
        json!({
            "resourceId": text(user, "resourceId"),
            "firstName": text(user, "firstName"),
            "lastName": text(user, "lastName"),
            "email": text(user, "email"),
            "department": text(user, "department"),
            "phoneNumber": user.get("phoneNumber"),
            "customFieldValues": user.get("customFieldValues"),
        })
    });
    let users: Vec<_> = users.collect();
    record(json!({
        "resourceId": format!("{of}/{number}"),
        "of": of,
        "instanceGroup": number,
        "start": schedule.start,
        "days": schedule.days,
        "stop": null,
        "users": users,
        "targetGroupResourceIds": groups,
        "createdDate": created,
    }))
}

/// Starts a round that waits to be started. Inferred, like the refusal of a second end: a round is started once.
pub(crate) fn start(call: &mut Call<'_>, round: &Round) -> Result<(), Refusal> {
    let now = call.now();
    if round.delivery(now) != Delivery::Waiting {
        return Err(Refusal::input("It was started before"));
    }
    change(call, round, |record| {
        record.insert("start".to_owned(), json!(now));
    })
}

/// Stops the e-mails of a round that has not ended yet.
pub(crate) fn stop(call: &mut Call<'_>, round: &Round) -> Result<(), Refusal> {
    let now = call.now();
    if round.stop.is_some() || round.last_reaction() <= now {
        return Err(Refusal::input("It has ended already"));
    }
    change(call, round, |record| {
        record.insert("stop".to_owned(), json!(now));
    })
}

pub(crate) fn change(
    call: &mut Call<'_>,
    round: &Round,
    change: impl FnOnce(&mut Record),
) -> Result<(), Refusal> {
    let id = text(&round.row, "resourceId").to_owned();
    call.change(ROUNDS, &id, "Not found", change)
}

pub(crate) fn remove(call: &mut Call<'_>, round: &Round) {
    let company = call.company.clone();
    let id = text(&round.row, "resourceId");
    let _ = call.store().remove(&company, ROUNDS, id);
}

/// A time, or null.
pub(crate) fn time(at: Option<i64>) -> Value {
    at.map_or(Value::Null, |at| json!(dates::iso(at)))
}

/// The names of a round's groups.
pub(crate) fn group_names(call: &Call<'_>, round: &Round) -> Vec<String> {
    let ids = texts(&round.row, "targetGroupResourceIds");
    let groups = ids
        .iter()
        .filter_map(|id| call.find(GROUPS, id, NO_GROUP).ok());
    groups
        .map(|group| text(&group, "name").to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_stop_nobody_gets_an_email_and_who_has_one_goes_on_until_the_days_have_passed() {
        let users: Vec<_> = (0..20)
            .map(|number| json!({"resourceId": number.to_string()}))
            .collect();
        let round = |stop: Value, archived: Value| {
            Round::of(&row(json!({
                "of": "c", "start": 0, "days": 7, "stop": stop, "archived": archived, "users": users,
            })))
        };
        let count = |round: &Round, day: i64| Counts::of(&round.fates(1, day * DAY));
        let whole = round(Value::Null, Value::Null);
        assert_eq!(count(&whole, 1).sent, 20);
        let stopped = round(json!(5 * SECOND), Value::Null);
        let (early, late) = (count(&stopped, 1), count(&stopped, 7));
        assert_eq!((early.sent, late.sent), (6, 6));
        assert!(
            late.opened > early.opened,
            "{} {}",
            late.opened,
            early.opened
        );
        assert_eq!(count(&stopped, 100).opened, late.opened);
        let archived = round(Value::Null, json!(DAY));
        assert_eq!(count(&archived, 7).opened, count(&archived, 1).opened);
        assert_eq!(count(&archived, 1).opened, count(&whole, 1).opened);
    }
}
