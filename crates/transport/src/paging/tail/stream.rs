//! The stream of the records of a list that is followed.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::cursor::TailCursor;
use super::pass::{OVERLAP, Pass};
use super::returned::Returned;
use super::timeline::{Stamp, Timeline};
use crate::call::Received;
use crate::error::Error;
use crate::paging::by_item::undecoded;
use crate::paging::page_walk::PageWalk;
use crate::paging::{Cursor, Next, Paging, raw};
use crate::request::Request;
use crate::runtime::Pause;
use crate::wire::decode;
use crate::wire::raw::RawJson;
use crate::wire::timestamp::Timestamp;

/// The records of a list from a time on: a stream with the additional method [`try_next`](Self::try_next).
///
/// Each look at the list is a *pass*. Records may appear a little after the time that they state, so a pass begins an
/// [overlap](Self::overlap) before the newest record, and ignores what was returned before. A record that appears later
/// than that is missed, and a record that changes is not returned again.
///
/// A list in ascending order is requested from the time of a record on, and has to contain that record. If the next page
/// does not, the tail reads on by the number of the page, and misses nothing. If a pass finds none of the last records of
/// the pass before, it may have missed some, because their times are of another clock or time zone than the filter. It
/// then ends with the error `the list may be incomplete`, and so does each pass until it finds some. All of these records
/// may also have been deleted, and then the error ends with the next new record. An overlap that is no longer than
/// times are exact, a minute at most, leaves nothing to compare.
///
/// The stream ends when there is nothing more, unless it [follows](Self::follow) the list. An error does not end it.
/// Poll again, and it continues where it stopped, after a pause. That makes sense if the error
/// [is retryable](Error::is_retryable); the client has retried already by then. A record that cannot be decoded is an
/// error with the record in [`Error::item`], and is ignored from then on.
///
/// ```
/// # use security_api_transport::{Error, RawJson, Tail, TailCursor, Timeline};
/// # async fn example<S: Timeline>(
/// #     mut records: Tail<RawJson, S>, store: impl Fn(&TailCursor),
/// # ) -> Result<(), Error> {
/// loop {
///     match records.try_next().await {
///         Ok(Some(record)) => println!("{}", record.to_line()),
///         Ok(None) => break,
///         Err(error) if error.is_retryable() || error.item().is_some() => eprintln!("{error}"),
///         Err(error) => return Err(error),
///     }
///     if records.at_page_end() {
///         store(&records.cursor());
///     }
/// }
/// # Ok(()) }
/// ```
#[must_use = "streams do nothing unless polled"]
pub struct Tail<T, S: Timeline> {
    request: Request,
    timeline: S,
    follow: Option<Duration>,
    overlap: Duration,
    returned: Returned,
    pass: Pass,
    /// Records received and not returned yet.
    page: VecDeque<Record>,
    /// The response that they are from.
    received: Option<Received>,
    state: TailState<S::Paging>,
    /// Whether records are returned as they came, so that none is repaired.
    is_raw: bool,
    item: PhantomData<fn() -> T>,
}

struct Record {
    /// Of its id.
    hash: u64,
    time: Timestamp,
    /// Its position on the page.
    index: usize,
    /// As the service sent it.
    json: Bytes,
}

enum TailState<P: Paging> {
    /// A pass is to begin.
    Starting,
    Reading(Box<PageWalk<P>>),
    Waiting(Pause, After),
    Done,
}

/// What follows a pause.
enum After {
    Pass,
    /// The page that could not be fetched is requested again.
    Failure(Cursor),
}

impl<T, S: Timeline> Tail<T, S> {
    /// The records of the list that starts with `request`, from `start` on.
    pub fn new(request: Request, timeline: S, start: impl Into<TailCursor>) -> Self {
        Self {
            request,
            timeline,
            follow: None,
            overlap: OVERLAP,
            returned: start.into().into(),
            pass: Pass::default(),
            page: VecDeque::new(),
            received: None,
            state: TailState::Starting,
            is_raw: false,
            item: PhantomData,
        }
    }

    /// Continues with records that are added later, looking for them at this interval, at least 10 ms. Intervals vary
    /// by a tenth.
    pub fn follow(mut self, interval: Duration) -> Self {
        self.follow = Some(interval);
        self
    }

    /// How long after the time that it states a record may appear; 5 minutes by default.
    ///
    /// Each pass begins this long before the newest record. The overlap also has to cover how far this machine's clock
    /// may be ahead of the service's.
    pub fn overlap(mut self, overlap: Duration) -> Self {
        self.overlap = overlap;
        self
    }

    /// The records as raw JSON, for JSON lines; see [`RawJson::to_line`].
    pub fn raw(self) -> Tail<RawJson, S> {
        Tail {
            request: self.request,
            timeline: self.timeline,
            follow: self.follow,
            overlap: self.overlap,
            returned: self.returned,
            pass: self.pass,
            page: self.page,
            received: self.received,
            state: self.state,
            is_raw: true,
            item: PhantomData,
        }
    }

    /// The position after the last record that was returned, also after an error.
    ///
    /// It copies what is known about the records within the overlap, so call it once a page
    /// ([`at_page_end`](Self::at_page_end)) or once a second rather than after every record.
    #[must_use]
    pub fn cursor(&self) -> TailCursor {
        self.returned.cursor()
    }

    /// Whether all new records that were received so far are returned, which is a good moment to store the
    /// [`cursor`](Self::cursor).
    #[must_use]
    pub fn at_page_end(&self) -> bool {
        self.page.is_empty()
    }

    #[doc(hidden)]
    pub fn request_mut(&mut self) -> &mut Request {
        &mut self.request
    }

    #[doc(hidden)]
    pub fn timeline_mut(&mut self) -> &mut S {
        &mut self.timeline
    }

    fn begin(&mut self) {
        self.returned.forget();
        self.pass = Pass::begin::<S>(&self.returned, self.overlap);
        self.state = TailState::Reading(self.walk());
    }

    /// The list from the pass's bound on.
    fn walk(&self) -> Box<PageWalk<S::Paging>> {
        let request = self.timeline.since(self.request.clone(), self.pass.bound);
        Box::new(PageWalk::new(S::Paging::begin(request)))
    }

    /// The pass has read the list to its end, where it may turn out that the list began too late.
    fn end(&mut self) -> Result<(), Error> {
        if !self.pass.is_ascending::<S>() {
            self.complete(self.pass.newest);
        }
        self.state = match self.follow {
            Some(interval) => TailState::Waiting(Pause::about(interval), After::Pass),
            None => TailState::Done,
        };
        self.pass.end(self.request.operation)
    }

    fn complete(&mut self, time: Timestamp) {
        let complete = self.pass.complete_at(time);
        self.returned.complete(complete, self.overlap);
    }

    /// Takes the records of a page. Returns whether it was empty, and what follows it.
    fn receive(&mut self, received: Received) -> Result<(bool, Next<Position<S>>), Error> {
        let split = raw::split_at_all::<S::Paging>(&received)?
            .0
            .bounded(&received)?;
        let is_empty = split.items.is_empty();
        let mut records = VecDeque::with_capacity(split.items.len());
        // A page that cannot be read changes nothing.
        let mut pass = self.pass;
        for (index, json) in split.items.into_iter().enumerate() {
            let stamp = match RawJson::readable(&json) {
                Some(json) => self.timeline.stamp(&json)?,
                None => Stamp::default(),
            };
            let hash = self.returned.hash_of(stamp.id.as_deref(), &json);
            let known = (hash, self.returned.contains(hash));
            let Some(time) = pass.read::<S>(stamp.time, self.overlap, known) else {
                continue;
            };
            records.push_back(Record {
                hash,
                time,
                index,
                json,
            });
        }
        pass.end_page::<S>(!matches!(split.next, Next::End));
        if pass.goes_back() {
            records.clear();
        }
        self.pass = pass;
        self.page = records;
        self.received = Some(received);
        self.skip_known();
        self.returned.forget();
        Ok((is_empty, split.next))
    }

    /// Removes records from the front of the page that were returned before.
    fn skip_known(&mut self) {
        while let Some(record) = self.page.front() {
            if !self.returned.contains(record.hash) {
                return;
            }
            if let Some(record) = self.page.pop_front() {
                self.note(&record);
            }
        }
    }

    /// The next new record of the page.
    fn take(&mut self) -> Option<Record> {
        let record = self.page.pop_front()?;
        self.note(&record);
        self.skip_known();
        Some(record)
    }

    /// Notes that a record was returned.
    fn note(&mut self, record: &Record) {
        self.returned.insert(record.hash, record.time);
        if self.pass.is_ascending::<S>() && self.pass.is_past(record.time, self.overlap) {
            self.complete(record.time);
        }
        if self.returned.is_full() {
            self.returned.forget();
        }
    }
}

type Position<S> = <<S as Timeline>::Paging as Paging>::Position;

impl<T: DeserializeOwned, S: Timeline> Tail<T, S> {
    /// The next record; `None` after the last, which never comes if the tail [follows](Self::follow) the list.
    ///
    /// # Errors
    /// If a page cannot be fetched; polled again, the tail requests it again. If the record cannot be decoded; polled
    /// again, the tail returns the one after it. If the pass that ends may have missed records; polled again, the tail
    /// ends or follows the list as usual.
    #[inline]
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    fn decode(&self, record: Record) -> Result<T, Error> {
        let decoded = match self.is_raw {
            true => decode::strict(&record.json),
            false => decode::json(&record.json),
        };
        decoded.map_err(|error| match &self.received {
            Some(received) => undecoded::<S::Paging>(received, record.index, record.json, &error),
            None => error,
        })
    }
}

impl<T, S: Timeline> Tail<T, S> {
    /// The next page, until there is a record to return. `None` after the last.
    fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), Error>>> {
        match &mut self.state {
            TailState::Starting => self.begin(),
            TailState::Reading(_) if self.pass.turns() => {
                self.pass.turn(self.returned.from());
                self.state = TailState::Reading(self.walk());
            }
            TailState::Reading(walk) => {
                let received = match ready!(walk.poll_page(cx)) {
                    Some(received) => received,
                    None => return Poll::Ready(Some(self.end())),
                };
                match received.and_then(|received| self.receive(received)) {
                    Ok((is_empty, next)) => {
                        if let TailState::Reading(walk) = &mut self.state {
                            walk.received(next, is_empty);
                        }
                    }
                    Err(error) => {
                        let after = match &self.state {
                            TailState::Reading(walk) if error.is_retryable() => {
                                After::Failure(walk.cursor())
                            }
                            _ => After::Pass,
                        };
                        let interval = self.follow.unwrap_or_default();
                        self.state = TailState::Waiting(Pause::about(interval), after);
                        return Poll::Ready(Some(Err(error)));
                    }
                }
            }
            TailState::Waiting(sleep, after) => {
                ready!(Pin::new(sleep).poll(cx));
                let page = match after {
                    After::Pass => None,
                    After::Failure(cursor) => Some(cursor.clone()),
                };
                self.state = match page {
                    None => TailState::Starting,
                    Some(cursor) => {
                        let mut walk = self.walk();
                        walk.resume(cursor);
                        TailState::Reading(walk)
                    }
                };
            }
            TailState::Done => return Poll::Ready(None),
        }
        Poll::Ready(Some(Ok(())))
    }
}

impl<T: DeserializeOwned, S: Timeline> Stream for Tail<T, S> {
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(record) = self.take() {
                return Poll::Ready(Some(self.decode(record)));
            }
            match ready!(self.poll_page(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(())) => {}
            }
        }
    }
}

impl<T, S: Timeline> Unpin for Tail<T, S> {}

crate::__call_options!(@ [<T, S: Timeline>] Tail<T, S>, this => this.request);

impl<T, S: Timeline> fmt::Debug for Tail<T, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tail")
            .field("request", &self.request)
            .field("follow", &self.follow)
            .field("overlap", &self.overlap)
            .field("from", &self.returned.from())
            .finish_non_exhaustive()
    }
}
