//! Reading a push or a request.

pub(crate) mod retrieved;

use security_api_transport::{Error, ErrorKind, Outcome, Request, Response, Secret};

use crate::call::hand_written_call;
use crate::checks;
use crate::reason::Reason;
use crate::types::{RetrievedPush, RetrievedRequest};

use self::retrieved::Retrieved;

/// Reads a secret. From [`Pushes::show`](crate::resources::Pushes::show).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowPush {
    request: Request,
    has_passphrase: bool,
}

impl ShowPush {
    pub(crate) fn new(request: Request) -> Self {
        Self {
            request,
            has_passphrase: false,
        }
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
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.has_passphrase = true;
        self.request = checks::opened_with(self.request, &passphrase.into(), "push");
        self
    }

    async fn run(self) -> Result<Response<Retrieved>, Error> {
        let call = self.request.call::<RetrievedPush>();
        match call.send_with_response().await {
            Ok(response) => Ok(response.map(Retrieved::from)),
            Err(error) if !self.has_passphrase => Err(view_lost(not_locked(error))),
            Err(error) => Err(view_lost(error)),
        }
    }
}

hand_written_call!(ShowPush, Retrieved);
security_api_transport::__call_options!(ShowPush);

/// Only calls with a passphrase can be locked; one without is refused for another reason.
pub(crate) fn not_locked(error: Error) -> Error {
    if error.reason() != Some(&Reason::PassphraseLocked) {
        return error;
    }
    error.map_api(|mut api| {
        api.message = None;
        let reason = Reason::RateLimited;
        api.with_message(reason.to_string()).with_reason(reason)
    })
}

/// Adds what became of the view.
fn view_lost(error: Error) -> Error {
    match (error.outcome(), error.kind()) {
        (Outcome::Unknown, _) => {
            error.with_hint("the view may be used up, so it was not tried again")
        }
        (_, ErrorKind::Decode) => error.with_hint("the view is used up; `body()` has what came"),
        (_, ErrorKind::TooLarge) => error.with_hint("the view is used up: raise `response_limit`"),
        _ => error,
    }
}

/// Reads a request. From [`Requests::show`](crate::resources::Requests::show).
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is awaited"]
pub struct ShowRequest {
    request: Request,
    has_passphrase: bool,
}

impl ShowRequest {
    pub(crate) fn new(request: Request) -> Self {
        Self {
            request,
            has_passphrase: false,
        }
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
    pub fn passphrase(mut self, passphrase: impl Into<Secret>) -> Self {
        self.has_passphrase = true;
        self.request = checks::opened_with(self.request, &passphrase.into(), "request");
        self
    }

    async fn run(self) -> Result<Response<RetrievedRequest>, Error> {
        let read = self.request.call().send_with_response().await;
        read.map_err(|error| match self.has_passphrase {
            true => error,
            false => not_locked(error),
        })
    }
}

hand_written_call!(ShowRequest, RetrievedRequest);
security_api_transport::__call_options!(ShowRequest);
