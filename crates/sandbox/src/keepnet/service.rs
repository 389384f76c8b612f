//! From a request to its response.

use bytes::Bytes;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue, USER_AGENT};
use http::request::Parts;
use http::{Response, StatusCode};
use serde_json::Value;

use super::dates;
use super::features::handler::Handler;
use super::features::operations::CREATED;
use super::features::sample::sample;
use super::http::auth;
use super::http::call::{Call, Params};
use super::http::request::{content_type, read};
use super::http::response::{self, Outcome, Refusal};
use super::lists::search;
use super::options::KeepnetOptions;
use super::records::secrets::{HIDDEN, hide_secrets, is_secret};
use super::records::store::Store;
use super::routes::{self, Route};
use super::seed;
use super::shapes::Type;
use super::state::{Inner, State};
use crate::common::query;
use crate::common::service::{Service, Setup, header};

pub(crate) const TOKEN_PATH: &str = "/connect/token";

/// Operations that refuse with problem details. Source: the published description.
pub(crate) const PROBLEM_DETAILS: [&str; 5] = [
    "/api/gamificationreport/badges/{targetUserResourceId}",
    "/api/gamificationreport/calculate-badges",
    "/api/gamificationreport/learning/{targetUserResourceId}",
    "/api/gamificationreport/phishing-result/{targetUserResourceId}",
    "/api/gamificationreport/user-info/{targetUserResourceId}",
];

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
        let found = routes::find(&parts.method, parts.uri.path());
        let (route, params) = match found {
            Ok(found) => found,
            Err(refusal) => return refusal.into_response(),
        };
        if route.operation.path == TOKEN_PATH {
            return auth::token(self, parts, body);
        }
        let performed = self.perform(route, params, parts, body);
        let in_problems = PROBLEM_DETAILS.contains(&route.operation.path.as_str());
        performed.unwrap_or_else(|refusal| match in_problems {
            true => refusal.into_problem(),
            false => refusal.into_response(),
        })
    }

    fn failure(&self, status: StatusCode) -> Response<Bytes> {
        response::failure(status)
    }

    fn title(&self, credential: &HeaderValue) -> Option<String> {
        let token = auth::bearer(credential.to_str().unwrap_or_default());
        let name = token.and_then(|token| self.token_name(token));
        Some(name.unwrap_or_else(|| "[unknown credential]".to_owned()))
    }

    fn redact_body(&self, parts: &Parts, body: &Bytes) -> Bytes {
        let content_type = content_type(parts).to_ascii_lowercase();
        if content_type.starts_with("multipart/") {
            return body.clone();
        }
        if let Ok(mut value) = serde_json::from_slice::<Value>(body) {
            return match hide_secrets(&mut value) {
                true => Bytes::from(value.to_string()),
                false => body.clone(),
            };
        }
        let Ok(text) = std::str::from_utf8(body) else {
            return body.clone();
        };
        if content_type.contains("json") && is_secret(text) {
            // It cannot be parsed, so it is unknown which part is secret.
            return Bytes::from_static(HIDDEN.as_bytes());
        }
        Bytes::from(hide_pairs(text))
    }

    fn redact_query(&self, query: &str) -> String {
        hide_pairs(query)
    }
}

/// A form or a query without the values of secrets.
fn hide_pairs(text: &str) -> String {
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(&query::segment(name)) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    });
    pairs.collect::<Vec<_>>().join("&")
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
        auth::authorise(&grant, operation)?;
        auth::privacy(self, inner, &grant, &company)?;
        let content_type = content_type(parts);
        let body = read(&content_type, raw)?;
        seed::ready(self, inner, &company);
        let mut call = Call {
            state: self,
            inner,
            operation,
            grant,
            company,
            params,
            body,
            raw: raw.clone(),
            content_type,
            agent: header(&parts.headers, USER_AGENT).to_owned(),
        };
        let outcome = match route.handler {
            Handler::Do(act) => act(&mut call)?,
            Handler::Rows(rows) => search::search(&mut call, rows)?,
            Handler::OnRecords(resource, verb) => resource.perform(verb, &mut call)?,
            Handler::Sample => sample(&mut call)?,
        };
        let outcome = match outcome {
            Outcome::Data(mut data) if self.options.display_dates => {
                dates::show(&mut data);
                Outcome::Data(data)
            }
            outcome => outcome,
        };
        Ok(match outcome {
            Outcome::Data(data) if matches!(operation.response, Type::Envelope(_)) => {
                let created = *operation.method.as_str() == *"POST"
                    && CREATED.contains(&operation.path.as_str());
                let status = if created {
                    StatusCode::CREATED
                } else {
                    StatusCode::OK
                };
                response::success(status, data)
            }
            Outcome::Data(_) if operation.response == Type::Nothing => {
                response::empty(StatusCode::OK)
            }
            Outcome::Data(data) => response::json_response(StatusCode::OK, &data),
            Outcome::Failed(message) => response::failed(message),
            Outcome::File {
                content_type,
                name,
                bytes,
            } => response::file(content_type, &name, bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_forms_and_queries_are_hidden_however_they_are_written() {
        let hidden = "a=1&client_secret=[hidden]&zipPassword=[hidden]&new%50assword=[hidden]";
        let sent = "a=1&client_secret=x&zipPassword=y&new%50assword=z";
        assert_eq!(hide_pairs(sent), hidden);
    }
}
