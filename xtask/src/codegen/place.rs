//! The file of each type, and the directions in which it travels.

mod travel;

use std::collections::{BTreeMap, BTreeSet};

use heck::ToSnakeCase;

use super::ir::{ALWAYS, Api, Body, Operation, Outcome, Resource, Type};
use super::node::Refusal;

/// Returns the areas of an API, by name.
pub(crate) fn areas(api: &Api) -> BTreeSet<&str> {
    let areas = api.resources.iter();
    areas.filter_map(|r| r.area.as_deref()).collect()
}

/// The owner of a type.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Home {
    /// One resource.
    Resource {
        area: Option<String>,
        resource: String,
    },
    /// Several resources of one area.
    Area(String),
    /// Several areas. The file is named after the concept. The type needs one of these areas, or no feature if the set
    /// is empty.
    Shared {
        concept: String,
        areas: BTreeSet<String>,
    },
    /// Several resources of an API without areas.
    Everywhere,
    /// Webhook events of one group, or of several groups if `None`.
    Events(Option<String>),
}

/// The folder of types that several areas have in common.
pub(crate) const SHARED: &str = "shared";

/// The folder of types that webhook events carry.
pub(crate) const EVENTS: &str = "events";

impl Home {
    /// Returns the home of the types that only `resource` uses.
    pub(crate) fn of(resource: &Resource) -> Self {
        Self::Resource {
            area: resource.area.clone(),
            resource: resource.name.clone(),
        }
    }

    /// Returns the module path, relative to the generated root.
    pub(crate) fn module(&self) -> Vec<&str> {
        match self {
            Self::Resource { area, resource } => {
                let area = area.as_deref().into_iter();
                area.chain([resource.as_str(), "models"]).collect()
            }
            Self::Area(area) => vec![area, SHARED],
            Self::Shared { concept, .. } => vec![SHARED, concept],
            Self::Everywhere => vec![SHARED],
            Self::Events(group) => vec![EVENTS, group.as_deref().unwrap_or("common")],
        }
    }

    /// Returns the path of the file without its extension.
    pub(crate) fn file(&self) -> String {
        self.module().join("/")
    }

    /// Returns the module documentation of the file.
    pub(crate) fn about(&self) -> String {
        match self {
            Self::Resource { resource, .. } => format!("Objects and enumerations of `{resource}`."),
            Self::Area(area) => {
                format!("Types that several resources of the area {area} use.")
            }
            Self::Shared { concept, .. } => {
                format!(
                    "Types that several areas use: {}.",
                    concept.replace('_', " ")
                )
            }
            Self::Everywhere => "Types that several resources use.".to_owned(),
            Self::Events(None) => "Types that webhook events of several kinds contain.".to_owned(),
            Self::Events(Some(group)) => {
                format!("Types that {} events contain.", group.replace('_', " "))
            }
        }
    }
}

/// The home of each type, and the directions in which it travels.
#[derive(Debug)]
pub(crate) struct Places {
    homes: BTreeMap<String, Home>,
    /// Types that the service sends.
    read: BTreeSet<String>,
    /// Types that the service receives.
    written: BTreeSet<String>,
}

impl Places {
    pub(crate) fn home(&self, name: &str) -> &Home {
        &self.homes[name]
    }

    pub(crate) fn is_read(&self, name: &str) -> bool {
        self.read.contains(name)
    }

    pub(crate) fn is_written(&self, name: &str) -> bool {
        self.written.contains(name)
    }

    /// Returns the files of types, each with its module documentation and its types sorted by name.
    pub(crate) fn files<'a>(&self, api: &'a Api) -> BTreeMap<String, (String, Vec<&'a Type>)> {
        let mut files = BTreeMap::<String, (String, Vec<&Type>)>::new();
        for (name, ty) in &api.types {
            let home = self.home(name);
            let (_, types) = files
                .entry(home.file())
                .or_insert_with(|| (home.about(), Vec::new()));
            types.push(ty);
        }
        files
    }

    pub(crate) fn homes(&self) -> impl Iterator<Item = &Home> {
        self.homes.values()
    }

    /// Returns the modules of types.
    pub(crate) fn modules(&self) -> BTreeSet<Vec<&str>> {
        self.homes.values().map(Home::module).collect()
    }
}

/// Determines the home and the directions of each type.
///
/// # Errors
/// Types that cannot travel in a direction that they need.
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
            (Some(resources), _) => home(resources, &api.types[name]),
            (None, Some(groups)) => Home::Events(only(groups).map(events_of)),
            (None, None) => Home::Everywhere,
        };
        homes.insert(name.clone(), home);
    }
    let places = Places {
        homes,
        read,
        written,
    };
    let refusals = travel::check(api, &places);
    if refusals.is_empty() {
        Ok(places)
    } else {
        Err(refusals)
    }
}

/// Returns the home of a type that these resources use.
fn home(resources: &[&Resource], ty: &Type) -> Home {
    let homes: BTreeSet<_> = resources
        .iter()
        .map(|resource| Home::of(resource))
        .collect();
    if let (Some(home), 1) = (homes.first(), homes.len()) {
        return home.clone();
    }
    let areas: Option<BTreeSet<String>> = resources.iter().map(|r| r.area.clone()).collect();
    let Some(mut areas) = areas else {
        return Home::Everywhere;
    };
    if areas.len() == 1 {
        return areas.pop_first().map_or(Home::Everywhere, Home::Area);
    }
    if areas.contains(ALWAYS) {
        areas.clear();
    }
    let concept = ty.concept().unwrap_or("common").to_owned();
    Home::Shared { concept, areas }
}

fn only<'a>(names: &BTreeSet<&'a str>) -> Option<&'a str> {
    match names.len() {
        1 => names.first().copied(),
        _ => None,
    }
}

/// Converts "Audit events" into `audit`.
fn events_of(group: &str) -> String {
    let name = group.to_snake_case();
    name.trim_end_matches("_events").to_owned()
}

/// Returns the named type in the response of an operation.
pub(crate) fn outcome(operation: &Operation) -> impl Iterator<Item = &str> {
    match &operation.outcome {
        Outcome::Value { ty, .. } | Outcome::Page(ty) => ty.named(),
        Outcome::Empty | Outcome::Download => None,
    }
    .into_iter()
}

/// Returns the named type in the body of an operation.
pub(crate) fn body(operation: &Operation) -> impl Iterator<Item = &str> {
    match &operation.body {
        Some(Body::Model { model, .. }) => Some(model.as_str()),
        Some(Body::Search { ty, .. } | Body::List { ty, .. }) => ty.named(),
        Some(Body::Member(member)) => member.ty.named(),
        None => None,
    }
    .into_iter()
}

/// Returns `roots` and all types that they contain.
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
