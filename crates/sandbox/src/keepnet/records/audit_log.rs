//! The audit log of a company.

use serde_json::{Value, json};

use super::store::{AUDIT, Store};
use super::{Record, record, text};
use crate::keepnet::dates;

impl Store {
    /// Writes an entry into the company's audit log. The members are those of the published description, and the
    /// operations those of the vendor's front end. The texts are inferred.
    pub(crate) fn log(&mut self, company: &str, millis: i64, entry: Value) {
        let (id, mut entry) = (self.id(), record(entry));
        let of = |name: &str| text(&entry, name);
        let (operation, entity) = (of("operation"), of("entityName"));
        let description = format!("{operation} {entity} {}", of("entityResourceId"));
        entry.extend(record(json!({
            "resourceId": id,
            "logId": id,
            "auditDescription": description,
            "logDate": dates::iso(millis),
        })));
        self.push(company, AUDIT, entry);
    }
}

/// A record as the audit log shows it: without secrets (inferred).
pub(crate) fn shown(record: &Record) -> String {
    let mut value = Value::Object(record.clone());
    hide_secrets(&mut value);
    value.to_string()
}

fn hide_secrets(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(_) | Value::Number(_) if is_secret(name) => {
                        *value = Value::from("[hidden]");
                    }
                    value => hide_secrets(value),
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide_secrets),
        _ => {}
    }
}

/// Whether a member of that name holds a secret.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.ends_with("token")
        || ["password", "secret", "apikey"]
            .iter()
            .any(|word| name.contains(word))
}
