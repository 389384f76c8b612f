//! Lists: their filters, their pages, and the tokens that lead from one page to the next.
//!
//! The filters of browsers, accounts and browser extensions are documented, creation times come from public clients, and
//! the others are inferred.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::LazyLock;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::records::{Collection, Row, Store, names};
use super::response::Refusal;
use crate::common::query;
use crate::common::random::Random;

/// Documented.
const LARGEST_PAGE: usize = 500;

/// How a filter compares its value with the member that has the filter's name.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// The member is that text.
    Text,
    /// The member contains that text, in any case.
    Part,
    /// The same as `Text`, but words that are not in that list are refused.
    Word(&'static str),
    /// The member is `true` or `false`.
    Flag,
    /// The member is a list that has one of the values. Values are repeated, separated by commas, or both.
    Any,
    /// The member is a time from `…After` to `…Before`, both included. An absent time is outside of every span.
    Time,
}

/// The name of a filter and of the member that it looks at.
pub(crate) type Filter = (&'static str, By);

impl Collection {
    /// The filters that its list takes.
    pub(crate) fn filters(self) -> &'static [Filter] {
        static FILTERS: LazyLock<HashMap<&str, Vec<Filter>>> = LazyLock::new(|| {
            let filters = include_str!("filters.json");
            serde_json::from_str(filters).expect("filters.json keeps to its form")
        });
        &FILTERS[self.name()]
    }
}

/// Whether a filter accepts the value of its member.
type Test = Box<dyn Fn(&Value) -> bool>;

struct Query(Vec<(String, String)>);

impl Query {
    /// The value of a parameter. The last one counts if it is repeated (inferred).
    fn last(&self, name: &str) -> Option<&str> {
        let mut named = self.0.iter().rev().filter(|(key, _)| key == name);
        named.next().map(|(_, value)| value.as_str())
    }

    /// The same, parsed. It is refused unless it `is` as the text says.
    fn parsed<T: FromStr>(&self, name: &str, is: &str) -> Result<Option<T>, Refusal> {
        let value = self.last(name).map(str::parse).transpose();
        value.map_err(|_| Refusal::invalid(format!("{name} must be {is}")))
    }

    /// A filter with the value that this query has for it, if any.
    fn test(&self, (name, by): Filter) -> Result<Option<Test>, Refusal> {
        let text = self.last(name).map(str::to_owned);
        Ok(match by {
            By::Text => text.map(|text| -> Test { Box::new(move |value| *value == text) }),
            By::Word(words) => match text {
                Some(word) if !names(words).iter().any(|one| *one == word) => {
                    return Err(Refusal::one_of(name, words));
                }
                _ => self.test((name, By::Text))?,
            },
            By::Part => text.map(|text| -> Test {
                let part = text.to_lowercase();
                let has = move |text: &str| text.to_lowercase().contains(&part);
                Box::new(move |value| value.as_str().is_some_and(&has))
            }),
            By::Flag => self
                .parsed(name, "true or false")?
                .map(|flag: bool| -> Test { Box::new(move |value| *value == flag) }),
            By::Any => {
                let named = self.0.iter().filter(|(key, _)| key == name);
                let wanted = named.flat_map(|(_, value)| value.split(','));
                let wanted = wanted.filter(|value| !value.is_empty());
                let wanted: Vec<_> = wanted.map(Value::from).collect();
                (!wanted.is_empty()).then(|| -> Test {
                    let has =
                        move |values: &Vec<Value>| wanted.iter().any(|one| values.contains(one));
                    Box::new(move |value| value.as_array().is_some_and(&has))
                })
            }
            By::Time => {
                let bound = |end: &str| -> Result<Option<i64>, Refusal> {
                    self.parsed(&format!("{name}{end}"), "a UNIX timestamp in seconds")
                };
                let (from, to) = (bound("After")?, bound("Before")?);
                let fits = move |time: i64| {
                    from.is_none_or(|from| from <= time) && to.is_none_or(|to| time <= to)
                };
                (from.is_some() || to.is_some())
                    .then(|| -> Test { Box::new(move |value| value.as_i64().is_some_and(fits)) })
            }
        })
    }

    /// The most records on the page.
    fn limit(&self) -> Result<usize, Refusal> {
        let limits = format!("between 1 and {LARGEST_PAGE}");
        match self.parsed("limit", &limits)?.unwrap_or(LARGEST_PAGE) {
            limit @ 1..=LARGEST_PAGE => Ok(limit),
            _ => Err(Refusal::invalid(format!("limit must be {limits}"))),
        }
    }

    /// Where the page begins: the number of the record before it, how many records that the filters accept are skipped
    /// after that one, and how many records come before the page.
    fn start(&self, list: &str, places: &Places) -> Result<(u32, usize, usize), Refusal> {
        let offset: Option<usize> = self.parsed("offset", "a number from 0")?;
        let message = match (self.last("nextToken"), offset) {
            (Some(_), Some(_)) => "nextToken and offset are mutually exclusive",
            (Some(token), None) => match places.get(token) {
                Some(place) if place.list == list => return Ok((place.number, 0, place.taken)),
                _ => "nextToken is not valid for this request",
            },
            (None, offset) => return Ok((0, offset.unwrap_or(0), offset.unwrap_or(0))),
        };
        Err(Refusal::invalid(message))
    }
}

/// Where page tokens lead.
pub(crate) type Places = HashMap<String, Place>;

pub(crate) struct Place {
    /// The list and the filters that the token was made for. It is refused for any others (inferred).
    list: String,
    /// The number of the record before the page.
    number: u32,
    /// How many records come before the page.
    taken: usize,
}

/// The requested page of a list, in the order of the records. Documented are the parameters, `paging`, and that
/// `result` may be null; the rest of an empty page is inferred.
pub(crate) fn list(
    collection: Collection,
    store: &Store,
    places: &mut Places,
    seed: u64,
    query: Option<&str>,
) -> Result<Bytes, Refusal> {
    let query = Query(query::pairs(query.unwrap_or_default()));
    let mut tests = Vec::new();
    for filter in collection.filters() {
        tests.extend(query.test(*filter)?.map(|test| (filter.0, test)));
    }
    let mut others = query.0.clone();
    others.retain(|(name, _)| !["limit", "nextToken", "offset"].contains(&name.as_str()));
    others.sort_unstable();
    let list = format!("{} {others:?}", collection.name());
    let limit = query.limit()?;
    let (after, skip, taken) = query.start(&list, places)?;
    let keeps = |row: &Row| {
        let mut tests = tests.iter();
        tests.all(|(name, test)| test(row.get(*name).unwrap_or(&Value::Null)))
    };
    let rows = store.table(collection).after(after).iter();
    let mut rows = rows.filter(|(_, row)| keeps(row)).skip(skip);
    let page: Vec<&(u32, Row)> = rows.by_ref().take(limit).collect();
    let more = rows.next().is_some();

    let paging = match page.last().filter(|_| more) {
        None => json!({"moreResults": false, "nextToken": null, "next": null}),
        Some((number, _)) => {
            let (number, taken) = (*number, taken + page.len());
            let token = Random::new(seed, &format!("page of {list} after {number}")).id();
            let place = Place {
                list,
                number,
                taken,
            };
            places.insert(token.clone(), place);
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
