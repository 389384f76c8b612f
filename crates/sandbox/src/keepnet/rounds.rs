//! Rounds of campaigns and enrolments: what the people in them do by when.

use serde_json::{Value, json};

use super::answer::Refusal;
use super::call::Call;
use super::dates;
use super::groups;
use super::people;
use super::resource::row;
use super::store::{Record, Row, bool_of, member, text, texts};
use crate::random::{ALPHANUMERIC, Random};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// After this long nobody does anything any more.
pub(crate) const LENGTH: i64 = 10 * MINUTE;

/// The table of all rounds; the member `of` says of what.
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

/// A round as it is kept.
pub(crate) struct Round {
    pub(crate) row: Row,
    pub(crate) number: i64,
    pub(crate) start: i64,
    pub(crate) stop: Option<i64>,
}

impl Round {
    fn of(row: &Row) -> Self {
        let millis = |name: &str| row.get(name).and_then(Value::as_i64);
        Self {
            row: Row::clone(row),
            number: millis("instanceGroup").unwrap_or(1),
            start: millis("start").unwrap_or_default(),
            stop: millis("stop"),
        }
    }

    pub(crate) fn status(&self, now: i64) -> &'static str {
        match self.stop {
            _ if now < self.start => "Scheduled",
            Some(_) => "Cancelled",
            None if now < self.start + LENGTH => "Running",
            None => "Completed",
        }
    }

    /// What happened until now, person by person.
    pub(crate) fn fates(&self, seed: u64, now: i64) -> Vec<Fate> {
        let until = now.min(self.stop.unwrap_or(i64::MAX));
        let users = self.row.get("users").and_then(Value::as_array);
        let users = users.into_iter().flatten().enumerate();
        users
            .map(|(number, person)| {
                let person = row(person.clone());
                let purpose = format!(
                    "keepnet {} {} {}",
                    text(&self.row, "of"),
                    self.number,
                    text(&person, "resourceId"),
                );
                let mut random = Random::new(seed, &purpose);
                let id = random.text(ALPHANUMERIC, 12);
                let interest = random.below(100);
                let sent = self.start + i64::try_from(number % 60).unwrap_or_default() * SECOND;
                let opened = sent + random.between(MINUTE, 4 * MINUTE);
                let clicked = opened + 30 * SECOND;
                let reports = random.percent(20);
                let by_now = |happens: bool, at: i64| (happens && at <= until).then_some(at);
                Fate {
                    id,
                    person,
                    sent: by_now(true, sent),
                    opened: by_now(interest < 70, opened),
                    clicked: by_now(interest < 45, clicked),
                    submitted: by_now(interest < 20, clicked + MINUTE),
                    reported: by_now(interest < 70 && reports, opened + 2 * MINUTE),
                }
            })
            .collect()
    }
}

/// How many people did what. Whoever was reached either opened or did not
/// respond.
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

/// When something with this schedule starts: 1 is now, 3 at a time; 2 is not
/// at all yet.
pub(crate) fn scheduled(now: i64, kind: i64, date: &str) -> Result<Option<i64>, Refusal> {
    match kind {
        0 | 1 => Ok(Some(now)),
        3 => match dates::parse(date) {
            Some(at) => Ok(Some(at.max(now))),
            None => Err(Refusal::input("The ScheduledDate field is required.")),
        },
        _ => Ok(None),
    }
}

/// Adds a round for the people of these groups; its number.
pub(crate) fn add(
    call: &mut Call<'_>,
    id: &str,
    start: i64,
    groups: &[String],
) -> Result<i64, Refusal> {
    for group in groups {
        call.find(groups::GROUPS, group, groups::NOT_FOUND)?;
    }
    let people = match groups {
        [] => call.rows(people::USERS).to_vec(),
        groups => groups::members(call, groups),
    };
    let number = of(call, id).last().map_or(1, |round| round.number + 1);
    let created = call.now_text();
    let round = round(id, number, start, groups, &people, &created);
    let company = call.company.clone();
    call.store().push(&company, ROUNDS, round);
    Ok(number)
}

/// A round for the active ones of these people.
pub(crate) fn round(
    of: &str,
    number: i64,
    start: i64,
    groups: &[String],
    people: &[Row],
    created: &str,
) -> Record {
    let active = people
        .iter()
        .filter(|user| member(user, "isActive").and_then(bool_of) == Some(true));
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
    super::store::record(json!({
        "resourceId": format!("{of}/{number}"),
        "of": of,
        "instanceGroup": number,
        "start": start,
        "stop": null,
        "users": users,
        "targetGroupResourceIds": groups,
        "createdDate": created,
    }))
}

/// Ends a round that has not ended yet.
pub(crate) fn stop(call: &mut Call<'_>, round: &Round) -> Result<(), Refusal> {
    let now = call.now();
    if !["Scheduled", "Running"].contains(&round.status(now)) {
        return Err(Refusal::input("It has ended already"));
    }
    change(call, round, |record| {
        record.insert("stop".to_owned(), json!(now));
        // One that was yet to start has now had its time.
        let start = round.start.min(now);
        record.insert("start".to_owned(), json!(start));
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
    let _ = call.store().remove(&company, ROUNDS, "resourceId", id);
}

/// A time, or null.
pub(crate) fn time(at: Option<i64>) -> Value {
    at.map_or(Value::Null, |at| json!(dates::iso(at)))
}

/// The groups of a round by name, with how many people they have.
pub(crate) fn group_counts(call: &Call<'_>, round: &Round) -> Vec<Value> {
    let ids = texts(&round.row, "targetGroupResourceIds");
    let groups = ids.iter().filter_map(|id| {
        let group = call.find(groups::GROUPS, id, groups::NOT_FOUND).ok()?;
        let count = groups::members(call, std::slice::from_ref(id)).len();
        Some(json!({ "name": text(&group, "name"), "usersCount": count }))
    });
    groups.collect()
}
