//! Calls of every operation with everything set, for the exerciser.

use std::collections::BTreeMap;

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;

use super::super::ir::{Api, Operation, Outcome};
use super::super::names;
use super::super::node::Refusal;
use super::docs;
use super::literal::Literals;
use super::operation::{gate, has_builder};
use super::types::ident;
use crate::project::Service;

/// The items of the exerciser's file.
///
/// # Errors
/// Operations of which no call can be written.
pub(super) fn items(api: &Api, service: &Service) -> Result<Vec<TokenStream>, Vec<Refusal>> {
    let (client, library) = (ident(service.variable), ident(service.library));
    let deprecated = api
        .resources
        .iter()
        .flat_map(|r| &r.operations)
        .any(|operation| {
            let options = operation
                .options
                .iter()
                .any(|option| option.deprecated.is_some());
            operation.deprecated.is_some() || options
        });
    let expect = deprecated
        .then(|| quote!(#[expect(deprecated, reason = "deprecated parameters are exercised too")]));
    let lists = lists(api);
    let (mut calls, mut refusals) = (Vec::new(), Vec::new());
    let mut used = BTreeMap::<String, Used>::new();
    for resource in &api.resources {
        let mut operations: Vec<_> = resource.operations.iter().collect();
        // What deletes the record comes last, so that the others still find it.
        operations.sort_by_key(|operation| {
            operation.method == "DELETE" && matches!(operation.outcome, Outcome::Empty)
        });
        for operation in operations {
            match call(api, service, operation, &lists, &mut used) {
                Some(call) => calls.push(call),
                None => refusals.push(Refusal {
                    pointer: operation.pointer.clone(),
                    problem: "no value can be made up for one of its parameters or members"
                        .to_owned(),
                    remedy: "describe it more closely than as JSON of any form".to_owned(),
                }),
            }
        }
    }
    let known = used.iter().map(|(resource, used)| {
        let (gate, example) = (gate(used.only_unconfirmed), &used.example);
        let (name, list) = (ident(&variable(resource)), ident(&lists[resource].name));
        let resource = ident(resource);
        quote! {
            #gate
            let #name =
                super::report::known(#client.#resource().#list().page(), |item| item.id, #example).await;
        }
    });
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(vec![
        quote! {
            use #library::operations;
            use super::report::Report;
        },
        quote! {
            /// Calls every operation once.
            #expect
            pub(crate) async fn run(#client: &#library::Client, report: &mut Report) {
                #(#known)*
                #(#calls)*
            }
        },
    ])
}

/// What the generator relies on when it goes on with code that it wrote as text.
const WHOLE: &str = "literals are whole statements and expressions";

/// How the id of a resource is used.
struct Used {
    /// What stands in for it.
    example: String,
    only_unconfirmed: bool,
}

fn variable(resource: &str) -> String {
    format!("{resource}_id")
}

/// For each resource, the list that gives ids of it.
fn lists(api: &Api) -> BTreeMap<String, &Operation> {
    let operations = api
        .resources
        .iter()
        .flat_map(|resource| &resource.operations);
    operations
        .filter(|operation| {
            operation.arguments.is_empty()
                && matches!(&operation.outcome, Outcome::Page(item) if docs::has_id(api, item))
        })
        .map(|operation| (operation.resource.clone(), operation))
        .collect()
}

fn call(
    api: &Api,
    service: &Service,
    operation: &Operation,
    lists: &BTreeMap<String, &Operation>,
    used: &mut BTreeMap<String, Used>,
) -> Option<TokenStream> {
    let unconfirmed = operation.unconfirmed.is_some();
    let ids = lists
        .iter()
        .filter(|(_, list)| unconfirmed || list.unconfirmed.is_none())
        .map(|(resource, _)| (resource.clone(), format!("{}.as_str()", variable(resource))))
        .collect();
    let time = |seconds| format!("super::report::time({seconds})");
    let mut literals = Literals::new(api, time).with_ids(ids);
    let body: Vec<syn::Stmt> = syn::Block::parse_within
        .parse_str(&literals.body(operation, true)?)
        .expect(WHOLE);
    let mut text = literals.call(service.variable, operation)?;
    for option in &operation.options {
        text.push_str(&literals.option(option)?);
    }
    if matches!(operation.outcome, Outcome::Page(_)) && has_builder(operation) {
        text.push_str(".page()");
    }
    text.push_str(".send_with_response()");
    let call: syn::Expr = syn::parse_str(&text).expect(WHOLE);
    for (resource, example) in literals.used() {
        let used = used.entry(resource.clone()).or_insert_with(|| Used {
            example: example.clone(),
            only_unconfirmed: true,
        });
        used.only_unconfirmed &= unconfirmed;
    }
    let gate = gate(unconfirmed);
    let library = ident(service.library);
    let described = ident(&names::static_name(&operation.id));
    let types: Vec<_> = literals.types().iter().map(|name| ident(name)).collect();
    let import = (!types.is_empty()).then(|| quote!(use #library::types::{#(#types),*};));
    Some(quote! {
        #gate
        {
            #import
            #(#body)*
            report.call(&operations::#described, #call).await;
        }
    })
}
