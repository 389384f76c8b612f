//! How the service pages its lists: by number, in the body of a search.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use security_api_transport::__private::no_page_number;
use security_api_transport::{
    Error, Next, PageItems, PageVisitor, Paging, ReadPage, Request, Split,
};
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::{Map, Value};

use crate::search::PAGE_SIZE;

/// Pages by `pageNumber` in the request's body.
#[derive(Debug)]
pub enum PageNumber {}

/// A page on the wire: an object with `results` and totals, or a bare list, which some operations send instead.
#[derive(Debug)]
pub struct PageBody<T> {
    items: Vec<T>,
    totals: Totals,
}

/// The totals of a page. Any of them may be absent or wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Totals {
    records: Option<u64>,
    pages: Option<u64>,
    /// The page size that the service uses, which may be smaller than requested.
    size: Option<u64>,
}

/// The page that a request asks for: its number, and the size that gives the number its meaning. In one run it also has
/// what the pages before it said, because a page may lack a total. Of that, a stored cursor has how many records came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Position {
    number: Option<u64>,
    size: Option<u64>,
    /// How many records the pages before had. `None` if they were not read in this run.
    seen: Option<u64>,
    /// The total that a page before announced last.
    announced: Option<u64>,
}

impl Position {
    /// Reads the position from the body, or from the `pagination` in it.
    fn of(request: &Request) -> Self {
        #[derive(Deserialize)]
        struct Wire {
            #[serde(default, rename = "pageNumber")]
            number: Count,
            #[serde(default, rename = "pageSize")]
            size: Count,
            pagination: Option<Box<Wire>>,
        }
        let wire = request
            .body_bytes()
            .and_then(|body| serde_json::from_slice::<Wire>(body).ok());
        let wire = wire.map(|wire| match wire.pagination {
            Some(nested) => *nested,
            None => wire,
        });
        wire.map_or_else(Self::default, |wire| Self {
            number: wire.number.0,
            size: wire.size.0,
            ..Self::default()
        })
    }

    /// The number of this page, counted from 1.
    fn page_number(self) -> u64 {
        self.number.unwrap_or(1).max(1)
    }

    /// How many records are before this page if all pages have this size.
    fn begins_after(self, size: u64) -> u64 {
        (self.page_number() - 1).saturating_mul(size)
    }

    /// The position of the page after this one, on which so many records were found.
    fn following(self, found: u64, records: Option<u64>) -> Self {
        let begins = (self.page_number() == 1).then_some(0);
        Self {
            number: Some(self.page_number().saturating_add(1)),
            seen: self.seen.or(begins).map(|seen| seen.saturating_add(found)),
            announced: records.or(self.announced),
            ..self
        }
    }

    /// Whether the pages before this one had fewer records than were announced last.
    fn is_behind(self) -> bool {
        let counts = self.seen.zip(self.announced);
        counts.is_some_and(|(seen, announced)| seen < announced)
    }

    /// Where the list continues after this page.
    ///
    /// The totals end the list only if they are consistent with the pages. Otherwise the list continues, also after a short
    /// page: one request too many returns an empty page, one too few would lose items. An empty page ends the list unless
    /// a total says that more follows. If it should have had items itself according to the total, or if all pages together
    /// have fewer than the total that was announced last, the list is incomplete.
    fn next(self, found: usize, totals: Totals) -> Next<Self> {
        let found = u64::try_from(found).unwrap_or(u64::MAX);
        let number = self.page_number();
        let size = totals.size.or(self.size).unwrap_or(found);
        let before = self.begins_after(size);
        let counts_more_than = |count| totals.records.is_some_and(|records| records > count);
        let counts_records_after = size > 0 && counts_more_than(before.saturating_add(size));
        // Without a size, only the first page is known to begin before the last item.
        let counts_records_here = (size > 0 || number == 1) && counts_more_than(before);

        let after = self.following(found, totals.records);
        let come = after.seen.unwrap_or(before.saturating_add(found));
        let is_missing = found == 0 && counts_records_here;
        let end = match is_missing || after.is_behind() {
            true => Next::Unknown("the service counts more records than it sent"),
            false => Next::End,
        };
        match (totals.records, totals.pages) {
            // The service counts pages after this one.
            (_, Some(pages)) if pages > number => Next::At(after),
            // An empty page is the last, unless the service counts records after it.
            _ if found == 0 && counts_records_after => Next::At(after),
            _ if found == 0 => end,
            // The number of records ends the list only where they have all come.
            (Some(records), _) if records == come => end,
            // The number of pages ends it only after a short page.
            (None, Some(_)) if found < size => end,
            _ => Next::At(after),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.page_number())?;
        if let Some(size) = self.size {
            write!(f, "/{size}")?;
            if let Some(seen) = self.seen {
                write!(f, "/{seen}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Position {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let mut parts = text.splitn(3, '/');
        let number = parts.next().map(str::parse).transpose();
        let size = parts.next().map(str::parse).transpose();
        let seen = parts.next().map(str::parse).transpose();
        match (number, size, seen) {
            (Ok(number), Ok(size), Ok(seen)) => Ok(Self {
                number,
                size,
                seen,
                ..Self::default()
            }),
            _ => Err(no_page_number()),
        }
    }
}

impl<T> PageBody<T> {
    /// A page that is only a list.
    fn bare(items: PageItems<T>) -> Self {
        Self {
            items: items.into_vec(),
            totals: Totals::default(),
        }
    }

    fn split(self, place: Option<&Position>) -> Split<T, Position> {
        let place = place.copied().unwrap_or_default();
        let next = place.next(self.items.len(), self.totals);
        Split::new(self.items, next).with_total(self.totals.records)
    }
}

impl Paging for PageNumber {
    const NUMBERED: bool = true;
    const IDS: &'static [&'static str] = &["resourceId", "id"];

    type Wire<T> = PageBody<T>;
    type Position = Position;

    fn position(text: &str) -> Result<Position, Error> {
        text.parse()
    }

    fn first(request: &Request) -> Option<Position> {
        Some(Position::of(request))
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        page: D,
    ) -> Result<PageBody<T>, D::Error> {
        PageBody::deserialize(page)
    }

    fn split<T>(wire: PageBody<T>, place: Option<&Position>) -> Split<T, Position> {
        wire.split(place)
    }

    fn go(request: Request, place: &Position) -> Request {
        let members = [("pageNumber", place.number), ("pageSize", place.size)];
        edit(request, |slot| {
            for (name, value) in members {
                if let Some(value) = value {
                    slot.insert(name.to_owned(), value.into());
                }
            }
        })
    }

    /// A list that is not a search may lack the position.
    fn begin(request: Request) -> Request {
        let place = Position::of(&request);
        if place.number.is_some() && place.size.is_some() || request.body_bytes().is_none() {
            return request;
        }
        edit(request, |slot| {
            for (name, value) in [
                ("pageNumber", Value::from(1)),
                ("pageSize", PAGE_SIZE.into()),
                ("ascending", false.into()),
            ] {
                let member = slot.entry(name).or_insert(Value::Null);
                if member.is_null() {
                    *member = value;
                }
            }
        })
    }

    fn page_size<'a>(request: &'a Request, place: Option<&Position>) -> Option<Cow<'a, str>> {
        let size = place.and_then(|place| place.size);
        let size = size.or_else(|| Position::of(request).size)?;
        Some(Cow::Owned(size.to_string()))
    }
}

/// Changes the part of the request's body that holds the position: the object `pagination` in it, if there is one, or
/// else the body itself. Requests whose lists need `pagination` always send it.
fn edit(request: Request, change: impl FnOnce(&mut Map<String, Value>)) -> Request {
    let mut body: Map<String, Value> = request
        .body_bytes()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    match body.get_mut("pagination") {
        Some(Value::Object(nested)) => change(nested),
        _ => change(&mut body),
    }
    request.json(&body)
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for PageBody<T> {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PageVisitor::<Members<T>>::new())
    }
}

struct Members<T> {
    items: Option<Vec<T>>,
    totals: Totals,
}

/// The members with the items. All names of members are in any case.
const ITEMS: [&str; 2] = ["results", "items"];

impl Totals {
    /// The total in the member of this name.
    fn named(&mut self, name: &str) -> Option<&mut Option<u64>> {
        let totals = [
            ("totalNumberOfRecords", &mut self.records),
            ("totalNumberOfPages", &mut self.pages),
            ("pageSize", &mut self.size),
        ];
        let mut totals = totals.into_iter();
        let (_, total) = totals.find(|(known, _)| name.eq_ignore_ascii_case(known))?;
        Some(total)
    }
}

impl<'de, T: Deserialize<'de>> ReadPage<'de> for Members<T> {
    const EXPECTED: &'static str = "a page or a list";

    type Page = PageBody<T>;

    fn new() -> Self {
        Self {
            items: None,
            totals: Totals::default(),
        }
    }

    fn member<A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if ITEMS.iter().any(|known| name.eq_ignore_ascii_case(known)) {
            let items = map.next_value::<PageItems<T>>()?.into_vec();
            // Where the service sends both members, one of them is empty.
            if self.items.is_none() || !items.is_empty() {
                self.items = Some(items);
            }
        } else if let Some(total) = self.totals.named(name) {
            *total = map.next_value::<Count>()?.0;
        } else {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }

    fn end<E: de::Error>(self) -> Result<PageBody<T>, E> {
        let items = self.items.ok_or_else(|| E::missing_field("results"))?;
        Ok(PageBody {
            items,
            totals: self.totals,
        })
    }

    fn list<A: SeqAccess<'de>>(list: A) -> Result<PageBody<T>, A::Error> {
        PageItems::read(list).map(PageBody::bare)
    }

    fn null<E>() -> Result<PageBody<T>, E> {
        Ok(PageBody::bare(PageItems::default()))
    }
}

/// A number above 0, also as text; anything else is ignored.
#[derive(Default)]
struct Count(Option<u64>);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_u64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        Ok(Self(number.filter(|number| *number > 0)))
    }
}

#[cfg(test)]
mod tests;
