//! Keeps traits of the decoder from being implemented elsewhere.

/// A supertrait that cannot be named outside of this crate.
pub trait Sealed {}
