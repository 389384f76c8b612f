//! From a request to its response: operation, key, limit, then the work.

use bytes::Bytes;
use http::header::{HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};

use super::options::PushSecurityOptions;
use super::response::{Refusal, json_response, message_response};
use super::routes::Operation;
use super::state::{READ_ONLY, State};
use super::{changes, lists};
use crate::common::query;
use crate::common::service::{Service, Setup, media_type};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Service for State {
    type Options = PushSecurityOptions;

    fn new(setup: &Setup, options: &PushSecurityOptions) -> Self {
        Self::start(setup, options)
    }

    const NAME: &'static str = "push-security";
    const CREDENTIAL: HeaderName = API_KEY;
    // The limit of the gateway whose words the service uses (inferred).
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
    fn stamp(&self, headers: &mut HeaderMap, id: HeaderValue) {
        headers.insert("x-amzn-requestid", id);
    }

    fn title(&self, credential: &HeaderValue) -> Option<String> {
        let titles = ["[full access key]", "[read only key]"];
        let key = self.key(credential.as_bytes())?;
        Some(titles[key].to_owned())
    }
}

impl State {
    fn perform(&self, parts: &Parts, body: &Bytes) -> Result<Bytes, Refusal> {
        // The gateway knows its operations before it looks at any key.
        let operation = Operation::find(&parts.method, parts.uri.path());
        let operation = operation.ok_or(Refusal::MISSING_TOKEN)?;
        let mut keys = parts.headers.get_all(API_KEY).iter();
        let sent = keys.next().ok_or(Refusal::MISSING_TOKEN)?;
        let key = self.key(sent.as_bytes()).filter(|_| keys.next().is_none());
        let key = key.ok_or(Refusal::FORBIDDEN)?;
        if key == READ_ONLY && parts.method != Method::GET {
            return Err(Refusal::FORBIDDEN);
        }
        self.admit(key).map_err(Refusal::too_many)?;
        let kind = media_type(&parts.headers);
        let is_json = ["", "application/json"].contains(&kind.as_str());
        if !body.is_empty() && (parts.method == Method::GET || !is_json) {
            let what = format!("{} with a body of the type `{kind}`", parts.method);
            return Err(Refusal::not_played(what));
        }
        let query = query::pairs(parts.uri.query().unwrap_or_default());
        if let Some((name, _)) = query.iter().find(|(name, _)| !operation.takes(name)) {
            let (method, path) = (&parts.method, parts.uri.path());
            let what = format!("{method} {path} with {name} in the query");
            return Err(Refusal::not_played(what));
        }
        self.with(|inner| match operation {
            Operation::List(collection) => {
                let (store, places) = (&inner.store, &mut inner.places);
                lists::list(collection, store, places, self.seed, query)
            }
            Operation::Get(collection, id) => {
                let row = inner.store.table(collection).get(id);
                let row = row.ok_or(Refusal::NOT_FOUND)?;
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
