//! What belongs to the runtime in which it began: timers, and futures that wait for timers and connections.
//!
//! A value that is used again and again, such as a stream, keeps such a future from one use to the next. The next use
//! may be in another runtime, after the first one ended or while nobody drives it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::{Handle, Id};
use tokio::time::{Instant, Sleep};

use crate::clock::{FOR_EVER, after};
use crate::error::Error;

/// The runtime of the caller. What belongs to a runtime is never polled in another.
pub(crate) fn runtime() -> Option<Id> {
    Handle::try_current().ok().map(|runtime| runtime.id())
}

/// Nothing can be sent or timed outside a runtime.
#[cold]
pub(crate) fn no_runtime() -> Error {
    Error::invalid(
        "there is no tokio runtime here: await the call in one, as in `#[tokio::main]` or `Runtime::block_on`",
    )
}

/// A future that is polled only in the runtime in which it began.
pub struct Bound<F: ?Sized> {
    runtime: Option<Id>,
    future: Pin<Box<F>>,
}

impl<F: Future + ?Sized> Bound<F> {
    /// A future that begins in the runtime of the caller.
    #[must_use]
    pub fn new(future: Pin<Box<F>>) -> Self {
        Self::of(runtime(), future)
    }

    /// A future that has begun in this runtime.
    pub(crate) fn of(runtime: Option<Id>, future: Pin<Box<F>>) -> Self {
        Self { runtime, future }
    }

    /// Polls the future. Returns `None` in another runtime, where it cannot go on and has to begin anew.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<F::Output>> {
        if self.runtime != runtime() {
            return Poll::Ready(None);
        }
        self.future.as_mut().poll(cx).map(Some)
    }
}

impl<F: ?Sized> fmt::Debug for Bound<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bound").finish_non_exhaustive()
    }
}

/// A pause, in whichever runtime it is polled. Outside a runtime it is over at once: what follows it says what is
/// wrong.
#[derive(Debug)]
pub struct Pause {
    until: Instant,
    sleep: Option<Bound<Sleep>>,
}

impl Pause {
    /// The shortest pause, so that no program asks in a busy loop.
    pub const SHORTEST: Duration = Duration::from_millis(10);

    /// Pauses for about this long: a tenth more or less, so that many programs do not ask at the same moment.
    #[must_use]
    pub fn about(duration: Duration) -> Self {
        let duration = duration.clamp(Self::SHORTEST, FOR_EVER);
        let varied = duration.mul_f64(0.9 + fastrand::f64() * 0.2);
        Self::until(after(Instant::now(), varied))
    }

    /// Pauses until this time.
    #[must_use]
    pub fn until(until: Instant) -> Self {
        let sleep = || Bound::new(Box::pin(tokio::time::sleep_until(until)));
        Self {
            until,
            sleep: runtime().map(|_| sleep()),
        }
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(sleep) = &mut self.sleep
                && let Some(()) = ready!(sleep.poll(cx))
            {
                return Poll::Ready(());
            }
            *self = Self::until(self.until);
            if self.sleep.is_none() {
                return Poll::Ready(());
            }
        }
    }
}
