//! Checks of a description as a whole.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ir::{Api, Body, Model, Operation, Outcome, Ty, Type};
use super::super::node::Refusal;

/// Returns the contradictions.
pub(super) fn check(api: &Api) -> Vec<Refusal> {
    let mut refusals = unknown_orders(api);
    refusals.extend(read_only(api));
    refusals.extend(incomplete_defaults(api));
    refusals
}

fn operations(api: &Api) -> impl Iterator<Item = &Operation> {
    let resources = api.resources.iter();
    resources.flat_map(|resource| &resource.operations)
}

/// Refuses searches that are sorted by a column that their rows do not have.
fn unknown_orders(api: &Api) -> Vec<Refusal> {
    let lists: BTreeMap<_, _> = operations(api)
        .filter_map(|operation| match &operation.outcome {
            Outcome::Page(row) => Some((operation.path.as_str(), row)),
            _ => None,
        })
        .collect();
    let mut refusals = Vec::new();
    for operation in operations(api) {
        let Some((order_by, unlisted)) = order(api, operation) else {
            continue;
        };
        let Some(row) = row(operation, &lists) else {
            continue;
        };
        let Some(Type::Model(row)) = row.named().and_then(|name| api.types.get(name)) else {
            continue;
        };
        // The service ignores case.
        let mut members = row.members.iter();
        let listed = members.any(|member| member.wire.eq_ignore_ascii_case(&order_by));
        let refusal = match (listed, unlisted) {
            (true, false) | (false, true) => continue,
            (false, false) => Refusal {
                pointer: operation.pointer.clone(),
                problem: format!(
                    "it is ordered by `{order_by}`, which its rows (`{}`) lack",
                    row.name
                ),
                remedy:
                    "name a member of the row in `x-order-by`, or in the example of `orderBy`, or say in `x-order-by-unlisted` \
                         why the service takes another column"
                        .to_owned(),
            },
            (true, true) => Refusal {
                pointer: operation.pointer.clone(),
                problem: format!("`{order_by}` is a member of `{}`", row.name),
                remedy: "remove `x-order-by-unlisted`".to_owned(),
            },
        };
        refusals.push(refusal);
    }
    refusals
}

/// Returns the column by which a search, or an example without a filter, is sorted. The flag tells whether the rows may
/// lack it.
fn order(api: &Api, operation: &Operation) -> Option<(String, bool)> {
    match operation.body.as_ref()? {
        Body::Search {
            order_by, unlisted, ..
        } => Some((order_by.clone(), *unlisted)),
        Body::Model { model, .. } => {
            let Type::Model(model) = &api.types[model] else {
                return None;
            };
            let mut members = model.members.iter();
            let order_by = members.find(|member| member.wire == "orderBy")?;
            Some((order_by.example.as_ref()?.as_str()?.to_owned(), false))
        }
        _ => None,
    }
}

/// Returns the row of the list that is searched or exported. An export has the rows of the search at its path without
/// `/export`. A search for one record has that record.
fn row<'a>(operation: &'a Operation, lists: &BTreeMap<&str, &'a Ty>) -> Option<&'a Ty> {
    match &operation.outcome {
        Outcome::Page(row) => Some(row),
        Outcome::Value { ty, .. } => Some(ty),
        Outcome::Download => {
            let path = operation.path.replacen("/export", "", 1);
            let search = format!("{path}/search");
            lists
                .get(path.as_str())
                .or_else(|| lists.get(search.as_str()))
                .copied()
        }
        _ => None,
    }
}

/// Returns the objects that requests send, with the objects that they contain.
pub(crate) fn sent(api: &Api) -> Vec<&Model> {
    let mut sent = BTreeSet::new();
    for operation in operations(api) {
        match &operation.body {
            Some(Body::Model { model, .. }) => collect(api, model, &mut sent),
            Some(Body::Search { ty, .. } | Body::List { ty, .. }) => {
                ty.named()
                    .into_iter()
                    .for_each(|name| collect(api, name, &mut sent));
            }
            Some(Body::Member(member)) => {
                member
                    .ty
                    .named()
                    .into_iter()
                    .for_each(|name| collect(api, name, &mut sent));
            }
            None => {}
        }
    }
    let models = sent.into_iter().filter_map(|name| match &api.types[name] {
        Type::Model(model) => Some(model),
        Type::Enum(_) => None,
    });
    models.collect()
}

/// Refuses members of requests that only the service sets.
fn read_only(api: &Api) -> Vec<Refusal> {
    let models = sent(api).into_iter();
    let members = models.flat_map(|model| model.members.iter().map(move |member| (model, member)));
    let refused = members.filter(|(_, member)| member.read_only);
    refused
        .map(|(model, member)| Refusal {
            pointer: member.pointer.clone(),
            problem: format!(
                "requests send `{}`, and the service alone sets its member `{}`",
                model.name, member.wire
            ),
            remedy: "describe what is sent in a schema of its own, without the member".to_owned(),
        })
        .collect()
}

/// Refuses empty objects as the default of objects that have required members.
fn incomplete_defaults(api: &Api) -> Vec<Refusal> {
    let models = sent(api).into_iter();
    let members = models.flat_map(|model| &model.members);
    let with_default = members.filter(|member| member.default.is_some());
    with_default
        .filter_map(|member| {
            let Ty::Model(name) = &member.ty else {
                return None;
            };
            let Type::Model(model) = &api.types[name] else {
                return None;
            };
            let missing = model.members.iter().find(|member| member.required)?;
            Some(Refusal {
                pointer: format!("{}/x-default", member.pointer),
                problem: format!("`{name}` has the required member `{}`", missing.wire),
                remedy: "remove `x-default`, or the member of the object from `required`"
                    .to_owned(),
            })
        })
        .collect()
}

/// Adds a type and all types that it contains.
fn collect<'a>(api: &'a Api, name: &str, found: &mut BTreeSet<&'a str>) {
    let Some((name, ty)) = api.types.get_key_value(name) else {
        return;
    };
    if let (true, Type::Model(model)) = (found.insert(name), ty) {
        for member in &model.members {
            member
                .ty
                .named()
                .into_iter()
                .for_each(|name| collect(api, name, found));
        }
    }
}
