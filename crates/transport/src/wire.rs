//! How values stand in requests and responses.

pub(crate) mod any_json;
pub(crate) mod decode;
pub(crate) mod failure_members;
pub(crate) mod foreign_response;
pub(crate) mod media_type;
pub mod model;
pub mod open_enum;
pub(crate) mod patch;
pub(crate) mod raw;
pub(crate) mod retry_after;
pub(crate) mod sealed;
pub(crate) mod secret;
pub(crate) mod timestamp;

/// Whether 64 bits cannot hold a number that is no integer of 64 bits. A program that holds it as floating point has
/// lost digits.
fn has_lost_digits(number: f64) -> bool {
    // -2^63 is an integer unless it is written as a fraction or rounded.
    number <= -9_223_372_036_854_775_808.0 || number >= 18_446_744_073_709_551_616.0
}
