//! The API's collections, the filters of their lists, and its words.
//!
//! The words are documented or were seen in public samples. The filters of browsers, accounts and browser extensions
//! are documented, creation times come from public clients, and the others are inferred.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

/// A record as it goes over the wire.
pub(crate) type Record = Map<String, Value>;

/// The API's words, and what people, places and things are called.
static NAMES: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("names.json")).expect("names.json keeps to its form")
});

/// The words or names of a list in `names.json`.
pub(crate) fn names(list: &str) -> &'static [Value] {
    NAMES[list].as_array().map_or(&[], Vec::as_slice)
}

/// How a filter compares its value with the member that has the filter's name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// The member is that text.
    Text,
    /// The member contains that text, in any case.
    Part,
    /// The same as `Text`, but words that are not in that list are refused.
    Word(&'static str),
    /// The member is `true` or `false`.
    Flag,
    /// One of the values is in the member's list. They are repeated, separated by commas, or both.
    Any,
    /// The member is a time from `…After` to `…Before`, both included. An absent time is only in the unbounded span.
    Time,
}

/// The name of a filter and of the member that it looks at.
pub(crate) type Filter = (&'static str, By);

/// The collections of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Collection {
    Accounts,
    AccountsOther,
    Apps,
    AppsOther,
    BrowserExtensions,
    Browsers,
    Detections,
    Employees,
    Findings,
}

impl Collection {
    pub(crate) const ALL: [Self; 9] = [
        Self::Accounts,
        Self::AccountsOther,
        Self::Apps,
        Self::AppsOther,
        Self::BrowserExtensions,
        Self::Browsers,
        Self::Detections,
        Self::Employees,
        Self::Findings,
    ];

    /// Its segment of the path.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::AccountsOther => "accountsOther",
            Self::Apps => "apps",
            Self::AppsOther => "appsOther",
            Self::BrowserExtensions => "browserExtensions",
            Self::Browsers => "browsers",
            Self::Detections => "detections",
            Self::Employees => "employees",
            Self::Findings => "findings",
        }
    }

    /// The filters that its list takes.
    pub(crate) fn filters(self) -> &'static [Filter] {
        static FILTERS: LazyLock<HashMap<&str, Vec<Filter>>> = LazyLock::new(|| {
            let filters = include_str!("filters.json");
            serde_json::from_str(filters).expect("filters.json keeps to its form")
        });
        &FILTERS[self.name()]
    }
}

/// A member that is text; empty if it is absent.
pub(crate) fn text<'a>(record: &'a Record, name: &str) -> &'a str {
    record.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// An employee as other records contain it.
pub(crate) fn embedded(employee: &Record) -> Value {
    let mut employee = employee.clone();
    employee.remove("groups");
    Value::Object(employee)
}
