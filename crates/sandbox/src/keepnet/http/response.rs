//! Responses and refusals as the service words them.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::common::service::{not_played, response};

/// What an operation came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Data, to be put into the envelope.
    Data(Value),
    /// A 200 whose envelope has the state `FAILED`. Source: the vendor's front end.
    Failed(&'static str),
    File {
        content_type: &'static str,
        name: String,
        bytes: Bytes,
    },
}

impl Outcome {
    /// A file of comma-separated values.
    pub(crate) fn csv(bytes: Bytes) -> Self {
        Self::File {
            content_type: "text/csv; charset=utf-8",
            name: "export.csv".to_owned(),
            bytes,
        }
    }
}

/// Why a request is refused. The statuses are documented or known from the vendor's front end; most messages are
/// inferred.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No token, or one that is not valid (any more).
    Unauthorized,
    /// What this client may not do, and why.
    Forbidden(&'static str),
    /// The company keeps others out for the time being.
    Privacy,
    /// The client may not be used from this address.
    IpRestricted,
    NotFound(&'static str),
    /// Something is wrong with the request; one message for each thing.
    Input(Vec<String>),
    /// What the service chokes on.
    Internal,
    MethodNotAllowed,
    /// What the service does, and the sandbox does not.
    NotPlayed(&'static str),
    /// A path that the published description lacks.
    UnknownPath(String),
}

impl Refusal {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(vec![message.into()])
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        match &self {
            Self::NotPlayed(what) => return not_played(what),
            Self::UnknownPath(path) => return not_played(path),
            _ => {}
        }
        let (status, token, message) = self.words();
        if matches!(self, Self::MethodNotAllowed) {
            return empty(status);
        }
        let validation = match &self {
            Self::Input(messages) => messages.as_slice(),
            _ => &[],
        };
        let body = envelope(Value::Null, token, &message, validation);
        let mut response = json_response(status, &body);
        if matches!(self, Self::Unauthorized) {
            let challenge = HeaderValue::from_static("Bearer error=\"invalid_token\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// As the few operations say it that declare problem details in the published description.
    pub(crate) fn into_problem(self) -> Response<Bytes> {
        let (status, _, title) = self.words();
        let body = json!({
            "type": format!("https://httpstatuses.io/{}", status.as_u16()),
            "title": title,
            "status": status.as_u16(),
            "detail": null,
            "instance": null,
        });
        let problem = "application/problem+json; charset=utf-8";
        response(status, problem, body.to_string())
    }

    /// The status, its name in the envelope, and the message.
    fn words(&self) -> (StatusCode, &'static str, Cow<'_, str>) {
        let (status, token, message) = match self {
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "FAILED", "Unauthorized"),
            Self::Forbidden(message) => (StatusCode::FORBIDDEN, "FAILED", *message),
            Self::Privacy => (
                StatusCode::FORBIDDEN,
                "PRIVACY_ERROR",
                "The company does not share its data at the moment",
            ),
            Self::IpRestricted => (
                StatusCode::FORBIDDEN,
                "IP_RESTRICTED",
                "This address is not allowed",
            ),
            Self::NotFound(message) => (StatusCode::NOT_FOUND, "FAILED", *message),
            Self::Input(messages) => (
                StatusCode::BAD_REQUEST,
                "INPUT_ERROR",
                messages.first().map_or("Invalid request", String::as_str),
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_SERVER_ERROR",
                "An error occurred",
            ),
            Self::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "", ""),
            Self::NotPlayed(what) => (StatusCode::NOT_IMPLEMENTED, "", *what),
            Self::UnknownPath(path) => (StatusCode::NOT_IMPLEMENTED, "", path.as_str()),
        };
        (status, token, message.into())
    }
}

/// The response that the service gives with a status that it did not choose itself.
pub(crate) fn failure(status: StatusCode) -> Response<Bytes> {
    let token = match status {
        status if status.is_success() => "SUCCESS",
        StatusCode::BAD_REQUEST => "INPUT_ERROR",
        status if status.is_server_error() => "INTERNAL_SERVER_ERROR",
        _ => "FAILED",
    };
    let message = status.canonical_reason().unwrap_or("Unknown");
    json_response(status, &envelope(Value::Null, token, message, &[]))
}

pub(crate) fn success(status: StatusCode, data: Value) -> Response<Bytes> {
    json_response(status, &envelope(data, "SUCCESS", "Success", &[]))
}

pub(crate) fn failed(message: &str) -> Response<Bytes> {
    json_response(
        StatusCode::OK,
        &envelope(Value::Null, "FAILED", message, &[]),
    )
}

/// Source: the published description and the vendor's front end.
pub(crate) fn envelope(data: Value, status: &str, message: &str, validation: &[String]) -> Value {
    json!({
        "data": data,
        "message": message,
        "status": status,
        "validationMessages": validation,
    })
}

pub(crate) fn json_response(status: StatusCode, body: &Value) -> Response<Bytes> {
    response(status, "application/json; charset=utf-8", body.to_string())
}

pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

pub(crate) fn file(content_type: &'static str, name: &str, bytes: Bytes) -> Response<Bytes> {
    let mut response = response(StatusCode::OK, content_type, bytes);
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(CONTENT_DISPOSITION, value);
    }
    response
}
