//! Calls of every operation with everything set, for the exerciser.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use heck::ToSnakeCase as _;
use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;

use super::super::ir::{Api, Body, Member, Operation, Outcome, Resource, Ty, Type};
use super::super::names;
use super::super::node::Refusal;
use super::super::place;
use super::super::read;
use super::docs;
use super::literal::{Literals, Sent};
use super::operation::gate;
use super::types::ident;
use crate::project::Service;

/// Files, what is said of each, and what is in it.
type Contents = BTreeMap<PathBuf, (String, Vec<TokenStream>)>;

/// The exerciser's files, below the folder of its own: one, or one for each resource where there are areas.
///
/// # Errors
/// Operations of which no call can be written.
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

        /// Calls what creates records that others are done with.
        pub(crate) async fn create(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#creating::create(#client, report)).await;)*
        }

        /// Calls every other operation once that deletes nothing.
        pub(crate) async fn run(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#modules::run(#client, report)).await;)*
        }

        /// Calls every operation once that deletes.
        pub(crate) async fn delete(#client: &#library::Client, report: &mut Report) {
            #(Box::pin(#deleting::delete(#client, report)).await;)*
        }
    };
    files.insert(whole, (about.to_owned(), vec![root]));
    Ok(files)
}

/// The items of a file that calls the operations of these resources; `depth` folders below the program's root.
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
    // What takes things out of others follows what puts them in; what has to wait comes last.
    lasting.sort_by_key(|operation| (operation.eventually, operation.method == "DELETE"));
    // What deletes whole records comes last, so that the others still find them.
    deleting.sort_by_key(|operation| {
        operation.path.ends_with("/bulk-delete")
            || operation.path.ends_with('}') && operation.arguments.len() == 1
    });
    // What creates comes first, so that no list is empty.
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
            // Asked for anew, as what was known may be deleted by now.
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
            /// Calls what creates records that others are done with.
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
            /// Calls every other operation once that deletes nothing.
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
            /// Calls every operation once that deletes.
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
    /// The resources of which it needs records.
    needed: BTreeSet<String>,
    call: TokenStream,
}

/// By resource.
type Creations = BTreeMap<String, Creation>;

/// What needs no others first, as far as that goes.
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

/// The resource whose list or answer an id is from.
fn resource_of(source: &str) -> &str {
    source
        .split_once('.')
        .map_or(source, |(resource, _)| resource)
}

/// Whether it creates a record whose id others need.
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

/// Whether it deletes what others may need, and does not just take it out of something.
fn deletes(operation: &Operation) -> bool {
    operation.method == "DELETE" && !operation.name.starts_with("remove_")
}

/// The attribute of a function that calls these.
fn expect(operations: &[&Operation]) -> Option<TokenStream> {
    let mut operations = operations.iter();
    let deprecated = operations.any(|operation| {
        let mut options = operation.options.iter();
        operation.deprecated.is_some() || options.any(|option| option.deprecated.is_some())
    });
    deprecated
        .then(|| quote!(#[expect(deprecated, reason = "deprecated parameters are exercised too")]))
}

/// What the generator relies on when it goes on with code that it wrote as text.
const WHOLE: &str = "literals are whole statements and expressions";

/// How an id is used.
struct Used {
    /// What stands in for it.
    example: String,
    only_unconfirmed: bool,
}

type AllUsed = BTreeMap<String, Used>;

/// Where an id comes from: the first item of a list, or an answer.
struct Source<'a> {
    operation: &'a Operation,
    member: &'a Member,
}

/// By what `x-id-of` calls them.
type Sources<'a> = BTreeMap<String, Source<'a>>;

/// The variable that holds an id.
fn variable(source: &str) -> String {
    let name = source.to_snake_case();
    match name.ends_with("_id") {
        true => name,
        false => format!("{name}_id"),
    }
}

/// Where the ids come from that `x-id-of` names: resources, and operations that it names themselves.
fn sources(api: &Api) -> Sources<'_> {
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
            Some(wire) => docs::members(api, ty).iter().find(|m| m.wire == wire),
            None => own_id(api, ty, &operation.resource),
        };
        if let Some(member) = member {
            found.insert(name.to_owned(), Source { operation, member });
        }
    }
    found
}

/// The member that holds the id of what this is: `id` or the like, or `<resource>Id`.
fn own_id<'a>(api: &'a Api, ty: &Ty, resource: &str) -> Option<&'a Member> {
    let one = match resource.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => resource.strip_suffix('s').unwrap_or(resource).to_owned(),
    };
    docs::id_member(api, ty).or_else(|| {
        let names = [format!("{one}_id"), format!("{one}_resource_id")];
        let mut members = docs::members(api, ty).iter();
        members.find(|member| names.contains(&member.name) && member.ty == Ty::Text)
    })
}

/// Whether a search needs nothing but search terms.
fn is_open(api: &Api, search: &Ty) -> bool {
    match search.named().and_then(|name| api.types.get(name)) {
        Some(Type::Model(model)) => model.members.iter().all(|member| !member.required),
        _ => true,
    }
}

/// Writes calls.
struct Writer<'a> {
    api: &'a Api,
    service: &'a Service,
    sources: &'a Sources<'a>,
    /// Which members are sent.
    sent: &'a Sent,
    /// The path of the exerciser's own functions.
    report: String,
    /// What tells this file's names apart from those of others.
    file: &'a str,
    /// How many calls were written whose answers are ids.
    asked: Cell<usize>,
}

/// A call as code.
struct Written {
    imports: TokenStream,
    /// What makes the body.
    body: Vec<syn::Stmt>,
    /// Without what sends it.
    text: String,
    used: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn path(&self, name: &str) -> syn::Path {
        syn::parse_str(&format!("{}::{name}", self.report)).expect(WHOLE)
    }

    /// The statements that ask for these ids, and for those needed to ask.
    fn known(&self, used: &AllUsed) -> Vec<TokenStream> {
        let (mut done, mut statements) = (BTreeSet::new(), Vec::new());
        for (name, used) in used {
            self.ask(name, used, &mut done, &mut statements);
        }
        statements
    }

    fn ask(
        &self,
        name: &str,
        used: &Used,
        done: &mut BTreeSet<String>,
        statements: &mut Vec<TokenStream>,
    ) {
        let Source { operation, member } = &self.sources[name];
        if !done.insert(name.to_owned()) {
            return;
        }
        let library = ident(self.service.library);
        let client = ident(self.service.variable);
        let is_search = operation.arguments.is_empty()
            && matches!(&operation.body, Some(Body::Search { ty, .. }) if is_open(self.api, ty));
        let (call, imports, body) = if is_search {
            let (resource, list) = (ident(&operation.resource), ident(&operation.name));
            let call: syn::Expr = syn::parse_quote!(
                #client.#resource().#list(#library::SearchRequest::default())
            );
            (call, quote!(), Vec::new())
        } else {
            let Some(written) = self.write_source(operation) else {
                return;
            };
            for (needed, example) in written.used {
                let used = Used {
                    example,
                    only_unconfirmed: used.only_unconfirmed,
                };
                self.ask(&needed, &used, done, statements);
            }
            let call = syn::parse_str(&written.text).expect(WHOLE);
            (call, written.imports, written.body)
        };
        let (variable, example) = (ident(&variable(name)), &used.example);
        let field = ident(&member.name);
        let id = match (member.required, &member.ty) {
            (true, Ty::Secret) => quote!(item.#field.expose().to_owned()),
            (false, Ty::Secret) => quote!(item.#field.unwrap_or_default().expose().to_owned()),
            (true, _) => quote!(item.#field),
            (false, _) => quote!(item.#field.unwrap_or_default()),
        };
        let (function, call) = match &operation.outcome {
            Outcome::Page(_) => ("known", quote!(#call.page())),
            Outcome::Value {
                ty: Ty::List(_), ..
            } => ("known", quote!(#call)),
            _ => ("answered", quote!(#call)),
        };
        let (function, gate) = (self.path(function), gate(used.only_unconfirmed));
        let asked = quote!(#function(#call, |item| #id, #example).await);
        statements.push(match body.is_empty() && imports.is_empty() {
            true => quote!(#gate let #variable = #asked;),
            false => quote!(#gate let #variable = { #imports #(#body)* #asked };),
        });
    }

    /// The call of an operation whose answer is an id, without its options.
    fn write_source(&self, operation: &Operation) -> Option<Written> {
        self.asked.set(self.asked.get() + 1);
        let distinction = format!("{}-{}", self.file, self.asked.get());
        self.write(operation, &distinction, false)
    }

    /// The call of an operation with its body and arguments, and its options if asked for.
    fn write(&self, operation: &Operation, distinction: &str, options: bool) -> Option<Written> {
        let unconfirmed = operation.unconfirmed.is_some();
        let known = self.sources.iter().filter(|(_, source)| {
            let own = source.operation.id == operation.id;
            !own && (unconfirmed || source.operation.unconfirmed.is_none())
        });
        let ids = known.map(|(name, _)| (name.clone(), format!("{}.as_str()", variable(name))));
        let time = |seconds| format!("{}::time({seconds})", self.report);
        let literals = Literals::new(self.api, &time);
        let mut literals = literals.exercising(
            &self.report,
            self.sent,
            operation,
            distinction,
            ids.collect(),
        );
        let body = literals.body(operation, true)?;
        let body: Vec<syn::Stmt> = syn::Block::parse_within.parse_str(&body).expect(WHOLE);
        let given = operation.call.is_some();
        let mut text = match given {
            true => literals.given_call(self.service.variable, operation)?,
            false => literals.call(self.service.variable, operation)?,
        };
        if options && !given {
            for option in &operation.options {
                text.push_str(&literals.option(option)?);
            }
        }
        let library = ident(self.service.library);
        let types: Vec<_> = literals.types().iter().map(|name| ident(name)).collect();
        let own: Vec<_> = literals.own().iter().map(|name| ident(name)).collect();
        let types = (!types.is_empty()).then(|| quote!(use #library::types::{#(#types),*};));
        let own = match given {
            true => Some(quote!(#[allow(unused_imports)] use #library::*;)),
            false => (!own.is_empty()).then(|| quote!(use #library::{#(#own),*};)),
        };
        Some(Written {
            imports: quote!(#own #types),
            body,
            text,
            used: literals.used().clone(),
        })
    }

    /// The statements that call an operation; notes the ids that they use.
    fn call(&self, operation: &Operation, used: &mut AllUsed) -> Option<TokenStream> {
        let Written {
            imports,
            body,
            mut text,
            used: ids,
        } = self.write(operation, &operation.name.replace('_', "-"), true)?;
        let unconfirmed = operation.unconfirmed.is_some();
        for (source, example) in ids {
            let used = used.entry(source).or_insert(Used {
                example,
                only_unconfirmed: true,
            });
            used.only_unconfirmed &= unconfirmed;
        }
        let described = ident(&names::static_name(&operation.id));
        // Hand-written calls are awaited as they stand.
        let sent = if operation.call.is_some() {
            let call: syn::Expr = syn::parse_str(&text).expect(WHOLE);
            quote!(report.done(&operations::#described, #call.await))
        } else {
            if matches!(operation.outcome, Outcome::Page(_)) {
                text.push_str(".page()");
            }
            text.push_str(".send_with_response()");
            let call: syn::Expr = syn::parse_str(&text).expect(WHOLE);
            match operation.eventually {
                true => quote!(report.eventually(&operations::#described, || #call).await),
                false => quote!(report.call(&operations::#described, #call).await),
            }
        };
        Some(quote!(#imports #(#body)* #sent;))
    }
}
