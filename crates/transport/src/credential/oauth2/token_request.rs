//! A token request in progress, polled by its waiters.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::Id;
use tokio::time::Instant;

use super::endpoint::Granted;
use super::limits;
use crate::error::Error;
use crate::runtime::runtime;

/// The future of a token request.
pub(super) type TokenFuture = Pin<Box<dyn Future<Output = Result<Granted, Error>> + Send>>;

/// A token request in progress. It belongs to one runtime but to no caller, so that any of its waiters can be
/// cancelled.
pub(super) struct TokenRequest {
    runtime: Option<Id>,
    /// When the request was last polled.
    last_polled: Instant,
    /// How many tokens had been refused when the request began.
    refusals: u64,
    /// The request replaces a token that is still live, so its failure is not reported to others.
    pub(super) is_renewal: bool,
    pub(super) waiters: Arc<Waiters>,
    /// `None` while a waiter polls it.
    response: Option<TokenFuture>,
}

impl TokenRequest {
    pub(super) fn new(refusals: u64, is_renewal: bool, response: TokenFuture) -> Self {
        Self {
            runtime: runtime(),
            last_polled: Instant::now(),
            refusals,
            is_renewal,
            waiters: Arc::new(Waiters::new()),
            response: Some(response),
        }
    }

    pub(super) fn is_of(&self, runtime: Option<Id>) -> bool {
        self.runtime == runtime
    }

    /// Whether the request is not worth waiting for: it has not been polled for long, or a token was refused since it
    /// began, in which case the new token may have been revoked together with that one.
    pub(super) fn is_useless(&self, refusals: u64, now: Instant) -> bool {
        self.refusals != refusals || now >= self.last_polled + limits::ABANDONED
    }

    /// The future, to be polled outside the lock. `None` if it cannot make progress or another waiter polls it.
    pub(super) fn take(&mut self) -> Option<TokenFuture> {
        self.response.take_if(|_| self.waiters.take_woken())
    }

    pub(super) fn put_back(&mut self, response: &mut Option<TokenFuture>) {
        self.response = response.take();
        self.last_polled = Instant::now();
    }
}

/// How a request ended.
#[derive(Clone)]
pub(super) enum TokenOutcome {
    /// There is a new token.
    Granted,
    Failed(Error),
    /// The request was given up: start another.
    GivenUp,
}

/// Requests that have ended. Their waiters are woken, and their futures dropped, when this is dropped: after the lock
/// is free.
#[derive(Default)]
pub(super) struct EndedRequests(Vec<(TokenRequest, TokenOutcome)>);

impl EndedRequests {
    pub(super) fn add(&mut self, request: TokenRequest, outcome: TokenOutcome) {
        self.0.push((request, outcome));
    }
}

impl Drop for EndedRequests {
    fn drop(&mut self) {
        for (request, outcome) in self.0.drain(..) {
            request.waiters.end(outcome);
        }
    }
}

/// The waiters of a request. All of them are woken, because any may be left unpolled or dropped soon.
pub(super) struct Waiters {
    /// The future was woken since it was last polled.
    is_woken: AtomicBool,
    shared: Mutex<SharedOutcome>,
}

#[derive(Default)]
struct SharedOutcome {
    outcome: Option<TokenOutcome>,
    /// By the numbers of the waiters.
    wakers: BTreeMap<u64, Waker>,
    next_number: u64,
}

impl Waiters {
    fn new() -> Self {
        Self {
            is_woken: AtomicBool::new(true),
            shared: Mutex::default(),
        }
    }

    fn shared(&self) -> MutexGuard<'_, SharedOutcome> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the future was woken since this was last asked.
    fn take_woken(&self) -> bool {
        self.is_woken.swap(false, Ordering::AcqRel)
    }

    /// Wakes all waiters if the future was woken while it was being polled, because they found it taken.
    pub(super) fn pass_on_wake(&self) {
        if self.is_woken.load(Ordering::Acquire) {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let wakers = mem::take(&mut self.shared().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    fn end(&self, outcome: TokenOutcome) {
        self.shared().outcome.get_or_insert(outcome);
        self.wake_all();
    }
}

impl Wake for Waiters {
    fn wake(self: Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.wake_all();
    }
}

/// A caller who waits for a request.
pub(super) struct Waiter {
    pub(super) waiters: Arc<Waiters>,
    number: u64,
}

impl Waiter {
    pub(super) fn new(waiters: Arc<Waiters>) -> Self {
        let mut shared = waiters.shared();
        let number = shared.next_number;
        shared.next_number += 1;
        drop(shared);
        Self { waiters, number }
    }

    pub(super) fn outcome(&self) -> Option<TokenOutcome> {
        self.waiters.shared().outcome.clone()
    }

    /// The outcome of the request. Until there is one, the waiter is woken whenever the future is.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<TokenOutcome> {
        let mut shared = self.waiters.shared();
        if let Some(outcome) = &shared.outcome {
            return Poll::Ready(outcome.clone());
        }
        let waker = shared.wakers.entry(self.number);
        waker
            .and_modify(|waker| waker.clone_from(cx.waker()))
            .or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        // Nobody else needs to be woken in its place: the future wakes all waiters.
        self.waiters.shared().wakers.remove(&self.number);
    }
}
