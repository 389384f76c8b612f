//! Which file a type is written to, and in which directions it travels.

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::ir::{ALWAYS, Api, Body, Encoding, Operation, Outcome, Resource, TimeFormat, Ty, Type};
use super::node::Refusal;

/// The file of a resource, without folder and ending: `target_users`, or `users/target_users` where there are areas.
pub(crate) fn file_of(resource: &Resource) -> String {
    match &resource.area {
        Some(area) => format!("{area}/{}", resource.name),
        None => resource.name.clone(),
    }
}

/// The areas of an API, by name.
pub(crate) fn areas(api: &Api) -> BTreeSet<&str> {
    let areas = api.resources.iter();
    areas.filter_map(|r| r.area.as_deref()).collect()
}

/// The folder of types that several areas have in common.
const COMMON: &str = "shared";

/// Whether a file is one that several areas have in common.
pub(crate) fn is_common(file: &str) -> bool {
    file.split_once('/')
        .is_some_and(|(folder, _)| folder == COMMON)
}

/// The features any of which need a file; none if it is always needed.
pub(crate) fn features(file: &str) -> Vec<&str> {
    let Some((folder, name)) = file.split_once('/') else {
        return Vec::new();
    };
    match folder {
        ALWAYS => Vec::new(),
        COMMON if name.trim_end_matches(NUMBERED) == EVERYWHERE => Vec::new(),
        COMMON => name
            .split("_or_")
            .map(|part| part.trim_end_matches(NUMBERED))
            .collect(),
        area => vec![area],
    }
}

/// The file of what is needed whatever is enabled.
const EVERYWHERE: &str = "all";

/// What tells apart files into which one was split.
pub(crate) const NUMBERED: fn(char) -> bool = |c| c == '_' || c.is_ascii_digit();

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

    /// Moves a type into another file.
    pub(crate) fn rehome(&mut self, name: &str, file: String) {
        self.homes.insert(name.to_owned(), file);
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

    /// Files that hold types.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.homes.values().cloned().collect()
    }
}

/// Finds out where everything goes.
///
/// # Errors
/// What cannot travel the way it has to.
pub(crate) fn places(api: &Api) -> Result<Places, Vec<Refusal>> {
    let mut users = BTreeMap::<&str, Vec<&Resource>>::new();
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
                users.entry(name).or_default().push(resource);
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
            (Some(resources), _) => home(resources),
            (None, Some(groups)) => only(groups).map_or_else(|| "events".to_owned(), file_of_group),
            (None, None) => COMMON.to_owned(),
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

/// The file of a type that these resources use.
fn home(resources: &[&Resource]) -> String {
    let files: BTreeSet<_> = resources.iter().map(|resource| file_of(resource)).collect();
    if let (Some(file), 1) = (files.first(), files.len()) {
        return file.clone();
    }
    let areas: BTreeSet<_> = resources.iter().map(|r| r.area.as_deref()).collect();
    let areas: Option<Vec<&str>> = areas.into_iter().collect();
    match areas.as_deref() {
        None => COMMON.to_owned(),
        Some([area]) => format!("{area}/{COMMON}"),
        Some(areas) if areas.contains(&ALWAYS) => format!("{COMMON}/{EVERYWHERE}"),
        Some(areas) => format!("{COMMON}/{}", areas.join("_or_")),
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
        Outcome::Value { ty, .. } | Outcome::Page(ty) => ty.named(),
        Outcome::Empty | Outcome::Download => None,
    }
    .into_iter()
}

fn body(operation: &Operation) -> impl Iterator<Item = &str> {
    match &operation.body {
        Some(Body::Model { model, .. }) => Some(model.as_str()),
        Some(Body::Search { ty, .. } | Body::List { ty, .. }) => ty.named(),
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
    let contained = contained(api);
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
        let is_form = model.encoding != Encoding::Json;
        if is_form && contained.contains(model.name.as_str()) {
            refuse(
                &model.pointer,
                "a form cannot be a part of something else",
                "describe what is a part in another schema",
            );
        }
        if (is_form || model.in_form) && (model.patch || model.search) {
            refuse(
                &model.pointer,
                "neither a partial update nor a search can be sent as a form",
                "describe the body as JSON",
            );
        }
        for member in &model.members {
            let (read, written) = (places.is_read(&model.name), places.is_written(&model.name));
            if (is_form || model.in_form) && !fits_form(&member.ty, model.encoding) {
                refuse(
                    &member.pointer,
                    "a member of this type cannot be written into a form",
                    "use text, numbers, booleans, times or enumerations, and in `multipart/form-data` objects and lists of them",
                );
            }
            if written && member.ty == Ty::Time(TimeFormat::UnixSeconds) {
                refuse(
                    &member.pointer,
                    "times in UNIX seconds can be read, but not written",
                    "leave out `x-timestamp`, so that it is a number",
                );
            }
            let file = matches!(&member.ty, Ty::File)
                || matches!(&member.ty, Ty::List(inner) if **inner == Ty::File);
            if file && (read || model.encoding != Encoding::Multipart) {
                refuse(
                    &member.pointer,
                    "a file can only be a member of a form that is sent as `multipart/form-data`",
                    "describe it as text, or the body as a form",
                );
            }
            let inner_secret = !matches!(member.ty, Ty::Secret) && contains_secret(&member.ty);
            if written && inner_secret {
                refuse(
                    &member.pointer,
                    "a list of secrets cannot be written",
                    "take out `x-secret`, or write the call by hand",
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

/// The named types that are parts of others or of bodies, or that are searches.
fn contained(api: &Api) -> BTreeSet<&str> {
    let models = api.types.values().filter_map(|ty| match ty {
        Type::Model(model) => Some(model),
        Type::Enum(_) => None,
    });
    let members = models.flat_map(|model| &model.members);
    let operations = api.resources.iter().flat_map(|r| &r.operations);
    let parts = operations.filter(|o| !matches!(o.body, Some(Body::Model { .. })));
    members
        .filter_map(|member| member.ty.named())
        .chain(parts.flat_map(body))
        .collect()
}

/// Whether a value of this type can be written into a form.
fn fits_form(ty: &Ty, encoding: Encoding) -> bool {
    match ty {
        Ty::Map(_) | Ty::Optional(_) | Ty::Own(_) => false,
        Ty::List(_) | Ty::Model(_) if encoding == Encoding::UrlEncoded => false,
        Ty::List(inner) => fits_form(inner, encoding),
        _ => true,
    }
}

fn contains_secret(ty: &Ty) -> bool {
    match ty {
        Ty::Secret => true,
        Ty::List(inner) | Ty::Map(inner) | Ty::Optional(inner) => contains_secret(inner),
        _ => false,
    }
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
