//! The collections of the organisation, and their records.
//!
//! The words are documented or were seen in public samples.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use crate::common::table::Table;

/// A record as it goes over the wire.
pub(crate) type Record = Map<String, Value>;

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

/// The API's words, and the names of people, places and things.
static NAMES: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("names.json")).expect("names.json keeps to its form")
});

/// The words or names of a list in `names.json`.
pub(crate) fn names(list: &str) -> &'static [Value] {
    NAMES[list].as_array().map_or(&[], Vec::as_slice)
}

/// Hands the collections to a macro: the variant, the segment of the path, the setting of its size, what it holds, and
/// its default size.
macro_rules! collections {
    ($macro:ident) => {
        $macro! {
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
    };
}

pub(super) use collections;

macro_rules! kinds {
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
    };
}

collections!(kinds);

impl Collection {
    /// The collection with that segment of the path.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.name() == name)
    }
}

/// All records of the organisation.
pub(crate) struct Store(HashMap<Collection, Table<Row>>);

/// A record, and its JSON once it was requested: lists are read far more often than records change.
pub(crate) struct Row {
    pub(crate) record: Arc<Record>,
    json: OnceCell<String>,
}

impl Row {
    pub(crate) fn new(record: Record) -> Self {
        Self {
            record: Arc::new(record),
            json: OnceCell::new(),
        }
    }

    pub(crate) fn json(&self) -> &str {
        // A map of JSON values always serialises.
        self.json
            .get_or_init(|| serde_json::to_string(&*self.record).unwrap_or_default())
    }
}

impl Deref for Row {
    type Target = Record;

    fn deref(&self) -> &Record {
        &self.record
    }
}

impl Store {
    pub(crate) fn new() -> Self {
        let tables = Collection::ALL.iter().map(|of| (*of, Table::default()));
        Self(tables.collect())
    }

    pub(crate) fn table(&self, of: Collection) -> &Table<Row> {
        &self.0[&of]
    }

    pub(crate) fn table_mut(&mut self, of: Collection) -> &mut Table<Row> {
        self.0.entry(of).or_default()
    }

    pub(crate) fn push(&mut self, of: Collection, record: Record) {
        let id = text(&record, "id").to_owned();
        self.table_mut(of).push(id, Row::new(record));
    }
}
