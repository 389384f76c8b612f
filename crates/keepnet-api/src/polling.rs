//! Asking again until something is done.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use security_api_transport::__private::{Bound, Pause};
use security_api_transport::{Client, Error, ErrorKind, JobOptions};
use tokio::time::Instant;

/// How often to look whether something is done, and for how long.
///
/// By default after 2 s, then after half as long again each time up to 60 s, for an hour. Waits vary by a tenth, so that
/// many programs do not ask at the same moment.
///
/// ```
/// use std::time::Duration;
/// use keepnet_api::Polling;
///
/// let patient = Polling::default()
///     .backoff(Duration::from_secs(30), Duration::from_secs(300))
///     .deadline(Duration::from_secs(86_400));
/// let steady = Polling::every(Duration::from_secs(10));
/// # let _ = (patient, steady);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it says how to wait and does not wait itself"]
pub struct Polling {
    first: Duration,
    most: Duration,
    deadline: Duration,
}

/// Below this, asking would be all that a program does.
const SHORTEST: Duration = Duration::from_millis(10);

impl Default for Polling {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            most: Duration::from_secs(60),
            deadline: Duration::from_secs(3600),
        }
    }
}

impl Polling {
    /// Looks at this interval, for an hour.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// let often = keepnet_api::Polling::every(Duration::from_secs(5));
    /// # let _ = often;
    /// ```
    pub fn every(interval: Duration) -> Self {
        Self::default().backoff(interval, interval)
    }

    /// The first wait, and the longest, at least 10 ms. In between each is half as long again as the one before.
    ///
    /// ```
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    ///
    /// let polling = Polling::default().backoff(Duration::from_secs(1), Duration::from_secs(20));
    /// # let _ = polling;
    /// ```
    pub fn backoff(mut self, first: Duration, most: Duration) -> Self {
        self.first = first.max(SHORTEST);
        self.most = most.max(self.first);
        self
    }

    /// How long it may take from the first look on, all waits and calls included.
    ///
    /// ```
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    ///
    /// let polling = Polling::default().deadline(Duration::from_secs(600));
    /// # let _ = polling;
    /// ```
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// A century is as good as for ever, and no sum with it overflows.
const FOR_EVER: Duration = Duration::from_secs(3_155_760_000);

/// The duration, a tenth longer or shorter.
pub(crate) fn jittered(duration: Duration) -> Duration {
    duration.min(FOR_EVER).mul_f64(0.9 + fastrand::f64() * 0.2)
}

/// Sleeps about this long, at least 10 ms.
pub(crate) fn pause(duration: Duration) -> Pause {
    Pause::until(Instant::now() + jittered(duration.max(SHORTEST)))
}

pub(crate) type Asked<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Something that takes its time: the way to wait for its end, or to follow it there.
///
/// Awaited, it gives the last state. As a `Stream`, and with [`try_next`](Self::try_next), it gives each state that was
/// seen, the last one last. Nothing is asked before.
///
/// A look that fails is repeated at the next interval if that may help; other errors end it. Past the deadline of its
/// [`Polling`] it ends with an error of the kind [`Timeout`](ErrorKind::Timeout), and what was waited for goes on: wait
/// again by its id.
///
/// ```no_run
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
/// use std::time::Duration;
/// use keepnet_api::Polling;
///
/// # #[cfg(feature = "incident_response")] {
/// let polling = Polling::every(Duration::from_secs(10)).deadline(Duration::from_secs(1800));
/// let mut progress = keepnet.investigations().wait("aB3dE5gH7jK9").polling(polling);
/// while let Some(state) = progress.try_next().await? {
///     println!("{:?} of {:?} mailboxes", state.scanned_user_count, state.total_user_count);
/// }
/// # }
/// # Ok(()) }
/// ```
#[must_use = "nothing is asked until it is awaited or polled"]
pub struct Progress<T> {
    client: Client,
    options: JobOptions,
    ask: Box<dyn Fn(Client) -> Asked<T> + Send + Sync>,
    is_done: fn(&T) -> bool,
    what: &'static str,
    polling: Polling,
    wait: Duration,
    deadline: Option<Instant>,
    state: State<T>,
}

enum State<T> {
    Ready,
    Asking(Bound<dyn Future<Output = Result<T, Error>> + Send>),
    Waiting(Pause),
    /// The deadline is too near for another look.
    Late,
    Done,
}

impl<T: 'static> Progress<T> {
    #[allow(dead_code, reason = "areas use it, if any of their features is on")]
    /// `what` begins the words of the error that says it was not done in time.
    pub(crate) fn new<A, F>(
        client: &Client,
        what: &'static str,
        is_done: fn(&T) -> bool,
        ask: A,
    ) -> Self
    where
        A: Fn(Client) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Self {
            client: client.clone(),
            options: JobOptions::default(),
            ask: Box::new(move |client| Box::pin(ask(client))),
            is_done,
            what,
            polling: Polling::default(),
            wait: Duration::ZERO,
            deadline: None,
            state: State::Ready,
        }
    }

    /// Looks as often and as long as this says.
    ///
    /// ```
    /// use keepnet_api::{Error, Polling, Progress};
    ///
    /// async fn end<T: Send + 'static>(progress: Progress<T>) -> Result<T, Error> {
    ///     progress.polling(Polling::every(std::time::Duration::from_secs(5))).await
    /// }
    /// ```
    pub fn polling(mut self, polling: Polling) -> Self {
        self.polling = polling;
        self
    }

    /// The next state, as soon as it is time to look; none after the last.
    ///
    /// # Errors
    /// If a look failed in a way that another would not mend, or the deadline has passed. It is over then.
    ///
    /// ```
    /// use keepnet_api::{Error, Progress};
    ///
    /// async fn follow<T: std::fmt::Debug + 'static>(mut progress: Progress<T>) -> Result<(), Error> {
    ///     while let Some(state) = progress.try_next().await? {
    ///         println!("{state:?}");
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// Sets the time of the next look, if one is left.
    fn schedule(&mut self) {
        let left = self
            .deadline
            .map_or(Duration::MAX, |at| at.duration_since(Instant::now()));
        self.wait = match self.wait {
            Duration::ZERO => self.polling.first,
            wait => wait.saturating_add(wait / 2).min(self.polling.most),
        };
        self.state = if left <= self.polling.first {
            State::Late
        } else {
            // Closer together towards the end, so that what is done shortly before it is seen.
            State::Waiting(pause(self.wait.min(left / 2)))
        };
    }

    fn late(&self) -> Error {
        Error::new(
            ErrorKind::Timeout,
            format!(
                "{} was not done {} s after waiting for it began; it goes on meanwhile, so wait again, or with a later deadline",
                self.what,
                self.polling.deadline.as_secs_f64()
            ),
        )
    }
}

security_api_transport::__job_options!(
    Progress,
    "Bounds each look, including all attempts and the waits between them. What bounds all looks together is the \
     deadline of the [`Polling`](Self::polling)."
);

impl<T: 'static> Stream for Progress<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.state {
                State::Ready => {
                    let now = Instant::now();
                    let deadline = match this.deadline {
                        Some(deadline) => deadline,
                        None => now + this.polling.deadline.min(FOR_EVER),
                    };
                    this.deadline = Some(deadline);
                    let asked: Asked<T> = match this.options.client(&this.client) {
                        Ok(client) => (this.ask)(client),
                        Err(error) => Box::pin(async move { Err(error) }),
                    };
                    let late = this.late();
                    this.state = State::Asking(Bound::new(Box::pin(async move {
                        tokio::time::timeout_at(deadline, asked)
                            .await
                            .unwrap_or(Err(late))
                    })));
                }
                State::Asking(asked) => match ready!(asked.poll(cx)) {
                    // It was asked in another runtime, where the response may never arrive.
                    None => this.state = State::Ready,
                    Some(Ok(value)) => {
                        if (this.is_done)(&value) {
                            this.state = State::Done;
                        } else {
                            this.schedule();
                        }
                        return Poll::Ready(Some(Ok(value)));
                    }
                    Some(Err(error)) => {
                        this.schedule();
                        if !error.is_retryable() || matches!(this.state, State::Late) {
                            this.state = State::Done;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                },
                State::Waiting(sleep) => {
                    ready!(Pin::new(sleep).poll(cx));
                    this.state = State::Ready;
                }
                State::Late => {
                    this.state = State::Done;
                    return Poll::Ready(Some(Err(this.late())));
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }
}

impl<T: Send + 'static> IntoFuture for Progress<T> {
    type Output = Result<T, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut last = None;
            while let Some(state) = self.try_next().await? {
                last = Some(state);
            }
            // None only if it was polled to its end before.
            last.ok_or_else(|| Error::invalid("the end was seen already; wait for it once"))
        })
    }
}

impl<T> fmt::Debug for Progress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress")
            .field("what", &self.what)
            .field("polling", &self.polling)
            .finish_non_exhaustive()
    }
}
