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
use crate::common::random::Random;

/// Documented.
const LARGEST_PAGE: usize = 500;
const PAGING: [&str; 3] = ["limit", "nextToken", "offset"];

/// How a filter compares its value with a member.
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
    /// The member is a time from that one on, for the parameter `…After`. An absent time is outside of every span.
    After,
    /// The member is a time until that one, for the parameter `…Before`.
    Before,
}

/// The parameter that has the value of a filter, and how the filter compares it.
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

    /// Whether its list takes a parameter of this name.
    pub(crate) fn takes(self, name: &str) -> bool {
        let mut filters = self.filters().iter();
        PAGING.contains(&name) || filters.any(|(filter, _)| *filter == name)
    }
}

/// A filter with a value.
struct Test {
    member: &'static str,
    by: By,
    wanted: String,
}

impl Test {
    fn keeps(&self, row: &Row) -> bool {
        let (value, wanted) = (row.get(self.member).unwrap_or(&Value::Null), &self.wanted);
        let is_time = |fits: fn(&i64, &i64) -> bool| {
            let times = value.as_i64().zip(wanted.parse().ok());
            times.is_some_and(|(time, bound)| fits(&time, &bound))
        };
        match self.by {
            By::Text | By::Word(_) => value == wanted,
            By::Part => (value.as_str()).is_some_and(|text| text.to_lowercase().contains(wanted)),
            By::Flag => value.as_bool() == wanted.parse().ok(),
            By::Any => {
                let has =
                    |values: &Vec<Value>| wanted.split(',').any(|one| values.contains(&one.into()));
                value.as_array().is_some_and(has)
            }
            By::After => is_time(i64::ge),
            By::Before => is_time(i64::le),
        }
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    /// The values of a parameter.
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let named = self.0.iter().filter(move |(key, _)| key == name);
        named.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is not a list.
    fn one(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (_, Some(_)) => Err(Refusal::not_played(format!(
                "a repeated {name} in the query"
            ))),
            (value, None) => Ok(value),
        }
    }

    /// The same, parsed. It is refused unless it `is` as the text says.
    fn parsed<T: FromStr>(&self, name: &str, is: &str) -> Result<Option<T>, Refusal> {
        let value = self.one(name)?.map(str::parse).transpose();
        value.map_err(|_| Refusal::invalid(format!("{name} must be {is}")))
    }

    /// A filter with the value that this query has for it, if any.
    fn test(&self, (name, by): Filter) -> Result<Option<Test>, Refusal> {
        let wanted = match by {
            By::Text => self.one(name)?.map(str::to_owned),
            By::Part => self.one(name)?.map(str::to_lowercase),
            By::Word(words) => match self.one(name)? {
                Some(word) if !names(words).iter().any(|one| one == word) => {
                    return Err(Refusal::one_of(name, words));
                }
                word => word.map(str::to_owned),
            },
            By::Flag => (self.parsed(name, "true or false")?).map(|flag: bool| flag.to_string()),
            By::Any => (self.all(name).map(str::to_owned)).reduce(|all, one| all + "," + &one),
            By::After | By::Before => {
                let time: Option<i64> = self.parsed(name, "a UNIX timestamp in seconds")?;
                time.map(|time| time.to_string())
            }
        };
        let member = name.trim_end_matches("After").trim_end_matches("Before");
        Ok(wanted.map(|wanted| Test { member, by, wanted }))
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
        let message = match (self.one("nextToken")?, offset) {
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
    query: Vec<(String, String)>,
) -> Result<Bytes, Refusal> {
    let query = Query(query);
    let mut tests = Vec::new();
    for filter in collection.filters() {
        tests.extend(query.test(*filter)?);
    }
    let mut others = query.0.clone();
    others.retain(|(name, _)| !PAGING.contains(&name.as_str()));
    others.sort_unstable();
    let list = format!("{} {others:?}", collection.name());
    let limit = query.limit()?;
    let (after, skip, taken) = query.start(&list, places)?;
    let keeps = |row: &Row| tests.iter().all(|test| test.keeps(row));
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
