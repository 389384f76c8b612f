//! Resources: their operations, handles, and builders of calls.

use proc_macro2::TokenStream;
use quote::quote;

use super::super::ir::{
    Body, Edition, Encoding, Operation, Outcome, Parameter, Place, Resource, Ty,
};
use super::super::names;
use super::types::{Scope, ident};
use super::{docs, text};
use crate::project::Service;

/// The context in which the items of a resource are generated.
pub(super) struct Context<'a> {
    pub(super) api: &'a super::super::ir::Api,
    pub(super) scope: &'a Scope<'a>,
    pub(super) service: &'a Service,
    pub(super) resource: &'a Resource,
}

/// Returns whether the call has its own type, because it has options.
pub(super) fn has_builder(operation: &Operation) -> bool {
    !operation.internal && !operation.options.is_empty()
}

/// Returns the name of the type of a call: the verb, then what it is about. A call that gets something reads it, because
/// names in Rust do not begin with `Get`.
pub(super) fn builder_name(operation: &Operation) -> String {
    match &operation.call_type {
        Some(name) => name.clone(),
        None => {
            let name = match operation.name.strip_prefix("get") {
                Some(rest) => format!("read{rest}"),
                None => operation.name.clone(),
            };
            names::type_name(&format!("{name}_{}", operation.resource))
        }
    }
}

/// Returns whether all operations of the resource are unconfirmed.
pub(super) fn all_unconfirmed(resource: &Resource) -> bool {
    resource.operations.iter().all(|o| o.unconfirmed.is_some())
}

/// Returns whether some operations of the resource are unconfirmed, but not all.
pub(super) fn partly_unconfirmed(resource: &Resource) -> bool {
    let mut operations = resource.operations.iter();
    !all_unconfirmed(resource) && operations.any(|o| o.unconfirmed.is_some())
}

/// Returns the `cfg` attribute of unconfirmed items.
pub(super) fn gate(unconfirmed: bool) -> Option<TokenStream> {
    unconfirmed.then(|| quote!(#[cfg(feature = "unconfirmed")]))
}

/// Returns the attribute of deprecated items, with the note that says what to use instead.
fn deprecated(note: Option<&String>) -> Option<TokenStream> {
    note.map(|note| quote!(#[deprecated(note = #note)]))
}

/// Returns the items of a resource: its handle, its calls, and the statics that describe its operations.
pub(super) fn items(context: &Context<'_>) -> Vec<TokenStream> {
    let operations = &context.resource.operations;
    let mut items = handle(context);
    for operation in operations.iter().filter(|operation| has_builder(operation)) {
        items.extend(builder(context, operation));
    }
    items.extend(
        operations
            .iter()
            .map(|operation| description(context, operation)),
    );
    items
}

/// Returns the static that describes an operation.
fn description(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let gate = gate(operation.unconfirmed.is_some() && !all_unconfirmed(context.resource));
    let doc = text::doc(&format!("`{} {}`", operation.method, operation.path));
    let name = ident(&names::static_name(&operation.id));
    let (id, path) = (&operation.id, &operation.path);
    let method = ident(&operation.method);
    let idempotent = operation.idempotent.then(|| quote!(.idempotent()));
    let limit = operation.limit.as_ref().map(|limit| quote!(.limit(#limit)));
    let refusing = &operation.refusing;
    let refusing = (!refusing.is_empty()).then(|| quote!(.refusing(&[#(#refusing),*])));
    let secrets: Vec<_> = operation
        .arguments
        .iter()
        .filter(|parameter| parameter.place == Place::Path && parameter.ty == Ty::Secret)
        .map(|parameter| &parameter.wire)
        .collect();
    let secret_path = (!secrets.is_empty()).then(|| quote!(.secret_path(&[#(#secrets),*])));
    let anonymous = operation.anonymous.then(|| quote!(.anonymous()));
    let response = match &operation.outcome {
        Outcome::Empty => Some(quote!(.no_response_body())),
        Outcome::Value {
            ty: Ty::List(_), ..
        } => Some(quote!(.list())),
        Outcome::Page(_) => Some(quote!(.paged())),
        _ => None,
    };
    let edition = operation.edition.is_some_and(|it| it != Edition::Both);
    let edition = edition.then(|| quote!(.edition_specific()));
    let ty = context.scope.transport("Operation");
    let methods = context.scope.transport("__private::http::Method");
    quote! {
        #doc
        #gate
        pub static #name: #ty = #ty::new(#id, #methods::#method, #path) #idempotent #limit #refusing #secret_path #anonymous #response #edition;
    }
}

fn handle(context: &Context<'_>) -> Vec<TokenStream> {
    let resource = context.resource;
    let name = ident(&names::type_name(&resource.name));
    let methods = resource.operations.iter().map(|o| method(context, o));
    let doc = text::doc(&format!(
        "{}\n\nFrom [`Client::{}`](crate::Client::{}).",
        resource.doc, resource.name, resource.name
    ));
    let client = context.scope.transport("Client");
    vec![
        quote! {
            #doc
            #[derive(Debug, Clone)]
            pub struct #name {
                client: #client,
            }
        },
        quote! {
            impl #name {
                pub(crate) fn new(client: &#client) -> Self {
                    Self { client: client.clone() }
                }
                /// The client that sends the calls.
                pub(crate) fn client(&self) -> &#client {
                    &self.client
                }
                #(#methods)*
            }
        },
    ]
}

/// Returns a value of the path as an expression of type `&str`, and the type of its argument.
fn path_value(context: &Context<'_>, parameter: &Parameter) -> (TokenStream, TokenStream) {
    let name = ident(&parameter.name);
    let scope = context.scope;
    match &parameter.ty {
        Ty::Text => (quote!(impl AsRef<str>), quote!(#name.as_ref())),
        ty @ Ty::Secret => (
            scope.query_type(ty, parameter.range),
            quote!(#name.into().expose()),
        ),
        ty @ (Ty::Enum(_) | Ty::OwnText(_)) => (
            scope.query_type(ty, parameter.range),
            scope.written(ty, &quote!(#name)),
        ),
        other => {
            let written = scope.written(other, &quote!(#name));
            (scope.tokens(other), quote!(&#written))
        }
    }
}

/// Returns the method of a resource that starts a call.
fn method(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let (mut arguments, mut request) = addressed(context, operation);
    if operation.internal {
        return request_method(context, operation, &arguments, &request);
    }
    let in_query = operation.arguments.iter();
    for parameter in in_query.filter(|parameter| parameter.place != Place::Path) {
        arguments.push(query_argument(context, parameter));
        request.extend(context.scope.set_query(parameter));
    }
    if let Some(body) = &operation.body {
        let (argument, with_body) = self::body(context, body, &request);
        arguments.push(argument);
        request = with_body;
    }
    let gate = gate(operation.unconfirmed.is_some() && !all_unconfirmed(context.resource));
    let doc = text::doc(&docs::operation(context.api, context.service, operation));
    let deprecated = deprecated(operation.deprecated.as_ref());
    let name = ident(&operation.name);
    let (result, call) = started(context, operation, &request);
    quote! {
        #doc
        #gate
        #deprecated
        pub fn #name(&self, #(#arguments),*) -> #result { #call }
    }
}

/// Returns the arguments for the values of the path, and the request to that path.
fn addressed(context: &Context<'_>, operation: &Operation) -> (Vec<TokenStream>, TokenStream) {
    let mut arguments = Vec::new();
    let mut values = Vec::new();
    let in_path = operation.arguments.iter();
    for parameter in in_path.filter(|parameter| parameter.place == Place::Path) {
        let name = ident(&parameter.name);
        let (ty, value) = path_value(context, parameter);
        arguments.push(quote!(#name: #ty));
        values.push(value);
    }
    let described = ident(&names::static_name(&operation.id));
    let request = quote!(self.client().operation(&#described, &[#(#values),*]));
    (arguments, request)
}

/// Returns the method for hand-written code, which adds the rest to the request.
fn request_method(
    context: &Context<'_>,
    operation: &Operation,
    arguments: &[TokenStream],
    request: &TokenStream,
) -> TokenStream {
    let doc = text::doc(&format!(
        "The request of `{}`, to which hand-written code adds the rest.",
        operation.id
    ));
    let name = ident(&format!("{}_request", operation.name));
    let ty = context.scope.transport("Request");
    quote! {
        #doc
        pub(crate) fn #name(&self, #(#arguments),*) -> #ty { #request }
    }
}

/// Returns the type of a call: its own type, a list, or a call without options; and the call of `request`.
fn started(
    context: &Context<'_>,
    operation: &Operation,
    request: &TokenStream,
) -> (TokenStream, TokenStream) {
    if has_builder(operation) {
        let builder = ident(&builder_name(operation));
        (quote!(#builder), quote!(#builder { request: #request }))
    } else if let Outcome::Page(item) = &operation.outcome {
        let (list, item) = (context.scope.own("List"), context.scope.tokens(item));
        (quote!(#list<#item>), quote!(#request.list()))
    } else {
        let (call, ty) = (context.scope.transport("Call"), outcome(context, operation));
        (quote!(#call<#ty>), quote!(#request.call()))
    }
}

fn query_argument(context: &Context<'_>, parameter: &Parameter) -> TokenStream {
    let name = ident(&parameter.name);
    let ty = match &parameter.ty {
        Ty::List(element) => {
            let element = context.scope.query_type(element, parameter.range);
            quote!(impl IntoIterator<Item = #element>)
        }
        ty => context.scope.query_type(ty, parameter.range),
    };
    quote!(#name: #ty)
}

/// Returns the argument for a body, and the request with this body.
fn body(context: &Context<'_>, body: &Body, request: &TokenStream) -> (TokenStream, TokenStream) {
    let scope = context.scope;
    match body {
        Body::Model {
            name,
            model,
            encoding,
        } => {
            let (name, model) = (ident(name), scope.named(model));
            let request = match encoding {
                Encoding::Json => quote!(#request.json(&#name.into())),
                Encoding::Multipart => quote!(#request.form(#name.into().into())),
                Encoding::UrlEncoded => {
                    let urlencoded = scope.transport("model::urlencoded");
                    quote!(#urlencoded(#request, &#name.into()))
                }
            };
            (quote!(#name: impl Into<#model>), request)
        }
        Body::List { name, ty } => {
            let (argument, value) = scope.argument(name, ty);
            let name = ident(name);
            (quote!(#name: #argument), quote!(#request.json(&#value)))
        }
        Body::Search {
            name, ty, order_by, ..
        } => {
            let (name, ty) = (ident(name), scope.tokens(ty));
            let search = scope.own("search");
            (
                quote!(#name: impl Into<#ty>),
                quote!(#request.try_json(#search::complete(#name.into(), #order_by))),
            )
        }
        Body::Member(member) => {
            let (argument, value) = scope.argument(&member.name, &member.ty);
            let (name, wire) = (ident(&member.name), &member.wire);
            let map = scope.std("collections", "BTreeMap");
            (
                quote!(#name: #argument),
                quote!(#request.json(&#map::from([(#wire, #value)]))),
            )
        }
    }
}

fn outcome(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let scope = context.scope;
    match &operation.outcome {
        Outcome::Empty => quote!(()),
        Outcome::Value { ty, optional } => {
            let ty = scope.tokens(ty);
            match optional {
                true => quote!(Option<#ty>),
                false => ty,
            }
        }
        Outcome::Download => {
            let download = scope.transport("Download");
            quote!(#download)
        }
        Outcome::Page(ty) => {
            let (page, ty) = (scope.own("Page"), scope.tokens(ty));
            quote!(#page<#ty>)
        }
    }
}

/// Returns the type of a call with options.
fn builder(context: &Context<'_>, operation: &Operation) -> Vec<TokenStream> {
    let gate = gate(operation.unconfirmed.is_some() && !all_unconfirmed(context.resource));
    let name = ident(&builder_name(operation));
    let resource = &operation.resource;
    let handle = names::type_name(resource);
    let paged = matches!(operation.outcome, Outcome::Page(_));
    let doc = text::doc(&format!(
        "{}\n\nFrom [`{handle}::{}`].{}",
        operation.summary,
        operation.name,
        if paged {
            " No request is sent until it is turned into a page, pages or items."
        } else {
            ""
        }
    ));
    let must_use = if paged {
        "a list asks for nothing until it is turned into a page, pages or items"
    } else {
        "a call does nothing until it is awaited"
    };
    let options = operation.options.iter();
    let options = options.map(|option| self::option(context, operation, option));
    let ends = if paged {
        paged_ends(context, operation)
    } else {
        single_ends(context, operation)
    };
    let request = context.scope.transport("Request");
    let mut items = vec![
        quote! {
            #doc
            #gate
            #[derive(Debug, Clone)]
            #[must_use = #must_use]
            pub struct #name {
                request: #request,
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
        items.push(awaited(context, operation, gate.as_ref()));
    }
    items.push(quote!(#gate security_api_transport::__call_options!(#name);));
    items
}

/// Returns the method of a call that sets an option.
fn option(context: &Context<'_>, operation: &Operation, option: &Parameter) -> TokenStream {
    let doc = text::doc(&docs::option(context.api, operation, option));
    let deprecated = deprecated(option.deprecated.as_ref());
    let name = ident(&option.name);
    let argument = query_argument(context, option);
    let set = context.scope.set_query(option);
    quote! {
        #doc
        #deprecated
        pub fn #name(mut self, #argument) -> Self {
            self.request = self.request #set;
            self
        }
    }
}

/// Returns the `impl` with which a call with options is awaited.
fn awaited(
    context: &Context<'_>,
    operation: &Operation,
    gate: Option<&TokenStream>,
) -> TokenStream {
    let name = ident(&builder_name(operation));
    let ty = outcome(context, operation);
    let (error, future) = (
        context.scope.transport("Error"),
        context.scope.transport("middleware::CallFuture"),
    );
    quote! {
        #gate
        impl IntoFuture for #name {
            type Output = Result<#ty, #error>;
            type IntoFuture = #future<#ty>;
            fn into_future(self) -> Self::IntoFuture {
                self.send()
            }
        }
    }
}

fn paged_ends(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let Outcome::Page(item) = &operation.outcome else {
        return TokenStream::new();
    };
    let scope = context.scope;
    let (item, page, call) = (
        scope.tokens(item),
        scope.own("Page"),
        scope.transport("Call"),
    );
    let (pages, items, raw) = (
        scope.own("Pages"),
        scope.own("Items"),
        scope.own("RawItems"),
    );
    quote! {
        /// Requests one page.
        pub fn page(self) -> #call<#page<#item>> {
            self.request.call()
        }
        /// Every page, in order.
        pub fn pages(self) -> #pages<#item> {
            #pages::new(self.request)
        }
        /// Every item, across pages.
        pub fn items(self) -> #items<#item> {
            #items::new(self.request)
        }
        /// Every item as raw JSON, across pages.
        pub fn raw_items(self) -> #raw {
            #raw::new(self.request)
        }
    }
}

fn single_ends(context: &Context<'_>, operation: &Operation) -> TokenStream {
    let ty = outcome(context, operation);
    let (future, response) = (
        context.scope.transport("middleware::CallFuture"),
        context.scope.transport("Response"),
    );
    quote! {
        /// Sends the call; the same as awaiting it.
        ///
        /// # Errors
        ///
        /// See [`Error`](security_api_transport::Error).
        pub fn send(self) -> #future<#ty> {
            self.request.call().send()
        }
        /// Sends the call, and returns status, headers, request id and attempts together with the value.
        ///
        /// # Errors
        ///
        /// See [`Error`](security_api_transport::Error).
        pub fn send_with_response(self) -> #future<#response<#ty>> {
            self.request.call().send_with_response()
        }
    }
}
