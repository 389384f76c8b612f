//! The members of an object, as debug output, comparisons and requests see them.

use std::any::Any;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use serde_json::Value as Json;

use super::member_rule::MemberRule;
use crate::body::multipart::Upload;
use crate::wire::patch::Patch;
use crate::wire::raw::RawJson;
use crate::wire::secret::Secret;

/// An object whose members can be looked at.
pub trait Values {
    /// Shows the members' names and values, in one call.
    fn values(&self, show: &mut dyn Show);
}

/// What looks at the members of an object.
// A trait, since a closure's type costs several times as much to check, and every model has this call.
pub trait Show {
    /// Looks at the members.
    fn members(&mut self, names: &'static Names, values: &[&dyn Value]);
}

/// The names of an object and its members.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "declarations of models write it, as a constant"
)]
pub struct Names {
    /// The object's name, in error messages and debug output.
    pub name: &'static str,
    /// The members' names in Rust, with spaces between them.
    pub fields: &'static str,
    /// The members' names on the wire, in the order in which the service usually sends them. A
    /// member whose name is empty is an object whose members are written in its place.
    pub wire: &'static [&'static str],
    /// The wire names of members that need more than their value, and why. Required members must be among the
    /// first 64, because a word of 64 bits notes which were read.
    pub rules: &'static [(&'static str, MemberRule)],
}

/// The value of a member.
pub trait Value: Shaped + Debug {
    /// Whether the other value is of the same type and equal.
    fn equals(&self, other: &dyn Value) -> bool;

    /// The value, to find out its type.
    fn as_any(&self) -> &dyn Any;
}

impl<T: Shaped + Debug + PartialEq + Any> Value for T {
    fn equals(&self, other: &dyn Value) -> bool {
        other.as_any().downcast_ref() == Some(self)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// What a value is in a request: in JSON, or in a form.
#[expect(missing_debug_implementations, reason = "what is sent may be secret")]
#[non_exhaustive]
pub enum Shape<'a> {
    /// Nothing: a member that is left out.
    Absent,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number that is not negative.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(Cow<'a, str>),
    /// A text that is secret.
    Secret(&'a Secret),
    /// A list.
    List(Vec<Shape<'a>>),
    /// A map.
    Map(Vec<(&'a str, Shape<'a>)>),
    /// An object.
    Object(&'a dyn Values),
    /// JSON as it is.
    Json(&'a RawJson),
    /// A file, which only a form can carry.
    File(&'a Upload),
    /// What must not be sent, with the reason.
    Refused(String),
}

/// A value that a request can carry.
pub trait Shaped {
    /// What it is in a request.
    fn shape(&self) -> Shape<'_>;
}

impl<M: Values> Shaped for M {
    #[inline]
    fn shape(&self) -> Shape<'_> {
        Shape::Object(self)
    }
}

impl<T: Shaped> Shaped for Option<T> {
    fn shape(&self) -> Shape<'_> {
        self.as_ref().map_or(Shape::Absent, T::shape)
    }
}

impl<T: Shaped> Shaped for Patch<T> {
    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Leave => Shape::Absent,
            Self::Clear => Shape::Null,
            Self::Set(value) => value.shape(),
        }
    }
}

impl<T: Shaped> Shaped for Vec<T> {
    fn shape(&self) -> Shape<'_> {
        Shape::List(self.iter().map(T::shape).collect())
    }
}

impl<T: Shaped> Shaped for BTreeMap<String, T> {
    fn shape(&self) -> Shape<'_> {
        let entries = self.iter().map(|(key, value)| (&**key, value.shape()));
        Shape::Map(entries.collect())
    }
}

impl Shaped for Json {
    fn shape(&self) -> Shape<'_> {
        match self {
            Self::Null => Shape::Null,
            Self::Bool(value) => Shape::Bool(*value),
            Self::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
                (Some(number), ..) => Shape::Integer(number),
                (_, Some(number), _) => Shape::Unsigned(number),
                (.., number) => Shape::Float(number.unwrap_or(f64::NAN)),
            },
            Self::String(text) => Shape::Text(text.into()),
            Self::Array(items) => items.shape(),
            Self::Object(members) => {
                let entries = members.iter().map(|(key, value)| (&**key, value.shape()));
                Shape::Map(entries.collect())
            }
        }
    }
}

macro_rules! shaped {
    ($($type:ty: |$value:ident| $shape:expr;)*) => {$(
        impl Shaped for $type {
            fn shape(&self) -> Shape<'_> {
                let $value = self;
                $shape
            }
        }
    )*};
}

shaped! {
    bool: |value| Shape::Bool(*value);
    i32: |number| Shape::Integer((*number).into());
    i64: |number| Shape::Integer(*number);
    u8: |number| Shape::Unsigned((*number).into());
    u16: |number| Shape::Unsigned((*number).into());
    u32: |number| Shape::Unsigned((*number).into());
    u64: |number| Shape::Unsigned(*number);
    f64: |number| Shape::Float(*number);
    String: |text| Shape::Text(text.into());
    Secret: |secret| Shape::Secret(secret);
    RawJson: |json| Shape::Json(json);
    Upload: |file| Shape::File(file);
}
