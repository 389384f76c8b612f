//! Lists: searches, filters and exports.

pub(super) mod export;
pub(super) mod filter;
pub(super) mod search;
