//! From a method and a path to an operation. Source: the documentation names the
//! operations and some paths; other paths come from public clients, or are inferred.

use http::Method;

use super::changes::Change;
use super::model::Collection;

/// What a method and a path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation<'a> {
    List(Collection),
    Get(Collection, &'a str),
    Change(Change, &'a str),
}

impl<'a> Operation<'a> {
    pub(crate) fn find(method: &Method, path: &'a str) -> Option<Self> {
        let mut segments = path.strip_prefix("/v1/")?.split('/');
        let first = segments.next()?;
        let collection = Collection::ALL
            .into_iter()
            .find(|one| one.segment() == first)?;
        let id = segments.next();
        let below = segments.next();
        if id == Some("") || segments.next().is_some() {
            return None;
        }
        match (method, collection, id, below) {
            (&Method::GET, _, None, None) => Some(Self::List(collection)),
            (&Method::GET, _, Some(id), None) => Some(Self::Get(collection, id)),
            (_, _, Some(id), below) => {
                Change::find(method, collection, below).map(|change| Self::Change(change, id))
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
            (Method::GET, "/"),
            (Method::GET, "/v1"),
            (Method::GET, "/v1/"),
            (Method::GET, "/v2/browsers"),
            (Method::GET, "/v1/Browsers"),
            (Method::GET, "/v1/browsers/"),
            (Method::GET, "/v1/browsers/1/2"),
            (Method::GET, "/v1/accounts/1/loginMethods"),
            (Method::POST, "/v1/browsers"),
            (Method::PUT, "/v1/apps/1"),
            (Method::PATCH, "/v1/apps"),
            (Method::PATCH, "/v1/findings/1"),
            (Method::DELETE, "/v1/apps/1"),
            (Method::DELETE, "/v1/accounts/1/loginMethods/2"),
            (Method::DELETE, "/v1/accountsOther/1/loginMethods"),
            (Method::HEAD, "/v1/browsers"),
        ] {
            assert_eq!(Operation::find(&method, path), None, "{method} {path}");
        }
    }
}
