//! E-mails that people reported.

use bytes::Bytes;
use serde_json::{Value, json};

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use crate::keepnet::http::call::{Call, choice, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::lists::search::Search;
use crate::keepnet::records::{Record, Row, member, text, texts};

pub(crate) const EMAILS: &str = "/api/notified-emails";
const NOT_FOUND: &str = "Notified email not found";

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/notified-emails",
    handlers: &[
        ("POST /search", Rows(search)),
        ("GET /{resourceId}", Do(get)),
        ("GET /for-edit/{resourceId}", Do(get)),
        ("PUT /{resourceId}", Do(update)),
        ("PUT /bulk-update", Do(update_many)),
        ("GET /{resourceId}/reanalyze", Do(reanalyze)),
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

fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(EMAILS).to_vec())
}

fn get(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let row = call.find(EMAILS, &call.last_param(), NOT_FOUND)?;
    Ok(Outcome::Data(call.view(&row)))
}

/// Changes one e-mail as the body says.
fn apply(call: &mut Call<'_>, id: &str, operation: &'static str) -> Result<(), Refusal> {
    let body = call.object()?;
    let result = choice(body, "result", &RESULTS, 0)?;
    let status = choice(body, "status", &STATUSES, 0)?;
    let before = call.find(EMAILS, id, NOT_FOUND)?;
    let mut after = Record::clone(&before);
    // What is absent is the first of the values, as .NET reads it (inferred; the vendor's front end always sends both).
    let result = result.unwrap_or(RESULTS[0]);
    let status = status.unwrap_or(STATUSES[0]);
    after.insert("result".to_owned(), json!(result));
    after.insert("status".to_owned(), json!(status));
    for name in [
        "note",
        "isNotifyUser",
        "customMessage",
        "notificationTemplateResourceId",
    ] {
        let value = member(body, name).cloned().unwrap_or_default();
        after.insert(name.to_owned(), value);
    }
    // The tags with commas between them. Source: the vendor's front end.
    let tags = text(body, "tag").split(',').filter(|tag| !tag.is_empty());
    let tags: Vec<_> = tags.collect();
    after.insert("tags".to_owned(), json!(tags));
    after.insert("lastUpdateDate".to_owned(), json!(call.now_text()));
    call.log("NotifiedEmail", operation, id, Some(&before), Some(&after));
    call.change(EMAILS, id, NOT_FOUND, |record| *record = after)
}

fn update(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    apply(call, &id, "Update")?;
    done(&id)
}

/// The e-mails that a bulk operation is about. That one which does not exist stops all is inferred.
fn selected(call: &Call<'_>) -> Result<Vec<String>, Refusal> {
    let body = call.object()?;
    let mut ids = texts(body, "resourceIdList");
    if let Some(Value::Object(all)) = member(body, "selectAll") {
        let excluded = texts(all, "excludedResourceIdList");
        let search = member(all, "filter").and_then(Value::as_object);
        // What is called a filter here is a whole search.
        let filter = search.and_then(|search| member(search, "filter").or(member(all, "filter")));
        let rows = Search::select(filter, call.rows(EMAILS))?;
        let found = rows.iter().map(|row| text(row, "resourceId").to_owned());
        ids.extend(found.filter(|id| !excluded.contains(id)));
    }
    if ids.is_empty() {
        return Err(Refusal::input("The resourceIdList field is required."));
    }
    for id in &ids {
        call.find(EMAILS, id, NOT_FOUND)?;
    }
    Ok(ids)
}

fn update_many(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let ids = selected(call)?;
    for id in &ids {
        apply(call, id, "UpdateMany")?;
    }
    done(&ids[0])
}

/// Done at once, while the service takes its time (inferred).
fn reanalyze(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.param("resourceId");
    let before = call.find(EMAILS, &id, NOT_FOUND)?;
    let mut after = Record::clone(&before);
    let now = call.now_text();
    after.insert("analysisDate".to_owned(), json!(now));
    after.insert("lastUpdateDate".to_owned(), json!(now));
    call.log("NotifiedEmail", "Update", &id, Some(&before), Some(&after));
    call.change(EMAILS, &id, NOT_FOUND, |record| *record = after)?;
    done(&id)
}

fn attachments(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    // The id is that of an e-mail or of one of its attachments.
    let id = call.last_param();
    let has = |row: &&Row| {
        let attachments = row.get("attachments").and_then(Value::as_array);
        let mut ids = attachments.into_iter().flatten();
        text(row, "resourceId") == id || ids.any(|one| one["resourceId"] == *id)
    };
    let row = call.rows(EMAILS).iter().find(has);
    let row = row.ok_or(Refusal::NotFound(NOT_FOUND))?;
    let bytes = format!("attachments of {}\n", text(row, "subject"));
    Ok(Outcome::File {
        content_type: "application/octet-stream",
        name: format!("{id}.bin"),
        bytes: Bytes::from(bytes),
    })
}

fn message(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    let row = call.find(EMAILS, &id, NOT_FOUND)?;
    let message = format!(
        "From: {}\r\nTo: {}\r\nSubject: {}\r\n\r\n{}\r\n",
        text(&row, "from"),
        text(&row, "reportedBy"),
        text(&row, "subject"),
        text(&row, "htmlBody"),
    );
    Ok(Outcome::File {
        content_type: "application/octet-stream",
        name: format!("{id}.msg"),
        bytes: Bytes::from(message),
    })
}
