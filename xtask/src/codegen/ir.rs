//! The intermediate form of an API: the description, read, checked and named, without any OpenAPI terms.

use std::collections::BTreeMap;

use serde_json::Value;

/// An API.
#[derive(Debug)]
pub(crate) struct Api {
    /// Sorted by name.
    pub(crate) resources: Vec<Resource>,
    pub(crate) types: BTreeMap<String, Type>,
    pub(crate) webhooks: Vec<Webhook>,
}

/// The names of the member or path parameter that holds the id of a record.
pub(crate) const ID_NAMES: [&str; 4] = ["id", "resourceId", "companyResourceId", "url_token"];

impl Api {
    /// Returns the members of the model in `ty`.
    pub(crate) fn members(&self, ty: &Ty) -> &[Member] {
        match ty.named().and_then(|name| self.types.get(name)) {
            Some(Type::Model(model)) => &model.members,
            _ => &[],
        }
    }

    /// Returns the member that identifies a value of type `ty`.
    pub(crate) fn id_member(&self, ty: &Ty) -> Option<&Member> {
        let mut members = self.members(ty).iter();
        members.find(|member| {
            ID_NAMES.contains(&member.wire.as_str()) && matches!(member.ty, Ty::Text | Ty::Secret)
        })
    }
}

/// The area that is always compiled, without a feature.
pub(crate) const ALWAYS: &str = "platform";

/// Operations that share a handle.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    /// The area of the API, which is a feature of the crate, or [`ALWAYS`]. `None` if the API has no areas.
    pub(crate) area: Option<String>,
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
    /// The HTTP method, in capitals.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) idempotent: bool,
    pub(crate) limit: Option<String>,
    /// Statuses that mean that the service did nothing.
    pub(crate) refusing: Vec<u16>,
    /// Whether the operation is sent without the credential.
    pub(crate) anonymous: bool,
    /// Whether only hand-written code of the crate calls the operation.
    pub(crate) internal: bool,
    /// The Rust call that examples show after the client. `None` to generate one.
    pub(crate) call: Option<String>,
    /// The name of the type of the call. `None` to make it of the method and the resource.
    pub(crate) call_type: Option<String>,
    /// Whether the service may refuse the operation for a while, until an earlier process ends.
    pub(crate) eventually: bool,
    /// Whether the documentation has an example.
    pub(crate) example: bool,
    /// Why the operation may not exist. `None` if it is confirmed.
    pub(crate) unconfirmed: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) confidence: Confidence,
    /// The editions of the service that have the operation. `None` if the service has no editions.
    pub(crate) edition: Option<Edition>,
    pub(crate) deprecated: Option<String>,
    /// Required parameters, those of the path first.
    pub(crate) arguments: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// Optional parameters.
    pub(crate) options: Vec<Parameter>,
    pub(crate) outcome: Outcome,
    /// The schemas that wrap the value in the response, outermost first.
    pub(crate) wrappers: Vec<String>,
    /// Error statuses and their meanings.
    pub(crate) errors: Vec<(String, String)>,
}

/// The source of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    VendorDocumentation,
    VendorIndex,
    PublicClient,
    PublicSample,
    ServerCode,
    Inferred,
}

/// The editions of a service that have an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edition {
    Both,
    OpenSource,
    Commercial,
}

impl Edition {
    pub(crate) const ALL: [Self; 3] = [Self::Both, Self::OpenSource, Self::Commercial];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::OpenSource => "open-source",
            Self::Commercial => "commercial",
        }
    }
}

/// How certain it is that the operation exists as described.
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
    /// The source of the id: a resource, or an operation and a member of its response.
    pub(crate) id_of: Option<String>,
}

/// The minimum and maximum of a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) least: Option<i64>,
    pub(crate) most: Option<i64>,
}

/// The minimum and maximum of a length.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) least: Option<usize>,
    pub(crate) most: Option<usize>,
}

/// The body that an operation sends.
#[derive(Debug)]
pub(crate) enum Body {
    Model {
        name: String,
        model: String,
        encoding: Encoding,
    },
    /// A model with search terms, hand-written or generated, and the column by which the service sorts by default.
    Search {
        name: String,
        ty: Ty,
        order_by: String,
        /// Whether the rows lack the column by which the service sorts.
        unlisted: bool,
    },
    /// A list.
    List { name: String, ty: Ty },
    /// An object with one member, which becomes an argument.
    Member(Box<Member>),
}

/// The encoding of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Multipart,
    UrlEncoded,
}

/// The result of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Empty,
    Value {
        ty: Ty,
        /// Whether the value may be absent.
        optional: bool,
    },
    Page(Ty),
    /// Anything but JSON.
    Download,
}

/// The format of times.
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
    /// A file to upload.
    File,
    /// A hand-written type of the service's crate, by path, which is text on the wire.
    OwnText(String),
    /// Any other hand-written type of the service's crate, by path.
    Own(String),
    /// Any JSON value.
    Json,
    Enum(String),
    /// An enumeration of numbers.
    Code(String),
    Model(String),
    List(Box<Ty>),
    Map(Box<Ty>),
    /// A nullable value of a map.
    Optional(Box<Ty>),
}

impl Ty {
    /// Returns the named type that this type is or contains.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Enum(name) | Self::Code(name) | Self::Model(name) => Some(name),
            Self::List(inner) | Self::Map(inner) | Self::Optional(inner) => inner.named(),
            _ => None,
        }
    }

    /// Returns whether this type is or contains integers.
    pub(crate) fn counts(&self) -> bool {
        match self {
            Self::Int32 | Self::Int64 => true,
            Self::List(inner) | Self::Map(inner) | Self::Optional(inner) => inner.counts(),
            _ => false,
        }
    }
}

/// A named type.
#[derive(Debug)]
pub(crate) enum Type {
    Enum(Enum),
    Model(Model),
}

impl Type {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Enum(found) => &found.name,
            Self::Model(found) => &found.name,
        }
    }

    /// Returns the document that describes the type, if there are several.
    pub(crate) fn concept(&self) -> Option<&str> {
        match self {
            Self::Enum(found) => found.concept.as_deref(),
            Self::Model(found) => found.concept.as_deref(),
        }
    }
}

/// An enumeration of strings or of numbers, to which the service may add values.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) concept: Option<String>,
    /// The vendor's name, if it differs.
    pub(crate) alias: Option<String>,
    /// The type of the numbers that the values are on the wire. `None` if they are strings.
    pub(crate) number: Option<Ty>,
    /// Numbers that the service may send instead of values.
    pub(crate) codes: Vec<(i64, String)>,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    pub(crate) variants: Vec<Variant>,
}

impl Enum {
    /// Returns the known values as JSON has them.
    pub(crate) fn values(&self) -> impl Iterator<Item = Value> {
        self.variants.iter().map(
            |variant| match (&self.number, variant.wire.parse::<i64>()) {
                (Some(_), Ok(number)) => number.into(),
                _ => variant.wire.as_str().into(),
            },
        )
    }
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
    pub(crate) concept: Option<String>,
    /// The vendor's name, if it differs.
    pub(crate) alias: Option<String>,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    /// Whether the model is a patch, in which absent and null differ.
    pub(crate) patch: bool,
    /// Whether the model has the search terms of all searches, which are not listed as members.
    pub(crate) search: bool,
    /// The encoding, if the model is sent.
    pub(crate) encoding: Encoding,
    /// Whether the model is a part of a form.
    pub(crate) in_form: bool,
    pub(crate) members: Vec<Member>,
}

#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) pointer: String,
    pub(crate) wire: String,
    pub(crate) name: String,
    pub(crate) ty: Ty,
    /// Whether a number is sent as text.
    pub(crate) in_digits: bool,
    pub(crate) nullable: bool,
    pub(crate) required: bool,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    pub(crate) deprecated: Option<String>,
    pub(crate) example: Option<Value>,
    /// The value that is sent by default.
    pub(crate) default: Option<Value>,
    /// Whether only the service sets the member.
    pub(crate) read_only: bool,
    /// The length of a text, in characters.
    pub(crate) length: Length,
    /// The format of a text.
    pub(crate) format: Option<String>,
    /// The source of the id: a resource, or an operation and a member of its response.
    pub(crate) id_of: Option<String>,
    /// The environment variable from which the exerciser reads the value.
    pub(crate) variable: Option<String>,
}

/// A webhook, reduced to what generated code needs.
#[derive(Debug)]
pub(crate) struct Webhook {
    /// The group of webhooks that share a file.
    pub(crate) group: String,
    pub(crate) category: String,
    pub(crate) objects: Vec<String>,
    /// The named types of the payload.
    pub(crate) types: Vec<String>,
}
