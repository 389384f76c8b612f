//! What a response has to say for a change to count as made.

use http::{HeaderMap, StatusCode};
use security_api_transport::__private::{is_failure_status, reports_error};
use security_api_transport::{ApiError, Error, Operation, Outcome, Response, Secret, model};
use serde::Deserialize;
use serde_json::Value;

use crate::operations::PUSHES_EXPIRE;

/// Whether the response to expiring a push or closing a request confirms it: it is about the one with the token
/// `asked`, and says that it is over.
pub(crate) fn is_gone(undo: &Operation, asked: &Secret, state: &Value) -> bool {
    !is_of_another(asked, state) && says_gone(undo, state)
}

/// Whether what the service returned for a response to a request confirms that the response is kept: it is about the
/// request with the token `asked`, and says that this has a response.
pub(crate) fn is_ready(asked: &Secret, state: &Value) -> bool {
    !is_of_another(asked, state) && says_ready(state)
}

/// Whether the service says that a request has a response: that its state is `ready`.
///
/// The names of the states are known only from the service's routes. So a state of any other name, or none, means the
/// same if the token of a request is given.
pub(crate) fn says_ready(state: &Value) -> bool {
    let life = Life::of(state);
    let is_ready = match life.state.as_deref() {
        Some("ready") => true,
        Some("open") => false,
        _ => !reports_failure(state) && token(state).is_some(),
    };
    is_ready && !life.is_over()
}

/// Whether the response is about something else than the push or request with the token `asked`.
fn is_of_another(asked: &Secret, state: &Value) -> bool {
    match state.get("url_token") {
        None | Some(Value::Null) => false,
        // The service's own tokens are in lower case, and some databases find them in any.
        Some(_) => {
            token(state).is_none_or(|token| !token.expose().eq_ignore_ascii_case(asked.expose()))
        }
    }
}

model! {
    /// What a response says of the life of a push or request, with the values read as in the records.
    #[derive(Default)]
    struct Life: Received {
        closed: Option<bool> = "closed",
        deleted: Option<bool> = "deleted",
        expired: Option<bool> = "expired",
        state: Option<String> = "state",
    }
}

impl Life {
    /// Nothing if the response is no object, or reports a failure.
    fn of(state: &Value) -> Self {
        match state.is_object() && !reports_failure(state) {
            true => Self::deserialize(state).unwrap_or_default(),
            false => Self::default(),
        }
    }

    /// Whether anything says that it is expired or closed.
    fn is_over(&self) -> bool {
        self.state.as_deref() == Some("closed")
            || [self.closed, self.deleted, self.expired].contains(&Some(true))
    }
}

/// Whether the response to creating something has any sign that it is expired or closed.
pub(crate) fn is_over(state: &Value) -> bool {
    Life::of(state).is_over()
}

/// Whether the response says that something is expired or closed. Pushes have `expired` and `deleted`, requests have
/// `state`.
pub(crate) fn says_gone(undo: &Operation, state: &Value) -> bool {
    let life = Life::of(state);
    match undo.id() == PUSHES_EXPIRE.id() {
        true => life.expired == Some(true) || life.deleted == Some(true),
        false => life.state.as_deref() == Some("closed") && life.closed != Some(false),
    }
}

/// Whether the response to a call that succeeded by its status reports a failure, as gateways and proxies do.
pub(crate) fn reports_failure(response: &Value) -> bool {
    let denies = |name: &str| match response.get(name) {
        Some(Value::Bool(said)) => !said,
        Some(Value::String(text)) => text == "false",
        Some(Value::Number(number)) => number.as_i64() == Some(0),
        _ => false,
    };
    let says = |name: &str, tells: fn(&Value) -> bool| response.get(name).is_some_and(tells);
    says("status", is_failure_status)
        || says("error", reports_error)
        || says("errors", reports_error)
        || ["success", "ok"].into_iter().any(denies)
}

/// The facts about a call whose response, a success by its status, does not confirm what was asked.
pub(crate) struct Unconfirmed {
    pub(crate) operation: &'static Operation,
    pub(crate) status: StatusCode,
    pub(crate) request_id: Option<String>,
    pub(crate) attempts: u32,
}

impl Unconfirmed {
    pub(crate) fn of<T>(operation: &'static Operation, response: &Response<T>) -> Self {
        Self {
            operation,
            status: response.status(),
            request_id: response.request_id().map(str::to_owned),
            attempts: response.attempts(),
        }
    }

    /// The error of the call. It does not keep the body, which may contain a secret.
    pub(crate) fn error(self, api: ApiError, outcome: Outcome) -> Error {
        let nothing = bytes::Bytes::new();
        Error::from_response(self.status, HeaderMap::new(), self.request_id, nothing, api)
            .with_operation(self.operation)
            .with_attempts(self.attempts)
            .with_outcome(outcome)
    }
}

pub(crate) fn token(record: &Value) -> Option<Secret> {
    match record.get("url_token")? {
        Value::String(token) if !token.is_empty() => Some(Secret::from(token.as_str())),
        Value::Number(token) => Some(Secret::from(token.to_string())),
        _ => None,
    }
}
