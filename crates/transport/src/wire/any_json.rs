//! Going through JSON of any shape.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// Goes through a JSON value of any shape. Numbers, booleans and null are ignored.
pub(crate) trait AnyJson<'de>: Sized {
    fn text(self, text: &str);

    fn list<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error>;

    fn object<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error>;
}

/// Reads a value with an [`AnyJson`].
pub(crate) struct Through<W>(pub(crate) W);

impl<'de, W: AnyJson<'de>> DeserializeSeed<'de> for Through<W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: AnyJson<'de>> Visitor<'de> for Through<W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<(), A::Error> {
        self.0.list(items)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<(), A::Error> {
        self.0.object(members)
    }
}
