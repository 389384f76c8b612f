//! What is wrong: findings and detections.

use std::collections::HashMap;

use super::{ANCHOR, DAY, times};
use crate::core::random::{Id, Random};
use crate::push_security::model::{
    Account, Browser, Detection, DetectionType, Employee, Finding, FindingState, FindingType,
    Severity, Word as _,
};

pub(super) fn findings(random: &mut Random, count: usize, accounts: &[Account]) -> Vec<Finding> {
    use FindingType::{
        LeakedPassword, MfaNotRegistered, PasswordManagerNotUsed, ReusedPassword, SharedAccount,
        StolenCredentials, UnusedThirdPartyApp, WeakPassword,
    };
    if accounts.is_empty() {
        return Vec::new();
    }
    let mut uses: HashMap<Id, usize> = HashMap::new();
    for password in accounts.iter().filter_map(|account| account.password_id) {
        *uses.entry(password).or_default() += 1;
    }
    let created = times(random, count, 30, 1);
    (0..count)
        .map(|index| {
            let account = &accounts[random.below(accounts.len())];
            let methods = &account.login_methods;
            let mut kinds = vec![SharedAccount];
            if account.mfa_registered == Some(false) {
                kinds.extend([MfaNotRegistered, MfaNotRegistered]);
            }
            if methods.oidc_login.is_some() || methods.saml_login.is_some() {
                kinds.push(UnusedThirdPartyApp);
            }
            if let Some(password) = account.password_id {
                kinds.extend([WeakPassword, WeakPassword, LeakedPassword]);
                kinds.extend([PasswordManagerNotUsed, StolenCredentials]);
                if uses[&password] > 1 {
                    kinds.extend([ReusedPassword; 4]);
                }
            }
            let kind = random.pick(&kinds);
            let about_password =
                !matches!(kind, MfaNotRegistered | UnusedThirdPartyApp | SharedAccount);
            // A reused password is no single account's fault.
            let about_account = kind != ReusedPassword;
            Finding {
                id: random.id(),
                kind,
                state: if random.percent(65) {
                    FindingState::Open
                } else {
                    FindingState::Resolved
                },
                employee_id: (kind != SharedAccount).then_some(account.employee_id),
                password_id: account.password_id.filter(|_| about_password),
                account_id: about_account.then_some(account.id),
                app_type: about_account.then(|| account.app_type.clone()),
                app_id: about_account.then_some(account.app_id),
                weak_password_reasons: (kind == WeakPassword).then(|| vec!["COMMON_BASE_WORD"]),
                creation_timestamp: created[index],
            }
        })
        .collect()
}

pub(super) fn detections(
    random: &mut Random,
    count: usize,
    employees: &[Employee],
    browsers: &[Browser],
) -> Vec<Detection> {
    const RESPONSES: &[(&str, usize)] = &[
        ("EMPLOYEE_WARNED", 2),
        ("EMPLOYEE_IGNORED_WARNING", 1),
        ("BLOCKED", 1),
        ("NOT_BLOCKED", 1),
    ];
    const SEVERITIES: &[(Severity, usize)] = &[
        (Severity::Low, 1),
        (Severity::Medium, 2),
        (Severity::High, 2),
        (Severity::Critical, 1),
    ];
    if browsers.is_empty() {
        return Vec::new();
    }
    let owners: HashMap<_, _> = employees
        .iter()
        .map(|employee| (employee.id, employee))
        .collect();
    let created = times(random, count, 29, 0);
    (0..count)
        .map(|index| {
            let browser = &browsers[random.below(browsers.len())];
            let id = random.id();
            Detection {
                id,
                employee_id: browser.employee_id,
                employee: owners[&browser.employee_id].embedded(),
                browser_id: Some(browser.id),
                severity: random.weighted(SEVERITIES),
                detection_type: random.pick(DetectionType::ALL),
                response: (!random.percent(12)).then(|| random.weighted(RESPONSES)),
                archived: random.percent(20),
                detection_link: Detection::link(id),
                creation_timestamp: created[index],
                last_activity_timestamp: random
                    .between(created[index], (created[index] + DAY).min(ANCHOR)),
            }
        })
        .collect()
}
