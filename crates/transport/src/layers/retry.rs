//! The only place that sends a request again.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use tokio::time::Instant;
use tower::ServiceExt;
use tower::retry::budget::{Budget, TpsBudget};
use tower_service::Service;

use super::layer;
use crate::body::ResponseBody;
use crate::context::CallContext;
use crate::credential::{Credential, Generation};
use crate::error::{BoxError, Error, ErrorKind, Sent};
use crate::limit::Limiter;
use crate::protocol::{Answer, Protocol, Verdict};
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
    /// Sends every request once.
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

    /// Full jitter: anything from nothing to the bound of this re-send, the first being 0.
    fn wait(&self, resend: u32) -> Duration {
        let bound = self
            .first
            .saturating_mul(1_u32.checked_shl(resend).unwrap_or(u32::MAX))
            .min(self.longest);
        bound.mul_f64(fastrand::f64())
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

#[derive(Debug, Clone)]
pub(crate) struct RetryService<S> {
    inner: S,
    layer: Retry,
}

layer!(Retry => RetryService);

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
            return Box::pin(inner.oneshot(request));
        };
        Box::pin(async move {
            layer.run(inner, &call, request).await.map_err(|error| {
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
    /// It may have had its effect: only repeatable operations may.
    MaybeExecuted,
    /// A limit was exceeded: any operation may, after the wait, at no cost to the budget.
    Throttled,
    /// The credential was stale: any operation may, once, at no cost to the budget.
    Renewed,
    /// The credential went stale before anything was sent.
    NotStamped,
}

/// How often a call goes back for a credential that was refused before it could be put on the request.
const STAMP_TRIES: u32 = 3;

impl Retry {
    async fn run<S>(
        &self,
        inner: S,
        call: &CallContext,
        request: HttpRequest,
    ) -> Result<HttpResponse, Error>
    where
        S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send,
        S::Future: Send,
    {
        self.shared.budget.deposit();
        let mut resends = 0;
        let mut renewed = false;
        let mut stamp_tries = 0;
        loop {
            request.body().check()?;
            call.begin_attempt();
            let sent = inner.clone().oneshot(request.clone()).await;
            let outcome = self.judge(call, sent).await;
            let server_wait = match &outcome.result {
                Ok(response) => self.server_wait(call, response),
                Err(error) => error.retry_after(),
            };
            let wait = match server_wait {
                // A little more than asked, so that not everyone comes back in the same moment.
                Some(wait) => {
                    wait + (wait / 10)
                        .min(Duration::from_secs(1))
                        .mul_f64(fastrand::f64())
                }
                None => self.policy.wait(resends),
            };
            if outcome.again == Again::Throttled {
                self.shared
                    .limiter
                    .close(call.operation(), server_wait.unwrap_or(wait));
            }
            let (wait, counts) = match outcome.again {
                Again::No => return outcome.result,
                Again::Renewed if renewed => return outcome.result,
                Again::Renewed => {
                    renewed = true;
                    (Duration::ZERO, false)
                }
                Again::NotStamped => {
                    stamp_tries += 1;
                    if stamp_tries == STAMP_TRIES {
                        return outcome.result;
                    }
                    (Duration::ZERO, false)
                }
                Again::MaybeExecuted if !call.is_repeatable() => return outcome.result,
                Again::Throttled | Again::NeverExecuted | Again::MaybeExecuted => (wait, true),
            };
            if counts && resends == call.limits().retries {
                return outcome.result;
            }
            if server_wait.is_some_and(|wait| wait > self.policy.longest_server_wait) {
                return outcome.result;
            }
            let too_late = |deadline| Instant::now() + wait >= deadline;
            if call.limits().deadline.is_some_and(too_late) || !request.body().can_restart() {
                return outcome.result;
            }
            if counts {
                if outcome.again != Again::Throttled && !self.shared.budget.withdraw() {
                    return outcome.result;
                }
                resends += 1;
            }
            tracing::debug!(
                operation = call.operation().id(),
                resend = resends,
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

    fn server_wait(&self, call: &CallContext, response: &HttpResponse) -> Option<Duration> {
        if response.status().is_success() {
            return None;
        }
        self.shared.protocol.retry_after(&answer(call, response))
    }

    /// Reads the answer as far as it must be known here, and says what it means.
    async fn judge(&self, call: &CallContext, sent: Result<HttpResponse, BoxError>) -> Outcome {
        let response = match sent {
            Ok(response) => response,
            Err(error) => return failed(Error::from_boxed(error)),
        };
        if call.limits().streamed && response.status().is_success() {
            return Outcome {
                result: Ok(response),
                again: Again::No,
            };
        }
        let (head, body) = response.into_parts();
        let body = match collect(body).await {
            Ok(body) => body,
            // An error page that breaks off is still an error page.
            Err(_) if !head.status.is_success() => Bytes::new(),
            Err(error) => return failed(error),
        };
        let response = HttpResponse::from_parts(head, ResponseBody::full(body));
        let verdict = self.shared.protocol.classify(&answer(call, &response));
        let again = match verdict {
            Verdict::Success | Verdict::Final => Again::No,
            Verdict::StaleCredential => {
                if self
                    .shared
                    .credential
                    .rejected(Generation(call.generation()))
                {
                    Again::Renewed
                } else {
                    Again::No
                }
            }
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

/// The whole body. One that came in a single piece is not copied.
pub(crate) async fn collect(mut body: ResponseBody) -> Result<Bytes, Error> {
    if let Some(bytes) = body.as_full() {
        return Ok(bytes.clone());
    }
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
            let rest = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            whole.reserve(start.len() + piece.len() + rest);
            whole.extend_from_slice(&start);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}
