//! Calls of every operation with everything set, for the exerciser.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{Api, Operation, Outcome};
use super::super::names;
use super::super::node::Refusal;
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
    let (mut calls, mut refusals) = (Vec::new(), Vec::new());
    for operation in api.resources.iter().flat_map(|resource| &resource.operations) {
        match call(api, service, operation) {
            Some(call) => calls.push(call),
            None => refusals.push(Refusal {
                pointer: operation.pointer.clone(),
                problem: "no value can be made up for one of its parameters or members".to_owned(),
                remedy: "describe it more closely than as JSON of any form".to_owned(),
            }),
        }
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(vec![
        quote! {
            use #library::operations;
            use super::{Report, time};
        },
        quote! {
            /// Calls every operation once.
            #[expect(deprecated, reason = "deprecated parameters are exercised too")]
            pub async fn run(#client: &#library::Client, report: &mut Report) {
                #(#calls)*
            }
        },
    ])
}

fn call(api: &Api, service: &Service, operation: &Operation) -> Option<TokenStream> {
    let mut literals = Literals::new(api);
    let mut text = literals.call(service.variable, operation, true)?;
    for option in &operation.options {
        text.push_str(&literals.option(option)?);
    }
    if matches!(operation.outcome, Outcome::Page(_)) && has_builder(operation) {
        text.push_str(".page()");
    }
    text.push_str(".send_with_response()");
    let call: syn::Expr = syn::parse_str(&text).expect("calls are written as expressions");
    let gate = gate(operation.unconfirmed.is_some());
    let library = ident(service.library);
    let described = ident(&names::static_name(&operation.id));
    let types: Vec<_> = literals.types().iter().map(|name| ident(name)).collect();
    let import = (!types.is_empty()).then(|| quote!(use #library::types::{#(#types),*};));
    Some(quote! {
        #gate
        {
            #import
            report.call(&operations::#described, #call).await;
        }
    })
}
