//! What a service keeps, found by its id.

use std::collections::HashMap;

/// Rows in the order in which they came.
pub(crate) struct Table<T> {
    /// With numbers that rise and are never used again, so that a page can start behind a row that was removed.
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

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.rows.iter_mut().map(|(_, row)| row)
    }

    /// The rows behind the one with that number, which need not exist, with their numbers.
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

    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.rows.retain(|(_, row)| keep(row));
        let kept = &self.rows;
        self.numbers
            .retain(|_, number| kept.binary_search_by_key(number, |(row, _)| *row).is_ok());
    }

    fn position(&self, id: &str) -> Option<usize> {
        let number = self.numbers.get(id)?;
        self.rows.binary_search_by_key(number, |(row, _)| *row).ok()
    }
}
