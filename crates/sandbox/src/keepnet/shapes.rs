//! The shapes of requests and responses, from the published description, and made-up samples of responses.
//!
//! A type is a text, as `shapes.json` has it: `string`, `list<string>`, `envelope<page<Company>>`, or the name of an
//! object or an enumeration. The tests of decoding have a reader of their own for that file, so a fault in this one cannot
//! hide in both.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::records::{Record, integer_of};
use super::response;
use crate::common::random::{ALPHANUMERIC, Random};

#[derive(Deserialize)]
#[serde(untagged)]
enum Definition {
    /// The names or the numbers of an enumeration.
    Values(Vec<Value>),
    Object(Members),
}

/// The types of an object's members by name.
pub(crate) type Members = BTreeMap<String, String>;

/// An operation of the service.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// With parameters in braces.
    pub(crate) path: String,
    /// The type of its response.
    pub(crate) response: String,
    /// The type of its body.
    pub(crate) body: String,
    /// The types of the parameters in its query, by their names.
    pub(crate) query: Members,
    /// The types of those in its path.
    pub(crate) segments: Members,
    /// The status of its success.
    pub(crate) status: u16,
}

impl Operation {
    /// The method and the path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The type of a member of its body, by the name in the description.
    pub(crate) fn takes(&self, name: &str) -> Option<&str> {
        let members = SHAPES.bodies.get(&self.body)?;
        let found = members
            .get(name)
            .or_else(|| members.get(&format!("{name}*")));
        found.map(String::as_str)
    }

    /// Whether it searches, and is no export.
    pub(crate) fn is_search(&self) -> bool {
        self.takes("orderBy").is_some() && self.response != "bytes"
    }
}

/// The published description of the service.
#[derive(Deserialize)]
pub(crate) struct Shapes {
    types: BTreeMap<String, Definition>,
    /// The objects in bodies. Names of required members end in `*`.
    pub(crate) bodies: BTreeMap<String, Members>,
    pub(crate) operations: Vec<Operation>,
    /// The ids that the description has as examples.
    examples: HashSet<String>,
}

pub(crate) static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    serde_json::from_str(include_str!("shapes.json")).expect("shapes.json keeps to its form")
});

/// The type inside of a generic one.
pub(crate) fn inside<'a>(generic: &str, of: &'a str) -> Option<&'a str> {
    let inner = of.strip_prefix(generic)?.strip_prefix('<')?;
    inner.strip_suffix('>')
}

/// A response's type without its envelope.
pub(crate) fn data(of: &str) -> &str {
    inside("envelope", of).unwrap_or(of)
}

/// The type of the rows, for a response that is a page of them.
pub(crate) fn rows(of: &str) -> Option<&str> {
    let (kind, row) = data(of).split_once('<')?;
    kind.ends_with("page").then(|| row.trim_end_matches('>'))
}

/// Whether a response is a list of records in an envelope.
pub(crate) fn is_list(of: &str) -> bool {
    inside("list", data(of)).is_some_and(|row| !members(row).is_empty())
}

/// The members of an object type.
pub(crate) fn members(of: &str) -> &'static Members {
    static NONE: Members = BTreeMap::new();
    match SHAPES.types.get(of) {
        Some(Definition::Object(members)) => members,
        _ => &NONE,
    }
}

/// The record with exactly the type's members. Members that it lacks are empty.
pub(crate) fn view(of: &str, record: &Record) -> Value {
    let members = members(of);
    if members.is_empty() {
        return Value::Object(record.clone());
    }
    let members = members.iter().map(|(name, of)| {
        let value = record.get(name).filter(|value| !value.is_null());
        let value = value.map_or_else(|| empty(of), |value| as_type(of, value));
        (name.clone(), value)
    });
    Value::Object(members.collect())
}

/// Whether it is an integer on the wire.
fn is_integer(of: &str) -> bool {
    match SHAPES.types.get(of) {
        Some(Definition::Values(values)) => values.first().is_some_and(Value::is_number),
        _ => matches!(of, "i32" | "i64"),
    }
}

/// A value as one of the type. It may have been sent as another kind of scalar, or without some members.
fn as_type(of: &str, value: &Value) -> Value {
    match (of, value) {
        _ if is_integer(of) => json!(integer_of(value).unwrap_or(0)),
        ("bool", _) => json!(value.as_bool().unwrap_or(false)),
        ("string", Value::Number(_) | Value::Bool(_)) => json!(value.to_string()),
        // A value that was sent in one shape may be shown in another.
        ("string" | "date_time", Value::Array(_) | Value::Object(_)) => Value::Null,
        _ => match (inside("list", of), value) {
            (Some(inner), Value::Array(values)) => {
                values.iter().map(|value| as_type(inner, value)).collect()
            }
            (Some(inner), one) => json!([as_type(inner, one)]),
            (None, Value::Object(record)) => view(of, record),
            (None, Value::Array(_)) if SHAPES.types.contains_key(of) => Value::Null,
            (None, value) if members(of).is_empty() => value.clone(),
            _ => Value::Null,
        },
    }
}

/// A fixed sample of the type, without its envelope.
pub(crate) fn sample(of: &'static str) -> Value {
    sample_member(data(of), "value", &mut Vec::new())
}

fn sample_member(of: &'static str, member: &str, within: &mut Vec<&'static str>) -> Value {
    if let Some((generic, inner)) = of.split_once('<') {
        let inner = inner.strip_suffix('>').unwrap_or(inner);
        return match generic {
            "list" if within.contains(&inner) => json!([]),
            "list" => json!([sample_member(inner, member.trim_end_matches('s'), within)]),
            "map" => json!({ "sample": sample_member(inner, member, within) }),
            // Some responses have envelopes inside of theirs.
            "envelope" => {
                let data = sample_member(inner, member, within);
                response::envelope(data, "SUCCESS", "Success", &[])
            }
            _ => page(of, vec![sample_member(inner, member, within)], 1, 1, 10),
        };
    }
    match (of, SHAPES.types.get(of)) {
        ("string", _) => Value::String(text(member)),
        ("i32" | "i64", _) => json!(1),
        ("f64", _) => json!(12.5),
        ("bool", _) => json!(true),
        ("date_time", _) => json!("2026-01-15T09:30:00.000Z"),
        ("time_span", _) => json!("09:30:00"),
        ("any", _) => json!({}),
        (_, Some(Definition::Values(values))) => {
            values.first().cloned().unwrap_or_else(|| json!("Unknown"))
        }
        (_, Some(Definition::Object(members))) if !within.contains(&of) => {
            within.push(of);
            let members = members.iter();
            let sample = members
                .map(|(name, of)| (name.clone(), sample_member(of, name, within)))
                .collect();
            within.pop();
            Value::Object(sample)
        }
        _ => Value::Null,
    }
}

/// A page of `rows` out of `total`. Pages of some kinds have a member more.
pub(crate) fn page(of: &str, rows: Vec<Value>, total: usize, number: usize, size: usize) -> Value {
    let mut page = json!({
        "results": rows,
        "totalNumberOfRecords": total,
        "totalNumberOfPages": total.div_ceil(size.max(1)),
        "pageNumber": number,
        "pageSize": size,
    });
    match of.split('<').next() {
        Some("company_page") => page["limitExceededCompanyCount"] = json!(0),
        Some("campaign_users_page") => page["totalSandBoxActivityCount"] = json!(0),
        _ => {}
    }
    page
}

/// The value of an empty member.
fn empty(of: &str) -> Value {
    match of.split('<').next() {
        _ if is_integer(of) => json!(0),
        Some("f64") => json!(0),
        Some("bool") => json!(false),
        Some("list") => json!([]),
        Some("map") => json!({}),
        _ => Value::Null,
    }
}

/// Text that fits a member of that name.
fn text(member: &str) -> String {
    let lower = member.to_lowercase();
    let ends = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    match () {
        () if ends(&["id"]) => Random::new(0, member).text(ALPHANUMERIC, 12),
        () if ends(&["email", "fromaddress"]) => "person@example.com".to_owned(),
        () if ends(&["url", "uri", "permalink"]) => "https://example.com/sample".to_owned(),
        () if ends(&["ip", "ipaddress"]) => "192.0.2.10".to_owned(),
        () if ends(&["time", "date"]) => "2026-01-15T09:30:00.000Z".to_owned(),
        () => format!("Sample {member}"),
    }
}

/// Whether a sample of any type has this id, or an example of the description.
pub(crate) fn samples_have(given: &str) -> bool {
    static TEXTS: LazyLock<HashSet<String>> = LazyLock::new(|| {
        let types = SHAPES.types.keys().flat_map(|of| members(of).keys());
        types.map(|name| text(name.trim_end_matches('s'))).collect()
    });
    SHAPES.examples.contains(given) || TEXTS.contains(given)
}
