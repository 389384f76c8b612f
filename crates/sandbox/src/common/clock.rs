//! The sandbox's idea of time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// A century: enough for any test, and no addition of it overflows.
const FARTHEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The sandbox's idea of time: real time, plus what a test added to it, less what passed while a test had it frozen.
///
/// Rate limits, timestamps and webhook retries follow it. It never goes back, not even when the machine's own clock
/// does. Clones tell the same time.
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
    hands: watch::Sender<Hands>,
}

/// What a test did to the clock.
#[derive(Clone, Copy, Debug, Default)]
struct Hands {
    /// All advances together.
    ahead: Duration,
    /// How long it was frozen before.
    held: Duration,
    /// Real time since the start when it was frozen, while it is.
    frozen: Option<Duration>,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Arc::new(Inner {
            origin: Instant::now(),
            started: SystemTime::now(),
            hands: watch::Sender::default(),
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

    /// Moves the sandbox's time forward. Whatever becomes due by that happens at once. All advances together are capped
    /// at a century.
    pub fn advance(&self, by: Duration) {
        self.0
            .hands
            .send_modify(|hands| hands.ahead = hands.ahead.saturating_add(by).min(FARTHEST));
    }

    /// Stops the sandbox's time: until [`resume`](Self::resume) it moves only by [`advance`](Self::advance), so that
    /// what a test sends meanwhile arrives at one moment, however slow the machine. Does nothing if it is stopped.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
    /// use std::time::Duration;
    ///
    /// let sandbox = security_api_sandbox::Sandbox::start().await?;
    /// let clock = sandbox.clock();
    /// clock.freeze();
    /// let before = clock.now();
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), before + Duration::from_secs(1));
    /// clock.resume();
    /// # std::io::Result::Ok(()) })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn freeze(&self) {
        self.0.hands.send_modify(|hands| {
            hands.frozen.get_or_insert_with(|| self.0.origin.elapsed());
        });
    }

    /// Lets the sandbox's time go on from where [`freeze`](Self::freeze) stopped it. Does nothing if it goes.
    pub fn resume(&self) {
        self.0.hands.send_modify(|hands| {
            if let Some(frozen) = hands.frozen.take() {
                hands.held += self.0.origin.elapsed().saturating_sub(frozen);
            }
        });
    }

    /// Time since the sandbox started: monotonic, advances included.
    pub(crate) fn elapsed(&self) -> Duration {
        let hands = self.0.hands.borrow();
        let real = hands.frozen.unwrap_or_else(|| self.0.origin.elapsed());
        real.saturating_sub(hands.held) + hands.ahead
    }

    /// Returns once [`elapsed`](Self::elapsed) has reached `due`.
    pub(crate) async fn sleep_until(&self, due: Duration) {
        let mut moves = self.0.hands.subscribe();
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

    #[test]
    fn a_frozen_clock_moves_only_when_it_is_told_to() {
        let clock = Clock::start();
        clock.freeze();
        let before = clock.elapsed();
        std::thread::sleep(Duration::from_millis(20));
        clock.freeze();
        assert_eq!(clock.elapsed(), before);
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.elapsed(), before + Duration::from_secs(1));
        clock.resume();
        clock.resume();
        let after = clock.elapsed();
        assert!(after >= before + Duration::from_secs(1));
        std::thread::sleep(Duration::from_millis(2));
        assert!(clock.elapsed() > after);
    }

    #[tokio::test]
    async fn a_sleeper_waits_for_as_long_as_the_clock_is_frozen() {
        let clock = Clock::start();
        clock.freeze();
        let due = clock.elapsed() + Duration::from_millis(10);
        let sleeper = {
            let clock = clock.clone();
            tokio::spawn(async move { clock.sleep_until(due).await })
        };
        tokio::time::sleep(Duration::from_millis(40)).await;
        assert!(!sleeper.is_finished());
        clock.resume();
        tokio::time::timeout(Duration::from_secs(5), sleeper)
            .await
            .expect("the sleeper woke")
            .expect("the sleeper ended well");
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
