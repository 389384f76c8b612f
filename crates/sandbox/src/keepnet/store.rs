//! The records of the companies.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::dates;
use crate::random::{ALPHANUMERIC, Random};

/// A record: the service's own members, and a few that no answer shows.
pub(crate) type Record = Map<String, Value>;

/// A record that lists can share.
pub(crate) type Row = Arc<Record>;

/// A member, whatever the case of its name.
pub(crate) fn member<'a>(record: &'a Record, name: &str) -> Option<&'a Value> {
    record.get(name).or_else(|| {
        let mut members = record.iter();
        members
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    })
}

/// A number that may stand in quotes.
pub(crate) fn integer_of(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()))
}

/// Whether that is said, with or without quotes.
pub(crate) fn bool_of(value: &Value) -> Option<bool> {
    value
        .as_bool()
        .or_else(|| match value.as_str()?.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        })
}

pub(crate) fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    member(record, name)
        .and_then(Value::as_str)
        .unwrap_or_default()
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

/// An object as a record; anything else is an empty one.
pub(crate) fn record(value: Value) -> Record {
    match value {
        Value::Object(record) => record,
        _ => Record::new(),
    }
}

pub(crate) const AUDIT: &str = "audit log";

/// Records that were deleted, with the table they were in as `deletedFrom`.
pub(crate) const DELETED: &str = "deleted";

/// Everything that is kept, by company and kind.
pub(crate) struct Store {
    tables: HashMap<(String, &'static str), Vec<Row>>,
    /// The companies whose records have been made.
    pub(crate) seeded: Vec<String>,
    pub(crate) random: Random,
}

impl Store {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            tables: HashMap::new(),
            seeded: Vec::new(),
            random: Random::new(seed, "keepnet ids"),
        }
    }

    /// A new id: twelve letters and digits.
    pub(crate) fn id(&mut self) -> String {
        self.random.text(ALPHANUMERIC, 12)
    }

    pub(crate) fn table(&self, company: &str, table: &'static str) -> &[Row] {
        self.tables
            .get(&(company.to_owned(), table))
            .map_or(&[], Vec::as_slice)
    }

    pub(crate) fn table_mut(&mut self, company: &str, table: &'static str) -> &mut Vec<Row> {
        self.tables.entry((company.to_owned(), table)).or_default()
    }

    pub(crate) fn push(&mut self, company: &str, table: &'static str, record: Record) {
        self.table_mut(company, table).push(Arc::new(record));
    }

    /// The record whose member `key` is `id`.
    pub(crate) fn find(
        &self,
        company: &str,
        table: &'static str,
        key: &str,
        id: &str,
    ) -> Option<&Row> {
        let mut rows = self.table(company, table).iter();
        rows.find(|row| row.get(key).and_then(Value::as_str) == Some(id))
    }

    pub(crate) fn find_mut(
        &mut self,
        company: &str,
        table: &'static str,
        key: &str,
        id: &str,
    ) -> Option<&mut Record> {
        let mut rows = self.table_mut(company, table).iter_mut();
        rows.find(|row| row.get(key).and_then(Value::as_str) == Some(id))
            .map(Arc::make_mut)
    }

    pub(crate) fn remove(
        &mut self,
        company: &str,
        table: &'static str,
        key: &str,
        id: &str,
    ) -> Option<Row> {
        let rows = self.table_mut(company, table);
        let position = rows
            .iter()
            .position(|row| row.get(key).and_then(Value::as_str) == Some(id))?;
        Some(rows.remove(position))
    }
}

/// A change, for the audit log.
pub(crate) struct Change<'a> {
    pub(crate) user: &'a str,
    pub(crate) entity: &'a str,
    pub(crate) operation: &'static str,
    pub(crate) id: &'a str,
    pub(crate) before: Option<&'a Record>,
    pub(crate) after: Option<&'a Record>,
    pub(crate) address: &'a str,
    pub(crate) agent: &'a str,
}

impl Store {
    /// Writes a change into the company's audit log.
    pub(crate) fn log(&mut self, company: &str, millis: i64, change: &Change<'_>) {
        let id = self.id();
        let shown = |record: Option<&Record>| {
            record.map(|record| {
                let mut value = Value::Object(record.clone());
                hide_secrets(&mut value);
                value.to_string()
            })
        };
        let description = format!("{} {} {}", change.operation, change.entity, change.id);
        let record = record(json!({
            "resourceId": id,
            "logId": id,
            "userName": change.user,
            "entityResourceId": change.id,
            "entityName": change.entity,
            "oldValue": shown(change.before),
            "newValue": shown(change.after),
            "operation": change.operation,
            "ip": change.address,
            "userAgent": change.agent,
            "auditDescription": description,
            "logDate": dates::iso(millis),
        }));
        self.push(company, AUDIT, record);
    }
}

pub(crate) const HIDDEN: &str = "[hidden]";

/// Whether a member of that name holds what nobody else should see.
pub(crate) fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password")
        || name.contains("secret")
        || name.contains("apikey")
        || name.ends_with("token")
}

/// Replaces the secrets in a JSON value; whether there were any.
pub(crate) fn hide_secrets(value: &mut Value) -> bool {
    match value {
        Value::Object(members) => {
            let mut found = false;
            for (name, value) in members.iter_mut() {
                if is_secret(name) && (value.is_string() || value.is_number()) {
                    *value = Value::from(HIDDEN);
                    found = true;
                } else {
                    found |= hide_secrets(value);
                }
            }
            found
        }
        Value::Array(values) => values
            .iter_mut()
            .fold(false, |found, value| hide_secrets(value) | found),
        _ => false,
    }
}
