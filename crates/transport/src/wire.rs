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
