//! What an operation does.

use super::resource::{Resource, Verb};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::Row;

/// What an operation does.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    Do(fn(&mut Call<'_>) -> Result<Outcome, Refusal>),
    /// A list that is searched, and exported by the operation whose path is
    /// the same but for `/export`.
    Rows(fn(&mut Call<'_>) -> Result<Vec<Row>, Refusal>),
    Resource(&'static Resource, Verb),
    /// Nothing of its own: a response of the right shape.
    Sample,
}

/// Operations with a behaviour of their own: method, path and behaviour.
pub(crate) type Table = &'static [(&'static str, &'static str, Handler)];
