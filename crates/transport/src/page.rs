//! Lists that come in pages: one page, all pages, all items, and where to go on.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::hash::BuildHasher;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::call::{Call, FromResponse, Received, Sending};
use crate::decode;
use crate::error::{Error, ErrorKind};
use crate::raw::RawJson;
use crate::request::Request;

/// How a service pages its lists.
///
/// ```
/// use bytes::Bytes;
/// use security_api_transport::{Client, Error, Items, Operation, Paging, RawJson, Request};
/// use http::Method;
/// use serde::Deserialize;
/// use serde_json::value::RawValue;
///
/// enum ByToken {}
///
/// #[derive(Deserialize)]
/// struct Wire<T> {
///     items: Vec<T>,
///     next: Option<String>,
/// }
///
/// impl Paging for ByToken {
///     type Wire<T> = Wire<T>;
///
///     fn split<T>(wire: Wire<T>, _: &Request) -> (Vec<T>, Option<String>) {
///         (wire.items, wire.next)
///     }
///
///     fn split_raw(payload: &Bytes, _: &Request) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error> {
///         let wire: Wire<&RawValue> = serde_json::from_slice(payload)?;
///         Ok((wire.items.into_iter().map(|item| RawJson::slice(payload, item)).collect(), wire.next))
///     }
///
///     fn set_token(request: Request, token: &str) -> Request {
///         request.set_query("after", token)
///     }
/// }
///
/// static LIST: Operation = Operation::new("records.list", Method::GET, "/v1/records").idempotent();
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let mut records = Items::<serde_json::Value, ByToken>::new(client.operation(&LIST, &[]));
///     while let Some(record) = records.try_next().await? {
///         println!("{record}");
///     }
///     Ok(())
/// }
/// ```
pub trait Paging: Send + Sync + 'static {
    /// Pages are numbered, so that a service which passes over the number would send the first page for ever: a page that
    /// is the same to the byte as the one before it is an error.
    const NUMBERED: bool = false;

    /// A page as the service sends it, with items of type `T`.
    type Wire<T>;

    /// Takes the items and the token of the next page, if there is one, out of a page. `request` is the one that the
    /// page answers: where pages are numbered, it says which this was.
    fn split<T>(wire: Self::Wire<T>, request: &Request) -> (Vec<T>, Option<String>);

    /// How many items the whole list has, if the page says so.
    fn total<T>(wire: &Self::Wire<T>) -> Option<u64> {
        let _ = wire;
        None
    }

    /// The same as [`split`](Self::split) without decoding the items.
    ///
    /// # Errors
    /// If the payload is no page.
    fn split_raw(
        payload: &Bytes,
        request: &Request,
    ) -> Result<(Vec<RawJson>, Option<String>), serde_json::Error>;

    /// Puts into the request for the first page what the service needs and the request leaves open, for a [`List`].
    fn begin(request: Request) -> Request {
        request
    }

    /// Makes the request ask for the page with this token.
    fn set_token(request: Request, token: &str) -> Request;

    /// How many items a page the request asks for has, as it says so; none if it leaves that to the service. A cursor
    /// remembers it, so that a later run may ask for pages of another size.
    fn page_size(request: &Request) -> Option<Cow<'_, str>> {
        let _ = request;
        None
    }
}

/// A place in a list: the page and how many of its items were taken. Store it, and an export goes on where it stopped.
///
/// It is exact over data that does not change. Where items are added meanwhile and the service numbers its pages, go
/// back a little and drop what was seen before, by id.
///
/// ```
/// use security_api_transport::Cursor;
///
/// let cursor: Cursor = serde_json::from_str(r#"{"page":"0b9972aa","taken":17}"#).unwrap();
/// assert_eq!(serde_json::to_string(&cursor).unwrap(), r#"{"page":"0b9972aa","taken":17}"#);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Cursor {
    /// The page's token; none for the first page.
    #[serde(default)]
    page: Option<String>,
    /// How many items of that page were taken.
    #[serde(default)]
    taken: usize,
    /// The size of the page, where the request said one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<String>,
    /// The list was read to its end.
    #[serde(default, skip_serializing_if = "is_false")]
    end: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_false(value: &bool) -> bool {
    !value
}

impl Cursor {
    /// The start of the page with this token.
    #[must_use]
    pub fn page(token: impl Into<String>) -> Self {
        Self {
            page: Some(token.into()),
            ..Self::default()
        }
    }

    /// The token of the page; none for the first.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.page.as_deref()
    }

    /// How many items of the page were taken.
    #[must_use]
    pub fn taken(&self) -> usize {
        self.taken
    }

    /// Whether the list was read to its end.
    #[must_use]
    pub fn is_end(&self) -> bool {
        self.end
    }
}

/// Applies a cursor's page to a request.
fn at<P: Paging>(request: Request, cursor: &Cursor) -> Request {
    match cursor.token() {
        Some(token) => P::set_token(request, token),
        None => request,
    }
}

/// The call of a list that comes in pages. It is not awaited itself: that would leave open whether one page or all of
/// the list is meant.
///
/// Lists with options of their own have a type of their own, which ends in the same methods.
#[must_use = "a list does nothing until one of its pages or items is asked for"]
pub struct List<T, P> {
    request: Request,
    page: PhantomData<fn() -> (T, P)>,
}

impl<T, P: Paging> List<T, P> {
    /// The list that `request` starts.
    pub fn new(request: Request) -> Self {
        Self {
            request: P::begin(request),
            page: PhantomData,
        }
    }

    /// The first page, when awaited.
    pub fn page(self) -> Call<Page<T, P>> {
        Call::new(self.request)
    }

    /// Every page.
    pub fn pages(self) -> Pages<T, P> {
        Pages::new(self.request)
    }

    /// Every item, across pages.
    pub fn items(self) -> Items<T, P> {
        Items::new(self.request)
    }

    /// Every item as the JSON it came as, across pages.
    pub fn raw_items(self) -> RawItems<P> {
        RawItems::new(self.request)
    }
}

crate::__call_options!(List<T, P>);

impl<T, P> Clone for List<T, P> {
    fn clone(&self) -> Self {
        Self {
            request: self.request.clone(),
            page: PhantomData,
        }
    }
}

impl<T, P> fmt::Debug for List<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("List").field(&self.request).finish()
    }
}

/// One page of a list.
pub struct Page<T, P> {
    items: Vec<T>,
    next: Option<String>,
    total: Option<u64>,
    request: Request,
    /// The answer it came in, where the next one must differ from it.
    answer: Option<Bytes>,
    paging: PhantomData<fn() -> P>,
}

impl<T, P: Paging> Page<T, P> {
    /// The items.
    #[must_use]
    pub fn items(&self) -> &[T] {
        &self.items
    }

    /// The items alone.
    #[must_use]
    pub fn into_items(self) -> Vec<T> {
        self.items
    }

    /// How many items the whole list has, if the service says so. It counts at the time of the request.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.total
    }

    /// Whether the service has more pages.
    #[must_use]
    pub fn has_next(&self) -> bool {
        self.next.is_some()
    }

    /// The start of the next page, to be stored.
    #[must_use]
    pub fn next_cursor(&self) -> Option<Cursor> {
        let mut cursor = self.next.clone().map(Cursor::page)?;
        cursor.size = P::page_size(&self.request).map(Cow::into_owned);
        Some(cursor)
    }

    /// The call for the next page, with the same filters and options.
    #[must_use]
    pub fn next(&self) -> Option<Call<Self>> {
        let token = self.next.as_deref()?;
        let mut request = P::set_token(self.request.clone(), token);
        request.previous = self.answer.clone();
        Some(Call::new(request))
    }
}

impl<T, P> IntoIterator for Page<T, P> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T, P> IntoIterator for &'a Page<T, P> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl<T: fmt::Debug, P> fmt::Debug for Page<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page")
            .field("items", &self.items)
            .field("has_next", &self.next.is_some())
            .finish()
    }
}

impl<T, P> FromResponse for Page<T, P>
where
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    fn from_response(received: Received) -> Result<Self, Error> {
        received.unlike_previous()?;
        let wire = received.decode()?;
        let total = P::total(&wire);
        let (items, next) = P::split(wire, &received.request);
        let answer = P::NUMBERED.then(|| received.whole_body());
        let mut request = received.request;
        request.previous = None;
        Ok(Self {
            items,
            next,
            total,
            request,
            answer,
            paging: PhantomData,
        })
    }
}

/// Walks from page to page; what the streams below share.
struct Walk {
    /// The request for the first page, from which all others are made.
    template: Request,
    state: State,
    /// The page under way or last received.
    cursor: Cursor,
    /// Hashes of the tokens of all pages so far: a service that goes in circles would never end.
    seen: HashSet<u64>,
    /// The answer received last, where the next one must differ from it.
    previous: Option<Bytes>,
}

enum State {
    /// The cursor's page is to be asked for next.
    Ready,
    Sending(Sending),
    /// A page has been received; its successor is known.
    Received(Option<String>),
    Done,
}

impl Walk {
    fn new(template: Request) -> Self {
        Self {
            template,
            state: State::Ready,
            cursor: Cursor::default(),
            seen: HashSet::new(),
            previous: None,
        }
    }

    /// Notes that the page with this token is taken up; false if it was before.
    fn is_new(&mut self, token: &str) -> bool {
        let hash = self.seen.hasher().hash_one(token);
        self.seen.insert(hash)
    }

    /// The next page's answer. After an error the walk is over, and the cursor says where.
    fn poll_page<P: Paging>(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Received, Error>>> {
        loop {
            match &mut self.state {
                State::Ready => {
                    let mut request = at::<P>(self.template.clone(), &self.cursor);
                    request.previous = self.previous.take();
                    self.state = State::Sending(request.send());
                }
                State::Sending(sending) => {
                    let result = ready!(sending.as_mut().poll(cx));
                    self.state = State::Done;
                    let result = result.and_then(|received| {
                        received.unlike_previous()?;
                        self.previous = P::NUMBERED.then(|| received.whole_body());
                        Ok(received)
                    });
                    return Poll::Ready(Some(result));
                }
                State::Received(next) => match next.take() {
                    Some(token) if self.is_new(&token) => {
                        self.cursor = Cursor::page(token);
                        self.state = State::Ready;
                    }
                    Some(_) => {
                        self.state = State::Done;
                        return Poll::Ready(Some(Err(Error::new(
                            ErrorKind::Decode,
                            "the service named a page as the next one that it had sent before, which would never end",
                        )
                        .in_list(self.template.operation))));
                    }
                    None => {
                        self.state = State::Done;
                        self.cursor.end = true;
                    }
                },
                State::Done => return Poll::Ready(None),
            }
        }
    }

    fn received(&mut self, next: Option<String>) {
        self.state = State::Received(next);
    }

    /// Starts at this place instead.
    fn resume(&mut self, cursor: Cursor) {
        if cursor.end {
            self.state = State::Done;
        }
        if let Some(token) = cursor.token() {
            self.is_new(token);
        }
        self.cursor = cursor;
    }

    /// The page after the one received last; the page under way before that.
    fn next_page(&self) -> Cursor {
        match &self.state {
            State::Received(Some(token)) => Cursor::page(token),
            State::Received(None) => Cursor {
                end: true,
                ..self.cursor.clone()
            },
            _ => self.cursor.clone(),
        }
    }
}

/// Items waiting to be handed out, and the walk that brings more.
struct ItemWalk<T> {
    walk: Walk,
    items: std::vec::IntoIter<T>,
    /// How many items of the pages to come were taken before, by an earlier run.
    skip: usize,
    /// Pages had another size in that run, so that those items may be more than one page has now. With the same size, a
    /// page that has fewer has shrunk, and nothing may be left out of the next.
    resized: bool,
}

impl<T> ItemWalk<T> {
    fn new(request: Request) -> Self {
        Self {
            walk: Walk::new(request),
            items: Vec::new().into_iter(),
            skip: 0,
            resized: false,
        }
    }

    fn resume<P: Paging>(&mut self, mut cursor: Cursor) {
        self.skip = std::mem::take(&mut cursor.taken);
        self.resized =
            cursor.size.take().as_deref() != P::page_size(&self.walk.template).as_deref();
        self.walk.resume(cursor);
    }

    fn position<P: Paging>(&self) -> Cursor {
        let mut cursor = self.walk.cursor.clone();
        cursor.taken += self.skip;
        cursor.size = P::page_size(&self.walk.template).map(Cow::into_owned);
        cursor
    }

    fn poll_next<P: Paging>(
        &mut self,
        cx: &mut Context<'_>,
        split: impl Fn(&Received) -> Result<(Vec<T>, Option<String>), Error>,
    ) -> Poll<Option<Result<T, Error>>> {
        loop {
            if let Some(item) = self.items.next() {
                self.walk.cursor.taken += 1;
                return Poll::Ready(Some(Ok(item)));
            }
            match ready!(self.walk.poll_page::<P>(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(received)) => match split(&received) {
                    Err(error) => return Poll::Ready(Some(Err(error))),
                    Ok((mut items, next)) => {
                        let skipped = self.skip.min(items.len());
                        items.drain(..skipped);
                        self.skip = if self.resized { self.skip - skipped } else { 0 };
                        self.walk.cursor.taken = skipped;
                        self.items = items.into_iter();
                        self.walk.received(next);
                    }
                },
            }
        }
    }
}

/// What all the streams have in common.
macro_rules! walker {
    ($name:ident $([$item:ident])?, $position:ident) => {
        impl<$($item,)? P: Paging> $name<$($item,)? P> {
            /// Where it stands: before the next item, also after an error. A stream that was read to its end resumes
            /// at the end.
            #[must_use]
            pub fn cursor(&self) -> Cursor {
                self.$position()
            }
        }

        impl<$($item,)? P> fmt::Debug for $name<$($item,)? P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl<$($item,)? P> Unpin for $name<$($item,)? P> {}
    };
}

/// Every item of a list, across pages. A stream that also has [`try_next`](Self::try_next) and
/// [`try_collect`](Self::try_collect) of its own.
///
/// Pages are asked for as they are needed. After an error the stream ends; [`cursor`](Self::cursor) says where, and
/// [`resume`](Self::resume) on a new one goes on there.
#[must_use = "streams do nothing unless polled"]
pub struct Items<T, P> {
    walk: ItemWalk<T>,
    paging: PhantomData<fn() -> P>,
}

impl<T, P: Paging> Items<T, P> {
    /// Every item of the list that `request` starts.
    pub fn new(request: Request) -> Self {
        Self {
            walk: ItemWalk::new(request),
            paging: PhantomData,
        }
    }

    /// Starts at this place instead of the first item.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.walk.resume::<P>(cursor);
        self
    }

    fn position(&self) -> Cursor {
        self.walk.position::<P>()
    }
}

walker!(Items[T], position);

impl<T, P> Items<T, P>
where
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    /// The next item; none after the last.
    ///
    /// # Errors
    /// If a page could not be had. The stream is over then.
    pub async fn try_next(&mut self) -> Result<Option<T>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// All items in memory.
    ///
    /// # Errors
    /// If a page could not be had. Items received before are lost; to keep them, read item by item.
    pub async fn try_collect(mut self) -> Result<Vec<T>, Error> {
        let mut items = Vec::new();
        while let Some(item) = self.try_next().await? {
            items.push(item);
        }
        Ok(items)
    }
}

impl<T, P> Stream for Items<T, P>
where
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.walk.poll_next::<P>(cx, |received| {
            let wire = received.decode()?;
            Ok(P::split(wire, &received.request))
        })
    }
}

/// Every item of a list as the JSON it came as, across pages: for exports.
#[must_use = "streams do nothing unless polled"]
pub struct RawItems<P> {
    walk: ItemWalk<RawJson>,
    paging: PhantomData<fn() -> P>,
}

impl<P: Paging> RawItems<P> {
    /// Every item of the list that `request` starts.
    pub fn new(request: Request) -> Self {
        Self {
            walk: ItemWalk::new(request),
            paging: PhantomData,
        }
    }

    /// Starts at this place instead of the first item.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.walk.resume::<P>(cursor);
        self
    }

    /// The next item; none after the last.
    ///
    /// # Errors
    /// If a page could not be had. The stream is over then.
    pub async fn try_next(&mut self) -> Result<Option<RawJson>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    fn position(&self) -> Cursor {
        self.walk.position::<P>()
    }
}

walker!(RawItems, position);

impl<P: Paging> Stream for RawItems<P> {
    type Item = Result<RawJson, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.walk.poll_next::<P>(cx, |received| {
            let payload = received.payload();
            decode::check_utf8(&payload)
                .and_then(|()| {
                    P::split_raw(&payload, &received.request)
                        .map_err(|_| decode::explain_page(&payload))
                })
                .map_err(|error| received.undecodable(error))
        })
    }
}

/// Every page of a list.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<T, P> {
    walk: Walk,
    page: PhantomData<fn() -> (T, P)>,
}

impl<T, P: Paging> Pages<T, P> {
    /// Every page of the list that `request` starts.
    pub fn new(request: Request) -> Self {
        Self {
            walk: Walk::new(request),
            page: PhantomData,
        }
    }

    /// Starts with this page instead of the first.
    pub fn resume(mut self, cursor: Cursor) -> Self {
        self.walk.resume(cursor);
        self
    }

    fn position(&self) -> Cursor {
        let mut cursor = self.walk.next_page();
        cursor.size = P::page_size(&self.walk.template).map(Cow::into_owned);
        cursor
    }
}

walker!(Pages[T], position);

impl<T, P> Pages<T, P>
where
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    /// The next page; none after the last.
    ///
    /// # Errors
    /// If the page could not be had. The stream is over then.
    pub async fn try_next(&mut self) -> Result<Option<Page<T, P>>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

impl<T, P> Stream for Pages<T, P>
where
    P: Paging,
    P::Wire<T>: DeserializeOwned,
{
    type Item = Result<Page<T, P>, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let page = match ready!(self.walk.poll_page::<P>(cx)) {
            None => return Poll::Ready(None),
            Some(received) => received.and_then(Page::from_response),
        };
        if let Ok(page) = &page {
            let next = page.next.clone();
            self.walk.received(next);
        }
        Poll::Ready(Some(page))
    }
}
