//! The operations that change records, and the events that tell of them.

use bytes::Bytes;
use http::Method;
use serde::Serialize;
use serde_json::{Map, Value};

use super::events::Event;
use super::model::{
    Account, ApprovalStatus, Collection, Employee, LoginMethod, Record, SensitivityLevel, Word,
};
use super::paging::Invalid;
use super::response::Refusal;
use super::store::{Store, Table};
use crate::core::random::Id;

/// An operation that changes a record. Documented are the bodies of app updates and of
/// deleted login methods; the other bodies and all responses are inferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    UpdateApp,
    UpdateDetection,
    UpdateEmployee,
    DeleteAccount,
    DeleteAccountOther,
    DeleteLoginMethod,
    AddToGroups,
    RemoveFromGroups,
}

impl Change {
    /// The operation of a method on a record, or on what lies below it.
    pub(crate) fn find(method: &Method, on: Collection, below: Option<&str>) -> Option<Self> {
        match (method.as_str(), on, below) {
            ("PATCH", Collection::Apps, None) => Some(Self::UpdateApp),
            ("PATCH", Collection::Detections, None) => Some(Self::UpdateDetection),
            ("PATCH", Collection::Employees, None) => Some(Self::UpdateEmployee),
            ("DELETE", Collection::Accounts, None) => Some(Self::DeleteAccount),
            ("DELETE", Collection::AccountsOther, None) => Some(Self::DeleteAccountOther),
            ("DELETE", Collection::Accounts, Some("loginMethods")) => Some(Self::DeleteLoginMethod),
            ("POST", Collection::Employees, Some("groups")) => Some(Self::AddToGroups),
            ("DELETE", Collection::Employees, Some("groups")) => Some(Self::RemoveFromGroups),
            _ => None,
        }
    }
}

type Outcome = Result<(Bytes, Option<Event>), Refusal>;

/// Changes the record with that id.
pub(crate) fn apply(change: Change, store: &mut Store, id: Id, body: &Bytes) -> Outcome {
    match change {
        Change::UpdateApp => update_app(store, id, body),
        Change::UpdateDetection => update_detection(store, id, body),
        Change::UpdateEmployee => {
            existing(&store.employees, id)?;
            let licensed = Members::read(body)?.flag("licensed")?;
            update_employee(store, id, |employee| {
                employee.licensed = licensed.unwrap_or(employee.licensed);
            })
        }
        Change::AddToGroups => {
            existing(&store.employees, id)?;
            let added = Members::read(body)?.texts("groups")?;
            update_employee(store, id, |employee| {
                let groups = employee.groups.get_or_insert_default();
                for group in added {
                    if !groups.contains(&group) {
                        groups.push(group);
                    }
                }
            })
        }
        Change::RemoveFromGroups => {
            existing(&store.employees, id)?;
            let removed = Members::read(body)?.texts("groups")?;
            update_employee(store, id, |employee| {
                employee
                    .groups
                    .get_or_insert_default()
                    .retain(|group| !removed.contains(group));
            })
        }
        Change::DeleteAccount => {
            let old = store.accounts.remove(id).ok_or(Refusal::NotFound)?;
            Ok((
                Bytes::from_static(b"{}"),
                Some(Event::deleted("ACCOUNT", &old)),
            ))
        }
        Change::DeleteAccountOther => {
            let old = store.accounts_other.remove(id).ok_or(Refusal::NotFound)?;
            Ok((
                Bytes::from_static(b"{}"),
                Some(Event::deleted("ACCOUNT_OTHER", &old)),
            ))
        }
        Change::DeleteLoginMethod => delete_login_method(store, id, body),
    }
}

fn existing<T: Record>(table: &Table<T>, id: Id) -> Result<&T, Refusal> {
    table.get(id).ok_or(Refusal::NotFound)
}

/// Changes a record; the response is the record as it is then, and there is an
/// event if that is not as it was.
fn update<T>(
    table: &mut Table<T>,
    id: Id,
    object: &'static str,
    change: impl FnOnce(&mut T),
) -> Outcome
where
    T: Record + Clone + PartialEq + Serialize,
{
    let old = table.update(id, change).ok_or(Refusal::NotFound)?;
    let row = table.row(id).ok_or(Refusal::NotFound)?;
    let event = (row.record != old).then(|| Event::updated(object, &row.record, &old));
    Ok((Bytes::copy_from_slice(row.json()), event))
}

fn update_app(store: &mut Store, id: Id, body: &Bytes) -> Outcome {
    existing(&store.apps, id)?;
    let members = Members::read(body)?;
    let approval = members.word::<ApprovalStatus>("approvalStatus")?;
    let sensitivity = members.word::<SensitivityLevel>("sensitivityLevel")?;
    let notes = members.text("notes")?;
    let owner = match members.text("ownerId")? {
        Some(Some(text)) => {
            let known = Id::parse(&text).filter(|id| store.employees.get(*id).is_some());
            Some(Some(known.ok_or_else(|| {
                Refusal::Invalid("ownerId must be the id of an employee".to_owned())
            })?))
        }
        Some(None) => Some(None),
        None => None,
    };
    let (record, event) = update(&mut store.apps, id, "APP", |app| {
        app.approval_status = approval.unwrap_or(app.approval_status);
        app.sensitivity_level = sensitivity.unwrap_or(app.sensitivity_level);
        app.owner_id = owner.unwrap_or(app.owner_id);
        if let Some(notes) = notes {
            app.notes = notes;
        }
    })?;
    // The service does not tell of notes: the documented event has none.
    Ok((record, event.filter(|event| event.differs_beyond("notes"))))
}

fn update_detection(store: &mut Store, id: Id, body: &Bytes) -> Outcome {
    let object = existing(&store.detections, id)?.detection_type.text();
    let archived = Members::read(body)?.flag("archived")?;
    update(&mut store.detections, id, object, |detection| {
        detection.archived = archived.unwrap_or(detection.archived);
    })
}

fn update_employee(store: &mut Store, id: Id, change: impl FnOnce(&mut Employee)) -> Outcome {
    let outcome = update(&mut store.employees, id, "EMPLOYEE", change)?;
    let embedded = existing(&store.employees, id)?.embedded();
    store.detections.update_all(
        |detection| detection.employee_id == id && detection.employee != embedded,
        |detection| detection.employee.clone_from(&embedded),
    );
    Ok(outcome)
}

fn delete_login_method(store: &mut Store, id: Id, body: &Bytes) -> Outcome {
    existing(&store.accounts, id)?;
    let method = Members::read(body)?
        .word::<LoginMethod>("loginMethod")?
        .flatten()
        .ok_or_else(|| one_of::<LoginMethod>("loginMethod"))?;
    update(
        &mut store.accounts,
        id,
        "ACCOUNT",
        |account: &mut Account| {
            let methods = &mut account.login_methods;
            match method {
                LoginMethod::UsernamePassword => {
                    methods.password_login = false;
                    methods.last_password_login_timestamp = None;
                    account.password_id = None;
                }
                LoginMethod::OktaSwa => methods.okta_swa_login = false,
                LoginMethod::Oidc => methods.oidc_login = None,
                LoginMethod::Saml => methods.saml_login = None,
                LoginMethod::FedCm => methods.fed_cm_login = None,
            }
        },
    )
}

fn one_of<W: Word>(name: &str) -> Invalid {
    Invalid(format!("{name} must be one of: {}", W::listed()))
}

/// The members of a JSON object in a request's body; unknown ones are ignored
/// (inferred).
struct Members(Map<String, Value>);

impl Members {
    fn read(body: &Bytes) -> Result<Self, Invalid> {
        serde_json::from_slice(body)
            .map(Self)
            .map_err(|_| Invalid("the request body must be a JSON object".to_owned()))
    }

    /// A text, or null, or nothing.
    fn text(&self, name: &str) -> Result<Option<Option<String>>, Invalid> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(Value::String(text)) => Ok(Some(Some(text.clone()))),
            Some(_) => Err(Invalid(format!("{name} must be a string or null"))),
        }
    }

    /// One of a closed set of words, or null, or nothing.
    fn word<W: Word>(&self, name: &str) -> Result<Option<Option<W>>, Invalid> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Null) => Ok(Some(None)),
            Some(value) => {
                let word = value.as_str().and_then(W::parse);
                word.map(|word| Some(Some(word)))
                    .ok_or_else(|| one_of::<W>(name))
            }
        }
    }

    /// True, false, or nothing.
    fn flag(&self, name: &str) -> Result<Option<bool>, Invalid> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(Invalid(format!("{name} must be true or false"))),
        }
    }

    /// At least one text.
    fn texts(&self, name: &str) -> Result<Vec<String>, Invalid> {
        let texts: Option<Vec<_>> = self
            .0
            .get(name)
            .and_then(Value::as_array)
            .and_then(|values| {
                values
                    .iter()
                    .map(|value| value.as_str().map(str::to_owned))
                    .collect()
            });
        texts
            .filter(|texts| !texts.is_empty())
            .ok_or_else(|| Invalid(format!("{name} must be a non-empty array of strings")))
    }
}
