//! Following the audit log: every record once, for a SIEM.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::Stream;
use security_api_transport::{CallFuture, Error, ErrorKind, RawJson, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize, Serializer};
use tokio::time::Sleep;

use crate::Page;
use crate::polling::pause;
use crate::resources::AuditLogs;
use crate::search::{SearchRequest, field};
use crate::time::{DateFormat, DateTime, InvalidDateTime};
use crate::types::AuditLogView;

/// The column that the log is ordered by.
const TIME: &str = "LogDate";
const OVERLAP: Duration = Duration::from_secs(300);
const PAGE_SIZE: u32 = 100;
/// Dates in display formats are whole minutes, so a record can be this much later than its date says.
const COARSEST: Duration = Duration::from_secs(60);

/// A place in the audit log. Store it, and a later run goes on there.
///
/// It is a point in time before which every record was given, and what tells the records after it that were given as
/// well: 8 bytes for each record within the [overlap](Tail::overlap), for 50,000 at most. Where more than that lie
/// within the overlap, those that it has no room for are given again with each look, so make it shorter.
///
/// Stored as JSON it takes 11 bytes for each of the records and 16 for each second that has any: about 40 KB for 3,000
/// records in 5 minutes, and never more than 1.4 MB. Store it once a second or once a page rather than after every
/// record: what was given since comes again if the program ends before it is stored, and nothing is left out.
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Stored")]
pub struct TailCursor {
    from: Timestamp,
    seen: BTreeSet<Seen>,
    /// What the marks are made with, so that nobody can make up a record that passes for another; 0 before the first.
    key: u64,
}

/// The second that a record counts as being of, and its mark. The oldest come first.
type Seen = (i64, u64);

/// How many records a cursor has room for.
const MOST: usize = 50_000;

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

    /// Takes out the oldest, if it is of no use any more or there is no room for it.
    fn take_old(&mut self) -> Option<Seen> {
        // Seconds rounded down keep a record for longer, if anything.
        let oldest = self.from.saturating_sub(COARSEST).unix_seconds();
        let (second, _) = self.seen.first()?;
        let old = *second < oldest || self.seen.len() > MOST;
        old.then(|| self.seen.pop_first()).flatten()
    }

    /// What tells a record from all others: its id, by 8 bytes.
    fn mark(&mut self, id: &str) -> u64 {
        while self.key == 0 {
            self.key = fastrand::u64(..);
        }
        siphash(self.key, id.as_bytes())
    }
}

impl From<Timestamp> for TailCursor {
    fn from(time: Timestamp) -> Self {
        Self {
            from: time,
            seen: BTreeSet::new(),
            key: 0,
        }
    }
}

/// How a cursor is stored: for each second the marks of its records, 11 characters each.
#[derive(Serialize, Deserialize)]
struct Stored {
    from: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    key: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    seen: BTreeMap<i64, String>,
}

impl Serialize for TailCursor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stored = Stored {
            from: self.from,
            key: String::new(),
            seen: BTreeMap::new(),
        };
        for (second, mark) in &self.seen {
            write_mark(*mark, stored.seen.entry(*second).or_default());
        }
        if !self.seen.is_empty() {
            write_mark(self.key, &mut stored.key);
        }
        stored.serialize(serializer)
    }
}

impl TryFrom<Stored> for TailCursor {
    type Error = &'static str;

    fn try_from(stored: Stored) -> Result<Self, Self::Error> {
        const NOT_ONE: &str = "not a place in the audit log that was stored before";
        let mut cursor = Self::from(stored.from);
        if !stored.key.is_empty() {
            cursor.key = read_mark(stored.key.as_bytes()).ok_or(NOT_ONE)?;
        }
        for (second, marks) in &stored.seen {
            for mark in marks.as_bytes().chunks(MARK) {
                let mark = read_mark(mark).ok_or(NOT_ONE)?;
                cursor.seen.insert((*second, mark));
            }
        }
        if cursor.key == 0 && !cursor.seen.is_empty() {
            return Err(NOT_ONE);
        }
        while cursor.seen.len() > MOST {
            cursor.seen.pop_first();
        }
        Ok(cursor)
    }
}

/// 6 bits each, as in base64 for URLs.
const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// How many digits a mark has.
const MARK: usize = 11;

fn write_mark(mark: u64, to: &mut String) {
    let digit = |place: usize| DIGITS[(mark >> (6 * place)) as usize % DIGITS.len()];
    to.extend((0..MARK).map(|place| char::from(digit(place))));
}

fn read_mark(digits: &[u8]) -> Option<u64> {
    if digits.len() != MARK {
        return None;
    }
    digits.iter().rev().try_fold(0_u64, |mark, digit| {
        let value = DIGITS.iter().position(|one| one == digit)?;
        mark.checked_mul(64)?.checked_add(value as u64)
    })
}

/// SipHash-2-4, which is the same in every version and on every machine, as what is stored has to be.
fn siphash(key: u64, bytes: &[u8]) -> u64 {
    siphash_with([key, !key], bytes)
}

fn siphash_with([k0, k1]: [u64; 2], bytes: &[u8]) -> u64 {
    fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
        *v0 = v0.wrapping_add(*v1);
        *v1 = v1.rotate_left(13) ^ *v0;
        *v0 = v0.rotate_left(32);
        *v2 = v2.wrapping_add(*v3);
        *v3 = v3.rotate_left(16) ^ *v2;
        *v0 = v0.wrapping_add(*v3);
        *v3 = v3.rotate_left(21) ^ *v0;
        *v2 = v2.wrapping_add(*v1);
        *v1 = v1.rotate_left(17) ^ *v2;
        *v2 = v2.rotate_left(32);
    }
    let mut state = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let mut take = |word: u64| {
        state[3] ^= word;
        round(&mut state);
        round(&mut state);
        state[0] ^= word;
    };
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        take(u64::from_le_bytes(*word));
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    take(u64::from_le_bytes(last) | (bytes.len() as u64) << 56);
    state[2] ^= 0xff;
    for _ in 0..4 {
        round(&mut state);
    }
    state.into_iter().fold(0, |all, one| all ^ one)
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
        let cursor = start.into();
        let known = cursor.seen.iter().map(|(second, mark)| (*mark, *second));
        Tail {
            logs: self.clone(),
            settings: Settings {
                follow: None,
                overlap: OVERLAP,
                page_size: PAGE_SIZE,
                format: None,
            },
            known: known.collect(),
            cursor,
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
/// use std::time::{Duration, Instant};
/// use keepnet_api::audit_log::TailCursor;
///
/// let stored: TailCursor = serde_json::from_slice(&std::fs::read("place.json")?)?;
/// let mut lines = keepnet.audit_logs().tail(stored).follow(Duration::from_secs(30)).raw();
/// let mut last = Instant::now();
/// loop {
///     match lines.try_next().await {
///         Ok(Some(record)) => println!("{}", record.to_line()),
///         Ok(None) => break,
///         Err(error) if error.is_retryable() => eprintln!("{error}"),
///         Err(error) => return Err(error.into()),
///     }
///     // Storing it costs more than a record does.
///     if last.elapsed() >= Duration::from_secs(1) {
///         std::fs::write("place.json", serde_json::to_vec(&lines.cursor())?)?;
///         last = Instant::now();
///     }
/// }
/// std::fs::write("place.json", serde_json::to_vec(&lines.cursor())?)?;
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Tail<T = AuditLogView> {
    logs: AuditLogs,
    settings: Settings,
    cursor: TailCursor,
    /// The seconds of the cursor's marks.
    known: HashMap<u64, i64>,
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

    /// How long after the time it bears a record may show up; 5 minutes if not said, since it is not documented.
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
            known: self.known,
            pass: self.pass,
            page: self.page,
            state: self.state,
            item: PhantomData,
        }
    }

    /// Where it stands: after the last record it gave.
    ///
    /// It copies what is known of the records within the overlap, so ask for it about once a second or once a page, and
    /// not after every record.
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
        while cursor.take_old().is_some() {}
        cursor
    }

    fn forget(&mut self) {
        while let Some((second, mark)) = self.cursor.take_old() {
            if self.known.get(&mark) == Some(&second) {
                self.known.remove(&mark);
            }
        }
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
        let known = json.decode::<AuditLogView>().unwrap_or_default();
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
        let second = record.time.max(self.cursor.from).unix_seconds();
        let mark = self.cursor.mark(&record.id);
        let before = self.known.insert(mark, second);
        if before != Some(second) {
            if let Some(before) = before {
                self.cursor.seen.remove(&(before, mark));
            }
            self.cursor.seen.insert((second, mark));
        }
        // What shows up from now on bears a time within the overlap before the pass, or before the record.
        let complete = self.pass.began.min(record.time);
        let to = complete.saturating_sub(self.settings.overlap);
        self.cursor.advance(to);
        if self.cursor.seen.len() > MOST {
            self.forget();
        }
        before.is_none()
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
                    this.forget();
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
                    this.forget();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_775_001_600 + second).unwrap()
    }

    fn marks(count: u64, per_second: u64) -> TailCursor {
        let mut cursor = TailCursor::from(at(0));
        for number in 0..count {
            let mark = cursor.mark(&format!("{number:024x}"));
            let second = at((number / per_second).cast_signed()).unix_seconds();
            cursor.seen.insert((second, mark));
        }
        cursor
    }

    /// The vectors of the paper's authors, for the key 00 01 .. 0f and the texts 00 01 ...
    #[test]
    fn the_marks_are_those_of_siphash_and_do_not_change_with_the_version() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let text: Vec<u8> = (0..15).collect();
        assert_eq!(siphash_with(key, &[]), 0x726f_db47_dd0e_0e31);
        assert_eq!(siphash_with(key, &text), 0xa129_ca61_49be_45e5);
    }

    #[test]
    fn a_mark_is_written_as_eleven_characters_and_read_back() {
        for mark in [0, 1, 63, 64, u64::MAX, 0x0123_4567_89ab_cdef] {
            let mut text = String::new();
            write_mark(mark, &mut text);
            assert_eq!(text.len(), MARK);
            assert_eq!(read_mark(text.as_bytes()), Some(mark));
        }
        for wrong in ["", "A", "AAAAAAAAAA", "AAAAAAAAAA!", "___________"] {
            assert_eq!(read_mark(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_stored_cursor_is_as_small_as_it_is_said_to_be_and_comes_back() {
        for (count, per_second, most) in [
            (3_000, 10, 40_000),
            (50_000, 1_000, 560_000),
            (50_000, 1, 1_400_000),
        ] {
            let cursor = marks(count, per_second);
            let stored = serde_json::to_string(&cursor).unwrap();
            assert!(stored.len() < most, "{count}: {}", stored.len());
            let again: TailCursor = serde_json::from_str(&stored).unwrap();
            assert_eq!(again, cursor);
        }
    }

    #[test]
    fn a_stored_cursor_that_is_too_long_or_none_is_not_taken_as_it_is() {
        let too_many = serde_json::to_string(&marks(50_010, 1_000)).unwrap();
        let cursor: TailCursor = serde_json::from_str(&too_many).unwrap();
        assert_eq!(cursor.seen.len(), MOST);
        for wrong in [
            r#"{"from":"2026-04-01T09:00:00Z","seen":{"1":"AAAAAAAAAAA"}}"#,
            r#"{"from":"2026-04-01T09:00:00Z","key":"BAAAAAAAAAA","seen":{"1":"AAAA"}}"#,
            r#"{"from":"2026-04-01T09:00:00Z","key":"B"}"#,
            r#"{"seen":{}}"#,
        ] {
            assert!(
                serde_json::from_str::<TailCursor>(wrong).is_err(),
                "{wrong}"
            );
        }
    }
}
