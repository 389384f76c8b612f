//! Webhook events.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::core::random::Id;

/// An event without its id and its time.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) object: &'static str,
    members: Vec<(&'static str, Value)>,
}

impl Event {
    pub(crate) fn new(object: &'static str, members: Vec<(&'static str, Value)>) -> Self {
        Self { object, members }
    }

    pub(crate) fn created(object: &'static str, new: &impl Serialize) -> Self {
        let members = vec![
            ("type", json!("CREATE")),
            ("new", value(new)),
            ("old", Value::Null),
        ];
        Self::new(object, members)
    }

    pub(crate) fn updated(
        object: &'static str,
        new: &impl Serialize,
        old: &impl Serialize,
    ) -> Self {
        let members = vec![
            ("type", json!("UPDATE")),
            ("new", value(new)),
            ("old", value(old)),
        ];
        Self::new(object, members)
    }

    /// What is gone has no `new` at all. Source: a public sample of such an event.
    pub(crate) fn deleted(object: &'static str, old: &impl Serialize) -> Self {
        Self::new(object, vec![("type", json!("DELETE")), ("old", value(old))])
    }

    /// Whether old and new state differ in more than that member.
    pub(crate) fn differs_beyond(&self, member: &str) -> bool {
        let state = |name| {
            let found = self.members.iter().find(|(key, _)| *key == name);
            let mut state = found.map(|(_, value)| value.clone()).unwrap_or_default();
            if let Some(object) = state.as_object_mut() {
                object.remove(member);
            }
            state
        };
        state("new") != state("old")
    }

    /// The event as it is sent. The members are documented; names and descriptions are
    /// for display and made up.
    pub(crate) fn payload(self, id: Id, timestamp: i64) -> Value {
        let category = category(self.object);
        let mut payload = json!({
            "version": "1",
            "id": id,
            "timestamp": timestamp,
            "category": category.name,
            "object": self.object,
            "friendlyName": friendly_name(self.object),
            "description": category.description,
        });
        for (name, value) in self.members {
            payload[name] = value;
        }
        payload
    }
}

/// Plain data becomes JSON without fail.
pub(crate) fn value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}

/// What is known of the events, as the vendor documents them. The four about the state of a browser extension are one
/// documented event.
#[derive(Deserialize)]
pub(super) struct Known {
    #[serde(bound(deserialize = "'de: 'static"))]
    categories: Vec<Category>,
    /// What the event of a control says beside what all of them say.
    pub(super) control: HashMap<String, Map<String, Value>>,
    pub(super) audit: HashMap<String, Audit>,
}

#[derive(Deserialize)]
struct Category {
    name: &'static str,
    description: &'static str,
    objects: Vec<&'static str>,
}

#[derive(Deserialize)]
pub(super) struct Audit {
    pub(super) by: Actor,
    /// `$employee` and `$rule` stand for ids.
    pub(super) new: Map<String, Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Actor {
    User,
    Key,
}

pub(super) fn known() -> &'static Known {
    static KNOWN: LazyLock<Known> = LazyLock::new(|| {
        serde_json::from_str(include_str!("events.json")).expect("events.json keeps to its form")
    });
    &KNOWN
}

/// Every object there are events about.
pub(super) fn objects() -> &'static [&'static str] {
    static OBJECTS: LazyLock<Vec<&str>> = LazyLock::new(|| {
        let categories = known().categories.iter();
        categories.flat_map(|one| one.objects.clone()).collect()
    });
    &OBJECTS
}

/// The category of an object there are events about.
fn category(object: &str) -> &'static Category {
    let mut categories = known().categories.iter();
    let found = categories.find(|one| one.objects.contains(&object));
    found.expect("events are about known objects")
}

fn friendly_name(object: &str) -> String {
    let words = object.to_ascii_lowercase().replace('_', " ");
    let (first, rest) = words.split_at(1);
    first.to_ascii_uppercase() + rest
}
