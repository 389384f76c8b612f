//! The audit log, collections that are kept and have no rules of their own, and the operations that try settings out.

use serde_json::json;

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use super::resource::Resource;
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::audit_log::AUDIT;
use crate::keepnet::records::text;

const NO_RECORD: &str = "Record not found";

pub(crate) static PLAIN: [Resource; 8] = [
    Resource::plain(
        "/api/companies/siem-settings",
        "SiemSetting",
        "SIEM setting not found",
        &["name", "typeId", "statusId"],
    ),
    plain("/api/companies/email-templates", "EmailTemplate"),
    plain("/api/companies/proxy-settings", "ProxySetting"),
    plain("/api/companies/smtp-settings", "SmtpSetting"),
    plain("/api/company-groups", "CompanyGroup"),
    plain(
        "/api/phishing-simulator/landing-page-template",
        "LandingPageTemplate",
    ),
    plain("/api/playbooks", "Playbook"),
    plain(
        "/api/quishing-simulator/quishing-scenario",
        "QuishingScenario",
    ),
];

const fn plain(path: &'static str, entity: &'static str) -> Resource {
    Resource::plain(path, entity, NO_RECORD, &["name"])
}

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        // Source: the published description.
        (
            "POST /audit-logs",
            Rows(|call| Ok(call.rows(AUDIT).to_vec())),
        ),
        (
            "POST /audit-logs/search",
            Rows(|call| Ok(call.rows(AUDIT).to_vec())),
        ),
        ("POST /companies/siem-settings/test", Do(test)),
        (
            "PUT /analysis-engines-types/{resourceId}/test-connection",
            Do(test),
        ),
    ],
};

/// A failed test is 200 and `FAILED`. Source: the vendor's front end. Nothing is connected to: connections fail to what
/// is no secure URL, and to hosts in the domain that is reserved for what does not exist.
fn test(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let address = text(call.object()?, "apiUrl");
    let host = address.strip_prefix("https://").unwrap_or_default();
    let host = host.split(['/', ':', '?']).next().unwrap_or_default();
    match host.is_empty() || host.ends_with(".invalid") {
        true => Ok(Outcome::Failed("The connection could not be established")),
        false => call.data(json!({ "resourceId": null })),
    }
}
