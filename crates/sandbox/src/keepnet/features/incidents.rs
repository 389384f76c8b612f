//! E-mails that people reported.

use serde_json::json;

use super::handler::{Do, OnRecords, Table};
use super::resource::{Resource, Verb};
use crate::keepnet::call::{Call, choice, done};
use crate::keepnet::records::{Record, member, record, text};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) const EMAILS: &str = "/api/notified-emails";

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/notified-emails",
    handlers: &[
        (
            "GET /for-edit/{resourceId}",
            OnRecords(&NOTIFIED_EMAILS, Verb::Read),
        ),
        ("PUT /{resourceId}", Do(update)),
        ("PUT /bulk-update", Do(update_many)),
        ("GET /attachments/{resourceId}", Do(attachments)),
        ("GET /msg-files/{resourceId}", Do(message)),
    ],
};

/// The words of the vendor's front end.
pub(crate) const RESULTS: [&str; 4] = ["Undetected", "Phishing", "Malicious", "Simulation"];
pub(crate) const STATUSES: [&str; 5] = [
    "Open",
    "InProgress",
    "Closed",
    "FalsePositive",
    "BeingAnalyzed",
];

pub(crate) static NOTIFIED_EMAILS: Resource =
    Resource::plain(EMAILS, "NotifiedEmail", "Notified email not found");

fn update(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (id, changes) = (call.last_param(), changes(call)?);
    NOTIFIED_EMAILS.edit(call, &id, |email| email.extend(changes))
}

/// Changes all of them. Source: the published description.
fn update_many(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (ids, changes) = (NOTIFIED_EMAILS.ids(call, "resourceIdList")?, changes(call)?);
    for id in &ids {
        NOTIFIED_EMAILS.edit(call, id, |email| email.extend(changes.clone()))?;
    }
    done(&ids[0])
}

/// An absent value is the first one, as .NET reads it (inferred: the vendor's front end always sends both).
fn changes(call: &Call<'_>) -> Result<Record, Refusal> {
    let body = call.body.clone();
    let result = choice(&body, "result", &RESULTS)?.unwrap_or(RESULTS[0]);
    let status = choice(&body, "status", &STATUSES)?.unwrap_or(STATUSES[0]);
    // The tags are in one text with commas between them. Source: the vendor's front end.
    let tags = text(&body, "tag").split(',').filter(|tag| !tag.is_empty());
    let member = |name: &str| member(&body, name);
    Ok(record(json!({
        "result": result,
        "status": status,
        "note": member("note"),
        "isNotifyUser": member("isNotifyUser"),
        "customMessage": member("customMessage"),
        "notificationTemplateResourceId": member("notificationTemplateResourceId"),
        "tags": tags.collect::<Vec<_>>(),
        "lastUpdateDate": call.now_text(),
    })))
}

/// The attachments of an e-mail as a file. Source: the vendor's front end, which reads a file. The content is made up.
fn attachments(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    let row = NOTIFIED_EMAILS.find(call, &id)?;
    let content = format!("attachments of {}\n", text(&row, "subject"));
    Ok(Outcome::file(&format!("{id}.bin"), content))
}

/// An e-mail as a file. Source: the vendor's front end, which reads a file. The content is made up.
fn message(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    let row = NOTIFIED_EMAILS.find(call, &id)?;
    let content = format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\n\r\n{}\r\n",
        text(&row, "from"),
        text(&row, "reportedBy"),
        text(&row, "subject"),
        text(&row, "htmlBody"),
    );
    Ok(Outcome::file(&format!("{id}.msg"), content))
}
