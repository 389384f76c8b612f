//! The organisation's records.

use std::cell::OnceCell;
use std::collections::HashMap;

use super::model::{
    Account, AccountOther, App, AppOther, Browser, BrowserExtension, Detection, Employee, Finding,
    Record,
};
use crate::core::random::Id;

/// Everything the organisation holds.
pub(crate) struct Store {
    pub(crate) employees: Table<Employee>,
    pub(crate) browsers: Table<Browser>,
    pub(crate) accounts: Table<Account>,
    pub(crate) apps: Table<App>,
    pub(crate) apps_other: Table<AppOther>,
    pub(crate) accounts_other: Table<AccountOther>,
    pub(crate) browser_extensions: Table<BrowserExtension>,
    pub(crate) findings: Table<Finding>,
    pub(crate) detections: Table<Detection>,
}

/// Records in the order in which they were added.
pub(crate) struct Table<T> {
    rows: Vec<Row<T>>,
    numbers: HashMap<Id, u32>,
    next: u32,
}

/// A record, its number and, once it was asked for, its JSON: lists are read
/// far more often than records change.
pub(crate) struct Row<T> {
    /// Rises along the table and is never used again, so a page can start
    /// behind a record that has been removed.
    pub(crate) number: u32,
    pub(crate) record: T,
    json: OnceCell<Box<[u8]>>,
}

impl<T: Record> Row<T> {
    pub(crate) fn json(&self) -> &[u8] {
        // Records are plain data: nothing in them can fail to serialise.
        self.json
            .get_or_init(|| serde_json::to_vec(&self.record).unwrap_or_default().into())
    }
}

impl<T: Record> Table<T> {
    pub(crate) fn new(records: Vec<T>) -> Self {
        let mut table = Self {
            rows: Vec::with_capacity(records.len()),
            numbers: HashMap::with_capacity(records.len()),
            next: 1,
        };
        for record in records {
            table.push(record);
        }
        table
    }

    pub(crate) fn push(&mut self, record: T) {
        self.numbers.insert(record.id(), self.next);
        self.rows.push(Row {
            number: self.next,
            record,
            json: OnceCell::new(),
        });
        self.next += 1;
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(|row| &row.record)
    }

    /// The rows behind the one with that number, which need not exist.
    pub(crate) fn after(&self, number: u32) -> &[Row<T>] {
        &self.rows[self.rows.partition_point(|row| row.number <= number)..]
    }

    pub(crate) fn get(&self, id: Id) -> Option<&T> {
        self.row(id).map(|row| &row.record)
    }

    pub(crate) fn row(&self, id: Id) -> Option<&Row<T>> {
        self.position(id).map(|position| &self.rows[position])
    }

    /// Changes a record and returns it as it was before.
    pub(crate) fn update(&mut self, id: Id, change: impl FnOnce(&mut T)) -> Option<T>
    where
        T: Clone,
    {
        let position = self.position(id)?;
        let row = &mut self.rows[position];
        let before = row.record.clone();
        change(&mut row.record);
        row.json = OnceCell::new();
        Some(before)
    }

    /// Changes every record that `wanted` says yes to.
    pub(crate) fn update_all(&mut self, wanted: impl Fn(&T) -> bool, change: impl Fn(&mut T)) {
        for row in self.rows.iter_mut().filter(|row| wanted(&row.record)) {
            change(&mut row.record);
            row.json = OnceCell::new();
        }
    }

    pub(crate) fn remove(&mut self, id: Id) -> Option<T> {
        let position = self.position(id)?;
        self.numbers.remove(&id);
        Some(self.rows.remove(position).record)
    }

    fn position(&self, id: Id) -> Option<usize> {
        let number = self.numbers.get(&id)?;
        self.rows
            .binary_search_by_key(number, |row| row.number)
            .ok()
    }
}
