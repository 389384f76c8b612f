//! Reading and writing the objects of an API from tables instead of derived code.
//!
//! A model names its members once, in [`Model::MEMBERS`], and says in one `match` where each value goes. Everything
//! else is here, once, and generic at the call site: the crate that declares a thousand models compiles none of their
//! decoders.

mod slot;

use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Unexpected, Visitor,
};
use serde::ser::{Serialize, SerializeMap, Serializer};

pub use slot::Slot;
use slot::SlotSeed;

/// An object that an API sends.
///
/// Unknown members are ignored, absent ones keep the default, and a missing required one is an error that names it.
pub trait Model: Default {
    /// The name used in error messages.
    const NAME: &'static str;
    /// The members' names on the wire, in the order in which the service usually sends them.
    const MEMBERS: &'static [&'static str];
    /// Indices into [`Self::MEMBERS`], below 64, of the members without which the object makes no sense.
    const REQUIRED: &'static [usize] = &[];

    /// Takes the value of the member with this index out of `value`; skips it if there is no such member.
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
    /// Decodes the value into `slot`, with the allowances of [`Slot`].
    ///
    /// # Errors
    /// If the value does not have the slot's type.
    #[inline(always)]
    pub fn into_slot<T: Slot<'de>>(self, slot: &mut T) -> Result<(), A::Error> {
        *slot = self.map.next_value_seed(SlotSeed(PhantomData))?;
        Ok(())
    }

    /// Decodes a text, time or open enumeration into `slot`; `null` is none. One step where `into_slot` takes two.
    ///
    /// # Errors
    /// If the value does not have the slot's type.
    #[inline(always)]
    pub fn optional<T: Scalar>(self, slot: &mut Option<T>) -> Result<(), A::Error> {
        *slot = self.map.next_value_seed(OptionalScalar(PhantomData))?;
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

/// A value that stands on the wire as one text or number.
pub trait Scalar: Sized {
    /// What it is, for error messages.
    const EXPECTED: &'static str;

    /// From text.
    ///
    /// # Errors
    /// If this text is no such value.
    fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E>;

    /// From a whole number.
    ///
    /// # Errors
    /// If this number is no such value.
    fn from_integer<E: serde::de::Error>(number: i64) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Signed(number), &Self::EXPECTED))
    }

    /// From a whole number above those.
    ///
    /// # Errors
    /// If this number is no such value.
    fn from_unsigned<E: serde::de::Error>(number: u64) -> Result<Self, E> {
        Err(E::invalid_value(
            Unexpected::Unsigned(number),
            &Self::EXPECTED,
        ))
    }

    /// From any other number.
    ///
    /// # Errors
    /// If this number is no such value.
    fn from_float<E: serde::de::Error>(number: f64) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Float(number), &Self::EXPECTED))
    }

    /// From a truth value.
    ///
    /// # Errors
    /// If it is no such value.
    fn from_bool<E: serde::de::Error>(value: bool) -> Result<Self, E> {
        Err(E::invalid_type(Unexpected::Bool(value), &Self::EXPECTED))
    }
}

/// Decodes a scalar; the body of its `Deserialize` implementation.
///
/// # Errors
/// If the value does not have this type, or is `null`.
pub fn scalar<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = OptionalScalar(PhantomData).deserialize(deserializer)?;
    value.ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &T::EXPECTED))
}

struct OptionalScalar<T>(PhantomData<T>);

impl<'de, T: Scalar> DeserializeSeed<'de> for OptionalScalar<T> {
    type Value = Option<T>;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<T: Scalar> Visitor<'_> for OptionalScalar<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    #[inline]
    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Option<T>, E> {
        T::from_text(text).map(Some)
    }

    #[inline]
    fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Option<T>, E> {
        T::from_integer(number).map(Some)
    }

    #[inline]
    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Option<T>, E> {
        match i64::try_from(number) {
            Ok(number) => T::from_integer(number).map(Some),
            Err(_) => T::from_unsigned(number).map(Some),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Option<T>, E> {
        T::from_bool(value).map(Some)
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Option<T>, E> {
        T::from_float(number).map(Some)
    }
}

/// Decodes a model; the body of its `Deserialize` implementation.
///
/// # Errors
/// If the value is no object (nor `null`, where nothing is required), a member has the wrong type or a required member
/// is missing.
pub fn deserialize<'de, M: Model, D: Deserializer<'de>>(deserializer: D) -> Result<M, D::Error> {
    deserializer.deserialize_any(ModelVisitor(PhantomData))
}

struct ModelVisitor<M>(PhantomData<M>);

impl<'de, M: Model> Visitor<'de> for ModelVisitor<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "object {}", M::NAME)
    }

    /// `null` stands for the object without members.
    fn visit_unit<E: serde::de::Error>(self) -> Result<M, E> {
        match M::REQUIRED.first() {
            None => Ok(M::default()),
            Some(&member) => Err(E::missing_field(M::MEMBERS[member])),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut model = M::default();
        let mut seen = 0_u64;
        let mut expected = 0;
        let required = const { required_bits(M::REQUIRED) };
        while let Some(found) = map.next_key_seed(MemberName {
            members: M::MEMBERS,
            expected,
        })? {
            expected = found.wrapping_add(1);
            if found < 64 {
                seen |= 1 << found;
            }
            model.read(found, Member { map: &mut map })?;
        }
        match required & !seen {
            0 => Ok(model),
            missing => Err(A::Error::missing_field(
                M::MEMBERS[missing.trailing_zeros() as usize],
            )),
        }
    }
}

/// The index of a member that is not in the table.
const UNKNOWN: usize = usize::MAX;

/// The required members as a set of bits.
const fn required_bits(required: &[usize]) -> u64 {
    let mut bits = 0;
    let mut i = 0;
    while i < required.len() {
        assert!(
            required[i] < 64,
            "required members stand among the first 64"
        );
        bits |= 1 << required[i];
        i += 1;
    }
    bits
}

/// Finds a member's index. Services send members in a stable order, so the one after the last is tried first.
struct MemberName {
    members: &'static [&'static str],
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = usize;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    #[inline(always)]
    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Self::Value, E> {
        match self.members.get(self.expected) {
            Some(member) if is_same(member, name) => Ok(self.expected),
            _ => Ok(find(self.members, name)),
        }
    }
}

#[inline(never)]
fn find(members: &[&str], name: &str) -> usize {
    let found = members.iter().position(|member| is_same(member, name));
    found.unwrap_or(UNKNOWN)
}

/// Compares two short texts without a call.
#[inline(always)]
fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    if let (Some(first), Some(last)) = (a.first_chunk::<8>(), a.last_chunk::<8>()) {
        return b.first_chunk() == Some(first)
            && b.last_chunk() == Some(last)
            && match a.len() {
                ..=16 => true,
                17..=24 => a[8..16] == b[8..16],
                _ => a == b,
            };
    }
    a.iter().zip(b).all(|(a, b)| a == b)
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
    use serde::Deserialize;

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
    fn names_are_compared_whole() {
        let names = [
            "",
            "a",
            "b",
            "abcdefgh",
            "abcdefgi",
            "abcdefghi",
            "abcdefgh12345678",
            "abcdefgh12345679",
        ];
        let long = ["abcdefgh1x2345678", "abcdefgh1y2345678"];
        for a in names.iter().chain(&long) {
            for b in names.iter().chain(&long) {
                assert_eq!(is_same(a, b), a == b, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_value_of_another_kind_says_what_was_expected() {
        assert!(cat("[]").unwrap_err().contains("expected object Cat"));
    }
}
