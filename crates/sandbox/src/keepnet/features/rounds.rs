//! Rounds of campaigns and enrolments, and the people in them.

use serde_json::{Value, json};

use super::memberships;
use crate::common::random::Random;
use crate::keepnet::call::Call;
use crate::keepnet::dates;
use crate::keepnet::records::templates::filled;
use crate::keepnet::records::{Record, Row, flag, integer, record, row, text};
use crate::keepnet::response::Refusal;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The time in which all e-mails are delivered (inferred).
const DELIVERY: i64 = MINUTE;

/// The table of all rounds. The member `of` is the id of the campaign or the enrolment.
pub(crate) const ROUNDS: &str = "rounds";

/// The times at which one person did something, in milliseconds since 1970.
#[derive(Default)]
pub(crate) struct Fate {
    /// The id of this person in this round.
    pub(crate) id: String,
    pub(crate) person: Row,
    pub(crate) sent: Option<i64>,
    pub(crate) opened: Option<i64>,
    pub(crate) clicked: Option<i64>,
    /// The person gave data away, or finished the training.
    pub(crate) submitted: Option<i64>,
    pub(crate) reported: Option<i64>,
}

impl Fate {
    /// The person with the members of a template about this fate and one more record.
    pub(crate) fn row(&self, template: &str, more: (&str, &Record)) -> Row {
        let mut members = Record::clone(&self.person);
        let records = [("person", &*self.person), more];
        members.extend(filled(template, &self.values(), &records));
        Row::new(members)
    }

    /// The values that templates show. The words are those of the vendor's front end.
    fn values(&self) -> Record {
        let count = |at: Option<i64>| i32::from(at.is_some());
        let done = self.submitted.is_some();
        record(json!({
            "id": self.id,
            "sent": time(self.sent),
            "opened": time(self.opened),
            "openedCount": count(self.opened),
            "clicked": time(self.clicked),
            "clickedCount": count(self.clicked),
            "submitted": time(self.submitted),
            "submittedCount": count(self.submitted),
            "reported": time(self.reported),
            "reportedCount": count(self.reported),
            "last": time(self.submitted.or(self.clicked).or(self.opened)),
            "delivery": if self.sent.is_some() { "Successful" } else { "InQueue" },
            "progress": match self.clicked {
                _ if done => "Completed",
                Some(_) => "InProgress",
                None => "NotStarted",
            },
            "exam": if done { "Passed" } else { "NotTaken" },
            "score": if done { 80 } else { 0 },
        }))
    }
}

/// A round as it is kept.
pub(crate) struct Round {
    pub(crate) row: Row,
    pub(crate) number: i64,
    /// Nothing while the round is saved for later.
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    /// The time at which the round was moved to the archive.
    pub(crate) archived: Option<i64>,
    /// The days for which the round records reactions. An enrolment has no such end.
    pub(crate) days: Option<i64>,
}

/// The progress of a round's e-mails. Reactions to them do not count.
///
/// Source: the vendor's documentation of campaigns and enrolments ("delivered to all target users").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The round is saved for later, or not yet due.
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

    /// The end of the round's days. Source: the vendor's documentation of a campaign's lifetime.
    pub(crate) fn expires(&self) -> Option<i64> {
        let days = self.start.zip(self.days);
        days.map(|(start, days)| start.saturating_add(days.saturating_mul(DAY)))
    }

    /// The time after which nobody gets an e-mail.
    fn last_email(&self) -> i64 {
        self.stop.unwrap_or(i64::MAX).min(self.last_reaction())
    }

    /// The time after which no reaction is recorded. A stop does not end that: the vendor's documentation says of a
    /// cancelled campaign and of a stopped enrolment only that nobody gets an e-mail any more, so reactions of people
    /// who have one still count (inferred). A training in the archive cannot be done. Source: the vendor's
    /// documentation.
    fn last_reaction(&self) -> i64 {
        let ends = [self.archived, self.expires()];
        ends.into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    /// The fates of the people in a campaign until now. Most reactions come long after the last e-mail is delivered, but
    /// within three days (inferred: the service records reactions for the campaign's days).
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

    /// The fates of the people in an enrolment until now. Everybody does the training within two weeks (made up).
    pub(crate) fn progress(&self, seed: u64, now: i64) -> Vec<Fate> {
        self.people(seed, now, |random, fate, sent| {
            let opened = sent + random.between(MINUTE, 3 * DAY);
            let clicked = opened + 30 * SECOND;
            fate.opened = Some(opened);
            fate.clicked = Some(clicked);
            fate.submitted = Some(clicked + random.between(5 * MINUTE, 10 * DAY));
        })
    }

    /// The values that templates show of a round, whose people have these fates. People who got an e-mail have either
    /// opened it or not responded.
    pub(crate) fn values(&self, now: i64, fates: &[Fate]) -> Record {
        let count = |did: fn(&Fate) -> Option<i64>| fates.iter().filter_map(did).count();
        let (sent, opened) = (count(|fate| fate.sent), count(|fate| fate.opened));
        let (clicked, submitted) = (count(|fate| fate.clicked), count(|fate| fate.submitted));
        let expires = self.expires();
        let groups = self.row.get("targetGroupNames");
        record(json!({
            "number": self.number,
            "created": text(&self.row, "createdDate"),
            "start": time(self.start),
            "end": time([self.stop, expires].into_iter().flatten().min()),
            "days": self.days,
            "expired": self.stop.is_none() && expires.is_some_and(|end| end <= now),
            "status": self.status(now),
            "groups": groups,
            "groupCount": groups.and_then(Value::as_array).map_or(0, Vec::len),
            "people": fates.len(),
            "sent": sent,
            "unsent": fates.len() - sent,
            "opened": opened,
            "silent": sent - opened,
            "clicked": clicked,
            "unclicked": opened - clicked,
            "submitted": submitted,
            "unfinished": clicked - submitted,
            "reported": count(|fate| fate.reported),
        }))
    }

    /// The fates of the people until now. `act` draws the reactions of one person to the e-mail.
    fn people(&self, seed: u64, now: i64, act: fn(&mut Random, &mut Fate, i64)) -> Vec<Fate> {
        let (last_email, until) = (self.last_email().min(now), self.last_reaction().min(now));
        // A round without a start never sends anything.
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
                id: format!("{id}-{of}-{}", self.number),
                person,
                sent: Some(sent),
                ..Fate::default()
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

/// The rounds of a campaign or an enrolment, the first one first.
pub(crate) fn of(call: &Call<'_>, id: &str) -> Vec<Round> {
    let rows = call.rows(ROUNDS).iter();
    rows.filter(|row| text(row, "of") == id)
        .map(Round::of)
        .collect()
}

/// The start that a request names: 1 is now, 2 is later, and 3 is at a time. Source: the vendor's front end.
pub(crate) fn scheduled(now: i64, request: &Record) -> Result<Option<i64>, Refusal> {
    let date = dates::parse(text(request, "scheduledDate"));
    match (integer(request, "scheduleTypeId"), date) {
        (1, _) => Ok(Some(now)),
        (2, _) => Ok(None),
        (3, Some(date)) => Ok(Some(date.max(now))),
        (3, None) => Err(Refusal::input("The ScheduledDate field is required.")),
        _ => Err(Refusal::input("The scheduleTypeId is not known")),
    }
}

/// The start of a round, and the days for which it records reactions.
#[derive(Clone, Copy)]
pub(crate) struct Schedule {
    /// Nothing saves the round for later.
    pub(crate) start: Option<i64>,
    pub(crate) days: Option<i64>,
}

/// Adds a round for the people of these groups.
pub(crate) fn add(
    call: &mut Call<'_>,
    id: &str,
    schedule: Schedule,
    groups: &[String],
) -> Result<(), Refusal> {
    let rows = memberships::groups(call, groups)?;
    let names: Vec<_> = rows.iter().map(|group| text(group, "name")).collect();
    let people = memberships::members(call, groups);
    let number = of(call, id).last().map_or(1, |round| round.number + 1);
    let round = round(id, number, schedule, &names, &people, &call.now_text());
    call.inner.store.push(&call.company, ROUNDS, round);
    Ok(())
}

/// A round for the active people among these, who are in groups of these names.
pub(crate) fn round(
    of: &str,
    number: i64,
    schedule: Schedule,
    groups: &[&str],
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
        "targetGroupNames": groups,
        "createdDate": created,
    }))
}

/// Starts a round that waits. The refusal of any other, and of a second stop, is inferred.
pub(crate) fn start(call: &mut Call<'_>, round: &Round) -> Result<(), Refusal> {
    let now = call.now();
    if round.delivery(now) != Delivery::Waiting {
        return Err(Refusal::input("It was started before"));
    }
    change(call, round, |record| {
        record.insert("start".to_owned(), json!(now));
    })
}

/// Stops the e-mails of a round that has not ended.
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
    let id = text(&round.row, "resourceId");
    let _ = call.inner.store.remove(&call.company, ROUNDS, id);
}

/// A time, or null.
pub(crate) fn time(at: Option<i64>) -> Value {
    at.map_or(Value::Null, |at| json!(dates::iso(at)))
}
