//! A company as it is kept.

use super::Row;
use super::store::{SHARED, Store};

/// The table of all companies. It belongs to no company.
pub(crate) const COMPANIES: &str = "companies";

/// The member that names the reseller. No response shows it.
pub(crate) const PARENT: &str = "parentCompanyResourceId";

pub(crate) fn find<'a>(store: &'a Store, id: &str) -> Option<&'a Row> {
    store.find(SHARED, COMPANIES, id)
}

/// All companies, the reseller's own first.
pub(crate) fn all(store: &Store) -> &[Row] {
    store.table(SHARED, COMPANIES)
}
