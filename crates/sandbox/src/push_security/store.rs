//! The organisation's records.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

use super::model::{Collection, Record, text};
use crate::common::table::Table;

/// All records of the organisation.
pub(crate) struct Store(HashMap<Collection, Table<Row>>);

/// A record, and its JSON once it was requested: lists are read far more often than records change.
pub(crate) struct Row {
    pub(crate) record: Arc<Record>,
    json: OnceCell<String>,
}

impl Row {
    pub(crate) fn new(record: Record) -> Self {
        Self {
            record: Arc::new(record),
            json: OnceCell::new(),
        }
    }

    pub(crate) fn json(&self) -> &str {
        // A map of JSON values always serialises.
        self.json
            .get_or_init(|| serde_json::to_string(&*self.record).unwrap_or_default())
    }
}

impl Deref for Row {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl Store {
    pub(crate) fn new() -> Self {
        let tables = Collection::ALL
            .iter()
            .map(|collection| (*collection, Table::default()));
        Self(tables.collect())
    }

    pub(crate) fn table(&self, of: Collection) -> &Table<Row> {
        &self.0[&of]
    }

    pub(crate) fn table_mut(&mut self, of: Collection) -> &mut Table<Row> {
        self.0.entry(of).or_default()
    }

    pub(crate) fn push(&mut self, of: Collection, record: Record) {
        let id = text(&record, "id").to_owned();
        self.table_mut(of).push(id, Row::new(record));
    }
}
