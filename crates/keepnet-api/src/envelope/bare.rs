//! Errors without an envelope.

use std::borrow::Cow;
use std::fmt;

use security_api_transport::ValidationMessages;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{messages, text};

/// An error without an envelope: `ProblemDetails` (RFC 7807), `{error, error_description}` (RFC 6749), `{errors:
/// [{message}]}`, or parts of an envelope. Its members are decoded on demand.
#[derive(Default)]
pub(crate) struct Bare<'a>([Option<&'a RawValue>; NAMES.len()]);

/// The members that are read, matched without regard to case.
const NAMES: [&str; 8] = [
    "status",
    "error",
    "title",
    "detail",
    "message",
    "error_description",
    "validationMessages",
    "errors",
];

impl<'a> Bare<'a> {
    /// Finds the members; there are none if the text is not a JSON object.
    pub(crate) fn read(json: &'a [u8]) -> Self {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        match deserializer.deserialize_map(BareVisitor) {
            Ok(bare) if deserializer.end().is_ok() => bare,
            _ => Self::default(),
        }
    }

    /// The first of these members that is present.
    fn member(&self, names: &[&str]) -> Option<&'a RawValue> {
        names.iter().find_map(|name| {
            let place = NAMES.iter().position(|known| known == name)?;
            self.0[place].filter(|value| value.get() != "null")
        })
    }

    /// The text of that member.
    pub(crate) fn text(&self, names: &[&str]) -> Option<String> {
        self.member(names).and_then(text).map(Cow::into_owned)
    }

    pub(crate) fn validation(&self) -> ValidationMessages {
        messages(self.member(&["validationMessages", "errors"]))
    }
}

struct BareVisitor;

impl<'de> Visitor<'de> for BareVisitor {
    type Value = Bare<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Bare<'de>, A::Error> {
        let mut bare = Bare::default();
        while let Some(place) = map.next_key_seed(BareName)? {
            match place {
                Some(place) => bare.0[place] = Some(map.next_value()?),
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(bare)
    }
}

struct BareName;

impl<'de> DeserializeSeed<'de> for BareName {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for BareName {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        Ok(NAMES
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_object_has_no_members() {
        for (json, expected) in [
            (r#"{"error":"x"} "#, true),
            (r#"{"error":"x"} more"#, false),
            (r#"["error"]"#, false),
        ] {
            let bare = Bare::read(json.as_bytes());
            assert_eq!(bare.member(&["error"]).is_some(), expected, "{json}");
        }
    }
}
