//! The coverage table in a crate's README.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::super::ir::{ALWAYS, Api, Body, Operation, Source};

/// Returns a table of all operations, or of the areas if the API has areas.
pub(super) fn table(api: &Api) -> String {
    match api.resources.iter().any(|resource| resource.area.is_some()) {
        true => areas(api),
        false => operations(api),
    }
}

/// Returns one row for each area: its feature, its number of operations, and the client methods that lead to them.
fn areas(api: &Api) -> String {
    let mut areas: BTreeMap<&str, (usize, Vec<&str>)> = BTreeMap::new();
    for resource in &api.resources {
        let area = resource.area.as_deref().filter(|area| *area != ALWAYS);
        let (operations, resources) = areas.entry(area.unwrap_or_default()).or_default();
        *operations += resource.operations.len();
        resources.push(&resource.name);
    }
    let mut table = "| feature | operations | resources |\n|---|---|---|\n".to_owned();
    for (area, (operations, mut resources)) in areas {
        let feature = match area {
            "" => "always there".to_owned(),
            area => format!("`{area}`"),
        };
        resources.sort_unstable();
        let resources: Vec<_> = resources.iter().map(|name| format!("`{name}`")).collect();
        let _ = writeln!(
            table,
            "| {feature} | {operations} | {} |",
            resources.join(", ")
        );
    }
    table
}

/// Returns one row for each operation.
fn operations(api: &Api) -> String {
    let all = || {
        api.resources
            .iter()
            .flat_map(|resource| &resource.operations)
    };
    let has_editions = all().any(|operation| operation.edition.is_some());
    let last = if has_editions { "edition" } else { "feature" };
    let mut table = format!(
        "| method | path | call | known from | confidence | {last} |\n|---|---|---|---|---|---|\n"
    );
    for operation in all() {
        let last = match (operation.edition, &operation.unconfirmed) {
            (Some(edition), _) => edition.as_str(),
            (None, Some(_)) => "`unconfirmed`",
            (None, None) => "",
        };
        let Operation {
            method,
            path,
            confidence,
            ..
        } = operation;
        let (call, source) = (call(operation), operation.source.map_or("", known_from));
        let confidence = confidence.as_str();
        let row = format!("| {method} | `{path}` | `{call}` | {source} | {confidence} | {last} |");
        table += &row.replace("|  |", "| |");
        table.push('\n');
    }
    table
}

/// Returns the call of the operation: with its arguments by name, or with `..` if the call is hand-written.
fn call(operation: &Operation) -> String {
    let (resource, name) = (&operation.resource, &operation.name);
    if operation.call.is_some() {
        return format!("{resource}().{name}(..)");
    }
    let arguments = operation
        .arguments
        .iter()
        .map(|argument| argument.name.as_str());
    let body = operation.body.as_ref().map(|body| match body {
        Body::Model { name, .. } | Body::Search { name, .. } | Body::List { name, .. } => {
            name.as_str()
        }
        Body::Member(member) => &member.name,
    });
    let arguments: Vec<_> = arguments.chain(body).collect();
    format!("{resource}().{name}({})", arguments.join(", "))
}

fn known_from(source: Source) -> &'static str {
    match source {
        Source::VendorDocumentation => "documentation",
        Source::VendorIndex => "documentation, by address",
        Source::PublicClient => "public clients",
        Source::PublicSample => "public samples",
        Source::ServerCode => "server source",
        Source::Inferred => "inferred",
    }
}
