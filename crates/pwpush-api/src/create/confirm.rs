//! Creates a push, confirms that the service keeps what was asked for, and takes it back otherwise.

use http::StatusCode;
use security_api_transport::{Error, ErrorKind, Operation, RawJson, Request, Response, Secret};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::confirmation::{Unconfirmed, is_over, reports_failure, token};
use crate::create::created::Created;
use crate::create::difference::Difference;
use crate::create::take_back::{Made, link_lost};

/// Sends a request that creates something. Returns what was created if `compare` finds no differences in the response,
/// or with `or_less` only differences that are less than asked. Otherwise, or if the response cannot be read, `undo` is
/// called on it.
///
/// # Errors
/// An error of the request, or [`NotAsAsked`](crate::NotAsAsked).
pub(crate) async fn create<T: DeserializeOwned>(
    request: Request,
    compare: impl FnOnce(&Value) -> Vec<Difference>,
    or_less: bool,
    undo: &'static Operation,
) -> Result<Response<Created<T>>, Error> {
    let client = request.cleanup_client()?;
    let operation = request.operation();
    let response = match request.call::<RawJson>().send_with_response().await {
        Ok(response) => response,
        Err(error) => {
            let text = String::from_utf8_lossy(error.body().map_or(&[], |body| body));
            // A response that cannot be read is one that says it succeeded.
            let was_created = error.kind() == ErrorKind::Decode;
            return Err(match token_in(&text).filter(|_| was_created) {
                Some(token) => {
                    let response = Unconfirmed {
                        operation,
                        status: error.status().unwrap_or(StatusCode::CREATED),
                        request_id: error.request_id().map(str::to_owned),
                        attempts: error.attempts(),
                    };
                    let made = Made {
                        response,
                        token: Some(token),
                        is_certain: true,
                    };
                    made.take_back(&client, undo, UNREADABLE, Vec::new()).await
                }
                None => link_lost(error),
            });
        }
    };
    let body = response.value();
    let value: Value = serde_json::from_str(body.as_str()).unwrap_or_default();
    let token = token(&value).or_else(|| token_in(body.as_str()));
    let link = value.get("html_url").and_then(Value::as_str);
    let link = link.filter(|link| is_link(link)).map(Secret::from);
    let has_failed = reports_failure(&value);
    let made = Made {
        response: Unconfirmed::of(operation, &response),
        is_certain: !has_failed && (token.is_some() || link.is_some()),
        token,
    };
    let differences = compare(&value);
    let what = if has_failed {
        "the response reports a failure".to_owned()
    } else if is_over(&value) {
        "the response says that it is already expired or closed".to_owned()
    } else if differences.is_empty() || (or_less && differences.iter().all(Difference::is_less)) {
        match (body.decode(), link, &made.token) {
            (Ok(record), Some(link), Some(_)) => {
                let less = differences;
                return Ok(response.map(|_| Created { record, link, less }));
            }
            (Err(_), ..) => UNREADABLE.to_owned(),
            (_, None, _) => "the response has no link that can be opened".to_owned(),
            (.., None) => "the response has no token".to_owned(),
        }
    } else {
        "the instance would not keep what was asked".to_owned()
    };
    Err(made.take_back(&client, undo, &what, differences).await)
}

/// Whether a recipient can open the link. It can be on a host of the owner's own.
fn is_link(link: &str) -> bool {
    let Some((scheme, rest)) = link.split_once("://") else {
        return false;
    };
    let is_web = ["http", "https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web));
    is_web && !rest.is_empty() && !rest.starts_with('/') && !link.contains(char::is_whitespace)
}

const UNREADABLE: &str = "the response cannot be read";

/// The token in a text that cannot be decoded as a whole.
fn token_in(text: &str) -> Option<Secret> {
    let (_, rest) = text.split_once("\"url_token\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let (token, _) = rest.strip_prefix('"')?.split_once('"')?;
    (!token.is_empty() && crate::token::check(token).is_ok()).then(|| Secret::from(token))
}
