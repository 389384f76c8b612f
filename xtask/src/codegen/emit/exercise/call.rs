//! The code of calls.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::TokenStream;
use quote::quote;
use syn::parse::Parser as _;

use super::super::super::ir::{Api, Body, Operation, Outcome, Ty};
use super::super::super::names;
use super::super::literal::{Literals, Sent};
use super::super::operation::gate;
use super::super::types::ident;
use super::source::{Source, Sources, is_open, variable};
use crate::project::Service;

/// The panic message for generated text that does not parse.
const WHOLE: &str = "literals are whole statements and expressions";

/// The use of an id.
pub(super) struct Used {
    /// The value to use if the id is not found.
    example: String,
    only_unconfirmed: bool,
}

pub(super) type AllUsed = BTreeMap<String, Used>;

/// Writes calls.
pub(super) struct Writer<'a> {
    pub(super) api: &'a Api,
    pub(super) service: &'a Service,
    pub(super) sources: &'a Sources<'a>,
    /// The members that calls send so far.
    pub(super) sent: &'a Sent,
    /// The path of the exerciser's `report` module.
    pub(super) report: String,
    /// A name that is unique to the file and keeps its record names unique.
    pub(super) file: &'a str,
    /// The number of calls written so far that only look up an id.
    pub(super) asked: Cell<usize>,
}

/// A call as code.
struct Written {
    imports: TokenStream,
    /// The statements that build the body.
    body: Vec<syn::Stmt>,
    /// The call without `send`.
    text: String,
    used: BTreeMap<String, String>,
}

impl Writer<'_> {
    pub(super) fn path(&self, name: &str) -> syn::Path {
        syn::parse_str(&format!("{}::{name}", self.report)).expect(WHOLE)
    }

    /// Returns the statements that look up the ids in `used`, and the ids needed to do so.
    pub(super) fn known(&self, used: &AllUsed) -> Vec<TokenStream> {
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

    /// Writes the call of an operation whose response contains an id, without options.
    fn write_source(&self, operation: &Operation) -> Option<Written> {
        self.asked.set(self.asked.get() + 1);
        let distinction = format!("{}-{}", self.file, self.asked.get());
        self.write(operation, &distinction, false)
    }

    /// Writes the call of an operation with its body and arguments, and with its options if `options`.
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

    /// Returns the statements that call an operation, and adds the ids that they use to `used`.
    pub(super) fn call(&self, operation: &Operation, used: &mut AllUsed) -> Option<TokenStream> {
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
        // Hand-written calls are awaited directly.
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
