//! Every list and the filters it takes.

use bytes::Bytes;

use super::model::{
    ApprovalStatus, BrowserType, Collection, DeploymentMode, DetectionType, FindingState,
    FindingType, OsType, SensitivityLevel, Severity,
};
use super::paging::{Invalid, ListQuery, Tokens, page};
use super::store::Store;

/// Whether a value is the wanted one, if any is.
fn is<T: PartialEq<U>, U>(wanted: &Option<T>, value: &U) -> bool {
    wanted.as_ref().is_none_or(|wanted| wanted == value)
}

/// Whether an optional value is there and is the wanted one, if any is.
fn is_some<T: PartialEq<U>, U>(wanted: &Option<T>, value: Option<&U>) -> bool {
    wanted
        .as_ref()
        .is_none_or(|wanted| value.is_some_and(|value| wanted == value))
}

/// Whether a text contains the wanted part, if any is, in any case.
fn has(wanted: &Option<String>, value: &str) -> bool {
    wanted
        .as_ref()
        .is_none_or(|part| value.to_lowercase().contains(part.as_str()))
}

/// Whether any of the wanted values, if there are any, is among the values.
fn any_of(wanted: &[String], values: &[&str]) -> bool {
    wanted.is_empty()
        || wanted
            .iter()
            .any(|wanted| values.contains(&wanted.as_str()))
}

/// The page that a list request asks for. The filters of browsers, accounts and
/// extensions are documented, creation times come from public clients, and the others
/// are inferred.
pub(crate) fn list(
    collection: Collection,
    store: &Store,
    mut query: ListQuery,
    tokens: &Tokens,
) -> Result<Bytes, Invalid> {
    let query = &mut query;
    let name = collection.segment();
    match collection {
        Collection::Browsers => {
            let email = query.part("email");
            let employee = query.id("employeeId");
            let browser = query.word::<BrowserType>("browser")?;
            let os = query.word::<OsType>("os")?;
            let online = query.span("lastOnlineTimestamp")?;
            page(name, &store.browsers, query, tokens, |row| {
                is(&employee, &row.employee_id)
                    && is(&browser, &row.browser)
                    && is(&os, &row.os)
                    && online.covers(Some(row.last_online_timestamp))
                    && has(&email, &row.email)
            })
        }
        Collection::Accounts => {
            let email = query.part("email");
            let app_type = query.text("appType");
            let employee = query.id("employeeId");
            let password = query.id("passwordId");
            let used = query.span("lastUsedTimestamp")?;
            page(name, &store.accounts, query, tokens, |row| {
                is(&app_type, &row.app_type)
                    && is(&employee, &row.employee_id)
                    && is_some(&password, row.password_id.as_ref())
                    && used.covers(row.last_used_timestamp)
                    && has(&email, &row.email)
            })
        }
        Collection::Apps => {
            let kind = query.text("type");
            let approval = query.word::<ApprovalStatus>("approvalStatus")?;
            let sensitivity = query.word::<SensitivityLevel>("sensitivityLevel")?;
            let owner = query.id("ownerId");
            let created = query.span("creationTimestamp")?;
            page(name, &store.apps, query, tokens, |row| {
                is(&kind, &row.kind)
                    && is_some(&approval, row.approval_status.as_ref())
                    && is_some(&sensitivity, row.sensitivity_level.as_ref())
                    && is_some(&owner, row.owner_id.as_ref())
                    && created.covers(Some(row.creation_timestamp))
            })
        }
        Collection::BrowserExtensions => {
            let extension = query.text("extensionId");
            let employee = query.id("employeeId");
            let browser = query.id("browserId");
            let mode = query.word::<DeploymentMode>("deploymentMode")?;
            let permissions = query.several("permissions");
            let hosts = query.several("hostPermissions");
            let enabled = query.flag("enabled")?;
            page(name, &store.browser_extensions, query, tokens, |row| {
                extension
                    .as_ref()
                    .is_none_or(|wanted| wanted == row.extension_id)
                    && is(&employee, &row.employee_id)
                    && is(&browser, &row.browser_id)
                    && is(&mode, &row.deployment_mode)
                    && is(&enabled, &row.enabled)
                    && any_of(&permissions, row.permissions)
                    && any_of(&hosts, row.host_permissions)
            })
        }
        Collection::Detections => {
            let created = query.span("creationTimestamp")?;
            let severity = query.word::<Severity>("severity")?;
            let archived = query.flag("archived")?;
            let kind = query.word::<DetectionType>("detectionType")?;
            let employee = query.id("employeeId");
            page(name, &store.detections, query, tokens, |row| {
                created.covers(Some(row.creation_timestamp))
                    && is(&severity, &row.severity)
                    && is(&archived, &row.archived)
                    && is(&kind, &row.detection_type)
                    && is(&employee, &row.employee_id)
            })
        }
        Collection::Employees => {
            let email = query.part("email");
            let licensed = query.flag("licensed")?;
            page(name, &store.employees, query, tokens, |row| {
                is(&licensed, &row.licensed) && has(&email, &row.email)
            })
        }
        Collection::Findings => {
            let created = query.span("creationTimestamp")?;
            let kind = query.word::<FindingType>("type")?;
            let state = query.word::<FindingState>("state")?;
            let employee = query.id("employeeId");
            let account = query.id("accountId");
            let password = query.id("passwordId");
            let app_type = query.text("appType");
            page(name, &store.findings, query, tokens, |row| {
                created.covers(Some(row.creation_timestamp))
                    && is(&kind, &row.kind)
                    && is(&state, &row.state)
                    && is_some(&employee, row.employee_id.as_ref())
                    && is_some(&account, row.account_id.as_ref())
                    && is_some(&password, row.password_id.as_ref())
                    && is_some(&app_type, row.app_type.as_ref())
            })
        }
        Collection::AccountsOther => {
            let email = query.part("email");
            let employee = query.id("employeeId");
            let app = query.id("otherAppId");
            let used = query.span("lastUsedTimestamp")?;
            page(name, &store.accounts_other, query, tokens, |row| {
                is(&employee, &row.employee_id)
                    && is(&app, &row.other_app_id)
                    && used.covers(Some(row.last_used_timestamp))
                    && has(&email, &row.email)
            })
        }
        Collection::AppsOther => {
            let domain = query.part("domain");
            page(name, &store.apps_other, query, tokens, |row| {
                has(&domain, &row.domain)
            })
        }
    }
}
