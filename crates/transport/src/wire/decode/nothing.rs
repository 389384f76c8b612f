//! What is decoded where a response has no body.

use serde::de::{Deserializer, Visitor};

/// No value.
#[derive(Clone, Copy)]
pub(crate) enum Nothing {
    /// Nothing was sent. Unlike `null`, it is not decoded as an object without members.
    Empty,
    /// The type needs no value.
    Unit,
}

impl<'de> Deserializer<'de> for Nothing {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match self {
            Self::Empty => visitor.visit_none(),
            Self::Unit => Err(serde::de::Error::custom("")),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        match self {
            Self::Empty => visitor.visit_unit(),
            Self::Unit => self.deserialize_any(visitor),
        }
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}
