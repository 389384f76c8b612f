//! The operations that change records, and the events about them.

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::events::Event;
use super::records::{Collection, Record, Row, Store, names, text};
use super::response::Refusal;

/// A change of a record. Documented are the bodies of app updates and of deleted login methods; the other bodies and
/// all responses are inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Update,
    Delete,
    DeleteLoginMethod,
    AddToGroups,
    RemoveFromGroups,
}

impl Change {
    /// The change that a method makes to a record, or to something below it.
    pub(crate) fn find(method: &Method, to: Collection, below: Option<&str>) -> Option<Self> {
        use Collection::{Accounts, AccountsOther, Employees};
        Some(match (method.as_str(), to, below) {
            ("PATCH", _, None) if !members(to).is_empty() => Self::Update,
            ("DELETE", Accounts | AccountsOther, None) => Self::Delete,
            ("DELETE", Accounts, Some("loginMethods")) => Self::DeleteLoginMethod,
            ("POST", Employees, Some("groups")) => Self::AddToGroups,
            ("DELETE", Employees, Some("groups")) => Self::RemoveFromGroups,
            _ => return None,
        })
    }
}

/// The values that a member can be set to. All but flags can be null.
#[derive(Clone, Copy)]
enum Kind {
    Flag,
    Text,
    /// One of the words of a list.
    Word(&'static str),
    Employee,
}

/// The members that an update can set.
fn members(of: Collection) -> &'static [(&'static str, Kind)] {
    match of {
        Collection::Apps => &[
            ("approvalStatus", Kind::Word("approval_statuses")),
            ("sensitivityLevel", Kind::Word("sensitivity_levels")),
            ("notes", Kind::Text),
            ("ownerId", Kind::Employee),
        ],
        Collection::Detections => &[("archived", Kind::Flag)],
        Collection::Employees => &[("licensed", Kind::Flag)],
        _ => &[],
    }
}

/// Changes the record with that id. There is an event if the record is different afterwards.
pub(crate) fn apply(
    change: Change,
    to: Collection,
    store: &mut Store,
    id: &str,
    body: &Bytes,
) -> Result<(Bytes, Option<Event>), Refusal> {
    let old = store.table(to).get(id).ok_or(Refusal::NOT_FOUND)?;
    let old = Arc::clone(&old.record);
    let object = match to {
        Collection::Accounts => "ACCOUNT",
        Collection::AccountsOther => "ACCOUNT_OTHER",
        Collection::Apps => "APP",
        Collection::Employees => "EMPLOYEE",
        _ => text(&old, "detectionType"),
    };
    if change == Change::Delete {
        if !body.is_empty() {
            return Err(Refusal::not_played("a deletion with a body"));
        }
        store.table_mut(to).remove(id);
        let event = Event::deleted(object, &old);
        return Ok((Bytes::from_static(b"{}"), Some(event)));
    }
    let body: Record = serde_json::from_slice(body)
        .map_err(|_| Refusal::not_played("a change with a body that is no JSON object"))?;
    let known: Vec<_> = match change {
        Change::Update => members(to).iter().map(|(name, _)| *name).collect(),
        Change::DeleteLoginMethod => vec!["loginMethod"],
        _ => vec!["groups"],
    };
    if let Some(name) = body.keys().find(|name| !known.contains(&name.as_str())) {
        let what = format!("a change of {} with {name} in the body", to.name());
        return Err(Refusal::not_played(what));
    }
    let mut new = Record::clone(&old);
    match change {
        Change::Update => update(&mut new, members(to), store, &body)?,
        Change::AddToGroups | Change::RemoveFromGroups => {
            let named = groups(&body)?;
            let of = new.get("groups").and_then(Value::as_array);
            let mut of = of.cloned().unwrap_or_default();
            if change == Change::RemoveFromGroups {
                of.retain(|group| !named.contains(group));
            } else {
                for group in named {
                    if !of.contains(group) {
                        of.push(group.clone());
                    }
                }
            }
            new.insert("groups".to_owned(), json!(of));
        }
        _ => delete_login_method(&mut new, &body)?,
    }
    // Notes alone send no event: the documented event has none.
    let told = |record: &Record| {
        let mut record = record.clone();
        record.remove("notes");
        record
    };
    let event = (told(&new) != told(&old)).then(|| Event::updated(object, &new, &old));
    let row = store.table_mut(to).get_mut(id).ok_or(Refusal::NOT_FOUND)?;
    *row = Row::new(new);
    Ok((Bytes::copy_from_slice(row.json().as_bytes()), event))
}

fn update(
    record: &mut Record,
    members: &[(&str, Kind)],
    store: &Store,
    body: &Record,
) -> Result<(), Refusal> {
    for (name, kind) in members {
        let Some(value) = body.get(*name) else {
            continue;
        };
        let employees = store.table(Collection::Employees);
        let is_employee = |id: &str| employees.get(id).is_some();
        let (fits, what) = match kind {
            Kind::Flag => (value.is_boolean(), "true or false"),
            Kind::Text => (value.is_null() || value.is_string(), "a string or null"),
            Kind::Employee => {
                let fits = value.is_null() || value.as_str().is_some_and(is_employee);
                (fits, "the id of an employee")
            }
            Kind::Word(words) if value.is_null() || names(words).contains(value) => (true, ""),
            Kind::Word(words) => return Err(Refusal::one_of(name, words)),
        };
        if !fits {
            return Err(Refusal::invalid(format!("{name} must be {what}")));
        }
        // Cleared notes are absent (inferred).
        if *name == "notes" && value.is_null() {
            record.remove(*name);
        } else {
            record.insert((*name).to_owned(), value.clone());
        }
    }
    Ok(())
}

fn groups(body: &Record) -> Result<&Vec<Value>, Refusal> {
    let groups = body.get("groups").and_then(Value::as_array);
    let groups = groups.filter(|all| !all.is_empty() && all.iter().all(Value::is_string));
    groups.ok_or_else(|| Refusal::invalid("groups must be a non-empty array of strings"))
}

fn delete_login_method(account: &mut Record, body: &Record) -> Result<(), Refusal> {
    let methods = &mut account["loginMethods"];
    match text(body, "loginMethod") {
        "USERNAME_PASSWORD" => {
            methods["passwordLogin"] = json!(false);
            if let Some(methods) = methods.as_object_mut() {
                methods.remove("lastPasswordLoginTimestamp");
            }
            account["passwordId"] = Value::Null;
        }
        "OKTA_SWA" => methods["oktaSwaLogin"] = json!(false),
        "OIDC" => methods["oidcLogin"] = Value::Null,
        "SAML" => methods["samlLogin"] = Value::Null,
        "FEDCM" => methods["fedCmLogin"] = Value::Null,
        _ => return Err(Refusal::one_of("loginMethod", "login_methods")),
    }
    Ok(())
}
