//! People and what they browse with.

use std::collections::HashMap;

use super::names::names;
use super::{ANCHOR, times};
use crate::core::random::Random;
use crate::push_security::model::{
    Browser, BrowserExtension, BrowserType, DeploymentMode, Employee, OsType, TokenType, Word as _,
};

pub(super) fn employees(random: &mut Random, count: usize) -> Vec<Employee> {
    let created = times(random, count, 800, 400);
    let mut namesakes: HashMap<(&str, &str), u32> = HashMap::new();
    (0..count)
        .map(|index| {
            let first_name = random.pick(&names().first_names);
            let last_name = random.pick(&names().last_names);
            let namesake = namesakes.entry((first_name, last_name)).or_insert(0);
            *namesake += 1;
            let number = if *namesake == 1 {
                String::new()
            } else {
                namesake.to_string()
            };
            let mut email = format!("{first_name}.{last_name}{number}@example.com");
            email.make_ascii_lowercase();
            let groups = 1 + random.below(3);
            let mut groups: Vec<_> = (0..groups)
                .map(|_| random.pick(&names().groups).to_owned())
                .collect();
            groups.sort_unstable();
            groups.dedup();
            if random.percent(10) {
                groups.clear();
            }
            Employee {
                id: random.id(),
                email,
                first_name,
                last_name,
                department: (!random.percent(12)).then(|| random.pick(&names().departments)),
                location: (!random.percent(15)).then(|| random.pick(&names().locations)),
                licensed: random.percent(85),
                creation_timestamp: created[index],
                chatops_enabled: random.percent(30),
                groups: Some(groups),
            }
        })
        .collect()
}

pub(super) fn browsers(random: &mut Random, count: usize, employees: &[Employee]) -> Vec<Browser> {
    use BrowserType::{Arc, Brave, Chrome, Edge, Firefox, Island, Opera, PrismaAccess, Safari};
    const DESKTOP: &[(BrowserType, usize)] = &[
        (Chrome, 5),
        (Edge, 2),
        (Firefox, 2),
        (Brave, 1),
        (Opera, 1),
        (Island, 1),
        (PrismaAccess, 1),
        (BrowserType::Unknown, 1),
    ];
    const APPLE: &[(BrowserType, usize)] =
        &[(Chrome, 3), (Safari, 2), (Arc, 1), (Firefox, 1), (Brave, 1)];
    const MOBILE: &[(BrowserType, usize)] = &[(Chrome, 1), (Firefox, 1), (Edge, 1)];
    const SYSTEMS: &[(OsType, usize)] = &[
        (OsType::Macos, 6),
        (OsType::Windows, 8),
        (OsType::Linux, 2),
        (OsType::ChromeOs, 1),
        (OsType::Ios, 1),
        (OsType::Android, 1),
        (OsType::Unknown, 1),
    ];
    const TOKENS: &[(TokenType, usize)] = &[
        (TokenType::Team, 3),
        (TokenType::Individual, 2),
        (TokenType::LandingPage, 1),
    ];
    if employees.is_empty() {
        return Vec::new();
    }
    let created = times(random, count, 400, 30);
    (0..count)
        .map(|index| {
            // Everybody has one before anybody has two.
            let owner = employees
                .get(index)
                .unwrap_or_else(|| &employees[random.below(employees.len())]);
            let os = random.weighted(SYSTEMS);
            let browser = random.weighted(match os {
                OsType::Macos | OsType::Ios => APPLE,
                OsType::Android => MOBILE,
                _ => DESKTOP,
            });
            Browser {
                id: random.id(),
                employee_id: owner.id,
                email: owner.email.clone(),
                version: format!(
                    "{}.0.{}.0",
                    random.between(118, 138),
                    random.between(0, 7000)
                ),
                token_type: random.weighted(TOKENS),
                is_active: owner.licensed && random.percent(92),
                browser,
                os,
                extension_version: random.pick(&names().extension_versions),
                language: (!random.percent(20)).then(|| random.pick(&names().languages)),
                profile_email: (!random.percent(35)).then(|| owner.email.clone()),
                profile_sync_enabled: (!random.percent(20)).then(|| random.percent(60)),
                creation_timestamp: created[index],
                last_online_timestamp: random.between(created[index], ANCHOR),
            }
        })
        .collect()
}

pub(super) fn browser_extensions(
    random: &mut Random,
    count: usize,
    browsers: &[Browser],
) -> Vec<BrowserExtension> {
    if browsers.is_empty() {
        return Vec::new();
    }
    let created = times(random, count, 30, 2);
    (0..count)
        .map(|index| {
            let browser = &browsers[random.below(browsers.len())];
            let extensions = &names().extensions;
            let extension = &extensions[random.below(extensions.len())];
            BrowserExtension {
                id: random.id(),
                extension_id: extension.id,
                employee_id: browser.employee_id,
                browser_id: browser.id,
                name: extension.name,
                description: (!random.percent(15)).then_some(extension.description),
                version: format!(
                    "{}.{}.{}",
                    random.between(1, 9),
                    random.between(0, 30),
                    random.between(0, 9)
                ),
                deployment_mode: random.pick(DeploymentMode::ALL),
                permissions: &extension.permissions,
                host_permissions: &extension.host_permissions,
                enabled: random.percent(88),
                creation_timestamp: created[index],
            }
        })
        .collect()
}
