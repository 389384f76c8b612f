//! Responses and refusals in the service's form.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::common::service::{not_played, response};

/// The result of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Data for the envelope.
    Data(Value),
    /// A 200 whose envelope has the state `FAILED`. Source: the vendor's front end.
    Failed(&'static str),
    File(Response<Bytes>),
}

impl Outcome {
    /// A file to download.
    pub(crate) fn file(name: &str, content: impl Into<Bytes>) -> Self {
        let content_type = match name.ends_with(".csv") {
            true => "text/csv; charset=utf-8",
            false => "application/octet-stream",
        };
        let mut response = response(StatusCode::OK, content_type, content);
        if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
            response.headers_mut().insert(CONTENT_DISPOSITION, value);
        }
        Self::File(response)
    }
}

/// The reason why a request is refused. The statuses are documented or known from the vendor's front end. Most messages
/// are inferred.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    /// The state in the envelope.
    state: &'static str,
    /// The first message is that of the envelope.
    messages: Vec<String>,
}

impl Refusal {
    fn new(status: StatusCode, state: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            state,
            messages: vec![message.into()],
        }
    }

    /// The request has no valid token.
    pub(crate) fn unauthorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "FAILED", "Unauthorized")
    }

    /// The client may not do this.
    pub(crate) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FAILED", message)
    }

    /// The client may not be used from this address.
    pub(crate) fn ip_restricted() -> Self {
        let message = "This address is not allowed";
        Self::new(StatusCode::FORBIDDEN, "IP_RESTRICTED", message)
    }

    pub(crate) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "FAILED", message)
    }

    /// The request has a fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "INPUT_ERROR", message)
    }

    /// The request has faults, with one message for each.
    pub(crate) fn inputs(messages: Vec<String>) -> Self {
        Self {
            messages,
            ..Self::input("")
        }
    }

    /// The service itself fails at the request.
    pub(crate) fn internal() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::new(status, "INTERNAL_SERVER_ERROR", "An error occurred")
    }

    /// The service does this, and the sandbox does not.
    pub(crate) fn not_played(what: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_IMPLEMENTED, "", what)
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let message = self.messages.first().map_or("", String::as_str);
        if self.status == StatusCode::NOT_IMPLEMENTED {
            return not_played(message);
        }
        let faults = match self.status {
            StatusCode::BAD_REQUEST => self.messages.as_slice(),
            _ => &[],
        };
        let body = envelope(Value::Null, self.state, message, faults);
        let mut response = json_response(self.status, &body);
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

/// The response with a status that the service did not choose itself.
pub(crate) fn failure(status: StatusCode) -> Response<Bytes> {
    let state = match status {
        status if status.is_success() => "SUCCESS",
        StatusCode::BAD_REQUEST => "INPUT_ERROR",
        status if status.is_server_error() => "INTERNAL_SERVER_ERROR",
        _ => "FAILED",
    };
    let message = status.canonical_reason().unwrap_or("Unknown");
    json_response(status, &envelope(Value::Null, state, message, &[]))
}

/// Source: the published description and the vendor's front end.
pub(crate) fn envelope(data: Value, state: &str, message: &str, validation: &[String]) -> Value {
    json!({
        "data": data,
        "message": message,
        "status": state,
        "validationMessages": validation,
    })
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    response(status, "application/json; charset=utf-8", body.to_string())
}
