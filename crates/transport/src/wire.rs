//! How values stand in requests and responses.

pub(crate) mod decode;
pub(crate) mod media_type;
pub mod model;
pub mod open_enum;
pub(crate) mod patch;
pub(crate) mod raw;
pub(crate) mod retry_after;
pub(crate) mod sealed;
pub(crate) mod secret;
pub(crate) mod timestamp;

/// Whole numbers from here on do not fit 64 bits. A program that holds them as floating point has lost digits.
const BEYOND_64_BITS: f64 = 18_446_744_073_709_551_616.0;
