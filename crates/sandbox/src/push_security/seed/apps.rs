//! Apps and the accounts at them.

use std::collections::HashMap;

use super::names::names;
use super::{ANCHOR, times};
use crate::core::random::{Id, Random};
use crate::push_security::model::{
    Account, AccountOther, App, AppOther, ApprovalStatus, Employee, LoginMethods, MfaMethod,
    SensitivityLevel, Word as _,
};

pub(super) fn apps(random: &mut Random, count: usize, employees: &[Employee]) -> Vec<App> {
    let created = times(random, count, 700, 400);
    (0..count)
        .map(|index| {
            let (kind, friendly_name) = app_name(index);
            let slug = kind.to_ascii_lowercase().replace('_', "-");
            let labels = random.below(3);
            let mut labels: Vec<_> = (0..labels)
                .map(|_| random.pick(&names().app_labels))
                .collect();
            labels.sort_unstable();
            labels.dedup();
            let owned = !employees.is_empty() && random.percent(40);
            App {
                id: random.id(),
                approval_status: random.percent(65).then(|| random.pick(ApprovalStatus::ALL)),
                sensitivity_level: random
                    .percent(55)
                    .then(|| random.pick(SensitivityLevel::ALL)),
                owner_id: owned.then(|| employees[random.below(employees.len())].id),
                notes: random
                    .percent(35)
                    .then(|| random.pick(&names().app_notes).to_owned()),
                website: format!("https://{slug}.example.com"),
                description: format!("{friendly_name} as a service"),
                labels,
                creation_timestamp: created[index],
                kind,
                friendly_name,
            }
        })
        .collect()
}

/// The key and the name of the app with that index; no two are the same.
fn app_name(index: usize) -> (String, String) {
    let Some(index) = index.checked_sub(names().apps.len()) else {
        let (kind, name) = names().apps[index];
        return (kind.to_owned(), name.to_owned());
    };
    let seconds = names().app_second_words.len();
    let first = names().app_first_words[(index / seconds) % names().app_first_words.len()];
    let second = names().app_second_words[index % seconds];
    let round = index / (seconds * names().app_first_words.len());
    let number = if round == 0 {
        String::new()
    } else {
        format!(" {}", round + 1)
    };
    let name = format!("{first} {second}{number}");
    (name.to_ascii_uppercase().replace(' ', "_"), name)
}

fn login_methods(random: &mut Random, created: i64) -> LoginMethods {
    let password_login = random.percent(70);
    let single_sign_on = !password_login || random.percent(25);
    let mut methods = LoginMethods {
        password_login,
        last_password_login_timestamp: password_login.then(|| random.between(created, ANCHOR)),
        oidc_login: None,
        saml_login: None,
        okta_swa_login: random.percent(3),
        vendor_sso_login: None,
        fed_cm_login: None,
    };
    if single_sign_on {
        let provider = Some(random.pick(&names().identity_providers));
        match random.below(10) {
            0..=5 => methods.oidc_login = provider,
            6..=7 => methods.saml_login = provider,
            8 => methods.vendor_sso_login = provider,
            _ => methods.fed_cm_login = Some("GOOGLE_WORKSPACE"),
        }
    }
    methods
}

pub(super) fn accounts(
    random: &mut Random,
    count: usize,
    employees: &[Employee],
    apps: &[App],
) -> Vec<Account> {
    if employees.is_empty() || apps.is_empty() {
        return Vec::new();
    }
    let created = times(random, count, 400, 30);
    // Passwords are reused: now and then an account has the employee's last one.
    let mut passwords: HashMap<Id, Id> = HashMap::new();
    (0..count)
        .map(|index| {
            let owner = &employees[random.below(employees.len())];
            // Popular apps come first in the list.
            let reach = 1 + random.below(apps.len());
            let app = &apps[random.below(reach)];
            let methods = login_methods(random, created[index]);
            let password_id = methods.password_login.then(|| {
                let last = passwords.get(&owner.id).copied();
                let password = last.filter(|_| random.percent(30));
                let password = password.unwrap_or_else(|| random.id());
                passwords.insert(owner.id, password);
                password
            });
            let mfa_registered = (!random.percent(20)).then(|| random.percent(60));
            let mfa_methods = match mfa_registered {
                None => None,
                Some(false) => Some(Vec::new()),
                Some(true) => {
                    let first = random.pick(MfaMethod::ALL);
                    let second = random.pick(MfaMethod::ALL);
                    let both = random.percent(30) && first != second;
                    Some(if both {
                        vec![first, second]
                    } else {
                        vec![first]
                    })
                }
            };
            let email = if random.percent(6) {
                format!("{}.{}@mail.example.com", owner.first_name, index).to_ascii_lowercase()
            } else {
                owner.email.clone()
            };
            Account {
                id: random.id(),
                employee_id: owner.id,
                app_type: app.kind.clone(),
                app_id: app.id,
                email,
                mfa_registered,
                mfa_methods,
                password_id,
                login_methods: methods,
                creation_timestamp: created[index],
                last_used_timestamp: (!random.percent(8))
                    .then(|| random.between(created[index], ANCHOR)),
            }
        })
        .collect()
}

pub(super) fn apps_other(random: &mut Random, count: usize) -> Vec<AppOther> {
    let created = times(random, count, 700, 400);
    (0..count)
        .map(|index| {
            let word = names().site_words[index % names().site_words.len()];
            let number = match index / names().site_words.len() {
                0 => String::new(),
                round => (round + 1).to_string(),
            };
            AppOther {
                id: random.id(),
                domain: format!("{word}{number}.example.com"),
                request_support_status: "DISCOVERED",
                hidden: random.percent(10),
                creation_timestamp: created[index],
            }
        })
        .collect()
}

pub(super) fn accounts_other(
    random: &mut Random,
    count: usize,
    employees: &[Employee],
    apps: &[AppOther],
) -> Vec<AccountOther> {
    if employees.is_empty() || apps.is_empty() {
        return Vec::new();
    }
    let created = times(random, count, 400, 30);
    (0..count)
        .map(|index| {
            let owner = &employees[random.below(employees.len())];
            let methods = login_methods(random, created[index]);
            AccountOther {
                id: random.id(),
                employee_id: owner.id,
                other_app_id: apps[random.below(apps.len())].id,
                email: owner.email.clone(),
                password_id: methods.password_login.then(|| random.id()),
                login_methods: methods,
                creation_timestamp: created[index],
                last_used_timestamp: random.between(created[index], ANCHOR),
            }
        })
        .collect()
}
