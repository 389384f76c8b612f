//! The way from a request to its response.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::Value;

use super::auth;
use super::call::{Call, Params};
use super::features::handler::Handler;
use super::features::sample::sample;
use super::lists::search;
use super::options::KeepnetOptions;
use super::records::flag;
use super::records::store::Store;
use super::response::{self, Outcome, Refusal, envelope, json_response};
use super::routes::{self, Route};
use super::shapes::{Operation, inside};
use super::state::{Inner, State};
use super::{dates, request, seed};
use crate::common::service::{Service, Setup};

pub(crate) const TOKEN_PATH: &str = "/connect/token";

impl Service for State {
    type Options = KeepnetOptions;

    fn new(setup: &Setup, options: &KeepnetOptions) -> Self {
        let mut store = Store::new(setup.seed);
        let company_ids = seed::companies(&mut store, setup.seed, options);
        Self::start(setup, options, store, &company_ids)
    }

    const NAME: &'static str = "keepnet";
    const CREDENTIAL: HeaderName = AUTHORIZATION;
    const LARGEST_BODY: usize = 64 << 20;

    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes> {
        let response = match routes::find(&parts.method, parts.uri.path()) {
            Ok((route, _)) if route.operation.path == TOKEN_PATH => auth::token(self, parts, body),
            Ok((route, params)) => self.perform(route, params, parts, body),
            Err(refusal) => Err(refusal),
        };
        response.unwrap_or_else(Refusal::into_response)
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        response::failure(status)
    }

    fn title(&self, credential: &HeaderValue) -> Option<String> {
        let token = auth::bearer(credential.to_str().unwrap_or_default());
        let name = token.and_then(|token| self.token_name(token));
        Some(name.unwrap_or_else(|| "[unknown credential]".to_owned()))
    }
}

impl State {
    fn perform(
        &self,
        route: &Route,
        params: Params,
        parts: &Parts,
        raw: &Bytes,
    ) -> Result<Response<Bytes>, Refusal> {
        let operation = route.operation;
        let mut guard = self.inner();
        let inner: &mut Inner = &mut guard;
        let grant = auth::authenticate(self, inner, parts)?;
        let company = auth::company(inner, &grant, parts)?;
        let body = request::read(operation, &params, parts, raw)?;
        seed::ready(self, inner, &company);
        let mut call = Call {
            state: self,
            inner,
            operation,
            grant,
            company,
            params,
            body,
            raw,
            headers: &parts.headers,
        };
        if flag(&call.body, "selectAll") {
            return Err(call.not_played("selectAll"));
        }
        let mut outcome = match route.handler {
            Handler::Do(act) => act(&mut call)?,
            Handler::Rows(rows) => search::search(&mut call, rows)?,
            Handler::OnRecords(resource, verb) => resource.perform(verb, &mut call)?,
            Handler::Sample => sample(&mut call)?,
        };
        if let (Outcome::Data(data), true) = (&mut outcome, self.options.display_dates) {
            dates::show(data);
        }
        Ok(finish(operation, outcome))
    }
}

/// The response of an operation with this outcome.
fn finish(operation: &Operation, outcome: Outcome) -> Response<Bytes> {
    let status = StatusCode::from_u16(operation.status).unwrap_or_default();
    match outcome {
        Outcome::Data(data) if inside("envelope", &operation.response).is_some() => {
            json_response(status, &envelope(data, "SUCCESS", "Success", &[]))
        }
        Outcome::Data(_) if operation.response == "none" => Response::new(Bytes::new()),
        Outcome::Data(data) => json_response(status, &data),
        Outcome::Failed(message) => {
            json_response(status, &envelope(Value::Null, "FAILED", message, &[]))
        }
        Outcome::File(mut file) => {
            *file.status_mut() = status;
            file
        }
    }
}
