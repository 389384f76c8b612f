//! Files that were uploaded to be imported.

use super::Row;

/// A file on its way to becoming target users.
pub(crate) struct Upload {
    pub(crate) company: String,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
    /// The last one counts.
    pub(crate) jobs: Vec<Job>,
}

pub(crate) struct Job {
    pub(crate) id: String,
    /// When the mapping is done, in milliseconds since 1970.
    pub(crate) ends: i64,
    pub(crate) groups: Vec<String>,
    pub(crate) users: Vec<Row>,
}
