//! Writing objects member by member.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::wire::sealed::Sealed;

/// A value that may be left out of the object it belongs to. Sealed.
pub trait MaybeAbsent: Sealed {
    /// Whether the member is to be left out.
    fn is_absent(&self) -> bool;
}

impl<T> Sealed for Option<T> {}

impl<T> MaybeAbsent for Option<T> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }
}

/// What is not [`MaybeAbsent`]: a method call on a reference finds this one last.
#[doc(hidden)]
pub trait NeverAbsent {
    /// No.
    fn is_absent(&self) -> bool {
        false
    }
}

impl<T> NeverAbsent for &T {}

/// Writes an object member by member.
#[derive(Debug)]
pub struct Members<M>(M);

impl<M: SerializeMap> Members<M> {
    /// Writes the member unless it is absent.
    ///
    /// # Errors
    /// Whatever encoding the value gives.
    pub fn optional<T: MaybeAbsent + Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        match value.is_absent() {
            true => Ok(()),
            false => self.required(name, value),
        }
    }

    /// Writes the member.
    ///
    /// # Errors
    /// Whatever encoding the value gives.
    pub fn required<T: Serialize>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), M::Error> {
        self.0.serialize_entry(name, value)
    }

    /// Closes the object.
    ///
    /// # Errors
    /// Whatever closing the object gives.
    pub fn end(self) -> Result<M::Ok, M::Error> {
        self.0.end()
    }
}

/// Starts an object; the body of a model's `Serialize` implementation goes on with the result.
///
/// # Errors
/// Whatever opening the object gives.
pub fn members<S: Serializer>(serializer: S) -> Result<Members<S::SerializeMap>, S::Error> {
    serializer.serialize_map(None).map(Members)
}
