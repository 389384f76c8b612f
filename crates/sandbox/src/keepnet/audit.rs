//! The audit log.

use super::answer::Refusal;
use super::call::Call;
use super::operations::{Handler, Table};
use super::store::{AUDIT, Row};

pub(crate) const OPERATIONS: Table = &[
    ("POST", "/api/audit-logs", Handler::Rows(rows)),
    ("POST", "/api/audit-logs/search", Handler::Rows(rows)),
];

fn rows(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(AUDIT).to_vec())
}
