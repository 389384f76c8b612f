//! The audit log.

use super::handler::{Rows, Table};
use crate::keepnet::call::Call;
use crate::keepnet::records::Row;
use crate::keepnet::records::store::AUDIT;
use crate::keepnet::response::Refusal;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/audit-logs",
    handlers: &[("POST ", Rows(search)), ("POST /search", Rows(search))],
};

/// Two operations search the log. Source: the published description.
fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(AUDIT).to_vec())
}
