//! Retries: the only place that sends a request again.

mod policy;
mod shared_retries;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{TryFutureExt, future};
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};
use tower_service::Service;

use crate::clock::after;
use crate::context::CallContext;
use crate::credential::{Credential, Generation};
use crate::error::{BoxError, Error};
use crate::limiter::Limiter;
use crate::receive::receive;
use crate::response_parts::ResponseParts;
use crate::retry_table::Verdict;
use crate::service::{HttpFuture, HttpRequest, HttpResponse};
use crate::wire::retry_after::exhausted_for;
pub use policy::RetryPolicy;
use shared_retries::RefusedCall;
pub(crate) use shared_retries::SharedRetries;

#[derive(Debug, Clone)]
pub(crate) struct Retry(pub(crate) Arc<RetrySettings>);

/// What all calls of a client share.
#[derive(Debug)]
pub(crate) struct RetrySettings {
    pub(crate) policy: RetryPolicy,
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) budget: TpsBudget,
    pub(crate) shared_retries: SharedRetries,
}

/// The retry budget: three retries a second, and one for every five calls of the last ten seconds, so that retries do
/// not overload a service that is down. Retries after a stale token are free, and those after a 429 are counted by
/// [`SharedRetries`].
pub(crate) fn budget() -> TpsBudget {
    TpsBudget::new(Duration::from_secs(10), 3, 0.2)
}

/// The inner service is shared, so that a call clones it only once for each attempt.
#[derive(Debug)]
pub(crate) struct RetryService<S> {
    inner: Arc<S>,
    layer: Retry,
}

impl<S> Clone for RetryService<S> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            layer: self.layer.clone(),
        }
    }
}

impl<S> tower_layer::Layer<S> for Retry {
    type Service = RetryService<S>;

    fn layer(&self, inner: S) -> RetryService<S> {
        RetryService {
            inner: Arc::new(inner),
            layer: self.clone(),
        }
    }
}

impl<S> Service<HttpRequest> for RetryService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = HttpFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: HttpRequest) -> HttpFuture {
        let Self { inner, layer } = self.clone();
        let call = match CallContext::kept_by(&request) {
            Ok(call) => call.clone(),
            Err(error) => return Box::pin(future::ready(Err(error.boxed()))),
        };
        Box::pin(async move {
            let result = layer.run(&*inner, &call, &mut request).await;
            result.map_err(|error| error.in_call(&call).boxed())
        })
    }
}

/// The retries that a call has used up.
#[derive(Debug, Default)]
struct Tries<'a> {
    retries: u32,
    /// A limit of the service has refused the call.
    refused: Option<RefusedCall<'a>>,
    is_renewed: bool,
    credentials_lost: u32,
}

impl Tries<'_> {
    /// Whether the service refuses this call and all others of its limit, as far as their retries have shown.
    fn is_hopeless(&self, call: &CallContext) -> bool {
        let refused = self.refused.as_ref();
        refused.is_some_and(|refused| refused.is_hopeless(call.limits().retries))
    }

    /// The credential was refused before it could be applied. The call waits for another, a few times.
    fn lose_credential(&mut self) -> Option<Duration> {
        self.credentials_lost += 1;
        (self.credentials_lost < CREDENTIAL_TRIES).then_some(Duration::ZERO)
    }
}

/// The response by which a limit refused an attempt, and the attempt's number.
struct Refusal(u32, Result<HttpResponse, Error>);

/// Waits for the result of the next attempt.
///
/// # Errors
/// The last response, if others find out that there is no point in the attempt while it waits for its turn.
async fn unless_in_vain(
    attempt: impl Future<Output = Result<HttpResponse, Error>>,
    call: &CallContext,
    tries: &Tries<'_>,
    Refusal(number, last): Refusal,
) -> Result<Result<HttpResponse, Error>, Result<HttpResponse, Error>> {
    let mut attempt = pin!(attempt);
    let next = poll_fn(
        |cx| match number == call.attempt() && tries.is_hopeless(call) {
            true => Poll::Ready(None),
            false => attempt.as_mut().poll(cx).map(Some),
        },
    );
    next.await.ok_or(last)
}

/// How late a timer may fire.
const TICK: Duration = Duration::from_millis(1);

/// How many times a call waits for a credential that is refused before it can be applied.
const CREDENTIAL_TRIES: u32 = 3;

impl Retry {
    async fn run<S>(
        &self,
        inner: &S,
        call: &CallContext,
        request: &mut HttpRequest,
    ) -> Result<HttpResponse, Error>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send,
        S::Future: Send,
    {
        self.0.budget.deposit();
        let mut tries = Tries {
            // A call that begins again in another runtime has used up some.
            retries: call.retries(),
            ..Tries::default()
        };
        let mut refusal: Option<Box<Refusal>> = None;
        loop {
            request.body().check()?;
            // All inner services are always ready: the user's layers and transports are behind `HttpService`.
            let attempt = inner.clone().call(for_attempt(request, call));
            let attempt = attempt
                .map_err(Error::from_boxed)
                .and_then(|response| receive(call, response));
            let result = match refusal.take() {
                None => attempt.await,
                // Boxed, so that other calls need no room for it.
                Some(refusal) => {
                    match Box::pin(unless_in_vain(attempt, call, &tries, *refusal)).await {
                        Ok(result) => result,
                        Err(last) => return last,
                    }
                }
            };
            let verdict = verdict(&result);
            call.end_attempt(verdict.outcome());
            self.note_success(call, verdict);
            if verdict == Verdict::Executed {
                return result;
            }
            let Some(wait) = self.next(call, request, &result, verdict, &mut tries) else {
                return result;
            };
            log(call, verdict, tries.retries, wait);
            let is_refused = verdict == Verdict::Throttled;
            refusal = is_refused.then(|| Box::new(Refusal(call.attempt(), result)));
            if !wait.is_zero() {
                let until = after(Instant::now(), wait);
                call.pause_until(until, tries.retries);
                tokio::time::sleep_until(until).await;
            }
        }
    }

    /// Tells the limit that it lets calls through, and the credential that the service accepts it.
    #[inline]
    fn note_success(&self, call: &CallContext, verdict: Verdict) {
        if matches!(verdict, Verdict::Executed | Verdict::Final) && call.is_limited() {
            let limit = call.operation().limit_name();
            self.0.shared_retries.let_through(limit);
        }
        if verdict == Verdict::Executed && call.is_authorized() {
            let generation = Generation(call.generation());
            self.0.credential.accepted(generation);
        }
    }

    /// The wait before the next attempt, or `None` if there is none.
    fn next<'a>(
        &'a self,
        call: &CallContext,
        request: &HttpRequest,
        result: &Result<HttpResponse, Error>,
        verdict: Verdict,
        tries: &mut Tries<'a>,
    ) -> Option<Duration> {
        let server_wait = match result {
            Ok(response) => call.protocol().retry_after(&parts(call, response)),
            Err(error) => error.retry_after(),
        };
        if verdict == Verdict::Throttled && call.is_limited() {
            // Before the limit closes, because that wakes the calls that wait for their turn.
            match &tries.refused {
                Some(refused) => refused.refuse_retry(),
                None => {
                    let limit = call.operation().limit_name();
                    tries.refused = Some(self.0.shared_retries.refuse(limit));
                }
            }
            self.close_limit(call, result, server_wait, tries.retries);
        }
        if !verdict.allows_retry(call.is_idempotent()) {
            return None;
        }
        if verdict == Verdict::Throttled && tries.is_hopeless(call) {
            return None;
        }
        let wait = match verdict {
            Verdict::StaleCredential => self.renew(call, tries)?,
            Verdict::CredentialLost => tries.lose_credential()?,
            _ if tries.retries == call.limits().retries => return None,
            _ => self.backoff(server_wait, tries.retries)?,
        };
        let may_send = is_in_time(call, wait) && request.body().can_restart();
        (may_send && self.spend(verdict, tries)).then_some(wait)
    }

    /// Every request under the limit waits, whether or not this call is retried.
    fn close_limit(
        &self,
        call: &CallContext,
        result: &Result<HttpResponse, Error>,
        server_wait: Option<Duration>,
        retries: u32,
    ) {
        let headers = result.as_ref().ok().map(HttpResponse::headers);
        let closed = server_wait
            .max(headers.and_then(exhausted_for))
            .unwrap_or_else(|| self.0.policy.bound(retries));
        self.0.limiter.close(call.operation(), closed);
    }

    /// The call is sent once more with a new credential. A 401 right after that is not a stale token, so do not loop.
    fn renew(&self, call: &CallContext, tries: &mut Tries<'_>) -> Option<Duration> {
        let generation = Generation(call.generation());
        // The credential is notified in any case, so that other calls do not send a refused token.
        let may_help = call.is_authorized() && self.0.credential.rejected(generation);
        if !may_help || tries.is_renewed {
            return None;
        }
        tries.is_renewed = true;
        Some(Duration::ZERO)
    }

    /// The wait that the service asks for, if it is not too long, or else one of the policy.
    fn backoff(&self, server_wait: Option<Duration>, retries: u32) -> Option<Duration> {
        let Some(wait) = server_wait else {
            return Some(self.0.policy.wait(retries));
        };
        if wait > self.0.policy.longest_server_wait {
            return None;
        }
        // A little longer than asked for, so that clients do not all return at the same moment.
        let more = (wait / 10).min(Duration::from_secs(1));
        Some(wait.saturating_add(more.mul_f64(fastrand::f64())))
    }

    /// Counts the retry. Returns `false` if the budget does not allow it.
    fn spend(&self, verdict: Verdict, tries: &mut Tries<'_>) -> bool {
        match verdict {
            Verdict::StaleCredential | Verdict::CredentialLost => return true,
            Verdict::Throttled => {}
            _ if !self.0.budget.withdraw() => return false,
            _ => {}
        }
        tries.retries += 1;
        true
    }
}

fn log(call: &CallContext, verdict: Verdict, retry: u32, wait: Duration) {
    tracing::debug!(
        operation = call.operation().id(),
        retry,
        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        because = ?verdict,
        "retrying the request"
    );
}

/// Whether an attempt after this wait starts before the deadline. Timers tick in milliseconds, and an attempt that
/// starts at the deadline would hide why the last one failed.
fn is_in_time(call: &CallContext, wait: Duration) -> bool {
    let Some(deadline) = call.limits().deadline else {
        return true;
    };
    let start = Instant::now().checked_add(wait.saturating_add(TICK));
    start.is_some_and(|start| start < deadline)
}

fn verdict(result: &Result<HttpResponse, Error>) -> Verdict {
    match result {
        Ok(response) => response.body().verdict().unwrap_or(Verdict::Final),
        Err(error) => error.verdict(),
    }
}

/// A copy of the request. The context, which is nearly always its only extension, is inserted again instead of copied.
fn for_attempt(request: &mut HttpRequest, call: &CallContext) -> HttpRequest {
    let extensions = match request.extensions().len() {
        ..=1 => std::mem::take(request.extensions_mut()),
        _ => request.extensions().clone(),
    };
    let mut attempt = http::Request::new(request.body().clone());
    *attempt.method_mut() = request.method().clone();
    *attempt.uri_mut() = request.uri().clone();
    *attempt.version_mut() = request.version();
    attempt.headers_mut().clone_from(request.headers());
    *attempt.extensions_mut() = extensions;
    if CallContext::of(&attempt).is_none() {
        attempt.extensions_mut().insert(call.clone());
    }
    attempt
}

fn parts<'a>(call: &CallContext, response: &'a HttpResponse) -> ResponseParts<'a> {
    let body = response.body().as_full().map_or(&[][..], |body| body);
    ResponseParts::new(
        call.operation(),
        response.status(),
        response.headers(),
        body,
    )
}
