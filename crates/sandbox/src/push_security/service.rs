//! From a request to its response: operation, key, limit, then the work.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

use super::options::PushSecurityOptions;
use super::response::{Refusal, json_response, message_response};
use super::routes::Operation;
use super::state::{Permission, State};
use super::{changes, lists};
use crate::common::service::{Service, Setup};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Service for State {
    type Options = PushSecurityOptions;

    fn new(setup: &Setup, options: &PushSecurityOptions) -> Self {
        Self::start(setup, options)
    }

    const NAME: &'static str = "push-security";
    const CREDENTIAL: HeaderName = API_KEY;
    // What the gateway whose words the service uses takes at most (inferred).
    const LARGEST_BODY: usize = 10 * 1024 * 1024;

    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        match self.perform(parts, body) {
            Ok(body) => json_response(StatusCode::OK, body),
            Err(refusal) => refusal.into_response(),
        }
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        message_response(status, status.canonical_reason().unwrap_or("Unknown"))
    }

    /// As the gateway does whose words the service uses (inferred).
    fn stamp(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::try_from(self.request_id()) {
            headers.insert("x-amzn-requestid", id);
        }
    }

    fn title(&self, credential: &HeaderValue) -> Option<String> {
        self.permission(credential.as_bytes())
            .map(|permission| match permission {
                Permission::Full => "[full access key]".to_owned(),
                Permission::ReadOnly => "[read only key]".to_owned(),
            })
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
        self.with(|inner| match operation {
            Operation::List(collection) => {
                let (store, places) = (&inner.store, &mut inner.places);
                lists::list(collection, store, places, self.seed, parts.uri.query())
            }
            Operation::Get(collection, id) => {
                let row = inner.store.table(collection).get(id);
                let row = row.ok_or(Refusal::NotFound)?;
                Ok(Bytes::copy_from_slice(row.json().as_bytes()))
            }
            Operation::Change(change, collection, id) => {
                let (record, event) =
                    changes::apply(change, collection, &mut inner.store, id, body)?;
                if let Some(event) = event {
                    self.announce(inner, event);
                }
                Ok(record)
            }
        })
    }
}
