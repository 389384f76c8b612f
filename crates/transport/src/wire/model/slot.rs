//! Places that a decoded value is written to.

use std::collections::BTreeMap;

use super::member_rule::MemberRule;
use super::value::Names;
use crate::wire::raw::RawJson;
use crate::wire::sealed::Sealed;

/// An object that an API sends.
///
/// Unknown members are ignored, absent ones keep the default, and a missing required one is an error that names it.
pub trait Model: Default {
    /// The names of the object and its members.
    const NAMES: Names;

    /// Hands over the members' slots, in the order of [`Self::NAMES`].
    fn slots(&mut self, fill: &mut dyn Fill);
}

/// A JSON value that is neither an object nor a list, or one that is kept as JSON.
#[derive(Clone, Copy)]
#[non_exhaustive]
#[expect(
    missing_debug_implementations,
    reason = "what was received may be secret"
)]
pub enum Token<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A whole number above `i64::MAX`.
    Unsigned(u64),
    /// Any other number.
    Float(f64),
    /// A text.
    Text(&'a str),
    /// Any value as it was received, for slots that ask for it with [`Slot::takes_json`].
    Json(&'a str),
}

/// The slot cannot hold the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "it has nothing to say")]
pub struct Unfit;

/// What a slot holds if the value is no [`Token`].
#[expect(
    missing_debug_implementations,
    reason = "it borrows what is being read"
)]
pub enum Inside<'a> {
    /// Tokens only; the text says which, for error messages.
    Nothing(&'static str),
    /// The elements of a list, which is empty now.
    List(&'a mut dyn List),
    /// The entries of a map, which is empty now.
    Map(&'a mut dyn Entries),
    /// The members of an object.
    Object(&'static Table, &'a mut dyn Object),
}

/// A place that a decoded value is written to: a member, an element of a list, a value of a map.
///
/// One decoder fills all slots, so a type that has this needs no decoder of its own. Most types get it from [`Model`]
/// or [`Scalar`](super::Scalar). A type with a `Deserialize` of its own takes the JSON:
///
/// ```
/// use security_api_transport::model::{Inside, Slot, Token, Unfit};
///
/// #[derive(Default, serde::Deserialize)]
/// struct Point(f64, f64);
///
/// impl Slot for Point {
///     fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
///         *self = token.decode()?;
///         Ok(())
///     }
///
///     fn open(&mut self) -> Inside<'_> {
///         Inside::Nothing("a point")
///     }
///
///     fn takes_json() -> bool {
///         true
///     }
///
///     fn blank() -> Self {
///         Self::default()
///     }
/// }
/// ```
pub trait Slot {
    /// Writes the value.
    ///
    /// # Errors
    /// If the slot cannot hold it.
    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit>;

    /// Writes a text; the same as [`put`](Self::put) of [`Token::Text`], in fewer steps.
    ///
    /// # Errors
    /// If the slot cannot hold it.
    #[inline]
    fn text(&mut self, text: &str) -> Result<(), Unfit> {
        self.put(Token::Text(text))
    }

    /// Makes room for a list or an object.
    fn open(&mut self) -> Inside<'_>;

    /// Whether the value is wanted as [`Token::Json`]. A model marks such members as `(json)`.
    #[must_use]
    #[inline]
    fn takes_json() -> bool
    where
        Self: Sized,
    {
        false
    }

    /// Whether `null` may stand for it in a list.
    #[must_use]
    #[inline]
    fn takes_null() -> bool
    where
        Self: Sized,
    {
        true
    }

    /// The value a list or map holds until the element is read.
    fn blank() -> Self
    where
        Self: Sized;

    /// Makes the value instead of writing it.
    ///
    /// # Errors
    /// If this type cannot hold it.
    #[inline]
    fn read(token: Token<'_>) -> Result<Self, Unfit>
    where
        Self: Sized,
    {
        let mut value = Self::blank();
        value.put(token)?;
        Ok(value)
    }

    /// Makes the value of an optional member, which may be `None` for more than `null`.
    ///
    /// # Errors
    /// If this type cannot hold it.
    #[inline]
    fn read_optional(token: Token<'_>) -> Result<Option<Self>, Unfit>
    where
        Self: Sized,
    {
        Self::read(token).map(Some)
    }
}

/// A list that is being read. Sealed.
pub trait List: Sealed {
    /// Adds an element and gives its slot.
    fn push(&mut self) -> &mut dyn Slot;

    /// Whether an element may be `null`.
    fn takes_null(&self) -> bool;

    /// Whether elements are wanted as [`Token::Json`].
    fn takes_json(&self) -> bool;
}

/// A map that is being read. Sealed.
pub trait Entries: Sealed {
    /// Adds an entry, in place of one with the same key, and gives its slot.
    fn entry(&mut self, key: String) -> &mut dyn Slot;

    /// Whether values are wanted as [`Token::Json`].
    fn takes_json(&self) -> bool;
}

/// An object that is being read. Sealed: it is implemented for every [`Model`].
pub trait Object: Sealed {
    /// Hands over the members' slots, in the order of the table.
    fn slots(&mut self, fill: &mut dyn Fill);
}

/// What fills the slots of an object.
// A trait, since a closure's type costs several times as much to check, and every model has this call.
pub trait Fill {
    /// Fills the slots, or some of them.
    fn fill(&mut self, slots: &mut [&mut dyn Slot]);
}

/// The members of an object.
#[derive(Debug)]
pub struct Table {
    pub(super) names: Names,
    /// A bit for each required member.
    pub(super) required: u64,
    /// A bit for each of the first 64 members that is wanted as JSON.
    pub(super) json: u64,
}

impl Table {
    /// The members of this model.
    const fn of<M: Model>() -> Self {
        let names = M::NAMES;
        let (mut required, mut json, mut i) = (0, 0, 0);
        while i < names.rules.len() {
            let (name, rule) = names.rules[i];
            let index = index(names.wire, name);
            match rule {
                MemberRule::Required => {
                    assert!(index < 64, "required members stand among the first 64");
                    required |= 1 << index;
                }
                MemberRule::Json if index < 64 => json |= 1 << index,
                _ => {}
            }
            i += 1;
        }
        Self {
            names,
            required,
            json,
        }
    }
}

/// Where the member of this name stands.
const fn index(members: &[&str], name: &str) -> usize {
    let mut i = 0;
    while !is_equal(members[i].as_bytes(), name.as_bytes()) {
        i += 1;
    }
    i
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

impl<M: Model> Sealed for M {}
impl<T: Slot> Sealed for Vec<T> {}
impl<T: Slot> Sealed for BTreeMap<String, T> {}

impl<M: Model> Object for M {
    #[inline]
    fn slots(&mut self, fill: &mut dyn Fill) {
        Model::slots(self, fill);
    }
}

impl<M: Model> Slot for M {
    /// `null` stands for the object without members where it may have none.
    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
        if !matches!(token, Token::Null) || const { Table::of::<M>().required } != 0 {
            return Err(Unfit);
        }
        *self = M::default();
        Ok(())
    }

    fn open(&mut self) -> Inside<'_> {
        Inside::Object(const { &Table::of::<M>() }, self)
    }

    fn takes_null() -> bool {
        false
    }

    #[inline]
    fn blank() -> Self {
        M::default()
    }
}

impl<T: Slot> Slot for Option<T> {
    fn text(&mut self, text: &str) -> Result<(), Unfit> {
        *self = T::read_optional(Token::Text(text))?;
        Ok(())
    }

    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
        *self = match token {
            Token::Null => None,
            Token::Json("null") => None,
            token => T::read_optional(token)?,
        };
        Ok(())
    }

    fn open(&mut self) -> Inside<'_> {
        self.insert(T::blank()).open()
    }

    #[inline]
    fn takes_json() -> bool {
        T::takes_json()
    }

    #[inline]
    fn blank() -> Self {
        None
    }
}

impl<T: Slot> Slot for Vec<T> {
    /// `null` stands for the empty list.
    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
        self.clear();
        token.null()
    }

    fn open(&mut self) -> Inside<'_> {
        self.clear();
        Inside::List(self)
    }

    #[inline]
    fn blank() -> Self {
        Self::new()
    }
}

impl<T: Slot> List for Vec<T> {
    fn push(&mut self) -> &mut dyn Slot {
        let index = self.len();
        self.push(T::blank());
        &mut self[index]
    }

    fn takes_null(&self) -> bool {
        T::takes_null()
    }

    fn takes_json(&self) -> bool {
        T::takes_json()
    }
}

impl<T: Slot> Slot for BTreeMap<String, T> {
    /// `null` stands for the empty map.
    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
        self.clear();
        token.null()
    }

    fn open(&mut self) -> Inside<'_> {
        self.clear();
        Inside::Map(self)
    }

    #[inline]
    fn blank() -> Self {
        Self::new()
    }
}

impl<T: Slot> Entries for BTreeMap<String, T> {
    fn entry(&mut self, key: String) -> &mut dyn Slot {
        let slot = Self::entry(self, key).or_insert_with(T::blank);
        *slot = T::blank();
        slot
    }

    fn takes_json(&self) -> bool {
        T::takes_json()
    }
}

impl<'a> Token<'a> {
    /// # Errors
    /// If it is anything but `null`.
    fn null(self) -> Result<(), Unfit> {
        match self {
            Self::Null => Ok(()),
            _ => Err(Unfit),
        }
    }

    /// Decodes [`Token::Json`] with the type's own `Deserialize`.
    ///
    /// # Errors
    /// If the JSON does not have this type.
    pub fn decode<T: serde::Deserialize<'a>>(self) -> Result<T, Unfit> {
        match self {
            Self::Json(json) => serde_json::from_str(json).map_err(|_| Unfit),
            _ => Err(Unfit),
        }
    }
}

/// Implements [`Slot`] for types that are read by a `Deserialize` of their own.
#[macro_export]
#[doc(hidden)]
macro_rules! __json_slot {
    ($($name:ty: $blank:expr, $expected:literal;)*) => {$(
        impl $crate::model::Slot for $name {
            fn put(
                &mut self,
                token: $crate::model::Token<'_>,
            ) -> ::std::result::Result<(), $crate::model::Unfit> {
                token.decode().map(|read| *self = read)
            }

            fn open(&mut self) -> $crate::model::Inside<'_> {
                $crate::model::Inside::Nothing($expected)
            }

            fn takes_json() -> bool {
                true
            }

            fn blank() -> Self {
                $blank
            }
        }
    )*};
}

crate::__json_slot! {
    serde_json::Value: Self::Null, "JSON";
}

impl Slot for RawJson {
    fn put(&mut self, token: Token<'_>) -> Result<(), Unfit> {
        match token {
            Token::Json(json) => {
                *self = Self::copy(json);
                Ok(())
            }
            _ => Err(Unfit),
        }
    }

    fn open(&mut self) -> Inside<'_> {
        Inside::Nothing("JSON")
    }

    fn takes_json() -> bool {
        true
    }

    fn blank() -> Self {
        Self::null()
    }
}
