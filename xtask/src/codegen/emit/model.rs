//! Objects and enumerations.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use serde_json::Value;

use super::super::ir::{Encoding, Enum, Member, Model, Ty, Type};
use super::super::place::Places;
use super::text;
use super::types::{argument, ident, rust};

/// The items of a type.
pub(super) fn items(places: &Places, file: &str, ty: &Type) -> Vec<TokenStream> {
    match ty {
        Type::Enum(enumeration) => open_enum(enumeration),
        Type::Model(model) => {
            let read = places.is_read(&model.name);
            let written = places.is_written(&model.name);
            let mut items = vec![structure(places, file, model)];
            if written {
                items.push(setters(places, file, model));
                match model.encoding {
                    Encoding::Json => items.push(serialize(model)),
                    Encoding::Multipart => items.extend([parts(model), form(model)]),
                    Encoding::UrlEncoded => items.push(pairs(model)),
                }
                if model.in_form {
                    items.push(parts(model));
                }
            }
            if model.search {
                items.extend(search(model));
            }
            if read {
                items.extend(deserialize(model));
            }
            items
        }
    }
}

fn type_doc(doc: &str, source: Option<super::super::ir::Source>) -> TokenStream {
    match source {
        Some(source) => text::doc(&format!("{doc}\n\n{}", text::source(source))),
        None => text::doc(doc),
    }
}

fn structure(places: &Places, file: &str, model: &Model) -> TokenStream {
    let doc = type_doc(&model.doc, model.source);
    let name = ident(&model.name);
    let has_default = places.is_read(&model.name) || model.members.iter().all(|m| !m.required);
    let default = has_default.then(|| quote!(, Default));
    let search = model.search.then(|| {
        quote! {
            /// Which records, in which order.
            pub search: crate::search::SearchRequest,
        }
    });
    // Files are not compared.
    let equal = (model.encoding != Encoding::Multipart).then(|| quote!(, PartialEq));
    let members = model.members.iter().map(|member| {
        let doc = text::doc(&format!("{}{}", member.doc, text::origin(member.source)));
        let deprecated = deprecated(member);
        let name = ident(&member.name);
        let ty = member_type(places, file, model, member);
        quote!(#doc #deprecated pub #name: #ty,)
    });
    quote! {
        #doc
        #[derive(Debug, Clone #default #equal)]
        #[non_exhaustive]
        pub struct #name { #search #(#members)* }
    }
}

fn deprecated(member: &Member) -> Option<TokenStream> {
    let note = member.deprecated.as_ref()?;
    Some(quote!(#[deprecated(note = #note)]))
}

/// Generated code itself goes on reading and writing deprecated members.
fn expect_deprecated(model: &Model) -> Option<TokenStream> {
    let any = model
        .members
        .iter()
        .any(|member| member.deprecated.is_some());
    any.then(|| quote!(#[expect(deprecated, reason = "deprecated members are carried as long as they are sent")]))
}

fn is_patch(model: &Model, member: &Member) -> bool {
    model.patch && member.nullable
}

fn member_type(places: &Places, file: &str, model: &Model, member: &Member) -> TokenStream {
    let ty = rust(places, file, &member.ty);
    if member.required {
        ty
    } else if is_patch(model, member) {
        quote!(security_api_transport::Patch<#ty>)
    } else {
        quote!(Option<#ty>)
    }
}

/// `new` and one method for each optional member.
fn setters(places: &Places, file: &str, model: &Model) -> TokenStream {
    let name = ident(&model.name);
    let (required, optional): (Vec<_>, Vec<_>) = model.members.iter().partition(|m| m.required);
    let new = if required.is_empty() {
        let doc = text::doc("One that says nothing yet.");
        quote!(#doc #[must_use] pub fn new() -> Self { Self::default() })
    } else {
        let doc = text::doc("One with the required members.");
        let arguments = required.iter().map(|member| {
            let (ty, _) = argument(places, file, &member.name, &member.ty);
            let name = ident(&member.name);
            quote!(#name: #ty)
        });
        let given = required.iter().map(|member| {
            let (_, value) = argument(places, file, &member.name, &member.ty);
            let name = ident(&member.name);
            if value.to_string() == member.name {
                quote!(#name)
            } else {
                quote!(#name: #value)
            }
        });
        let search = model.search.then(|| quote!(search));
        let absent = search.into_iter().chain(optional.iter().map(|member| {
            let name = ident(&member.name);
            quote!(#name)
        }));
        let many = (required.len() > 7).then(|| {
            let reason = "the service requires as many";
            quote!(#[expect(clippy::too_many_arguments, reason = #reason)])
        });
        quote! {
            #doc
            #many
            pub fn new(#(#arguments),*) -> Self { Self { #(#given,)* #(#absent: Default::default(),)* } }
        }
    };
    let setters = optional.iter().map(|member| {
        let doc = text::doc(&format!("{}{}", member.doc, text::origin(member.source)));
        let deprecated = deprecated(member);
        let name = ident(&member.name);
        if is_patch(model, member) {
            let ty = rust(places, file, &member.ty);
            return quote! {
                #doc
                ///
                /// `None` clears it.
                #deprecated
                #[must_use]
                pub fn #name(mut self, #name: impl Into<security_api_transport::Patch<#ty>>) -> Self {
                    self.#name = #name.into();
                    self
                }
            };
        }
        let (ty, value) = argument(places, file, &member.name, &member.ty);
        quote! {
            #doc
            #deprecated
            #[must_use]
            pub fn #name(mut self, #name: #ty) -> Self {
                self.#name = Some(#value);
                self
            }
        }
    });
    let expect = expect_deprecated(model);
    quote!(#expect impl #name { #new #(#setters)* })
}

fn serialize(model: &Model) -> TokenStream {
    let name = ident(&model.name);
    let members = model.members.iter().map(|member| {
        let (wire, name) = (&member.wire, ident(&member.name));
        match (
            member.required,
            member.default.as_ref().and_then(Value::as_bool),
        ) {
            (true, _) => quote!(members.required(#wire, &self.#name)?;),
            (false, None) => quote!(members.optional(#wire, &self.#name)?;),
            (false, Some(default)) => {
                quote!(members.required(#wire, &self.#name.unwrap_or(#default))?;)
            }
        }
    });
    let search = model
        .search
        .then(|| quote!(self.search.write(&mut members)?;));
    let expect = expect_deprecated(model);
    quote! {
        #expect
        impl security_api_transport::__private::serde::Serialize for #name {
            fn serialize<S: security_api_transport::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let mut members = security_api_transport::model::members(serializer)?;
                #search
                #(#members)*
                members.end()
            }
        }
    }
}

fn deserialize(model: &Model) -> [TokenStream; 2] {
    let name = ident(&model.name);
    let shown = &model.name;
    let wires = model.members.iter().map(|member| &member.wire);
    let required: Vec<_> = model
        .members
        .iter()
        .enumerate()
        .filter(|(_, member)| member.required)
        .map(|(index, _)| Literal::usize_unsuffixed(index))
        .collect();
    let required = (!required.is_empty())
        .then(|| quote!(const REQUIRED: &'static [usize] = &[#(#required),*];));
    let json: Vec<_> = model
        .members
        .iter()
        .enumerate()
        .filter(|(_, member)| matches!(member.ty, Ty::Json | Ty::Own(_)))
        .map(|(index, _)| Literal::usize_unsuffixed(index))
        .collect();
    let json = (!json.is_empty()).then(|| quote!(const JSON: &'static [usize] = &[#(#json),*];));
    let arms = model.members.iter().enumerate().map(|(index, member)| {
        let (index, name) = (Literal::usize_unsuffixed(index), ident(&member.name));
        quote!(#index => &mut self.#name,)
    });
    let expect = expect_deprecated(model);
    [
        quote! {
            #expect
            impl security_api_transport::model::Model for #name {
                const NAME: &'static str = #shown;
                const MEMBERS: &'static [&'static str] = &[#(#wires),*];
                #required
                #json
                #[inline]
                fn slot(&mut self, index: usize) -> Option<&mut dyn security_api_transport::model::Slot> {
                    Some(match index {
                        #(#arms)*
                        _ => return None,
                    })
                }
            }
        },
        quote! {
            impl<'de> security_api_transport::__private::serde::Deserialize<'de> for #name {
                fn deserialize<D: security_api_transport::__private::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> Result<Self, D::Error> {
                    security_api_transport::model::deserialize(deserializer)
                }
            }
        },
    ]
}

/// What makes a model a search.
fn search(model: &Model) -> Vec<TokenStream> {
    let name = ident(&model.name);
    let mut items = vec![quote! {
        impl crate::search::SearchBody for #name {
            fn search_mut(&mut self) -> &mut crate::search::SearchRequest {
                &mut self.search
            }
        }
    }];
    if model.members.iter().all(|member| !member.required) {
        items.push(quote! {
            impl From<crate::search::SearchRequest> for #name {
                fn from(search: crate::search::SearchRequest) -> Self {
                    Self { search, ..Self::default() }
                }
            }
        });
    }
    items
}

/// How a form is written in parts. Members of objects in it are called `Name.Member`, of lists of objects
/// `Name[0].Member`.
fn parts(model: &Model) -> TokenStream {
    let name = ident(&model.name);
    let parts = model.members.iter().map(|member| {
        let name = ident(&member.name);
        // The text of a format string.
        let wire = member.wire.replace('{', "{{").replace('}', "}}");
        let part = part(&member.ty, &format!("{{prefix}}{wire}"));
        if member.required {
            quote! {
                let value = self.#name;
                #part
            }
        } else {
            quote!(if let Some(value) = self.#name { #part })
        }
    });
    let expect = expect_deprecated(model);
    quote! {
        #expect
        impl security_api_transport::InForm for #name {
            fn parts(
                self,
                prefix: &str,
                mut form: security_api_transport::Form,
            ) -> security_api_transport::Form {
                #(#parts)*
                form
            }
        }
    }
}

fn form(model: &Model) -> TokenStream {
    let name = ident(&model.name);
    quote! {
        impl From<#name> for security_api_transport::Form {
            fn from(form: #name) -> Self {
                security_api_transport::InForm::parts(form, "", Self::new())
            }
        }
    }
}

/// The statement that adds `value` to `form` under the name that this format string gives.
fn part(ty: &Ty, name: &str) -> TokenStream {
    match ty {
        Ty::File => quote!(form = form.upload(format!(#name), value);),
        Ty::Model(_) => {
            let prefix = format!("{name}.");
            quote!(form = security_api_transport::InForm::parts(value, &format!(#prefix), form);)
        }
        Ty::List(inner) if matches!(**inner, Ty::Model(_)) => {
            let part = part(inner, &format!("{name}[{{index}}]"));
            quote!(for (index, value) in value.into_iter().enumerate() { #part })
        }
        Ty::List(inner) => {
            let part = part(inner, name);
            quote!(for value in value { #part })
        }
        other => {
            let text = match other {
                Ty::Text => quote!(value),
                Ty::Secret => quote!(value.expose()),
                Ty::OwnText(_) | Ty::Json => quote!(value.as_str()),
                Ty::Enum(_) => quote!(security_api_transport::open_enum::OpenEnum::as_str(&value)),
                _ => quote!(value.to_string()),
            };
            quote!(form = form.text(format!(#name), #text);)
        }
    }
}

/// How a form is written as `a=1&b=2`.
fn pairs(model: &Model) -> TokenStream {
    let name = ident(&model.name);
    let pairs = model.members.iter().map(|member| {
        let (wire, name) = (&member.wire, ident(&member.name));
        let text = match member.ty {
            Ty::Secret => quote!(value.expose().to_owned()),
            Ty::OwnText(_) | Ty::Json => quote!(value.as_str().to_owned()),
            _ => quote!(value.to_string()),
        };
        if member.required {
            quote! {
                let value = &self.#name;
                pairs.push((#wire, #text));
            }
        } else {
            quote!(if let Some(value) = &self.#name { pairs.push((#wire, #text)); })
        }
    });
    let expect = expect_deprecated(model);
    quote! {
        #expect
        impl #name {
            pub(crate) fn pairs(&self) -> Vec<(&'static str, String)> {
                let mut pairs = Vec::new();
                #(#pairs)*
                pairs
            }
        }
    }
}

fn open_enum(enumeration: &Enum) -> Vec<TokenStream> {
    let doc = type_doc(&enumeration.doc, enumeration.source);
    let name = ident(&enumeration.name);
    let names: Vec<_> = enumeration
        .variants
        .iter()
        .map(|v| ident(&v.name))
        .collect();
    let wires: Vec<_> = enumeration.variants.iter().map(|v| &v.wire).collect();
    let docs = enumeration.variants.iter().map(|variant| {
        text::doc(&match &variant.doc {
            Some(doc) => format!("`{}`: {doc}", variant.wire),
            None => format!("`{}`.", variant.wire),
        })
    });
    let known = match wires.is_empty() {
        true => quote! {
            fn from_known(_: &str) -> Option<Self> {
                None
            }
        },
        false => quote! {
            fn from_known(value: &str) -> Option<Self> {
                Some(match value {
                    #(#wires => Self::#names,)*
                    _ => return None,
                })
            }
        },
    };
    let codes = (!enumeration.codes.is_empty()).then(|| {
        let codes = enumeration.codes.iter().map(|(code, wire)| {
            let code = Literal::i64_unsuffixed(*code);
            quote!((#code, #wire))
        });
        quote!(const CODES: &'static [(i64, &'static str)] = &[#(#codes),*];)
    });
    vec![
        quote! {
            #doc
            #[derive(Debug, Clone, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #name {
                #(#docs #names,)*
                /// A value that this version does not know, as it stands on the wire.
                Unrecognized(Box<str>),
            }
        },
        quote! {
            impl security_api_transport::open_enum::OpenEnum for #name {
                #codes
                #known
                fn from_unknown(value: Box<str>) -> Self {
                    Self::Unrecognized(value)
                }
                fn as_str(&self) -> &str {
                    match self {
                        #(Self::#names => #wires,)*
                        Self::Unrecognized(value) => value,
                    }
                }
            }
        },
        quote!(security_api_transport::__open_enum!(#name);),
    ]
}
