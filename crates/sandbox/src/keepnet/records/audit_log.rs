//! The audit log of a company.

use serde_json::{Value, json};

use super::secrets::hide_secrets;
use super::store::Store;
use super::{Record, record};
use crate::keepnet::dates;

/// The table of its records.
pub(crate) const AUDIT: &str = "audit log";

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
    /// Writes a change into the company's audit log. The members are those of the published description, the operations
    /// those of the vendor's front end; the texts are inferred.
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
