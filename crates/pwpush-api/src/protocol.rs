//! How responses are read: by status and form, and by texts only where they are asked for in English or the same in all
//! languages. Proxies and gateways refuse calls as well, so a reason needs a sign that the service itself refuses.

use std::collections::BTreeMap;

use http::header::{LOCATION, RETRY_AFTER};
use security_api_transport::{
    ApiError, Error, Operation, Protocol, ResponseParts, ValidationMessages, Verdict, one_line,
};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::files;
use crate::operations as op;
use crate::reason::Reason;
use crate::token;

/// How the service's responses are read.
#[derive(Debug)]
pub(crate) struct PasswordPusher {
    /// Whether a token is sent.
    has_token: bool,
}

impl PasswordPusher {
    pub(crate) fn new(has_token: bool) -> Self {
        Self { has_token }
    }
}

/// An error response that is an object with a text.
#[derive(Deserialize)]
struct Failure {
    /// A text, as far as is known.
    error: Option<Value>,
    message: Option<Value>,
    /// A number if the framework responds, a word if the passphrase is refused.
    status: Option<Value>,
}

impl Failure {
    fn of(response: &ResponseParts<'_>) -> Option<Self> {
        // An array would be decoded as the members in their order.
        let is_object = response.body.trim_ascii_start().starts_with(b"{");
        serde_json::from_slice(response.body)
            .ok()
            .filter(|_| is_object)
    }

    fn text(&self) -> Option<&str> {
        self.error.as_ref().and_then(Value::as_str)
    }

    /// Whether the framework responded, not the application: there is no such path.
    fn is_of_framework(&self) -> bool {
        matches!(self.status, Some(Value::Number(_)))
    }

    /// The message that comes with this form is not translated.
    fn is_about_passphrase(&self) -> bool {
        let message = self.message.as_ref().and_then(Value::as_str);
        matches!(self.status, Some(Value::String(_)))
            && message.is_some_and(|message| message.contains("passphrase"))
    }
}

impl Protocol for PasswordPusher {
    fn prepare(
        &self,
        operation: &'static Operation,
        values: &[&str],
    ) -> Result<&'static [(&'static str, &'static str)], Error> {
        // A path segment that is not a token leads to another path, whose refusal would be misread.
        if let [token, ..] = values {
            token::check(token)?;
        }
        Ok(match needs_english(operation.id()) {
            true => &[("locale", "en")],
            false => &[],
        })
    }

    fn classify(&self, response: &ResponseParts<'_>) -> Verdict {
        match response.status.as_u16() {
            // A 401 for a missing or wrong credential has no body. Any other is about the push, and renewing the
            // credential would not help.
            401 if !response.body.trim_ascii().is_empty() => Verdict::Final,
            429 if lock(response).is_some() => Verdict::Final,
            _ => Verdict::by_status(response),
        }
    }

    fn api_error(&self, response: &ResponseParts<'_>) -> ApiError {
        let failure = Failure::of(response);
        let reason = self.reason(response, failure.as_ref());
        let message = failure.as_ref().and_then(Failure::text);
        let hint = reason.as_ref().and_then(Reason::hint);
        let hint = hint.or_else(|| without_reason(response, message));
        let mut error = ApiError::new();
        if let Some(text) = message {
            error = error.with_message(text);
        }
        if let Some(hint) = hint {
            error = error.with_hint(hint);
        }
        if response.status == http::StatusCode::UNPROCESSABLE_ENTITY {
            error = error.with_validation(validation(response.body));
        }
        match reason {
            Some(reason) => error.with_reason(reason),
            None => error,
        }
    }
}

/// Operations that only the owner may call.
fn is_owners(id: &str) -> bool {
    [
        op::PUSHES_AUDIT.id(),
        op::PUSHES_NOTIFY.id(),
        op::REQUESTS_AUDIT.id(),
        op::REQUESTS_CLOSE.id(),
    ]
    .contains(&id)
}

/// Operations whose refusals differ only in their texts, which therefore have to be English. The server prefers the
/// user's language to that of the request's headers, and the query to both.
fn needs_english(id: &str) -> bool {
    is_owners(id) || id == op::PUSHES_EXPIRE.id()
}

/// How the server's English text begins when it demands a second factor.
const MFA: &str = "Two-factor";
/// Part of the English text for a caller that is not the owner, with the same status.
const NOT_OWNER: &str = "belong";
/// Part of the text for a page that is refused, which is not translated.
const PAGE: &str = "page";
/// Part of the English text for a push that the caller may not expire. The other texts with this status are about the
/// user.
const NOT_DELETABLE: &str = "deletable";

impl PasswordPusher {
    fn reason(&self, response: &ResponseParts<'_>, failure: Option<&Failure>) -> Option<Reason> {
        let id = response.operation.id();
        let text = failure.and_then(Failure::text);
        Some(match response.status.as_u16() {
            300..=399 => return redirect(response),
            _ if files::refuses_link(response.operation, response.status) => Reason::LinkExpired,
            400 if response.operation.is_paged() && text?.contains(PAGE) => Reason::InvalidPage,
            401 if response.body.trim_ascii().is_empty() => match self.has_token {
                true => Reason::TokenRefused,
                false => Reason::TokenNeeded,
            },
            401 => match text? {
                _ if failure?.is_about_passphrase() => Reason::PassphraseRefused,
                text if id == op::PUSHES_EXPIRE.id() && text.contains(NOT_DELETABLE) => {
                    Reason::NotDeletable
                }
                // Otherwise the body would be empty.
                _ if self.has_token => Reason::UserInactive,
                _ if id == op::PUSHES_CREATE.id() => Reason::TokenNeededForFiles,
                _ => Reason::TokenNeeded,
            },
            403 => match text? {
                text if text.starts_with(MFA) => Reason::MfaRequired,
                text if is_owners(id) && text.contains(NOT_OWNER) => Reason::NotOwner,
                _ => return None,
            },
            404 => return missing(response.operation, failure),
            429 => return lock(response),
            _ => return None,
        })
    }
}

/// Whether the operation takes the passphrase of a push or request.
fn takes_passphrase(id: &str) -> bool {
    [
        op::PUSHES_SHOW.id(),
        op::REQUESTS_SHOW.id(),
        op::REQUESTS_RESPOND.id(),
    ]
    .contains(&id)
}

/// The lock on one object, or on one user's mail, if a 429 means that: it is JSON with a text and has no
/// `Retry-After`.
fn lock(response: &ResponseParts<'_>) -> Option<Reason> {
    let reason = match response.operation.id() {
        id if takes_passphrase(id) => Reason::PassphraseLocked,
        id if id == op::PUSHES_NOTIFY.id() => Reason::NotifyLocked,
        _ => return None,
    };
    let failure = Failure::of(response).filter(|_| !response.headers.contains_key(RETRY_AFTER));
    failure?.text().map(|_| reason)
}

/// What is missing: the object, the operation, or the API. `None` for a path that the user chose.
fn missing(operation: &Operation, failure: Option<&Failure>) -> Option<Reason> {
    let is_known = op::ALL.iter().any(|known| known.id() == operation.id());
    let is_about_one_object = operation.path().contains('{');
    let of_application =
        failure.is_some_and(|failure| failure.text().is_some() && !failure.is_of_framework());
    is_known.then(|| match operation.is_edition_specific() {
        _ if is_about_one_object && of_application => Reason::NotFound,
        true => Reason::NotInThisEdition,
        false => Reason::NoApiV2,
    })
}

fn redirect(response: &ResponseParts<'_>) -> Option<Reason> {
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    let path = location.split(['?', '#']).next()?;
    if path.trim_end_matches('/').ends_with("/first_run") {
        return Some(Reason::FirstRun);
    }
    if response.redirects_to_tls() {
        return Some(Reason::TlsForced);
    }
    let rest = match location.strip_prefix("//") {
        Some(rest) => rest,
        None => location.split_once("://")?.1,
    };
    let host = rest.split(['/', '?', '#', '\\']).next()?;
    // No host name is longer.
    let host = one_line(host.rsplit('@').next()?, 260);
    matches!(response.status.as_u16(), 301 | 308).then_some(Reason::Moved { host })
}

/// What the user can do about a 429 that is no lock on one object.
pub(crate) const RATE_LIMITED: &str = "this address sends more than the instance allows: share one client or limiter, or ask its administrator";

/// A hint for refusals whose status says what they are about.
fn without_reason(response: &ResponseParts<'_>, message: Option<&str>) -> Option<&'static str> {
    match response.status.as_u16() {
        // One that the application explains has a reason.
        401 => Some(
            "the application itself gave no reason: a proxy in front of it may need credentials of its own",
        ),
        403 if message.is_none() => Some(
            "the application itself gave no reason: the instance may not allow this host name, or a proxy refuses",
        ),
        429 => Some(RATE_LIMITED),
        _ => None,
    }
}

/// The messages of each member with its name; messages about the whole request have no name.
fn validation(body: &[u8]) -> Vec<String> {
    let fields: BTreeMap<String, &RawValue> = serde_json::from_slice(body).unwrap_or_default();
    let mut messages = ValidationMessages::new();
    for (field, value) in fields {
        let member = match field.as_str() {
            "base" | "error" => "",
            field => field,
        };
        messages.read_json(member, value.get().as_bytes());
    }
    messages.into_vec()
}

#[cfg(test)]
mod tests;
