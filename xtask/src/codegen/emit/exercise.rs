//! Calls every operation with all members and options set, for the exerciser.

mod call;
mod source;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{Api, Operation, Resource};
use super::super::node::Refusal;
use super::super::place;
use super::super::read;
use super::literal::Sent;
use super::operation::gate;
use super::types::ident;
use crate::project::Service;
use call::{Used, Writer};
use source::{Sources, resource_of, sources};

/// Files, each with its module documentation and its items.
type Contents = BTreeMap<PathBuf, (String, Vec<TokenStream>)>;

/// Returns the files below the exerciser's folder: one, or one for each resource if the API has areas.
///
/// # Errors
/// The operations for which no call can be generated.
pub(super) fn files(api: &Api, service: &Service) -> Result<Contents, Vec<Refusal>> {
    let whole = PathBuf::from(service.exercise);
    let about = "Calls of every operation with every optional parameter set.";
    let sources = sources(api);
    let sent = Sent::default();
    if place::areas(api).is_empty() {
        let resources: Vec<_> = api.resources.iter().collect();
        let (items, _) = items(api, service, &sources, &sent, &resources, 1)?;
        all_sent(api, &sent)?;
        return Ok(BTreeMap::from([(whole, (about.to_owned(), items))]));
    }
    let mut files = BTreeMap::new();
    let mut creating = Creations::new();
    let folder = whole.with_extension("");
    for resource in &api.resources {
        let file = folder.join(format!("{}.rs", resource.name));
        let (items, creations) = items(api, service, &sources, &sent, &[resource], 2)?;
        creating.extend(creations);
        files.insert(file, (resource.doc.clone(), items));
    }
    all_sent(api, &sent)?;
    let creating = in_order(creating);
    let creating = creating.iter().map(|(resource, _)| ident(resource));
    let (client, library) = (ident(service.variable), ident(service.library));
    let modules: Vec<_> = api
        .resources
        .iter()
        .map(|resource| ident(&resource.name))
        .collect();
    let deleting = api.resources.iter().filter(|resource| {
        let mut operations = resource.operations.iter();
        operations.any(deletes)
    });
    let deleting = deleting.map(|resource| ident(&resource.name));
    let root = quote! {
        #(mod #modules;)*

        use super::report::Report;

        /// Creates the records that later calls need.
        pub(crate) async fn create(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#creating::create(#client, report)).await;)*
        }

        /// Calls every other operation once, except deletions.
        pub(crate) async fn run(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#modules::run(#client, report)).await;)*
        }

        /// Calls every deletion once.
        pub(crate) async fn delete(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#deleting::delete(#client, report)).await;)*
        }
    };
    files.insert(whole, (about.to_owned(), vec![root]));
    Ok(files)
}

/// Returns the items of a file that calls the operations of `resources`. The file is `depth` folders below the root of
/// the program.
fn items(
    api: &Api,
    service: &Service,
    sources: &Sources<'_>,
    sent: &Sent,
    resources: &[&Resource],
    depth: usize,
) -> Result<(Vec<TokenStream>, Creations), Vec<Refusal>> {
    let (client, library) = (ident(service.variable), ident(service.library));
    let writer = Writer {
        api,
        service,
        sources,
        sent,
        report: format!("{}report", "super::".repeat(depth)),
        file: resources
            .first()
            .map_or("", |resource| resource.name.as_str()),
        asked: Cell::new(0),
    };
    let operations = resources.iter().flat_map(|r| &r.operations);
    let (mut deleting, mut lasting): (Vec<_>, Vec<_>) =
        operations.partition(|operation| deletes(operation));
    // Removals from a group follow the additions. Operations that have to wait come last.
    lasting.sort_by_key(|operation| (operation.eventually, operation.method == "DELETE"));
    // Operations that delete whole records come last, so that the others still find them.
    deleting.sort_by_key(|operation| {
        operation.path.ends_with("/bulk-delete")
            || operation.path.ends_with('}') && operation.arguments.len() == 1
    });
    // Creations come first, so that no list is empty.
    let (creating, lasting): (Vec<_>, Vec<_>) = lasting
        .into_iter()
        .partition(|operation| creates(operation, sources));
    let (mut calls, mut deletions, mut refusals) = (Vec::new(), Vec::new(), Vec::new());
    let mut creations = Creations::new();
    let mut used = BTreeMap::<String, Used>::new();
    for operation in creating.iter().chain(&lasting).chain(&deleting) {
        let (deletes, creates) = (deletes(operation), creates(operation, sources));
        let mut own = BTreeMap::new();
        let apart = deletes || creates;
        let Some(call) = writer.call(operation, if apart { &mut own } else { &mut used }) else {
            refusals.push(Refusal {
                pointer: operation.pointer.clone(),
                problem: "no value can be made up for one of its parameters or members".to_owned(),
                remedy: "describe it more closely than as JSON of any form".to_owned(),
            });
            continue;
        };
        let gate = gate(operation.unconfirmed.is_some());
        if deletes {
            // Look the ids up again: an earlier call may have deleted them.
            let known = writer.known(&own);
            deletions.push(quote!(#gate { #(#known)* #call }));
        } else if creates {
            let known = writer.known(&own);
            let needed = own.keys().map(|name| resource_of(name).to_owned());
            let creation = Creation {
                needed: needed.collect(),
                call: quote!(#gate { #(#known)* #call }),
            };
            creations.insert(operation.resource.clone(), creation);
        } else {
            calls.push(quote!(#gate { #call }));
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let create = (!creations.is_empty()).then(|| {
        let expect = expect(&creating);
        let calls = in_order(creations.clone());
        let calls = calls.iter().map(|(_, creation)| &creation.call);
        quote! {
            /// Creates the records that later calls need.
            #expect
            pub(crate) async fn create(#client: &#library::Client, report: &mut Report) {
                #(#calls)*
            }
        }
    });
    let known = writer.known(&used);
    let run = (!calls.is_empty()).then(|| {
        let expect = expect(&lasting);
        quote! {
            /// Calls every other operation once, except deletions.
            #expect
            pub(crate) async fn run(#client: &#library::Client, report: &mut Report) {
                #(#known)*
                #(#calls)*
            }
        }
    });
    let delete = (!deletions.is_empty()).then(|| {
        let expect = expect(&deleting);
        quote! {
            /// Calls every deletion once.
            #expect
            pub(crate) async fn delete(#client: &#library::Client, report: &mut Report) {
                #(#deletions)*
            }
        }
    });
    let report = writer.path("Report");
    let imports = quote! {
        use #library::operations;
        use #report;
    };
    let items = [Some(imports), create, run, delete];
    Ok((items.into_iter().flatten().collect(), creations))
}

/// A call that creates a record.
#[derive(Clone)]
struct Creation {
    /// The resources whose records the call needs.
    needed: BTreeSet<String>,
    call: TokenStream,
}

/// Creations by resource.
type Creations = BTreeMap<String, Creation>;

/// Orders creations by dependency. A cycle is broken at its first name.
fn in_order(mut creations: Creations) -> Vec<(String, Creation)> {
    let mut ordered = Vec::new();
    while !creations.is_empty() {
        let is_free = |(name, creation): &(&String, &Creation)| {
            let mut needed = creation.needed.iter();
            needed.all(|needed| needed == *name || !creations.contains_key(needed))
        };
        let free = creations.iter().find(is_free).map(|(name, _)| name.clone());
        let next = free.or_else(|| creations.keys().next().cloned());
        ordered.extend(next.and_then(|name| creations.remove_entry(&name)));
    }
    ordered
}

/// Returns whether the operation creates a record whose id other calls need.
fn creates(operation: &Operation, sources: &Sources<'_>) -> bool {
    operation.name == "create" && sources.contains_key(&operation.resource)
}

/// Refuses members of requests that no call sends.
fn all_sent(api: &Api, sent: &Sent) -> Result<(), Vec<Refusal>> {
    let sent = sent.borrow();
    let models = read::sent(api).into_iter();
    let members = models.flat_map(|model| {
        let members = model.members.iter();
        members.map(move |member| (model, member))
    });
    let missing = members.filter(|(model, member)| {
        let key = (model.name.clone(), member.wire.clone());
        !sent.contains(&key)
    });
    let refusals = missing.map(|(model, member)| Refusal {
        pointer: member.pointer.clone(),
        problem: format!(
            "the exerciser does not send `{}` of `{}`",
            member.wire, model.name
        ),
        remedy: "give it an `example`, or describe it more closely".to_owned(),
    });
    match refusals.collect::<Vec<_>>() {
        refusals if refusals.is_empty() => Ok(()),
        refusals => Err(refusals),
    }
}

/// Returns whether the operation deletes a record, rather than removing it from a group.
fn deletes(operation: &Operation) -> bool {
    operation.method == "DELETE" && !operation.name.starts_with("remove_")
}

/// Returns the `expect` attribute for a function that calls `operations`.
fn expect(operations: &[&Operation]) -> Option<TokenStream> {
    let mut operations = operations.iter();
    let deprecated = operations.any(|operation| {
        let mut options = operation.options.iter();
        operation.deprecated.is_some() || options.any(|option| option.deprecated.is_some())
    });
    deprecated
        .then(|| quote!(#[expect(deprecated, reason = "deprecated parameters are exercised too")]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_of_requests_that_no_call_sends_are_refused() {
        let cat = json!({"description": "A cat.", "type": "object", "properties": {
            "name": {"description": "Its name.", "type": "string"},
            "toy": {"description": "Its toy.", "$ref": "#/components/schemas/Toy"},
        }});
        let toy = json!({"description": "A toy.", "type": "object", "properties": {
            "colour": {"description": "Its colour.", "type": "string"},
        }});
        let content = json!({"application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}});
        let description = json!({
            "openapi": "3.1.0",
            "info": {"title": "Cats", "version": "1"},
            "tags": [{"name": "Cats", "description": "Cats."}],
            "paths": {"/cats": {"post": {
                "operationId": "cats.create",
                "tags": ["Cats"],
                "summary": "Adds a cat.",
                "x-idempotent": false,
                "requestBody": {"required": true, "content": content},
                "responses": {"204": {"description": "It is there."}},
            }}},
            "components": {"schemas": {"Cat": cat, "Toy": toy}},
        });
        let api = read::api(&description).unwrap();
        let missing = |sent: &[(&str, &str)]| {
            let sent = sent.iter();
            let sent = sent.map(|(model, member)| ((*model).to_owned(), (*member).to_owned()));
            let refusals = all_sent(&api, &Sent::new(sent.collect())).err();
            let refusals = refusals.unwrap_or_default().into_iter();
            refusals.map(|one| one.pointer).collect::<Vec<_>>()
        };
        let every = [("Cat", "name"), ("Cat", "toy"), ("Toy", "colour")];
        assert_eq!(missing(&every), [""; 0]);
        assert_eq!(
            missing(&every[..2]),
            ["/components/schemas/Toy/properties/colour"]
        );
        assert_eq!(
            missing(&every[1..]),
            ["/components/schemas/Cat/properties/name"]
        );
    }
}
