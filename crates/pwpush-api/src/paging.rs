//! How the service pages its lists: by page number, without a total.

use std::fmt;
use std::str::FromStr;

use security_api_transport::__private::no_page_number;
use security_api_transport::{
    Error, Next, PageItems, PageVisitor, Paging, ReadPage, Request, Split,
};
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Unexpected};
use serde_json::{Map, Value};

use crate::confirmation::reports_failure;
use crate::instance;

/// Pages by number.
#[derive(Debug)]
pub enum PageNumber {}

/// How many items a page of the open-source server has, unless it is the last.
const FULL: usize = 50;

/// The last page that the service returns.
const LAST: u32 = 200;

/// A page as the service sends it: an array, or an object with the array as `logs` or, before 2.9, as `views`.
#[derive(Debug)]
pub struct PageBody<T>(Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageBody<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor::<Members<T>>::new())
    }
}

/// Which page of a list is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    number: u32,
    /// How many items a page has, unless it is the last. `None` if that is not known.
    size: Option<usize>,
}

impl Position {
    /// What follows the page at this position if it has this many items.
    fn next(self, found: usize) -> Next<Self> {
        let number = self.number.saturating_add(1);
        let after = Self { number, ..self };
        match (found, self.size) {
            (0, _) => Next::End,
            (_, Some(size)) if found < size => Next::End,
            _ => Next::At(after),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.number)?;
        match self.size {
            Some(size) => write!(f, "/{size}"),
            None => Ok(()),
        }
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(2, '/');
        let number = parts.next().unwrap_or_default().parse();
        let size = parts.next().map(str::parse).transpose();
        match (number, size) {
            (Ok(number), Ok(size)) => Ok(Self { number, size }),
            _ => Err(no_page_number()),
        }
    }
}

struct Members<T> {
    items: Option<Vec<T>>,
    has_failed: bool,
}

impl<'de, T: Deserialize<'de>> ReadPage<'de> for Members<T> {
    const EXPECTED: &'static str = "an array, or an object with `logs` or `views`";

    type Page = PageBody<T>;

    fn new() -> Self {
        Self {
            items: None,
            has_failed: false,
        }
    }

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "logs" | "views" => {
                let items = map.next_value::<Option<PageItems<T>>>()?;
                let items = items.map(PageItems::into_vec);
                // Where the service sends both members, one of them is empty.
                if self.items.is_none() || items.as_ref().is_some_and(|items| !items.is_empty()) {
                    self.items = items;
                }
            }
            "error" | "errors" | "status" | "success" | "ok" => {
                let member = (name.to_owned(), map.next_value()?);
                self.has_failed |= reports_failure(&Value::Object(Map::from_iter([member])));
            }
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }

    fn end<E: de::Error>(self) -> Result<PageBody<T>, E> {
        // An object without items is not a list, and must not be read as the end of one.
        let items = self.items.ok_or_else(|| E::missing_field("logs"))?;
        if self.has_failed {
            return Err(E::invalid_value(Unexpected::Other("error"), &"a page"));
        }
        Ok(PageBody(items))
    }

    fn list<A: SeqAccess<'de>>(list: A) -> Result<PageBody<T>, A::Error> {
        PageItems::read(list).map(|items| PageBody(items.into_vec()))
    }
}

impl Paging for PageNumber {
    const NUMBERED: bool = true;
    const IDS: &'static [&'static str] = &["url_token"];

    type Wire<T> = PageBody<T>;
    type Position = Position;

    fn position(text: &str) -> Result<Position, Error> {
        text.parse()
    }

    fn first(request: &Request) -> Option<Position> {
        let number = request.query_value("page");
        let number = number.and_then(|number| number.parse().ok());
        Some(Position {
            number: number.unwrap_or(1).max(1),
            size: instance::is_open_source(request.client()).then_some(FULL),
        })
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        page: D,
    ) -> Result<PageBody<T>, D::Error> {
        PageBody::deserialize(page)
    }

    fn split<T>(wire: PageBody<T>, place: Option<&Position>) -> Split<T, Position> {
        let next = place.map_or(Next::End, |place| place.next(wire.0.len()));
        Split::new(wire.0, next)
    }

    fn go(request: Request, place: &Position) -> Request {
        match place.number {
            number @ 1..=LAST => request.set_query("page", number.to_string()),
            // Ending without an error would hide that the list is cut.
            _ => request.fail(Error::invalid(format!(
                "the list is cut: the service gives {LAST} pages at most, and none of them says that it is the last, so there \
                 may be more that it does not show"
            ))),
        }
    }
}
