//! Secret text.

mod hide;
mod of_call;
mod on_the_wire;

use std::fmt;

use bytes::Bytes;
use serde::de::{Deserialize, Deserializer};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::text::is_white_space;

pub(crate) use hide::hide;
pub(crate) use of_call::Secrets;
pub(crate) use on_the_wire::{WipedBuffer, on_the_wire};

/// Secret text: shown as `[redacted]`, and cleared when dropped.
///
/// It is serialised only into a request's body ([`Request::json`](crate::Request::json)). Serialising it anywhere else,
/// alone or within a model, is an error: a model that is written to a log or a file by mistake discloses no secret, and
/// `[redacted]` is never stored and sent later. To write it on purpose, use [`expose`](Self::expose).
///
/// ```
/// use security_api_transport::Secret;
///
/// let key = Secret::from("correct horse");
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// assert_eq!(key.expose(), "correct horse");
/// assert!(serde_json::to_string(&key).is_err());
/// ```
#[derive(Clone, Default, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself. Keep it out of logs, errors and URLs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Why it is not sent under this name, if it is empty or blank: a service takes such a secret for none, or anybody
    /// can guess it.
    pub(crate) fn refusal(&self, name: &str) -> Option<String> {
        is_white_space(self.expose()).then(|| {
            format!("`{name}` is empty or blank: give a secret, or leave it out if it is optional")
        })
    }

    /// The secret as the bytes of a body, cleared with the last handle to them.
    pub(crate) fn to_bytes(&self) -> Bytes {
        Bytes::from_owner(Zeroizing::new(self.expose().as_bytes().to_vec()))
    }
}

/// Compares in constant time, so that the time does not reveal how much of a guess was right. Only the length may be
/// revealed.
impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose()
            .as_bytes()
            .ct_eq(other.expose().as_bytes())
            .into()
    }
}

impl From<&Secret> for Secret {
    fn from(value: &Self) -> Self {
        value.clone()
    }
}

/// Lets a secret id stand where an id is expected.
impl AsRef<str> for Secret {
    fn as_ref(&self) -> &str {
        self.expose()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(Zeroizing::new(value))
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(Zeroizing::new(value.to_owned()))
    }
}

impl From<&String> for Secret {
    fn from(value: &String) -> Self {
        value.as_str().into()
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_equal_only_if_all_of_them_is() {
        let secret = |text: &str| Secret::from(text);
        assert_eq!(secret("s3cret"), secret("s3cret"));
        assert_eq!(secret(""), Secret::default());
        for other in ["", "s3cre", "s3crets", "S3cret", "s3creT", "\u{0}s3cret"] {
            assert_ne!(secret("s3cret"), secret(other));
        }
    }
}
