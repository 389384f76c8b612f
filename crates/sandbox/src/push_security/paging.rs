//! Reading a list's query, and writing its pages.

use std::fmt::Write as _;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::model::{Record, Word};
use super::store::Table;
use crate::core::query;
use crate::core::random::{Id, Random};

/// Why input was refused, naming the field.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid(pub(crate) String);

/// Documented.
pub(crate) const LARGEST_PAGE: usize = 500;

/// A list's query. Whatever filter is read from it becomes part of the
/// fingerprint that page tokens are bound to.
pub(crate) struct ListQuery {
    pairs: Vec<(String, String)>,
    fingerprint: String,
}

impl ListQuery {
    pub(crate) fn new(raw: Option<&str>) -> Self {
        Self {
            pairs: query::pairs(raw.unwrap_or_default()),
            fingerprint: String::new(),
        }
    }

    /// The last value under that name: where one is expected, it wins.
    fn last(&self, name: &str) -> Option<&str> {
        let mut named = self.pairs.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    }

    fn note(&mut self, name: &str, value: &str) {
        let _ = write!(self.fingerprint, "{name}={}:{value};", value.len());
    }

    /// A filter by text that has to be equal.
    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        let value = self.last(name)?.to_owned();
        self.note(name, &value);
        Some(value)
    }

    /// A filter by part of a text, in any case.
    pub(crate) fn part(&mut self, name: &str) -> Option<String> {
        self.text(name).map(|value| value.to_lowercase())
    }

    /// A filter by id. What is no id at all is found nowhere.
    pub(crate) fn id(&mut self, name: &str) -> Option<Id> {
        let value = self.text(name)?;
        Some(Id::parse(&value).unwrap_or(Id::NONE))
    }

    /// A filter by one of a closed set of words.
    pub(crate) fn word<W: Word>(&mut self, name: &str) -> Result<Option<W>, Invalid> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        let word = W::parse(&value)
            .ok_or_else(|| Invalid(format!("{name} must be one of: {}", W::listed())))?;
        Ok(Some(word))
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<Option<bool>, Invalid> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Invalid(format!("{name} must be true or false"))),
        }
    }

    /// A filter by several values, given repeatedly, separated by commas, or
    /// both.
    pub(crate) fn several(&mut self, name: &str) -> Vec<String> {
        let named = self.pairs.iter().filter(|(key, _)| key == name);
        let mut values: Vec<_> = named
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect();
        values.sort_unstable();
        values.dedup();
        for value in &values {
            self.note(name, value);
        }
        values
    }

    /// A filter by time, from `…After` to `…Before`, both included.
    pub(crate) fn span(&mut self, stem: &str) -> Result<Span, Invalid> {
        Ok(Span {
            from: self.seconds(&format!("{stem}After"))?,
            to: self.seconds(&format!("{stem}Before"))?,
        })
    }

    fn seconds(&mut self, name: &str) -> Result<Option<i64>, Invalid> {
        let Some(value) = self.text(name) else {
            return Ok(None);
        };
        let seconds = value
            .parse()
            .map_err(|_| Invalid(format!("{name} must be a UNIX timestamp in seconds")))?;
        Ok(Some(seconds))
    }
}

/// A span of time; an absent time lies only in the unbounded one.
#[derive(Clone, Copy)]
pub(crate) struct Span {
    from: Option<i64>,
    to: Option<i64>,
}

impl Span {
    pub(crate) fn covers(self, time: Option<i64>) -> bool {
        let inside =
            |time| self.from.is_none_or(|from| from <= time) && self.to.is_none_or(|to| time <= to);
        time.map_or(self.from.is_none() && self.to.is_none(), inside)
    }
}

/// Makes page tokens that look like UUIDs and reads them back. A token holds
/// the last record's number and how many came before, and is good for the list
/// and the filters it was made for only (inferred).
pub(crate) struct Tokens {
    key: [u8; 16],
}

/// Where the octets of a token go, around those that mark a UUID's version and
/// variant: seal, number of the last record, records so far.
const SEAL: [usize; 8] = [6, 7, 8, 9, 10, 11, 12, 13];
const NUMBER: [usize; 4] = [0, 1, 2, 3];
const TAKEN: [usize; 4] = [4, 5, 14, 15];

impl Tokens {
    pub(crate) fn new(random: &mut Random) -> Self {
        Self {
            key: random.id().to_bits().to_le_bytes(),
        }
    }

    fn seal(&self, list: &str, fingerprint: &str, place: Place) -> [u8; 8] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(place.number.to_le_bytes());
        hash.update(place.taken.to_le_bytes());
        hash.update(list);
        hash.update([0]);
        hash.update(fingerprint);
        first_eight(&hash.finalize())
    }

    fn mask(&self, seal: [u8; 8]) -> [u8; 8] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update(seal);
        first_eight(&hash.finalize())
    }

    fn write(&self, list: &str, fingerprint: &str, place: Place) -> Id {
        let mut bytes = [0; 16];
        put(&mut bytes, SEAL, self.seal(list, fingerprint, place));
        // The marks take bits out of the seal, so mask with what is left.
        let mut bytes = Id::from_bits(u128::from_be_bytes(bytes))
            .to_bits()
            .to_be_bytes();
        let [a, b, c, d, e, f, g, h] = self.mask(get(&bytes, SEAL));
        put(
            &mut bytes,
            NUMBER,
            xor(place.number.to_le_bytes(), [a, b, c, d]),
        );
        put(
            &mut bytes,
            TAKEN,
            xor(place.taken.to_le_bytes(), [e, f, g, h]),
        );
        Id::from_bits(u128::from_be_bytes(bytes))
    }

    fn read(&self, list: &str, fingerprint: &str, token: &str) -> Option<Place> {
        let token = Id::parse(token)?;
        let bytes = token.to_bits().to_be_bytes();
        let [a, b, c, d, e, f, g, h] = self.mask(get(&bytes, SEAL));
        let place = Place {
            number: u32::from_le_bytes(xor(get(&bytes, NUMBER), [a, b, c, d])),
            taken: u32::from_le_bytes(xor(get(&bytes, TAKEN), [e, f, g, h])),
        };
        (self.write(list, fingerprint, place) == token).then_some(place)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    number: u32,
    taken: u32,
}

fn first_eight(bytes: &[u8]) -> [u8; 8] {
    std::array::from_fn(|index| bytes[index])
}

fn get<const N: usize>(bytes: &[u8; 16], at: [usize; N]) -> [u8; N] {
    at.map(|at| bytes[at])
}

fn put<const N: usize>(bytes: &mut [u8; 16], at: [usize; N], values: [u8; N]) {
    for (at, value) in at.into_iter().zip(values) {
        bytes[at] = value;
    }
}

fn xor<const N: usize>(left: [u8; N], right: [u8; N]) -> [u8; N] {
    std::array::from_fn(|index| left[index] ^ right[index])
}

/// The page of a list that its query asks for: of the records that `wanted`
/// says yes to, in the table's order. Documented are the parameters, `paging`, and that
/// `result` may be null; what an empty page has is inferred.
pub(crate) fn page<T: Record>(
    list: &str,
    table: &Table<T>,
    query: &ListQuery,
    tokens: &Tokens,
    wanted: impl Fn(&T) -> bool,
) -> Result<Bytes, Invalid> {
    let limit = match query.last("limit") {
        None => LARGEST_PAGE,
        Some(text) => text
            .parse()
            .ok()
            .filter(|limit| (1..=LARGEST_PAGE).contains(limit))
            .ok_or_else(|| Invalid(format!("limit must be between 1 and {LARGEST_PAGE}")))?,
    };
    let (start, skip) = match (query.last("nextToken"), query.last("offset")) {
        (Some(_), Some(_)) => {
            return Err(Invalid(
                "nextToken and offset are mutually exclusive".to_owned(),
            ));
        }
        (Some(token), None) => {
            let place = tokens.read(list, &query.fingerprint, token);
            (
                place
                    .ok_or_else(|| Invalid("nextToken is not valid for this request".to_owned()))?,
                0,
            )
        }
        (None, offset) => {
            let offset: u32 = offset
                .map_or(Ok(0), str::parse)
                .map_err(|_| Invalid("offset must be a number from 0".to_owned()))?;
            (
                Place {
                    number: 0,
                    taken: offset,
                },
                offset as usize,
            )
        }
    };
    let mut rows = table
        .after(start.number)
        .iter()
        .filter(|row| wanted(&row.record))
        .skip(skip);
    let page: Vec<_> = rows.by_ref().take(limit).collect();
    let more = rows.next().is_some();

    let size: usize = page.iter().map(|row| row.json().len() + 1).sum();
    let mut body = Vec::with_capacity(size + 160);
    body.extend_from_slice(b"{\"result\":");
    for (index, row) in page.iter().enumerate() {
        body.push(if index == 0 { b'[' } else { b',' });
        body.extend_from_slice(row.json());
    }
    body.extend_from_slice(if page.is_empty() { b"null" } else { b"]" });
    let paging = match page.last().filter(|_| more) {
        None => r#"{"moreResults":false,"nextToken":null,"next":null}"#.to_owned(),
        Some(last) => {
            let taken = start
                .taken
                .saturating_add(u32::try_from(page.len()).unwrap_or(u32::MAX));
            let token = tokens.write(
                list,
                &query.fingerprint,
                Place {
                    number: last.number,
                    taken,
                },
            );
            format!(r#"{{"moreResults":true,"nextToken":"{token}","next":"{taken}"}}"#)
        }
    };
    body.extend_from_slice(b",\"paging\":");
    body.extend_from_slice(paging.as_bytes());
    body.push(b'}');
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_reads_back_only_for_its_own_list_and_filters(number: u32, taken: u32, seed: u64) {
            let tokens = Tokens::new(&mut Random::new(seed, "tokens"));
            let place = Place { number, taken };
            let token = tokens.write("browsers", "os=5:MACOS;", place).to_string();
            prop_assert_eq!(tokens.read("browsers", "os=5:MACOS;", &token), Some(place));
            prop_assert_eq!(tokens.read("browsers", "", &token), None);
            prop_assert_eq!(tokens.read("accounts", "os=5:MACOS;", &token), None);
            let other = Tokens::new(&mut Random::new(seed.wrapping_add(1), "tokens"));
            prop_assert_eq!(other.read("browsers", "os=5:MACOS;", &token), None);
        }
    }

    #[test]
    fn a_bound_is_part_of_its_span_and_an_absent_time_of_none_but_the_unbounded() {
        let span = Span {
            from: Some(10),
            to: Some(20),
        };
        let inside: Vec<_> = (8..23).filter(|time| span.covers(Some(*time))).collect();
        assert_eq!(inside, (10..=20).collect::<Vec<_>>());
        assert!(!span.covers(None));
        assert!(
            Span {
                from: None,
                to: None
            }
            .covers(None)
        );
    }
}
