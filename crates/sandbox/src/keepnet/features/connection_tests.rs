//! Tests of connections that are set up.

use serde_json::json;

use super::handler::{Do, Table};
use crate::keepnet::call::Call;
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        ("POST /companies/siem-settings/test", Do(test)),
        (
            "PUT /analysis-engines-types/{resourceId}/test-connection",
            Do(test),
        ),
    ],
};

/// A failed test is 200 and `FAILED`. Source: the vendor's front end. The sandbox connects to nothing: a connection fails
/// if its URL is not an HTTPS one, or names a host in the domain that is reserved for hosts that do not exist.
fn test(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let address = call.text("apiUrl");
    let host = address.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    match host.is_empty() || host.ends_with(".invalid") {
        true => Ok(Outcome::Failed("The connection could not be established")),
        false => call.data(json!({ "resourceId": null })),
    }
}
