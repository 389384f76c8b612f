//! The shapes of the service's responses, from the published description, and made-up samples that fit them.
//!
//! The tests of decoding have a reader of their own for `shapes.json`, so a fault in this one cannot hide in both.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Value, json};

use super::records::{Record, bool_of, integer_of};
use super::response;
use crate::common::random::{ALPHANUMERIC, Random};

/// The type of a response or of one of its members.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(from = "String")]
pub(crate) enum Type {
    Text,
    Integer,
    Float,
    Bool,
    DateTime,
    TimeSpan,
    Uuid,
    Base64,
    Any,
    Bytes,
    Nothing,
    List(Box<Type>),
    Map(Box<Type>),
    Envelope(Box<Type>),
    /// With the member that this kind of page has in addition.
    Page(Box<Type>, Option<String>),
    Named(String),
}

impl From<String> for Type {
    /// As `shapes.json` writes it, which is generated.
    fn from(text: String) -> Self {
        if let Some((name, rest)) = text.split_once('<') {
            let inner = Box::new(rest.strip_suffix('>').unwrap_or(rest).to_owned().into());
            return match name {
                "list" => Self::List(inner),
                "map" => Self::Map(inner),
                "envelope" => Self::Envelope(inner),
                "page" => Self::Page(inner, None),
                "company_page" => Self::Page(inner, Some("limitExceededCompanyCount".to_owned())),
                "campaign_users_page" => {
                    Self::Page(inner, Some("totalSandBoxActivityCount".to_owned()))
                }
                _ => panic!("shapes.json has an unknown generic type: {name}"),
            };
        }
        match &*text {
            "string" => Self::Text,
            "i32" | "i64" => Self::Integer,
            "f32" | "f64" => Self::Float,
            "bool" => Self::Bool,
            "date_time" => Self::DateTime,
            "time_span" => Self::TimeSpan,
            "uuid" => Self::Uuid,
            "base64" => Self::Base64,
            "any" => Self::Any,
            "bytes" => Self::Bytes,
            "none" => Self::Nothing,
            _ => Self::Named(text),
        }
    }
}

impl Type {
    /// Whether it is the object type of this name.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        matches!(self, Self::Named(own) if own == name)
    }

    /// Whether it is a list of records in an envelope.
    pub(crate) fn is_list(&self) -> bool {
        let is_list =
            |inner: &Self| matches!(inner, Self::List(row) if matches!(**row, Self::Named(_)));
        matches!(self, Self::Envelope(inner) if is_list(inner))
    }

    /// The type of the rows, for a response that is a page of them.
    pub(crate) fn rows(&self) -> Option<&Self> {
        match self {
            Self::Envelope(inner) => inner.rows(),
            Self::Page(row, _) => Some(row),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Definition {
    Values(Vec<String>),
    /// The numbers that an integer can be.
    Codes(Vec<i64>),
    Object(BTreeMap<String, Type>),
}

/// An operation of the service and what it returns.
#[derive(Debug, Deserialize)]
pub(crate) struct Operation {
    pub(crate) method: String,
    /// With parameters in braces.
    pub(crate) path: String,
    pub(crate) response: Type,
}

impl Operation {
    /// The method and the path.
    pub(crate) fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

/// The published description of the service's responses.
#[derive(Deserialize)]
pub(crate) struct Shapes {
    types: BTreeMap<String, Definition>,
    pub(crate) operations: Vec<Operation>,
}

impl Shapes {
    pub(crate) fn get() -> &'static Self {
        static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
            serde_json::from_str(include_str!("shapes.json"))
                .expect("shapes.json keeps to its form")
        });
        &SHAPES
    }

    /// The members of an object type.
    pub(crate) fn members(&self, of: &Type) -> &BTreeMap<String, Type> {
        static NONE: BTreeMap<String, Type> = BTreeMap::new();
        let found = match of {
            Type::Named(name) => self.types.get(name),
            _ => None,
        };
        match found {
            Some(Definition::Object(members)) => members,
            _ => &NONE,
        }
    }

    /// The record with exactly the type's members. Members that it lacks are empty.
    pub(crate) fn view(&self, of: &Type, record: &Record) -> Value {
        let members = self.members(of);
        if members.is_empty() {
            return Value::Object(record.clone());
        }
        let members = members.iter().map(|(name, of)| {
            let value = record.get(name).filter(|value| !value.is_null());
            let value = match value {
                Some(value) => self.as_type(of, value),
                None if self.is_integer(of) => empty(&Type::Integer),
                None => empty(of),
            };
            (name.clone(), value)
        });
        Value::Object(members.collect())
    }

    /// Whether it is an integer on the wire.
    fn is_integer(&self, of: &Type) -> bool {
        match of {
            Type::Named(name) => matches!(self.types.get(name), Some(Definition::Codes(_))),
            of => *of == Type::Integer,
        }
    }

    /// A value as one of the type. It may have been sent as another kind of scalar, or without some members.
    fn as_type(&self, of: &Type, value: &Value) -> Value {
        let fitting = match (of, value) {
            (of, _) if self.is_integer(of) => integer_of(value).map(Value::from),
            (Type::Bool, _) => bool_of(value).map(Value::from),
            (Type::Text, Value::Number(_) | Value::Bool(_)) => Some(json!(value.to_string())),
            (Type::Named(_), Value::Object(record)) => Some(self.view(of, record)),
            (Type::List(inner), Value::Array(values)) => {
                let values = values.iter().map(|value| self.as_type(inner, value));
                Some(Value::Array(values.collect()))
            }
            (Type::List(inner), one) => Some(json!([self.as_type(inner, one)])),
            // A value that was sent in one shape may be shown in another.
            (Type::Text | Type::DateTime, Value::Array(_) | Value::Object(_)) => Some(Value::Null),
            (Type::Named(_), Value::Array(_)) => Some(Value::Null),
            (Type::Named(_), _) if !self.members(of).is_empty() => Some(Value::Null),
            _ => None,
        };
        fitting.unwrap_or_else(|| match of {
            of if self.is_integer(of) => empty(&Type::Integer),
            Type::Bool => empty(of),
            _ => value.clone(),
        })
    }

    /// A fixed sample of the type, without its envelope.
    pub(crate) fn sample(&self, of: &Type) -> Value {
        let of = match of {
            Type::Envelope(inner) => inner,
            of => of,
        };
        self.sample_member(of, "value", &mut Vec::new())
    }

    fn sample_member<'a>(&'a self, of: &'a Type, member: &str, within: &mut Vec<&'a str>) -> Value {
        match of {
            Type::Text => Value::String(text(member)),
            Type::Integer => json!(1),
            Type::Float => json!(12.5),
            Type::Bool => json!(true),
            Type::DateTime => json!("2026-01-15T09:30:00.000Z"),
            Type::TimeSpan => json!("09:30:00"),
            Type::Uuid => json!("5d7f3a52-8c1e-4b0a-9d57-0c6f2b1e4a90"),
            Type::Base64 => json!("c2FtcGxl"),
            Type::Any => json!({}),
            Type::Bytes | Type::Nothing => Value::Null,
            Type::List(inner) if self.turns_back(inner, within) => json!([]),
            Type::List(inner) => json!([self.sample_member(inner, singular(member), within)]),
            Type::Map(inner) => json!({ "sample": self.sample_member(inner, member, within) }),
            // Some responses have envelopes inside of theirs.
            Type::Envelope(inner) => {
                let data = self.sample_member(inner, member, within);
                response::envelope(data, "SUCCESS", "Success", &[])
            }
            Type::Page(inner, _) => {
                let row = self.sample_member(inner, member, within);
                page(of, vec![row], 1, 1, 10)
            }
            Type::Named(name) => match self.types.get_key_value(name) {
                Some((_, Definition::Values(values))) => {
                    json!(values.first().map_or("Unknown", String::as_str))
                }
                Some((_, Definition::Codes(codes))) => json!(codes.first().unwrap_or(&1)),
                Some((name, Definition::Object(members))) if !within.contains(&name.as_str()) => {
                    within.push(name);
                    let members = members.iter();
                    let sample = members
                        .map(|(name, of)| (name.clone(), self.sample_member(of, name, within)))
                        .collect();
                    within.pop();
                    Value::Object(sample)
                }
                _ => Value::Null,
            },
        }
    }

    /// Whether the type contains itself.
    fn turns_back(&self, of: &Type, within: &[&str]) -> bool {
        matches!(of, Type::Named(name) if within.contains(&name.as_str()))
    }
}

/// A page of `rows` out of `total`.
pub(crate) fn page(of: &Type, rows: Vec<Value>, total: usize, number: usize, size: usize) -> Value {
    let mut page = json!({
        "results": rows,
        "totalNumberOfRecords": total,
        "totalNumberOfPages": total.div_ceil(size.max(1)),
        "pageNumber": number,
        "pageSize": size,
    });
    if let Type::Page(_, Some(member)) = of {
        page[member] = json!(0);
    }
    page
}

/// The value of an empty member.
fn empty(of: &Type) -> Value {
    match of {
        Type::Integer | Type::Float => json!(0),
        Type::Bool => json!(false),
        Type::List(_) => json!([]),
        Type::Map(_) => json!({}),
        _ => Value::Null,
    }
}

fn singular(member: &str) -> &str {
    member.strip_suffix('s').unwrap_or(member)
}

/// Text that fits a member of that name.
fn text(member: &str) -> String {
    let lower = member.to_lowercase();
    let ends = |end: &str| lower.ends_with(end);
    if ends("id") {
        id(member)
    } else if ends("email") || ends("address") && lower.contains("from") {
        "person@example.com".to_owned()
    } else if ends("url") || ends("uri") || ends("permalink") {
        "https://example.com/sample".to_owned()
    } else if ends("ip") || ends("ipaddress") {
        "192.0.2.10".to_owned()
    } else if ends("time") || ends("date") {
        "2026-01-15T09:30:00.000Z".to_owned()
    } else {
        format!("Sample {member}")
    }
}

/// Twelve characters that look like an id. They depend on the member alone.
fn id(member: &str) -> String {
    Random::new(0, member).text(ALPHANUMERIC, 12)
}
