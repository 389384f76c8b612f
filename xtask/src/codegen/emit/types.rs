//! Rust types, and the values that calls write into paths and queries.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use super::super::ir::{Parameter, Range, TimeFormat, Ty};
use super::super::place::Places;

/// Returns an identifier.
pub(super) fn ident(name: &str) -> Ident {
    format_ident!("{name}")
}

/// Parses code that was assembled as text.
pub(super) fn code(text: &str) -> TokenStream {
    text.parse().expect("the generator writes whole tokens")
}

/// The name of the shared crate.
const TRANSPORT: &str = "security_api_transport";

/// The items of a file that are compiled only with certain features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conditions {
    None,
    /// Some calls.
    Calls,
    /// Some types, and with them those that they mention.
    Types,
}

/// The names that a file imports, by the module they come from.
pub(super) struct Scope<'a> {
    places: &'a Places,
    /// The path of the file without its extension.
    file: String,
    used: RefCell<BTreeMap<String, BTreeSet<String>>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(places: &'a Places, file: &str) -> Self {
        Self {
            places,
            file: file.to_owned(),
            used: RefCell::default(),
        }
    }

    fn bring(&self, module: &str, name: &str) -> Ident {
        let mut used = self.used.borrow_mut();
        let names = used.entry(module.to_owned()).or_default();
        names.insert(name.to_owned());
        ident(name)
    }

    /// Imports an item of the shared crate.
    pub(super) fn transport(&self, path: &str) -> Ident {
        match path.rsplit_once("::") {
            Some((module, name)) => self.bring(&format!("{TRANSPORT}::{module}"), name),
            None => self.bring(TRANSPORT, path),
        }
    }

    /// Imports a hand-written item of the service's crate.
    pub(super) fn own(&self, path: &str) -> Ident {
        match path.rsplit_once("::") {
            Some((module, name)) => self.bring(&format!("crate::{module}"), name),
            None => self.bring("crate", path),
        }
    }

    /// Imports an item of the standard library.
    pub(super) fn std(&self, module: &str, name: &str) -> Ident {
        self.bring(&format!("std::{module}"), name)
    }

    /// Imports a named type.
    pub(super) fn named(&self, name: &str) -> Ident {
        if self.places.home(name).file() == self.file {
            return ident(name);
        }
        self.bring("crate::generated::types", name)
    }

    /// Returns the `use` lines. If items of the file have conditions, whether an import is used depends on them.
    pub(super) fn uses(&self, conditions: Conditions) -> String {
        let mut text = String::new();
        let used = self.used.borrow();
        // The standard library comes first, then other crates, then this crate.
        let rank = |module: &str| match module.split("::").next() {
            Some("std") => 0,
            Some("crate") => 2,
            _ => 1,
        };
        let mut modules: Vec<_> = used.iter().collect();
        modules.sort_by_key(|(module, _)| (rank(module), module.as_str()));
        for (module, names) in modules {
            if conditions != Conditions::None {
                text.push_str(
                    "#[allow(unused_imports, reason = \"the features say what is needed\")]\n",
                );
            }
            let names: Vec<_> = names.iter().map(String::as_str).collect();
            match names.as_slice() {
                _ if conditions == Conditions::Types && module.ends_with("::types") => {
                    text.push_str(&format!("use {module}::*;\n"));
                }
                [name] => text.push_str(&format!("use {module}::{name};\n")),
                names => text.push_str(&use_list(module, names)),
            }
        }
        text
    }

    /// Returns the Rust type of a value.
    pub(super) fn rust(&self, ty: &Ty) -> String {
        match ty {
            Ty::Text => "String".to_owned(),
            Ty::Int32 => "i32".to_owned(),
            Ty::Int64 => "i64".to_owned(),
            Ty::Float => "f64".to_owned(),
            Ty::Bool => "bool".to_owned(),
            Ty::Time(_) => self.transport("Timestamp").to_string(),
            Ty::Secret => self.transport("Secret").to_string(),
            Ty::File => self.transport("Upload").to_string(),
            Ty::Own(path) | Ty::OwnText(path) => self.own(path).to_string(),
            Ty::Json => self.transport("RawJson").to_string(),
            Ty::Enum(name) | Ty::Code(name) | Ty::Model(name) => self.named(name).to_string(),
            Ty::List(inner) => format!("Vec<{}>", self.rust(inner)),
            Ty::Map(inner) => {
                let map = self.std("collections", "BTreeMap");
                format!("{map}<String, {}>", self.rust(inner))
            }
            Ty::Optional(inner) => format!("Option<{}>", self.rust(inner)),
        }
    }

    /// Returns the Rust type of a value as tokens.
    pub(super) fn tokens(&self, ty: &Ty) -> TokenStream {
        code(&self.rust(ty))
    }

    /// Returns the type of an argument for a value, and the expression that converts it.
    pub(super) fn argument(&self, name: &str, ty: &Ty) -> (TokenStream, TokenStream) {
        let value = ident(name);
        match ty {
            Ty::Text | Ty::Secret | Ty::OwnText(_) => {
                let ty = self.tokens(ty);
                (quote!(impl Into<#ty>), quote!(#value.into()))
            }
            Ty::List(inner) if **inner == Ty::Text => (
                quote!(impl IntoIterator<Item = impl Into<String>>),
                quote!(#value.into_iter().map(Into::into).collect::<Vec<String>>()),
            ),
            Ty::List(inner) => {
                let inner = self.tokens(inner);
                (
                    quote!(impl IntoIterator<Item = #inner>),
                    quote!(#value.into_iter().collect::<Vec<_>>()),
                )
            }
            other => (self.tokens(other), quote!(#value)),
        }
    }

    /// Returns a value of a path or query as an expression of type `&str`, `String` or the like.
    pub(super) fn written(&self, ty: &Ty, value: &TokenStream) -> TokenStream {
        match ty {
            Ty::Enum(_) => quote!(#value.as_ref()),
            Ty::Time(TimeFormat::UnixSeconds) => quote!(#value.unix_seconds().to_string()),
            Ty::Text => quote!(#value),
            Ty::OwnText(_) => quote!(#value.into().as_str()),
            _ => quote!(#value.to_string()),
        }
    }

    /// Returns the type of an element of a query parameter.
    pub(super) fn query_type(&self, ty: &Ty, range: Range) -> TokenStream {
        match ty {
            Ty::Text | Ty::Secret | Ty::OwnText(_) => {
                let ty = self.tokens(ty);
                quote!(impl Into<#ty>)
            }
            Ty::Int32 | Ty::Int64 => number(ty, range),
            other => self.tokens(other),
        }
    }

    /// Returns the method call on a request that sets a query parameter.
    pub(super) fn set_query(&self, parameter: &Parameter) -> TokenStream {
        let (wire, name) = (&parameter.wire, ident(&parameter.name));
        if let Ty::List(element) = &parameter.ty {
            return match **element {
                Ty::Text => quote!(.set_query_list(#wire, #name)),
                ref other => {
                    let value = match other {
                        Ty::Enum(_) => quote!(value.to_string()),
                        other => self.written(other, &quote!(value)),
                    };
                    quote!(.set_query_list(#wire, #name.into_iter().map(|value| #value)))
                }
            };
        }
        if parameter.ty == Ty::Secret {
            return quote!(.set_secret_query(#wire, &#name.into()));
        }
        let numeric = matches!(parameter.ty, Ty::Int32 | Ty::Int64);
        let Range { least, most } = parameter.range;
        // A minimum of 0 needs no check: the argument is unsigned.
        if numeric && (most.is_some() || least.is_some_and(|least| least != 0)) {
            let least = least.map_or_else(|| quote!(i64::MIN), whole);
            let most = most.map_or_else(|| quote!(i64::MAX), whole);
            return quote!(.query_in_range(#wire, #name.into(), #least, #most));
        }
        let written = match &parameter.ty {
            Ty::Enum(_) => quote!(#name.to_string()),
            other => self.written(other, &quote!(#name)),
        };
        quote!(.set_query(#wire, #written))
    }
}

/// Returns a `use` of several names, wrapped if needed.
fn use_list(module: &str, names: &[&str]) -> String {
    let line = format!("use {module}::{{{}}};\n", names.join(", "));
    if line.len() <= WIDTH {
        return line;
    }
    let mut text = format!("use {module}::{{\n");
    let mut row = String::new();
    for name in names {
        if row.len() + name.len() + 7 > WIDTH {
            text.push_str(&format!("   {row}\n"));
            row.clear();
        }
        row.push_str(&format!(" {name},"));
    }
    text.push_str(&format!("   {row}\n}};\n"));
    text
}

/// The width to which `use` lists are wrapped.
const WIDTH: usize = 100;

/// Returns the type of a number in a query, chosen by its range.
fn number(ty: &Ty, range: Range) -> TokenStream {
    match (range.least, range.most) {
        (Some(0..), Some(most)) if u32::try_from(most).is_ok() => quote!(u32),
        (Some(0..), None) => quote!(u32),
        _ if *ty == Ty::Int32 => quote!(i32),
        _ => quote!(i64),
    }
}

fn whole(number: i64) -> TokenStream {
    let number = proc_macro2::Literal::i64_unsuffixed(number);
    quote!(#number)
}
