//! The only place that sends a request again.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::retry::budget::{Budget, TpsBudget};
use tower_service::Service;

use super::idle::Idle;
use crate::body::ResponseBody;
use crate::context::CallContext;
use crate::credential::{Credential, Generation};
use crate::error::{BoxError, Error, ErrorKind, Sent};
use crate::limit::Limiter;
use crate::protocol::{Answer, Protocol, Verdict};
use crate::retry_after::exhausted_for;
use crate::service::{HttpFuture, HttpRequest, HttpResponse};

/// How often and after which waits a request is sent again, where that is safe.
///
/// ```
/// use std::time::Duration;
/// use security_api_transport::RetryPolicy;
///
/// let patient = RetryPolicy::default().retries(6).longest_server_wait(Duration::from_secs(300));
/// let never = RetryPolicy::never();
/// assert_ne!(patient, never);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    pub(crate) retries: u32,
    first: Duration,
    longest: Duration,
    longest_server_wait: Duration,
}

impl Default for RetryPolicy {
    /// Three re-sends; the waits are drawn from 0 to a bound that begins with 200 ms and doubles up to 20 s; a wait
    /// that the service asks for is kept up to 60 s.
    fn default() -> Self {
        Self {
            retries: 3,
            first: Duration::from_millis(200),
            longest: Duration::from_secs(20),
            longest_server_wait: Duration::from_secs(60),
        }
    }
}

impl RetryPolicy {
    /// Sends every request once. Only a stale token is still renewed and the request sent with the new one: the service
    /// refused the first.
    #[must_use]
    pub fn never() -> Self {
        Self::default().retries(0)
    }

    /// How often a request may be sent again.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The bound of the first wait, and the bound up to which it doubles.
    #[must_use]
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// The longest wait that the service may ask for. If it asks for more, the call fails at once, and the error's
    /// `retry_after` says how long it asked for.
    #[must_use]
    pub fn longest_server_wait(mut self, longest: Duration) -> Self {
        self.longest_server_wait = longest;
        self
    }

    /// The bound of the wait before this re-send, the first being 0.
    fn bound(&self, resend: u32) -> Duration {
        self.first
            .saturating_mul(1_u32.checked_shl(resend).unwrap_or(u32::MAX))
            .min(self.longest)
    }

    /// Full jitter: anything from nothing to the bound.
    fn wait(&self, resend: u32) -> Duration {
        self.bound(resend).mul_f64(fastrand::f64())
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Retry {
    pub(crate) policy: RetryPolicy,
    pub(crate) shared: Arc<Shared>,
}

/// What all calls of a client share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) protocol: Arc<dyn Protocol>,
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) limiter: Arc<dyn Limiter>,
    pub(crate) budget: TpsBudget,
}

/// Re-sends beyond the answer to a 429 or a stale token: three a second, and one for every five calls of the last ten
/// seconds. A service that is down is not buried under them.
pub(crate) fn budget() -> TpsBudget {
    TpsBudget::new(Duration::from_secs(10), 3, 0.2)
}

/// What is below is shared, so that a call clones it only once for each attempt.
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

    fn call(&mut self, request: HttpRequest) -> HttpFuture {
        let Self { inner, layer } = self.clone();
        let Some(call) = CallContext::of(&request).cloned() else {
            return Box::pin(S::clone(&inner).call(request));
        };
        Box::pin(async move {
            layer.run(&*inner, &call, request).await.map_err(|error| {
                error
                    .in_call(call.operation(), call.attempt(), call.sent())
                    .boxed()
            })
        })
    }
}

/// What came of an attempt, and whether another may be made.
#[derive(Debug)]
struct Outcome {
    result: Result<HttpResponse, Error>,
    again: Again,
}

/// Whether, and under which condition, a request may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Not at all.
    No,
    /// It had no effect: any operation may.
    NeverExecuted,
    /// It may have had its effect: only idempotent operations may.
    MaybeExecuted,
    /// A limit was exceeded: any operation may, after the wait, at no cost to the budget.
    Throttled,
    /// The credential was stale: any operation may, once, at no cost to the budget.
    Renewed,
    /// The credential went stale before anything was sent.
    NotStamped,
}

/// What a call has used up of its tries.
#[derive(Debug, Default)]
struct Tries {
    resends: u32,
    renewed: bool,
    not_stamped: u32,
}

/// How often a call goes back for a credential that was refused before it could be put on the request.
const STAMP_TRIES: u32 = 3;

impl Retry {
    async fn run<S>(
        &self,
        inner: &S,
        call: &CallContext,
        mut request: HttpRequest,
    ) -> Result<HttpResponse, Error>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send,
        S::Future: Send,
    {
        self.shared.budget.deposit();
        let mut tries = Tries::default();
        loop {
            request.body().check()?;
            // Everything below is always ready: user's services are, behind `HttpService`.
            let sent = inner.clone().call(for_attempt(&mut request, call)).await;
            let outcome = self.judge(call, sent).await;
            if outcome.again == Again::No {
                return outcome.result;
            }
            let Some(wait) = self.next(call, &request, &outcome, &mut tries) else {
                return outcome.result;
            };
            tracing::debug!(
                operation = call.operation().id(),
                resend = tries.resends,
                wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                because = ?outcome.again,
                "sending the request again"
            );
            drop(outcome);
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// The wait before the request is sent again; none if it is not.
    fn next(
        &self,
        call: &CallContext,
        request: &HttpRequest,
        outcome: &Outcome,
        tries: &mut Tries,
    ) -> Option<Duration> {
        let server_wait = match &outcome.result {
            Ok(response) => self.shared.protocol.retry_after(&answer(call, response)),
            Err(error) => error.retry_after(),
        };
        let wait = match server_wait {
            // A little more than asked, so that not everyone comes back in the same moment.
            Some(wait) => {
                let more = (wait / 10).min(Duration::from_secs(1));
                wait.saturating_add(more.mul_f64(fastrand::f64()))
            }
            None => self.policy.wait(tries.resends),
        };
        if outcome.again == Again::Throttled && !call.limits().foreign {
            // Everyone under the limit waits, whether this call is sent again or not.
            let used_up = outcome.result.as_ref().ok().map(HttpResponse::headers);
            let closed = server_wait
                .max(used_up.and_then(exhausted_for))
                .unwrap_or_else(|| self.policy.bound(tries.resends));
            self.shared.limiter.close(call.operation(), closed);
        }
        let wait = match outcome.again {
            Again::No => return None,
            Again::Renewed if call.is_anonymous() => return None,
            Again::Renewed => {
                // A credential that was refused right after it was renewed is not what is wrong.
                let generation = Generation(call.generation());
                if tries.renewed || !self.shared.credential.rejected(generation) {
                    return None;
                }
                tries.renewed = true;
                Duration::ZERO
            }
            Again::NotStamped => {
                tries.not_stamped += 1;
                if tries.not_stamped == STAMP_TRIES {
                    return None;
                }
                Duration::ZERO
            }
            Again::MaybeExecuted if !call.is_idempotent() => return None,
            Again::Throttled | Again::NeverExecuted | Again::MaybeExecuted => {
                let too_long = |wait| wait > self.policy.longest_server_wait;
                if tries.resends == call.limits().retries || server_wait.is_some_and(too_long) {
                    return None;
                }
                wait
            }
        };
        let over = Instant::now().checked_add(wait);
        let too_late = |deadline| over.is_none_or(|over| over >= deadline);
        if call.limits().deadline.is_some_and(too_late) || !request.body().can_restart() {
            return None;
        }
        match outcome.again {
            Again::NeverExecuted | Again::MaybeExecuted => {
                if !self.shared.budget.withdraw() {
                    return None;
                }
                tries.resends += 1;
            }
            Again::Throttled => tries.resends += 1,
            _ => {}
        }
        Some(wait)
    }

    /// Reads the answer as far as it must be known here, and says what it means.
    async fn judge(&self, call: &CallContext, sent: Result<HttpResponse, BoxError>) -> Outcome {
        let response = match sent {
            Ok(response) => response,
            Err(error) => return failed(Error::from_boxed(error)),
        };
        let idle = call.limits().idle_timeout;
        if call.limits().streamed && response.status().is_success() {
            return Outcome {
                result: Ok(response.map(|body| {
                    ResponseBody::stream(Idle::new(body, idle).until(call.limits().stream_deadline))
                })),
                again: Again::No,
            };
        }
        let (head, body) = response.into_parts();
        let body = match collect(body, idle).await {
            Ok(body) => body,
            // An error page that breaks off is still an error page.
            Err(_) if !head.status.is_success() => Bytes::new(),
            Err(error) => return failed(error),
        };
        let response = HttpResponse::from_parts(head, ResponseBody::full(body));
        let verdict = match call.limits().foreign {
            true => Verdict::by_status(&answer(call, &response)),
            false => self.shared.protocol.classify(&answer(call, &response)),
        };
        let again = match verdict {
            Verdict::Success | Verdict::Final => Again::No,
            Verdict::StaleCredential => Again::Renewed,
            Verdict::Throttled => Again::Throttled,
            Verdict::Refused => Again::NeverExecuted,
            Verdict::Transient => Again::MaybeExecuted,
        };
        Outcome {
            result: Ok(response),
            again,
        }
    }
}

/// A copy of the request. The context, which is nearly always its only extension, is not copied along but put in anew.
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

fn answer<'a>(call: &CallContext, response: &'a HttpResponse) -> Answer<'a> {
    let body = response.body().as_full().map_or(&[][..], |body| body);
    Answer::new(
        call.operation(),
        response.status(),
        response.headers(),
        body,
    )
}

fn failed(error: Error) -> Outcome {
    let again = match (error.kind(), error.was_sent()) {
        _ if error.is_permanent() => Again::No,
        _ if error.is_stale_credential() => Again::NotStamped,
        (ErrorKind::Connect | ErrorKind::Io | ErrorKind::Timeout, Sent::No) => Again::NeverExecuted,
        (ErrorKind::Io | ErrorKind::Timeout, _) => Again::MaybeExecuted,
        _ => Again::No,
    };
    Outcome {
        result: Err(error),
        again,
    }
}

/// The most room that is made for an answer before it has come.
const MOST_RESERVED: u64 = 16 * 1024 * 1024;

/// The whole body. One that came in a single piece is not copied.
pub(crate) async fn collect(body: ResponseBody, idle: Duration) -> Result<Bytes, Error> {
    if let Some(bytes) = body.as_full() {
        return Ok(bytes.clone());
    }
    let mut body = std::pin::pin!(Idle::new(body, idle));
    let mut first: Option<Bytes> = None;
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(Error::from_boxed)?.into_data() else {
            continue;
        };
        if whole.is_empty() {
            let Some(start) = first.take() else {
                first = Some(piece);
                continue;
            };
            // What the service says of the length is believed up to a point: it may not send so much.
            let rest = body.size_hint().lower().min(MOST_RESERVED);
            whole.reserve(start.len() + piece.len() + usize::try_from(rest).unwrap_or(0));
            whole.extend_from_slice(&start);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
