//! Rows that are found by their ids.

use std::collections::HashMap;

/// Rows in the order in which they were added.
pub(crate) struct Table<T> {
    /// Rows with their numbers. Numbers rise and are never used again, so that a page can start behind a row that was
    /// removed.
    rows: Vec<(u32, T)>,
    numbers: HashMap<String, u32>,
    last: u32,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            numbers: HashMap::new(),
            last: 0,
        }
    }
}

impl<T> Table<T> {
    pub(crate) fn push(&mut self, id: String, row: T) {
        self.last += 1;
        self.numbers.insert(id, self.last);
        self.rows.push((self.last, row));
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// The rows behind a number, with their numbers. There may be no row with that number.
    pub(crate) fn after(&self, number: u32) -> &[(u32, T)] {
        &self.rows[self.rows.partition_point(|(row, _)| *row <= number)..]
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        Some(&self.rows[self.position(id)?].1)
    }

    pub(crate) fn get_mut(&mut self, id: &str) -> Option<&mut T> {
        let position = self.position(id)?;
        Some(&mut self.rows[position].1)
    }

    pub(crate) fn remove(&mut self, id: &str) {
        if let Some(position) = self.position(id) {
            self.numbers.remove(id);
            self.rows.remove(position);
        }
    }

    fn position(&self, id: &str) -> Option<usize> {
        let number = self.numbers.get(id)?;
        self.rows.binary_search_by_key(number, |(row, _)| *row).ok()
    }
}
