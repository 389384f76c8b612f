//! A company as it is kept.

use serde_json::{Value, json};

use super::Row;
use super::store::Store;
use crate::keepnet::dates;

/// The table of all companies, which belongs to none of them.
pub(crate) const COMPANIES: &str = "companies";

/// The member that names the reseller; no response shows it.
pub(crate) const PARENT: &str = "parentCompanyResourceId";

pub(crate) fn find<'a>(store: &'a Store, id: &str) -> Option<&'a Row> {
    store.find("", COMPANIES, id)
}

/// All companies, the reseller's own first.
pub(crate) fn all(store: &Store) -> &[Row] {
    store.table("", COMPANIES)
}

/// Keeps resellers out for so many days, or lets them in again for none.
pub(crate) fn set_privacy_until(store: &mut Store, id: &str, now: i64, days: i64) {
    let Some(company) = store.find_mut("", COMPANIES, id) else {
        return;
    };
    let (start, end) = if days > 0 {
        let end = now.saturating_add(days.min(36_500) * 86_400_000);
        (json!(dates::iso(now)), json!(dates::iso(end)))
    } else {
        (Value::Null, Value::Null)
    };
    company.insert("privacyDurationId".to_owned(), json!(days));
    company.insert("privacyDurationStartTime".to_owned(), start);
    company.insert("privacyDurationEndTime".to_owned(), end);
}
