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
            return Err(match made_without_response(operation, &error) {
                Some(made) => made.take_back(&client, undo, UNREADABLE, Vec::new()).await,
                None => link_lost(error),
            });
        }
    };
    let said = Said::of(response.value());
    let differences = compare(&said.value);
    let is_kept = differences.iter().all(|it| or_less && it.is_less());
    match said.as_asked(response.value(), is_kept) {
        Ok((record, link)) => Ok(response.map(|_| Created {
            record,
            link,
            less: differences,
        })),
        Err(what) => {
            let made = Made {
                response: Unconfirmed::of(operation, &response),
                is_certain: said.is_certain(),
                token: said.token,
            };
            Err(made.take_back(&client, undo, what, differences).await)
        }
    }
}

/// What was created although the call failed: its response says that it succeeded, but cannot be read.
fn made_without_response(operation: &'static Operation, error: &Error) -> Option<Made> {
    if error.kind() != ErrorKind::Decode {
        return None;
    }
    let text = String::from_utf8_lossy(error.body().map_or(&[], |body| body));
    let token = token_in(&text)?;
    Some(Made {
        response: Unconfirmed {
            operation,
            status: error.status().unwrap_or(StatusCode::CREATED),
            request_id: error.request_id().map(str::to_owned),
            attempts: error.attempts(),
        },
        token: Some(token),
        is_certain: true,
    })
}

/// What the response to a creation says.
struct Said {
    value: Value,
    token: Option<Secret>,
    /// The link, if it can be opened.
    link: Option<Secret>,
    has_failed: bool,
}

impl Said {
    fn of(body: &RawJson) -> Self {
        let value: Value = serde_json::from_str(body.as_str()).unwrap_or_default();
        let link = value.get("html_url").and_then(Value::as_str);
        Self {
            token: token(&value).or_else(|| token_in(body.as_str())),
            link: link.filter(|link| is_link(link)).map(Secret::from),
            has_failed: reports_failure(&value),
            value,
        }
    }

    /// Whether something was created for certain.
    fn is_certain(&self) -> bool {
        !self.has_failed && (self.token.is_some() || self.link.is_some())
    }

    /// What was created, and its link. `is_kept` tells whether all options are kept as asked.
    ///
    /// # Errors
    /// Why this does not count as created.
    fn as_asked<T: DeserializeOwned>(
        &self,
        body: &RawJson,
        is_kept: bool,
    ) -> Result<(T, Secret), &'static str> {
        if self.has_failed {
            return Err("the response reports a failure");
        }
        if is_over(&self.value) {
            return Err("the response says that it is already expired or closed");
        }
        if !is_kept {
            return Err("the instance would not keep what was asked");
        }
        match (body.decode(), &self.link, &self.token) {
            (Ok(record), Some(link), Some(_)) => Ok((record, link.clone())),
            (Err(_), ..) => Err(UNREADABLE),
            (_, None, _) => Err("the response has no link that can be opened"),
            (.., None) => Err("the response has no token"),
        }
    }
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
