//! Numbers that the vendor's documentation shows for what is sent at once, without names.
//!
//! None of them may be absent, because the service reads an absent number as 0.

pub(super) const DELAY: i32 = 0;
pub(super) const DELAY_UNIT: i32 = 1;
pub(super) const NO_LIMIT: i32 = 0;
