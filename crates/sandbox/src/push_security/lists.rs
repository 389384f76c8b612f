//! Lists: their filters, their pages, and the tokens that lead from one page to the next.

use std::collections::HashMap;
use std::str::FromStr;

use bytes::Bytes;
use serde_json::{Value, json};

use super::model::{By, Collection, Filter, Record, names};
use super::response::{Refusal, one_of};
use super::store::{Row, Store};
use crate::common::query;
use crate::common::random::Random;

/// Documented.
const LARGEST_PAGE: usize = 500;

struct Query(Vec<(String, String)>);

impl Query {
    /// The last value under that name: where one is expected, it counts (inferred).
    fn last(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The last value under that name, parsed; refused if it is not what it has to be.
    fn parsed<T: FromStr>(&self, name: &str, is: &str) -> Result<Option<T>, Refusal> {
        let value = self.last(name).map(str::parse).transpose();
        value.map_err(|_| Refusal::Invalid(format!("{name} must be {is}")))
    }
}

/// What a filter wants of its member.
#[derive(Debug)]
enum Wanted {
    Text(String),
    /// In lower case.
    Part(String),
    Flag(bool),
    Any(Vec<String>),
    Time(Option<i64>, Option<i64>),
}

impl Wanted {
    /// What the query wants of a filter, if it has it at all.
    fn read(query: &Query, (name, by): Filter) -> Result<Option<Self>, Refusal> {
        let value = query.last(name);
        let text = value.map(str::to_owned);
        Ok(match by {
            By::Text => text.map(Self::Text),
            By::Part => text.map(|text| Self::Part(text.to_lowercase())),
            By::Word(words) => match value {
                Some(word) if !names(words).iter().any(|one| one == word) => {
                    return Err(one_of(name, words));
                }
                _ => text.map(Self::Text),
            },
            By::Flag => query.parsed(name, "true or false")?.map(Self::Flag),
            By::Any => {
                let named = query.0.iter().filter(|(key, _)| key == name);
                let values = named.flat_map(|(_, value)| value.split(','));
                let values = values.filter(|value| !value.is_empty());
                let values: Vec<_> = values.map(str::to_owned).collect();
                (!values.is_empty()).then_some(Self::Any(values))
            }
            By::Time => {
                let bound = |end: &str| {
                    query.parsed(&format!("{name}{end}"), "a UNIX timestamp in seconds")
                };
                match (bound("After")?, bound("Before")?) {
                    (None, None) => None,
                    (from, to) => Some(Self::Time(from, to)),
                }
            }
        })
    }

    fn is(&self, value: &Value) -> bool {
        match self {
            Self::Text(text) => value == text,
            Self::Part(part) => value
                .as_str()
                .is_some_and(|text| text.to_lowercase().contains(part)),
            Self::Flag(flag) => value == flag,
            Self::Any(wanted) => value
                .as_array()
                .is_some_and(|values| wanted.iter().any(|one| values.iter().any(|it| it == one))),
            Self::Time(from, to) => value.as_i64().is_some_and(|time| {
                from.is_none_or(|from| from <= time) && to.is_none_or(|to| time <= to)
            }),
        }
    }
}

/// The places that page tokens lead to.
#[derive(Default)]
pub(crate) struct Places(HashMap<String, Place>);

struct Place {
    /// The list and the filters that the token was made for. It is good for no others (inferred).
    list: String,
    /// The number of the record before.
    number: u32,
    /// How many records came before.
    taken: usize,
}

impl Places {
    /// The token that leads to this place; always the same one.
    fn token(&mut self, seed: u64, place: Place) -> String {
        let purpose = format!("page of {} after {}", place.list, place.number);
        let token = Random::new(seed, &purpose).id();
        self.0.insert(token.clone(), place);
        token
    }
}

/// The page of a list that is requested, in the order of the records. Documented are the parameters, `paging`, and that
/// `result` may be null; what an empty page has is inferred.
pub(crate) fn list(
    collection: Collection,
    store: &Store,
    places: &mut Places,
    seed: u64,
    query: Option<&str>,
) -> Result<Bytes, Refusal> {
    let query = Query(query::pairs(query.unwrap_or_default()));
    let mut filters = Vec::new();
    for filter in collection.filters() {
        if let Some(wanted) = Wanted::read(&query, *filter)? {
            filters.push((filter.0, wanted));
        }
    }
    let list = format!("{} {filters:?}", collection.name());
    let limit = query.parsed("limit", &format!("between 1 and {LARGEST_PAGE}"))?;
    let limit = limit.unwrap_or(LARGEST_PAGE);
    if !(1..=LARGEST_PAGE).contains(&limit) {
        return Err(Refusal::Invalid(format!(
            "limit must be between 1 and {LARGEST_PAGE}"
        )));
    }
    let offset: Option<usize> = query.parsed("offset", "a number from 0")?;
    // After which record, how many of those that the filters accept are left out, and how many came before.
    let (after, skip, taken) = match (query.last("nextToken"), offset) {
        (Some(_), Some(_)) => {
            let message = "nextToken and offset are mutually exclusive";
            return Err(Refusal::Invalid(message.to_owned()));
        }
        (Some(token), None) => {
            let place = places.0.get(token).filter(|place| place.list == list);
            let message = "nextToken is not valid for this request";
            let place = place.ok_or_else(|| Refusal::Invalid(message.to_owned()))?;
            (place.number, 0, place.taken)
        }
        (None, offset) => (0, offset.unwrap_or(0), offset.unwrap_or(0)),
    };
    let keeps = |record: &Record| {
        let mut filters = filters.iter();
        filters.all(|(name, wanted)| wanted.is(record.get(*name).unwrap_or(&Value::Null)))
    };
    let rows = store.table(collection).after(after).iter();
    let mut rows = rows.filter(|(_, row)| keeps(row)).skip(skip);
    let page: Vec<&(u32, Row)> = rows.by_ref().take(limit).collect();
    let more = rows.next().is_some();

    let paging = match page.last().filter(|_| more) {
        None => json!({"moreResults": false, "nextToken": null, "next": null}),
        Some((number, _)) => {
            let (number, taken) = (*number, taken + page.len());
            let token = places.token(
                seed,
                Place {
                    list,
                    number,
                    taken,
                },
            );
            json!({"moreResults": true, "nextToken": token, "next": taken.to_string()})
        }
    };
    let records: Vec<_> = page.iter().map(|(_, row)| row.json()).collect();
    let result = match records.is_empty() {
        true => "null".to_owned(),
        false => format!("[{}]", records.join(",")),
    };
    Ok(format!("{{\"result\":{result},\"paging\":{paging}}}").into())
}
