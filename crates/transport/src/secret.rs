//! Text that is never shown.

use std::cell::Cell;
use std::fmt;

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use zeroize::Zeroizing;

/// Secret text: shown as `[redacted]`, cleared when dropped.
///
/// It is serialised only where a request's body is written ([`Request::json`](crate::Request::json)). Anywhere else
/// serialising it, alone or within a model, is an error: a model that is written to a log or a file by mistake takes no
/// secret along, and nobody stores `[redacted]` in its place and sends that later. Where it is meant, write
/// [`expose`](Self::expose).
///
/// ```
/// use security_api_transport::Secret;
///
/// let key = Secret::from("correct horse");
/// assert_eq!(format!("{key:?}"), "[redacted]");
/// assert_eq!(key.expose(), "correct horse");
/// assert!(serde_json::to_string(&key).is_err());
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The secret itself. Keep it out of logs, errors and URLs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// So that a secret id can stand where an id is expected.
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

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

thread_local! {
    /// A request's body is being written on this thread.
    static ON_THE_WIRE: Cell<bool> = const { Cell::new(false) };
}

/// Runs this with secrets being serialised as they are.
pub(crate) fn on_the_wire<T>(write: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            ON_THE_WIRE.set(self.0);
        }
    }

    let _restore = Restore(ON_THE_WIRE.replace(true));
    write()
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if ON_THE_WIRE.get() {
            return serializer.serialize_str(self.expose());
        }
        Err(S::Error::custom(
            "a secret is serialised only into a request's body; use `Secret::expose` where it is meant to be elsewhere",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_on_the_wire_and_nowhere_else() {
        let secret = Secret::from("s3cret");
        let write = || serde_json::to_string(&[Some(&secret)]);
        let error = write().unwrap_err().to_string();
        assert!(error.contains("expose") && !error.contains("s3cret"));
        assert_eq!(on_the_wire(write).unwrap(), r#"["s3cret"]"#);
        let panicked = std::panic::catch_unwind(|| on_the_wire(|| panic!("on purpose")));
        assert!(panicked.is_err() && write().is_err());
    }
}
