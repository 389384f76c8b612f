//! The file that declares the others and says what they show.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{Api, Resource, Type};
use super::super::names;
use super::super::place::Places;
use super::operation::{all_unconfirmed, builder_name, gate, has_builder};
use super::text;
use super::types::ident;

/// The items of `mod.rs`.
pub(super) fn items(api: &Api, places: &Places) -> Vec<TokenStream> {
    let files: BTreeSet<_> = places
        .type_files(api)
        .into_iter()
        .chain(api.resources.iter().map(|resource| resource.name.clone()))
        .collect();
    let modules = files.iter().map(|file| {
        let file = ident(file);
        quote!(mod #file;)
    });
    vec![
        quote!(#(#modules)*),
        types(api, places, &files),
        resources(api),
        operations(api),
        client(api),
    ]
}

fn types(api: &Api, places: &Places, files: &BTreeSet<String>) -> TokenStream {
    let lists = files.iter().filter_map(|file| {
        let names: Vec<_> = places
            .of_file(api, file)
            .into_iter()
            .map(|ty| match ty {
                Type::Enum(found) => ident(&found.name),
                Type::Model(found) => ident(&found.name),
            })
            .collect();
        let file = ident(file);
        (!names.is_empty()).then(|| quote!(pub use super::#file::{#(#names),*};))
    });
    quote! {
        /// The objects and enumerations of the API.
        pub mod types {
            #(#lists)*
        }
    }
}

fn resources(api: &Api) -> TokenStream {
    let lists = api.resources.iter().flat_map(|resource| {
        let handle = (all_unconfirmed(resource), names::type_name(&resource.name));
        let builders = resource
            .operations
            .iter()
            .filter(|operation| has_builder(operation))
            .map(|operation| (operation.unconfirmed.is_some(), builder_name(operation)));
        gated(resource, std::iter::once(handle).chain(builders).collect())
    });
    quote! {
        /// The resources of the API, and the calls of theirs that take options.
        pub mod resources {
            #(#lists)*
        }
    }
}

fn operations(api: &Api) -> TokenStream {
    let statics = |resource: &Resource| {
        let operations = resource.operations.iter();
        operations
            .map(|o| (o.unconfirmed.is_some(), names::static_name(&o.id)))
            .collect::<Vec<_>>()
    };
    let lists = api.resources.iter().flat_map(|r| gated(r, statics(r)));
    let all = api
        .resources
        .iter()
        .flat_map(statics)
        .map(|(unconfirmed, name)| {
            let (gate, name) = (gate(unconfirmed), ident(&name));
            quote!(#gate &#name)
        });
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

/// Re-exports from a resource's file, those that are not sure to exist apart.
fn gated(resource: &Resource, names: Vec<(bool, String)>) -> Vec<TokenStream> {
    let file = ident(&resource.name);
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
            lists.push(quote!(#gate pub use super::#file::{#(#shown),*};));
        }
    }
    lists
}

fn client(api: &Api) -> TokenStream {
    let methods = api.resources.iter().map(|resource| {
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
