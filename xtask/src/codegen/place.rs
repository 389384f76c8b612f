//! Which file a type is written to, and in which directions it travels.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::ir::{Api, Body, Operation, Outcome, TimeFormat, Ty, Type};
use super::node::Refusal;

/// Where types live and what they must be able to do.
#[derive(Debug)]
pub(crate) struct Places {
    /// The file of each type.
    homes: BTreeMap<String, String>,
    /// Types that the service sends.
    read: BTreeSet<String>,
    /// Types that the service is sent.
    written: BTreeSet<String>,
}

impl Places {
    pub(crate) fn home(&self, name: &str) -> &str {
        &self.homes[name]
    }

    pub(crate) fn is_read(&self, name: &str) -> bool {
        self.read.contains(name)
    }

    pub(crate) fn is_written(&self, name: &str) -> bool {
        self.written.contains(name)
    }

    /// The types of a file, by name.
    pub(crate) fn of_file<'a>(&self, api: &'a Api, file: &str) -> Vec<&'a Type> {
        api.types
            .iter()
            .filter(|(name, _)| self.home(name) == file)
            .map(|(_, ty)| ty)
            .collect()
    }

    /// Files that hold nothing but types.
    pub(crate) fn type_files(&self, api: &Api) -> BTreeSet<String> {
        self.homes
            .values()
            .filter(|home| !api.resources.iter().any(|resource| resource.name == **home))
            .cloned()
            .collect()
    }
}

/// Finds out where everything goes.
///
/// # Errors
/// What cannot travel the way it has to.
pub(crate) fn places(api: &Api) -> Result<Places, Vec<Refusal>> {
    let mut users = BTreeMap::<&str, BTreeSet<&str>>::new();
    let (mut read, mut written) = (BTreeSet::new(), BTreeSet::new());
    for resource in &api.resources {
        for operation in &resource.operations {
            let given = closure(api, outcome(operation));
            let sent = closure(api, body(operation));
            let asked = operation
                .arguments
                .iter()
                .chain(&operation.options)
                .filter_map(|parameter| parameter.ty.named());
            for name in given.iter().chain(&sent).copied().chain(asked) {
                users.entry(name).or_default().insert(&resource.name);
            }
            read.extend(given.iter().map(|name| (*name).to_owned()));
            written.extend(sent.iter().map(|name| (*name).to_owned()));
        }
    }
    let mut groups = BTreeMap::<&str, BTreeSet<&str>>::new();
    for webhook in &api.webhooks {
        for name in closure(api, webhook.types.iter().map(String::as_str)) {
            groups.entry(name).or_default().insert(&webhook.group);
            read.insert(name.to_owned());
        }
    }
    let mut homes = BTreeMap::new();
    for name in api.types.keys() {
        let resources = users.get(name.as_str());
        let events = groups.get(name.as_str());
        let home = match (resources, events) {
            (Some(resources), _) => only(resources).unwrap_or("shared").to_owned(),
            (None, Some(groups)) => only(groups).map_or_else(|| "events".to_owned(), file_of_group),
            (None, None) => "shared".to_owned(),
        };
        homes.insert(name.clone(), home);
    }
    let places = Places {
        homes,
        read,
        written,
    };
    let refusals = travel(api, &places);
    if refusals.is_empty() {
        Ok(places)
    } else {
        Err(refusals)
    }
}

fn only<'a>(names: &BTreeSet<&'a str>) -> Option<&'a str> {
    match names.len() {
        1 => names.first().copied(),
        _ => None,
    }
}

/// "Audit events" becomes `events_audit`.
fn file_of_group(group: &str) -> String {
    let name = group.to_snake_case();
    format!("events_{}", name.trim_end_matches("_events"))
}

fn outcome(operation: &Operation) -> impl Iterator<Item = &str> {
    match &operation.outcome {
        Outcome::Value(ty) | Outcome::Page(ty) => ty.named(),
        Outcome::Empty => None,
    }
    .into_iter()
}

fn body(operation: &Operation) -> impl Iterator<Item = &str> {
    match &operation.body {
        Some(Body::Model { model, .. }) => Some(model.as_str()),
        Some(Body::Member(member)) => member.ty.named(),
        None => None,
    }
    .into_iter()
}

/// These types and all that they contain.
fn closure<'a>(api: &'a Api, roots: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = roots.collect();
    while let Some(name) = open.pop() {
        if found.insert(name)
            && let Some(Type::Model(model)) = api.types.get(name)
        {
            open.extend(model.members.iter().filter_map(|member| member.ty.named()));
        }
    }
    found
}

/// Refuses members that cannot be read or written as their model is.
fn travel(api: &Api, places: &Places) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    for ty in api.types.values() {
        let Type::Model(model) = ty else { continue };
        let mut refuse = |pointer: &str, problem: &str, remedy: &str| {
            refusals.push(Refusal {
                pointer: pointer.to_owned(),
                problem: problem.to_owned(),
                remedy: remedy.to_owned(),
            });
        };
        if contains_itself(api, &model.name) {
            refuse(
                &model.pointer,
                "an object that directly contains its own kind cannot be expressed in generated code",
                "describe the inner one as a list, or as `{}` for JSON of any form",
            );
        }
        if model.patch && places.is_read(&model.name) {
            refuse(
                &model.pointer,
                "a partial update is never answered",
                "describe what is answered in another schema",
            );
        }
        if let Some(member) = model.members.iter().skip(64).find(|member| member.required)
            && places.is_read(&model.name)
        {
            refuse(
                &member.pointer,
                "a required member of an answer must be among the first 64",
                "put it into `x-wire-order` before others, or take it out of `required`",
            );
        }
        for member in &model.members {
            let (read, written) = (places.is_read(&model.name), places.is_written(&model.name));
            if written && member.ty == Ty::Time(TimeFormat::UnixSeconds) {
                refuse(
                    &member.pointer,
                    "times in UNIX seconds cannot be written yet, only read",
                    "leave out `x-timestamp`, so that it is a number",
                );
            }
            if written && member.ty == Ty::Secret {
                refuse(
                    &member.pointer,
                    "secrets cannot be written by generated code yet, only read",
                    "write the call by hand",
                );
            }
            if read && member.required && matches!(member.ty, Ty::Enum(_) | Ty::Json) {
                refuse(
                    &member.pointer,
                    "a required member of an answer must have a value before it is read",
                    "take it out of `required`",
                );
            }
        }
    }
    refusals
}

fn contains_itself(api: &Api, name: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let Some(Type::Model(model)) = api.types.get(next) else {
            continue;
        };
        for member in &model.members {
            if let Ty::Model(inner) = &member.ty {
                if inner == name {
                    return true;
                }
                if seen.insert(inner.as_str()) {
                    open.push(inner);
                }
            }
        }
    }
    false
}
