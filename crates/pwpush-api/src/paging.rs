//! How the service pages its lists: by page number, without a total.

use std::fmt;
use std::marker::PhantomData;

use security_api_transport::{Error, Next, PageItems, Paging, Request, Split};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// Pages by number.
#[derive(Debug)]
pub enum PageNumber {}

/// How many items a page has, unless it is the last.
const FULL: usize = 50;

/// The last page that the service returns.
const LAST: u32 = 200;

/// A page as the service sends it: an array, or an object with the array as `logs` or, before 2.9, as `views`.
#[derive(Debug)]
pub struct PageBody<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageBody<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = PageBody<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array, or an object with `logs` or `views`")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        PageItems::read(list).map(|items| PageBody(items.into_vec()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut items = None;
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "logs" | "views" => {
                    items = map.next_value::<Option<PageItems<T>>>()?;
                }
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        // An object without items is not a list, and must not be read as the end of one.
        items
            .map(|items| PageBody(items.into_vec()))
            .ok_or_else(|| serde::de::Error::missing_field("logs"))
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
