//! The `mod.rs` files, which declare and re-export the other modules.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::super::ir::{ALWAYS, Api, Operation, Resource};
use super::super::names;
use super::super::place::{self, Home, Places, SHARED};
use super::operation::{all_unconfirmed, builder_name, gate, has_builder};
use super::text;
use super::types::{code, ident};
use crate::project::Service;

/// Returns the `mod.rs` files by folder, each with its module documentation. An API with areas has one for each area
/// and one for the root.
pub(super) fn files(
    api: &Api,
    places: &Places,
    service: &Service,
) -> BTreeMap<String, (String, Vec<TokenStream>)> {
    let about = "The API, generated from its description.".to_owned();
    let areas = place::areas(api);
    let modules = modules(api, places);
    if areas.is_empty() {
        let resources: Vec<_> = api.resources.iter().collect();
        let modules: Vec<_> = modules.iter().map(Vec::as_slice).collect();
        let items = vec![
            declared(&modules, None, &resources),
            types(&modules, false),
            self::resources(&resources),
            operations(api, &resources),
            client(&resources),
        ];
        return BTreeMap::from([(String::new(), (about, items))]);
    }
    let mut indexes = BTreeMap::new();
    for area in &areas {
        let resources: Vec<_> = api
            .resources
            .iter()
            .filter(|resource| resource.area.as_deref() == Some(area))
            .collect();
        let inside: Vec<_> = modules
            .iter()
            .filter(|module| module.first() == Some(area))
            .map(|module| &module[1..])
            .collect();
        let items = vec![
            declared(&inside, Some(area), &resources),
            types(&inside, true),
            self::resources(&resources),
            operations_of_area(&resources),
            client(&resources),
        ];
        let about = format!("The area {}.", area.replace('_', " "));
        indexes.insert((*area).to_owned(), (about, items));
    }
    let shared = shared(places, service);
    if !shared.is_empty() {
        let about = "Types that several areas use.".to_owned();
        let modules = shared.iter().map(|(name, condition)| {
            let (gate, name) = (condition.as_deref().map(code), ident(name));
            quote!(#gate pub(super) mod #name;)
        });
        indexes.insert(SHARED.to_owned(), (about, vec![modules.collect()]));
    }
    let with_types: BTreeSet<_> = modules
        .iter()
        .filter(|module| module.last() != Some(&"calls"))
        .filter_map(|module| module.first().copied())
        .filter(|folder| areas.contains(folder))
        .collect();
    indexes.insert(String::new(), (about, whole(&areas, &with_types, &shared)));
    indexes
}

/// Returns all modules with code, relative to the generated root.
fn modules<'a>(api: &'a Api, places: &'a Places) -> BTreeSet<Vec<&'a str>> {
    let mut modules = places.modules();
    for resource in &api.resources {
        let area = resource.area.as_deref().into_iter();
        modules.insert(area.chain([resource.name.as_str(), "calls"]).collect());
    }
    modules
}

/// Returns the modules of shared types, each with its `cfg`: any area that uses one of its types enables it.
fn shared<'a>(places: &'a Places, service: &Service) -> BTreeMap<&'a str, Option<String>> {
    let mut areas_of = BTreeMap::<&str, Option<BTreeSet<String>>>::new();
    for home in places.homes() {
        let Home::Shared { concept, areas } = home else {
            continue;
        };
        let all = areas_of
            .entry(concept)
            .or_insert_with(|| Some(BTreeSet::new()));
        match areas.is_empty() {
            true => *all = None,
            false => {
                if let Some(all) = all {
                    all.extend(areas.iter().cloned());
                }
            }
        }
    }
    let conditions = areas_of.into_iter().map(|(concept, areas)| {
        let condition = areas.and_then(|areas| condition_of(service, &areas));
        (concept, condition)
    });
    conditions.collect()
}

/// Returns the `cfg` attribute of a type within its file.
pub(super) fn condition(service: &Service, home: &Home) -> Option<String> {
    match home {
        Home::Shared { areas, .. } => condition_of(service, areas),
        _ => None,
    }
}

/// Returns a `cfg` attribute that holds if any of `areas` is enabled. A feature that enables several of them replaces
/// them.
fn condition_of(service: &Service, areas: &BTreeSet<String>) -> Option<String> {
    let mut features: BTreeSet<&str> = areas.iter().map(String::as_str).collect();
    for (feature, group) in service.groups {
        if group.iter().filter(|area| features.contains(*area)).count() > 1 {
            features.retain(|area| !group.contains(area));
            features.insert(feature);
        }
    }
    let features: Vec<_> = features
        .iter()
        .map(|feature| format!("feature = {feature:?}"))
        .collect();
    match features.as_slice() {
        [] => None,
        [only] => Some(format!("#[cfg({only})]")),
        several => Some(format!("#[cfg(any({}))]", several.join(", "))),
    }
}

/// Declares `modules`. Each path has one or two segments.
fn declared(modules: &[&[&str]], area: Option<&str>, resources: &[&Resource]) -> TokenStream {
    let unconfirmed = |name: &str| {
        let mut resources = resources.iter();
        resources.any(|resource| resource.name == name && all_unconfirmed(resource))
    };
    let mut folders = BTreeMap::<&str, Vec<&str>>::new();
    for module in modules {
        let (folder, rest) = module.split_first().expect("modules have names");
        folders.entry(folder).or_default().extend(rest.first());
    }
    let folders = folders.into_iter().map(|(folder, files)| {
        let gate = gate(unconfirmed(folder));
        let inception = (area == Some(folder)).then(|| {
            let reason = "an area may have a resource of its own name";
            quote!(#[expect(clippy::module_inception, reason = #reason)])
        });
        let folder = ident(folder);
        if files.is_empty() {
            return quote!(pub(super) mod #folder;);
        }
        let files = files.into_iter().map(|file| {
            let gate = gate.as_ref().filter(|_| file == "calls");
            let file = ident(file);
            quote!(#gate pub(super) mod #file;)
        });
        quote!(#inception mod #folder { #(#files)* })
    });
    quote!(#(#folders)*)
}

fn path(module: &[&str]) -> TokenStream {
    let parts = module.iter().map(|part| ident(part));
    quote!(#(#parts)::*)
}

/// Returns the visibility of a module: the root re-exports the modules of an area.
fn visibility(in_area: bool) -> TokenStream {
    match in_area {
        true => quote!(pub(super)),
        false => quote!(pub),
    }
}

/// Returns the `types` module, which re-exports the types of `modules`.
fn types(modules: &[&[&str]], in_area: bool) -> TokenStream {
    let with_types = modules
        .iter()
        .filter(|module| module.last() != Some(&"calls"));
    let lists: Vec<_> = with_types
        .map(|module| {
            let path = path(module);
            quote!(pub use super::#path::*;)
        })
        .collect();
    if lists.is_empty() {
        return TokenStream::new();
    }
    let visible = visibility(in_area);
    quote! {
        /// The objects and enumerations of the API.
        #visible mod types {
            #(#lists)*
        }
    }
}

fn resources(resources: &[&Resource]) -> TokenStream {
    let lists = resources.iter().flat_map(|resource| {
        let handle = (all_unconfirmed(resource), names::type_name(&resource.name));
        let builders = resource
            .operations
            .iter()
            .filter(|operation| has_builder(operation))
            .map(|operation| (operation.unconfirmed.is_some(), builder_name(operation)));
        re_exports(resource, [handle].into_iter().chain(builders).collect())
    });
    let visible = visibility(resources.iter().any(|resource| resource.area.is_some()));
    quote! {
        /// The resources of the API, and the types of their calls that take options.
        #visible mod resources {
            #(#lists)*
        }
    }
}

fn statics(operations: &[Operation]) -> Vec<(bool, String)> {
    let statics = operations.iter();
    statics
        .map(|o| (o.unconfirmed.is_some(), names::static_name(&o.id)))
        .collect()
}

fn static_lists(resources: &[&Resource]) -> Vec<TokenStream> {
    let lists = resources.iter();
    lists
        .flat_map(|resource| re_exports(resource, statics(&resource.operations)))
        .collect()
}

/// Returns references to the statics of all operations.
fn all_statics(resources: &[&Resource]) -> Vec<TokenStream> {
    let statics = resources.iter().flat_map(|r| statics(&r.operations));
    statics
        .map(|(unconfirmed, name)| {
            let (gate, name) = (gate(unconfirmed), ident(&name));
            quote!(#gate &#name)
        })
        .collect()
}

fn operations(api: &Api, resources: &[&Resource]) -> TokenStream {
    let lists = static_lists(resources);
    let all = all_statics(resources);
    let events = (!api.webhooks.is_empty()).then(|| {
        let events: BTreeSet<_> = api
            .webhooks
            .iter()
            .flat_map(|webhook| {
                webhook
                    .objects
                    .iter()
                    .map(|object| (&webhook.category, object))
            })
            .collect();
        let events = events
            .into_iter()
            .map(|(category, object)| quote!((#category, #object)));
        quote! {
            /// Category and object of every webhook event that is described.
            pub static EVENTS: &[(&str, &str)] = &[#(#events),*];
        }
    });
    quote! {
        /// The facts of each operation.
        pub mod operations {
            #(#lists)*
            /// All operations.
            pub static ALL: &[&security_api_transport::Operation] = &[#(#all),*];
            #events
        }
    }
}

fn operations_of_area(resources: &[&Resource]) -> TokenStream {
    let lists = static_lists(resources);
    let all = all_statics(resources);
    let visible = visibility(true);
    quote! {
        /// The facts of each operation.
        #visible mod operations {
            #(#lists)*
        }
        /// All operations.
        pub(super) static ALL: &[&security_api_transport::Operation] = {
            use operations::*;
            &[#(#all),*]
        };
    }
}

/// Returns the items of the root module of an API with areas.
fn whole(
    areas: &BTreeSet<&str>,
    with_types: &BTreeSet<&str>,
    shared: &BTreeMap<&str, Option<String>>,
) -> Vec<TokenStream> {
    let modules = of_each(areas, |_, name| quote!(mod #name;));
    let shared_module = (!shared.is_empty()).then(|| {
        quote!(
            mod shared;
        )
    });
    let of_shared = shared.iter().map(|(name, condition)| {
        let (gate, name) = (condition.as_deref().map(code), ident(name));
        quote!(#gate pub use super::shared::#name::*;)
    });
    let types = of_each(
        with_types,
        |_, area| quote!(pub use super::#area::types::*;),
    );
    let resources = of_each(areas, |_, area| quote!(pub use super::#area::resources::*;));
    vec![
        quote!(#modules #shared_module),
        quote! {
            /// The objects and enumerations of the API.
            pub mod types { #types #(#of_shared)* }
        },
        quote! {
            /// The resources of the API, and the types of their calls that take options.
            pub mod resources { #resources }
        },
        operations_of_areas(areas),
    ]
}

/// Returns the `operations` module of an API with areas.
fn operations_of_areas(areas: &BTreeSet<&str>) -> TokenStream {
    let operations = of_each(
        areas,
        |_, area| quote!(pub use super::#area::operations::*;),
    );
    let lists = of_each(areas, |name, area| quote!((#name, super::#area::ALL),));
    quote! {
        /// The facts of each operation.
        pub mod operations {
            #operations
            /// The areas that are compiled, and their operations.
            pub static AREAS: &[(&str, &[&security_api_transport::Operation])] = &[#lists];

            /// All operations that are compiled.
            pub fn all() -> impl Iterator<Item = &'static security_api_transport::Operation> {
                AREAS.iter().flat_map(|(_, operations)| operations.iter().copied())
            }
        }
    }
}

/// Returns what `write` makes of the name and the module of each area. All but one are compiled only with their feature.
fn of_each(areas: &BTreeSet<&str>, write: impl Fn(&str, Ident) -> TokenStream) -> TokenStream {
    let parts = areas.iter().map(|area| {
        let gate = (*area != ALWAYS).then(|| quote!(#[cfg(feature = #area)]));
        let part = write(area, ident(area));
        quote!(#gate #part)
    });
    parts.collect()
}

/// Re-exports a resource's calls. Unconfirmed ones get a separate `use` with a `cfg`.
fn re_exports(resource: &Resource, names: Vec<(bool, String)>) -> Vec<TokenStream> {
    let module = ident(&resource.name);
    let mut lists = Vec::new();
    for unconfirmed in [false, true] {
        let mut shown: Vec<_> = names
            .iter()
            .filter(|(gated, _)| *gated == unconfirmed)
            .map(|(_, name)| ident(name))
            .collect();
        shown.sort();
        if !shown.is_empty() {
            let gate = gate(unconfirmed);
            lists.push(quote!(#gate pub use super::#module::calls::{#(#shown),*};));
        }
    }
    lists
}

fn client(resources: &[&Resource]) -> TokenStream {
    let methods = resources.iter().map(|resource| {
        let gate = gate(all_unconfirmed(resource));
        let doc = text::doc(&resource.doc);
        let (name, handle) = (
            ident(&resource.name),
            ident(&names::type_name(&resource.name)),
        );
        quote! {
            #doc
            #gate
            #[must_use]
            pub fn #name(&self) -> resources::#handle {
                resources::#handle::new(self.transport())
            }
        }
    });
    quote! {
        /// The resources.
        impl crate::Client {
            #(#methods)*
        }
    }
}
