//! A list of bare arrays in numbered pages.

use std::borrow::Cow;
use std::cell::Cell;

use security_api_transport::{Error, Next, Paging, Request, Split};
use serde::{Deserialize, Deserializer};

thread_local! {
    static REQUESTS_MADE: Cell<u32> = const { Cell::new(0) };
    static SIZES_READ: Cell<u32> = const { Cell::new(0) };
}

/// How many requests were made for a position, and how often a size was read, since the last time.
pub(crate) fn asked() -> (u32, u32) {
    (REQUESTS_MADE.take(), SIZES_READ.take())
}

/// Pages of which one with this many items is followed by another. The query counts them from 1.
pub(crate) struct ByFullness<const FULL: usize>;

impl<const FULL: usize> Paging for ByFullness<FULL> {
    const NUMBERED: bool = true;

    type Wire<T> = Vec<T>;
    type Position = u32;

    fn position(text: &str) -> Result<u32, Error> {
        text.parse().map_err(|_| Error::invalid("no page number"))
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Vec<T>, D::Error> {
        Vec::deserialize(page)
    }

    fn split<T>(items: Vec<T>, number: Option<&u32>) -> Split<T, u32> {
        let next = match items.len() >= FULL {
            true => Next::At(number.copied().unwrap_or(1) + 1),
            false => Next::End,
        };
        Split::new(items, next)
    }

    fn go(request: Request, number: &u32) -> Request {
        REQUESTS_MADE.set(REQUESTS_MADE.get() + 1);
        request.set_query("page", number.to_string())
    }

    fn page_size<'a>(request: &'a Request, _: Option<&u32>) -> Option<Cow<'a, str>> {
        SIZES_READ.set(SIZES_READ.get() + 1);
        request.query_value("size").map(Cow::Borrowed)
    }
}
