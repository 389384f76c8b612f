//! Reading a push or a request.

pub(crate) mod retrieved;

use security_api_transport::middleware::FromResponse;
use security_api_transport::{ApiError, Error, ErrorKind, Outcome, Request, Response, Secret};
use serde_json::Value;

use crate::call::hand_written_call;
use crate::checks;
use crate::protocol::RATE_LIMITED;
use crate::reason::Reason;
use crate::types::{RetrievedPush, RetrievedRequest};

use self::retrieved::Retrieved;

/// The request for what a passphrase may protect.
#[derive(Debug, Clone)]
struct Reading {
    request: Request,
    has_passphrase: bool,
}

impl Reading {
    fn new(request: Request) -> Self {
        Self {
            request,
            has_passphrase: false,
        }
    }

    fn opened_with(self, passphrase: &Secret, what: &str) -> Self {
        Self {
            request: checks::opened_with(self.request, passphrase, what),
            has_passphrase: true,
        }
    }

    async fn sent<T: FromResponse>(self) -> Result<Response<T>, Error> {
        let read = self.request.call().send_with_response().await;
        read.map_err(|error| match self.has_passphrase {
            true => error,
            false => not_locked(error),
        })
    }
}

/// Reads a secret. From [`Pushes::show`](crate::resources::Pushes::show).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowPush(Reading);

impl ShowPush {
    pub(crate) fn new(request: Request) -> Self {
        Self(Reading::new(request))
    }

    /// The passphrase, if one is set. The service accepts it in the query only, where servers and proxies may log it;
    /// this client shows it nowhere. After 5 tries in a minute, right or wrong, the push is locked for everybody for a
    /// while.
    ///
    /// It is sent unchanged, so one that was read from a file needs its line end taken off. An empty or blank one is
    /// refused before anything is sent: no push has such a passphrase, and the service would treat it as none, so a
    /// read could use up a view.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let retrieved = pwpush.pushes().show("fkwjfvhall92").passphrase("plain yellow umbrella").await?;
    /// # let _ = retrieved; Ok(()) }
    /// ```
    pub fn passphrase(self, passphrase: impl Into<Secret>) -> Self {
        Self(self.0.opened_with(&passphrase.into(), "push"))
    }

    async fn run(self) -> Result<Response<Retrieved>, Error> {
        match self.0.sent::<RetrievedPush>().await {
            Ok(response) => Ok(response.map(Retrieved::from)),
            Err(error) => Err(view_lost(error)),
        }
    }
}

hand_written_call!(ShowPush, Retrieved);
security_api_transport::__call_options!(@ [] ShowPush, this => this.0.request);

/// Only calls with a passphrase can be locked; one without is refused for another reason.
pub(crate) fn not_locked(error: Error) -> Error {
    if error.reason() != Some(&Reason::PassphraseLocked) {
        return error;
    }
    error.map_api(|_| ApiError::new().with_message(RATE_LIMITED))
}

/// Adds what became of the view.
fn view_lost(error: Error) -> Error {
    match (error.outcome(), error.kind()) {
        (Outcome::Unknown, _) => {
            error.with_hint("the view may be used up, so it was not tried again")
        }
        (_, ErrorKind::Decode) if is_of_push(&error) => {
            error.with_hint("the view is used up, unless you own the push; `body()` has what came")
        }
        (_, ErrorKind::Decode) => {
            error.with_hint("the view may be used up; `body()` has what came")
        }
        (_, ErrorKind::TooLarge) => {
            error.with_hint("the view may be used up: raise `response_limit`")
        }
        _ => error,
    }
}

/// Whether the response that could not be decoded is that of a push. Proxies and login pages respond with success as
/// well.
fn is_of_push(error: &Error) -> bool {
    let body = error.body().map_or(&[][..], |body| body);
    let push: Value = serde_json::from_slice(body).unwrap_or_default();
    ["payload", "url_token"]
        .iter()
        .any(|member| push.get(member).is_some())
}

/// Reads a request. From [`Requests::show`](crate::resources::Requests::show).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowRequest(Reading);

impl ShowRequest {
    pub(crate) fn new(request: Request) -> Self {
        Self(Reading::new(request))
    }

    /// The passphrase, if one is set. It is sent in the query, where servers and proxies may log it; this client shows
    /// it nowhere.
    ///
    /// It is sent unchanged, so one that was read from a file needs its line end taken off. An empty or blank one is
    /// refused before anything is sent: no request has such a passphrase.
    ///
    /// ```no_run
    /// # async fn example(pwpush: pwpush_api::Client) -> Result<(), pwpush_api::Error> {
    /// let request = pwpush.requests().show("qhr3cvhkad8w").passphrase("plain yellow umbrella").await?;
    /// # let _ = request; Ok(()) }
    /// ```
    pub fn passphrase(self, passphrase: impl Into<Secret>) -> Self {
        Self(self.0.opened_with(&passphrase.into(), "request"))
    }

    async fn run(self) -> Result<Response<RetrievedRequest>, Error> {
        self.0.sent().await
    }
}

hand_written_call!(ShowRequest, RetrievedRequest);
security_api_transport::__call_options!(@ [] ShowRequest, this => this.0.request);
