//! Responses and refusals as the service words them.
//!
//! Source: the server's source for words and statuses, where no line says otherwise.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, HeaderValue, LOCATION, RETRY_AFTER};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Value, json};

use super::language::Language;
use crate::common::service::{not_played, response};

/// A JSON object whose members keep the order in which they were added.
#[derive(Default)]
pub(crate) struct Object(Vec<(&'static str, Member)>);

impl Object {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Member>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    pub(crate) fn with_list(mut self, name: &'static str, objects: Vec<Object>) -> Self {
        self.0.push((name, Member::Objects(objects)));
        self
    }
}

/// What an object holds.
#[derive(serde::Serialize)]
#[serde(untagged)]
pub(crate) enum Member {
    Value(Value),
    Object(Object),
    Objects(Vec<Object>),
}

impl<T: Into<Value>> From<T> for Member {
    fn from(value: T) -> Self {
        Self::Value(value.into())
    }
}

impl From<Object> for Member {
    fn from(object: Object) -> Self {
        Self::Object(object)
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A time as the service writes it: UTC with milliseconds.
pub(crate) fn time(time: Timestamp) -> String {
    format!("{time:.3}")
}

/// What is wrong with a record, by its fields.
#[derive(Clone, Debug, Default)]
pub(crate) struct Errors(Vec<(&'static str, Vec<Cow<'static, str>>)>);

impl Errors {
    pub(crate) fn add(&mut self, field: &'static str, message: impl Into<Cow<'static, str>>) {
        let message = message.into();
        match self.0.iter_mut().find(|(name, _)| *name == field) {
            // Active Record says nothing twice.
            Some((_, messages)) if messages.contains(&message) => {}
            Some((_, messages)) => messages.push(message),
            None => self.0.push((field, vec![message])),
        }
    }

    /// Refuses if there is anything wrong.
    pub(crate) fn check(self) -> Result<(), Refusal> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Refusal::Invalid(self))
        }
    }
}

/// The server's own words for a blank and for an unknown value (measured on 2.11.4).
pub(crate) const BLANK: &str = "cannot be left blank";
pub(crate) const NOT_AN_OPTION: &str = "is not within the available options";

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    /// No token where one is needed, or one that is wrong.
    Unauthorized,
    /// Files, but no token.
    NotSignedIn,
    /// The token of somebody who has not confirmed their address.
    Unconfirmed,
    WrongPassphrase,
    NotDeletable,
    NoSecondFactor,
    NotOwner,
    NotFound,
    /// No such operation; also the body of whatever goes wrong outside the application.
    Status(StatusCode),
    /// The object that holds all else.
    Missing(&'static str),
    Page,
    Invalid(Errors),
    TooManyPassphrases,
    TooManyMails,
    /// Seconds to wait.
    Throttled(u64),
    /// Where the first user is made.
    FirstRun(String),
    /// Where the same is by TLS, and whether it was to be read.
    ForcedTls(String, bool),
    /// A host that is not served.
    BlockedHost,
    /// What the real service has there, and this one does not.
    NotPlayed(&'static str),
}

/// What an operation comes to.
pub(crate) type Outcome = Result<Response<Bytes>, Refusal>;

impl Refusal {
    /// Whoever does not ask for JSON gets a page where the response is not the application's own.
    pub(crate) fn into_response(self, wants_json: bool, language: Language) -> Response<Bytes> {
        use StatusCode as S;
        let say = |status, english| error(status, &language.say(Cow::Borrowed(english)));
        match self {
            // Measured on 2.11.4, whatever is accepted.
            Self::Unauthorized => uncached(response(S::UNAUTHORIZED, "text/html", Bytes::new())),
            Self::Unconfirmed => say(
                S::UNAUTHORIZED,
                "You have to confirm your email address before continuing.",
            ),
            Self::NotSignedIn => say(
                S::UNAUTHORIZED,
                "You need to sign in or sign up before continuing.",
            ),
            Self::WrongPassphrase => {
                let object = Object::default()
                    .with("error", "That passphrase is incorrect.")
                    .with(
                        "message",
                        "This push requires a passphrase. Please provide it using the \
                         'passphrase' parameter (e.g. ?passphrase=mysecret)",
                    )
                    .with("status", "unauthorized");
                json_response(S::UNAUTHORIZED, &object)
            }
            Self::NotDeletable => say(S::UNAUTHORIZED, "That push is not deletable by viewers."),
            Self::NoSecondFactor => say(
                S::FORBIDDEN,
                "Two-factor authentication is required. Please set it up to continue.",
            ),
            Self::NotOwner => say(S::FORBIDDEN, "That push doesn't belong to you."),
            Self::NotFound => error(S::NOT_FOUND, "not-found"),
            Self::Status(status) => status_response(status, wants_json),
            Self::Missing(name) => error(
                S::BAD_REQUEST,
                &format!("param is missing or the value is empty or invalid: {name}"),
            ),
            Self::Page => error(S::BAD_REQUEST, "Invalid page parameter"),
            Self::Invalid(Errors(errors)) => {
                let fields = errors.into_iter().map(|(name, texts)| {
                    let texts = texts.into_iter().map(|text| language.say(text));
                    (name, Member::Value(texts.collect()))
                });
                json_response(S::UNPROCESSABLE_ENTITY, &Object(fields.collect()))
            }
            Self::TooManyPassphrases => say(
                S::TOO_MANY_REQUESTS,
                "Too many passphrase attempts. Please try again in a minute.",
            ),
            Self::TooManyMails => say(
                S::TOO_MANY_REQUESTS,
                "Too many email notification requests. Please try again in a minute.",
            ),
            Self::Throttled(seconds) => {
                let mut response = throttled();
                let seconds = HeaderValue::from(seconds);
                response.headers_mut().insert(RETRY_AFTER, seconds);
                response
            }
            Self::FirstRun(url) => uncached(redirect(&url)),
            // `ActionDispatch::SSL` with the defaults of Rails 8.
            Self::ForcedTls(url, is_read) => {
                let mut response = redirect(&url);
                *response.status_mut() = match is_read {
                    true => S::MOVED_PERMANENTLY,
                    false => S::PERMANENT_REDIRECT,
                };
                response
            }
            // `ActionDispatch::HostAuthorization` in production.
            Self::BlockedHost => response(S::FORBIDDEN, "text/html; charset=utf-8", Bytes::new()),
            Self::NotPlayed(what) => not_played(what),
        }
    }
}

/// How long what succeeded may be kept.
pub(crate) const REVALIDATE: HeaderValue =
    HeaderValue::from_static("max-age=0, private, must-revalidate");

/// What the application says itself. Rails lets nobody keep it, and Rack, which gives what succeeds an `ETag`, says so
/// in more words (`Rack::ETag`).
pub(crate) fn json_response(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    let mut response = uncached(plain_json(status, value));
    if status.is_success() {
        response.headers_mut().insert(CACHE_CONTROL, REVALIDATE);
    }
    response
}

/// What nobody may keep.
pub(crate) fn uncached(mut response: Response<Bytes>) -> Response<Bytes> {
    let cache = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, cache);
    response
}

fn plain_json(status: StatusCode, value: &impl Serialize) -> Response<Bytes> {
    let mut body = serde_json::to_string(value).unwrap_or_default();
    // Rails escapes what could end a script (`escape_html_entities_in_json`).
    for char in ['&', '<', '>', '\u{2028}', '\u{2029}'] {
        if body.contains(char) {
            body = body.replace(char, &format!("\\u{:04x}", u32::from(char)));
        }
    }
    response(status, "application/json; charset=utf-8", body)
}

pub(crate) fn ok(value: &impl Serialize) -> Response<Bytes> {
    json_response(StatusCode::OK, value)
}

fn error(status: StatusCode, text: &str) -> Response<Bytes> {
    json_response(status, &json!({ "error": text }))
}

pub(crate) fn throttled() -> Response<Bytes> {
    let status = StatusCode::TOO_MANY_REQUESTS;
    uncached(response(status, "text/plain", "Retry later\n"))
}

/// A status as what is around the application says it.
pub(crate) fn status_response(status: StatusCode, wants_json: bool) -> Response<Bytes> {
    let text = status.canonical_reason().unwrap_or("Unknown");
    if wants_json {
        let object = Object::default()
            .with("status", status.as_u16())
            .with("error", text);
        return plain_json(status, &object);
    }
    let page = format!(
        "<!DOCTYPE html>\n<title>{text} ({})</title>\n",
        status.as_u16()
    );
    response(status, "text/html; charset=utf-8", page)
}

pub(crate) fn redirect(url: &str) -> Response<Bytes> {
    let mut response = response(StatusCode::FOUND, "text/html; charset=utf-8", Bytes::new());
    if let Ok(url) = HeaderValue::from_str(url) {
        response.headers_mut().insert(LOCATION, url);
    }
    response
}
