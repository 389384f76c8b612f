//! Responses and refusals as the service words them.
//!
//! Source: the server's source for words and statuses, where no line says otherwise.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::language::Language;
use crate::common::service::{not_played, response};

/// A time as the service writes it: UTC with milliseconds.
pub(crate) fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// Error messages by the fields of a record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<(&'static str, Vec<Cow<'static, str>>)>);

impl Errors {
    pub(crate) fn add(&mut self, field: &'static str, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        match self.0.iter_mut().find(|(name, _)| *name == field) {
            // Active Record does not repeat a message.
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
            None => self.0.push((field, vec![message])),
        }
    }

    pub(crate) fn check_files(&mut self, count: usize, most: usize) {
        if count > most {
            let message = format!("You can only attach up to {most} files per push.");
            self.add("files", message);
        }
    }

    /// Refuses the request if there is an error.
    pub(crate) fn check(self) -> Result<(), Refusal> {
        match self.0.is_empty() {
            true => Ok(()),
            false => Err(Refusal::Invalid(self)),
        }
    }
}

/// The server's messages for a blank and for an unknown value (measured on 2.11.4).
pub(crate) const BLANK: &str = "cannot be left blank";
pub(crate) const NOT_AN_OPTION: &str = "is not within the available options";

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// With the application's own words.
    Said(StatusCode, &'static str),
    /// No token where one is needed, or a wrong one.
    Unauthorized,
    /// The user has not confirmed the address.
    Unconfirmed,
    WrongPassphrase,
    /// No such operation; also the response to failures outside of the application.
    Status(StatusCode),
    /// The object with that name, which holds all other parameters.
    Missing(&'static str),
    Invalid(Errors),
    /// The URL at which the first user is created.
    FirstRun(String),
    /// The same URL with TLS, and whether the request only reads.
    ForcedTls(String, bool),
    /// The host is not served.
    BlockedHost,
    /// The real service has this, and the sandbox does not.
    NotPlayed(Cow<'static, str>),
}

impl Refusal {
    /// Files, but no token.
    pub(crate) const NOT_SIGNED_IN: Self = Self::Said(
        StatusCode::UNAUTHORIZED,
        "You need to sign in or sign up before continuing.",
    );
    pub(crate) const NOT_DELETABLE: Self = Self::Said(
        StatusCode::UNAUTHORIZED,
        "That push is not deletable by viewers.",
    );
    pub(crate) const NO_SECOND_FACTOR: Self = Self::Said(
        StatusCode::FORBIDDEN,
        "Two-factor authentication is required. Please set it up to continue.",
    );
    pub(crate) const NOT_OWNER: Self =
        Self::Said(StatusCode::FORBIDDEN, "That push doesn't belong to you.");
    pub(crate) const BROKEN: Self = Self::Status(StatusCode::INTERNAL_SERVER_ERROR);
    pub(crate) const NOT_FOUND: Self = Self::Said(StatusCode::NOT_FOUND, "not-found");
    pub(crate) const PAGE: Self = Self::Said(StatusCode::BAD_REQUEST, "Invalid page parameter");
    pub(crate) const TOO_MANY_PASSPHRASES: Self = Self::Said(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many passphrase attempts. Please try again in a minute.",
    );
    pub(crate) const TOO_MANY_MAILS: Self = Self::Said(
        StatusCode::TOO_MANY_REQUESTS,
        "Too many email notification requests. Please try again in a minute.",
    );
}

/// The result of an operation.
pub(crate) type Outcome = Result<Response<Bytes>, Refusal>;

impl Refusal {
    /// Callers who do not ask for JSON get a page, unless the response is the application's own.
    pub(crate) fn into_response(self, wants_json: bool, language: Language) -> Response<Bytes> {
        use StatusCode as S;
        match self {
            Self::Said(status, english) => error(status, &language.say(Cow::Borrowed(english))),
            // Empty whatever the caller accepts (measured on 2.11.4).
            Self::Unauthorized => uncached(response(S::UNAUTHORIZED, "text/html", Bytes::new())),
            Self::Unconfirmed => {
                let english = "You have to confirm your email address before continuing.";
                error(S::UNAUTHORIZED, &language.say(Cow::Borrowed(english)))
            }
            Self::WrongPassphrase => {
                let object = json!({
                    "error": "That passphrase is incorrect.",
                    "message": "This push requires a passphrase. Please provide it using the \
                        'passphrase' parameter (e.g. ?passphrase=mysecret)",
                    "status": "unauthorized",
                });
                json_response(S::UNAUTHORIZED, &object)
            }
            Self::Status(status) => status_response(status, wants_json),
            Self::Missing(name) => error(
                S::BAD_REQUEST,
                &format!("param is missing or the value is empty or invalid: {name}"),
            ),
            Self::Invalid(Errors(errors)) => {
                let fields = errors.into_iter().map(|(name, texts)| {
                    let texts = texts.into_iter().map(|text| language.say(text));
                    (name.to_owned(), texts.collect())
                });
                json_response(S::UNPROCESSABLE_ENTITY, &Value::Object(fields.collect()))
            }
            Self::FirstRun(url) => uncached(redirect(S::FOUND, &url)),
            // `ActionDispatch::SSL` with the defaults of Rails 8.
            Self::ForcedTls(url, true) => redirect(S::MOVED_PERMANENTLY, &url),
            Self::ForcedTls(url, false) => redirect(S::PERMANENT_REDIRECT, &url),
            // `ActionDispatch::HostAuthorization` in production.
            Self::BlockedHost => response(S::FORBIDDEN, "text/html; charset=utf-8", Bytes::new()),
            Self::NotPlayed(what) => not_played(&what),
        }
    }
}

/// How long a successful response may be cached.
pub(crate) const REVALIDATE: HeaderValue =
    HeaderValue::from_static("max-age=0, private, must-revalidate");

/// A response of the application itself. Rails forbids to cache it. Rack replaces the header of successful responses,
/// which have an `ETag` (`Rack::ETag`).
pub(crate) fn json_response(status: StatusCode, value: &Value) -> Response<Bytes> {
    let mut response = uncached(plain_json(status, value));
    if status.is_success() {
        response.headers_mut().insert(CACHE_CONTROL, REVALIDATE);
    }
    response
}

/// A response that may not be cached.
pub(crate) fn uncached(mut response: Response<Bytes>) -> Response<Bytes> {
    let cache = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, cache);
    response
}

fn plain_json(status: StatusCode, value: &Value) -> Response<Bytes> {
    let mut body = value.to_string();
    // Rails escapes what could end a script (`escape_html_entities_in_json`).
    for char in ['&', '<', '>', '\u{2028}', '\u{2029}'] {
        if body.contains(char) {
            body = body.replace(char, &format!("\\u{:04x}", u32::from(char)));
        }
    }
    response(status, "application/json; charset=utf-8", body)
}

pub(crate) fn ok(value: &Value) -> Response<Bytes> {
    json_response(StatusCode::OK, value)
}

fn error(status: StatusCode, text: &str) -> Response<Bytes> {
    json_response(status, &json!({ "error": text }))
}

/// The response of the throttle in front of the application (rack-attack).
pub(crate) fn throttled() -> Response<Bytes> {
    let status = StatusCode::TOO_MANY_REQUESTS;
    uncached(response(status, "text/plain", "Retry later\n"))
}

/// A response from outside of the application, with that status.
pub(crate) fn status_response(status: StatusCode, wants_json: bool) -> Response<Bytes> {
    let (code, text) = (status.as_u16(), status.canonical_reason());
    let text = text.unwrap_or("Unknown");
    if wants_json {
        return plain_json(status, &json!({ "status": code, "error": text }));
    }
    let page = format!("<!DOCTYPE html>\n<title>{text} ({code})</title>\n");
    response(status, "text/html; charset=utf-8", page)
}

pub(crate) fn redirect(status: StatusCode, url: &str) -> Response<Bytes> {
    let mut response = response(status, "text/html; charset=utf-8", Bytes::new());
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response
}
