//! The audit log, and tests of settings.

use serde_json::json;

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::audit_log::AUDIT;
use crate::keepnet::records::{Row, text};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        ("POST /audit-logs", Rows(audit_log)),
        ("POST /audit-logs/search", Rows(audit_log)),
        ("POST /companies/siem-settings/test", Do(test)),
        (
            "PUT /analysis-engines-types/{resourceId}/test-connection",
            Do(test),
        ),
    ],
};

/// Two operations search the log. Source: the published description.
fn audit_log(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(call.rows(AUDIT).to_vec())
}

/// A failed test is 200 and `FAILED`. Source: the vendor's front end. The sandbox connects to nothing: a connection fails
/// if its URL is not an HTTPS one, or names a host in the domain that is reserved for hosts that do not exist.
fn test(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let address = text(call.object()?, "apiUrl");
    let host = address.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    match host.is_empty() || host.ends_with(".invalid") {
        true => Ok(Outcome::Failed("The connection could not be established")),
        false => call.data(json!({ "resourceId": null })),
    }
}
