//! Trainings, enrolments and what came of them.

use serde_json::{Value, json};

use super::handler::Handler::{Do, OnRecords, Rows};
use super::handler::Table;
use super::memberships::MEMBERSHIP;
use super::resource::{Resource, Verb};
use super::rounds::{self, Counts, Delivery, Fate, Round, Schedule, time};
use crate::keepnet::dates;
use crate::keepnet::http::call::{Call, choice, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Record, Row, member, record, row, text, texts};

pub(crate) static TRAININGS: Resource =
    Resource::plain("/api/trainings", "Training", "Training not found", &[]);

pub(crate) static ENROLLMENTS: Resource = Resource {
    prepare,
    view: current,
    ..Resource::plain(
        "/api/enrollments",
        "Enrollment",
        "Enrollment not found",
        &["trainingId", "name"],
    )
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        ("POST /trainings/search", Rows(trainings)),
        (
            "GET /trainings/{resourceId}",
            OnRecords(&TRAININGS, Verb::Read),
        ),
        ("POST /enrollments", Do(enroll)),
        ("POST /enrollments/search", Rows(enrollments)),
        (
            "GET /enrollments/{resourceId}",
            OnRecords(&ENROLLMENTS, Verb::Read),
        ),
        // The id is that of a training. Source: the vendor's front end.
        ("GET /enrollments/{resourceId}/languages", Do(languages)),
        ("DELETE /enrollments/{resourceId}", Do(archive)),
        ("POST /enrollments/archive/search", Rows(archived)),
        (
            "POST /enrollments/archive/{resourceId}/restore",
            Do(restore),
        ),
        (
            "DELETE /enrollments/archive/{resourceId}",
            Do(delete_archived),
        ),
        ("POST /enrollments/{resourceId}/send", Do(send)),
        ("POST /enrollments/{resourceId}/stop", Do(stop)),
    ],
};

pub(crate) const REPORTS: Table = Table {
    below: "/api/training-reports/{enrollmentId}",
    handlers: &[
        ("GET /summary", Do(summary)),
        ("POST /users/search", Rows(|call| people(call, |_| true))),
        (
            "POST /opened-emails/search",
            Rows(|call| people(call, |fate| fate.opened.is_some())),
        ),
        (
            "POST /clicked-emails/search",
            Rows(|call| people(call, |fate| fate.clicked.is_some())),
        ),
        (
            "POST /no-response/search",
            Rows(|call| people(call, Fate::is_silent)),
        ),
        (
            "POST /progress/search",
            Rows(|call| people(call, |fate| fate.clicked.is_some())),
        ),
        (
            "POST /exam-results/search",
            Rows(|call| people(call, |fate| fate.submitted.is_some())),
        ),
        (
            "POST /sending-report/search",
            Rows(|call| people(call, |fate| fate.sent.is_some())),
        ),
    ],
};

/// Kinds of training, by the numbers that also stand for them. Source: the vendor's front end.
const TYPES: [&str; 6] = [
    "SCORM",
    "LearningPath",
    "Poster",
    "Infographic",
    "Screensaver",
    "Survey",
];

/// The kind of training that a search is limited to, if it is.
fn kind(call: &Call<'_>, name: &str) -> Result<Option<&'static str>, Refusal> {
    match call.body.as_object() {
        Some(body) => choice(body, name, &TYPES, 1),
        None => Ok(None),
    }
}

fn trainings(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let kind = kind(call, "trainingType")?;
    let ids = call.body.as_object().map(|body| texts(body, "trainingIds"));
    let ids = ids.unwrap_or_default();
    let wanted = |row: &&Row| {
        kind.is_none_or(|kind| text(row, "type") == kind)
            && (ids.is_empty() || ids.iter().any(|id| id == text(row, "trainingId")))
    };
    Ok(call
        .rows(TRAININGS.path)
        .iter()
        .filter(wanted)
        .cloned()
        .collect())
}

/// The languages that every training of the sandbox has, and their ids.
const LANGUAGES: [(&str, &str, &str); 2] = [
    ("LCgN3agLvotv", "English", "en-GB"),
    ("LCgN3agLvotw", "Dutch", "nl-NL"),
];

fn languages(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    TRAININGS.find(call, &call.param("resourceId"))?;
    let rows = LANGUAGES.map(|(id, name, code)| {
        row(json!({"id": id, "name": name, "code": code, "nativeLanguageName": name}))
    });
    Ok(call.list(&rows))
}

fn enroll(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = ENROLLMENTS.create(call, call.object()?.clone())?;
    let enrollment = current(call, &ENROLLMENTS.find(call, &id)?);
    Ok(Outcome::Data(call.view(&enrollment)))
}

fn prepare(call: &mut Call<'_>, new: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let training = TRAININGS.find(call, text(new, "trainingId"))?;
    let groups = texts(new, MEMBERSHIP);
    let from_campaign = !text(new, "phishingCampaignResourceId").is_empty();
    if groups.is_empty() && !from_campaign {
        return Err(Refusal::input(
            "Target groups or a campaign have to be named",
        ));
    }
    // Refused without a reaction, since the vendor's front end requires at least one (inferred).
    if from_campaign && texts(new, "phishingCampaignConditionTypes").is_empty() {
        return Err(Refusal::input(
            "The phishingCampaignConditionTypes field is required.",
        ));
    }
    if groups.is_empty() {
        return Err(Refusal::NotPlayed("enrolling the people of a campaign"));
    }
    // Refused without languages, since the vendor's front end always sends some (inferred).
    let chosen = texts(new, "languageIds");
    let known = |id: &String| LANGUAGES.iter().any(|(known, ..)| known == id);
    if chosen.is_empty() || !chosen.iter().all(known) {
        return Err(Refusal::input("The languageIds are not of this training"));
    }
    let scheduler = member(new, "enrollmentScheduler").and_then(Value::as_object);
    let date = scheduler.map_or("", |scheduler| text(scheduler, "scheduledDate"));
    let now = call.now();
    let start = match date {
        "" => now,
        date => dates::parse(date)
            .ok_or_else(|| Refusal::input("The scheduledDate is not a date"))?
            .max(now),
    };
    let schedule = Schedule {
        start: Some(start),
        days: None,
    };
    let id = text(new, "resourceId").to_owned();
    rounds::add(call, &id, schedule, &groups)?;
    let is_object = |name: &str| member(new, name).is_some_and(Value::is_object);
    let (remind, auto) = (
        is_object("enrollmentReminder"),
        is_object("enrollmentAutoEnroll"),
    );
    for name in [
        "category",
        "targetAudience",
        "languages",
        "type",
        "hasQuiz",
        "trainingRoles",
        "duration",
        "level",
        "trainingName",
    ] {
        if let Some(value) = training.get(name) {
            new.insert(name.to_owned(), value.clone());
        }
    }
    new.extend(record(json!({
        "enrollmentId": id,
        "id": id,
        "enrolledBy": call.grant.name,
        "startDate": dates::iso(start),
        "delivery": "Email",
        "deliveryType": "Email",
        "recipientType": "TargetGroup",
        "isReminderActive": remind,
        "hasReminder": remind,
        "isAutoEnrollmentActive": auto,
        "autoEnroll": auto,
    })));
    Ok(())
}

fn round(call: &Call<'_>, enrollment: &Row) -> Option<Round> {
    rounds::of(call, text(enrollment, "resourceId")).pop()
}

/// An enrolment with its status of this moment.
fn current(call: &Call<'_>, enrollment: &Row) -> Row {
    let round = round(call, enrollment);
    let mut now = Record::clone(enrollment);
    // Source: the vendor's documentation of enrolments, and its front end.
    let delivery = round.as_ref().map(|round| round.delivery(call.now()));
    let status = match delivery {
        _ if is_archived(enrollment) => "Archived",
        Some(Delivery::Waiting) | None => "Scheduled",
        Some(Delivery::Sending) => "Sending",
        Some(Delivery::Delivered) => "Finished",
        Some(Delivery::Stopped) => "Stopped",
    };
    now.insert("status".to_owned(), json!(status));
    let people = round.map_or(0, |round| round.progress(call.state.seed, call.now()).len());
    now.insert("totalTargetUserCount".to_owned(), json!(people));
    row(Value::Object(now))
}

/// The enrolments that are archived, or those that are not, which are in lists of their own. Source: the published
/// description.
fn listed(call: &Call<'_>, in_archive: bool) -> Result<Vec<Row>, Refusal> {
    let kind = kind(call, "enrollmentType")?;
    let rows = call.rows(ENROLLMENTS.path).iter();
    let rows = rows.filter(|row| kind.is_none_or(|kind| text(row, "type") == kind));
    let rows = rows.filter(|row| is_archived(row) == in_archive);
    Ok(rows.map(|row| current(call, row)).collect())
}

fn enrollments(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    listed(call, false)
}

fn archived(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    listed(call, true)
}

/// The enrolment that the path names, archived or not: its report is kept in the archive. Source: the vendor's
/// documentation.
fn one(call: &Call<'_>, parameter: &str) -> Result<Row, Refusal> {
    ENROLLMENTS.find(call, &call.param(parameter))
}

/// The enrolment that the path names, if it is in the archive, or if it is not.
fn one_in(call: &Call<'_>, in_archive: bool) -> Result<Row, Refusal> {
    let enrollment = one(call, "resourceId")?;
    match is_archived(&enrollment) == in_archive {
        true => Ok(enrollment),
        false => Err(Refusal::NotFound(ENROLLMENTS.not_found)),
    }
}

fn is_archived(enrollment: &Row) -> bool {
    enrollment.contains_key(ARCHIVED)
}

/// The member that an archived enrolment has, and its round: when it was moved to the archive.
const ARCHIVED: &str = "archived";

fn archive(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let now = json!(call.now());
    set_archived(call, false, |record| {
        record.insert(ARCHIVED.to_owned(), now.clone());
    })
}

fn restore(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    set_archived(call, true, |record| {
        record.remove(ARCHIVED);
    })
}

fn set_archived(
    call: &mut Call<'_>,
    was: bool,
    change: impl Fn(&mut Record),
) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, was)?;
    if let Some(round) = round(call, &enrollment) {
        rounds::change(call, &round, &change)?;
    }
    let id = text(&enrollment, "resourceId");
    ENROLLMENTS.edit(call, id, "Update", change)
}

fn delete_archived(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, true)?;
    let id = text(&enrollment, "resourceId");
    ENROLLMENTS.delete(call, id, "Delete")?;
    done(id)
}

/// Begins an enrolment that was yet to begin. Source: the vendor's documentation.
fn send(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, false)?;
    let now = call.now();
    if let Some(round) = round(call, &enrollment).filter(|round| round.start > Some(now)) {
        rounds::start(call, &round)?;
    }
    let id = call.param("resourceId");
    call.log("Enrollment", "Update", &id, None, None);
    done(&id)
}

fn stop(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, false)?;
    let round = round(call, &enrollment).ok_or(Refusal::NotFound(ENROLLMENTS.not_found))?;
    rounds::stop(call, &round)?;
    let id = call.param("resourceId");
    call.log("Enrollment", "Update", &id, None, None);
    done(&id)
}

/// What the people of the enrolment did that the path names.
fn fates(call: &Call<'_>) -> Result<(Row, Option<Round>, Vec<Fate>), Refusal> {
    let enrollment = one(call, "enrollmentId")?;
    let round = round(call, &enrollment);
    let fates = round
        .as_ref()
        .map(|round| round.progress(call.state.seed, call.now()));
    Ok((enrollment, round, fates.unwrap_or_default()))
}

fn people(call: &mut Call<'_>, wanted: fn(&Fate) -> bool) -> Result<Vec<Row>, Refusal> {
    let (enrollment, _, fates) = fates(call)?;
    let fates = fates.into_iter().filter(wanted);
    let rows = fates.map(|fate| {
        // Source: the words of the vendor's front end.
        let status = match () {
            () if fate.submitted.is_some() => "Completed",
            () if fate.clicked.is_some() => "InProgress",
            () => "NotStarted",
        };
        let done = fate.submitted.is_some();
        let last = fate.submitted.or(fate.clicked).or(fate.opened);
        let count = |at: Option<i64>| i32::from(at.is_some());
        let mut person = Record::clone(&fate.person);
        person.extend(record(json!({
            "resourceId": fate.id,
            "enrollmentId": text(&enrollment, "resourceId"),
            "targetUserResourceId": text(&fate.person, "resourceId"),
            "status": status,
            "currentStep": "1",
            "deliveryType": "Email",
            "emailDelivery": "SMTP",
            "enrollmentDate": time(fate.sent),
            "firstSendDate": time(fate.sent),
            "lastSendDate": time(fate.sent),
            "lastSendingStatus": "Successful",
            "targetUserStatus": "Active",
            "lastOpenedDate": time(fate.opened),
            "openedCount": count(fate.opened),
            "lastClickedDate": time(fate.clicked),
            "clickedCount": count(fate.clicked),
            "sessionStartDate": time(fate.clicked),
            "sessionEndDate": time(fate.submitted),
            "sessionCount": count(fate.clicked),
            "progress": status,
            "firstCompletionDate": time(fate.submitted),
            "lastInteractionDate": time(last),
            "examResultDate": time(fate.submitted),
            "examStatus": if done { "Passed" } else { "NotTaken" },
            "examStatusName": if done { "Passed" } else { "NotTaken" },
            "examScore": if done { 80 } else { 0 },
            "isMainScore": true,
        })));
        row(Value::Object(person))
    });
    Ok(rows.collect())
}

fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (enrollment, round, fates) = fates(call)?;
    let counts = Counts::of(&fates);
    let names = round.map_or_else(Vec::new, |round| rounds::group_names(call, &round));
    let training = TRAININGS.find(call, text(&enrollment, "trainingId")).ok();
    let of_training = |name: &str| training.as_ref().and_then(|row| row.get(name)).cloned();
    call.data(json!({
        "name": text(&enrollment, "name"),
        "startDate": enrollment.get("startDate"),
        "trainingDetails": {
            "id": of_training("trainingId"),
            "name": of_training("trainingName"),
            "description": of_training("description"),
            "category": of_training("category"),
            "trainingTypeName": of_training("type"),
            "hasQuiz": of_training("hasQuiz"),
        },
        "reportDetail": {
            "totalUserOpenedCount": counts.opened,
            "totalTargetUserCount": counts.people,
            "onlyOpenedCount": counts.opened - counts.clicked,
            "emailDeliveredUserCount": counts.sent,
            "emailErrorUserCount": 0,
            "noResponseCount": counts.silent(),
            "didNotCompleteTrainingCount": counts.clicked - counts.submitted,
        },
        "completedCount": counts.submitted,
        "inProgressCount": counts.clicked - counts.submitted,
        "groupCount": names.len(),
        "targetGroupNames": names,
        "languages": of_training("languages"),
        "isTest": enrollment.get("markedAsTest"),
        "trainingTypeId": of_training("type"),
        "trainingTypeName": of_training("type"),
        "deliveryMethod": "Email",
    }))
}
