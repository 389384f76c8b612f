//! The audit log.

use super::handler::{Handler, Table};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::Refusal;
use crate::keepnet::records::Row;
use crate::keepnet::records::audit_log::AUDIT;

pub(crate) const OPERATIONS: Table = &[
    ("POST", "/api/audit-logs", Handler::Rows(rows)),
    ("POST", "/api/audit-logs/search", Handler::Rows(rows)),
];

fn rows(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(AUDIT).to_vec())
}
