//! One sample event for every object, made of the organisation's own records.

use serde_json::{Value, json};

use super::events::{self, Actor, Event, value};
use super::model::{Detection, DetectionType, Record, Word as _};
use super::options::PushSecurityOptions;
use super::seed::{self, ANCHOR};
use super::store::{Store, Table};
use crate::core::random::Random;

/// A sample event about an object, or nothing if there is no such object.
pub(crate) fn sample(store: &Store, seed: u64, object: &str) -> Option<Event> {
    let mut objects = events::objects().iter().copied();
    let object = objects.find(|known| *known == object)?;
    if let Some(event) = of_store(store, seed, object) {
        return Some(event);
    }
    // The organisation lacks a record the sample needs: borrow from another.
    let whole = PushSecurityOptions::default()
        .employees(2)
        .browsers(2)
        .accounts(2)
        .apps(2)
        .apps_other(2)
        .accounts_other(2)
        .browser_extensions(2)
        .findings(2)
        .detections(2);
    of_store(&seed::organisation(seed, &whole), seed, object)
}

fn first<T: Record + Clone>(table: &Table<T>) -> Option<T> {
    table.iter().next().cloned()
}

fn of_store(store: &Store, seed: u64, object: &'static str) -> Option<Event> {
    let event = match object {
        "ACCOUNT" => {
            let new = first(&store.accounts)?;
            let mut old = new.clone();
            old.last_used_timestamp = None;
            Event::updated(object, &new, &old)
        }
        "ACCOUNT_OTHER" => Event::created(object, &first(&store.accounts_other)?),
        "APP" => {
            let new = first(&store.apps)?;
            let mut old = new.clone();
            old.labels.push("unreviewed");
            Event::updated(object, &new, &old)
        }
        "APP_OTHER" => Event::deleted(object, &first(&store.apps_other)?),
        "BROWSER" => Event::created(object, &first(&store.browsers)?),
        "BROWSER_EXTENSION" => {
            let extension = first(&store.browser_extensions)?;
            let employee = store.employees.get(extension.employee_id)?.embedded();
            let new = json!({ "id": extension.extension_id, "employee": employee });
            Event::created(object, &new)
        }
        "EMPLOYEE" => {
            let new = first(&store.employees)?;
            let mut old = new.clone();
            old.licensed = !old.licensed;
            Event::updated(object, &new, &old)
        }
        "FINDING" => {
            let finding = first(&store.findings)?;
            let employee = finding.employee_id.and_then(|id| store.employees.get(id));
            let mut new = value(&finding);
            new["employee"] = value(&employee.map(|employee| employee.embedded()));
            Event::created(object, &new)
        }
        "LOGIN" => Event::new(object, vec![("new", login(store)?)]),
        _ => match DetectionType::parse(object) {
            Some(kind) => detection(store, object, kind)?,
            None => match control(store, object) {
                Some(new) => Event::new(object, vec![("new", new)]),
                None => audit(store, seed, object)?,
            },
        },
    };
    Some(event)
}

fn detection(store: &Store, object: &'static str, kind: DetectionType) -> Option<Event> {
    let same = store
        .detections
        .iter()
        .find(|detection| detection.detection_type == kind);
    let mut new: Detection = same.or_else(|| store.detections.iter().next())?.clone();
    new.detection_type = kind;
    if kind != DetectionType::Phishing {
        return Some(Event::created(object, &new));
    }
    let mut old = new.clone();
    old.archived = !old.archived;
    Some(Event::updated(object, &new, &old))
}

fn login(store: &Store) -> Option<Value> {
    let account = first(&store.accounts)?;
    let browser = first(&store.browsers)?;
    let by_password = account.login_methods.password_login;
    Some(json!({
        "employeeId": account.employee_id,
        "accountId": account.id,
        "appType": account.app_type,
        "appId": account.app_id,
        "email": account.email,
        "loginTimestamp": ANCHOR,
        "loginUrl": "https://login.example.com/",
        "passwordManuallyTyped": by_password.then_some(false),
        "passwordManager": by_password.then_some("CHROME_BUILTIN"),
        "weakPassword": by_password,
        "weakPasswordReasons": by_password.then(|| vec!["COMMON_BASE_WORD"]),
        "leakedPassword": false,
        "loginType": if by_password { "PASSWORD_LOGIN" } else { "OIDC_LOGIN" },
        "identityProvider": account.login_methods.oidc_login,
        "sourceIpAddress": "203.0.113.7",
        "browser": browser.browser,
        "os": browser.os,
        "userAgent": USER_AGENT,
        "workApp": true,
        "passwordId": account.password_id,
    }))
}

const USER_AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/125.0.0.0 Safari/537.36";

/// The `new` of a control event; nothing for other objects.
fn control(store: &Store, object: &str) -> Option<Value> {
    let browser = first(&store.browsers)?;
    let employee = store.employees.get(browser.employee_id)?.embedded();
    let mut new = json!({
        "employee": employee,
        "sourceIpAddress": "203.0.113.7",
        "browser": browser.browser,
        "os": browser.os,
        "userAgent": USER_AGENT,
    });
    for (name, value) in events::known().control.get(object)? {
        new[name] = value.clone();
    }
    Some(new)
}

fn audit(store: &Store, seed: u64, object: &'static str) -> Option<Event> {
    let employee = first(&store.employees)?;
    let known = events::known().audit.get(object)?;
    let actor = match known.by {
        Actor::User => json!({
            "source": "UI",
            "email": employee.email,
            "sourceIpAddress": "203.0.113.7",
            "userAgent": USER_AGENT,
            "role": "FULL_ACCESS",
        }),
        Actor::Key => json!({
            "source": "API",
            "apiKeyName": "automation",
            "apiKeyCreatedBy": employee.email,
            "sourceIpAddress": "203.0.113.7",
            "userAgent": null,
        }),
    };
    let mut new = known.new.clone();
    for value in new.values_mut() {
        match value.as_str() {
            Some("$employee") => *value = json!(employee.id),
            Some("$rule") => *value = json!(Random::new(seed, "rules").id()),
            _ => {}
        }
    }
    let new = Value::Object(new);
    Some(Event::new(object, vec![("actor", actor), ("new", new)]))
}
