//! The records of the companies.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Record, Row, text};
use crate::common::random::{ALPHANUMERIC, Random};

/// The table of deleted records, each with its former table as `deletedFrom`.
pub(crate) const DELETED: &str = "deleted";

/// The table of the audit log.
pub(crate) const AUDIT: &str = "audit log";

/// The table of what has an id and nothing else.
pub(crate) const UNKEPT: &str = "unkept";

/// What stands for a company where records are of no company: the companies themselves.
pub(crate) const SHARED: &str = "";

/// All records, by company and table.
pub(crate) struct Store {
    tables: HashMap<String, HashMap<&'static str, Vec<Row>>>,
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

    pub(crate) fn table(&self, company: &str, table: &str) -> &[Row] {
        let tables = self.tables.get(company);
        let rows = tables.and_then(|tables| tables.get(table));
        rows.map_or(&[], Vec::as_slice)
    }

    pub(crate) fn table_mut(&mut self, company: &str, table: &'static str) -> &mut Vec<Row> {
        let tables = self.tables.entry(company.to_owned()).or_default();
        tables.entry(table).or_default()
    }

    /// The records of all companies, each with its company.
    pub(crate) fn everywhere(&self, table: &str) -> impl Iterator<Item = (&str, &Row)> {
        let tables = self.tables.iter();
        tables.flat_map(move |(company, tables)| {
            let rows = tables.get(table).into_iter().flatten();
            rows.map(move |row| (company.as_str(), row))
        })
    }

    pub(crate) fn push(&mut self, company: &str, table: &'static str, record: Record) {
        self.table_mut(company, table).push(Arc::new(record));
    }

    pub(crate) fn find(&self, company: &str, table: &'static str, id: &str) -> Option<&Row> {
        let mut rows = self.table(company, table).iter();
        rows.find(|row| text(row, "resourceId") == id)
    }

    /// Whether any record that the company sees has this id, as its own or another's. Logs and deleted records do not
    /// count.
    pub(crate) fn knows(&self, company: &str, id: &str) -> bool {
        let seen = [company, SHARED].map(|company| self.tables.get(company));
        let tables = seen.into_iter().flatten().flatten();
        let kept = tables.filter(|(name, _)| ![AUDIT, DELETED].contains(name));
        let mut rows = kept.flat_map(|(_, rows)| rows);
        let is_id = |name: &str| name.to_lowercase().ends_with("id");
        rows.any(|row| row.iter().any(|(name, value)| is_id(name) && value == id))
    }

    pub(crate) fn find_mut(
        &mut self,
        company: &str,
        table: &'static str,
        id: &str,
    ) -> Option<&mut Record> {
        let mut rows = self.table_mut(company, table).iter_mut();
        rows.find(|row| text(row, "resourceId") == id)
            .map(Arc::make_mut)
    }

    pub(crate) fn remove(&mut self, company: &str, table: &'static str, id: &str) -> Option<Row> {
        let rows = self.table_mut(company, table);
        let mut ids = rows.iter().map(|row| text(row, "resourceId"));
        let position = ids.position(|one| one == id)?;
        Some(rows.remove(position))
    }
}
