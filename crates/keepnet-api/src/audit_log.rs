//! Following the audit log, every record once, for example for a SIEM.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use security_api_transport::{Error, ErrorKind, RawJson, Request, Stamp, Timeline, Timestamp};
use serde::de::DeserializeOwned;

use crate::TailCursor;
use crate::operations::AUDIT_LOGS_SEARCH;
use crate::paging::PageNumber;
use crate::resources::AuditLogs;
use crate::search::{self, SearchRequest, field};
use crate::time::{DateFormat, DateTime, InvalidDateTime};
use crate::types::AuditLogView;

/// The column that the log is ordered by.
const TIME: &str = "LogDate";
const PAGE_SIZE: u32 = 100;

impl AuditLogs {
    /// The log from a point in time or a [`TailCursor`] on: oldest first, every record once.
    ///
    /// It ends after the last record, unless it [follows](Tail::follow) the log. Records that are added meanwhile may
    /// appear a little after the time that they state; see [`Tail::overlap`].
    ///
    /// Each page is one `POST /api/audit-logs/search`.
    ///
    /// Two things are assumed and were not tried on the service: that it compares `LogDate` with a time in RFC 3339
    /// (`2026-04-01T09:00:00Z`), and that dates that it writes without an offset are in UTC. If dates are in another
    /// time zone, records of a few hours can be missing at the start: check the first ones against the dashboard, and
    /// start earlier if necessary.
    ///
    /// After the start, none is missed within one reading of the log. A later reading, from a stored [`TailCursor`] or
    /// by a tail that follows, may begin hours too late. If it finds none of the last records again, it ends with the
    /// error `the list may be incomplete`, as long as the [overlap](Tail::overlap) is more than a minute. An overlap of more
    /// than the difference of the zones makes each reading begin early enough. The error also comes if all of these
    /// records were deleted, until there is a new one.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use std::time::Duration;
    /// use keepnet_api::Timestamp;
    ///
    /// let yesterday = Timestamp::now().saturating_sub(Duration::from_secs(86_400));
    /// let mut records = keepnet.audit_logs().tail(yesterday);
    /// while let Some(record) = records.try_next().await? {
    ///     println!("{:?} {:?}", record.user_name, record.audit_description);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tail(&self, start: impl Into<TailCursor>) -> Tail {
        let request = self.client().operation(&AUDIT_LOGS_SEARCH, &[]);
        Tail {
            inner: security_api_transport::Tail::new(request, AuditLog::default(), start),
        }
    }
}

/// The audit log as the source of a tail.
#[derive(Debug)]
struct AuditLog {
    page_size: u32,
    format: Option<DateFormat>,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            page_size: PAGE_SIZE,
            format: None,
        }
    }
}

impl Timeline for AuditLog {
    type Paging = PageNumber;

    const ASCENDING: bool = true;

    /// Dates in display formats have a resolution of one minute.
    const RESOLUTION: Duration = Duration::from_secs(60);

    fn since(&self, request: Request, time: Timestamp) -> Request {
        let search = SearchRequest::new()
            .order_by(TIME)
            .ascending(true)
            .page_size(self.page_size)
            .filter(field(TIME).at_least(time));
        request.try_json(search::complete(search, TIME))
    }

    /// A record without a date, or with one that does not exist, has no timestamp.
    fn stamp(&self, record: &RawJson) -> Result<Stamp, Error> {
        let known = record.decode::<AuditLogView>().unwrap_or_default();
        let time = |date: &DateTime| match self.format {
            Some(format) => date.to_timestamp_as(format),
            None => date.to_timestamp(),
        };
        let time = match known.log_date.as_ref().map(time) {
            Some(Err(InvalidDateTime::Ambiguous)) => {
                return Err(Error::new(
                    ErrorKind::Decode,
                    "`logDate`: the order of day and month is ambiguous: give the tail the \
                     user's `date_format`",
                ));
            }
            other => other.and_then(Result::ok),
        };
        let id = known.resource_id;
        Ok(Stamp { id, time })
    }
}

/// The audit log as a `Stream` with the additional method [`try_next`](Self::try_next). From
/// [`AuditLogs::tail`](crate::resources::AuditLogs::tail).
///
/// An error does not end it. Poll again, and it continues where it stopped, after a pause. That makes sense if the
/// error [is retryable](Error::is_retryable); the client has retried already by then. Options such as
/// [`timeout`](Self::timeout) apply to each page.
///
/// ```no_run
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use keepnet_api::TailCursor;
///
/// let stored: TailCursor = serde_json::from_slice(&std::fs::read("cursor.json")?)?;
/// let mut lines = keepnet.audit_logs().tail(stored).follow(Duration::from_secs(30)).raw();
/// loop {
///     match lines.try_next().await {
///         Ok(Some(record)) => println!("{}", record.to_line()),
///         Ok(None) => return Ok(()),
///         Err(error) if error.is_retryable() => eprintln!("{error}"),
///         Err(error) => return Err(error.into()),
///     }
///     if lines.at_page_end() {
///         std::fs::write("cursor.json", serde_json::to_vec(&lines.cursor())?)?;
///     }
/// }
/// # }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Tail<T = AuditLogView> {
    inner: security_api_transport::Tail<T, AuditLog>,
}

impl<T> Tail<T> {
    /// Continues with records that are added later, polling at this interval, at least 10 ms. Intervals vary by 10 %.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).follow(std::time::Duration::from_secs(30));
    /// # }
    /// ```
    pub fn follow(mut self, interval: Duration) -> Self {
        self.inner = self.inner.follow(interval);
        self
    }

    /// Sets how long after its stated time a record may appear; 5 minutes by default. The delay is not documented. Each
    /// poll goes back this far before the last record, and leaves out records that were returned before. It also covers
    /// how far this machine's clock may be ahead of the service's, and by how much the zone of its dates may differ from
    /// UTC.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).overlap(std::time::Duration::from_secs(3600));
    /// # }
    /// ```
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.inner = self.inner.overlap(overlap);
        self
    }

    /// Sets how many records to request at once, from 1 to 99,999; 100 by default.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).page_size(500);
    /// # }
    /// ```
    pub fn page_size(mut self, records: u32) -> Self {
        self.inner.timeline_mut().page_size = records;
        self
    }

    /// Sets the display format in which the service writes dates for this client: `dateFormat` and `timeFormat` of the
    /// user's settings.
    ///
    /// Without it, an ambiguous date is an error.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// use keepnet_api::time::DateFormat;
    ///
    /// let records = keepnet.audit_logs().tail(start).date_format(DateFormat::day_first());
    /// # }
    /// ```
    pub fn date_format(mut self, format: DateFormat) -> Self {
        self.inner.timeline_mut().format = Some(format);
        self
    }

    /// The records as raw JSON, for JSON lines; see [`RawJson::to_line`].
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) -> Result<(), keepnet_api::Error> {
    /// let mut lines = keepnet.audit_logs().tail(start).raw();
    /// while let Some(record) = lines.try_next().await? {
    ///     println!("{}", record.to_line());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn raw(self) -> Tail<RawJson> {
        Tail {
            inner: self.inner.raw(),
        }
    }

    /// The position after the last record that was returned, also after an error.
    ///
    /// It copies the known records within the overlap, so call it once a page or once a second rather than after every
    /// record.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) -> Result<(), keepnet_api::Error> {
    /// let mut records = keepnet.audit_logs().tail(start);
    /// let first = records.try_next().await?;
    /// let rest = keepnet.audit_logs().tail(records.cursor());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn cursor(&self) -> TailCursor {
        self.inner.cursor()
    }

    /// Whether all received records were returned, which is a good moment to store the [`cursor`](Self::cursor).
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut records = keepnet.audit_logs().tail(start);
    /// while let Some(record) = records.try_next().await? {
    ///     println!("{:?}", record.audit_description);
    ///     if records.at_page_end() {
    ///         std::fs::write("cursor.json", serde_json::to_vec(&records.cursor())?)?;
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn at_page_end(&self) -> bool {
        self.inner.at_page_end()
    }
}

security_api_transport::__call_options!(@ [<T>] Tail<T>, this => this.inner.request_mut());

impl<T: DeserializeOwned> Tail<T> {
    /// The next record; `None` after the last, which never comes if the tail [follows](Self::follow) the log.
    ///
    /// # Errors
    /// If a page cannot be fetched; polled again, the tail requests it again. If a record cannot be decoded; polled
    /// again, the tail returns the one after it. If a reading of the log may have missed records, once it is at its end;
    /// polled again, the tail ends or follows the log as usual.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) -> Result<(), keepnet_api::Error> {
    /// let newest = keepnet.audit_logs().tail(start).try_next().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        self.inner.try_next().await
    }
}

impl<T: DeserializeOwned> Stream for Tail<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.inner).poll_next(cx)
    }
}

impl<T> fmt::Debug for Tail<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
