//! Resources: their operations, handles, and builders of calls.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{Body, Encoding, Operation, Outcome, Parameter, Place, Resource, Ty};
use super::super::names;
use super::super::place::{self, Places};
use super::types::{argument, ident, module, path, query_type, rust, set_query, written};
use super::{docs, text};
use crate::project::Service;

/// What a resource's items are emitted with.
pub(super) struct Context<'a> {
    pub(super) api: &'a super::super::ir::Api,
    pub(super) places: &'a Places,
    pub(super) service: &'a Service,
    pub(super) resource: &'a Resource,
    /// Where they are written to.
    pub(super) file: String,
}

impl Context<'_> {
    fn rust(&self, ty: &Ty) -> TokenStream {
        rust(self.places, &self.file, ty)
    }
}

/// Whether a call has a type of its own: it has options.
pub(super) fn has_builder(operation: &Operation) -> bool {
    !operation.internal && !operation.options.is_empty()
}

/// The name of the type of a call.
pub(super) fn builder_name(operation: &Operation) -> String {
    names::type_name(&format!("{}_{}", operation.name, operation.resource))
}

/// Whether nothing of the resource is sure to exist.
pub(super) fn all_unconfirmed(resource: &Resource) -> bool {
    resource.operations.iter().all(|o| o.unconfirmed.is_some())
}

/// The attribute that hides what is not sure to exist.
pub(super) fn gate(unconfirmed: bool) -> Option<TokenStream> {
    unconfirmed.then(|| quote!(#[cfg(feature = "unconfirmed")]))
}

/// The items of some operations of a resource, or of all: its handle if it is to stand in this file, the calls, and the
/// statics that describe the operations.
pub(super) fn items(context: &Context<'_>, operations: &[Operation]) -> Vec<TokenStream> {
    let mut items = handle(context, operations);
    for operation in operations {
        if has_builder(operation) {
            items.extend(builder(context, operation));
        }
    }
    items.extend(operations.iter().map(description));
    items
}

/// The static that describes an operation.
fn description(operation: &Operation) -> TokenStream {
    let gate = gate(operation.unconfirmed.is_some());
    let doc = text::doc(&format!("`{} {}`", operation.method, operation.path));
    let name = ident(&names::static_name(&operation.id));
    let (id, path) = (&operation.id, &operation.path);
    let method = ident(&operation.method);
    let idempotent = operation.idempotent.then(|| quote!(.idempotent()));
    let limit = operation.limit.as_ref().map(|limit| quote!(.limit(#limit)));
    let refusing = &operation.refusing;
    let refusing = (!refusing.is_empty()).then(|| quote!(.refusing(&[#(#refusing),*])));
    let anonymous = operation.anonymous.then(|| quote!(.anonymous()));
    let answer = match &operation.outcome {
        Outcome::Empty => Some(quote!(.empty())),
        Outcome::Value {
            ty: Ty::List(_), ..
        } => Some(quote!(.list())),
        _ => None,
    };
    quote! {
        #doc
        #gate
        pub static #name: security_api_transport::Operation = security_api_transport::Operation::new(
            #id,
            security_api_transport::__private::http::Method::#method,
            #path,
        ) #idempotent #limit #refusing #anonymous #answer;
    }
}

fn handle(context: &Context<'_>, operations: &[Operation]) -> Vec<TokenStream> {
    let resource = context.resource;
    let gate = gate(all_unconfirmed(resource));
    let name = ident(&names::type_name(&resource.name));
    let methods = operations.iter().map(|o| method(context, o));
    let home = place::file_of(resource);
    if let Some(home) = module(&context.file, &home) {
        return vec![quote! {
            #gate
            impl #home::#name {
                #(#methods)*
            }
        }];
    }
    let doc = text::doc(&format!(
        "{}\n\nFrom [`Client::{}`](crate::Client::{}).",
        resource.doc, resource.name, resource.name
    ));
    vec![
        quote! {
            #doc
            #gate
            #[derive(Debug, Clone)]
            pub struct #name {
                client: security_api_transport::Client,
            }
        },
        quote! {
            #gate
            impl #name {
                pub(crate) fn new(client: &security_api_transport::Client) -> Self {
                    Self { client: client.clone() }
                }
                /// The client that sends the calls.
                pub(crate) fn client(&self) -> &security_api_transport::Client {
                    &self.client
                }
                #(#methods)*
            }
        },
    ]
}

/// A value in the path, as an expression of type `&str`, and the type of its argument.
fn path_value(context: &Context<'_>, parameter: &Parameter) -> (TokenStream, TokenStream) {
    let name = ident(&parameter.name);
    match &parameter.ty {
        Ty::Text => (quote!(impl AsRef<str>), quote!(#name.as_ref())),
        ty @ (Ty::Enum(_) | Ty::OwnText(_)) => (
            query_type(context.places, &context.file, ty, parameter.range),
            written(ty, &quote!(#name)),
        ),
        other => {
            let written = written(other, &quote!(#name));
            (context.rust(other), quote!(&#written))
        }
    }
}

/// The method of a resource that starts a call.
fn method(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let gate = gate(operation.unconfirmed.is_some() && !all_unconfirmed(context.resource));
    let doc = text::doc(&docs::operation(context, operation));
    let deprecated = operation
        .deprecated
        .as_ref()
        .map(|note| quote!(#[deprecated(note = #note)]));
    let name = ident(&operation.name);
    let described = ident(&names::static_name(&operation.id));
    let (in_path, in_query): (Vec<_>, Vec<_>) = operation
        .arguments
        .iter()
        .partition(|parameter| parameter.place == Place::Path);
    let (types, values): (Vec<_>, Vec<_>) = in_path.iter().map(|p| path_value(context, p)).unzip();
    let mut arguments: Vec<_> = in_path
        .iter()
        .zip(types)
        .map(|(parameter, ty)| {
            let name = ident(&parameter.name);
            quote!(#name: #ty)
        })
        .collect();
    let start = quote!(self.client().operation(&#described, &[#(#values),*]));
    if operation.internal {
        let doc = text::doc(&format!(
            "The request of `{}`, to which hand-written code adds the rest.",
            operation.id
        ));
        let name = ident(&format!("{}_request", operation.name));
        return quote! {
            #doc
            pub(crate) fn #name(&self, #(#arguments),*) -> security_api_transport::Request { #start }
        };
    }
    let mut steps = Vec::new();
    for parameter in in_query {
        arguments.push(query_argument(context, parameter));
        steps.push(set_query(parameter, &quote!(request)));
    }
    if let Some(body) = &operation.body {
        let (argument, step) = self::body(context, body);
        arguments.push(argument);
        steps.push(step);
    }
    let (result, end) = if has_builder(operation) {
        let builder = ident(&builder_name(operation));
        (quote!(#builder), None)
    } else if let Outcome::Page(item) = &operation.outcome {
        let item = context.rust(item);
        let body = match steps.is_empty() {
            true => quote!(crate::List::new(#start)),
            false => quote! {
                let mut request = #start;
                #(#steps)*
                crate::List::new(request)
            },
        };
        return quote! {
            #doc
            #gate
            #deprecated
            pub fn #name(&self, #(#arguments),*) -> crate::List<#item> { #body }
        };
    } else {
        let ty = outcome(context, operation);
        (
            quote!(security_api_transport::Call<#ty>),
            Some(quote!(.call())),
        )
    };
    let body = match (steps.is_empty(), &end) {
        (true, Some(end)) => quote!(#start #end),
        (true, None) => quote!(#result { request: #start }),
        (false, Some(end)) => quote! {
            let mut request = #start;
            #(#steps)*
            request #end
        },
        (false, None) => quote! {
            let mut request = #start;
            #(#steps)*
            #result { request }
        },
    };
    quote! {
        #doc
        #gate
        #deprecated
        pub fn #name(&self, #(#arguments),*) -> #result { #body }
    }
}

fn query_argument(context: &Context<'_>, parameter: &Parameter) -> TokenStream {
    let name = ident(&parameter.name);
    let file = &context.file;
    let ty = match &parameter.ty {
        Ty::List(element) => {
            let element = query_type(context.places, file, element, parameter.range);
            quote!(impl IntoIterator<Item = #element>)
        }
        ty => query_type(context.places, file, ty, parameter.range),
    };
    quote!(#name: #ty)
}

/// The argument that a body is made of, and the statements that put it into `request`.
fn body(context: &Context<'_>, body: &Body) -> (TokenStream, TokenStream) {
    match body {
        Body::Model {
            name,
            model,
            encoding,
        } => {
            let (name, model) = (ident(name), path(context.places, &context.file, model));
            match encoding {
                Encoding::Json => (
                    quote!(#name: impl ::std::borrow::Borrow<#model>),
                    quote!(request = request.json::<#model>(#name.borrow());),
                ),
                Encoding::Multipart => (
                    quote!(#name: #model),
                    quote!(request = request.form(#name.into());),
                ),
                Encoding::UrlEncoded => (
                    quote!(#name: impl ::std::borrow::Borrow<#model>),
                    quote!(request = request.urlencoded(#name.borrow().pairs());),
                ),
            }
        }
        Body::List { name, ty } => {
            let (argument_type, value) = argument(context.places, &context.file, name, ty);
            let (name, ty) = (ident(name), context.rust(ty));
            (
                quote!(#name: #argument_type),
                quote! {
                    let #name: #ty = #value;
                    request = request.json(&#name);
                },
            )
        }
        Body::Search {
            name, ty, order_by, ..
        } => {
            let (name, ty) = (ident(name), context.rust(ty));
            (
                quote!(#name: impl Into<#ty>),
                quote!(request = crate::search::complete(request, #name.into(), #order_by);),
            )
        }
        Body::Member(member) => {
            let (argument_type, value) =
                argument(context.places, &context.file, &member.name, &member.ty);
            let (name, wire) = (ident(&member.name), &member.wire);
            let ty = context.rust(&member.ty);
            (
                quote!(#name: #argument_type),
                quote! {
                    let #name: #ty = #value;
                    request = request.json(&::std::collections::BTreeMap::from([(#wire, #name)]));
                },
            )
        }
    }
}

fn outcome(context: &Context<'_>, operation: &Operation) -> TokenStream {
    match &operation.outcome {
        Outcome::Empty => quote!(()),
        Outcome::Value { ty, optional } => {
            let ty = context.rust(ty);
            match optional {
                true => quote!(Option<#ty>),
                false => ty,
            }
        }
        Outcome::Download => quote!(security_api_transport::Download),
        Outcome::Page(ty) => {
            let ty = context.rust(ty);
            quote!(crate::Page<#ty>)
        }
    }
}

/// The type of a call with options.
fn builder(context: &Context<'_>, operation: &Operation) -> Vec<TokenStream> {
    let gate = gate(operation.unconfirmed.is_some());
    let name = ident(&builder_name(operation));
    let resource = &operation.resource;
    let handle = names::type_name(resource);
    let link = match module(&context.file, &place::file_of(context.resource)) {
        Some(module) => format!(
            "({}::{handle}::{})",
            module.to_string().replace(' ', ""),
            operation.name
        ),
        None => String::new(),
    };
    let paged = matches!(operation.outcome, Outcome::Page(_));
    let doc = text::doc(&format!(
        "{}\n\nFrom [`{handle}::{}`]{link}.{}",
        operation.summary,
        operation.name,
        if paged {
            " It asks for nothing until it is turned into a page, pages or items."
        } else {
            ""
        }
    ));
    let must_use = if paged {
        "a list asks for nothing until it is turned into a page, pages or items"
    } else {
        "a call does nothing until it is awaited"
    };
    let options = operation.options.iter().map(|option| {
        let doc = text::doc(&docs::option(option));
        let deprecated = option
            .deprecated
            .as_ref()
            .map(|note| quote!(#[deprecated(note = #note)]));
        let name = ident(&option.name);
        let argument = query_argument(context, option);
        let set = set_query(option, &quote!(self.request));
        quote! {
            #doc
            #deprecated
            pub fn #name(mut self, #argument) -> Self {
                #set
                self
            }
        }
    });
    let ends = if paged {
        paged_ends(context, operation)
    } else {
        single_ends(context, operation)
    };
    let mut items = vec![
        quote! {
            #doc
            #gate
            #[derive(Debug, Clone)]
            #[must_use = #must_use]
            pub struct #name {
                request: security_api_transport::Request,
            }
        },
        quote! {
            #gate
            impl #name {
                #(#options)*
                #ends
            }
        },
    ];
    if !paged {
        let ty = outcome(context, operation);
        items.push(quote! {
            #gate
            impl ::std::future::IntoFuture for #name {
                type Output = Result<#ty, security_api_transport::Error>;
                type IntoFuture = security_api_transport::CallFuture<#ty>;
                fn into_future(self) -> Self::IntoFuture {
                    self.send()
                }
            }
        });
    }
    items.push(quote!(#gate security_api_transport::__call_options!(#name);));
    items
}

fn paged_ends(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let Outcome::Page(item) = &operation.outcome else {
        return TokenStream::new();
    };
    let item = context.rust(item);
    quote! {
        /// Asks for one page.
        pub fn page(self) -> security_api_transport::Call<crate::Page<#item>> {
            self.request.call()
        }
        /// Every page, one after the other.
        pub fn pages(self) -> crate::Pages<#item> {
            crate::Pages::new(self.request)
        }
        /// Every item, across pages.
        pub fn items(self) -> crate::Items<#item> {
            crate::Items::new(self.request)
        }
        /// Every item as the JSON it came as, across pages.
        pub fn raw_items(self) -> crate::RawItems {
            crate::RawItems::new(self.request)
        }
    }
}

fn single_ends(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let ty = outcome(context, operation);
    quote! {
        /// Sends the call; the same as awaiting it.
        ///
        /// # Errors
        ///
        /// See [`Error`](security_api_transport::Error).
        pub fn send(self) -> security_api_transport::CallFuture<#ty> {
            self.request.call().send()
        }
        /// Sends the call and gives status, headers, request id and attempts beside the value.
        ///
        /// # Errors
        ///
        /// See [`Error`](security_api_transport::Error).
        pub fn send_with_response(
            self,
        ) -> security_api_transport::CallFuture<security_api_transport::Response<#ty>> {
            self.request.call().send_with_response()
        }
    }
}
