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
use super::text;
use super::types::ident;
use crate::project::Service;
use call::{AllUsed, Writer};
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
    let items = vec![root(api, service, creating)];
    files.insert(whole, (about.to_owned(), items));
    Ok(files)
}

/// Returns what the file of an API with areas has: the files of its resources, and the functions that call theirs.
fn root(api: &Api, service: &Service, creating: Creations) -> TokenStream {
    let client = ident(service.variable);
    let creating = in_order(creating).into_iter();
    let creating = creating.map(|(resource, _)| ident(&resource));
    let resources = api.resources.iter();
    let modules: Vec<_> = resources.map(|resource| ident(&resource.name)).collect();
    let deleting = api.resources.iter().filter(|resource| {
        let mut operations = resource.operations.iter();
        operations.any(deletes)
    });
    let deleting = deleting.map(|resource| ident(&resource.name));
    let imports = quote! {
        #(mod #modules;)*

        use super::report::Report;
    };
    let functions = [
        (
            CREATE,
            quote!(#(Box::pin(#creating::create(#client, report)).await;)*),
        ),
        (
            RUN,
            quote!(#(Box::pin(#modules::run(#client, report)).await;)*),
        ),
        (
            DELETE,
            quote!(#(Box::pin(#deleting::delete(#client, report)).await;)*),
        ),
    ];
    let functions = functions.map(|(name, calls)| function(service, name, None, calls));
    quote!(#imports #(#functions)*)
}

/// A function of the exerciser: its name, and what it does.
type Function = (&'static str, &'static str);

const CREATE: Function = ("create", "Creates the records that later calls need.");
const RUN: Function = ("run", "Calls every other operation once, except deletions.");
const DELETE: Function = ("delete", "Calls every deletion once.");

fn function(
    service: &Service,
    (name, about): Function,
    expect: Option<TokenStream>,
    statements: TokenStream,
) -> TokenStream {
    let (name, doc) = (ident(name), text::doc(about));
    let (client, library) = (ident(service.variable), ident(service.library));
    quote! {
        #doc
        #expect
        pub(crate) async fn #name(#client: &#library::Client, report: &mut Report) {
            #statements
        }
    }
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
    let order = Order::of(resources, sources);
    let calls = Calls::written(&writer, &order)?;
    let creations = in_order(calls.creations.clone()).into_iter();
    let creations = creations.map(|(_, creation)| creation.call);
    let functions = [
        (CREATE, &order.creating, creations.collect()),
        (RUN, &order.lasting, calls.lasting),
        (DELETE, &order.deleting, calls.deletions),
    ];
    let functions = functions
        .into_iter()
        .filter(|(_, _, statements)| !statements.is_empty())
        .map(|(name, operations, calls)| function(service, name, expect(operations), calls));
    let library = ident(service.library);
    let report = writer.path("Report");
    let imports = quote! {
        use #library::operations;
        use #report;
    };
    let items = std::iter::once(imports).chain(functions);
    Ok((items.collect(), calls.creations))
}

/// The operations of a file, in the order in which they are called.
struct Order<'a> {
    /// Creations come first, so that no list is empty.
    creating: Vec<&'a Operation>,
    lasting: Vec<&'a Operation>,
    deleting: Vec<&'a Operation>,
}

impl<'a> Order<'a> {
    fn of(resources: &[&'a Resource], sources: &Sources<'_>) -> Self {
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
        let (creating, lasting) = lasting
            .into_iter()
            .partition(|operation| creates(operation, sources));
        Self {
            creating,
            lasting,
            deleting,
        }
    }
}

/// The calls of a file as code.
struct Calls {
    creations: Creations,
    /// Look up the ids that they use once for all.
    lasting: TokenStream,
    deletions: TokenStream,
}

impl Calls {
    fn written(writer: &Writer<'_>, order: &Order<'_>) -> Result<Self, Vec<Refusal>> {
        let mut refusals = Vec::new();
        let creations = each(&order.creating, &mut refusals, |operation| {
            let creation = Standalone::written(writer, operation)?;
            Some((operation.resource.clone(), creation))
        });
        let mut used = AllUsed::new();
        let lasting = each(&order.lasting, &mut refusals, |operation| {
            let call = writer.call(operation, &mut used)?;
            let gate = gate(operation.unconfirmed.is_some());
            Some(quote!(#gate { #call }))
        });
        // Look the ids up again for each: an earlier call may have deleted them.
        let deletions = each(&order.deleting, &mut refusals, |operation| {
            Some(Standalone::written(writer, operation)?.call)
        });
        if !refusals.is_empty() {
            return Err(refusals);
        }
        let known = writer.known(&used);
        Ok(Self {
            creations: creations.into_iter().collect(),
            lasting: known.into_iter().chain(lasting).collect(),
            deletions: deletions.into_iter().collect(),
        })
    }
}

/// Writes each operation, or refuses it if it cannot be written.
fn each<T>(
    operations: &[&Operation],
    refusals: &mut Vec<Refusal>,
    mut write: impl FnMut(&Operation) -> Option<T>,
) -> Vec<T> {
    let mut all = Vec::new();
    for operation in operations {
        match write(operation) {
            Some(written) => all.push(written),
            None => refusals.push(Refusal {
                pointer: operation.pointer.clone(),
                problem: "no value can be made up for one of its parameters or members".to_owned(),
                remedy: "describe it more closely than as JSON of any form".to_owned(),
            }),
        }
    }
    all
}

/// A call that looks up the ids that it uses itself.
#[derive(Clone)]
struct Standalone {
    /// The resources whose records the call needs.
    needed: BTreeSet<String>,
    call: TokenStream,
}

impl Standalone {
    fn written(writer: &Writer<'_>, operation: &Operation) -> Option<Self> {
        let mut used = AllUsed::new();
        let call = writer.call(operation, &mut used)?;
        let known = writer.known(&used);
        let gate = gate(operation.unconfirmed.is_some());
        let needed = used.keys().map(|name| resource_of(name).to_owned());
        Some(Self {
            needed: needed.collect(),
            call: quote!(#gate { #(#known)* #call }),
        })
    }
}

/// Creations by resource.
type Creations = BTreeMap<String, Standalone>;

/// Orders creations by dependency. A cycle is broken at its first name.
fn in_order(mut creations: Creations) -> Vec<(String, Standalone)> {
    let mut ordered = Vec::new();
    while !creations.is_empty() {
        let is_free = |(name, creation): &(&String, &Standalone)| {
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
