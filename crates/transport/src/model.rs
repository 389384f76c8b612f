//! Reading and writing the objects of an API from tables instead of derived code.
//!
//! A model names its members once, in [`Model::MEMBERS`], and says in one `match` where each value goes. Everything
//! else is here, once, and generic at the call site: the crate that declares a thousand models compiles none of their
//! decoders.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// An object that an API sends.
///
/// Unknown members are ignored, absent ones keep the default, and a missing required one is an error that names it.
pub trait Model: Default {
    /// The name used in error messages.
    const NAME: &'static str;
    /// The members' names on the wire, in the order in which the service usually sends them. At most 64 may be
    /// required, and those come from anywhere in the table.
    const MEMBERS: &'static [&'static str];
    /// Indices into [`Self::MEMBERS`] of the members without which the object makes no sense.
    const REQUIRED: &'static [usize] = &[];

    /// Takes the value of the member with this index out of `value`.
    ///
    /// # Errors
    /// Whatever decoding the value gives.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        index: usize,
        value: Member<'_, A>,
    ) -> Result<(), A::Error>;
}

/// The value of one member, not yet read.
pub struct Member<'a, A> {
    map: &'a mut A,
}

impl<A> fmt::Debug for Member<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").finish_non_exhaustive()
    }
}

impl<'de, A: MapAccess<'de>> Member<'_, A> {
    /// Decodes the value into `slot`.
    ///
    /// # Errors
    /// If the value does not have the slot's type.
    #[inline]
    pub fn into_slot<T: Deserialize<'de>>(self, slot: &mut T) -> Result<(), A::Error> {
        *slot = self.map.next_value()?;
        Ok(())
    }

    /// Reads past the value.
    ///
    /// # Errors
    /// If the value is not well-formed.
    pub fn skip(self) -> Result<(), A::Error> {
        self.map.next_value::<IgnoredAny>().map(drop)
    }
}

/// Decodes a model; the body of its `Deserialize` implementation.
///
/// # Errors
/// If the value is no object, a member has the wrong type or a required member is missing.
pub fn deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    deserializer.deserialize_map(ModelVisitor(PhantomData))
}

struct ModelVisitor<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for ModelVisitor<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {}", M::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut model = M::default();
        let mut seen = 0_u64;
        let mut expected = 0;
        while let Some(found) = map.next_key_seed(MemberName {
            members: M::MEMBERS,
            expected,
        })? {
            let Some(index) = found else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            expected = index + 1;
            if let Some(bit) = M::REQUIRED.iter().position(|required| *required == index) {
                seen |= 1 << bit;
            }
            model.read(index, Member { map: &mut map })?;
        }
        for (bit, index) in M::REQUIRED.iter().enumerate() {
            if seen & (1 << bit) == 0 {
                return Err(A::Error::missing_field(M::MEMBERS[*index]));
            }
        }
        Ok(model)
    }
}

/// Finds a member's index. Services send members in a stable order, so the one after the last is tried first.
struct MemberName {
    members: &'static [&'static str],
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        if self.members.get(self.expected).is_some_and(|m| *m == name) {
            return Ok(Some(self.expected));
        }
        Ok(self.members.iter().position(|member| *member == name))
    }
}

/// A value that may be left out of the object it belongs to.
pub trait MaybeAbsent {
    /// Whether the member is to be left out.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> MaybeAbsent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// Writes an object member by member, leaving out what is absent.
#[derive(Debug)]
pub struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    /// Writes the member unless it is absent.
    ///
    /// # Errors
    /// Whatever encoding the value gives.
    pub fn optional<T: MaybeAbsent + Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        if value.is_absent() {
            return Ok(());
        }
        self.0.serialize_entry(name, value)
    }

    /// Writes the member.
    ///
    /// # Errors
    /// Whatever encoding the value gives.
    pub fn required<T: Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    /// Closes the object.
    ///
    /// # Errors
    /// Whatever closing the object gives.
    pub fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

/// Starts an object; the body of a model's `Serialize` implementation goes on with the result.
///
/// # Errors
/// Whatever opening the object gives.
pub fn members<S: Serializer>(serializer: S) -> Result<Members<S::SerializeMap>, S::Error> {
    serializer.serialize_map(None).map(Members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq)]
    struct Cat {
        id: String,
        lives: Option<u8>,
    }

    impl Model for Cat {
        const NAME: &'static str = "Cat";
        const MEMBERS: &'static [&'static str] = &["id", "lives"];
        const REQUIRED: &'static [usize] = &[0];

        fn read<'de, A: MapAccess<'de>>(
            &mut self,
            index: usize,
            value: Member<'_, A>,
        ) -> Result<(), A::Error> {
            match index {
                0 => value.into_slot(&mut self.id),
                1 => value.into_slot(&mut self.lives),
                _ => value.skip(),
            }
        }
    }

    impl<'de> Deserialize<'de> for Cat {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            deserialize(deserializer)
        }
    }

    fn cat(json: &str) -> Result<Cat, String> {
        serde_json::from_str(json).map_err(|e| e.to_string())
    }

    #[test]
    fn members_may_come_in_any_order_and_unknown_ones_are_ignored() {
        let expected = Ok(Cat {
            id: "tom".into(),
            lives: Some(9),
        });
        assert_eq!(cat(r#"{"id":"tom","lives":9}"#), expected);
        assert_eq!(
            cat(r#"{"x":{"id":1},"lives":9,"y":[],"id":"tom"}"#),
            expected
        );
    }

    #[test]
    fn absent_and_null_optional_members_are_none() {
        assert_eq!(cat(r#"{"id":"a"}"#).unwrap().lives, None);
        assert_eq!(cat(r#"{"id":"a","lives":null}"#).unwrap().lives, None);
    }

    #[test]
    fn a_missing_required_member_is_named() {
        assert!(cat("{}").unwrap_err().contains("missing field `id`"));
    }

    #[test]
    fn a_value_of_another_kind_says_what_was_expected() {
        assert!(cat("[]").unwrap_err().contains("expected object Cat"));
    }
}
