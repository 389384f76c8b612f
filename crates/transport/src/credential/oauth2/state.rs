//! The token, and when the next one may be requested.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::endpoint::Granted;
use super::limits;
use super::token_request::{
    EndedRequests, TokenFuture, TokenOutcome, TokenRequest, Waiter, Waiters,
};
use crate::error::Error;
use crate::runtime::runtime;
use crate::wire::secret::Secret;

/// How many former tokens are remembered.
const FORMER: usize = 3;

#[derive(Default)]
pub(super) struct TokenState {
    pub(super) token: Option<Token>,
    /// The previous tokens, which calls in progress may have been sent with.
    former: Vec<Secret>,
    generation: u64,
    /// The token requests in progress: one for each runtime that waits for a token.
    pub(super) requests: Vec<TokenRequest>,
    /// Counts the tokens that the service refused.
    pub(super) refusals: u64,
    /// How many tokens in a row were refused when they were new.
    refused_when_new: u32,
    /// Until when a refused token is kept, because the service refuses each new one.
    kept_until: Option<Instant>,
    /// Counts failed requests, so that their waiters learn of the failure. Requests that replace a live token are not
    /// counted.
    pub(super) failures: u64,
    /// How many requests in a row failed.
    failed: u32,
    /// Until when no token is requested after a failure, and the error.
    cool_down: Option<(Instant, Error)>,
}

#[derive(Clone)]
pub(super) struct Token {
    pub(super) header: HeaderValue,
    pub(super) secret: Secret,
    pub(super) scope: Option<String>,
    pub(super) members: Arc<Map<String, Value>>,
    pub(super) generation: u64,
    granted: Instant,
    /// The service refused the token when it was new, and it was kept.
    refused: bool,
    pub(super) expires: Instant,
    pub(super) renew: Instant,
}

impl TokenState {
    pub(super) fn live(&self, now: Instant) -> Option<&Token> {
        self.token.as_ref().filter(|token| now < token.expires)
    }

    /// Whether a live token should be replaced and may be requested.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.live(now).is_some_and(|token| now >= token.renew) && self.cool_down(now).is_none()
    }

    pub(super) fn request(&mut self, waiters: &Arc<Waiters>) -> Option<&mut TokenRequest> {
        let mut requests = self.requests.iter_mut();
        requests.find(|request| Arc::ptr_eq(&request.waiters, waiters))
    }

    pub(super) fn remove(&mut self, waiters: &Arc<Waiters>) -> Option<TokenRequest> {
        let mut requests = self.requests.iter();
        let place = requests.position(|request| Arc::ptr_eq(&request.waiters, waiters))?;
        Some(self.requests.swap_remove(place))
    }

    /// A waiter for the request in progress in this runtime, and whether that request replaces a live token.
    pub(super) fn join(
        &mut self,
        now: Instant,
        ended: &mut EndedRequests,
    ) -> Option<(Waiter, bool)> {
        let refusals = self.refusals;
        let useless = |request: &mut TokenRequest| request.is_useless(refusals, now);
        for request in self.requests.extract_if(.., useless) {
            ended.add(request, TokenOutcome::GivenUp);
        }
        let here = runtime();
        let request = self.requests.iter().find(|request| request.is_of(here))?;
        Some((
            Waiter::new(Arc::clone(&request.waiters)),
            request.is_renewal,
        ))
    }

    pub(super) fn begin(&mut self, response: TokenFuture, is_renewal: bool) -> Waiter {
        let request = TokenRequest::new(self.refusals, is_renewal, response);
        let waiter = Waiter::new(Arc::clone(&request.waiters));
        self.requests.push(request);
        waiter
    }

    /// The error of the last request, if it failed.
    pub(super) fn last_failure(&self) -> Option<Error> {
        let (_, error) = self.cool_down.as_ref()?;
        Some(error.clone())
    }

    /// Until when no token is requested, and the error of the request that failed.
    pub(super) fn cool_down(&self, now: Instant) -> Option<(Instant, Error)> {
        let cool_down = self.cool_down.as_ref();
        cool_down.filter(|(until, _)| now < *until).cloned()
    }

    /// How long a refused token is still kept.
    pub(super) fn kept_for(&self, now: Instant) -> Option<Duration> {
        let wait = self.kept_until?.saturating_duration_since(now);
        (!wait.is_zero()).then_some(wait)
    }

    pub(super) fn grant(&mut self, granted: Granted) {
        let Granted {
            response,
            header,
            asked,
        } = granted;
        let life = response
            .expires_in
            .unwrap_or(limits::DEFAULT_LIFE)
            .min(limits::LONGEST_LIFE);
        let ahead = limits::REFRESH_AHEAD.min(life / 5);
        // Jitter, so that clients started together do not renew together.
        let ahead = ahead.mul_f64(1.0 - 0.2 * fastrand::f64());
        let margin = limits::EXPIRY_MARGIN.min(life / 10);
        if self.token.as_ref().is_some_and(|token| !token.refused) {
            self.refused_when_new = 0;
        }
        self.generation += 1;
        self.retire();
        self.token = Some(Token {
            header,
            secret: response.access_token,
            scope: response.scope,
            members: Arc::new(response.members),
            generation: self.generation,
            granted: Instant::now(),
            refused: false,
            expires: asked + life.saturating_sub(margin),
            renew: asked + life.saturating_sub(ahead),
        });
        self.failed = 0;
        self.cool_down = None;
    }

    pub(super) fn fail(&mut self, error: &Error, is_renewal: bool) {
        self.failures += u64::from(!is_renewal);
        let asked = error.retry_after().unwrap_or_default();
        let wait = asked
            .min(limits::LONGEST_SERVER_WAIT)
            .max(pause(self.failed));
        self.failed = self.failed.saturating_add(1);
        self.cool_down = Some((Instant::now() + wait, error.clone()));
    }

    /// The service refused the token of this generation. Returns whether another one may help.
    ///
    /// The token is dropped, unless the service refuses tokens that have just been granted. Then another token is no
    /// better, because the client lacks a permission, and the token is kept for a while, since the service may accept
    /// it for other operations. A token that was accepted before does not count as new, however young it is.
    pub(super) fn refuse(&mut self, generation: u64, is_proven: bool) -> bool {
        let now = Instant::now();
        let kept = self.kept_for(now).is_some();
        let Some(token) = &mut self.token else {
            return true;
        };
        if token.generation != generation {
            return true;
        }
        if token.refused {
            if kept {
                return false;
            }
        } else if !is_proven && now < token.granted + limits::NEW {
            self.refused_when_new = self.refused_when_new.saturating_add(1);
            // The first token may have been revoked in that moment.
            if let Some(number) = self.refused_when_new.checked_sub(2) {
                token.refused = true;
                self.kept_until = Some(now + pause(number));
                return false;
            }
        } else {
            self.refused_when_new = 0;
        }
        self.retire();
        self.refusals += 1;
        true
    }

    /// Ends the current token.
    fn retire(&mut self) {
        if let Some(token) = self.token.take() {
            self.former.truncate(FORMER - 1);
            self.former.insert(0, token.secret);
        }
    }

    /// The current token and the last ones before it.
    pub(super) fn tokens(&self) -> Vec<Secret> {
        let current = self.token.iter().map(|token| &token.secret);
        current.chain(&self.former).cloned().collect()
    }
}

/// The pause before the next token request, the first being 0. It doubles, and is drawn from its upper half, so that
/// clients do not all return at the same moment.
fn pause(number: u32) -> Duration {
    limits::COOL_DOWN
        .saturating_mul(1 << number.min(10))
        .min(limits::LONGEST_COOL_DOWN)
        .mul_f64(0.5 + 0.5 * fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_half_a_second_to_half_a_minute() {
        for number in [0, 1, 2, 3, 4, 5, 6, 7, 40, u32::MAX] {
            let bound = (0.5 * 2_f64.powf(f64::from(number))).min(30.0);
            let drawn: Vec<_> = (0..500).map(|_| pause(number).as_secs_f64()).collect();
            let within = |from: f64, to: f64| {
                let range = from * bound - 1e-6..=to * bound + 1e-6;
                drawn.iter().filter(|pause| range.contains(pause)).count()
            };
            assert_eq!(within(0.5, 1.0), 500, "{number}");
            assert!(within(0.5, 0.7) > 0 && within(0.8, 1.0) > 0, "{number}");
        }
    }
}
