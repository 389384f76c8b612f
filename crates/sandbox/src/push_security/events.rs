//! Webhook events, and a sample of each one, made of the organisation's own records.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::model::{Collection, Record, embedded, text};
use super::options::PushSecurityOptions;
use super::seed::{self, ANCHOR};
use super::store::Store;
use crate::common::random::Random;

/// An event without its id and its time.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) object: String,
    members: Vec<(&'static str, Value)>,
}

impl Event {
    fn new(object: &str, members: Vec<(&'static str, Value)>) -> Self {
        Self {
            object: object.to_owned(),
            members,
        }
    }

    pub(crate) fn created(object: &str, new: &Record) -> Self {
        let members = vec![
            ("type", json!("CREATE")),
            ("new", json!(new)),
            ("old", Value::Null),
        ];
        Self::new(object, members)
    }

    pub(crate) fn updated(object: &str, new: &Record, old: &Record) -> Self {
        let members = vec![
            ("type", json!("UPDATE")),
            ("new", json!(new)),
            ("old", json!(old)),
        ];
        Self::new(object, members)
    }

    /// What is gone has no `new` at all. Source: a public sample of such an event.
    pub(crate) fn deleted(object: &str, old: &Record) -> Self {
        Self::new(object, vec![("type", json!("DELETE")), ("old", json!(old))])
    }

    /// The event as it is sent. The members are documented; names and descriptions are for display and made up.
    pub(crate) fn payload(self, id: &str, timestamp: i64) -> Value {
        let mut categories = KNOWN.categories.iter();
        let category = categories.find(|one| one.objects.contains(&self.object.as_str()));
        let category = category.expect("events are about known objects");
        let words = self.object.to_ascii_lowercase().replace('_', " ");
        let (first, rest) = words.split_at(1);
        let mut payload = json!({
            "version": "1",
            "id": id,
            "timestamp": timestamp,
            "category": category.name,
            "object": self.object,
            "friendlyName": first.to_ascii_uppercase() + rest,
            "description": category.description,
        });
        for (name, value) in self.members {
            payload[name] = value;
        }
        payload
    }
}

/// What is known of the events, as the vendor documents them. The four about the state of a browser extension are one
/// documented event.
#[derive(Deserialize)]
struct Known {
    #[serde(bound(deserialize = "'de: 'static"))]
    categories: Vec<Category>,
    /// How samples of changed records are made.
    records: HashMap<String, Changed>,
    /// The members that only the event of this control has.
    control: HashMap<String, Record>,
    audit: HashMap<String, Audit>,
}

#[derive(Deserialize)]
struct Category {
    name: &'static str,
    description: &'static str,
    objects: Vec<&'static str>,
}

/// What happened to a record of a list.
#[derive(Deserialize)]
struct Changed {
    of: String,
    r#type: String,
    /// The members that were different before.
    #[serde(default)]
    old: Record,
}

#[derive(Deserialize)]
struct Audit {
    by: Actor,
    /// `$employee` and `$rule` stand for ids.
    new: Record,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Actor {
    User,
    Key,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    serde_json::from_str(include_str!("events.json")).expect("events.json keeps to its form")
});

/// Every object that there are events about.
pub(super) fn objects() -> &'static [&'static str] {
    static OBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let categories = KNOWN.categories.iter();
        categories.flat_map(|one| one.objects.clone()).collect()
    });
    &OBJECTS
}

/// A sample event about an object, or nothing if there is no such object.
pub(crate) fn sample(store: &Store, seed: u64, object: &str) -> Option<Event> {
    if !objects().contains(&object) {
        return None;
    }
    of_store(store, seed, object).or_else(|| {
        // The organisation lacks a record that the sample needs: borrow from another.
        let mut two = PushSecurityOptions::default();
        for collection in Collection::ALL {
            *two.size_mut(collection) = 2;
        }
        of_store(&seed::organisation(seed, &two), seed, object)
    })
}

const ADDRESS: &str = "203.0.113.7";
const USER_AGENT: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) \
     Chrome/125.0.0.0 Safari/537.36";

fn first(store: &Store, of: Collection) -> Option<&Record> {
    store.table(of).iter().next().map(|row| &*row.record)
}

/// The employee of a record, as other records contain it.
fn employee_of(store: &Store, record: &Record) -> Option<Value> {
    let employees = store.table(Collection::Employees);
    let row = employees.get(text(record, "employeeId"))?;
    Some(embedded(&row.record))
}

fn of_store(store: &Store, seed: u64, object: &str) -> Option<Event> {
    if let Some(change) = KNOWN.records.get(object) {
        return changed(store, object, change);
    }
    if let Some(more) = KNOWN.control.get(object) {
        let browser = first(store, Collection::Browsers)?;
        let mut new = more.clone();
        new.insert("employee".to_owned(), employee_of(store, browser)?);
        new.insert("browser".to_owned(), browser["browser"].clone());
        new.insert("os".to_owned(), browser["os"].clone());
        new.insert("sourceIpAddress".to_owned(), json!(ADDRESS));
        new.insert("userAgent".to_owned(), json!(USER_AGENT));
        return Some(Event::new(object, vec![("new", json!(new))]));
    }
    if let Some(audit) = KNOWN.audit.get(object) {
        return audited(store, seed, object, audit);
    }
    if object == "LOGIN" {
        return Some(Event::new(object, vec![("new", login(store)?)]));
    }
    let extension = first(store, Collection::BrowserExtensions)?;
    let mut new = Record::new();
    new.insert("id".to_owned(), extension["extensionId"].clone());
    new.insert("employee".to_owned(), employee_of(store, extension)?);
    Some(Event::created(object, &new))
}

fn changed(store: &Store, object: &str, change: &Changed) -> Option<Event> {
    let mut collections = Collection::ALL.into_iter();
    let of = collections.find(|one| one.name() == change.of)?;
    let mut new = first(store, of)?.clone();
    match of {
        Collection::Detections => {
            new.insert("detectionType".to_owned(), json!(object));
        }
        Collection::Findings => {
            let employee = employee_of(store, &new).unwrap_or_default();
            new.insert("employee".to_owned(), employee);
        }
        _ => {}
    }
    Some(match change.r#type.as_str() {
        "CREATE" => Event::created(object, &new),
        "DELETE" => Event::deleted(object, &new),
        _ => {
            let mut old = new.clone();
            old.extend(change.old.clone());
            Event::updated(object, &new, &old)
        }
    })
}

fn login(store: &Store) -> Option<Value> {
    let account = first(store, Collection::Accounts)?;
    let browser = first(store, Collection::Browsers)?;
    let methods = &account["loginMethods"];
    let by_password = methods["passwordLogin"] == true;
    Some(json!({
        "employeeId": account["employeeId"],
        "accountId": account["id"],
        "appType": account["appType"],
        "appId": account["appId"],
        "email": account["email"],
        "loginTimestamp": ANCHOR,
        "loginUrl": "https://login.example.com/",
        "passwordManuallyTyped": by_password.then_some(false),
        "passwordManager": by_password.then_some("CHROME_BUILTIN"),
        "weakPassword": by_password,
        "weakPasswordReasons": by_password.then_some(["COMMON_BASE_WORD"]),
        "leakedPassword": false,
        "loginType": if by_password { "PASSWORD_LOGIN" } else { "OIDC_LOGIN" },
        "identityProvider": methods["oidcLogin"],
        "sourceIpAddress": ADDRESS,
        "browser": browser["browser"],
        "os": browser["os"],
        "userAgent": USER_AGENT,
        "workApp": true,
        "passwordId": account["passwordId"],
    }))
}

fn audited(store: &Store, seed: u64, object: &str, audit: &Audit) -> Option<Event> {
    let employee = first(store, Collection::Employees)?;
    let actor = match audit.by {
        Actor::User => json!({
            "source": "UI",
            "email": employee["email"],
            "sourceIpAddress": ADDRESS,
            "userAgent": USER_AGENT,
            "role": "FULL_ACCESS",
        }),
        Actor::Key => json!({
            "source": "API",
            "apiKeyName": "automation",
            "apiKeyCreatedBy": employee["email"],
            "sourceIpAddress": ADDRESS,
            "userAgent": null,
        }),
    };
    let mut new = audit.new.clone();
    for value in new.values_mut() {
        match value.as_str() {
            Some("$employee") => *value = employee["id"].clone(),
            Some("$rule") => *value = json!(Random::new(seed, "rules").id()),
            _ => {}
        }
    }
    Some(Event::new(
        object,
        vec![("actor", actor), ("new", json!(new))],
    ))
}
