//! Requests and responses of the imitation of Keepnet.

pub(super) mod auth;
pub(super) mod call;
pub(super) mod request;
pub(super) mod response;
pub(super) mod routes;
pub(super) mod service;
