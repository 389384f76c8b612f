//! Target users: the people who are trained and tested.

use serde_json::{Value, json};

use super::handler::Handler::{Do, OnRecords, Rows};
use super::handler::Table;
use super::memberships::{MEMBERSHIP, USERS, check_groups};
use super::resource::{Resource, Verb};
use crate::keepnet::http::call::{Call, choice};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::store::{DELETED, Store};
use crate::keepnet::records::{Record, Row, also, flag, member, row, text, texts};
use crate::keepnet::shapes::Shapes;

pub(crate) static TARGET_USERS: Resource = Resource {
    unique: Some("email"),
    prepare,
    ..Resource::plain(USERS, "TargetUser", "Target user not found", &["email"])
};

pub(crate) static CUSTOM_FIELDS: Resource = Resource {
    unique: Some("name"),
    ..Resource::plain(
        "/api/custom-fields",
        "TargetUserCustomField",
        "Custom field not found",
        &["name", "fieldDataType"],
    )
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/target-users",
    handlers: &[
        ("POST /search-email", Rows(search_email)),
        (
            "POST /include-deleted/by-resource-ids",
            Do(by_ids_with_deleted),
        ),
    ],
};

pub(crate) const FIELDS: Table = Table {
    below: "/api/custom-fields",
    handlers: &[("GET /company", OnRecords(&CUSTOM_FIELDS, Verb::List))],
};

pub(crate) const BADGES: Table = Table {
    below: "/api/gamificationreport",
    handlers: &[
        ("GET /badges/{targetUserResourceId}", Do(of_person)),
        ("POST /learning/{targetUserResourceId}", Do(of_person)),
        ("GET /phishing-result/{targetUserResourceId}", Do(of_person)),
        ("GET /user-info/{targetUserResourceId}", Do(of_person)),
    ],
};

pub(crate) const PRIORITIES: [&str; 5] = ["VeryLow", "Low", "Medium", "High", "VeryHigh"];

/// Checks a priority; what is absent is `Medium` (inferred).
pub(crate) fn priority(record: &mut Record) -> Result<(), Refusal> {
    let name = choice(record, "priority", &PRIORITIES, 0)?.unwrap_or("Medium");
    record.insert("priority".to_owned(), json!(name));
    Ok(())
}

fn prepare(call: &mut Call<'_>, user: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    complete(user)?;
    check_groups(call, &texts(user, MEMBERSHIP))?;
    if let Some(fields) = member(user, "customFields")
        .and_then(Value::as_array)
        .cloned()
    {
        let values = fields.iter().map(|field| {
            let id = field["resourceId"].as_str().unwrap_or_default();
            let known = CUSTOM_FIELDS.find(call, id).ok();
            let known = |name: &str| known.as_ref().and_then(|known| known.get(name)).cloned();
            json!({
                "resourceId": id,
                "name": known("name").or_else(|| field.get("name").cloned()),
                "dataType": known("fieldDataType").or_else(|| field.get("dataType").cloned()),
                "value": field["value"],
                "timestampValue": null,
            })
        });
        let values = Value::Array(values.collect());
        user.insert("customFieldValues".to_owned(), values);
    }
    Ok(())
}

/// Brings a target user into the form in which it is kept.
pub(crate) fn complete(user: &mut Record) -> Result<(), Refusal> {
    if !valid_email(text(user, "email")) {
        return Err(Refusal::input(
            "The Email field is not a valid e-mail address.",
        ));
    }
    priority(user)?;
    // Absent is false, as .NET reads it (inferred).
    let active = flag(user, "isActive");
    let status = if active { "Active" } else { "Inactive" };
    user.insert("isActive".to_owned(), json!(active));
    user.insert("status".to_owned(), json!(status));
    also(
        user,
        &[
            ("timeZoneId", "timeZone"),
            ("preferredLanguageId", "preferredLanguage"),
        ],
    );
    Ok(())
}

pub(crate) fn valid_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
    })
}

fn is_active(row: &Row) -> bool {
    row.get("isActive") == Some(&json!(true))
}

fn deleted_users<'a>(store: &'a Store, company: &str) -> impl Iterator<Item = &'a Row> {
    let rows = store.table(company, DELETED).iter();
    rows.filter(|row| text(row, "deletedFrom") == USERS)
}

/// Whoever was deleted stays listed (source: the vendor's documentation), here before the one who came back. How such a
/// row differs, and which lists have it, is inferred.
fn search_email(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    call.require(&["email"])?;
    let email = call.text("email");
    let gone = deleted_users(&call.inner.store, &call.company).map(|user| {
        let mut record = Record::clone(user);
        record.insert("isActive".to_owned(), json!(false));
        row(Value::Object(record))
    });
    let rows = gone.chain(call.rows(USERS).iter().cloned());
    Ok(rows
        .filter(|row| text(row, "email").eq_ignore_ascii_case(email))
        .collect())
}

fn by_ids_with_deleted(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let ids = texts(call.object()?, "targetUserResourceIds");
    let wanted = |row: &&Row| ids.iter().any(|id| id == text(row, "resourceId"));
    let here = call.rows(USERS).iter().filter(wanted);
    let gone = deleted_users(&call.inner.store, &call.company).filter(wanted);
    let rows: Vec<_> = here
        .map(|row| brief(row, false))
        .chain(gone.map(|row| brief(row, true)))
        .collect();
    Ok(call.list(&rows))
}

/// A target user with a number for a status.
fn brief(user: &Row, deleted: bool) -> Row {
    let mut record = Record::clone(user);
    record.insert("isDeleted".to_owned(), json!(deleted));
    record.insert("status".to_owned(), json!(i32::from(is_active(user))));
    row(Value::Object(record))
}

/// A sample of what one person did. That somebody who does not exist is not found is inferred.
fn of_person(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    TARGET_USERS.find(call, &call.last_param())?;
    let sample = Shapes::get().sample(&call.operation.response);
    Ok(Outcome::Data(sample))
}
