//! Which operation does what.

use super::handler::{Handler, Table};
use super::resource::{Resource, Verb};
use super::{
    admin, clients, companies, groups, import, incidents, investigations, people, phishing,
    reports, settings, training,
};
use crate::keepnet::shapes::Operation;

const TABLES: [Table; 15] = [
    admin::OPERATIONS,
    clients::OPERATIONS,
    companies::OPERATIONS,
    groups::OPERATIONS,
    import::OPERATIONS,
    incidents::OPERATIONS,
    investigations::OPERATIONS,
    people::BADGES,
    people::FIELDS,
    people::OPERATIONS,
    phishing::OPERATIONS,
    reports::OPERATIONS,
    settings::OPERATIONS,
    training::OPERATIONS,
    training::REPORTS,
];

static RESOURCES: [&Resource; 10] = [
    &admin::SYSTEM_ROLES,
    &admin::SYSTEM_USERS,
    &clients::API_CLIENTS,
    &groups::TARGET_GROUPS,
    &incidents::NOTIFIED_EMAILS,
    &investigations::INVESTIGATIONS,
    &people::CUSTOM_FIELDS,
    &people::TARGET_USERS,
    &phishing::PHISHING_CAMPAIGNS,
    &phishing::PHISHING_SCENARIOS,
];

/// Operations whose status is 201. Source: the published description.
pub(crate) const CREATED: [&str; 9] = [
    "GET /api/executive-report/metrics",
    "POST /api/certificates",
    "POST /api/enrollments",
    "POST /api/enrollments/scorm-proxy",
    "POST /api/executive-report",
    "POST /api/report-scheduling",
    "POST /api/trainings",
    "POST /api/trainings/draft",
    "POST /api/trainings/{resourceId}/duplicate",
];

fn resources() -> impl Iterator<Item = &'static Resource> {
    RESOURCES.into_iter().chain(&settings::PLAIN)
}

/// What this operation does.
pub(crate) fn handler(operation: &Operation) -> Handler {
    let (method, path) = (operation.method.as_str(), operation.path.as_str());
    if let Some(handler) = TABLES.iter().find_map(|table| table.find(method, path)) {
        return handler;
    }
    let mut resources = resources();
    let found = resources.find_map(|resource| Some((resource, resource.verb(method, path)?)));
    match found {
        // A few return something else than their names say.
        Some((_, Verb::Search)) if operation.response.rows().is_none() => Handler::Sample,
        Some((_, Verb::List)) if !operation.response.is_list() => Handler::Sample,
        Some((resource, verb)) => Handler::OnRecords(resource, verb),
        None => Handler::Sample,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::SEARCHES;
    use super::*;
    use crate::keepnet::http::service::PROBLEM_DETAILS;
    use crate::keepnet::lists::search::WITHOUT_FILTER;
    use crate::keepnet::shapes::Shapes;

    #[test]
    fn every_behaviour_belongs_to_an_operation() {
        let operations = &Shapes::get().operations;
        for table in &TABLES {
            for (name, _) in table.handlers {
                let is_it = |one: &&Operation| {
                    let rest = one.path.strip_prefix(table.below);
                    rest.is_some_and(|rest| *name == format!("{} {rest}", one.method))
                };
                assert!(operations.iter().any(|one| is_it(&one)), "{name}");
            }
        }
        for resource in resources() {
            let mut found = operations.iter();
            assert!(
                found.any(|one| resource.verb(one.method.as_str(), &one.path).is_some()),
                "{}",
                resource.path
            );
        }
        for name in CREATED {
            assert!(operations.iter().any(|one| one.name() == name), "{name}");
        }
        let lists: [&[&str]; 3] = [&PROBLEM_DETAILS, &SEARCHES, &WITHOUT_FILTER];
        for path in lists.concat() {
            assert!(operations.iter().any(|one| one.path == path), "{path}");
        }
    }
}
