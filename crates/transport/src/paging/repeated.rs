//! Telling the next page of a numbered list from the same page once more, which a service that ignores the number sends.

use serde_json::{Map, Value};

use super::{Next, Paging};
use crate::call::Received;
use crate::error::{Error, ErrorKind};
use crate::request::PreviousPage;

impl PreviousPage {
    /// Remembers this page if the pages of the service have numbers.
    pub(super) fn of<P: Paging>(page: &Received) -> Option<Self> {
        P::NUMBERED.then(|| Self {
            response: page.whole_body(),
            payload: page.payload(),
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
    pub(super) fn repeats_last_page<P: Paging>(&self) -> Result<bool, Error> {
        let same = |previous: &&PreviousPage| {
            previous.response == self.whole_body()
                // A page that is made anew may differ in a member, such as a signed URL.
                || previous.may_be_last && {
                    let first = first_id::<P>(&previous.payload);
                    first.is_some() && first == first_id::<P>(&self.payload())
                }
        };
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

/// The id of the first item on a page.
fn first_id<P: Paging>(payload: &[u8]) -> Option<Value> {
    let page = std::str::from_utf8(payload).ok()?;
    let page = P::split_raw(page, None).ok()?;
    let mut first: Map<String, Value> = serde_json::from_str(page.items.first()?.get()).ok()?;
    let id = P::IDS.iter().find_map(|name| first.remove(*name));
    id.filter(|id| !id.is_null())
}
