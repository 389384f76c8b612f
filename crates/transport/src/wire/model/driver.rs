//! The one decoder: it walks JSON and fills slots.
//!
//! It is generic over the deserializer and over nothing else, so a program has it once and not once for each model.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, Expected, IgnoredAny, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde_json::value::RawValue;

use super::member_rule::MemberRule;
use super::slot::{Entries, Fill, Inside, List, Object, Slot, Table, Token};
use crate::wire::foreign_response;

/// Fills the slot of a member. Objects are where the time goes, so this is compiled into their loop and used nowhere
/// else.
struct FillSlot<'a>(&'a mut dyn Slot);

impl<'de> DeserializeSeed<'de> for FillSlot<'_> {
    type Value = ();

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Hands the JSON to the slot as it is.
struct Keep<'a>(&'a mut dyn Slot);

impl<'de> DeserializeSeed<'de> for Keep<'_> {
    type Value = ();

    #[inline(never)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let json = Box::<RawValue>::deserialize(deserializer)?;
        match self.0.put(Token::Json(json.get())) {
            Ok(()) => Ok(()),
            Err(_) => Err(refusal(self.0, Unexpected::Other("another value"))),
        }
    }
}

impl FillSlot<'_> {
    #[inline]
    fn put<E: Error>(self, token: Token<'_>) -> Result<(), E> {
        match self.0.put(token) {
            Ok(()) => Ok(()),
            Err(_) => Err(refused(self.0, token)),
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
            Inside::Object(table, _) => write!(f, "object {}", table.names.name),
        }
    }
}

impl<'de> Visitor<'de> for FillSlot<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    #[inline(always)]
    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        match self.0.text(text) {
            Ok(()) => Ok(()),
            Err(_) => Err(refused(self.0, Token::Text(text))),
        }
    }

    #[inline(always)]
    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<(), E> {
        self.visit_str(text)
    }

    #[inline]
    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        self.put(Token::Integer(number))
    }

    #[inline]
    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        self.put(whole(number))
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
        self.put(Token::Null)
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if let Inside::List(list) = self.0.open() {
            return elements(list, items);
        }
        // Read to the end of the list, which is where the error is then.
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Err(refusal(self.0, Unexpected::Seq))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        match self.0.open() {
            Inside::Object(table, object) => return object_of(table, object, map).map(drop),
            Inside::Map(entries) => return pairs(entries, map),
            Inside::List(_) | Inside::Nothing(_) => {}
        }
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(refusal(self.0, Unexpected::Map))
    }
}

#[inline(never)]
fn elements<'de, A: SeqAccess<'de>>(list: &mut dyn List, mut items: A) -> Result<(), A::Error> {
    let kind = Kind {
        takes_json: list.takes_json(),
        takes_null: list.takes_null(),
        is_whole: false,
    };
    let mut count = 0;
    while items.next_element_seed(Element { list, kind })?.is_some() {
        count += 1;
        if count > MOST_OBJECTS && !kind.takes_null {
            return Err(A::Error::custom("more than 100,000 objects in one list"));
        }
    }
    Ok(())
}

/// The most objects that one list may have: a few kilobytes of compressed `{}` would become gigabytes.
const MOST_OBJECTS: u32 = 100_000;

/// What the slots outside of objects have in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) takes_json: bool,
    pub(super) takes_null: bool,
    /// Whether it is a whole response, see [`whole_response`](crate::wire::foreign_response::whole_response).
    pub(super) is_whole: bool,
}

/// Adds one element to a list.
struct Element<'a> {
    list: &'a mut dyn List,
    kind: Kind,
}

impl<'de> DeserializeSeed<'de> for Element<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let slot = self.list.push();
        let kind = self.kind;
        FillOther { slot, kind }.deserialize(deserializer)
    }
}

/// Fills any other slot.
pub(super) struct FillOther<'a> {
    pub(super) slot: &'a mut dyn Slot,
    pub(super) kind: Kind,
}

impl<'de> DeserializeSeed<'de> for FillOther<'_> {
    type Value = ();

    #[inline(never)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        match self.kind.takes_json {
            true => Keep(self.slot).deserialize(deserializer),
            false => deserializer.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for FillOther<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        FillSlot(self.slot).visit_str(text)
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        FillSlot(self.slot).visit_i64(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        FillSlot(self.slot).visit_u64(number)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        FillSlot(self.slot).visit_f64(number)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        FillSlot(self.slot).visit_bool(value)
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        match self.kind.takes_null {
            true => FillSlot(self.slot).visit_unit(),
            false => Err(refused(self.slot, Token::Null)),
        }
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        FillSlot(self.slot).visit_seq(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        if self.kind.is_whole
            && let Inside::Object(table, object) = self.slot.open()
        {
            return match object_of(table, object, map)? {
                Found::Nothing => Err(foreign_response::error(table.names.name)),
                Found::Members => Ok(()),
            };
        }
        FillSlot(self.slot).visit_map(map)
    }
}

#[inline(never)]
fn pairs<'de, A: MapAccess<'de>>(entries: &mut dyn Entries, mut map: A) -> Result<(), A::Error> {
    let kind = Kind {
        takes_json: entries.takes_json(),
        takes_null: true,
        is_whole: false,
    };
    while let Some(key) = map.next_key::<String>()? {
        let slot = entries.entry(key);
        map.next_value_seed(FillOther { slot, kind })?;
    }
    Ok(())
}

/// What an object had.
enum Found {
    /// Members that are known, or none at all.
    Members,
    /// Only members that are not known.
    Nothing,
}

#[inline(never)]
fn object_of<'de, A: MapAccess<'de>>(
    table: &'static Table,
    object: &mut dyn Object,
    map: A,
) -> Result<Found, A::Error> {
    struct Read<'de, A: MapAccess<'de>>(&'static Table, Option<A>, Result<Found, A::Error>);

    impl<'de, A: MapAccess<'de>> Fill for Read<'de, A> {
        fn fill(&mut self, slots: &mut [&mut dyn Slot]) {
            if let Some(map) = self.1.take() {
                self.2 = members(self.0, slots, map);
            }
        }
    }

    let mut read = Read(table, Some(map), Ok(Found::Members));
    object.slots(&mut read);
    read.2
}

fn members<'de, A: MapAccess<'de>>(
    table: &'static Table,
    slots: &mut [&mut dyn Slot],
    mut map: A,
) -> Result<Found, A::Error> {
    let mut seen = 0_u64;
    let mut is_known = false;
    let mut has_others = false;
    // Members that came before, or that are wanted as JSON.
    let mut rare = table.json;
    let mut names = Names {
        members: table.names.wire,
        expected: 0,
    };
    while let Some(index) = map.next_key_seed(&mut names)? {
        let Some(slot) = slots.get_mut(index) else {
            map.next_value::<IgnoredAny>()?;
            has_others = true;
            continue;
        };
        is_known = true;
        let bit = 1_u64.wrapping_shl(index as u32);
        // One test for all that is rare.
        let is_rare = index >= 64 || bit & rare != 0;
        if index < 64 {
            seen |= bit;
            rare |= bit;
        }
        if is_rare && empty_rare(table, index, *slot) {
            map.next_value_seed(Keep(*slot))?;
            continue;
        }
        map.next_value_seed(FillSlot(*slot))?;
    }
    match table.required & !seen {
        0 if has_others && !is_known && !slots.is_empty() => Ok(Found::Nothing),
        0 => Ok(Found::Members),
        missing => Err(A::Error::missing_field(
            table.names.wire[missing.trailing_zeros() as usize],
        )),
    }
}

/// A whole number of 64 bits.
fn whole(number: u64) -> Token<'static> {
    match i64::try_from(number) {
        Ok(number) => Token::Integer(number),
        Err(_) => Token::Unsigned(number),
    }
}

/// Empties a slot that is rare: an earlier member of the same name may have filled it, and the last one counts. Returns
/// whether the slot wants JSON.
#[cold]
#[inline(never)]
fn empty_rare(table: &Table, index: usize, slot: &mut dyn Slot) -> bool {
    let _ = slot.put(Token::Null);
    let names = &table.names;
    names.rules.contains(&(names.wire[index], MemberRule::Json))
}

/// Finds the indices of members by their names. Services send members in a stable order, so the one after the last is
/// tried first.
struct Names {
    members: &'static [&'static str],
    expected: usize,
}

impl<'de> DeserializeSeed<'de> for &mut Names {
    type Value = usize;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<'de> Visitor<'de> for &mut Names {
    type Value = usize;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    #[inline(always)]
    fn visit_str<E: Error>(self, name: &str) -> Result<usize, E> {
        let found = match self.members.get(self.expected) {
            Some(member) if is_same(member, name) => self.expected,
            _ => find(self.members, name),
        };
        self.expected = found.wrapping_add(1);
        Ok(found)
    }

    #[inline(always)]
    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<usize, E> {
        self.visit_str(name)
    }
}

/// The index of the member of this name, or one that no table has.
#[inline(never)]
fn find(members: &[&str], name: &str) -> usize {
    let found = members.iter().position(|member| is_same(member, name));
    found.unwrap_or(usize::MAX)
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
    if let (Some(first), Some(last)) = (a.first_chunk::<4>(), a.last_chunk::<4>()) {
        return b.first_chunk() == Some(first) && b.last_chunk() == Some(last);
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
            "abcd",
            "abcde",
            "abcdf",
            "xbcde",
            "abcdefgh",
            "abcdefgi",
            "abcdefghi",
            "abcdefgh12345678",
            "abcdefgh12345679",
        ];
        let long = [
            "abcdefgh1x2345678",
            "abcdefgh1y2345678",
            "abcdefgh1x234567812345678",
            "abcdefgh1y234567812345678",
        ];
        for a in names.iter().chain(&long) {
            for b in names.iter().chain(&long) {
                assert_eq!(is_same(a, b), a == b, "{a} {b}");
            }
        }
    }
}
