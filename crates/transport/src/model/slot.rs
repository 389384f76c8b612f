//! Values as they stand on the wire, in whichever of several ways a service writes them.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Unexpected, Visitor};

use super::{Model, Scalar, scalar};
use crate::raw::RawJson;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// What a member can hold.
///
/// It is read with the allowances that servers need: text may come as a number or a truth value, numbers as text, `null`
/// stands for an empty list, map or (if it requires nothing) object. Models have it; a type with a `Deserialize` of its
/// own needs one line:
///
/// ```
/// use security_api_transport::model::Slot;
///
/// #[derive(serde::Deserialize)]
/// struct Point(f64, f64);
///
/// impl<'de> Slot<'de> for Point {}
/// ```
pub trait Slot<'de>: Deserialize<'de> {
    /// Reads the value.
    ///
    /// # Errors
    /// If it does not have this type.
    #[inline]
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

/// Models read themselves.
impl<'de, M: Model + Deserialize<'de>> Slot<'de> for M {}

impl<'de> Slot<'de> for bool {}
impl<'de> Slot<'de> for serde_json::Value {}
impl<'de> Slot<'de> for RawJson {}

/// Types that are read as scalars.
macro_rules! scalar_slots {
    ($($type:ty),* $(,)?) => {$(
        impl<'de> Slot<'de> for $type {
            #[inline]
            fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar(deserializer)
            }
        }
    )*};
}

scalar_slots!(String, Secret, Timestamp, i32, i64, u8, u16, u32, u64, f64);

impl<'de, T: Slot<'de>> Slot<'de> for Option<T> {
    #[inline]
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(OptionVisitor(PhantomData))
    }
}

impl<'de, T: Slot<'de>> Slot<'de> for Vec<T> {
    #[inline]
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<'de, T: Slot<'de>> Slot<'de> for BTreeMap<String, T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MapVisitor(PhantomData))
    }
}

/// Reads a value of type `T`.
pub(super) struct SlotSeed<T>(pub(super) PhantomData<T>);

impl<'de, T: Slot<'de>> DeserializeSeed<'de> for SlotSeed<T> {
    type Value = T;

    #[inline(always)]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

struct OptionVisitor<T>(PhantomData<T>);

impl<'de, T: Slot<'de>> Visitor<'de> for OptionVisitor<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_unit<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<T>, E> {
        Ok(None)
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer).map(Some)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Slot<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_none<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(SlotSeed(PhantomData))? {
            list.push(item);
        }
        Ok(list)
    }
}

struct MapVisitor<T>(PhantomData<T>);

impl<'de, T: Slot<'de>> Visitor<'de> for MapVisitor<T> {
    type Value = BTreeMap<String, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeMap::new())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some(key) = entries.next_key()? {
            map.insert(key, entries.next_value_seed(SlotSeed(PhantomData))?);
        }
        Ok(map)
    }
}

impl Scalar for String {
    const EXPECTED: &'static str = "a string";

    #[inline]
    fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
        Ok(text.to_owned())
    }

    fn from_integer<E: serde::de::Error>(number: i64) -> Result<Self, E> {
        Ok(number.to_string())
    }

    fn from_unsigned<E: serde::de::Error>(number: u64) -> Result<Self, E> {
        Ok(number.to_string())
    }

    fn from_float<E: serde::de::Error>(number: f64) -> Result<Self, E> {
        Ok(number.to_string())
    }

    fn from_bool<E: serde::de::Error>(value: bool) -> Result<Self, E> {
        Ok(value.to_string())
    }
}

impl Scalar for Secret {
    const EXPECTED: &'static str = String::EXPECTED;

    fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
        Ok(text.into())
    }

    fn from_integer<E: serde::de::Error>(number: i64) -> Result<Self, E> {
        String::from_integer(number).map(Self::from)
    }

    fn from_unsigned<E: serde::de::Error>(number: u64) -> Result<Self, E> {
        String::from_unsigned(number).map(Self::from)
    }

    fn from_float<E: serde::de::Error>(number: f64) -> Result<Self, E> {
        String::from_float(number).map(Self::from)
    }

    fn from_bool<E: serde::de::Error>(value: bool) -> Result<Self, E> {
        String::from_bool(value).map(Self::from)
    }
}

/// Whole numbers: also as text, and as a number that is written with a fraction of nothing.
macro_rules! whole_numbers {
    ($($type:ident),*) => {$(
        impl Scalar for $type {
            const EXPECTED: &'static str = stringify!($type);

            fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
                let number = text.trim().parse();
                number.map_err(|_| E::invalid_type(Unexpected::Str(text), &Self::EXPECTED))
            }

            #[inline]
            fn from_integer<E: serde::de::Error>(number: i64) -> Result<Self, E> {
                Self::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Signed(number), &Self::EXPECTED))
            }

            fn from_unsigned<E: serde::de::Error>(number: u64) -> Result<Self, E> {
                Self::try_from(number)
                    .map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &Self::EXPECTED))
            }

            fn from_float<E: serde::de::Error>(number: f64) -> Result<Self, E> {
                // Up to here every whole number is a float of its own.
                const EXACT: f64 = 9_007_199_254_740_992.0;
                if number.fract() == 0.0 && number.abs() <= EXACT {
                    return Self::from_integer(number as i64);
                }
                Err(E::invalid_value(Unexpected::Float(number), &Self::EXPECTED))
            }
        }
    )*};
}

whole_numbers!(i32, i64, u8, u16, u32, u64);

impl Scalar for f64 {
    const EXPECTED: &'static str = "f64";

    fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
        let number = text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| E::invalid_type(Unexpected::Str(text), &Self::EXPECTED))
    }

    fn from_integer<E: serde::de::Error>(number: i64) -> Result<Self, E> {
        Ok(number as f64)
    }

    fn from_unsigned<E: serde::de::Error>(number: u64) -> Result<Self, E> {
        Ok(number as f64)
    }

    fn from_float<E: serde::de::Error>(number: f64) -> Result<Self, E> {
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Member, deserialize};

    #[derive(Debug, Default, PartialEq)]
    struct Loose {
        text: String,
        note: Option<String>,
        secret: Option<Secret>,
        count: i32,
        total: Option<i64>,
        size: u32,
        share: f64,
        tags: Vec<String>,
        places: BTreeMap<String, i64>,
        part: Part,
        maybe: Option<Part>,
        parts: Vec<Part>,
    }

    #[derive(Debug, Default, PartialEq)]
    struct Part {
        name: Option<String>,
    }

    #[derive(Debug, Default)]
    struct Named {
        name: String,
    }

    impl Model for Loose {
        const NAME: &'static str = "Loose";
        const MEMBERS: &'static [&'static str] = &[
            "text", "note", "secret", "count", "total", "size", "share", "tags", "places", "part",
            "maybe", "parts",
        ];

        fn read<'de, A: MapAccess<'de>>(
            &mut self,
            index: usize,
            value: Member<'_, A>,
        ) -> Result<(), A::Error> {
            match index {
                0 => value.into_slot(&mut self.text),
                1 => value.optional(&mut self.note),
                2 => value.into_slot(&mut self.secret),
                3 => value.into_slot(&mut self.count),
                4 => value.into_slot(&mut self.total),
                5 => value.into_slot(&mut self.size),
                6 => value.into_slot(&mut self.share),
                7 => value.into_slot(&mut self.tags),
                8 => value.into_slot(&mut self.places),
                9 => value.into_slot(&mut self.part),
                10 => value.into_slot(&mut self.maybe),
                11 => value.into_slot(&mut self.parts),
                _ => value.skip(),
            }
        }
    }

    impl Model for Part {
        const NAME: &'static str = "Part";
        const MEMBERS: &'static [&'static str] = &["name"];

        fn read<'de, A: MapAccess<'de>>(
            &mut self,
            index: usize,
            value: Member<'_, A>,
        ) -> Result<(), A::Error> {
            match index {
                0 => value.optional(&mut self.name),
                _ => value.skip(),
            }
        }
    }

    impl Model for Named {
        const NAME: &'static str = "Named";
        const MEMBERS: &'static [&'static str] = &["name"];
        const REQUIRED: &'static [usize] = &[0];

        fn read<'de, A: MapAccess<'de>>(
            &mut self,
            index: usize,
            value: Member<'_, A>,
        ) -> Result<(), A::Error> {
            match index {
                0 => value.into_slot(&mut self.name),
                _ => value.skip(),
            }
        }
    }

    macro_rules! deserializable {
        ($($type:ident),*) => {$(
            impl<'de> Deserialize<'de> for $type {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserialize(deserializer)
                }
            }
        )*};
    }

    deserializable!(Loose, Part, Named);

    fn read(json: &str) -> Result<Loose, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn text_may_come_as_a_number_or_a_truth_value() {
        for (json, text) in [
            (r#""7""#, "7"),
            ("7", "7"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
            ("1.5", "1.5"),
            ("true", "true"),
            ("false", "false"),
        ] {
            let read = read(&format!(
                r#"{{"text":{json},"note":{json},"secret":{json},"tags":[{json},"b"]}}"#
            ))
            .unwrap();
            assert_eq!(read.text, text);
            assert_eq!(read.note.as_deref(), Some(text));
            assert_eq!(read.secret.unwrap().expose(), text);
            assert_eq!(read.tags, [text, "b"]);
        }
        for json in ["{}", "[]"] {
            assert!(read(&format!(r#"{{"text":{json}}}"#)).is_err(), "{json}");
        }
    }

    #[test]
    fn numbers_may_come_as_text() {
        let expected = || Loose {
            count: -12,
            total: Some(9_000_000_000),
            size: 5,
            share: 0.25,
            places: BTreeMap::from([("a".to_owned(), 3)]),
            ..Loose::default()
        };
        for json in [
            r#"{"count":-12,"total":9000000000,"size":5,"share":0.25,"places":{"a":3}}"#,
            r#"{"count":"-12","total":" 9000000000 ","size":"5","share":"0.25","places":{"a":"3"}}"#,
            r#"{"count":-12.0,"total":9e9,"size":5.0,"share":2.5e-1,"places":{"a":3.0}}"#,
        ] {
            assert_eq!(read(json), Ok(expected()), "{json}");
        }
        assert_eq!(read(r#"{"share":3}"#).unwrap().share, 3.0);
        for wrong in [
            r#"{"count":"many"}"#,
            r#"{"count":""}"#,
            r#"{"count":3000000000}"#,
            r#"{"count":"3000000000"}"#,
            r#"{"count":1.5}"#,
            r#"{"count":true}"#,
            r#"{"count":null}"#,
            r#"{"size":-1}"#,
            r#"{"size":"-1"}"#,
            r#"{"total":9223372036854775808}"#,
            r#"{"total":1e300}"#,
            r#"{"share":"NaN"}"#,
            r#"{"share":"inf"}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn null_is_an_empty_list_map_or_object_and_none_where_a_value_is_optional() {
        let nothing = read(
            r#"{"note":null,"secret":null,"total":null,"tags":null,"places":null,"part":null,"maybe":null,"parts":null}"#,
        );
        assert_eq!(nothing, Ok(Loose::default()));
        let parts = read(r#"{"parts":[null,{"name":"a"},{}]}"#).unwrap().parts;
        assert_eq!(parts.len(), 3);
        assert_eq!(parts[1].name.as_deref(), Some("a"));
        // Not where a member is required, and no value of another kind.
        let named = serde_json::from_str::<Named>("null")
            .unwrap_err()
            .to_string();
        assert!(named.contains("missing field `name`"), "{named}");
        assert_eq!(
            serde_json::from_str::<Named>(r#"{"name":1}"#).unwrap().name,
            "1"
        );
        for wrong in [
            r#"{"part":[]}"#,
            r#"{"part":""}"#,
            r#"{"tags":{}}"#,
            r#"{"tags":""}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
