//! Fetching page after page: what the streams and the tails have in common.

use std::borrow::Cow;
use std::future::Future;
use std::sync::OnceLock;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::endless::Endless;
use super::repeated::payload;
use super::{Cursor, Next, Paging, at};
use crate::call::Received;
use crate::error::Error;
use crate::request::Request;
use crate::runtime::Bound;

/// Requests page after page.
pub(super) struct PageWalk<P: Paging> {
    /// The request for the first page, from which all others are made.
    template: Request,
    state: WalkState<P::Position>,
    /// The position of the page that is being fetched or was last received. `None` is the first page.
    position: Option<P::Position>,
    /// The size that is asked for of that page, once it is known. It may take parsing the body of a request, and cursors
    /// are asked for after every item.
    size: OnceLock<Option<String>>,
    /// How many items of that page were taken.
    pub(super) taken: usize,
    is_end: bool,
    /// The given cursor, if this service cannot read it.
    foreign: Option<Cursor>,
    pages: Endless,
    /// The part of the last response that holds the items, if pages have numbers.
    previous: Option<Bytes>,
}

enum WalkState<X> {
    /// The next page has to be requested.
    Ready,
    Sending(Bound<dyn Future<Output = Result<Received, Error>> + Send>),
    /// A page has been received, followed by this.
    Received(Next<X>),
    Done,
}

impl<P: Paging> PageWalk<P> {
    pub(super) fn new(template: Request) -> Self {
        Self {
            template,
            state: WalkState::Ready,
            position: None,
            size: OnceLock::new(),
            taken: 0,
            is_end: false,
            foreign: None,
            pages: Endless::new(),
            previous: None,
        }
    }

    /// Starts at this position instead of the first page.
    pub(super) fn resume(&mut self, cursor: Cursor) {
        if cursor.end {
            self.state = WalkState::Done;
            self.is_end = true;
        }
        self.taken = cursor.taken;
        self.size.take();
        match cursor.token().map(P::position) {
            None => self.position = None,
            Some(Ok(position)) => {
                // The first position that is requested was not requested before.
                let _ = self.pages.go_to(&position);
                self.position = Some(position);
            }
            Some(Err(error)) => {
                self.template = self.template.clone().fail(error);
                self.foreign = Some(cursor);
            }
        }
    }

    /// The position of the first item that was not returned yet.
    pub(super) fn cursor(&self) -> Cursor {
        if let Some(cursor) = &self.foreign {
            return cursor.clone();
        }
        Cursor {
            page: self.position.as_ref().map(P::Position::to_string),
            taken: self.taken,
            size: self.page_size().map(str::to_owned),
            end: self.is_end,
        }
    }

    /// The request for the page at the current position.
    fn request(&self) -> Request {
        let request = self.template.clone();
        match &self.position {
            Some(position) => at::<P>(request, position),
            None => request,
        }
    }

    /// The page size that is asked for at the current position, which may override the template's.
    pub(super) fn page_size(&self) -> Option<&str> {
        let size = || P::page_size(&self.template, self.position.as_ref()).map(Cow::into_owned);
        self.size.get_or_init(size).as_deref()
    }

    /// The response with the next page. An error ends the walk, and the cursor stays before that page.
    pub(super) fn poll_page(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Received, Error>>> {
        loop {
            match &mut self.state {
                WalkState::Ready => {
                    let mut request = self.request();
                    request.previous.clone_from(&self.previous);
                    self.state = WalkState::Sending(Bound::new(request.send()));
                }
                WalkState::Sending(sending) => {
                    // A page that was requested in another runtime may never arrive, and is requested again.
                    let Some(result) = ready!(sending.poll(cx)) else {
                        self.state = WalkState::Ready;
                        continue;
                    };
                    self.state = WalkState::Done;
                    let page = result.and_then(|page| {
                        page.check_is_new_page::<P>()?;
                        self.previous = payload::<P>(&page);
                        Ok(page)
                    });
                    return Poll::Ready(Some(page));
                }
                WalkState::Received(_) => match self.advance() {
                    Ok(true) => self.state = WalkState::Ready,
                    Ok(false) => {
                        self.state = WalkState::Done;
                        self.is_end = true;
                    }
                    Err(error) => {
                        self.state = WalkState::Done;
                        return Poll::Ready(Some(Err(error.in_list(self.template.operation))));
                    }
                },
                WalkState::Done => return Poll::Ready(None),
            }
        }
    }

    /// Moves the cursor to the page after the one that was received. Returns `false` if there is none.
    fn advance(&mut self) -> Result<bool, Error> {
        let WalkState::Received(next) = std::mem::replace(&mut self.state, WalkState::Done) else {
            return Ok(false);
        };
        let Some(position) = next.checked()? else {
            return Ok(false);
        };
        self.pages.go_to(position)?;
        self.position = Some(position.clone());
        self.size.take();
        self.taken = 0;
        Ok(true)
    }

    /// Records what follows the page that was received, and whether it was empty.
    pub(super) fn received(&mut self, next: Next<P::Position>, is_empty: bool) {
        self.pages.received(is_empty);
        self.state = WalkState::Received(next);
    }

    /// The start of the next page, or of the page being fetched if none has arrived yet.
    pub(super) fn next_page(&self) -> Cursor {
        let cursor = self.cursor();
        let WalkState::Received(next) = &self.state else {
            return cursor;
        };
        match next.checked() {
            Ok(Some(position)) => Cursor {
                page: Some(position.to_string()),
                taken: 0,
                ..cursor
            },
            Ok(None) => Cursor {
                end: true,
                ..cursor
            },
            // The stream ends with an error, and so does one that resumes here.
            Err(_) => cursor,
        }
    }
}
