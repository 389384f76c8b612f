//! Adding the records that a company starts with.

use serde_json::{Value, json};

use crate::core::random::{ALPHANUMERIC, Random};
use crate::keepnet::options::KeepnetOptions;
use crate::keepnet::records::store::Store;
use crate::keepnet::records::{Record, record};

/// When everything seeded was made.
pub(crate) const LONG_AGO: &str = "2026-01-05T08:00:00.000Z";

/// The same in milliseconds since 1970.
pub(crate) const LONG_AGO_MILLIS: i64 = 1_767_600_000_000;

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) struct Seeding<'a> {
    pub(crate) store: &'a mut Store,
    pub(crate) options: &'a KeepnetOptions,
    pub(crate) company: &'a str,
    pub(crate) random: &'a mut Random,
}

impl Seeding<'_> {
    /// Adds a record with an id and the members that all have; its id.
    pub(crate) fn add(&mut self, table: &'static str, members: Value) -> String {
        let id = self.random.text(ALPHANUMERIC, 12);
        let mut new: Record = record(json!({
            "resourceId": id,
            "createTime": LONG_AGO,
            "createdBy": "Example Admin",
            "isEditable": true,
            "isOwner": true,
        }));
        new.extend(record(members));
        self.store.push(self.company, table, new);
        id
    }
}
