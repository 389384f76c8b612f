//! From a method and a path to an operation. Source: the documentation names the operations and some paths; other paths
//! come from public clients, or are inferred.

use http::Method;

use super::changes::Change;
use super::model::Collection;

/// What a method and a path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    List(Collection),
    Get(Collection, &'a str),
    Change(Change, Collection, &'a str),
}

impl<'a> Operation<'a> {
    pub(crate) fn find(method: &Method, path: &'a str) -> Option<Self> {
        let segments: Vec<_> = path.strip_prefix("/v1/")?.split('/').collect();
        let mut all = Collection::ALL.into_iter();
        let collection = all.find(|one| one.name() == segments[0])?;
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_operation_is_not_taken_for_one() {
        for (method, path) in [
            ("GET", "/"),
            ("GET", "/v1"),
            ("GET", "/v1/"),
            ("GET", "/v2/browsers"),
            ("GET", "/v1/Browsers"),
            ("GET", "/v1/browsers/"),
            ("GET", "/v1/browsers/1/2"),
            ("GET", "/v1/accounts/1/loginMethods"),
            ("POST", "/v1/browsers"),
            ("PUT", "/v1/apps/1"),
            ("PATCH", "/v1/apps"),
            ("PATCH", "/v1/findings/1"),
            ("DELETE", "/v1/apps/1"),
            ("DELETE", "/v1/accounts/1/loginMethods/2"),
            ("DELETE", "/v1/accountsOther/1/loginMethods"),
            ("HEAD", "/v1/browsers"),
        ] {
            let found = Operation::find(&method.parse().expect("a method"), path);
            assert_eq!(found, None, "{method} {path}");
        }
    }
}
