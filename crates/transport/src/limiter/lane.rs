//! One limit: its schedule, its gate, and its queue of waiters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::ramp::Ramp;
use super::rate::{Rate, Rates};
use crate::clock::after;
use crate::error::{Error, ErrorKind};

/// How long a caller will wait.
#[derive(Clone, Copy)]
pub(super) struct Bounds {
    pub(super) deadline: Option<Instant>,
    pub(super) patience: Instant,
    pub(super) max_wait: Duration,
}

impl Bounds {
    fn check(&self, start: Instant, now: Instant) -> Result<(), Error> {
        let wait = start.saturating_duration_since(now);
        let refuse =
            |what: String| Err(Error::new(ErrorKind::RateLimit, what).with_retry_after(wait));
        if self.deadline.is_some_and(|deadline| start > deadline) {
            return refuse(format!(
                "the rate limit allows the request only in {}, after the call's deadline",
                seconds(wait)
            ));
        }
        if start > self.patience {
            return refuse(format!(
                "the rate limit allows the request only in {}, and the limiter's `max_wait` is {}: \
                 send less at once or raise it",
                seconds(wait),
                seconds(self.max_wait)
            ));
        }
        Ok(())
    }
}

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

/// A waiter that is not polled within 1 s of its turn loses its place, so that a future that is held without being
/// polled, perhaps in a runtime that nobody drives, blocks no other.
const LATE: Duration = Duration::from_secs(1);

/// One limit: its schedule, and its waiters in order.
pub(super) struct Lane {
    rates: Rates,
    state: Mutex<State>,
}

struct State {
    /// For each rate the theoretical arrival time of GCRA: a request may start once this is at most `burst - 1`
    /// intervals ahead. Empty before the first request.
    arrivals: Vec<Instant>,
    /// The gate: no request starts before. `None` if it was never closed, or so long ago that it no longer matters.
    closed_until: Option<Instant>,
    /// How many may start since the gate opened, after a refusal or without a rate.
    ramp: Option<Ramp>,
    /// When the last request started.
    last_start: Option<Instant>,
    /// In order of their tickets.
    waiting: VecDeque<Waiter>,
    tickets: u64,
}

struct Waiter {
    ticket: u64,
    notify: Arc<Notify>,
}

impl State {
    /// How many are ahead of the holder of this ticket; `None` if the ticket is not in the queue.
    fn position(&self, ticket: Option<u64>) -> Option<usize> {
        let ticket = ticket?;
        self.waiting
            .binary_search_by_key(&ticket, |waiter| waiter.ticket)
            .ok()
    }

    fn wake_all(&self) {
        for waiter in &self.waiting {
            waiter.notify.notify_one();
        }
    }
}

impl Lane {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            state: Mutex::new(State {
                arrivals: Vec::with_capacity(rates.all().len()),
                closed_until: None,
                ramp: None,
                last_start: None,
                waiting: VecDeque::new(),
                tickets: 0,
            }),
            rates,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_rate(&self) -> bool {
        !self.rates.all().is_empty()
    }

    fn arrivals<'a>(&'a self, state: &'a State) -> impl Iterator<Item = (Rate, Instant)> {
        let rates = self.rates.all().iter().zip(&state.arrivals);
        rates.map(|(&rate, &arrival)| (rate, rate.behind_gate(arrival, state.closed_until)))
    }

    /// When it is the turn of the request with `ahead` others before it; may be in the past.
    fn due(&self, state: &State, ahead: usize) -> Option<Instant> {
        let open = state.closed_until.map(|open| {
            let ramp = state.ramp.as_ref();
            ramp.map_or(open, |ramp| ramp.due(open, ahead))
        });
        self.due_by_rate(state, ahead).max(open)
    }

    fn due_by_rate(&self, state: &State, ahead: usize) -> Option<Instant> {
        let first = self
            .arrivals(state)
            .filter_map(|(rate, arrival)| arrival.checked_sub(rate.tolerance()))
            .max()
            .max(state.closed_until);
        let (Some(start), 1..) = (first, ahead) else {
            return first;
        };
        // Those ahead take their slots first: each advances the arrival times by one interval.
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        self.arrivals(state)
            .filter_map(|(rate, arrival)| {
                let arrival = after(arrival.max(start), rate.interval().saturating_mul(ahead));
                arrival.checked_sub(rate.tolerance())
            })
            .max()
            .max(first)
    }

    /// When the request with `ahead` others before it may start.
    fn start(&self, state: &State, now: Instant, ahead: usize) -> Instant {
        self.due(state, ahead).map_or(now, |due| due.max(now))
    }

    /// Starts a request. `waited` says that it was queued, so that time lost in waking up is made up for.
    fn take(&self, state: &mut State, now: Instant, waited: bool) {
        if self.has_rate() {
            state.arrivals.resize(self.rates.all().len(), now);
            let gate = state.closed_until;
            for (rate, arrival) in self.rates.all().iter().zip(&mut state.arrivals) {
                *arrival = rate.next(rate.behind_gate(*arrival, gate), now, waited);
            }
        }
        state.last_start = Some(now);
        let over = state.ramp.as_mut().is_none_or(|ramp| ramp.start(now));
        if over {
            state.ramp = None;
        }
        if over && !self.has_rate() {
            state.closed_until = None;
        }
    }

    pub(super) fn try_acquire(&self) -> bool {
        let mut state = self.state();
        let now = Instant::now();
        if !self.has_rate() && state.closed_until.is_none() {
            state.last_start = Some(now);
            return true;
        }
        if !state.waiting.is_empty() || self.start(&state, now, 0) > now {
            return false;
        }
        self.take(&mut state, now, false);
        true
    }

    pub(super) async fn acquire(&self, bounds: Bounds) -> Result<(), Error> {
        let mut place = Place {
            lane: self,
            ticket: None,
            notify: Arc::new(Notify::new()),
        };
        loop {
            let wake = {
                let mut state = self.state();
                let now = Instant::now();
                let mut position = state.position(place.ticket);
                let mut ahead = position.unwrap_or(state.waiting.len());
                let late = |due| after(due, LATE) <= now;
                if ahead > 0 && self.due(&state, ahead).is_some_and(late) {
                    state.waiting.drain(..ahead);
                    (position, ahead) = (position.map(|_| 0), 0);
                }
                let start = self.start(&state, now, ahead);
                if ahead == 0 && start <= now {
                    self.take(&mut state, now, position.is_some());
                    return Ok(());
                }
                bounds.check(start, now)?;
                if position.is_none() {
                    let ticket = state.tickets;
                    state.tickets += 1;
                    place.ticket = Some(ticket);
                    let notify = Arc::clone(&place.notify);
                    state.waiting.push_back(Waiter { ticket, notify });
                }
                if ahead == 0 {
                    start
                } else {
                    after(start, LATE)
                }
            };
            // A gate that closes or opens wakes all waiters to check again, and a waiter that leaves the queue wakes
            // the next.
            let _ = tokio::time::timeout_at(wake, place.notify.notified()).await;
        }
    }

    /// Closes the gate. `is_refused` says that the service refused a request, and did not only announce that it would.
    pub(super) fn close(&self, wait: Duration, is_refused: bool) {
        let mut state = self.state();
        let now = Instant::now();
        let mut wait = wait;
        if self.has_rate() {
            state.arrivals.resize(self.rates.all().len(), now);
        }
        let has_ramp = is_refused || !self.has_rate();
        if has_ramp {
            // Also if the gate is already closed for longer: the service is still refusing.
            let refused_before = state.ramp.as_ref().filter(|_| is_refused);
            let ramp = Ramp::new(refused_before, state.last_start, now);
            wait = wait.max(ramp.least_wait());
            state.ramp = Some(ramp);
        }
        let until = after(now, wait);
        let longer = state.closed_until.is_none_or(|closed| closed < until);
        if longer {
            state.closed_until = Some(until);
        }
        if longer || has_ramp {
            state.wake_all();
        }
    }

    pub(super) fn reopen(&self) {
        let mut state = self.state();
        let now = Instant::now();
        state.closed_until = state.closed_until.map(|closed| closed.min(now));
        state.wake_all();
    }
}

/// A place in the queue, released when dropped, whether or not the caller got its permit.
struct Place<'a> {
    lane: &'a Lane,
    ticket: Option<u64>,
    notify: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        let Some(position) = state.position(self.ticket) else {
            return;
        };
        state.waiting.remove(position);
        if position == 0
            && let Some(first) = state.waiting.front()
        {
            first.notify.notify_one();
        }
    }
}
