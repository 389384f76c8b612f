//! The sources of the ids that calls need.

use std::collections::BTreeMap;

use heck::ToSnakeCase as _;

use super::super::super::ir::{Api, Body, Member, Operation, Outcome, Ty, Type};

/// The source of an id: a member of the first item of a list, or of a response.
pub(super) struct Source<'a> {
    pub(super) operation: &'a Operation,
    pub(super) member: &'a Member,
}

/// Sources by their name in `x-id-of`.
pub(super) type Sources<'a> = BTreeMap<String, Source<'a>>;

/// Returns the name of the variable that holds an id.
pub(super) fn variable(source: &str) -> String {
    let name = source.to_snake_case();
    match name.ends_with("_id") {
        true => name,
        false => format!("{name}_id"),
    }
}

/// Returns the source of every id: of each resource with a list, and of each operation named in `x-id-of`.
pub(super) fn sources(api: &Api) -> Sources<'_> {
    let mut found = BTreeMap::new();
    let operations = || {
        let resources = api.resources.iter();
        resources.flat_map(|resource| &resource.operations)
    };
    for operation in operations() {
        let terms = match &operation.body {
            None => true,
            Some(Body::Search { ty, .. }) => is_open(api, ty),
            Some(_) => false,
        };
        let Outcome::Page(item) = &operation.outcome else {
            continue;
        };
        let id = own_id(api, item, &operation.resource);
        if let (true, true, Some(member)) = (operation.arguments.is_empty(), terms, id) {
            let usual = ["list", "search"].contains(&operation.name.as_str());
            if usual || !found.contains_key(&operation.resource) {
                found.insert(operation.resource.clone(), Source { operation, member });
            }
        }
    }
    let of_parameters = operations().flat_map(|operation| {
        let parameters = operation.arguments.iter().chain(&operation.options);
        parameters.filter_map(|parameter| parameter.id_of.as_deref())
    });
    let models = api.types.values().filter_map(|ty| match ty {
        Type::Model(model) => Some(model),
        Type::Enum(_) => None,
    });
    let of_members = models
        .flat_map(|model| &model.members)
        .filter_map(|member| member.id_of.as_deref());
    for name in of_parameters.chain(of_members) {
        let (id, wire) = match name.split_once('/') {
            Some((id, wire)) => (id, Some(wire)),
            None => (name, None),
        };
        let Some(operation) = operations().find(|operation| operation.id == id) else {
            continue;
        };
        let (Outcome::Page(ty) | Outcome::Value { ty, .. }) = &operation.outcome else {
            continue;
        };
        let member = match wire {
            Some(wire) => api.members(ty).iter().find(|m| m.wire == wire),
            None => own_id(api, ty, &operation.resource),
        };
        if let Some(member) = member {
            found.insert(name.to_owned(), Source { operation, member });
        }
    }
    found
}

/// Returns the member that holds the id of the object: `id` or the like, or `<resource>Id`.
fn own_id<'a>(api: &'a Api, ty: &Ty, resource: &str) -> Option<&'a Member> {
    let one = match resource.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => resource.strip_suffix('s').unwrap_or(resource).to_owned(),
    };
    api.id_member(ty).or_else(|| {
        let names = [format!("{one}_id"), format!("{one}_resource_id")];
        let mut members = api.members(ty).iter();
        members.find(|member| names.contains(&member.name) && member.ty == Ty::Text)
    })
}

/// Returns whether a search needs nothing but search terms.
pub(super) fn is_open(api: &Api, search: &Ty) -> bool {
    match search.named().and_then(|name| api.types.get(name)) {
        Some(Type::Model(model)) => model.members.iter().all(|member| !member.required),
        _ => true,
    }
}

/// Returns the resource whose list or response contains the id.
pub(super) fn resource_of(source: &str) -> &str {
    source
        .split_once('.')
        .map_or(source, |(resource, _)| resource)
}
