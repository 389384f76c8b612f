//! Members of a partial update.

use serde::ser::{Serialize, Serializer};

use crate::wire::model::MaybeAbsent;
use crate::wire::sealed::Sealed;

/// A member of a partial update: leave it, clear it, or set it.
///
/// ```
/// use security_api_transport::Patch;
///
/// let notes: Patch<String> = "seen by the help desk".into();
/// assert_eq!(notes, Patch::Set("seen by the help desk".to_owned()));
/// assert_eq!(Patch::<String>::default(), Patch::Leave);
/// assert_eq!(Patch::<String>::from(None), Patch::Clear);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Patch<T> {
    /// Leave the member as it is: it is not sent.
    #[default]
    Leave,
    /// Clear the member: `null` is sent.
    Clear,
    /// Set the member to this value.
    Set(T),
}

impl<T> Sealed for Patch<T> {}

impl<T> MaybeAbsent for Patch<T> {
    fn is_absent(&self) -> bool {
        matches!(self, Self::Leave)
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Set(value)
    }
}

impl<T> From<Option<T>> for Patch<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Clear, Self::Set)
    }
}

impl From<&str> for Patch<String> {
    fn from(value: &str) -> Self {
        Self::Set(value.to_owned())
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Set(value) => value.serialize(serializer),
            Self::Leave | Self::Clear => serializer.serialize_none(),
        }
    }
}
