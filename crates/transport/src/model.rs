//! Reading and writing the objects of an API from tables instead of derived code.
//!
//! A model names its members once, in [`Model::MEMBERS`], and says in one `match` where each value goes. One decoder
//! fills these slots for all models, so none of them has a decoder of its own.

mod driver;
mod scalar;
mod slot;
mod write;

use serde::de::{DeserializeSeed, Deserializer};

use driver::{FillOther, Kind};
pub use scalar::Scalar;
pub use slot::{Entries, Inside, List, Object, Slot, Table, Token, Unfit};
pub use write::{MaybeAbsent, Members, members};

/// An object that an API sends.
///
/// Unknown members are ignored, absent ones keep the default, and a missing required one is an error that names it.
pub trait Model: Default {
    /// The name used in error messages.
    const NAME: &'static str;
    /// The members' names on the wire, in the order in which the service usually sends them.
    const MEMBERS: &'static [&'static str];
    /// Indices into [`Self::MEMBERS`], below 64, of the members without which the object makes no sense.
    const REQUIRED: &'static [usize] = &[];

    /// Indices into [`Self::MEMBERS`] of the members whose slots want JSON, see [`Slot::takes_json`].
    const JSON: &'static [usize] = &[];

    /// The slot of the member with this index, or `None` if there is no such member.
    fn slot(&mut self, index: usize) -> Option<&mut dyn Slot>;
}

/// Decodes a value into its slot; the body of a `Deserialize` implementation.
///
/// # Errors
/// If the value does not fit, or a required member is missing.
pub fn deserialize<'de, T: Slot, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut value = T::blank();
    let kind = Kind {
        takes_json: T::takes_json(),
        takes_null: T::takes_null(),
    };
    let slot = &mut value;
    FillOther { slot, kind }.deserialize(deserializer)?;
    Ok(value)
}

#[cfg(test)]
mod tests;
