//! The sandbox's idea of time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A century: enough for any test, and no addition of it overflows.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The sandbox's idea of time: real time, plus what a test added to it.
///
/// Rate limits, timestamps and webhook retries follow it. It never goes back,
/// not even when the machine's own clock does. Clones tell the same time.
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
#[derive(Clone)]
pub struct Clock(Arc<Inner>);

struct Inner {
    origin: Instant,
    started: SystemTime,
    ahead: watch::Sender<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            started: SystemTime::now(),
            ahead: watch::Sender::new(Duration::ZERO),
        }))
    }

    /// The time it is in the sandbox.
    #[must_use]
    pub fn now(&self) -> SystemTime {
        self.0.started + self.elapsed()
    }

    /// The time it is in the sandbox, as whole seconds since 1970.
    #[must_use]
    pub fn unix(&self) -> i64 {
        let since = self.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    /// Moves the sandbox's time forward. Whatever becomes due by that happens
    /// at once. All advances together are capped at a century.
    pub fn advance(&self, by: Duration) {
        self.0
            .ahead
            .send_modify(|ahead| *ahead = ahead.saturating_add(by).min(FARTHEST));
    }

    /// Time since the sandbox started: monotonic, advances included.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.origin.elapsed() + *self.0.ahead.borrow()
    }

    /// Returns once [`elapsed`](Self::elapsed) has reached `due`.
    pub(crate) async fn sleep_until(&self, due: Duration) {
        let mut advances = self.0.ahead.subscribe();
        while let Some(left) = due
            .checked_sub(self.elapsed())
            .filter(|left| !left.is_zero())
        {
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                _ = advances.changed() => {}
            }
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Clock")
            .field("now", &self.now())
            .field("ahead", &*self.0.ahead.borrow())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_adds_up_and_stops_at_a_century() {
        let clock = Clock::start();
        clock.advance(Duration::from_secs(60));
        clock.advance(Duration::from_secs(30));
        assert!(clock.elapsed() >= Duration::from_secs(90));
        assert!(clock.elapsed() < Duration::from_secs(150));
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(clock.elapsed() < FARTHEST + Duration::from_secs(60));
        assert!(clock.unix() > 0);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_as_soon_as_the_clock_is_moved_past_its_time() {
        let clock = Clock::start();
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(Duration::from_secs(3600)).await })
        };
        tokio::task::yield_now().await;
        clock.advance(Duration::from_secs(1800));
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1801));
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .expect("the sleeper woke")
            .expect("the sleeper ended well");
    }
}
