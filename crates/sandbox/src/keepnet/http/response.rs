//! Responses and refusals as the service words them.

use bytes::Bytes;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// What an operation came to.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Data, to be put into the envelope.
    Data(Value),
    /// Done with 200, yet the envelope says that it failed. Source: the vendor's front end.
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
    NoSuchPath,
    /// What the service does, and the sandbox does not.
    NotPlayed(&'static str),
}

impl Refusal {
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self::Input(vec![message.into()])
    }

    pub(crate) fn into_response(self) -> Response<Bytes> {
        let refused = |status, token, message: &str| {
            json_response(status, &envelope(Value::Null, token, message, &[]))
        };
        match self {
            Self::Unauthorized => {
                let mut response = refused(StatusCode::UNAUTHORIZED, "FAILED", "Unauthorized");
                response.headers_mut().insert(
                    WWW_AUTHENTICATE,
                    HeaderValue::from_static("Bearer error=\"invalid_token\""),
                );
                response
            }
            Self::Forbidden(message) => refused(StatusCode::FORBIDDEN, "FAILED", message),
            Self::Privacy => refused(
                StatusCode::FORBIDDEN,
                "PRIVACY_ERROR",
                "The company does not share its data at the moment",
            ),
            Self::IpRestricted => refused(
                StatusCode::FORBIDDEN,
                "IP_RESTRICTED",
                "This address is not allowed",
            ),
            Self::NotFound(message) => refused(StatusCode::NOT_FOUND, "FAILED", message),
            Self::Input(messages) => {
                let first = messages.first().map_or("Invalid request", String::as_str);
                json_response(
                    StatusCode::BAD_REQUEST,
                    &envelope(Value::Null, "INPUT_ERROR", first, &messages),
                )
            }
            Self::Internal => refused(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_SERVER_ERROR",
                "An error occurred",
            ),
            Self::MethodNotAllowed => empty(StatusCode::METHOD_NOT_ALLOWED),
            Self::NoSuchPath => empty(StatusCode::NOT_FOUND),
            Self::NotPlayed(what) => {
                let message = format!("The sandbox does not play {what}");
                refused(StatusCode::NOT_IMPLEMENTED, "NOT_PLAYED", &message)
            }
        }
    }
}

/// How the service says a status that is not of its own making.
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
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

pub(crate) fn empty(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}

pub(crate) fn file(content_type: &'static str, name: &str, bytes: Bytes) -> Response<Bytes> {
    let mut response = Response::new(bytes);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::try_from(format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}
