//! A record, and access to its members.

pub(super) mod audit_log;
pub(super) mod client;
pub(super) mod company;
pub(super) mod store;
pub(super) mod templates;
pub(super) mod uploads;

use std::sync::Arc;

use serde_json::{Map, Value};

/// A record: the service's own members, and a few that no response shows.
pub(crate) type Record = Map<String, Value>;

/// A record that lists can share.
pub(crate) type Row = Arc<Record>;

/// A member. The case of its name does not matter.
pub(crate) fn member<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    record.get(name).or_else(|| {
        let mut members = record.iter();
        let found = members.find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    })
}

/// A number, with or without quotes.
pub(crate) fn integer_of(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// Whether a member is true.
pub(crate) fn flag(record: &Record, name: &str) -> bool {
    member(record, name).and_then(Value::as_bool) == Some(true)
}

pub(crate) fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    let value = member(record, name).and_then(Value::as_str);
    value.unwrap_or_default()
}

pub(crate) fn integer(record: &Record, name: &str) -> i64 {
    member(record, name).and_then(integer_of).unwrap_or(0)
}

/// The texts of a list.
pub(crate) fn texts(record: &Record, name: &str) -> Vec<String> {
    let list = member(record, name).and_then(Value::as_array);
    let texts = list.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// An object as a record. Anything else is an empty record.
pub(crate) fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => Record::new(),
    }
}

/// A row with these members.
pub(crate) fn row(members: Value) -> Row {
    Arc::new(record(members))
}
