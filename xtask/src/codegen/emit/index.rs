//! The files that declare the others and say what they show.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{Api, Operation, Resource, Type};
use super::super::names;
use super::super::place::{self, Places};
use super::layout::Layout;
use super::operation::{all_unconfirmed, builder_name, gate, has_builder};
use super::text;
use super::types::ident;

/// The `mod.rs` files: one, or one for each folder and one above them. By folder, with a sentence about each.
pub(super) fn files(
    api: &Api,
    places: &Places,
    layout: &Layout,
) -> BTreeMap<String, (String, Vec<TokenStream>)> {
    let folders = folders(places, layout);
    let about = "The API, generated from its description.".to_owned();
    if let Some(files) = folders.get("") {
        let resources: Vec<_> = api.resources.iter().collect();
        let items = vec![
            modules(files),
            types(api, places, files).unwrap_or_default(),
            self::resources(layout, &resources),
            operations(api, layout, &resources),
            client(&resources),
        ];
        return BTreeMap::from([(String::new(), (about, items))]);
    }
    let mut indexes = BTreeMap::new();
    for (folder, files) in &folders {
        let resources: Vec<_> = api
            .resources
            .iter()
            .filter(|resource| resource.area.as_deref() == Some(folder))
            .collect();
        let mut items = vec![modules(files)];
        if resources.is_empty() {
            let about = "What several areas have in common.".to_owned();
            indexes.insert(folder.clone(), (about, items));
            continue;
        }
        items.extend(types(api, places, files));
        items.extend([
            self::resources(layout, &resources),
            operations_of_area(layout, &resources),
            client(&resources),
        ]);
        let about = format!("The area {}.", folder.replace('_', " "));
        indexes.insert(folder.clone(), (about, items));
    }
    indexes.insert(String::new(), (about, whole(api, places, &folders)));
    indexes
}

/// The files of each folder, without the folder.
fn folders(places: &Places, layout: &Layout) -> BTreeMap<String, BTreeSet<String>> {
    let mut folders = BTreeMap::<String, BTreeSet<String>>::new();
    for file in places.files().into_iter().chain(layout.files()) {
        let (folder, _) = file.split_once('/').unwrap_or(("", &file));
        folders.entry(folder.to_owned()).or_default().insert(file);
    }
    folders
}

/// The attribute by which a file is compiled only with one of the features that need it.
fn feature_gate(file: &str) -> Option<TokenStream> {
    match place::features(file).as_slice() {
        [] => None,
        [only] => Some(quote!(#[cfg(feature = #only)])),
        several => Some(quote!(#[cfg(any(#(feature = #several),*))])),
    }
}

/// Within a folder all files have the folder's features, but for the folder of what areas share.
fn gate_in_folder(file: &str) -> Option<TokenStream> {
    place::is_common(file).then(|| feature_gate(file)).flatten()
}

fn modules(files: &BTreeSet<String>) -> TokenStream {
    let modules = files.iter().map(|file| {
        let gate = gate_in_folder(file);
        let visible = place::is_common(file).then(|| quote!(pub(super)));
        let name = ident(base(file));
        let same = file
            .split_once('/')
            .is_some_and(|(folder, name)| folder == name);
        let inception = same.then(|| {
            let reason = "an area may have a resource of its own name";
            quote!(#[expect(clippy::module_inception, reason = #reason)])
        });
        quote!(#gate #inception #visible mod #name;)
    });
    quote!(#(#modules)*)
}

/// The last part of a file's way.
fn base(file: &str) -> &str {
    file.rsplit('/').next().unwrap_or(file)
}

/// How far a module is seen: those of an area are shown by the one above them.
fn visibility(in_area: bool) -> TokenStream {
    match in_area {
        true => quote!(pub(super)),
        false => quote!(pub),
    }
}

/// The module that shows the types in these files, if there are any.
fn types(api: &Api, places: &Places, files: &BTreeSet<String>) -> Option<TokenStream> {
    let lists = files.iter().filter_map(|file| {
        let names: Vec<_> = places
            .of_file(api, file)
            .into_iter()
            .map(|ty| match ty {
                Type::Enum(found) => ident(&found.name),
                Type::Model(found) => ident(&found.name),
            })
            .collect();
        let file = ident(base(file));
        (!names.is_empty()).then(|| quote!(pub use super::#file::{#(#names),*};))
    });
    let lists: Vec<_> = lists.collect();
    if lists.is_empty() {
        return None;
    }
    let visible = visibility(files.iter().any(|file| file.contains('/')));
    Some(quote! {
        /// The objects and enumerations of the API.
        #visible mod types {
            #(#lists)*
        }
    })
}

fn resources(layout: &Layout, resources: &[&Resource]) -> TokenStream {
    let lists = resources.iter().flat_map(|resource| {
        let handle = names::type_name(&resource.name);
        re_exports(layout, resource, |operations, first| {
            let handle = first.then(|| (all_unconfirmed(resource), handle.clone()));
            let builders = operations
                .iter()
                .filter(|operation| has_builder(operation))
                .map(|operation| (operation.unconfirmed.is_some(), builder_name(operation)));
            handle.into_iter().chain(builders).collect()
        })
    });
    let visible = visibility(resources.iter().any(|resource| resource.area.is_some()));
    quote! {
        /// The resources of the API, and the calls of theirs that take options.
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

fn static_lists(layout: &Layout, resources: &[&Resource]) -> Vec<TokenStream> {
    let lists = resources.iter();
    lists
        .flat_map(|resource| re_exports(layout, resource, |operations, _| statics(operations)))
        .collect()
}

/// References to the statics of all operations.
fn all_statics(resources: &[&Resource]) -> Vec<TokenStream> {
    let statics = resources.iter().flat_map(|r| statics(&r.operations));
    statics
        .map(|(unconfirmed, name)| {
            let (gate, name) = (gate(unconfirmed), ident(&name));
            quote!(#gate &#name)
        })
        .collect()
}

fn operations(api: &Api, layout: &Layout, resources: &[&Resource]) -> TokenStream {
    let lists = static_lists(layout, resources);
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
            /// All of them.
            pub static ALL: &[&security_api_transport::Operation] = &[#(#all),*];
            #events
        }
    }
}

fn operations_of_area(layout: &Layout, resources: &[&Resource]) -> TokenStream {
    let lists = static_lists(layout, resources);
    let all = all_statics(resources);
    let visible = visibility(true);
    quote! {
        /// The facts of each operation.
        #visible mod operations {
            #(#lists)*
        }
        /// All of them.
        pub(super) static ALL: &[&security_api_transport::Operation] = {
            use operations::*;
            &[#(#all),*]
        };
    }
}

/// What stands above the areas.
fn whole(
    api: &Api,
    places: &Places,
    folders: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<TokenStream> {
    // Any file of a folder tells the features of all; what areas share is gated file by file.
    let gate = |folder: &str| match place::is_common(&format!("{folder}/")) {
        true => None,
        false => feature_gate(&format!("{folder}/any")),
    };
    let each = |write: &dyn Fn(&str, Option<TokenStream>) -> TokenStream| {
        let parts = folders.keys().map(|folder| write(folder, gate(folder)));
        parts.collect::<TokenStream>()
    };
    let areas = place::areas(api);
    let modules = each(&|folder, gate| {
        let name = ident(folder);
        quote!(#gate mod #name;)
    });
    let of_types = places.files();
    let types = each(&|folder, gate| {
        let name = ident(folder);
        let mut files = folders[folder].intersection(&of_types).peekable();
        match areas.contains(folder) {
            true if files.peek().is_none() => TokenStream::new(),
            true => quote!(#gate pub use super::#name::types::*;),
            false => files
                .map(|file| {
                    let (gate, file) = (feature_gate(file), ident(base(file)));
                    quote!(#gate pub use super::#name::#file::*;)
                })
                .collect(),
        }
    });
    let of_areas = |module: &str| {
        let module = ident(module);
        each(&|folder, gate| {
            let name = ident(folder);
            match areas.contains(folder) {
                true => quote!(#gate pub use super::#name::#module::*;),
                false => TokenStream::new(),
            }
        })
    };
    let (resources, operations) = (of_areas("resources"), of_areas("operations"));
    let lists = each(&|folder, gate| {
        let name = ident(folder);
        match areas.contains(folder) {
            true => quote!(#gate (#folder, super::#name::ALL),),
            false => TokenStream::new(),
        }
    });
    vec![
        modules,
        quote! {
            /// The objects and enumerations of the API.
            pub mod types { #types }
        },
        quote! {
            /// The resources of the API, and the calls of theirs that take options.
            pub mod resources { #resources }
        },
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
        },
    ]
}

/// Re-exports from a resource's files, those that are not sure to exist apart.
fn re_exports(
    layout: &Layout,
    resource: &Resource,
    names: impl Fn(&[Operation], bool) -> Vec<(bool, String)>,
) -> Vec<TokenStream> {
    let mut lists = Vec::new();
    for (index, (file, operations)) in layout.of(resource).into_iter().enumerate() {
        let file = ident(base(file));
        let names = names(operations, index == 0);
        for unconfirmed in [false, true] {
            let mut shown: Vec<_> = names
                .iter()
                .filter(|(gated, _)| *gated == unconfirmed)
                .map(|(_, name)| ident(name))
                .collect();
            shown.sort();
            if !shown.is_empty() {
                let gate = gate(unconfirmed);
                lists.push(quote!(#gate pub use super::#file::{#(#shown),*};));
            }
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
