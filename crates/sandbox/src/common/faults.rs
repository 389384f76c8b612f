//! Faults: failures on purpose. Which one hits a request is decided here, and the listener carries it out.

pub(super) mod cut;

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::lock;
use super::random::Random;

/// A failure of requests.
///
/// By default a fault applies to one request, whichever comes first. [`times`](Self::times) sets the number of
/// requests, and [`on`](Self::on) their method and path.
///
/// ```
/// use http::Method;
/// use security_api_sandbox::Fault;
///
/// let busy = Fault::status(503).header("retry-after", "1").times(3);
/// let cut = Fault::cut_body(100).on(Method::GET, "/v1/browsers");
/// # let _ = (busy, cut);
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is queued"]
pub struct Fault {
    action: Action,
    times: usize,
    only: Option<(Method, String)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Action {
    Status {
        status: StatusCode,
        headers: HeaderMap,
        body: Option<Bytes>,
    },
    Delay(Duration),
    Reset,
    CutBody(usize),
    Stall,
}

impl Fault {
    fn new(action: Action) -> Self {
        Self {
            action,
            times: 1,
            only: None,
        }
    }

    /// Responds with this status. The service does not see the request. Without [`body`](Self::body) the response has
    /// the body that the service sends with that status.
    ///
    /// # Panics
    ///
    /// If `status` is not between 200 and 999.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| !status.is_informational());
        Self::new(Action::Status {
            status: status.expect("a final HTTP status is between 200 and 999"),
            headers: HeaderMap::new(),
            body: None,
        })
    }

    /// Delays the response by this much real time. The service performs the request at once.
    pub fn delay(by: Duration) -> Self {
        Self::new(Action::Delay(by))
    }

    /// Resets the connection without a response. The service does not see the request.
    pub fn reset() -> Self {
        Self::new(Action::Reset)
    }

    /// Ends the connection after `bytes` of the response's body. The service performs the request, and the response's
    /// headers declare the whole body. A shorter body is sent whole.
    pub fn cut_body(bytes: usize) -> Self {
        Self::new(Action::CutBody(bytes))
    }

    /// Never responds, and leaves the connection open. The service does not see the request.
    pub fn stall() -> Self {
        Self::new(Action::Stall)
    }

    /// Adds a header to the response of a [`status`](Self::status) fault. Other faults ignore it.
    ///
    /// # Panics
    ///
    /// If the name or the value is not valid in an HTTP header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Status { headers, .. } = &mut self.action {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                HeaderValue::from_str(value).expect("a header value"),
            );
        }
        self
    }

    /// Sets the body of a [`status`](Self::status) fault's response. Other faults ignore it.
    pub fn body(mut self, text: impl Into<Bytes>) -> Self {
        if let Action::Status { body, .. } = &mut self.action {
            *body = Some(text.into());
        }
        self
    }

    /// Applies to this many matching requests; 0 for none.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Applies only to requests with this method whose path is `path`, or `path` with further segments: `/v1/apps`
    /// covers `/v1/apps/1` but not `/v1/appsOther`.
    pub fn on(mut self, method: Method, path: impl Into<String>) -> Self {
        self.only = Some((method, path.into()));
        self
    }

    fn covers(&self, method: &Method, path: &str) -> bool {
        self.only.as_ref().is_none_or(|(wanted, prefix)| {
            let rest = path.strip_prefix(prefix.trim_end_matches('/'));
            wanted == method && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// The faults that wait for requests. Clones share them.
///
/// The first queued fault that matches a request is applied to it. If there is none, [`random`](Self::random) faults
/// are.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use security_api_sandbox::{Fault, Sandbox};
///
/// let sandbox = Sandbox::start().await?;
/// sandbox.faults().queue(Fault::status(503).times(2));
/// assert_eq!(sandbox.faults().pending(), 2);
/// sandbox.faults().random(7, vec![(0.05, Fault::reset()), (0.1, Fault::status(500))]);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    queue: Vec<Fault>,
    mix: Option<(Random, Vec<(f64, Fault)>)>,
}

impl Faults {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.0)
    }

    /// Adds a fault at the end of the queue.
    pub fn queue(&self, fault: Fault) {
        self.waiting().queue.push(fault);
    }

    /// Applies random faults to requests that no queued fault matches. Each entry is a probability and a fault; the
    /// rest up to 1 is the probability of no fault. One number is drawn for each such request, so the same seed and the
    /// same requests give the same faults. [`times`](Fault::times) is ignored here. A fault that does not match the
    /// request it was drawn for is not applied.
    pub fn random(&self, seed: u64, mix: Vec<(f64, Fault)>) {
        self.waiting().mix = Some((Random::new(seed, "faults"), mix));
    }

    /// Removes all queued faults and any random mix.
    pub fn clear(&self) {
        *self.waiting() = Waiting::default();
    }

    /// To how many more requests the queued faults apply.
    pub fn pending(&self) -> usize {
        self.waiting().queue.iter().map(|fault| fault.times).sum()
    }

    /// Takes the fault that applies to this request.
    pub(crate) fn take(&self, method: &Method, path: &str) -> Option<Action> {
        let mut waiting = self.waiting();
        waiting.queue.retain(|fault| fault.times > 0);
        let mut queue = waiting.queue.iter_mut();
        if let Some(fault) = queue.find(|fault| fault.covers(method, path)) {
            fault.times -= 1;
            return Some(fault.action.clone());
        }
        let (random, mix) = waiting.mix.as_mut()?;
        let mut left = random.fraction();
        for (probability, fault) in mix {
            if left < *probability {
                return fault.covers(method, path).then(|| fault.action.clone());
            }
            left -= *probability;
        }
        None
    }
}
