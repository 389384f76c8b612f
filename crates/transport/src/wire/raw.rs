//! Raw JSON.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::error::Error;
use crate::wire::decode;

/// A JSON value as the service sent it, byte for byte.
///
/// Items of a page share the page's memory; nothing is copied until an item is decoded. It serialises as the value
/// itself.
#[derive(Clone, PartialEq, Eq)]
pub struct RawJson(Bytes);

impl RawJson {
    /// Checks that this is JSON, without decoding it.
    ///
    /// # Errors
    /// If it is not JSON.
    pub fn parse(json: impl Into<Bytes>) -> Result<Self, Error> {
        let json = json.into();
        decode::strict::<serde::de::IgnoredAny>(&json)?;
        Ok(Self(json))
    }

    /// From JSON that is known to be UTF-8.
    pub(crate) fn from_utf8(json: Bytes) -> Self {
        Self(json)
    }

    /// From JSON whose strings may not be UTF-8: then it is repaired.
    pub(crate) fn readable(json: &Bytes) -> Option<Self> {
        match decode::text(json) {
            Ok(_) => Some(Self(json.clone())),
            Err(_) => decode::repair(json).map(|text| Self(text.into())),
        }
    }

    /// `null`.
    pub(crate) fn null() -> Self {
        Self(Bytes::from_static(b"null"))
    }

    /// Copies a text that is known to be JSON.
    pub(crate) fn copy(json: &str) -> Self {
        Self(Bytes::copy_from_slice(json.as_bytes()))
    }

    /// The text, as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The text, sharing its memory.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        self.0.clone()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("checked when it was made")
    }

    /// The text on one line, as JSON Lines requires. Nothing is copied unless the service sent line breaks.
    #[must_use]
    pub fn to_line(&self) -> Cow<'_, str> {
        let text = self.as_str();
        if !text.contains(['\r', '\n']) {
            return Cow::Borrowed(text);
        }
        // Line breaks within strings are escaped, so unescaped ones stand between tokens.
        Cow::Owned(text.replace(['\r', '\n'], " "))
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// If the value does not have this type; the error says where.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        decode::json(&self.0)
    }
}

impl From<&RawValue> for RawJson {
    fn from(value: &RawValue) -> Self {
        Self(Bytes::copy_from_slice(value.get().as_bytes()))
    }
}

/// Shows the length, not the content.
impl fmt::Debug for RawJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawJson({} bytes)", self.0.len())
    }
}

impl Serialize for RawJson {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue =
            serde_json::from_str(self.as_str()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RawJson {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self(Bytes::from(String::from(Box::<str>::from(raw)))))
    }
}
