//! Telling the next page of a numbered list from the same page once more, which a service that ignores the number sends.

use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Next, Paging};
use crate::call::Received;
use crate::error::{Error, ErrorKind};
use crate::request::PreviousPage;

impl PreviousPage {
    /// Remembers this page if the pages of the service have numbers.
    pub(super) fn of<P: Paging>(page: &Received) -> Option<Self> {
        P::NUMBERED.then(|| Self {
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
            let payload = self.payload();
            previous.payload == payload
                // A page that is made anew may differ in a member, such as a signed URL.
                || previous.may_be_last && {
                    let before = ids::<P>(&previous.payload);
                    before.is_some() && before == ids::<P>(&payload)
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

/// The ids of the items on a page, as JSON. `None` unless each has one of its own.
fn ids<P: Paging>(payload: &[u8]) -> Option<Vec<String>> {
    let page = std::str::from_utf8(payload).ok()?;
    let page = P::split_raw(page, None).ok()?;
    let id = |item: &&RawValue| {
        let members: Map<String, Value> = serde_json::from_str(item.get()).ok()?;
        let id = P::IDS.iter().find_map(|name| members.get(*name));
        id.filter(|id| !id.is_null()).map(Value::to_string)
    };
    let ids: Vec<_> = page.items.iter().map(id).collect::<Option<_>>()?;
    let distinct: HashSet<_> = ids.iter().collect();
    (!ids.is_empty() && distinct.len() == ids.len()).then_some(ids)
}
