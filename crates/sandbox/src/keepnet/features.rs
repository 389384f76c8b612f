//! The behaviour of the operations, feature by feature.

pub(super) mod admin;
pub(super) mod audit_logs;
pub(super) mod clients;
pub(super) mod companies;
pub(super) mod connection_tests;
pub(super) mod groups;
pub(super) mod handler;
pub(super) mod import;
pub(super) mod incidents;
pub(super) mod investigations;
pub(super) mod memberships;
pub(super) mod operations;
pub(super) mod people;
pub(super) mod phishing;
pub(super) mod reports;
pub(super) mod resource;
pub(super) mod rounds;
pub(super) mod sample;
pub(super) mod training;
