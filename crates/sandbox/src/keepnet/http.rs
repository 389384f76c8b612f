//! Requests and responses: who sends a request, what it requests, and how responses are worded.

pub(super) mod auth;
pub(super) mod call;
pub(super) mod multipart;
pub(super) mod request;
pub(super) mod response;
pub(super) mod routes;
pub(super) mod service;
pub(super) mod token;
