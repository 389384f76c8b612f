//! The audit log.

use super::answer::Refusal;
use super::audit_log::AUDIT;
use super::call::Call;
use super::handler::{Handler, Table};
use super::record::Row;

pub(crate) const OPERATIONS: Table = &[
    ("POST", "/api/audit-logs", Handler::Rows(rows)),
    ("POST", "/api/audit-logs/search", Handler::Rows(rows)),
];

fn rows(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(AUDIT).to_vec())
}
