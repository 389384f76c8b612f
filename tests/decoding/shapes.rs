//! The shapes of the service's responses, from the sandbox's list.
//!
//! The sandbox has a reader of its own for that list, so a fault in this one cannot hide in both.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

/// The shape of a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Shape {
    Text,
    Int32,
    Int64,
    Float,
    Bool,
    /// Dates and time spans.
    Time,
    Any,
    Bytes,
    Nothing,
    List(Box<Shape>),
    Map(Box<Shape>),
    Envelope(Box<Shape>),
    Page(Box<Shape>),
    Named(String),
}

impl Shape {
    fn parse(text: &str) -> Self {
        if let Some((name, rest)) = text.split_once('<') {
            let inner = Box::new(Self::parse(rest.strip_suffix('>').expect("an end")));
            return match name {
                "list" => Self::List(inner),
                "map" => Self::Map(inner),
                "envelope" => Self::Envelope(inner),
                name if name.ends_with("page") => Self::Page(inner),
                name => panic!("nothing is known of {name}"),
            };
        }
        match text {
            "string" => Self::Text,
            "i32" => Self::Int32,
            "i64" => Self::Int64,
            "f64" => Self::Float,
            "bool" => Self::Bool,
            "date_time" | "time_span" => Self::Time,
            "any" => Self::Any,
            "bytes" => Self::Bytes,
            "none" => Self::Nothing,
            name => Self::Named(name.to_owned()),
        }
    }
}

#[derive(Debug)]
pub(crate) enum Definition {
    /// Members in the order of the type.
    Object(Vec<(String, Shape)>),
    Enum(Vec<String>),
    /// An enumeration of numbers.
    Codes(Vec<i64>),
}

#[derive(Debug)]
pub(crate) struct OperationShape {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) shape: Shape,
}

impl OperationShape {
    /// Returns whether a request is for this operation, as the number of literal segments of the path that match.
    pub(crate) fn fits(&self, method: &str, path: &str) -> Option<usize> {
        let (wanted, found) = (self.path.split('/'), path.split('/'));
        if self.method != method || wanted.clone().count() != found.clone().count() {
            return None;
        }
        let mut same = 0;
        for (wanted, found) in wanted.zip(found) {
            if wanted == found {
                same += 1;
            } else if !wanted.starts_with('{') {
                return None;
            }
        }
        Some(same)
    }
}

#[derive(Debug)]
pub(crate) struct Shapes {
    pub(crate) types: Vec<(String, Definition)>,
    pub(crate) operations: Vec<OperationShape>,
}

impl Shapes {
    pub(crate) fn load() -> Self {
        let json = include_str!("../../crates/sandbox/src/keepnet/shapes.json");
        let document: Document = serde_json::from_str(json).expect("the list keeps to its form");
        let types = document.types.0.into_iter().map(|(name, written)| {
            let definition = match written {
                Written::Values(values) => Definition::Enum(values),
                Written::Codes(codes) => Definition::Codes(codes),
                Written::Members(members) => {
                    let members = members.0.into_iter();
                    Definition::Object(
                        members
                            .map(|(name, of)| (name, Shape::parse(&of)))
                            .collect(),
                    )
                }
            };
            (name, definition)
        });
        let operations = document.operations.into_iter();
        let operations = operations.map(|(method, path, of, ..)| OperationShape {
            method,
            path,
            shape: Shape::parse(&of),
        });
        Self {
            types: types.collect(),
            operations: operations.collect(),
        }
    }

    pub(crate) fn definition(&self, name: &str) -> &Definition {
        let found = self.types.iter().find(|(own, _)| own == name);
        &found.unwrap_or_else(|| panic!("no type {name}")).1
    }
}

#[derive(Deserialize)]
struct Document {
    types: Ordered<Written>,
    operations: Vec<Operation>,
}

/// Method, path and response, and what requests have.
type Operation = (
    String,
    String,
    String,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
    IgnoredAny,
);

#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Values(Vec<String>),
    Codes(Vec<i64>),
    Members(Ordered<String>),
}

/// An object whose order matters.
struct Ordered<T>(Vec<(String, T)>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Ordered<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OrderedVisitor(PhantomData))
    }
}

struct OrderedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OrderedVisitor<T> {
    type Value = Ordered<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ordered<T>, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Ordered(entries))
    }
}
