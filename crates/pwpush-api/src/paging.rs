//! How the service pages its lists: by page number, without a total.

use security_api_transport::{
    Error, Next, PageItems, PageVisitor, Paging, ReadPage, Request, Split,
};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

/// Pages by number.
#[derive(Debug)]
pub enum PageNumber {}

/// How many items a page has, unless it is the last. Of the commercial edition this is assumed.
const FULL: usize = 50;

/// The last page that the service returns.
const LAST: u32 = 200;

/// A page as the service sends it: an array, or an object with the array as `logs` or, before 2.9, as `views`.
#[derive(Debug)]
pub struct PageBody<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageBody<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor::<Members<T>>::new())
    }
}

struct Members<T> {
    items: Option<PageItems<T>>,
}

impl<'de, T: Deserialize<'de>> ReadPage<'de> for Members<T> {
    const EXPECTED: &'static str = "an array, or an object with `logs` or `views`";

    type Page = PageBody<T>;

    fn new() -> Self {
        Self { items: None }
    }

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "logs" | "views" => self.items = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn end<E: de::Error>(self) -> Result<PageBody<T>, E> {
        // An object without items is not a list, and must not be read as the end of one.
        let items = self.items.ok_or_else(|| E::missing_field("logs"))?;
        Ok(PageBody(items.into_vec()))
    }

    fn list<A: SeqAccess<'de>>(list: A) -> Result<PageBody<T>, A::Error> {
        PageItems::read(list).map(|items| PageBody(items.into_vec()))
    }
}

impl Paging for PageNumber {
    const NUMBERED: bool = true;

    type Wire<T> = PageBody<T>;
    /// The number of the page, from 1.
    type Position = u32;

    fn position(text: &str) -> Result<u32, Error> {
        text.parse().map_err(|_| {
            Error::invalid(
                "the cursor has no page number, so it does not belong to a list of this service; start the list without it",
            )
        })
    }

    fn first(request: &Request) -> Option<u32> {
        request.query_value("page")?.parse().ok()
    }

    fn split<T>(wire: PageBody<T>, number: Option<&u32>) -> Split<T, u32> {
        let next = match wire.0.len() {
            ..FULL => Next::End,
            _ => Next::At(number.copied().unwrap_or(1).saturating_add(1)),
        };
        Split::new(wire.0, next)
    }

    fn split_raw<'a>(
        page: &'a str,
        number: Option<&u32>,
    ) -> serde_json::Result<Split<&'a RawValue, u32>> {
        Ok(Self::split(serde_json::from_str(page)?, number))
    }

    fn go(request: Request, number: &u32) -> Request {
        match number {
            1..=LAST => request.set_query("page", number.to_string()),
            // Ending without an error would hide that the list is cut.
            _ => request.fail(Error::invalid(format!(
                "the list is cut: the service gives {LAST} pages of {FULL} at most, and all of them are full, so there \
                 is probably more that it does not show"
            ))),
        }
    }
}
