//! Following the audit log: every record once, for a SIEM.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use security_api_transport::{CallFuture, Error, ErrorKind, RawJson, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::time::Sleep;

use crate::Page;
use crate::polling::pause;
use crate::resources::AuditLogs;
use crate::search::{SearchRequest, field};
use crate::time::{DateFormat, DateTime, InvalidDateTime};
use crate::types::AuditLogSearchView;

/// The column that the log is ordered by.
const TIME: &str = "LogDate";
const OVERLAP: Duration = Duration::from_secs(300);
const PAGE_SIZE: u32 = 100;
/// Dates in display formats are whole minutes, so a record can be this much later than its date says.
const COARSEST: Duration = Duration::from_secs(60);

/// A place in the audit log. Store it, and a later run goes on there.
///
/// It is a point in time before which every record was given, and the ids of records after it that were given as well.
/// What it holds stays small: as many ids as the log has records within the overlap.
///
/// ```
/// use keepnet_api::Timestamp;
/// use keepnet_api::audit_log::TailCursor;
///
/// let cursor = TailCursor::from("2026-04-01T09:00:00Z".parse::<Timestamp>()?);
/// let stored = serde_json::to_string(&cursor)?;
/// assert_eq!(stored, r#"{"from":"2026-04-01T09:00:00Z"}"#);
/// assert_eq!(serde_json::from_str::<TailCursor>(&stored)?, cursor);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TailCursor {
    from: Timestamp,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<String, Timestamp>,
}

impl TailCursor {
    /// Every record before this was given.
    ///
    /// ```
    /// use keepnet_api::Timestamp;
    /// use keepnet_api::audit_log::TailCursor;
    ///
    /// let start = Timestamp::now();
    /// assert_eq!(TailCursor::from(start).time(), start);
    /// ```
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.from
    }

    fn advance(&mut self, to: Timestamp) {
        self.from = self.from.max(to);
    }

    fn forget(&mut self) {
        let oldest = self.from.saturating_sub(COARSEST);
        self.seen.retain(|_, time| *time >= oldest);
    }
}

impl From<Timestamp> for TailCursor {
    fn from(time: Timestamp) -> Self {
        Self {
            from: time,
            seen: BTreeMap::new(),
        }
    }
}

impl AuditLogs {
    /// The log from a point in time on, or from where a [`TailCursor`] says: oldest first, every record once.
    ///
    /// It ends when there is nothing more, unless it is told to [`follow`](Tail::follow). Records are added meanwhile,
    /// which may show up a little after the time they bear: see [`Tail::overlap`].
    ///
    /// Each page is one `POST /api/audit-logs/search`.
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
        Tail {
            logs: self.clone(),
            settings: Settings {
                follow: None,
                overlap: OVERLAP,
                page_size: PAGE_SIZE,
                format: None,
            },
            cursor: start.into(),
            pass: Pass::default(),
            page: VecDeque::new(),
            state: State::Starting,
            item: PhantomData,
        }
    }
}

/// The audit log as a stream, which also has [`try_next`](Self::try_next) of its own. From
/// [`AuditLogs::tail`](crate::resources::AuditLogs::tail).
///
/// An error does not end it: asked again, it goes on where it stopped, which makes sense if the error
/// [is retryable](Error::is_retryable). The client has tried again already by then.
///
/// ```no_run
/// # async fn example(keepnet: keepnet_api::Client) -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
/// use keepnet_api::audit_log::TailCursor;
///
/// let stored: TailCursor = serde_json::from_slice(&std::fs::read("place.json")?)?;
/// let mut lines = keepnet.audit_logs().tail(stored).follow(Duration::from_secs(30)).raw();
/// loop {
///     match lines.try_next().await {
///         Ok(Some(record)) => println!("{}", record.to_line()),
///         Ok(None) => break,
///         Err(error) if error.is_retryable() => eprintln!("{error}"),
///         Err(error) => return Err(error.into()),
///     }
///     std::fs::write("place.json", serde_json::to_vec(&lines.cursor())?)?;
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Tail<T = AuditLogSearchView> {
    logs: AuditLogs,
    settings: Settings,
    cursor: TailCursor,
    pass: Pass,
    /// Records received and not given yet.
    page: VecDeque<Record>,
    state: State,
    item: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone, Copy)]
struct Settings {
    follow: Option<Duration>,
    overlap: Duration,
    page_size: u32,
    format: Option<DateFormat>,
}

/// One reading of the log from the cursor to its end.
///
/// Pages are not asked for by number but by the time of the last record so far, since numbers shift when records are
/// added in between.
#[derive(Debug, Clone, Copy, Default)]
struct Pass {
    /// When it began. What is added later may bear a time that it has left behind, and is found by the next.
    began: Timestamp,
    /// From which time on the page under way was asked for.
    bound: Timestamp,
    /// The time of the last record received.
    last: Timestamp,
}

struct Record {
    id: String,
    time: Timestamp,
    json: RawJson,
}

type Asked = CallFuture<Page<RawJson>>;

enum State {
    /// A pass is to begin.
    Starting,
    Asking(Asked),
    /// A page was received and is being given out; what comes then.
    Received(Next),
    /// A pause, then a page from the pass's bound on.
    Waiting(Pin<Box<Sleep>>, After),
    Done,
}

#[derive(Clone, Copy)]
enum After {
    Pass,
    Failure,
}

enum Next {
    /// The next page by time.
    Later,
    /// Records of one and the same time fill the page: the next one by number.
    Same(Asked),
    /// The log has been read to its end.
    End,
}

impl<T> Tail<T> {
    /// Goes on with what is added later, looking for it at this interval, at least 10 ms. Intervals vary by a tenth.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).follow(std::time::Duration::from_secs(30));
    /// # }
    /// ```
    pub fn follow(mut self, interval: Duration) -> Self {
        self.settings.follow = Some(interval);
        self
    }

    /// How long after the time it bears a record may show up; 5 minutes if not said.
    ///
    /// Each look goes back so far before the last record and leaves out what was given before. The same time covers how
    /// much this machine's clock may be ahead of the service's.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).overlap(std::time::Duration::from_secs(3600));
    /// # }
    /// ```
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.settings.overlap = overlap;
        self
    }

    /// How many records to ask for at once; 100 if not said.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// let records = keepnet.audit_logs().tail(start).page_size(500);
    /// # }
    /// ```
    pub fn page_size(mut self, records: u32) -> Self {
        self.settings.page_size = records;
        self
    }

    /// How the service writes dates for this client, if it writes them in a display format: `dateFormat` and
    /// `timeFormat` of the user's settings.
    ///
    /// Without it, a date that can be read in two ways is an error.
    ///
    /// ```no_run
    /// # fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) {
    /// use keepnet_api::DateFormat;
    ///
    /// let records = keepnet.audit_logs().tail(start).date_format(DateFormat::day_first());
    /// # }
    /// ```
    pub fn date_format(mut self, format: DateFormat) -> Self {
        self.settings.format = Some(format);
        self
    }

    /// The records as the JSON they came as, for JSON lines; see [`RawJson::to_line`].
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
            logs: self.logs,
            settings: self.settings,
            cursor: self.cursor,
            pass: self.pass,
            page: self.page,
            state: self.state,
            item: PhantomData,
        }
    }

    /// Where it stands: after the last record it gave.
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
        let mut cursor = self.cursor.clone();
        cursor.forget();
        cursor
    }

    /// Asks for the first page from the pass's bound on.
    fn ask(&self) -> Asked {
        let since = field(TIME).at_least(self.pass.bound);
        let search = SearchRequest::new()
            .order_by(TIME)
            .ascending(true)
            .page_size(self.settings.page_size)
            .filter(since);
        let request = self.logs.search(search).page().into_request();
        crate::List::new(request).page().send()
    }

    /// Takes a page in, and says what comes after it.
    fn receive(&mut self, page: Page<RawJson>) -> Result<Next, Error> {
        let mut records = VecDeque::with_capacity(page.items().len());
        let mut last = self.pass.last;
        for json in page.items() {
            let record = self.record(json, last)?;
            last = last.max(record.time);
            records.push_back(record);
        }
        self.page = records;
        self.pass.last = last;
        Ok(if !page.has_next() {
            Next::End
        } else if last > self.pass.bound {
            Next::Later
        } else {
            page.next()
                .map_or(Next::End, |next| Next::Same(next.send()))
        })
    }

    /// Reads what has to be known of a record. One without a date that exists counts as being of the time `before`.
    fn record(&self, json: &RawJson, before: Timestamp) -> Result<Record, Error> {
        let known = json.decode::<AuditLogSearchView>().unwrap_or_default();
        let time = |date: &DateTime| match self.settings.format {
            Some(format) => date.to_timestamp_as(format),
            None => date.to_timestamp(),
        };
        let time = match known.log_date.as_ref().map(time) {
            Some(Ok(time)) => time,
            Some(Err(InvalidDateTime::Ambiguous)) => {
                return Err(Error::new(
                    ErrorKind::Decode,
                    "`logDate`: the text does not say which number is the day and which the month; give the tail the \
                     user's `date_format`",
                ));
            }
            _ => before,
        };
        Ok(Record {
            // What has no id is told apart by all that it says.
            id: known
                .resource_id
                .unwrap_or_else(|| json.as_str().to_owned()),
            time,
            json: json.clone(),
        })
    }

    /// Notes that a record is given; false if it was before.
    fn is_new(&mut self, record: &Record) -> bool {
        let time = record.time.max(self.cursor.from);
        let id = record.id.clone();
        let new = self.cursor.seen.insert(id, time).is_none();
        // What shows up from now on bears a time within the overlap before the pass, or before the record.
        let complete = self.pass.began.min(record.time);
        let to = complete.saturating_sub(self.settings.overlap);
        self.cursor.advance(to);
        new
    }
}

impl<T: DeserializeOwned> Tail<T> {
    /// The next record. None after the last, which never comes if it [follows](Self::follow) the log.
    ///
    /// # Errors
    /// If a page could not be had; asking again goes on there. If a record could not be decoded; asking again gives the
    /// one after it.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, start: keepnet_api::Timestamp) -> Result<(), keepnet_api::Error> {
    /// let newest = keepnet.audit_logs().tail(start).try_next().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

impl<T: DeserializeOwned> Stream for Tail<T> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            while let Some(record) = this.page.pop_front() {
                if this.is_new(&record) {
                    return Poll::Ready(Some(record.json.decode()));
                }
            }
            match &mut this.state {
                State::Starting => {
                    this.cursor.forget();
                    let from = this.cursor.from;
                    this.pass = Pass {
                        began: Timestamp::now(),
                        bound: from,
                        last: from,
                    };
                    this.state = State::Asking(this.ask());
                }
                State::Asking(asked) => {
                    let page = ready!(Pin::new(asked).poll(cx));
                    match page.and_then(|page| this.receive(page)) {
                        Ok(next) => this.state = State::Received(next),
                        Err(error) => {
                            let interval = this.settings.follow.unwrap_or_default();
                            this.state = State::Waiting(pause(interval), After::Failure);
                            return Poll::Ready(Some(Err(error)));
                        }
                    }
                }
                State::Received(_) => {
                    this.cursor.forget();
                    let State::Received(next) = std::mem::replace(&mut this.state, State::Done)
                    else {
                        continue;
                    };
                    this.state = match (next, this.settings.follow) {
                        (Next::Later, _) => {
                            this.pass.bound = this.pass.last;
                            State::Asking(this.ask())
                        }
                        (Next::Same(asked), _) => State::Asking(asked),
                        (Next::End, Some(interval)) => State::Waiting(pause(interval), After::Pass),
                        (Next::End, None) => State::Done,
                    };
                }
                State::Waiting(sleep, after) => {
                    ready!(sleep.as_mut().poll(cx));
                    this.state = match after {
                        After::Pass => State::Starting,
                        After::Failure => State::Asking(this.ask()),
                    };
                }
                State::Done => return Poll::Ready(None),
            }
        }
    }
}

impl<T> fmt::Debug for Tail<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail")
            .field("settings", &self.settings)
            .field("from", &self.cursor.from)
            .finish_non_exhaustive()
    }
}
