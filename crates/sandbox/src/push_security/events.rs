//! Webhook events.

use serde::Serialize;
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

    /// What is gone has no `new` at all.
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

    /// The event as it is sent.
    pub(crate) fn payload(self, id: Id, timestamp: i64) -> Value {
        let kind = kind(self.object);
        let mut payload = Map::new();
        payload.insert("version".into(), json!("1"));
        payload.insert("id".into(), json!(id));
        payload.insert("timestamp".into(), json!(timestamp));
        payload.insert("category".into(), json!(kind.category));
        payload.insert("object".into(), json!(kind.object));
        payload.insert("friendlyName".into(), json!(kind.friendly_name()));
        payload.insert("description".into(), json!(kind.description()));
        payload.extend(
            self.members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        Value::Object(payload)
    }
}

/// Plain data becomes JSON without fail.
pub(crate) fn value(data: &impl Serialize) -> Value {
    serde_json::to_value(data).unwrap_or_default()
}

/// An object that events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) category: &'static str,
    pub(crate) object: &'static str,
}

impl Kind {
    fn friendly_name(self) -> String {
        let words = self.object.to_ascii_lowercase().replace('_', " ");
        let mut letters = words.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }

    fn description(self) -> &'static str {
        match self.category {
            "ENTITY" => "A record of the organisation changed",
            "ACTIVITY" => "An employee did something",
            "CONTROL" => "A control acted in an employee's browser",
            "DETECTION" => "An attack was detected",
            _ => "An administrator or an API key did something",
        }
    }
}

macro_rules! kinds {
    ($($category:literal: $($object:literal)+;)+) => {
        const KINDS: &[Kind] = &[$($(Kind { category: $category, object: $object },)+)+];
        /// Every object there are events about.
        pub(crate) const OBJECTS: &[&str] = &[$($($object,)+)+];
    };
}

// The four about the state of a browser extension are one documented event.
kinds! {
    "ENTITY": "ACCOUNT" "ACCOUNT_OTHER" "APP" "APP_OTHER" "BROWSER" "BROWSER_EXTENSION" "EMPLOYEE"
        "FINDING";
    "ACTIVITY": "LOGIN";
    "CONTROL": "BLOCKED_URL_VISITED" "PHISHING_TOOL_DETECTED" "CLONED_LOGIN_PAGE_DETECTED"
        "STOLEN_CREDENTIALS_DETECTED" "MALICIOUS_BROWSER_EXTENSION_DETECTED"
        "BROWSER_EXTENSION_BLOCKED" "BROWSER_EXTENSION_ENABLED"
        "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_ENABLED_STATE"
        "BROWSER_EXTENSION_UNABLE_TO_ENFORCE_BLOCKED_STATE"
        "APP_BANNER" "STRONG_PASSWORD_ENFORCEMENT" "MFA_ENFORCEMENT" "PASSWORD_PHISHING";
    "DETECTION": "STOLEN_CREDENTIALS" "PHISHING" "BLOCKED_URL" "MALWARE_DELIVERY";
    "AUDIT": "STOLEN_CREDENTIALS_ADDED" "STOLEN_CREDENTIALS_REMOVED" "EMPLOYEE_REMOVED_FROM_GROUP"
        "APP_BANNER_CONFIGURED" "CONTROL_RULE_ADDED" "CONTROL_RULE_REMOVED"
        "MALICIOUS_BROWSER_EXTENSION_DETECTION_EXCLUDED_EXTENSIONS_REMOVED"
        "PHISHING_TOOL_DETECTION_IGNORED_DOMAINS_REMOVED" "ADMIN_EXPORTED_DATA"
        "ADMIN_LOADED_DATA" "API_KEY_ADDED";
}

/// What is known about an object; a made-up one counts as an audit event.
fn kind(object: &'static str) -> Kind {
    let found = KINDS.iter().find(|kind| kind.object == object);
    found.copied().unwrap_or(Kind {
        category: "AUDIT",
        object,
    })
}
