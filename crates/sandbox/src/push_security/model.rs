//! The API's collections, the filters of their lists, and its words.
//!
//! The words are documented or were seen in public samples. The filters of browsers, accounts and browser extensions
//! are documented, creation times come from public clients, and the others are inferred.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::common::options::settings;

/// A record as it goes over the wire.
pub(crate) type Record = Map<String, Value>;

/// The API's words, and the names of people, places and things.
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
    /// The member is a list that has one of the values. Values are repeated, separated by commas, or both.
    Any,
    /// The member is a time from `…After` to `…Before`, both included. An absent time is outside of every span.
    Time,
}

/// The name of a filter and of the member that it looks at.
pub(crate) type Filter = (&'static str, By);

macro_rules! collections {
    ($($collection:ident $path:literal $size:ident: $what:literal, $default:literal;)+) => {
        /// The collections of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(crate) enum Collection {
            $($collection,)+
        }

        impl Collection {
            pub(crate) const ALL: &[Self] = &[$(Self::$collection,)+];

            /// The collection's segment of the path.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$collection => $path,)+
                }
            }
        }

        /// How many records of each kind there are at the moment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct OrganisationCounts {
            $(
                #[doc = concat!("Records of `/v1/", $path, "`.")]
                pub $size: usize,
            )+
        }

        impl OrganisationCounts {
            pub(crate) fn by(count: impl Fn(Collection) -> usize) -> Self {
                Self { $($size: count(Collection::$collection),)+ }
            }
        }

        settings! {
            /// The size of the seeded organisation of [`PushSecurity`](crate::PushSecurity), and the service's
            /// behaviour where the real one is not known.
            ///
            /// Some records need others: without employees there are no browsers, accounts, findings or detections,
            /// without browsers no browser extensions, without apps no accounts at them.
            ///
            /// ```
            /// use security_api_sandbox::PushSecurityOptions;
            ///
            /// let small = PushSecurityOptions::default().employees(20).browsers(50).accounts(60);
            /// # let _ = small;
            /// ```
            pub struct PushSecurityOptions {
                $(
                    #[doc = concat!("How many ", $what, " there are; ", $default, " by default.")]
                    $size: usize = $default,
                )+
                /// Whether a 429 has a `Retry-After` header with the seconds to wait. It has none by default: the real
                /// service does not document one.
                retry_after: bool = false,
            }
        }

        impl PushSecurityOptions {
            /// An organisation with a few records of each kind.
            pub(crate) fn tiny() -> Self {
                Self { $($size: 2,)+ retry_after: false }
            }

            pub(crate) fn size(&self, of: Collection) -> usize {
                match of {
                    $(Collection::$collection => self.$size,)+
                }
            }
        }
    };
}

collections! {
    Accounts "accounts" accounts: "accounts at apps", 6_000;
    AccountsOther "accountsOther" accounts_other: "accounts at other apps", 800;
    Apps "apps" apps: "apps", 120;
    AppsOther "appsOther" apps_other: "other apps, those the service does not know by name,", 300;
    BrowserExtensions "browserExtensions" browser_extensions: "browser extensions", 4_000;
    Browsers "browsers" browsers: "browsers", 5_000;
    Detections "detections" detections: "detections", 400;
    Employees "employees" employees: "employees", 2_000;
    Findings "findings" findings: "findings", 3_000;
}

impl Collection {
    /// The collection with that segment of the path.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
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
