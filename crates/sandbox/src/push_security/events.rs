//! Webhook events, and a sample of each one, made of the organisation's own records.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::records::{Collection, Record, Store, embedded, text};
use super::seed;

/// An event without its id and its time.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) object: String,
    members: Value,
}

impl Event {
    fn new(object: &str, members: Value) -> Self {
        Self {
            object: object.to_owned(),
            members,
        }
    }

    pub(crate) fn created(object: &str, new: &Record) -> Self {
        Self::new(object, json!({ "type": "CREATE", "new": new, "old": null }))
    }

    pub(crate) fn updated(object: &str, new: &Record, old: &Record) -> Self {
        Self::new(object, json!({ "type": "UPDATE", "new": new, "old": old }))
    }

    /// A deletion has no `new` at all. Source: a public sample of such an event.
    pub(crate) fn deleted(object: &str, old: &Record) -> Self {
        Self::new(object, json!({ "type": "DELETE", "old": old }))
    }

    /// The event as it is sent. The members are documented; names and descriptions are for display and made up.
    pub(crate) fn payload(self, id: &str, timestamp: i64) -> Value {
        let category = category(&self.object).expect("events are about known objects");
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
        if let (Value::Object(payload), Value::Object(members)) = (&mut payload, self.members) {
            payload.extend(members);
        }
        payload
    }
}

/// A category of the events that the vendor documents, with a sample of each. The four events about the state of a
/// browser extension are one documented event.
#[derive(Deserialize)]
struct Category<'a> {
    name: &'a str,
    description: &'a str,
    /// The actor of events that name no other.
    actor: Option<Value>,
    /// Members that `new` has in all events.
    #[serde(default)]
    new: Record,
    /// The members of the events, by object; see [`fill`].
    #[serde(borrow)]
    events: BTreeMap<&'a str, Record>,
}

static CATEGORIES: LazyLock<Vec<Category<'_>>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("events.json")).expect("events.json keeps to its form")
});

fn category(object: &str) -> Option<&'static Category<'static>> {
    let mut categories = CATEGORIES.iter();
    categories.find(|one| one.events.contains_key(object))
}

/// Every object that there are events about.
pub(super) fn objects() -> &'static [&'static str] {
    static OBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let objects = CATEGORIES.iter().flat_map(|one| one.events.keys());
        objects.copied().collect()
    });
    &OBJECTS
}

/// A sample event about an object, or nothing if there is no such object.
pub(crate) fn sample(store: &Store, seed: u64, object: &str) -> Option<Event> {
    let category = category(object)?;
    let mut members = category.events[object].clone();
    if let Some(Value::Object(new)) = members.get_mut("new") {
        new.extend(category.new.clone());
    }
    if let Some(actor) = &category.actor {
        members.entry("actor").or_insert_with(|| actor.clone());
    }
    let members = Value::Object(members);
    // If the organisation lacks a record that the sample needs, another organisation has one.
    let other = || seed::organisation(seed, |_| 2);
    let members = fill(store, &members).or_else(|| fill(&other(), &members))?;
    Some(Event::new(object, members))
}

/// A template in which `$list` is replaced by the first record of a list, `$list.member` by a member of that record,
/// and `$list.employee` by its employee. A member `$of` adds the members of a record to an object. Nothing if the
/// organisation lacks a record.
fn fill(store: &Store, template: &Value) -> Option<Value> {
    Some(match template {
        Value::String(text) if text.starts_with('$') => {
            let (list, member) = text[1..].split_once('.').unwrap_or((&text[1..], ""));
            let record = first(store, Collection::named(list)?)?;
            match member {
                "" => Value::Object(record.clone()),
                "employee" => employee_of(store, record).unwrap_or_default(),
                _ => record.get(member).cloned().unwrap_or_default(),
            }
        }
        Value::Object(members) => {
            let mut object = match members.get("$of") {
                Some(record) => fill(store, record)?,
                None => json!({}),
            };
            for (name, value) in members.iter().filter(|(name, _)| *name != "$of") {
                object[name] = fill(store, value)?;
            }
            object
        }
        Value::Array(values) => values
            .iter()
            .map(|value| fill(store, value))
            .collect::<Option<_>>()?,
        other => other.clone(),
    })
}

/// The first record of a list, with a password if any has one: the sample of a login is a login by password.
fn first(store: &Store, of: Collection) -> Option<&Record> {
    let rows = store.table(of).iter();
    let first = rows.min_by_key(|row| row.get("passwordId").is_none_or(Value::is_null));
    first.map(|row| &*row.record)
}

/// The employee of a record, as other records contain it.
fn employee_of(store: &Store, record: &Record) -> Option<Value> {
    let employees = store.table(Collection::Employees);
    let row = employees.get(text(record, "employeeId"))?;
    Some(embedded(&row.record))
}
