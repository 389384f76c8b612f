//! The sandbox's clock.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A century: enough for any test, and adding it cannot overflow.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The sandbox's clock: real time, plus all advances, minus the time that passed while the clock was frozen.
///
/// Rate limits, timestamps and webhook retries follow this clock. It never goes back, even if the machine's clock does.
/// Clones are the same clock.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// use std::time::Duration;
///
/// let sandbox = security_api_sandbox::Sandbox::start().await?;
/// let before = sandbox.clock().unix();
/// sandbox.clock().advance(Duration::from_secs(3600));
/// assert!(sandbox.clock().unix() >= before + 3600);
/// # std::io::Result::Ok(()) })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    origin: Instant,
    started: SystemTime,
    set: watch::Sender<Settings>,
}

/// How a test set the clock.
#[derive(Clone, Copy, Debug, Default)]
struct Settings {
    /// The sum of all advances.
    ahead: Duration,
    /// How long the clock was frozen before.
    held: Duration,
    /// While the clock is frozen: the real time from the start to that moment.
    frozen: Option<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            started: SystemTime::now(),
            set: watch::Sender::default(),
        }))
    }

    /// The sandbox's current time.
    pub fn now(&self) -> SystemTime {
        self.0.started + self.elapsed()
    }

    /// The sandbox's current time, in whole seconds since 1970.
    pub fn unix(&self) -> i64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Moves the clock forward. Everything that is due by the new time happens immediately. The sum of all advances is
    /// at most a century.
    pub fn advance(&self, by: Duration) {
        self.0
            .set
            .send_modify(|set| set.ahead = set.ahead.saturating_add(by).min(FARTHEST));
    }

    /// Freezes the clock: until [`resume`](Self::resume) it moves only by [`advance`](Self::advance). All requests of a
    /// test then arrive at the same moment, however slow the machine is. Does nothing if the clock is frozen.
    pub fn freeze(&self) {
        self.0.set.send_modify(|set| {
            set.frozen.get_or_insert_with(|| self.0.origin.elapsed());
        });
    }

    /// Lets the clock run again from where [`freeze`](Self::freeze) stopped it. Does nothing if the clock is not
    /// frozen.
    pub fn resume(&self) {
        self.0.set.send_modify(|set| {
            if let Some(frozen) = set.frozen.take() {
                set.held += self.0.origin.elapsed().saturating_sub(frozen);
            }
        });
    }

    /// Time since the sandbox started: monotonic, advances included.
    pub(crate) fn elapsed(&self) -> Duration {
        let set = self.0.set.borrow();
        let real = set.frozen.unwrap_or_else(|| self.0.origin.elapsed());
        real.saturating_sub(set.held) + set.ahead
    }

    /// Returns once [`elapsed`](Self::elapsed) has reached `due`.
    pub(crate) async fn sleep_until(&self, due: Duration) {
        let mut moves = self.0.set.subscribe();
        while let Some(left) = due
            .checked_sub(self.elapsed())
            .filter(|left| !left.is_zero())
        {
            let frozen = moves.borrow_and_update().frozen.is_some();
            tokio::select! {
                () = tokio::time::sleep(left), if !frozen => {}
                _ = moves.changed() => {}
            }
        }
    }
}
