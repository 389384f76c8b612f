//! Holding the service to what was asked: what would live longer is taken back.

use http::{HeaderMap, StatusCode};
use security_api_transport::{
    ApiError, Client, Error, Operation, Outcome, RawJson, Request, Secret,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::operations::PUSHES_EXPIRE;
use crate::reason::Reason;

/// Sends a request that creates something, and gives what was created if `kept` finds in the answer that the service
/// keeps to what was asked. If it does not, or the answer cannot be read, it is taken back by `undo`.
///
/// # Errors
/// Of the request, or that it was taken back, or that it could not be.
pub(crate) async fn create<T: DeserializeOwned>(
    request: Request,
    kept: impl FnOnce(&Value) -> Result<(), String>,
    undo: &'static Operation,
) -> Result<T, Error> {
    let client = request.client().clone();
    let answer: RawJson = request.call().await.map_err(link_lost)?;
    let value: Value = serde_json::from_str(answer.as_str()).unwrap_or_default();
    let what = match kept(&value) {
        Err(what) => what,
        Ok(()) => match answer.decode() {
            Ok(created) => return Ok(created),
            Err(_) => "the answer cannot be read".to_owned(),
        },
    };
    Err(take_back(&client, undo, &what, &value).await)
}

/// Adds what may exist although the call failed.
fn link_lost(error: Error) -> Error {
    match error.outcome() {
        Outcome::Unknown => error.with_hint("it may have been created, but nobody has its link"),
        _ if error.may_be_executed() => error.with_hint(
            "it was created, but nobody has its link: it lives as long as the instance lets it",
        ),
        _ => error,
    }
}

async fn take_back(
    client: &Client,
    undo: &'static Operation,
    what: &str,
    created: &Value,
) -> Error {
    let Some(token) = token(created) else {
        return created_error(
            format!(
                "{what}, and it could not be expired again, because the answer has no token: the secret is still live"
            ),
            None,
        );
    };
    let undone: Result<Value, Error> = client.operation(undo, &[token.expose()]).call().await;
    match undone {
        Ok(state) if is_gone(undo, &state) => created_error(
            format!("{what}, so it was expired again"),
            Some(Reason::Withdrawn),
        ),
        Ok(_) => still_live(what, token),
        Err(error) => still_live(what, token).with_source(error),
    }
}

/// Whether the answer to expiring or closing says that it was done. Only pushes have `expired` and `deleted`; of a request
/// nothing is known but that it may not be waiting any more.
fn is_gone(undo: &Operation, state: &Value) -> bool {
    let says = |name: &str| match state.get(name) {
        Some(Value::Bool(said)) => *said,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    if undo.id() == PUSHES_EXPIRE.id() {
        says("expired") || says("deleted")
    } else {
        let waits = state.get("state").and_then(Value::as_str);
        state.is_object() && !matches!(waits, Some("open" | "ready"))
    }
}

fn still_live(what: &str, token: Secret) -> Error {
    created_error(
        format!(
            "{what}, and it could not be expired again: the secret is still live; `Reason::StillLive` has its token"
        ),
        Some(Reason::StillLive { token }),
    )
}

/// The body is not kept in it: it may have the passphrase.
fn created_error(message: String, reason: Option<Reason>) -> Error {
    let api = ApiError::new().with_message(message);
    let api = match reason {
        Some(reason) => api.with_reason(reason),
        None => api,
    };
    Error::from_answer(
        StatusCode::CREATED,
        HeaderMap::new(),
        None,
        bytes::Bytes::new(),
        api,
    )
}

fn token(created: &Value) -> Option<Secret> {
    match created.get("url_token")? {
        Value::String(token) if !token.is_empty() => Some(Secret::from(token.as_str())),
        Value::Number(token) => Some(Secret::from(token.to_string())),
        _ => None,
    }
}
