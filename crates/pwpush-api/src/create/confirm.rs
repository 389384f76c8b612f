//! Creates a push, confirms that the service keeps what was asked for, and takes it back otherwise.

use std::ops::Deref;

use http::StatusCode;
use security_api_transport::{
    ApiError, Client, Error, ErrorKind, Operation, Outcome, RawJson, Request, Response, Secret,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::confirmation::{Unconfirmed, is_gone, is_over, reports_failure, token};
use crate::create::difference::Difference;
use crate::operations::PUSHES_EXPIRE;

/// What was created, as the service describes it, and the link to it. Dereferences to a [`Push`](crate::types::Push) or
/// a [`SecretRequest`](crate::types::SecretRequest).
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
/// let push = pwpush.pushes().create(pwpush_api::NewPush::text("correct horse").views(1)).await?;
/// println!("{} ({:?} views)", push.link().expose(), push.views_remaining);
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Created<T> {
    record: T,
    link: Secret,
    less: Vec<Difference>,
}

impl<T> Created<T> {
    /// The link to give to the recipient. Anyone who has it can read the push, or respond to the request.
    #[must_use]
    pub fn link(&self) -> &Secret {
        &self.link
    }

    /// The options of which the instance keeps less than asked. Empty unless the call set `or_less`.
    #[must_use]
    pub fn less(&self) -> &[Difference] {
        &self.less
    }

    /// Returns the description alone.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.record
    }
}

impl<T> Deref for Created<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.record
    }
}

/// Why a call failed although the service says that it succeeded.
///
/// Of creating: the service keeps something else than what was asked, or its response is unusable. What was created has
/// been expired, or closed, at once, if possible. Of expiring a push or closing a request: the response does not confirm
/// it.
///
/// The error's [`outcome`](Error::outcome) is [`Outcome::Answered`], because the service responded to the call; whether
/// something is, or may be, still live is said by [`fate`](Self::fate).
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, push: pwpush_api::NewPush) -> Result<(), pwpush_api::Error> {
/// use pwpush_api::{Fate, NotAsAsked};
///
/// let Err(error) = pwpush.pushes().create(push).await else { return Ok(()) };
/// if let Some(not) = NotAsAsked::of(&error) {
///     for difference in not.differences() {
///         eprintln!("{difference}");
///     }
///     if let Fate::StillLive { token: Some(token) } = not.fate() {
///         // Somebody must expire it; only the owner can, or anybody if it is deletable by viewers.
///         pwpush.pushes().expire(token).await?;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAsAsked {
    differences: Vec<Difference>,
    fate: Fate,
}

/// What became of a push or request that differs from what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fate {
    /// It was expired, or closed, at once: it is gone.
    Withdrawn,
    /// It could not be expired or closed, or no response confirms that: it is, or may be, still live.
    StillLive {
        /// The token to expire it with. `None` if the response has none.
        token: Option<Secret>,
    },
}

impl NotAsAsked {
    /// Returns the details of an error of `create`, `expire` or `close`. `None` if the service did not say that the
    /// call succeeded, and for all other calls.
    ///
    /// ```
    /// use pwpush_api::{Client, NotAsAsked};
    ///
    /// let error = Client::new("").unwrap_err();
    /// assert_eq!(NotAsAsked::of(&error), None);
    /// ```
    #[must_use]
    pub fn of(error: &Error) -> Option<&Self> {
        error.reason()
    }

    /// What the instance would keep instead. Empty if its response could not be read, and for `expire` and `close`.
    #[must_use]
    pub fn differences(&self) -> &[Difference] {
        &self.differences
    }

    /// What became of the push or request.
    #[must_use]
    pub fn fate(&self) -> &Fate {
        &self.fate
    }
}

/// Sends a request that creates something. Returns what was created if `compare` finds no differences in the response,
/// or with `or_less` only differences that are less than asked. Otherwise, or if the response cannot be read, `undo` is
/// called on it.
///
/// # Errors
/// An error of the request, or [`NotAsAsked`].
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

/// What the instance would keep. It comes last in the text of an error, which is cut if it is long.
fn described(differences: &[Difference]) -> String {
    let mut text = String::new();
    for (index, difference) in differences.iter().enumerate() {
        text.push_str(if index == 0 { "; differences: " } else { ", " });
        text.push_str(&difference.to_string());
    }
    text
}

/// The remedy. An instance replaces values outside of its bounds with its defaults.
fn remedy(differences: &[Difference]) -> &'static str {
    let said = differences.iter().any(|it| it.kept().is_some());
    match (said, differences.iter().all(Difference::is_less)) {
        (false, _) => "",
        (true, true) => "; ask for what it keeps, or accept less with `or_less`",
        (true, false) => "; ask for what it keeps, or leave the option out",
    }
}

/// Adds a remark on what may exist although the call failed.
fn link_lost(error: Error) -> Error {
    let unavailable = error.status() == Some(StatusCode::SERVICE_UNAVAILABLE);
    match error.outcome() {
        Outcome::Unknown if unavailable => error.with_hint(
            "the instance, or a proxy before it, is not available now, so probably nothing was created; if something \
             was, nobody has its link",
        ),
        // A success without a token need not be the service's.
        _ if error.may_be_executed() => error.with_hint(
            "it may have been created, but nobody has its link: it then lives as long as the instance lets it",
        ),
        _ => error,
    }
}

/// A push or request that was created.
struct Made {
    response: Unconfirmed,
    token: Option<Secret>,
    /// Whether it was created for certain. A response that reports a failure, or has neither token nor link, leaves that
    /// open.
    is_certain: bool,
}

impl Made {
    /// Tries to undo the creation, and returns the error that creating fails with.
    async fn take_back(
        self,
        client: &Client,
        undo: &'static Operation,
        what: &str,
        differences: Vec<Difference>,
    ) -> Error {
        let more = format!("{}{}", remedy(&differences), described(&differences));
        let (made, gone) = match undo.id() == PUSHES_EXPIRE.id() {
            true => ("push", "expired"),
            false => ("request", "closed"),
        };
        let lives = match self.is_certain {
            true => "is still live",
            false => "may still be live",
        };
        let Some(token) = self.token else {
            let what = format!(
                "{what}, and the {made} could not be {gone}, because the response has no token: it {lives}{more}"
            );
            return error(
                self.response,
                what,
                differences,
                Fate::StillLive { token: None },
            );
        };
        let undone: Result<Value, Error> = client.operation(undo, &[token.expose()]).call().await;
        if undone
            .as_ref()
            .is_ok_and(|state| is_gone(undo, &token, state))
        {
            let what = format!("{what}; the {made} was {gone} at once: it is gone{more}");
            return error(self.response, what, differences, Fate::Withdrawn);
        }
        let what = format!(
            "{what}, and the {made} could not be {gone}: it {lives}, revoke it with the token in `NotAsAsked`{more}"
        );
        let token = Some(token);
        let error = error(self.response, what, differences, Fate::StillLive { token });
        match undone {
            Ok(_) => error,
            Err(why) => error.with_source(why),
        }
    }
}

fn error(
    response: Unconfirmed,
    message: String,
    differences: Vec<Difference>,
    fate: Fate,
) -> Error {
    let api = ApiError::new().with_message(message);
    let api = api.with_reason(NotAsAsked { differences, fate });
    response.error(api, Outcome::Answered)
}

/// The error of expiring or closing something whose response, a success, does not confirm it.
pub(crate) fn still_live(response: Unconfirmed, message: &str, token: Secret) -> Error {
    let token = Some(token);
    error(
        response,
        message.to_owned(),
        Vec::new(),
        Fate::StillLive { token },
    )
}

/// The token in a text that cannot be decoded as a whole.
fn token_in(text: &str) -> Option<Secret> {
    let (_, rest) = text.split_once("\"url_token\"")?;
    let rest = rest.trim_start().strip_prefix(':')?.trim_start();
    let (token, _) = rest.strip_prefix('"')?.split_once('"')?;
    (!token.is_empty() && crate::token::check(token).is_ok()).then(|| Secret::from(token))
}
