//! One limit: its schedule and its queue of waiters.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::gate::Gate;
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

    /// When the deadline has passed even for a caller whose timer was late.
    fn over(&self) -> Option<Instant> {
        self.deadline.map(|deadline| after(deadline, TICK))
    }
}

/// The granularity of tokio's timers.
const TICK: Duration = Duration::from_millis(1);

fn seconds(wait: Duration) -> String {
    format!("{:.1} s", wait.as_secs_f64())
}

/// A waiter that is not polled within 1 s of its turn loses its place, so that a future that is held without being
/// polled, perhaps in a runtime that nobody drives, blocks no other.
const LATE: Duration = Duration::from_secs(1);

/// One limit: its rates, and which requests start when.
pub(super) struct Limit {
    rates: Rates,
    schedule: Mutex<Schedule>,
}

/// When requests started, when the next may, and which wait, in order.
struct Schedule {
    /// For each rate the theoretical arrival time of GCRA: a request may start once this is at most `burst - 1`
    /// intervals ahead. Empty before the first request.
    arrivals: Vec<Instant>,
    gate: Gate,
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

impl Schedule {
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

impl Limit {
    pub(super) fn new(rates: Rates) -> Self {
        Self {
            schedule: Mutex::new(Schedule {
                arrivals: Vec::with_capacity(rates.all().len()),
                gate: Gate::default(),
                last_start: None,
                waiting: VecDeque::new(),
                tickets: 0,
            }),
            rates,
        }
    }

    fn schedule(&self) -> MutexGuard<'_, Schedule> {
        self.schedule.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_rate(&self) -> bool {
        !self.rates.all().is_empty()
    }

    fn arrivals<'a>(&'a self, schedule: &'a Schedule) -> impl Iterator<Item = (Rate, Instant)> {
        let rates = self.rates.all().iter().zip(&schedule.arrivals);
        let closed = schedule.gate.closed_until();
        rates.map(move |(&rate, &arrival)| (rate, rate.after_closed(arrival, closed)))
    }

    /// When it is the turn of the request with `ahead` others before it; may be in the past.
    fn due(&self, schedule: &Schedule, ahead: usize) -> Option<Instant> {
        let by_rate = |ahead| self.due_by_rate(schedule, ahead);
        by_rate(ahead).max(schedule.gate.due(ahead, || by_rate(0)))
    }

    fn due_by_rate(&self, schedule: &Schedule, ahead: usize) -> Option<Instant> {
        let first = self
            .arrivals(schedule)
            .filter_map(|(rate, arrival)| arrival.checked_sub(rate.tolerance()))
            .max()
            .max(schedule.gate.closed_until());
        let (Some(start), 1..) = (first, ahead) else {
            return first;
        };
        // Those ahead take their slots first: each advances the arrival times by one interval.
        let ahead = u32::try_from(ahead).unwrap_or(u32::MAX);
        self.arrivals(schedule)
            .filter_map(|(rate, arrival)| {
                let arrival = after(arrival.max(start), rate.interval().saturating_mul(ahead));
                arrival.checked_sub(rate.tolerance())
            })
            .max()
            .max(first)
    }

    /// When the request with `ahead` others before it may start.
    fn start(&self, schedule: &Schedule, now: Instant, ahead: usize) -> Instant {
        self.due(schedule, ahead).map_or(now, |due| due.max(now))
    }

    /// Starts a request. `waited` says that it was queued, so that time lost in waking up is made up for.
    fn take(&self, schedule: &mut Schedule, now: Instant, waited: bool) {
        if self.has_rate() {
            schedule.arrivals.resize(self.rates.all().len(), now);
            let closed = schedule.gate.closed_until();
            for (rate, arrival) in self.rates.all().iter().zip(&mut schedule.arrivals) {
                *arrival = rate.next(rate.after_closed(*arrival, closed), now, waited);
            }
        }
        schedule.last_start = Some(now);
        schedule.gate.started(now, self.has_rate());
    }

    pub(super) fn try_acquire(&self) -> bool {
        let mut schedule = self.schedule();
        let now = Instant::now();
        if !self.has_rate() && schedule.gate.closed_until().is_none() {
            schedule.last_start = Some(now);
            return true;
        }
        if !schedule.waiting.is_empty() || self.start(&schedule, now, 0) > now {
            return false;
        }
        self.take(&mut schedule, now, false);
        true
    }

    pub(super) async fn acquire(&self, bounds: Bounds) -> Result<(), Error> {
        let mut turn = Turn {
            limit: self,
            ticket: None,
            notify: Arc::new(Notify::new()),
        };
        loop {
            let wake = {
                let mut schedule = self.schedule();
                let now = Instant::now();
                let mut position = schedule.position(turn.ticket);
                let mut ahead = position.unwrap_or(schedule.waiting.len());
                let late = |due| after(due, LATE) <= now;
                if ahead > 0 && self.due(&schedule, ahead).is_some_and(late) {
                    schedule.waiting.drain(..ahead);
                    (position, ahead) = (position.map(|_| 0), 0);
                }
                let start = self.start(&schedule, now, ahead);
                if bounds.over().is_some_and(|over| over <= now) {
                    let wait = start.saturating_duration_since(now);
                    return Err(Error::new(
                        ErrorKind::RateLimit,
                        "the call's deadline passed before the rate limit allowed the request",
                    )
                    .with_retry_after(wait));
                }
                if ahead == 0 && start <= now {
                    self.take(&mut schedule, now, position.is_some());
                    return Ok(());
                }
                bounds.check(start, now)?;
                if position.is_none() {
                    let ticket = schedule.tickets;
                    schedule.tickets += 1;
                    turn.ticket = Some(ticket);
                    let notify = Arc::clone(&turn.notify);
                    schedule.waiting.push_back(Waiter { ticket, notify });
                }
                let wake = match ahead {
                    0 => start,
                    _ => after(start, LATE),
                };
                // A turn that comes later than foreseen may come after the deadline.
                bounds.over().map_or(wake, |over| wake.min(over))
            };
            // Closing and opening the limit wake all waiters to check again, and a waiter that leaves the queue wakes
            // the next.
            let _ = tokio::time::timeout_at(wake, turn.notify.notified()).await;
        }
    }

    /// Closes the limit. `is_refused` says that the service refused a request, and did not only announce that it would.
    pub(super) fn close(&self, wait: Duration, is_refused: bool) {
        let mut schedule = self.schedule();
        let now = Instant::now();
        let has_rate = self.has_rate();
        if has_rate {
            schedule.arrivals.resize(self.rates.all().len(), now);
        }
        let last_start = schedule.last_start;
        if (schedule.gate).close(wait, now, last_start, is_refused, has_rate) {
            schedule.wake_all();
        }
    }

    pub(super) fn reopen(&self) {
        let mut schedule = self.schedule();
        schedule.gate.reopen(Instant::now());
        schedule.wake_all();
    }
}

/// A place in the queue, released when dropped, whether or not the caller got its permit.
struct Turn<'a> {
    limit: &'a Limit,
    ticket: Option<u64>,
    notify: Arc<Notify>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut schedule = self.limit.schedule();
        let Some(position) = schedule.position(self.ticket) else {
            return;
        };
        schedule.waiting.remove(position);
        if position == 0
            && let Some(first) = schedule.waiting.front()
        {
            first.notify.notify_one();
        }
    }
}
