//! How callers share a token request: one sends it, others join it, and whoever is still there polls it.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::endpoint::{Granted, form_request, request_token};
use super::token_request::{EndedRequests, TokenFuture, TokenOutcome, Waiter};
use super::{Inner, limits};
use crate::error::{Error, ErrorKind};
use crate::runtime::runtime;
use crate::service::HttpService;

/// The next step of a caller who needs a token.
enum Step {
    /// There is a live token.
    Ready,
    /// The last request failed; the next may start only at this time.
    CoolDown(Instant),
    /// Wait for the request in progress.
    Wait { waiter: Waiter, is_renewal: bool },
}

impl Inner {
    /// Waits for a token, polling the request for it. If the endpoint asks for a wait, the caller waits for the next
    /// request, as long as its deadline allows.
    pub(super) async fn obtain(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
    ) -> Result<(), Error> {
        let mut failures = self.state().failures;
        let mut waits = 0..limits::RETRIES;
        loop {
            match self.step(transport, deadline, failures)? {
                Step::Ready => return Ok(()),
                Step::CoolDown(time) => tokio::time::sleep_until(time).await,
                Step::Wait { waiter, is_renewal } => match self.wait(&waiter).await {
                    TokenOutcome::Granted => return Ok(()),
                    TokenOutcome::Failed(error) if !is_renewal => {
                        // Shorter waits were part of the request.
                        let has_wait = error.retry_after() > Some(limits::BACKOFF);
                        if error.is_permanent() || !has_wait || waits.next().is_none() {
                            return Err(error);
                        }
                        failures = self.state().failures;
                    }
                    // The request was to replace a live token; now a token is needed.
                    TokenOutcome::Failed(_) | TokenOutcome::GivenUp => {}
                },
            }
        }
    }

    /// `failures` is how many requests had failed when the caller started to wait, or waited for last.
    fn step(
        &self,
        transport: &HttpService,
        deadline: Option<Instant>,
        failures: u64,
    ) -> Result<Step, Error> {
        let now = Instant::now();
        let mut ended = EndedRequests::default();
        let mut state = self.state();
        if state.live(now).is_some() {
            return Ok(Step::Ready);
        }
        if state.failures != failures
            && let Some(error) = state.last_failure()
        {
            return Err(error);
        }
        if let Some((waiter, is_renewal)) = state.join(now, &mut ended) {
            return Ok(Step::Wait { waiter, is_renewal });
        }
        if let Some((until, error)) = state.cool_down(now) {
            if deadline.is_some_and(|deadline| until >= deadline) {
                return Err(error.with_retry_after(until.saturating_duration_since(now)));
            }
            return Ok(Step::CoolDown(until));
        }
        let response = self.ask(transport, limits::RETRIES)?;
        let waiter = state.begin(response, false);
        Ok(Step::Wait {
            waiter,
            is_renewal: false,
        })
    }

    /// A waiter for the request that replaces a live token, if a replacement is due.
    pub(super) fn join_renewal(&self, transport: &HttpService) -> Option<Waiter> {
        let now = Instant::now();
        let mut ended = EndedRequests::default();
        let mut state = self.state();
        if !state.is_due(now) {
            return None;
        }
        if let Some((waiter, _)) = state.join(now, &mut ended) {
            return Some(waiter);
        }
        // One attempt, because there is still a live token.
        let response = self.ask(transport, 0).ok()?;
        Some(state.begin(response, true))
    }

    fn ask(&self, transport: &HttpService, retries: u32) -> Result<TokenFuture, Error> {
        let token_url = self.token_url.get().ok_or_else(|| {
            Error::invalid("token URL: it is a path, which is complete only within a client that was built with the credential")
        })?;
        let secret = &self.client_secret;
        let request = form_request(token_url, &self.client_id, secret, self.scope.as_deref());
        let response = request_token(transport.clone(), request, secret.clone(), retries);
        Ok(Box::pin(response))
    }

    pub(super) async fn wait(&self, waiter: &Waiter) -> TokenOutcome {
        poll_fn(|cx| self.poll(waiter, cx)).await
    }

    /// Polls the waiter's request, if it can make progress.
    fn poll(&self, waiter: &Waiter, cx: &Context<'_>) -> Poll<TokenOutcome> {
        if let Poll::Ready(outcome) = waiter.poll(cx) {
            return Poll::Ready(outcome);
        }
        let response = {
            let mut state = self.state();
            let (refusals, now) = (state.refusals, Instant::now());
            match state.request(&waiter.waiters) {
                Some(request) if request.is_of(runtime()) && !request.is_useless(refusals, now) => {
                    request.take()
                }
                // The request has just ended, or the caller runs in another runtime.
                _ => return Poll::Ready(waiter.outcome().unwrap_or(TokenOutcome::GivenUp)),
            }
        };
        let Some(response) = response else {
            return Poll::Pending;
        };
        // If this panics, no other caller waits in vain: `PolledRequest` ends the request.
        let mut polled = PolledRequest {
            oauth2: self,
            waiter,
            response: Some(response),
        };
        polled.poll()
    }

    fn end(&self, waiter: &Waiter, result: Result<Granted, Error>) -> TokenOutcome {
        let mut ended = EndedRequests::default();
        // Writing out the error takes longer than anybody should wait for the state.
        let result = result.map_err(|error| self.without_secret(error));
        let mut state = self.state();
        let Some(request) = state.remove(&waiter.waiters) else {
            return waiter.outcome().unwrap_or(TokenOutcome::GivenUp);
        };
        let outcome = match result {
            Ok(_) if request.is_useless(state.refusals, Instant::now()) => TokenOutcome::GivenUp,
            Ok(granted) => {
                state.grant(granted);
                for other in state.requests.drain(..) {
                    ended.add(other, TokenOutcome::Granted);
                }
                TokenOutcome::Granted
            }
            Err(error) => {
                state.fail(&error, request.is_renewal);
                TokenOutcome::Failed(error)
            }
        };
        ended.add(request, outcome.clone());
        outcome
    }

    /// Errors of the layers below may quote the request's secret.
    fn without_secret(&self, error: Error) -> Error {
        if !self.client_secret.is_shown_in(&format!("{error:?}")) {
            return error;
        }
        let mut bare = Error::new(ErrorKind::Credential, "the token request failed");
        if let Some(wait) = error.retry_after() {
            bare = bare.with_retry_after(wait);
        }
        match error.is_permanent() {
            true => bare.permanent(),
            false => bare,
        }
    }
}

/// The future of a request while it is polled.
struct PolledRequest<'a> {
    oauth2: &'a Inner,
    waiter: &'a Waiter,
    response: Option<TokenFuture>,
}

impl PolledRequest<'_> {
    fn poll(&mut self) -> Poll<TokenOutcome> {
        let waiters = &self.waiter.waiters;
        let waker = Waker::from(Arc::clone(waiters));
        let Some(response) = &mut self.response else {
            return Poll::Pending;
        };
        match response.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(result) => {
                self.response = None;
                Poll::Ready(self.oauth2.end(self.waiter, result))
            }
            Poll::Pending => {
                let mut response = self.response.take();
                if let Some(request) = self.oauth2.state().request(waiters) {
                    request.put_back(&mut response);
                }
                waiters.pass_on_wake();
                Poll::Pending
            }
        }
    }
}

impl Drop for PolledRequest<'_> {
    fn drop(&mut self) {
        // The future is still here only after a panic.
        if self.response.is_some() {
            let mut ended = EndedRequests::default();
            if let Some(request) = self.oauth2.state().remove(&self.waiter.waiters) {
                ended.add(request, TokenOutcome::GivenUp);
            }
        }
    }
}
