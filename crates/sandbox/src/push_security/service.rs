//! From a request to its response: operation, key, limit, then the work.

use bytes::Bytes;
use http::header::HeaderValue;
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

use super::changes;
use super::lists;
use super::model::{Collection, Record};
use super::paging::ListQuery;
use super::response::{Refusal, json_response, message_body};
use super::routes::Operation;
use super::state::{Permission, State};
use super::store::{Store, Table};
use crate::core::random::Id;
use crate::core::service::Service;

const API_KEY: &str = "x-api-key";

impl Service for State {
    const NAME: &'static str = "push-security";
    // What the gateway whose words the service uses takes at most (inferred).
    const LARGEST_BODY: usize = 10 * 1024 * 1024;

    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        match self.perform(parts, body) {
            Ok(body) => json_response(StatusCode::OK, body),
            Err(refusal) => refusal.into_response(),
        }
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        json_response(
            status,
            message_body(status.canonical_reason().unwrap_or("Unknown")),
        )
    }

    /// As the gateway does whose words the service uses (inferred).
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
        let operation =
            Operation::find(&parts.method, parts.uri.path()).ok_or(Refusal::MissingToken)?;
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
                let (record, event) = changes::apply(change, &mut store, id, body)?;
                if let Some(event) = event {
                    self.announce(event);
                }
                Ok(record)
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
