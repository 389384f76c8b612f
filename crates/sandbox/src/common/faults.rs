//! Faults: failures that a test requests.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::lock;
use super::random::Random;

/// One way for a request to go wrong.
///
/// A fault holds for one request unless [`times`](Self::times) says otherwise, and for any request unless
/// [`on`](Self::on) narrows it down.
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

    /// Responds with this status in place of the service, which never sees the request. Without [`body`](Self::body)
    /// the response has the body that the service itself gives with such a status.
    ///
    /// # Panics
    ///
    /// When `status` is not between 200 and 999.
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

    /// The service performs the request at once; its response is held back for this long, in real time.
    pub fn delay(by: Duration) -> Self {
        Self::new(Action::Delay(by))
    }

    /// Resets the connection without a response. The service never sees the request.
    pub fn reset() -> Self {
        Self::new(Action::Reset)
    }

    /// The service performs the request, and the head of its response is sent whole, with the length of the whole body;
    /// the connection ends after `bytes` of it. A shorter body is sent whole.
    pub fn cut_body(bytes: usize) -> Self {
        Self::new(Action::CutBody(bytes))
    }

    /// Never responds, and leaves the connection open. The service never sees the request.
    pub fn stall() -> Self {
        Self::new(Action::Stall)
    }

    /// Adds a header to the response of a [`status`](Self::status) fault; no other fault has a response of its own to
    /// add it to.
    ///
    /// # Panics
    ///
    /// When name or value is not valid in an HTTP header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Action::Status { headers, .. } = &mut self.action {
            headers.append(
                HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
                HeaderValue::from_str(value).expect("a header value"),
            );
        }
        self
    }

    /// Sets the body of a [`status`](Self::status) fault's response; no other fault has one.
    pub fn body(mut self, text: impl Into<Bytes>) -> Self {
        if let Action::Status { body, .. } = &mut self.action {
            *body = Some(text.into());
        }
        self
    }

    /// Holds for this many matching requests; 0 for none.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Holds only for requests with this method whose path is `path` or continues it with further segments: `/v1/apps`
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

/// The faults that wait for a request. Clones share them.
///
/// The first queued fault that covers a request is applied to it. When there is none, and a mix was given to
/// [`random`](Self::random), chance decides.
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
    queue: VecDeque<Fault>,
    mix: Option<(Random, Vec<(f64, Fault)>)>,
}

impl Faults {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.0)
    }

    /// Puts a fault behind those already queued.
    pub fn queue(&self, fault: Fault) {
        if fault.times > 0 {
            self.waiting().queue.push_back(fault);
        }
    }

    /// From now on, lets chance decide about each request that no queued fault covers: each fault comes with its
    /// probability, and what is missing from 1 is the probability of none. One number is drawn for every such request,
    /// so the same seed and the same requests give the same faults. A fault's [`times`](Fault::times) does not matter
    /// here; a fault that does not cover the request it was drawn for is not applied.
    pub fn random(&self, seed: u64, mix: Vec<(f64, Fault)>) {
        self.waiting().mix = Some((Random::new(seed, "faults"), mix));
    }

    /// Removes all queued faults and any random mix.
    pub fn clear(&self) {
        *self.waiting() = Waiting::default();
    }

    /// How many more requests the queued faults will apply to.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.waiting().queue.iter().map(|fault| fault.times).sum()
    }

    /// The fault that applies to this request, which is used up by it.
    pub(crate) fn take(&self, method: &Method, path: &str) -> Option<Action> {
        let mut waiting = self.waiting();
        let first = waiting
            .queue
            .iter()
            .position(|fault| fault.covers(method, path));
        if let Some(position) = first {
            let fault = &mut waiting.queue[position];
            fault.times -= 1;
            let action = fault.action.clone();
            if fault.times == 0 {
                waiting.queue.remove(position);
            }
            return Some(action);
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
