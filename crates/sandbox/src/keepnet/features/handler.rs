//! The behaviour of an operation.

use super::resource::{Resource, Verb};
use crate::keepnet::call::Call;
use crate::keepnet::records::Row;
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) use self::Handler::{Do, OnRecords, Rows};

/// The behaviour of an operation.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Do(fn(&mut Call<'_>) -> Result<Outcome, Refusal>),
    /// A list that is searched. The operation whose path has `/export` in addition exports it.
    Rows(fn(&mut Call<'_>) -> Result<Vec<Row>, Refusal>),
    /// An action on a collection whose records are kept.
    OnRecords(&'static Resource, Verb),
    /// A response of the right shape, and no behaviour of its own.
    Sample,
}

/// Operations with a behaviour of their own.
pub(crate) struct Table {
    /// The beginning of their paths.
    pub(crate) below: &'static str,
    /// The method and the rest of the path, and the behaviour.
    pub(crate) handlers: &'static [(&'static str, Handler)],
}

impl Table {
    /// The handler of an operation, if it is in this table.
    pub(crate) fn find(&self, method: &str, path: &str) -> Option<Handler> {
        let rest = path.strip_prefix(self.below)?;
        let mut handlers = self.handlers.iter();
        let found = handlers.find(|(name, _)| name.split_once(' ') == Some((method, rest)));
        found.map(|(_, handler)| *handler)
    }
}
