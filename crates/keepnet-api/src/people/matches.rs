//! Records by address or name.

use crate::Error;
use crate::names_in_errors::listed;

/// Whether two addresses or names are equal apart from the case of ASCII letters.
///
/// Only ASCII is compared without case: lowercasing all of Unicode turns the kelvin sign into `k`, and would match
/// somebody else's address.
pub(super) fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// The items of a search that have a name: exact matches, and those that differ only in case.
pub(super) struct Matches<'a, T> {
    name: &'a str,
    pub(super) exact: Vec<T>,
    similar: Vec<T>,
}

impl<'a, T> Matches<'a, T> {
    pub(super) fn new(name: &'a str) -> Self {
        Self {
            name,
            exact: Vec::new(),
            similar: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, own: Option<String>, item: T) {
        match own {
            Some(own) if own.trim() == self.name => self.exact.push(item),
            Some(own) if same(&own, self.name) => self.similar.push(item),
            _ => {}
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.exact.iter().chain(&self.similar)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.exact.retain(&keep);
        self.similar.retain(&keep);
    }

    pub(super) fn first(self) -> Option<T> {
        self.exact.into_iter().chain(self.similar).next()
    }

    /// The only match. Several are an error, because the wrong one could be deleted.
    pub(super) fn only(self, member: &str, id: fn(&T) -> Option<&str>) -> Result<Option<T>, Error> {
        let mut found = match self.exact.is_empty() {
            true => self.similar,
            false => self.exact,
        };
        if found.len() > 1 {
            return Err(Error::invalid(format!(
                "`{member}`: {} records have it ({}), so none was changed: use the id of the right one",
                found.len(),
                listed(found.iter().filter_map(id))
            )));
        }
        Ok(found.pop())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_compared_without_case() {
        assert!(same("Jane.Doe@Example.com ", "jane.doe@example.com"));
        assert!(!same("jane@example.com", "jane@example.co"));
        assert!(!same("\u{212a}ate@example.com", "kate@example.com"));
    }
}
