//! Rust types, and the values that calls write into paths and queries.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::ir::{Parameter, Range, TimeFormat, Ty};
use super::super::place::Places;

/// An identifier of this name.
pub(super) fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

/// The way from one file to a named type.
pub(super) fn path(places: &Places, file: &str, name: &str) -> TokenStream {
    let (home, name) = (places.home(name), ident(name));
    match module(file, home) {
        Some(module) => quote!(#module::#name),
        None => quote!(#name),
    }
}

/// The way from one file to another, both relative to the generated folder; none if they are the same.
pub(super) fn module(from: &str, to: &str) -> Option<TokenStream> {
    if from == to {
        return None;
    }
    let (from, to): (Vec<_>, Vec<_>) = (from.split('/').collect(), to.split('/').collect());
    let shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = (shared..from.len()).map(|_| quote!(super));
    let down = to[shared..].iter().map(|part| {
        let part = ident(part);
        quote!(#part)
    });
    let parts = up.chain(down);
    Some(quote!(#(#parts)::*))
}

/// A hand-written type of the service's crate.
fn own(path: &str) -> TokenStream {
    let parts = path.split("::").map(ident);
    quote!(crate #(::#parts)*)
}

/// The type of a value, seen from this file.
pub(super) fn rust(places: &Places, file: &str, ty: &Ty) -> TokenStream {
    match ty {
        Ty::Text => quote!(String),
        Ty::Int32 => quote!(i32),
        Ty::Int64 => quote!(i64),
        Ty::Float => quote!(f64),
        Ty::Bool => quote!(bool),
        Ty::Time(_) => quote!(security_api_transport::Timestamp),
        Ty::Secret => quote!(security_api_transport::Secret),
        Ty::File => quote!(security_api_transport::Upload),
        Ty::Own(path) | Ty::OwnText(path) => own(path),
        Ty::Json => quote!(security_api_transport::RawJson),
        Ty::Enum(name) | Ty::Model(name) => path(places, file, name),
        Ty::List(inner) => {
            let inner = rust(places, file, inner);
            quote!(Vec<#inner>)
        }
        Ty::Map(inner) => {
            let inner = rust(places, file, inner);
            quote!(::std::collections::BTreeMap<String, #inner>)
        }
        Ty::Optional(inner) => {
            let inner = rust(places, file, inner);
            quote!(Option<#inner>)
        }
    }
}

/// An argument that stands for a value: its type, and the value made of it.
pub(super) fn argument(
    places: &Places,
    file: &str,
    name: &str,
    ty: &Ty,
) -> (TokenStream, TokenStream) {
    let value = ident(name);
    match ty {
        Ty::Text | Ty::Secret | Ty::OwnText(_) => {
            let ty = rust(places, file, ty);
            (quote!(impl Into<#ty>), quote!(#value.into()))
        }
        Ty::List(inner) if **inner == Ty::Text => (
            quote!(impl IntoIterator<Item = impl Into<String>>),
            quote!(#value.into_iter().map(Into::into).collect()),
        ),
        Ty::List(inner) => {
            let inner = rust(places, file, inner);
            (
                quote!(impl IntoIterator<Item = #inner>),
                quote!(#value.into_iter().collect()),
            )
        }
        other => (rust(places, file, other), quote!(#value)),
    }
}

/// The type of a number in a query, by what it may be.
pub(super) fn number(ty: &Ty, range: Range) -> TokenStream {
    match (range.least, range.most) {
        (Some(0..), Some(most)) if u32::try_from(most).is_ok() => quote!(u32),
        (Some(0..), None) => quote!(u32),
        _ if *ty == Ty::Int32 => quote!(i32),
        _ => quote!(i64),
    }
}

/// A value of a path or query as text: an expression that gives `&str`, `String` or something like them.
pub(super) fn written(ty: &Ty, value: &TokenStream) -> TokenStream {
    match ty {
        Ty::Enum(_) => quote!(security_api_transport::open_enum::OpenEnum::as_str(&#value)),
        Ty::Time(TimeFormat::UnixSeconds) => quote!(#value.unix_seconds().to_string()),
        Ty::Text => quote!(#value),
        Ty::OwnText(path) => {
            let ty = own(path);
            quote!(Into::<#ty>::into(#value).as_str())
        }
        _ => quote!(#value.to_string()),
    }
}

/// The type of an element of a query parameter.
pub(super) fn query_type(places: &Places, file: &str, ty: &Ty, range: Range) -> TokenStream {
    match ty {
        Ty::Text => quote!(impl Into<String>),
        Ty::Secret => quote!(impl Into<security_api_transport::Secret>),
        Ty::OwnText(path) => {
            let ty = own(path);
            quote!(impl Into<#ty>)
        }
        Ty::Int32 | Ty::Int64 => number(ty, range),
        other => rust(places, file, other),
    }
}

/// The statements that put a parameter's value into the query of `request`, which is a place.
pub(super) fn set_query(parameter: &Parameter, request: &TokenStream) -> TokenStream {
    let (wire, name) = (&parameter.wire, ident(&parameter.name));
    if let Ty::List(element) = &parameter.ty {
        let written = written(element, &quote!(value));
        return quote! {
            #request.remove_query(#wire);
            for value in #name {
                #request = #request.query(#wire, #written);
            }
        };
    }
    if parameter.ty == Ty::Secret {
        return quote!(#request = #request.set_secret_query(#wire, &#name.into()););
    }
    let numeric = matches!(parameter.ty, Ty::Int32 | Ty::Int64);
    let Range { least, most } = parameter.range;
    // A least of 0 is kept by the type.
    if numeric && (most.is_some() || least.is_some_and(|least| least != 0)) {
        let least = least.map_or_else(|| quote!(i64::MIN), whole);
        let most = most.map_or_else(|| quote!(i64::MAX), whole);
        return quote!(#request = #request.query_in_range(#wire, #name.into(), #least, #most););
    }
    let written = written(&parameter.ty, &quote!(#name));
    quote!(#request = #request.set_query(#wire, #written);)
}

fn whole(number: i64) -> TokenStream {
    let number = proc_macro2::Literal::i64_unsuffixed(number);
    quote!(#number)
}
