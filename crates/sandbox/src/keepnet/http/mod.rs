//! Requests and responses: who sends one, what it asks for, and how the response is worded.

pub(super) mod auth;
pub(super) mod call;
pub(super) mod multipart;
pub(super) mod request;
pub(super) mod response;
pub(super) mod token;
