//! Polling the service until its work is done.

use std::fmt;
use std::future::{Future, IntoFuture, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use security_api_transport::__private::{Bound, Pause, after};
use security_api_transport::{Client, Error, ErrorKind, JobOptions};
use tokio::time::Instant;

/// Whether the status is one of these words, in any case. Without a status, nothing is known.
#[cfg(any(
    feature = "incident_response",
    feature = "phishing",
    feature = "training"
))]
pub(crate) fn is_one_of(status: Option<&str>, words: &[&str]) -> bool {
    status.is_some_and(|status| words.iter().any(|one| one.eq_ignore_ascii_case(status)))
}

/// How often and for how long to poll.
///
/// By default the first wait is 2 s, each further one 1.5 times as long up to 60 s, for one hour in total. Waits vary
/// by 10 %, so that many programs do not poll at the same moment.
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
#[must_use = "a `Polling` does nothing by itself; pass it to `polling`"]
pub struct Polling {
    first: Duration,
    longest: Duration,
    deadline: Duration,
}

impl Default for Polling {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(2),
            longest: Duration::from_secs(60),
            deadline: Duration::from_secs(3600),
        }
    }
}

impl Polling {
    /// Polls at this interval, for one hour.
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

    /// Sets the first and the longest wait, at least 10 ms. Each wait is 1.5 times as long as the one before, up to the
    /// longest.
    ///
    /// ```
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    ///
    /// let polling = Polling::default().backoff(Duration::from_secs(1), Duration::from_secs(20));
    /// # let _ = polling;
    /// ```
    pub fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first.max(Pause::SHORTEST);
        self.longest = longest.max(self.first);
        self
    }

    /// Sets the limit of the time from the first request on, including all waits and calls.
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

/// A request for the state of the work.
type StateRequest<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Work of the service that takes time: awaits its end, or follows its states.
///
/// When awaited, it returns the last state. As a `Stream`, and with [`try_next`](Self::try_next), it yields each
/// observed state, including the last. No request is sent before it is polled.
///
/// A request that fails is repeated at the next interval if its error [is retryable](Error::is_retryable); other errors
/// end the stream. When the deadline of its [`Polling`] leaves no time for another request, it ends with an error of
/// the kind [`Timeout`](ErrorKind::Timeout), while the work goes on: wait again with its id.
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
#[must_use = "no request is sent until it is awaited or polled"]
pub struct Progress<T> {
    client: Client,
    options: JobOptions,
    request: Box<dyn Fn(Client) -> StateRequest<T> + Send + Sync>,
    is_done: fn(&T) -> bool,
    what: &'static str,
    polling: Polling,
    wait: Duration,
    deadline: Option<Instant>,
    phase: Phase<T>,
}

/// What a [`Progress`] does now.
enum Phase<T> {
    Ready,
    Requesting(Bound<dyn Future<Output = Result<T, Error>> + Send>),
    Waiting(Pause),
    /// The deadline is too near for another request.
    Late,
    Done,
}

impl<T: 'static> Progress<T> {
    #[allow(dead_code, reason = "areas use it, if any of their features is on")]
    /// `what` is the subject of the error after the deadline.
    pub(crate) fn new<R, F>(
        client: &Client,
        what: &'static str,
        is_done: fn(&T) -> bool,
        request: R,
    ) -> Self
    where
        R: Fn(Client) -> F + Send + Sync + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Self {
            client: client.clone(),
            options: JobOptions::default(),
            request: Box::new(move |client| Box::pin(request(client))),
            is_done,
            what,
            polling: Polling::default(),
            wait: Duration::ZERO,
            deadline: None,
            phase: Phase::Ready,
        }
    }

    /// Sets how often and how long to poll.
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

    /// The next state, after the wait. `None` after the last.
    ///
    /// # Errors
    /// If a request failed with an error that is not retryable, or the deadline has passed. The stream has then ended.
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

    /// Sets the time of the next request, if there is another.
    fn schedule(&mut self) {
        let left = self
            .deadline
            .map_or(Duration::MAX, |at| at.duration_since(Instant::now()));
        self.wait = match self.wait {
            Duration::ZERO => self.polling.first,
            wait => wait.saturating_add(wait / 2).min(self.polling.longest),
        };
        self.phase = if left <= self.polling.first {
            Phase::Late
        } else {
            // Polls more often towards the deadline, so that work which ends shortly before it is seen.
            Phase::Waiting(Pause::about(self.wait.min(left / 2)))
        };
    }

    fn late(&self) -> Error {
        Error::new(
            ErrorKind::Timeout,
            format!(
                "{} was not done within {} s; it goes on, so wait again, or set a later `deadline`",
                self.what,
                self.polling.deadline.as_secs_f64()
            ),
        )
    }
}

security_api_transport::__job_options!(
    Progress,
    "Bounds each request for the state, including all attempts and the waits between them. What bounds all of them \
     together is the deadline of the [`Polling`](Self::polling)."
);

impl<T: 'static> Stream for Progress<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.phase {
                Phase::Ready => {
                    let now = Instant::now();
                    let deadline = match this.deadline {
                        Some(deadline) => deadline,
                        None => after(now, this.polling.deadline),
                    };
                    this.deadline = Some(deadline);
                    let mut request: StateRequest<T> = match this.options.client(&this.client) {
                        Ok(client) => (this.request)(client),
                        Err(error) => Box::pin(async move { Err(error) }),
                    };
                    let late = this.late();
                    this.phase = Phase::Requesting(Bound::new(Box::pin(async move {
                        let mut end = Pause::until(deadline);
                        // The request is polled first: outside a runtime it fails with the reason, and the pause is
                        // over.
                        let state = poll_fn(|cx| match request.as_mut().poll(cx) {
                            Poll::Ready(state) => Poll::Ready(Some(state)),
                            Poll::Pending => Pin::new(&mut end).poll(cx).map(|()| None),
                        });
                        state.await.unwrap_or(Err(late))
                    })));
                }
                Phase::Requesting(request) => match ready!(request.poll(cx)) {
                    // The request was sent in another runtime, where its response may never arrive.
                    None => this.phase = Phase::Ready,
                    Some(Ok(state)) => {
                        if (this.is_done)(&state) {
                            this.phase = Phase::Done;
                        } else {
                            this.schedule();
                        }
                        return Poll::Ready(Some(Ok(state)));
                    }
                    Some(Err(error)) => {
                        this.schedule();
                        if !error.is_retryable() || matches!(this.phase, Phase::Late) {
                            this.phase = Phase::Done;
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                },
                Phase::Waiting(sleep) => {
                    ready!(Pin::new(sleep).poll(cx));
                    this.phase = Phase::Ready;
                }
                Phase::Late => {
                    this.phase = Phase::Done;
                    return Poll::Ready(Some(Err(this.late())));
                }
                Phase::Done => return Poll::Ready(None),
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
            // `None` only if the stream had ended before.
            last.ok_or_else(|| {
                Error::invalid("the progress has already ended; create a new one to poll again")
            })
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
