//! The one decoder: it walks JSON and fills slots.
//!
//! It is generic over the deserializer and over nothing else, so a program has it once and not once for each model.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, Expected, IgnoredAny, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_json::value::RawValue;

use super::slot::{Entries, Inside, List, Object, Slot, Table, Token};

/// Fills one slot.
pub(super) struct Fill<'a> {
    pub(super) slot: &'a mut dyn Slot,
    /// Whether `null` is a value here, and not one that is missing from a list.
    pub(super) null: bool,
}

impl<'de> DeserializeSeed<'de> for Fill<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if self.slot.is_json() {
            return keep(self.slot, deserializer);
        }
        deserializer.deserialize_any(self)
    }
}

/// Hands the JSON to the slot as it is.
#[inline(never)]
fn keep<'de, D: Deserializer<'de>>(slot: &mut dyn Slot, deserializer: D) -> Result<(), D::Error> {
    let json = Box::<RawValue>::deserialize(deserializer)?;
    match slot.put(Token::Json(json.get())) {
        Ok(()) => Ok(()),
        Err(_) => Err(refusal(slot, Unexpected::Other("another value"))),
    }
}

impl Fill<'_> {
    #[inline]
    fn put<E: Error>(self, token: Token<'_>) -> Result<(), E> {
        match self.slot.put(token) {
            Ok(()) => Ok(()),
            Err(_) => Err(refused(self.slot, token)),
        }
    }
}

#[cold]
#[inline(never)]
fn refused<E: Error>(slot: &mut dyn Slot, token: Token<'_>) -> E {
    let found = match token {
        Token::Null => Unexpected::Other("null"),
        Token::Bool(value) => Unexpected::Bool(value),
        Token::Integer(number) => Unexpected::Signed(number),
        Token::Unsigned(number) => Unexpected::Unsigned(number),
        Token::Float(number) => Unexpected::Float(number),
        Token::Text(text) => Unexpected::Str(text),
        Token::Json(_) => Unexpected::Other("another value"),
    };
    refusal(slot, found)
}

#[cold]
#[inline(never)]
fn refusal<E: Error>(slot: &mut dyn Slot, found: Unexpected<'_>) -> E {
    E::invalid_type(found, &Wanted(&slot.open()))
}

/// What a slot can hold, for error messages.
struct Wanted<'a>(&'a Inside<'a>);

impl Expected for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Inside::Nothing(expected) => f.write_str(expected),
            Inside::List(_) => f.write_str("a list"),
            Inside::Map(_) => f.write_str("a map"),
            Inside::Object(table, _) => write!(f, "object {}", table.name),
        }
    }
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline]
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.put(Token::Text(text))
    }

    #[inline]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(Token::Integer(number))
    }

    #[inline]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(match i64::try_from(number) {
            Ok(number) => Token::Integer(number),
            Err(_) => Token::Unsigned(number),
        })
    }

    #[inline]
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        self.put(Token::Float(number))
    }

    #[inline]
    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(Token::Bool(value))
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if !self.null {
            return Err(refused(self.slot, Token::Null));
        }
        self.put(Token::Null)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if let Inside::List(list) = self.slot.open() {
            return elements(list, items);
        }
        // Read to the end of the list, which is where the error is then.
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Err(refusal(self.slot, Unexpected::Seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.slot.open() {
            Inside::Object(table, object) => return members(table, object, map),
            Inside::Map(entries) => return pairs(entries, map),
            Inside::List(_) | Inside::Nothing(_) => {}
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(refusal(self.slot, Unexpected::Map))
    }
}

/// Adds an element to the list before it is known whether there is one more.
fn elements<'de, A: SeqAccess<'de>>(list: &mut dyn List, mut items: A) -> Result<(), A::Error> {
    let null = list.takes_null();
    while items.next_element_seed(Element { list, null })?.is_some() {}
    Ok(())
}

/// Adds one element to a list.
struct Element<'a> {
    list: &'a mut dyn List,
    null: bool,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Fill {
            slot: self.list.push(),
            null: self.null,
        }
        .deserialize(deserializer)
    }
}

fn pairs<'de, A: MapAccess<'de>>(entries: &mut dyn Entries, mut map: A) -> Result<(), A::Error> {
    while let Some(key) = map.next_key::<String>()? {
        let slot = entries.entry(key);
        map.next_value_seed(Fill { slot, null: true })?;
    }
    Ok(())
}

fn members<'de, A: MapAccess<'de>>(
    table: &'static Table,
    object: &mut dyn Object,
    mut map: A,
) -> Result<(), A::Error> {
    let mut seen = 0_u64;
    let mut expected = 0;
    while let Some(found) = map.next_key_seed(MemberName {
        members: table.members,
        expected,
    })? {
        expected = found.wrapping_add(1);
        let Some(slot) = object.slot(found) else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        // The last of several members of one name counts. No bit is kept from the 65th member on.
        let bit = 1_u64.checked_shl(found as u32).unwrap_or(0);
        if seen & bit == bit {
            empty(slot);
        }
        seen |= bit;
        map.next_value_seed(Fill { slot, null: true })?;
    }
    match table.required & !seen {
        0 => Ok(()),
        missing => Err(A::Error::missing_field(
            table.members[missing.trailing_zeros() as usize],
        )),
    }
}

/// Takes out of a slot what an earlier member of the same name has put there. Scalars need not be emptied.
#[cold]
#[inline(never)]
fn empty(slot: &mut dyn Slot) {
    let _ = slot.put(Token::Null);
}

/// The index of a member that is not in the table.
const UNKNOWN: usize = usize::MAX;
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
