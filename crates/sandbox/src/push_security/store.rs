//! The organisation's records.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::model::{Collection, Record, text};

/// Everything that the organisation holds.
pub(crate) struct Store(HashMap<Collection, Table>);

/// Records in the order in which they were added.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<Row>,
    numbers: HashMap<String, u32>,
    last: u32,
}

/// A record, its number and, once it was requested, its JSON: lists are read far more often than records change.
pub(crate) struct Row {
    /// Rises along the table and is never used again, so a page can start behind a record that has been removed.
    pub(crate) number: u32,
    pub(crate) record: Arc<Record>,
    json: OnceCell<String>,
}

impl Row {
    pub(crate) fn json(&self) -> &str {
        // A map of JSON values always serialises.
        self.json
            .get_or_init(|| serde_json::to_string(&*self.record).unwrap_or_default())
    }
}

impl Store {
    pub(crate) fn new() -> Self {
        let tables = Collection::ALL.map(|collection| (collection, Table::default()));
        Self(tables.into())
    }

    pub(crate) fn table(&self, of: Collection) -> &Table {
        &self.0[&of]
    }

    pub(crate) fn table_mut(&mut self, of: Collection) -> &mut Table {
        self.0.entry(of).or_default()
    }
}

impl Table {
    pub(crate) fn push(&mut self, record: Record) {
        self.last += 1;
        self.numbers
            .insert(text(&record, "id").to_owned(), self.last);
        self.rows.push(Row {
            number: self.last,
            record: Arc::new(record),
            json: OnceCell::new(),
        });
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Record> {
        self.rows.iter().map(|row| &*row.record)
    }

    /// The rows behind the one with that number, which need not exist.
    pub(crate) fn after(&self, number: u32) -> &[Row] {
        &self.rows[self.rows.partition_point(|row| row.number <= number)..]
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Row> {
        self.position(id).map(|position| &self.rows[position])
    }

    /// Puts a record in the place of the one with its id.
    pub(crate) fn replace(&mut self, record: Record) {
        if let Some(position) = self.position(text(&record, "id")) {
            let row = &mut self.rows[position];
            row.record = Arc::new(record);
            row.json = OnceCell::new();
        }
    }

    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(position) = self.position(id) {
            self.numbers.remove(id);
            self.rows.remove(position);
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        let number = self.numbers.get(id)?;
        self.rows
            .binary_search_by_key(number, |row| row.number)
            .ok()
    }
}
