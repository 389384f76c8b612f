//! Where requests go: the service's origin, paths in it, and what may be fetched from elsewhere.

pub(crate) mod base_url;
pub(crate) mod encode;
pub(crate) mod host;
pub(crate) mod location;
pub(crate) mod path;
pub(crate) mod redirect;
