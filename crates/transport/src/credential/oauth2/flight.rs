//! A token request under way, driven by whoever waits for it.

use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use super::endpoint::Granted;
use super::times;
use crate::error::Error;

/// The answer to a token request.
pub(super) type Answer = Pin<Box<dyn Future<Output = Result<Granted, Error>> + Send>>;

/// The runtime that the caller runs in. What belongs to one, such as a timer, is never polled in another.
pub(super) fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// A token request under way. It belongs to no caller, so that any of those who wait for it can go away, and to one
/// runtime.
pub(super) struct Flight {
    runtime: Option<Id>,
    /// When it was polled last.
    driven: Instant,
    /// How many tokens had been refused when it began.
    refusals: u64,
    /// It is to replace a token that is still live, so nobody else needs to learn of its failure.
    pub(super) early: bool,
    pub(super) crowd: Arc<Crowd>,
    /// `None` while someone polls it.
    answer: Option<Answer>,
}

impl Flight {
    pub(super) fn new(refusals: u64, early: bool, answer: Answer) -> Self {
        Self {
            runtime: runtime(),
            driven: Instant::now(),
            refusals,
            early,
            crowd: Arc::new(Crowd::new()),
            answer: Some(answer),
        }
    }

    pub(super) fn is_of(&self, runtime: Option<Id>) -> bool {
        self.runtime == runtime
    }

    /// Whether it is not worth waiting for: nobody drove it on for long, or a token was refused since it began, in which case
    /// the one that it brings may have been revoked together with that.
    pub(super) fn is_useless(&self, refusals: u64, now: Instant) -> bool {
        self.refusals != refusals || now >= self.driven + times::ABANDONED
    }

    /// The answer, to be polled outside the lock; `None` if there is nothing to do or someone else does it.
    pub(super) fn take(&mut self) -> Option<Answer> {
        self.answer.take_if(|_| self.crowd.has_news())
    }

    pub(super) fn put_back(&mut self, answer: &mut Option<Answer>) {
        self.answer = answer.take();
        self.driven = Instant::now();
    }
}

/// How a flight ended.
#[derive(Clone)]
pub(super) enum Outcome {
    /// There is a new token.
    Granted,
    Failed(Error),
    /// It was given up: ask again.
    GivenUp,
}

/// Flights that have ended. Those who wait learn of it, and the answers are dropped, when this is: after the lock is free.
#[derive(Default)]
pub(super) struct Over(Vec<(Flight, Outcome)>);

impl Over {
    pub(super) fn add(&mut self, flight: Flight, outcome: Outcome) {
        self.0.push((flight, outcome));
    }
}

impl Drop for Over {
    fn drop(&mut self) {
        for (flight, outcome) in self.0.drain(..) {
            flight.crowd.end(outcome);
        }
    }
}

/// Those who wait for a flight. Its news go to all of them, since any may have been left unpolled or be gone soon.
pub(super) struct Crowd {
    /// Something happened since the answer was polled last.
    news: AtomicBool,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    wakers: BTreeMap<u64, Waker>,
    seats: u64,
    outcome: Option<Outcome>,
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

    /// Wakes all if something happened while the answer was being polled: they found it gone.
    pub(super) fn pass_on_news(&self) {
        if self.news.load(Ordering::Acquire) {
            self.wake_all();
        }
    }

    fn wake_all(&self) {
        let wakers = mem::take(&mut self.waiting().wakers);
        wakers.into_values().for_each(Waker::wake);
    }

    fn end(&self, outcome: Outcome) {
        self.waiting().outcome.get_or_insert(outcome);
        self.wake_all();
    }
}

impl Wake for Crowd {
    fn wake(self: Arc<Self>) {
        self.news.store(true, Ordering::Release);
        self.wake_all();
    }
}

/// A caller's place in the crowd.
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

    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.crowd.waiting().outcome.clone()
    }

    /// How the flight ended; otherwise the caller is woken when there are news of it.
    pub(super) fn poll(&self, cx: &Context<'_>) -> Poll<Outcome> {
        let mut waiting = self.crowd.waiting();
        if let Some(outcome) = &waiting.outcome {
            return Poll::Ready(outcome.clone());
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
        self.crowd.waiting().wakers.remove(&self.number);
        // Whoever goes away may have been the one who was to see to it.
        self.crowd.pass_on_news();
    }
}
