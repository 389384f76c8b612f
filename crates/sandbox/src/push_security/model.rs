//! The API's collections, the filters of their lists, and its words.
//!
//! The words are documented or were seen in public samples. The filters of browsers, accounts and browser extensions
//! are documented, creation times come from public clients, and the others are inferred.

use std::sync::LazyLock;

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
#[derive(Clone, Copy, Debug)]
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
        self.definition().0
    }

    /// The filters that its list takes.
    pub(crate) fn filters(self) -> &'static [Filter] {
        self.definition().1
    }

    fn definition(self) -> (&'static str, &'static [Filter]) {
        use By::{Any, Flag, Part, Text, Time, Word};
        match self {
            Self::Accounts => (
                "accounts",
                &[
                    ("email", Part),
                    ("appType", Text),
                    ("employeeId", Text),
                    ("passwordId", Text),
                    ("lastUsedTimestamp", Time),
                ],
            ),
            Self::AccountsOther => (
                "accountsOther",
                &[
                    ("email", Part),
                    ("employeeId", Text),
                    ("otherAppId", Text),
                    ("lastUsedTimestamp", Time),
                ],
            ),
            Self::Apps => (
                "apps",
                &[
                    ("type", Text),
                    ("approvalStatus", Word("approval_statuses")),
                    ("sensitivityLevel", Word("sensitivity_levels")),
                    ("ownerId", Text),
                    ("creationTimestamp", Time),
                ],
            ),
            Self::AppsOther => ("appsOther", &[("domain", Part)]),
            Self::BrowserExtensions => (
                "browserExtensions",
                &[
                    ("extensionId", Text),
                    ("employeeId", Text),
                    ("browserId", Text),
                    ("deploymentMode", Word("deployment_modes")),
                    ("permissions", Any),
                    ("hostPermissions", Any),
                    ("enabled", Flag),
                ],
            ),
            Self::Browsers => (
                "browsers",
                &[
                    ("email", Part),
                    ("employeeId", Text),
                    ("browser", Word("browsers")),
                    ("os", Word("systems")),
                    ("lastOnlineTimestamp", Time),
                ],
            ),
            Self::Detections => (
                "detections",
                &[
                    ("creationTimestamp", Time),
                    ("severity", Word("severities")),
                    ("archived", Flag),
                    ("detectionType", Word("detection_types")),
                    ("employeeId", Text),
                ],
            ),
            Self::Employees => ("employees", &[("email", Part), ("licensed", Flag)]),
            Self::Findings => (
                "findings",
                &[
                    ("creationTimestamp", Time),
                    ("type", Word("finding_types")),
                    ("state", Word("finding_states")),
                    ("employeeId", Text),
                    ("accountId", Text),
                    ("passwordId", Text),
                    ("appType", Text),
                ],
            ),
        }
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
