//! From a request to its answer: operation, key, limit, then the work.

use bytes::Bytes;
use http::header::HeaderValue;
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

use super::changes::{self, Change};
use super::lists;
use super::model::{Collection, Record};
use super::paging::ListQuery;
use super::response::{Refusal, json, message_body};
use super::state::{Permission, State};
use super::store::{Store, Table};
use crate::core::listener::Service;
use crate::core::random::Id;

const API_KEY: &str = "x-api-key";

/// What a method and a path stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation<'a> {
    List(Collection),
    Get(Collection, &'a str),
    Change(Change, &'a str),
}

fn operation<'a>(method: &Method, path: &'a str) -> Option<Operation<'a>> {
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
        (&Method::GET, _, None, None) => Some(Operation::List(collection)),
        (&Method::GET, _, Some(id), None) => Some(Operation::Get(collection, id)),
        (_, _, Some(id), below) => {
            Change::find(method, collection, below).map(|change| Operation::Change(change, id))
        }
        _ => None,
    }
}

impl Service for State {
    const NAME: &'static str = "push-security";
    // What the gateway in front of the real service takes at most.
    const LARGEST_BODY: usize = 10 * 1024 * 1024;

    fn answer(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        match self.perform(parts, body) {
            Ok(body) => json(StatusCode::OK, body),
            Err(refusal) => refusal.into_response(),
        }
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        json(
            status,
            message_body(status.canonical_reason().unwrap_or("Unknown")),
        )
    }

    fn stamp(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::try_from(self.request_id().to_string()) {
            headers.insert("x-amzn-requestid", id);
        }
    }

    fn redact(&self, headers: &mut HeaderMap) {
        if let http::header::Entry::Occupied(mut keys) = headers.entry(API_KEY) {
            for key in keys.iter_mut() {
                *key = match self.permission(key.as_bytes()) {
                    Some(Permission::Full) => HeaderValue::from_static("[full access key]"),
                    Some(Permission::ReadOnly) => HeaderValue::from_static("[read only key]"),
                    None => continue,
                };
            }
        }
    }
}

impl State {
    fn perform(&self, parts: &Parts, body: &Bytes) -> Result<Bytes, Refusal> {
        // The gateway knows its operations before it looks at any key.
        let operation = operation(&parts.method, parts.uri.path()).ok_or(Refusal::MissingToken)?;
        let mut keys = parts.headers.get_all(API_KEY).iter();
        let key = keys.next().ok_or(Refusal::MissingToken)?;
        let permission = self
            .permission(key.as_bytes())
            .filter(|_| keys.next().is_none())
            .ok_or(Refusal::Forbidden)?;
        if permission == Permission::ReadOnly && parts.method != Method::GET {
            return Err(Refusal::Forbidden);
        }
        self.admit(permission).map_err(Refusal::TooMany)?;

        let mut store = self.store();
        match operation {
            Operation::List(collection) => {
                let query = ListQuery::new(parts.uri.query());
                Ok(lists::list(collection, &store, query, self.tokens())?)
            }
            Operation::Get(collection, id) => {
                let id = Id::parse(id).ok_or(Refusal::NotFound)?;
                get(collection, &store, id).ok_or(Refusal::NotFound)
            }
            Operation::Change(change, id) => {
                let id = Id::parse(id).ok_or(Refusal::NotFound)?;
                let (answer, event) = changes::apply(change, &mut store, id, body)?;
                if let Some(event) = event {
                    self.announce(event);
                }
                Ok(answer)
            }
        }
    }
}

fn get(collection: Collection, store: &Store, id: Id) -> Option<Bytes> {
    fn json<T: Record>(table: &Table<T>, id: Id) -> Option<Bytes> {
        table.row(id).map(|row| Bytes::copy_from_slice(row.json()))
    }
    match collection {
        Collection::Accounts => json(&store.accounts, id),
        Collection::AccountsOther => json(&store.accounts_other, id),
        Collection::Apps => json(&store.apps, id),
        Collection::AppsOther => json(&store.apps_other, id),
        Collection::BrowserExtensions => json(&store.browser_extensions, id),
        Collection::Browsers => json(&store.browsers, id),
        Collection::Detections => json(&store.detections, id),
        Collection::Employees => json(&store.employees, id),
        Collection::Findings => json(&store.findings, id),
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
            assert_eq!(operation(&method, path), None, "{method} {path}");
        }
    }
}
