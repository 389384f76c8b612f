//! Files that were uploaded to be imported.

use super::Row;

/// A file whose rows may become target users.
#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) company: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The mappings of its columns. The last one counts.
    pub(crate) jobs: Vec<Job>,
}

#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) id: String,
    /// The end of the mapping, in milliseconds since 1970.
    pub(crate) ends: i64,
    pub(crate) groups: Vec<String>,
    pub(crate) users: Vec<Row>,
}
