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
use super::times;
use crate::error::Error;
use crate::runtime::runtime;

/// The future of a token request.
pub(super) type TokenFuture = Pin<Box<dyn Future<Output = Result<Granted, Error>> + Send>>;

/// A token request in progress. It belongs to one runtime but to no caller, so that any of its waiters can be
/// cancelled.
pub(super) struct Flight {
    runtime: Option<Id>,
    /// When the request was last polled.
    driven: Instant,
    /// How many tokens had been refused when the request began.
    refusals: u64,
    /// The request replaces a token that is still live, so its failure is not reported to others.
    pub(super) early: bool,
    pub(super) crowd: Arc<Crowd>,
    /// `None` while a waiter polls it.
    response: Option<TokenFuture>,
}

impl Flight {
    pub(super) fn new(refusals: u64, early: bool, response: TokenFuture) -> Self {
        Self {
            runtime: runtime(),
            driven: Instant::now(),
            refusals,
            early,
            crowd: Arc::new(Crowd::new()),
            response: Some(response),
        }
    }

    pub(super) fn is_of(&self, runtime: Option<Id>) -> bool {
        self.runtime == runtime
    }

    /// Whether the request is not worth waiting for: it has not been polled for long, or a token was refused since it
    /// began, in which case the new token may have been revoked together with that one.
    pub(super) fn is_useless(&self, refusals: u64, now: Instant) -> bool {
        self.refusals != refusals || now >= self.driven + times::ABANDONED
    }

    /// The future, to be polled outside the lock. `None` if it cannot make progress or another waiter polls it.
    pub(super) fn take(&mut self) -> Option<TokenFuture> {
        self.response.take_if(|_| self.crowd.has_news())
    }

    pub(super) fn put_back(&mut self, response: &mut Option<TokenFuture>) {
        self.response = response.take();
        self.driven = Instant::now();
    }
}

/// How a flight ended.
#[derive(Clone)]
pub(super) enum Landing {
    /// There is a new token.
    Granted,
    Failed(Error),
    /// The request was given up: start another.
    GivenUp,
}

/// Flights that have ended. Their waiters are woken, and their futures dropped, when this is dropped: after the lock is
/// free.
#[derive(Default)]
pub(super) struct Over(Vec<(Flight, Landing)>);

impl Over {
    pub(super) fn add(&mut self, flight: Flight, landing: Landing) {
        self.0.push((flight, landing));
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        for (flight, landing) in self.0.drain(..) {
            flight.crowd.end(landing);
        }
    }
}

/// The waiters of a flight. All of them are woken, because any may be left unpolled or dropped soon.
pub(super) struct Crowd {
    /// The future was woken since it was last polled.
    news: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<u64, Waker>,
    seats: u64,
    landing: Option<Landing>,
}

impl Crowd {
    fn new() -> Self {
        Self {
            news: AtomicBool::new(true),
            waiting: Mutex::default(),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_news(&self) -> bool {
        self.news.swap(false, Ordering::AcqRel)
    }

    /// Wakes all waiters if the future was woken while it was being polled, because they found it taken.
    pub(super) fn pass_on_news(&self) {
        if self.news.load(Ordering::Acquire) {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let wakers = mem::take(&mut self.waiting().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    fn end(&self, landing: Landing) {
        self.waiting().landing.get_or_insert(landing);
        self.wake_all();
    }
}

impl Wake for Crowd {
    fn wake(self: Arc<Self>) {
        self.news.store(true, Ordering::Release);
        self.wake_all();
    }
}

/// A waiter's place in the crowd.
pub(super) struct Seat {
    pub(super) crowd: Arc<Crowd>,
    number: u64,
}

impl Seat {
    pub(super) fn new(crowd: Arc<Crowd>) -> Self {
        let mut waiting = crowd.waiting();
        let number = waiting.seats;
        waiting.seats += 1;
        drop(waiting);
        Self { crowd, number }
    }

    pub(super) fn landing(&self) -> Option<Landing> {
        self.crowd.waiting().landing.clone()
    }

    /// The landing of the flight. Until there is one, the waiter is woken whenever the future is.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Landing> {
        let mut waiting = self.crowd.waiting();
        if let Some(landing) = &waiting.landing {
            return Poll::Ready(landing.clone());
        }
        let waker = waiting.wakers.entry(self.number);
        waker
            .and_modify(|waker| waker.clone_from(cx.waker()))
            .or_insert_with(|| cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        // Nobody else needs to be woken in its place: the future wakes all waiters.
        self.crowd.waiting().wakers.remove(&self.number);
    }
}
