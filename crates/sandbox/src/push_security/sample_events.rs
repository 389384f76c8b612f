//! One sample event for every object, made of the organisation's own records.

use serde_json::{Value, json};

use super::events::{Event, OBJECTS, value};
use super::model::{Detection, DetectionType, Record, Word as _};
use super::options::PushSecurityOptions;
use super::seed::{self, ANCHOR};
use super::store::{Store, Table};
use crate::core::random::Random;

/// A sample event about an object, or nothing if there is no such object.
pub(crate) fn sample(store: &Store, seed: u64, object: &str) -> Option<Event> {
    let object = OBJECTS.iter().copied().find(|known| *known == object)?;
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
    let more = match object {
        "BLOCKED_URL_VISITED" => json!({
            "url": "https://blocked.example.com/offer",
            "referrerUrl": null,
        }),
        "PHISHING_TOOL_DETECTED" => json!({
            "url": "https://phish.example.com/login",
            "indicator": "phishing-kit",
            "mode": "WARN",
            "action": "DISPLAYED",
        }),
        "CLONED_LOGIN_PAGE_DETECTED"
        | "STOLEN_CREDENTIALS_DETECTED"
        | "MALICIOUS_BROWSER_EXTENSION_DETECTED"
        | "BROWSER_EXTENSION_BLOCKED"
        | "BROWSER_EXTENSION_ENABLED"
        | "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_ENABLED_STATE"
        | "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_BLOCKED_STATE"
        | "MFA_ENFORCEMENT" => json!({}),
        "APP_BANNER" => json!({
            "appType": "OPENAI",
            "appBanner": {
                "mode": "ACKNOWLEDGE",
                "title": "Think before you paste",
                "subtext": "Customer data does not belong here.",
                "buttonText": "Understood",
            },
            "action": "DISPLAYED",
        }),
        "STRONG_PASSWORD_ENFORCEMENT" => json!({
            "strongPasswordEnforcement": {
                "title": "Choose a stronger password",
                "subtext": "This one can be guessed.",
                "buttonText": "Change it",
            },
        }),
        "PASSWORD_PHISHING" => json!({
            "appType": "MICROSOFT_365",
            "mode": "BLOCK",
            "url": "https://phish.example.com/login",
            "referrerUrl": "https://mail.example.com/",
        }),
        _ => return None,
    };
    let mut new = json!({
        "employee": employee,
        "sourceIpAddress": "203.0.113.7",
        "browser": browser.browser,
        "os": browser.os,
        "userAgent": USER_AGENT,
    });
    if let (Value::Object(new), Value::Object(more)) = (&mut new, more) {
        new.extend(more);
    }
    Some(new)
}

fn audit(store: &Store, seed: u64, object: &'static str) -> Option<Event> {
    let employee = first(&store.employees)?;
    let rule = Random::new(seed, "rules").id();
    let by_user = json!({
        "source": "UI",
        "email": employee.email,
        "sourceIpAddress": "203.0.113.7",
        "userAgent": USER_AGENT,
        "role": "FULL_ACCESS",
    });
    let by_key = json!({
        "source": "API",
        "apiKeyName": "automation",
        "apiKeyCreatedBy": employee.email,
        "sourceIpAddress": "203.0.113.7",
        "userAgent": null,
    });
    let (actor, new) = match object {
        "STOLEN_CREDENTIALS_ADDED" | "STOLEN_CREDENTIALS_REMOVED" => {
            (by_key, json!({ "count": 10 }))
        }
        "EMPLOYEE_REMOVED_FROM_GROUP" => (
            by_user,
            json!({ "group": "Contractors", "employee_id": employee.id }),
        ),
        "APP_BANNER_CONFIGURED" => (
            by_user,
            json!({
                "title": "Think before you paste",
                "subtext": "Customer data does not belong here.",
                "mode": "REASON",
                "buttonText": "Continue",
                "allowReasonSubmission": true,
            }),
        ),
        "CONTROL_RULE_ADDED" | "CONTROL_RULE_REMOVED" => (by_user, json!({ "ruleId": rule })),
        "MALICIOUS_BROWSER_EXTENSION_DETECTION_EXCLUDED_EXTENSIONS_REMOVED" => (
            by_user,
            json!({
                "excludedExtensions": [
                    { "extensionId": "abcdefghijklmnopabcdefghijklmnop", "notes": "No longer in use" },
                    { "extensionId": "bcdefghijklmnopabcdefghijklmnopa", "notes": null },
                ],
            }),
        ),
        "PHISHING_TOOL_DETECTION_IGNORED_DOMAINS_REMOVED" => (
            by_user,
            json!({ "ignoredDomains": [{ "domain": "training.example.com", "notes": null }] }),
        ),
        "ADMIN_EXPORTED_DATA" => (by_user, json!({ "query": "findings" })),
        "ADMIN_LOADED_DATA" => (
            by_user,
            json!({ "query": "events", "arguments": { "limit": 50 } }),
        ),
        "API_KEY_ADDED" => (
            by_user,
            json!({ "name": "automation", "permissions": "FULL_ACCESS" }),
        ),
        _ => return None,
    };
    Some(Event::new(object, vec![("actor", actor), ("new", new)]))
}
