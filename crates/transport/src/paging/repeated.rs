//! Telling the next page of a numbered list from the same page once more, which a service that ignores the number sends.

use std::collections::HashSet;

use bytes::Bytes;
use memchr::memmem;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::Paging;
use super::raw::split_raw;
use crate::call::Received;
use crate::error::{Error, ErrorKind};

/// What the request for the next page remembers of this one: its payload, if the pages of the service have numbers.
pub(super) fn payload<P: Paging>(page: &Received) -> Option<Bytes> {
    P::NUMBERED.then(|| page.payload())
}

impl Received {
    /// Tells whether the service sent another page than before.
    ///
    /// # Errors
    /// If this is the page before once more. Nothing tells then whether the list has more pages.
    pub(super) fn check_is_new_page<P: Paging>(&self) -> Result<(), Error> {
        let Some(previous) = &self.request.previous else {
            return Ok(());
        };
        let payload = self.payload();
        // An empty page may come again. A page that is made anew may differ in a member, such as a signed URL.
        let is_same = *previous == payload && !is_empty::<P>(&payload);
        if is_same || has_same_items::<P>(previous, &payload) {
            let error = Error::new(
                ErrorKind::Decode,
                "the list may be incomplete: the service sent the same page again where the next one was asked for, so it \
                 seems to ignore the page's number; read its first page alone, with `page()`",
            );
            return Err(error.in_call(&self.call));
        }
        Ok(())
    }
}

/// Whether two pages have the same items, in whichever order, of which each has an id of its own. One item alone proves
/// nothing.
fn has_same_items<P: Paging>(one: &[u8], other: &[u8]) -> bool {
    // Most pages are told apart without reading them.
    let may_be = |name: &&str| {
        let first = mention(other, name);
        first.is_some_and(|first| memmem::find(one, first).is_some())
    };
    P::IDS.iter().any(may_be) && {
        let (one, other) = (ids::<P>(one), ids::<P>(other));
        one.is_some() && one == other
    }
}

/// The first mention of a member, with its value.
fn mention<'a>(page: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let at = memmem::find(page, name.as_bytes())?;
    page[at..].split(|byte| b",}".contains(byte)).next()
}

fn is_empty<P: Paging>(page: &[u8]) -> bool {
    let page = std::str::from_utf8(page).ok();
    let page = page.and_then(|page| split_raw::<P>(page, None).ok());
    page.is_some_and(|page| page.items.is_empty())
}

/// The ids of the items on a page, as JSON. `None` unless there are several, and each has one of its own.
fn ids<P: Paging>(page: &[u8]) -> Option<HashSet<String>> {
    let page = std::str::from_utf8(page).ok()?;
    let page = split_raw::<P>(page, None).ok()?;
    let id = |item: &&RawValue| {
        let members: Map<String, Value> = serde_json::from_str(item.get()).ok()?;
        let id = P::IDS.iter().find_map(|name| members.get(*name));
        id.filter(|id| !id.is_null()).map(Value::to_string)
    };
    let ids: HashSet<_> = page.items.iter().map(id).collect::<Option<_>>()?;
    (ids.len() > 1 && ids.len() == page.items.len()).then_some(ids)
}
