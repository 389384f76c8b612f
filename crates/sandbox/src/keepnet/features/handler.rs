//! What an operation does.

use super::resource::{Resource, Verb};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::Row;

/// What an operation does.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Do(fn(&mut Call<'_>) -> Result<Outcome, Refusal>),
    /// A list that is searched, and exported by the operation whose path is the same but for `/export`.
    Rows(fn(&mut Call<'_>) -> Result<Vec<Row>, Refusal>),
    /// What is done with a collection whose records are kept.
    OnRecords(&'static Resource, Verb),
    /// Nothing of its own: a response of the right shape.
    Sample,
}

/// Operations with a behaviour of their own.
pub(crate) struct Table {
    /// What their paths begin with.
    pub(crate) below: &'static str,
    /// The method, the rest of the path, and what is done.
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
