//! What the generator knows of an API: the description, read, checked and named, with nothing of OpenAPI left in it.

use std::collections::BTreeMap;

use serde_json::Value;

/// An API.
#[derive(Debug)]
pub(crate) struct Api {
    /// Of the description, independent of the order of its maps.
    pub(crate) hash: String,
    /// Sorted by name.
    pub(crate) resources: Vec<Resource>,
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// Operations that belong together and share a handle.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) operations: Vec<Operation>,
}

/// One operation.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) pointer: String,
    pub(crate) id: String,
    pub(crate) resource: String,
    pub(crate) name: String,
    /// In capitals.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) repeatable: bool,
    pub(crate) limit: Option<String>,
    /// Why it is not certain to exist.
    pub(crate) unconfirmed: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) confidence: Confidence,
    pub(crate) deprecated: Option<String>,
    /// Required parameters, those of the path first.
    pub(crate) arguments: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// Optional parameters.
    pub(crate) options: Vec<Parameter>,
    pub(crate) outcome: Outcome,
    /// Statuses of errors and what they mean.
    pub(crate) errors: Vec<(String, String)>,
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    VendorDocumentation,
    VendorIndex,
    PublicClient,
    PublicSample,
    Inferred,
}

/// How sure it is that an operation exists as described.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Confidence {
    High,
    Medium,
    Low,
}

impl Confidence {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Path,
    Query,
}

/// A parameter of an operation.
#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) wire: String,
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) required: bool,
    pub(crate) ty: Ty,
    pub(crate) range: Range,
    pub(crate) default: Option<Value>,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    pub(crate) deprecated: Option<String>,
    pub(crate) example: Option<Value>,
    /// The resource whose id it is.
    pub(crate) id_of: Option<String>,
}

/// The least and the greatest number allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) least: Option<i64>,
    pub(crate) most: Option<i64>,
}

/// What an operation sends.
#[derive(Debug)]
pub(crate) enum Body {
    /// A model.
    Model { name: String, model: String },
    /// An object with this one member, which becomes an argument.
    Member(Box<Member>),
}

/// What an operation gives.
#[derive(Debug)]
pub(crate) enum Outcome {
    Empty,
    Value(Ty),
    Page(Ty),
}

/// How times are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeFormat {
    UnixSeconds,
    Rfc3339,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ty {
    Text,
    Int32,
    Int64,
    Float,
    Bool,
    Time(TimeFormat),
    Secret,
    /// JSON of any form.
    Json,
    Enum(String),
    Model(String),
    List(Box<Ty>),
    Map(Box<Ty>),
}

impl Ty {
    /// The named type in it.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Enum(name) | Self::Model(name) => Some(name),
            Self::List(inner) | Self::Map(inner) => inner.named(),
            _ => None,
        }
    }
}

/// A named type.
#[derive(Debug)]
pub(crate) enum Type {
    Enum(Enum),
    Model(Model),
}

/// A set of strings that may grow.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    pub(crate) variants: Vec<Variant>,
}

#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) wire: String,
    pub(crate) name: String,
    pub(crate) doc: Option<String>,
}

/// An object.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) pointer: String,
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    /// It changes what is there, so that absent and null differ.
    pub(crate) patch: bool,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) pointer: String,
    pub(crate) wire: String,
    pub(crate) name: String,
    pub(crate) ty: Ty,
    pub(crate) nullable: bool,
    pub(crate) required: bool,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    pub(crate) deprecated: Option<String>,
    pub(crate) example: Option<Value>,
    /// The resource whose id it is.
    pub(crate) id_of: Option<String>,
}

/// A webhook, as far as generated code goes.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// Groups webhooks into files.
    pub(crate) group: String,
    pub(crate) category: String,
    pub(crate) objects: Vec<String>,
    /// The named types that it carries.
    pub(crate) types: Vec<String>,
}
