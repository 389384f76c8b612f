//! From a method and a path to an operation. Source: the documentation names the operations and some paths; other paths
//! come from public clients, or are inferred.

use http::Method;

use super::changes::Change;
use super::records::Collection;

/// An operation, with the id in the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    List(Collection),
    Get(Collection, &'a str),
    Change(Change, Collection, &'a str),
}

impl<'a> Operation<'a> {
    pub(crate) fn find(method: &Method, path: &'a str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix("/v1/")?.split('/').collect();
        let collection = Collection::named(segments[0])?;
        match (method, &segments[1..]) {
            (&Method::GET, []) => Some(Self::List(collection)),
            (_, ["", ..]) => None,
            (&Method::GET, [id]) => Some(Self::Get(collection, id)),
            (_, [id, below @ ..]) if below.len() < 2 => {
                let change = Change::find(method, collection, below.first().copied())?;
                Some(Self::Change(change, collection, id))
            }
            _ => None,
        }
    }

    /// Whether its query may have this parameter. Nothing is known about how the service treats others.
    pub(crate) fn takes(self, name: &str) -> bool {
        matches!(self, Self::List(collection) if collection.takes(name))
    }
}
