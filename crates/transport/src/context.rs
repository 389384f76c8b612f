//! What the layers know about the call.

mod send_state;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use http::header::HeaderName;
use tokio::time::Instant;

use crate::credential::Credential;
use crate::error::{CallFacts, Error};
use crate::operation::Operation;
use crate::outcome::Outcome;
use crate::protocol::Protocol;
use crate::retry_table::Verdict;
use crate::url::base_url::BaseUrl;
use crate::wire::secret::{Secret, Secrets};

#[cfg(all(test, feature = "_tls"))]
pub(crate) use send_state::tests::call_of;
pub(crate) use send_state::{SendProgress, SendState, SendTracker};

/// The facts of one call, carried as an extension of each of its requests.
///
/// Layers read it with `request.extensions().get::<CallContext>()`.
#[derive(Clone)]
pub struct CallContext(Arc<Inner>);

struct Inner {
    terms: CallTerms,
    attempts: AtomicU32,
    /// The retries that the call had used up when it paused last.
    retries: AtomicU32,
    send_state: SendState,
    /// An earlier attempt may have been executed.
    may_be_executed: AtomicBool,
    /// The service refused an earlier attempt.
    was_refused: AtomicBool,
    /// A server has responded already, with a redirect, so no failure means that nothing was sent. Retries do not depend
    /// on it.
    was_redirected: AtomicBool,
    /// The generation of the credential that was applied to the current attempt.
    generation: AtomicU64,
}

/// Where a call goes, and which protocol, credential and limits apply there.
#[derive(Clone)]
pub(crate) struct Destination {
    /// The origin that every request of the call must go to.
    pub(crate) origin: Arc<BaseUrl>,
    /// The protocol of the host at that origin.
    pub(crate) protocol: Arc<dyn Protocol>,
    /// The client's credential, if that origin may know it.
    pub(crate) credential: Option<Arc<dyn Credential>>,
    /// Other secrets that the client sends there, which no error may show.
    pub(crate) secrets: Secrets,
    /// Whether the client's credential is applied.
    pub(crate) is_authorized: bool,
    /// Whether the client's rate limiter applies.
    pub(crate) is_limited: bool,
}

/// What is settled about a call before its first attempt.
#[derive(Clone)]
pub(crate) struct CallTerms {
    pub(crate) operation: &'static Operation,
    pub(crate) destination: Arc<Destination>,
    pub(crate) limits: CallLimits,
    /// The secrets of the request other than the credential, which no error may show.
    pub(crate) secrets: Secrets,
    /// The name of the call in errors, if it has no operation.
    pub(crate) label: Option<Arc<str>>,
    /// The headers that the caller has set.
    pub(crate) headers: Box<[HeaderName]>,
}

/// The limits of one call.
#[derive(Debug, Clone)]
pub(crate) struct CallLimits {
    pub(crate) deadline: Option<Instant>,
    /// When the last byte of a streamed response must have arrived.
    pub(crate) stream_deadline: Option<Instant>,
    pub(crate) attempt_timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) response_limit: Option<u64>,
    pub(crate) retries: u32,
    pub(crate) idempotent: bool,
    pub(crate) streamed: bool,
}

impl CallContext {
    pub(crate) fn new(terms: CallTerms) -> Self {
        Self(Arc::new(Inner {
            terms,
            attempts: AtomicU32::new(0),
            retries: AtomicU32::new(0),
            send_state: SendState::new(),
            may_be_executed: AtomicBool::new(false),
            was_refused: AtomicBool::new(false),
            was_redirected: AtomicBool::new(false),
            generation: AtomicU64::new(0),
        }))
    }

    /// Whether the caller has set this header.
    pub(crate) fn sets(&self, name: &HeaderName) -> bool {
        self.0.terms.headers.contains(name)
    }

    /// The same call after a redirect: earlier attempts count, and the deadline stays.
    pub(crate) fn redirected(&self, destination: Arc<Destination>, secrets: Secrets) -> Self {
        let terms = self.0.terms.clone();
        let next = Self::new(CallTerms {
            destination,
            secrets,
            ..terms
        });
        next.0.attempts.store(self.attempt(), Ordering::Relaxed);
        next.0.was_redirected.store(true, Ordering::Relaxed);
        next
    }

    pub(crate) fn of<B>(request: &http::Request<B>) -> Option<&Self> {
        request.extensions().get()
    }

    /// The context of a request that has passed layers of the user.
    ///
    /// # Errors
    /// If they have dropped it. Then nothing below knows what the request may do, or what is secret in its URL.
    pub(crate) fn kept_by<B>(request: &http::Request<B>) -> Result<&Self, Error> {
        Self::of(request).ok_or_else(|| {
            let error = Error::invalid(
                "a layer dropped the request's extensions: keep them, the client needs the `CallContext` in them",
            );
            error.permanent()
        })
    }

    /// The operation that is being called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.0.terms.operation
    }

    pub(crate) fn label(&self) -> Option<Arc<str>> {
        self.0.terms.label.clone()
    }

    /// The deadline of the whole call.
    #[must_use]
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.terms.limits.deadline.map(Instant::into_std)
    }

    /// The number of the current attempt, from 1; 0 before the first.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// Whether the call is idempotent, so that it is retried even if an earlier attempt may have been executed.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.0.terms.limits.idempotent
    }

    /// The secrets of the request.
    pub(crate) fn own_secrets(&self) -> &Secrets {
        &self.0.terms.secrets
    }

    /// All secrets that no error of the call may show.
    #[cold]
    pub(crate) fn secrets(&self) -> Vec<Secret> {
        let of_client = &self.0.terms.destination.secrets;
        let mut secrets: Vec<Secret> = self
            .own_secrets()
            .iter()
            .chain(of_client.iter())
            .cloned()
            .collect();
        if let Some(credential) = &self.0.terms.destination.credential {
            secrets.extend(credential.secrets());
        }
        secrets
    }

    pub(crate) fn limits(&self) -> &CallLimits {
        &self.0.terms.limits
    }

    /// The origin that every request of the call must go to.
    pub(crate) fn origin(&self) -> &BaseUrl {
        &self.0.terms.destination.origin
    }

    /// Whether the client's rate limiter applies.
    pub(crate) fn is_limited(&self) -> bool {
        self.0.terms.destination.is_limited
    }

    /// Whether the request goes to another origin than the service's: one that was named as the location of a file, see
    /// [`Client::fetch`](crate::Client::fetch). Such a request has neither the credential nor any of the client's
    /// headers, and what else is meant for the service alone must not be added to it. A redirect is a call of its own
    /// for layers, so the answer holds for all attempts that they see.
    ///
    /// ```
    /// use http::HeaderValue;
    /// use security_api_transport::middleware::{CallContext, HttpRequest};
    /// use security_api_transport::{Client, ClientBuilder};
    /// use tower::util::MapRequestLayer;
    ///
    /// fn with_signature(builder: ClientBuilder<Client>) -> ClientBuilder<Client> {
    ///     builder.attempt_layer(MapRequestLayer::new(|mut request: HttpRequest| {
    ///         let call = request.extensions().get::<CallContext>();
    ///         if call.is_some_and(|call| !call.leaves_origin()) {
    ///             request.headers_mut().insert("x-signature", HeaderValue::from_static("secret"));
    ///         }
    ///         request
    ///     }))
    /// }
    /// ```
    #[must_use]
    pub fn leaves_origin(&self) -> bool {
        !self.0.terms.destination.is_authorized
    }

    /// Whether the client's credential applies.
    pub(crate) fn is_authorized(&self) -> bool {
        self.0.terms.destination.is_authorized && !self.0.terms.operation.is_anonymous()
    }

    pub(crate) fn protocol(&self) -> &dyn Protocol {
        &*self.0.terms.destination.protocol
    }

    /// How far the current attempt has come.
    pub(crate) fn send_state(&self) -> &SendState {
        &self.0.send_state
    }

    /// An attempt starts. It counts as sent, unless the transport [tracks](SendTracker) its request.
    pub(crate) fn start_attempt(&self, now: Instant) {
        let attempt = self.0.attempts.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.send_state.start(attempt, now);
    }

    /// Notes when the attempt's timer fires.
    pub(crate) fn set_attempt_timer(&self, due: Instant) {
        let deadline = self.0.terms.limits.deadline;
        let is_timed = deadline.is_none_or(|deadline| due < deadline);
        self.0.send_state.set_timed(is_timed);
    }

    /// Notes the outcome of the attempt's request.
    pub(crate) fn end_attempt(&self, outcome: Outcome) {
        self.0.send_state.end();
        match outcome {
            Outcome::Unknown => self.0.may_be_executed.store(true, Ordering::Relaxed),
            Outcome::Refused => self.0.was_refused.store(true, Ordering::Relaxed),
            Outcome::NotSent | Outcome::Answered => {}
        }
    }

    /// Ends the call, and withdraws its request if that is still possible. Returns whether any attempt may have been
    /// executed: one that ended without a final response, or one in progress that can no longer be withdrawn.
    pub(crate) fn give_up(&self) -> bool {
        self.0.may_be_executed.load(Ordering::Relaxed) || !self.0.send_state.withdraw()
    }

    /// Ends the attempt, because what it waits for is of no use any more. Returns whether the call may begin again.
    pub(crate) fn restart(&self) -> bool {
        let may_be_executed = self.give_up();
        let verdict = match may_be_executed {
            true => Verdict::Transient,
            false => Verdict::NotSent,
        };
        self.end_attempt(verdict.outcome());
        // A request that was sent is sent again at most as often as retries are allowed.
        let has_retries = !may_be_executed || self.attempt() <= self.0.terms.limits.retries;
        has_retries && verdict.allows_retry(self.is_idempotent())
    }

    /// The call waits until then before it sends its request again, with so many retries used up.
    pub(crate) fn pause_until(&self, until: Instant, retries: u32) {
        self.0.send_state.pause_until(until);
        self.0.retries.store(retries, Ordering::Relaxed);
    }

    /// The retries that the call had used up when it paused last.
    pub(crate) fn retries(&self) -> u32 {
        self.0.retries.load(Ordering::Relaxed)
    }

    /// The generation of the credential that was applied to the current attempt.
    pub(crate) fn generation(&self) -> u64 {
        self.0.generation.load(Ordering::Relaxed)
    }

    pub(crate) fn set_generation(&self, generation: u64) {
        self.0.generation.store(generation, Ordering::Relaxed);
    }
}

impl fmt::Debug for CallContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallContext")
            .field("operation", &self.0.terms.operation.id())
            .field("attempt", &self.attempt())
            .field("limits", &self.0.terms.limits)
            .finish_non_exhaustive()
    }
}

impl Error {
    /// Adds which call it was and how far it got. The call is over after this.
    pub(crate) fn in_call(self, call: &CallContext) -> Self {
        let was_redirected = call.0.was_redirected.load(Ordering::Relaxed);
        self.of_call(CallFacts {
            operation: call.operation(),
            label: call.label(),
            attempts: call.attempt(),
            is_idempotent: call.is_idempotent(),
            may_be_executed: call.give_up() || was_redirected,
            was_refused: call.0.was_refused.load(Ordering::Relaxed),
            secrets: &call.secrets(),
        })
    }
}
