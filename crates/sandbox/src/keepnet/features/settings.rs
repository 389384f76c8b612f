//! Collections of settings and templates, which are kept and have few rules of their own, and the operations that try
//! settings out.

use serde_json::json;

use super::handler::Handler::Do;
use super::handler::Table;
use super::resource::{Resource, unchanged};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Record, integer, status_name, text};

pub(crate) static PLAIN: [Resource; 8] = [
    Resource {
        path: "/api/companies/siem-settings",
        entity: "SiemSetting",
        not_found: "SIEM setting not found",
        required: &["name", "typeId", "statusId"],
        unique: Some("name"),
        prepare: prepare_siem,
        view: unchanged,
    },
    Resource::plain("/api/companies/email-templates", "EmailTemplate"),
    Resource::plain("/api/companies/proxy-settings", "ProxySetting"),
    Resource::plain("/api/companies/smtp-settings", "SmtpSetting"),
    Resource::plain("/api/company-groups", "CompanyGroup"),
    Resource::plain(
        "/api/phishing-simulator/landing-page-template",
        "LandingPageTemplate",
    ),
    Resource::plain("/api/playbooks", "Playbook"),
    Resource::plain(
        "/api/quishing-simulator/quishing-scenario",
        "QuishingScenario",
    ),
];

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        ("POST /companies/siem-settings/test", Do(test_siem)),
        (
            "PUT /analysis-engines-types/{resourceId}/test-connection",
            Do(test_engine),
        ),
    ],
};

fn prepare_siem(_: &mut Call<'_>, setting: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    status_name(setting);
    Ok(())
}

/// A failed test is 200 and `FAILED`. Source: the vendor's front end. Nothing is connected to: connections fail to
/// addresses in [`UNREACHABLE`] and to those that are no secure URL.
fn reachable(call: &Call<'_>, address: &str) -> Result<Outcome, Refusal> {
    if address.starts_with("https://") && !is_unreachable(address) {
        call.data(json!({ "resourceId": null }))
    } else {
        Ok(Outcome::Failed("The connection could not be established"))
    }
}

/// The domain, reserved for what does not exist, that nothing answers in.
const UNREACHABLE: &str = ".invalid";

fn is_unreachable(address: &str) -> bool {
    let host = address.strip_prefix("https://").unwrap_or(address);
    let end = host.find(['/', ':', '?']).unwrap_or(host.len());
    host[..end].ends_with(UNREACHABLE)
}

fn test_siem(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["typeId"])?;
    let body = call.object()?;
    let server = text(body, "serverAddress");
    if !server.is_empty() && integer(body, "port") > 0 && !is_unreachable(server) {
        return call.data(json!({ "resourceId": null }));
    }
    reachable(call, text(body, "apiUrl"))
}

fn test_engine(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    reachable(call, text(call.object()?, "apiUrl"))
}
