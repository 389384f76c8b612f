//! Target users: the people who are trained and tested.

use serde_json::{Value, json};

use super::custom_fields::FIELDS;
use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use super::memberships::{GROUPS, MEMBERSHIP, USERS, check_groups};
use super::resource::{Resource, unchanged};
use crate::keepnet::http::call::{Call, choice};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::store::{DELETED, Store};
use crate::keepnet::records::{Record, Row, also, bool_of, member, row, text, texts};

pub(crate) static TARGET_USERS: Resource = Resource {
    path: USERS,
    entity: "TargetUser",
    not_found: "Target user not found",
    required: &["email"],
    unique: Some("email"),
    prepare,
    view: unchanged,
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/target-users",
    handlers: &[
        ("POST /search-email", Rows(search_email)),
        ("GET /count-summary", Do(count_summary)),
        ("POST /by-resource-ids", Do(by_ids)),
        (
            "POST /include-deleted/by-resource-ids",
            Do(by_ids_with_deleted),
        ),
        ("POST /{resourceId}/groups", Rows(groups_of)),
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
            let known = call.find(FIELDS, id, "Custom field not found").ok();
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
    let active = member(user, "isActive").and_then(bool_of).unwrap_or(false);
    let status = if active { "Active" } else { "Inactive" };
    user.insert("isActive".to_owned(), json!(active));
    user.insert("status".to_owned(), json!(status));
    let manager = format!(
        "{} {}",
        text(user, "managerFirstName"),
        text(user, "managerLastName")
    );
    if !manager.trim().is_empty() {
        user.insert("managerFullName".to_owned(), json!(manager.trim()));
    }
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

/// How many target users a company has, and how many of them are active.
pub(crate) fn counts(store: &Store, company: &str) -> (usize, usize) {
    let users = store.table(company, USERS);
    (
        users.len(),
        users.iter().filter(|row| is_active(row)).count(),
    )
}

pub(crate) fn deleted(store: &Store, company: &str) -> usize {
    deleted_users(store, company).count()
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

/// Source: the members that the vendor's front end reads.
fn count_summary(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (total, active) = counts(&call.inner.store, &call.company);
    let now = call.now_text();
    call.data(json!({
        "totalNumberOfActiveUsers": active,
        "totalNumberOfInActiveUsers": total - active,
        "totalNumberOfDeletedUsers": deleted(&call.inner.store, &call.company),
        "monthlyActiveUsers": [
            {"period": &now[..7], "periodStart": format!("{}-01", &now[..7]), "count": active},
        ],
    }))
}

fn by_ids(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let ids = texts(call.object()?, "targetUserResourceIds");
    let rows = call.rows(USERS).iter();
    let found = rows.filter(|row| ids.iter().any(|id| id == text(row, "resourceId")));
    Ok(call.list(&found.map(|row| brief(row, false)).collect::<Vec<_>>()))
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

fn groups_of(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let user = call.find(USERS, &call.last_param(), TARGET_USERS.not_found)?;
    let ids = texts(&user, MEMBERSHIP);
    let rows = call.rows(GROUPS).iter();
    let rows = rows.filter(|row| ids.iter().any(|id| id == text(row, "resourceId")));
    Ok(rows.cloned().collect())
}
