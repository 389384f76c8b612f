//! A company as it is kept.

use serde_json::{Value, json};

use super::store::Store;
use super::{Record, Row, also, integer, status_name, text};
use crate::keepnet::dates;

/// The table of all companies, which belongs to none of them.
pub(crate) const COMPANIES: &str = "companies";

/// The member that names the reseller; no response shows it.
pub(crate) const PARENT: &str = "parentCompanyResourceId";

pub(crate) fn find<'a>(store: &'a Store, id: &str) -> Option<&'a Row> {
    store.find("", COMPANIES, "resourceId", id)
}

/// All companies, the reseller's own first.
pub(crate) fn all(store: &Store) -> &[Row] {
    store.table("", COMPANIES)
}

/// Completes a company that was sent as a form, in which all is text.
pub(crate) fn complete(company: &mut Record) {
    for name in ["numberOfUsers", "baseManHour", "baseManHourCost"] {
        let number = integer(company, name);
        company.insert(name.to_owned(), json!(number));
    }
    for name in [
        "isNumberOfUsersLimited",
        "isVersionVisible",
        "isReleaseNotesVisible",
    ] {
        let set = text(company, name).eq_ignore_ascii_case("true")
            || company.get(name) == Some(&json!(true));
        company.insert(name.to_owned(), json!(set));
    }
    status_name(company);
    also(
        company,
        &[
            ("name", "companyName"),
            ("resourceId", "companyResourceId"),
            ("licenseModuleResourceIdArray", "licenseModules"),
        ],
    );
}

/// Keeps resellers out for so many days, or lets them in again for none.
pub(crate) fn set_privacy_until(store: &mut Store, id: &str, now: i64, days: i64) {
    let Some(company) = store.find_mut("", COMPANIES, "resourceId", id) else {
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
