//! The behaviour of each operation.

use super::handler::{Handler, Table};
use super::resource::{Resource, Verb};
use super::{
    admin, audit_logs, clients, companies, connection_tests, groups, import, incidents,
    investigations, people, phishing, reports, training,
};
use crate::keepnet::shapes::{self, Operation};

const TABLES: [Table; 15] = [
    admin::OPERATIONS,
    audit_logs::OPERATIONS,
    clients::OPERATIONS,
    companies::OPERATIONS,
    connection_tests::OPERATIONS,
    groups::OPERATIONS,
    import::OPERATIONS,
    incidents::OPERATIONS,
    investigations::OPERATIONS,
    people::OPERATIONS,
    phishing::OPERATIONS,
    reports::OPERATIONS,
    training::OPERATIONS,
    training::REPORTS,
    training::TRAINING_OPERATIONS,
];

static RESOURCES: [&Resource; 9] = [
    &admin::SYSTEM_ROLES,
    &admin::SYSTEM_USERS,
    &clients::API_CLIENTS,
    &groups::TARGET_GROUPS,
    &incidents::NOTIFIED_EMAILS,
    &investigations::INVESTIGATIONS,
    &people::TARGET_USERS,
    &phishing::PHISHING_CAMPAIGNS,
    &phishing::PHISHING_SCENARIOS,
];

/// The behaviour of this operation.
pub(crate) fn handler(operation: &Operation) -> Handler {
    let (method, path) = (operation.method.as_str(), operation.path.as_str());
    if let Some(handler) = TABLES.iter().find_map(|table| table.find(method, path)) {
        return handler;
    }
    let mut resources = RESOURCES.iter();
    let found = resources.find_map(|resource| Some((resource, resource.verb(method, path)?)));
    match found {
        // The paths of a few look like lists, but their responses are none.
        Some((_, Verb::Search)) if shapes::rows(&operation.response).is_none() => Handler::Sample,
        Some((_, Verb::List)) if !shapes::is_list(&operation.response) => Handler::Sample,
        Some((resource, verb)) => Handler::OnRecords(resource, verb),
        None => Handler::Sample,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keepnet::shapes::SHAPES;

    #[test]
    fn every_behaviour_belongs_to_an_operation() {
        let operations = SHAPES.operations.iter();
        let known: Vec<_> = operations.map(Operation::name).collect();
        let handlers = TABLES.iter().flat_map(|table| {
            let names = table
                .handlers
                .iter()
                .filter_map(|(name, _)| name.split_once(' '));
            names.map(|(method, rest)| format!("{method} {}{rest}", table.below))
        });
        for name in handlers {
            assert!(known.contains(&name), "{name}");
        }
    }
}
