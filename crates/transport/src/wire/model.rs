//! Reading and writing the objects of an API from tables instead of derived code.
//!
//! A model names its members in [`Model::NAMES`] and gives the slot of each. One decoder fills these slots for all
//! models, so none of them has a decoder of its own. A service's generated code declares its models member by member;
//! programs rarely need this.
//!
//! # Tolerances
//!
//! Services do not always send what their documentation says. What has one meaning is read:
//!
//! | where | what is sent | what becomes of it |
//! |---|---|---|
//! | object | unknown members | ignored |
//! | an object that is a whole response, not in an envelope | unknown members and no known one | an error, because it comes from elsewhere |
//! | object | a member twice | the last one counts |
//! | object | a required member is missing | an error that names it |
//! | optional member | `null`, or nothing | `None` |
//! | list, map, or object without required members | `null` | empty |
//! | list of objects | more than 100,000 of them | an error |
//! | list of objects | `null` as an element | an error: an object of nothing is no element |
//! | map with optional values | `null` as a value | `None` |
//! | text, secret | a number, `true`, `false` | its text; digits beyond 64 bits are kept as they were sent |
//! | whole number | text, `5.0` | the number, if it fits |
//! | whole number | a number that does not fit, or a fraction above 2^53 | an error |
//! | `f64` | text | the number |
//! | `f64` | a whole number above 2^53 | rounded to the nearest number that `f64` has |
//! | `f64` | a number that is too large, as `1e400` | an error |
//! | truth value | `1`, `0`, `"1"`, `"0"`, `"true"`, `"false"` in any case | the truth value |
//! | time | a number | UNIX seconds; from 100,000,000,000 on milliseconds (as seconds these are after the year 5138) |
//! | time | a number as text | the same |
//! | time | RFC 3339 without an offset, or a date alone | read as UTC |
//! | time | a time after 9999-12-30T22:00:00Z in the year 9999 | [`Timestamp`](crate::Timestamp)'s last time, 9999-12-30T22:00:00.999999999Z |
//! | optional time | text or a number that is no time, as `""` | `None`, with an event of `tracing` at debug level unless it is empty |
//! | open enumeration of numbers | anything | what becomes of a whole number, and the value that this is |
//! | open enumeration of texts | an integer | the value it is the code of, or its digits as an unknown value |
//!
//! Text that is no correct JSON, or that does not decode, is repaired and decoded a second time, with an event of
//! `tracing` at warn level. The raw JSON within such a value is that of the repaired text.
//!
//! | what is sent | what is read |
//! |---|---|
//! | a byte order mark before the text | nothing |
//! | half of a surrogate pair, as `"\ud83d"` alone | U+FFFD |
//! | bytes in a string that are not UTF-8 | U+FFFD |
//! | a number that 64 bits cannot hold, as `1e400` or one of 400 digits | a text with these digits |

mod declare;
mod driver;
mod member_rule;
mod scalar;
mod show;
mod slot;
mod value;
mod write;

use serde::de::{DeserializeSeed, Deserializer};

use driver::{FillOther, Kind};
#[doc(hidden)]
pub use member_rule::MemberRule;
pub use scalar::Scalar;
pub use show::{debug, equal};
pub use slot::{Entries, Fill, Inside, List, Model, Object, Slot, Table, Token, Unfit};
pub use value::{Names, Shape, Shaped, Show, Value, Values};
pub use write::{form, serialize, urlencoded};

use crate::wire::foreign_response::is_whole_response;

/// Decodes a value into its slot; the body of a `Deserialize` implementation.
///
/// # Errors
/// If the value does not fit, or a required member is missing.
#[inline(always)]
pub fn deserialize<'de, T: Slot, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let mut value = T::blank();
    let kind = Kind {
        takes_json: T::takes_json(),
        takes_null: T::takes_null(),
        is_whole: is_whole_response(),
    };
    let slot = &mut value;
    FillOther { slot, kind }.deserialize(deserializer)?;
    Ok(value)
}

#[cfg(test)]
mod tests;
