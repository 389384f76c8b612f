//! Telling the next page of a numbered list from the same page once more, which a service that ignores the number sends.

use super::{Next, Paging};
use crate::call::Received;
use crate::error::{Error, ErrorKind};
use crate::request::PreviousPage;

impl PreviousPage {
    /// Remembers this page if the pages of the service have numbers.
    pub(super) fn of<P: Paging>(page: &Received) -> Option<Self> {
        P::NUMBERED.then(|| Self {
            response: page.whole_body(),
            may_be_last: false,
        })
    }

    pub(super) fn followed_by<X>(self, next: &Next<X>) -> Self {
        Self {
            may_be_last: matches!(next, Next::Maybe(_)),
            ..self
        }
    }
}

impl Received {
    /// Whether this is the page before once more, which was the last one.
    ///
    /// # Errors
    /// If it is that page, but more was to follow: the list would never end.
    pub(super) fn repeats_last_page(&self) -> Result<bool, Error> {
        let same = |previous: &&PreviousPage| previous.response == self.whole_body();
        match self.request.previous.as_ref().filter(same) {
            None => Ok(false),
            Some(PreviousPage {
                may_be_last: true, ..
            }) => Ok(true),
            Some(_) => {
                let error = Error::new(
                    ErrorKind::Decode,
                    "the service sent the same page again where the next one was asked for; it seems to ignore the \
                     page's number: read its first page alone, with `page()`",
                );
                Err(error.in_call(&self.call))
            }
        }
    }
}
