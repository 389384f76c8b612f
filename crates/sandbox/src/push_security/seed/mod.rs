//! The seeded organisation, made up.
//!
//! Every list draws from a stream of its own, and its creation times rise with
//! its order. All times lie before [`ANCHOR`], a fixed moment, so that the same
//! seed gives the same bytes on any day.

mod apps;
mod names;
mod people;
mod threats;

use crate::core::random::Random;
use crate::push_security::options::PushSecurityOptions;
use crate::push_security::store::{Store, Table};

/// The newest a seeded timestamp can be: 15 June 2025.
pub(crate) const ANCHOR: i64 = 1_750_000_000;

const DAY: i64 = 86_400;

/// Creates an organisation of the wanted size.
pub(crate) fn organisation(seed: u64, options: &PushSecurityOptions) -> Store {
    let draw = |purpose| Random::new(seed, purpose);
    let employees = people::employees(&mut draw("employees"), options.employees);
    let browsers = people::browsers(&mut draw("browsers"), options.browsers, &employees);
    let apps = apps::apps(&mut draw("apps"), options.apps, &employees);
    let accounts = apps::accounts(&mut draw("accounts"), options.accounts, &employees, &apps);
    let apps_other = apps::apps_other(&mut draw("apps other"), options.apps_other);
    let accounts_other = apps::accounts_other(
        &mut draw("accounts other"),
        options.accounts_other,
        &employees,
        &apps_other,
    );
    let browser_extensions = people::browser_extensions(
        &mut draw("browser extensions"),
        options.browser_extensions,
        &browsers,
    );
    let findings = threats::findings(&mut draw("findings"), options.findings, &accounts);
    let detections = threats::detections(
        &mut draw("detections"),
        options.detections,
        &employees,
        &browsers,
    );
    Store {
        employees: Table::new(employees),
        browsers: Table::new(browsers),
        accounts: Table::new(accounts),
        apps: Table::new(apps),
        apps_other: Table::new(apps_other),
        accounts_other: Table::new(accounts_other),
        browser_extensions: Table::new(browser_extensions),
        findings: Table::new(findings),
        detections: Table::new(detections),
    }
}

/// Creation times between two numbers of days before the anchor, rising.
fn times(random: &mut Random, count: usize, from_days: i64, to_days: i64) -> Vec<i64> {
    let (from, span) = (ANCHOR - from_days * DAY, (from_days - to_days) * DAY);
    let count = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    (0..count)
        .map(|index| {
            let (start, end) = (span / count * index, span / count * (index + 1));
            from + random.between(start, end)
        })
        .collect()
}
