//! Trainings, enrolments and their results.

use serde_json::{Value, json};

use super::handler::{Do, OnRecords, Rows, Table};
use super::memberships::MEMBERSHIP;
use super::resource::{Resource, Verb};
use super::rounds::{self, Delivery, Fate, Round, Schedule};
use crate::keepnet::call::{Call, done};
use crate::keepnet::dates;
use crate::keepnet::records::templates::{self, filled};
use crate::keepnet::records::{Record, Row, member, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static TRAININGS: Resource =
    Resource::plain("/api/trainings", "Training", "Training not found");

pub(crate) static ENROLLMENTS: Resource = Resource {
    prepare,
    view: current,
    ..Resource::plain("/api/enrollments", "Enrollment", "Enrollment not found")
};

pub(crate) const TRAINING_OPERATIONS: Table = Table {
    below: "/api/trainings",
    handlers: &[
        ("POST /search", Rows(trainings)),
        ("GET /{resourceId}", OnRecords(&TRAININGS, Verb::Read)),
    ],
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/enrollments",
    handlers: &[
        ("POST ", Do(enroll)),
        ("POST /search", Rows(|call| Ok(listed(call, false)))),
        ("GET /{resourceId}", OnRecords(&ENROLLMENTS, Verb::Read)),
        ("GET /{resourceId}/languages", Do(languages)),
        ("DELETE /{resourceId}", Do(archive)),
        ("POST /archive/search", Rows(|call| Ok(listed(call, true)))),
        ("POST /archive/{resourceId}/restore", Do(restore)),
        ("DELETE /archive/{resourceId}", Do(delete_archived)),
        ("POST /{resourceId}/send", Do(send)),
        ("POST /{resourceId}/stop", Do(stop)),
    ],
};

pub(crate) const REPORTS: Table = Table {
    below: "/api/training-reports/{enrollmentId}",
    handlers: &[
        ("GET /summary", Do(summary)),
        ("POST /users/search", Rows(people)),
    ],
};

/// All trainings, or those in `trainingIds`. Source: the published description.
fn trainings(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let ids = texts(&call.body, "trainingIds");
    let mut rows = call.rows(TRAININGS.path).to_vec();
    rows.retain(|row| ids.is_empty() || ids.iter().any(|id| id == text(row, "trainingId")));
    Ok(rows)
}

/// The languages of a training, which the path names. Source: the vendor's front end. In the sandbox all trainings have
/// the same.
fn languages(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    TRAININGS.find(call, &call.param("resourceId"))?;
    Ok(call.list(&templates::rows("languages")))
}

fn enroll(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = ENROLLMENTS.create(call, call.body.clone())?;
    let enrollment = current(call, &ENROLLMENTS.find(call, &id)?);
    Ok(Outcome::Data(call.view(&enrollment)))
}

fn prepare(call: &mut Call<'_>, new: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let training = TRAININGS.find(call, text(new, "trainingId"))?;
    let groups = texts(new, MEMBERSHIP);
    let from_campaign = !text(new, "phishingCampaignResourceId").is_empty();
    if groups.is_empty() && !from_campaign {
        let message = "Target groups or a campaign have to be named";
        return Err(Refusal::input(message));
    }
    if groups.is_empty() {
        return Err(call.not_played("phishingCampaignResourceId"));
    }
    // Refused without languages, since the vendor's front end always sends some (inferred).
    let (chosen, known) = (texts(new, "languageIds"), templates::rows("languages"));
    let known = |id: &String| known.iter().any(|known| text(known, "id") == id);
    if chosen.is_empty() || !chosen.iter().all(known) {
        return Err(Refusal::input("The languageIds are not of this training"));
    }
    let scheduler = member(new, "enrollmentScheduler").and_then(Value::as_object);
    let date = scheduler.map_or("", |scheduler| text(scheduler, "scheduledDate"));
    let now = call.now();
    let start = dates::parse(date).unwrap_or(now).max(now);
    let schedule = Schedule {
        start: Some(start),
        days: None,
    };
    let id = text(new, "resourceId").to_owned();
    rounds::add(call, &id, schedule, &groups)?;
    let is_object = |name: &str| member(new, name).is_some_and(Value::is_object);
    let values = json!({
        "id": id,
        "client": call.grant.name,
        "start": dates::iso(start),
        "reminds": is_object("enrollmentReminder"),
        "enrols": is_object("enrollmentAutoEnroll"),
    });
    for (name, value) in training.iter() {
        if member(new, name).is_none() {
            new.insert(name.clone(), value.clone());
        }
    }
    new.extend(filled("enrolment", &record(values), &[]));
    Ok(())
}

/// The round of an enrolment.
fn round(call: &Call<'_>, enrollment: &Row) -> Result<Round, Refusal> {
    let mut rounds = rounds::of(call, text(enrollment, "resourceId"));
    let round = rounds.pop();
    round.ok_or_else(|| Refusal::not_found(ENROLLMENTS.not_found))
}

/// An enrolment with its present status. Source: the vendor's documentation of enrolments, and its front end.
fn current(call: &Call<'_>, enrollment: &Row) -> Row {
    let round = round(call, enrollment).ok();
    let status = match round.as_ref().map(|round| round.delivery(call.now())) {
        _ if is_archived(enrollment) => "Archived",
        Some(Delivery::Sending) => "Sending",
        Some(Delivery::Delivered) => "Finished",
        Some(Delivery::Stopped) => "Stopped",
        Some(Delivery::Waiting) | None => "Scheduled",
    };
    let people = round.map_or(0, |round| fates(call, &round).len());
    let mut now = Record::clone(enrollment);
    now.insert("status".to_owned(), json!(status));
    now.insert("totalTargetUserCount".to_owned(), json!(people));
    Row::new(now)
}

/// The enrolments in the archive, or the others. Source: the published description, which has a list of each.
fn listed(call: &Call<'_>, in_archive: bool) -> Vec<Row> {
    let rows = call.rows(ENROLLMENTS.path).iter();
    let rows = rows.filter(|row| is_archived(row) == in_archive);
    rows.map(|row| current(call, row)).collect()
}

/// The enrolment that the path names, if it is in the archive, or if it is not. Anything else is not found (inferred).
fn one_in(call: &Call<'_>, in_archive: bool) -> Result<Row, Refusal> {
    let enrollment = ENROLLMENTS.find(call, &call.param("resourceId"))?;
    match is_archived(&enrollment) == in_archive {
        true => Ok(enrollment),
        false => Err(Refusal::not_found(ENROLLMENTS.not_found)),
    }
}

fn is_archived(enrollment: &Row) -> bool {
    enrollment.contains_key(ARCHIVED)
}

/// The member that an archived enrolment has, and its round: the time at which it was moved to the archive.
const ARCHIVED: &str = "archived";

/// Moves an enrolment to the archive, whose enrolments keep their reports. Source: the vendor's documentation.
fn archive(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let now = json!(call.now());
    set_archived(call, false, |record| {
        record.insert(ARCHIVED.to_owned(), now.clone());
    })
}

/// Takes an enrolment out of the archive. Inferred: the published description only names the operation.
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
    let round = round(call, &enrollment)?;
    rounds::change(call, &round, &change)?;
    ENROLLMENTS.edit(call, text(&enrollment, "resourceId"), change)
}

/// Deletes an enrolment in the archive and its report. Inferred: the published description only names the operation.
fn delete_archived(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, true)?;
    let id = text(&enrollment, "resourceId");
    ENROLLMENTS.delete(call, id, "Delete")?;
    done(id)
}

/// Begins an enrolment that is scheduled. Source: the vendor's documentation. Any other stays as it is (inferred).
fn send(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, false)?;
    let round = round(call, &enrollment)?;
    if round.start > Some(call.now()) {
        rounds::start(call, &round)?;
    }
    call.changed("Enrollment", "Update", text(&enrollment, "resourceId"))
}

/// Stops the e-mails of an enrolment. Source: the vendor's documentation.
fn stop(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let enrollment = one_in(call, false)?;
    let round = round(call, &enrollment)?;
    rounds::stop(call, &round)?;
    call.changed("Enrollment", "Update", text(&enrollment, "resourceId"))
}

fn fates(call: &Call<'_>, round: &Round) -> Vec<Fate> {
    round.progress(call.state.seed, call.now())
}

/// The enrolment that the path names and its round. An enrolment in the archive keeps its report. Source: the vendor's
/// documentation.
fn reported(call: &Call<'_>) -> Result<(Row, Round), Refusal> {
    let enrollment = ENROLLMENTS.find(call, &call.param("enrollmentId"))?;
    let round = round(call, &enrollment)?;
    Ok((enrollment, round))
}

fn people(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let (enrollment, round) = reported(call)?;
    let rows = fates(call, &round).into_iter();
    let rows = rows.map(|fate| fate.row("participant", ("enrolment", &enrollment)));
    Ok(rows.collect())
}

fn summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (enrollment, round) = reported(call)?;
    let training = TRAININGS.find(call, text(&enrollment, "trainingId"));
    let training = training.unwrap_or_default();
    let values = round.values(call.now(), &fates(call, &round));
    let records: [(&str, &Record); 2] = [("enrolment", &enrollment), ("training", &training)];
    let summary = filled("enrolment summary", &values, &records);
    Ok(Outcome::Data(call.view(&summary)))
}
