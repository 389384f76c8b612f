//! Target users: the people who are trained and tested.

use serde_json::json;

use super::handler::{Do, Rows, Table};
use super::memberships::{self, MEMBERSHIP, USERS};
use super::resource::Resource;
use crate::keepnet::call::{Call, choice};
use crate::keepnet::records::store::{DELETED, Store};
use crate::keepnet::records::{Record, Row, flag, member, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static TARGET_USERS: Resource = Resource {
    prepare,
    ..Resource::plain(USERS, "TargetUser", "Target user not found")
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

pub(crate) const PRIORITIES: [&str; 5] = ["VeryLow", "Low", "Medium", "High", "VeryHigh"];

/// Checks a priority. An absent one is `Medium` (inferred).
pub(crate) fn priority(record: &mut Record) -> Result<(), Refusal> {
    let name = choice(record, "priority", &PRIORITIES)?.unwrap_or("Medium");
    record.insert("priority".to_owned(), json!(name));
    Ok(())
}

fn prepare(call: &mut Call<'_>, user: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    complete(user)?;
    memberships::groups(call, &texts(user, MEMBERSHIP)).map(drop)
}

/// Brings a target user into the form in which it is kept.
pub(crate) fn complete(user: &mut Record) -> Result<(), Refusal> {
    if !valid_email(text(user, "email")) {
        let message = "The Email field is not a valid e-mail address.";
        return Err(Refusal::input(message));
    }
    priority(user)?;
    // An absent member is false, as .NET reads it (inferred).
    let active = flag(user, "isActive");
    let status = if active { "Active" } else { "Inactive" };
    user.insert("isActive".to_owned(), json!(active));
    user.insert("status".to_owned(), json!(status));
    // Responses have other names for these than requests.
    for (sent, shown) in [
        ("timeZoneId", "timeZone"),
        ("preferredLanguageId", "preferredLanguage"),
        ("customFields", "customFieldValues"),
    ] {
        if let Some(value) = member(user, sent).cloned() {
            user.insert(shown.to_owned(), value);
        }
    }
    Ok(())
}

pub(crate) fn valid_email(text: &str) -> bool {
    let parts = text.split_once('@');
    parts.is_some_and(|(name, domain)| {
        !name.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
    })
}

fn deleted_users<'a>(store: &'a Store, company: &str) -> impl Iterator<Item = &'a Row> {
    let rows = store.table(company, DELETED).iter();
    rows.filter(|row| text(row, "deletedFrom") == USERS)
}

/// The users with that whole address, in any case (inferred). A deleted user stays listed (source: the vendor's
/// documentation), here before a user with the same address. The form of such a row, and the lists that have it, are
/// inferred.
fn search_email(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let email = call.text("email");
    let gone = deleted_users(&call.inner.store, &call.company).map(|user| {
        let mut record = Record::clone(user);
        record.insert("isActive".to_owned(), json!(false));
        Row::new(record)
    });
    let mut rows: Vec<_> = gone.chain(call.rows(USERS).iter().cloned()).collect();
    rows.retain(|row| text(row, "email").eq_ignore_ascii_case(email));
    Ok(rows)
}

/// The users with these ids, deleted ones after the others. Source: the published description. The order is inferred.
fn by_ids_with_deleted(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let ids = texts(&call.body, "targetUserResourceIds");
    let wanted = |row: &&Row| ids.iter().any(|id| id == text(row, "resourceId"));
    let gone = deleted_users(&call.inner.store, &call.company);
    let rows = call.rows(USERS).iter().chain(gone).filter(wanted);
    let rows: Vec<_> = rows.map(brief).collect();
    Ok(call.list(&rows))
}

/// A target user with a number for a status.
fn brief(user: &Row) -> Row {
    let mut record = Record::clone(user);
    let status = i32::from(flag(user, "isActive"));
    let is_deleted = user.contains_key("deletedFrom");
    record.insert("isDeleted".to_owned(), json!(is_deleted));
    record.insert("status".to_owned(), json!(status));
    Row::new(record)
}
