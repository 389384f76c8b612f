//! What the generator knows of an API: the description, read, checked and named, with nothing of OpenAPI left in it.

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

/// What services call the id of a record, in records and in paths.
pub(crate) const ID_NAMES: [&str; 4] = ["id", "resourceId", "companyResourceId", "url_token"];

impl Api {
    /// The members of the model in this type.
    pub(crate) fn members(&self, ty: &Ty) -> &[Member] {
        match ty.named().and_then(|name| self.types.get(name)) {
            Some(Type::Model(model)) => &model.members,
            _ => &[],
        }
    }

    /// The member by which values of this type are told apart.
    pub(crate) fn id_member(&self, ty: &Ty) -> Option<&Member> {
        let mut members = self.members(ty).iter();
        members.find(|member| {
            ID_NAMES.contains(&member.wire.as_str()) && matches!(member.ty, Ty::Text | Ty::Secret)
        })
    }
}

/// The area that is no feature.
pub(crate) const ALWAYS: &str = "platform";

/// Operations that belong together and share a handle.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) name: String,
    /// The part of the API it belongs to, a feature of the crate; none if the API has no parts, or always compiled if
    /// it is [`ALWAYS`].
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
    /// In capitals.
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) idempotent: bool,
    pub(crate) limit: Option<String>,
    /// Statuses by which the service says that it did nothing.
    pub(crate) refusing: Vec<u16>,
    /// It is sent without the credential.
    pub(crate) anonymous: bool,
    /// Only hand-written code of the crate calls it.
    pub(crate) internal: bool,
    /// How it is called in examples, in Rust, after the client; made up if there is none.
    pub(crate) call: Option<String>,
    /// It is refused while something goes on that was started before.
    pub(crate) eventually: bool,
    /// The documentation has an example.
    pub(crate) example: bool,
    /// Why it is not certain to exist.
    pub(crate) unconfirmed: Option<String>,
    pub(crate) source: Option<Source>,
    pub(crate) confidence: Confidence,
    /// Which editions of the service have it, if it has editions.
    pub(crate) edition: Option<Edition>,
    pub(crate) deprecated: Option<String>,
    /// Required parameters, those of the path first.
    pub(crate) arguments: Vec<Parameter>,
    pub(crate) body: Option<Body>,
    /// Optional parameters.
    pub(crate) options: Vec<Parameter>,
    pub(crate) outcome: Outcome,
    /// The schemas of what stands around the value that it gives, from the outside in.
    pub(crate) wrappers: Vec<String>,
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
    /// What gives the id that it is: a resource, or an operation and a member of its response.
    pub(crate) id_of: Option<String>,
}

/// The least and the greatest number allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) least: Option<i64>,
    pub(crate) most: Option<i64>,
}

/// The least and the greatest length allowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) least: Option<usize>,
    pub(crate) most: Option<usize>,
}

/// What an operation sends.
#[derive(Debug)]
pub(crate) enum Body {
    /// A model.
    Model {
        name: String,
        model: String,
        encoding: Encoding,
    },
    /// A model with search terms in it, hand-written or generated, and by what the service sorts if nothing is said.
    Search {
        name: String,
        ty: Ty,
        order_by: String,
        /// The service orders by it, though its rows do not have it.
        unlisted: bool,
    },
    /// A list.
    List { name: String, ty: Ty },
    /// An object with this one member, which becomes an argument.
    Member(Box<Member>),
}

/// How a model is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Json,
    Multipart,
    UrlEncoded,
}

/// What an operation gives.
#[derive(Debug)]
pub(crate) enum Outcome {
    Empty,
    Value {
        ty: Ty,
        /// There may be none.
        optional: bool,
    },
    Page(Ty),
    /// Anything but JSON.
    Download,
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
    /// A file to send.
    File,
    /// A hand-written type of the service's crate, by its path there, which is text on the wire.
    OwnText(String),
    /// Any other hand-written type of the service's crate, by its path there.
    Own(String),
    /// JSON of any form.
    Json,
    Enum(String),
    Model(String),
    List(Box<Ty>),
    Map(Box<Ty>),
    /// A value that may be null, in a map.
    Optional(Box<Ty>),
}

impl Ty {
    /// The named type in it.
    pub(crate) fn named(&self) -> Option<&str> {
        match self {
            Self::Enum(name) | Self::Model(name) => Some(name),
            Self::List(inner) | Self::Map(inner) | Self::Optional(inner) => inner.named(),
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

impl Type {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Enum(found) => &found.name,
            Self::Model(found) => &found.name,
        }
    }

    /// What it has to do with: the name of the document that describes it, where there are several.
    pub(crate) fn concept(&self) -> Option<&str> {
        match self {
            Self::Enum(found) => found.concept.as_deref(),
            Self::Model(found) => found.concept.as_deref(),
        }
    }
}

/// A set of strings that may grow.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) concept: Option<String>,
    /// The vendor's name, if it is another one.
    pub(crate) alias: Option<String>,
    /// Numbers that the service writes instead of values.
    pub(crate) codes: Vec<(i64, String)>,
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
    pub(crate) concept: Option<String>,
    /// The vendor's name, if it is another one.
    pub(crate) alias: Option<String>,
    pub(crate) doc: String,
    pub(crate) source: Option<Source>,
    /// It changes what is there, so that absent and null differ.
    pub(crate) patch: bool,
    /// It has the search terms that all searches have, which are no members.
    pub(crate) search: bool,
    /// How it is written, if it is.
    pub(crate) encoding: Encoding,
    /// It is a part of a form.
    pub(crate) in_form: bool,
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
    /// What is sent if the caller does not say.
    pub(crate) default: Option<Value>,
    /// Only the service sets it.
    pub(crate) read_only: bool,
    /// Of text, in characters.
    pub(crate) length: Length,
    /// Of text.
    pub(crate) format: Option<String>,
    /// What gives the id that it is: a resource, or an operation and a member of its response.
    pub(crate) id_of: Option<String>,
    /// The variable of the environment that holds it, for the exerciser.
    pub(crate) variable: Option<String>,
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
