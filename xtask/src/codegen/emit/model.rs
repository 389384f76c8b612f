//! Objects and enumerations.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::super::ir::{Enum, Member, Model, Ty, Type};
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
                items.push(serialize(model));
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
    let default = has_default.then(|| quote!(Default,));
    let members = model.members.iter().map(|member| {
        let doc = text::doc(&format!("{}{}", member.doc, text::origin(member.source)));
        let deprecated = deprecated(member);
        let name = ident(&member.name);
        let ty = member_type(places, file, model, member);
        quote!(#doc #deprecated pub #name: #ty,)
    });
    quote! {
        #doc
        #[derive(Debug, Clone, #default PartialEq)]
        #[non_exhaustive]
        pub struct #name { #(#members)* }
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
        let absent = optional.iter().map(|member| {
            let name = ident(&member.name);
            quote!(#name: Default::default())
        });
        quote! {
            #doc
            pub fn new(#(#arguments),*) -> Self { Self { #(#given,)* #(#absent,)* } }
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
        if member.required {
            quote!(members.required(#wire, &self.#name)?;)
        } else {
            quote!(members.optional(#wire, &self.#name)?;)
        }
    });
    let expect = expect_deprecated(model);
    quote! {
        #expect
        impl security_api_transport::__private::serde::Serialize for #name {
            fn serialize<S: security_api_transport::__private::serde::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                let mut members = security_api_transport::model::members(serializer)?;
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
    let arms = model.members.iter().enumerate().map(|(index, member)| {
        let (index, name) = (Literal::usize_unsuffixed(index), ident(&member.name));
        let scalar = matches!(member.ty, Ty::Text | Ty::Time(_) | Ty::Enum(_));
        if scalar && !member.required {
            quote!(#index => value.optional(&mut self.#name),)
        } else {
            quote!(#index => value.into_slot(&mut self.#name),)
        }
    });
    let expect = expect_deprecated(model);
    [
        quote! {
            #expect
            impl security_api_transport::model::Model for #name {
                const NAME: &'static str = #shown;
                const MEMBERS: &'static [&'static str] = &[#(#wires),*];
                #required
                #[inline]
                fn read<'de, A: security_api_transport::__private::serde::de::MapAccess<'de>>(
                    &mut self,
                    index: usize,
                    value: security_api_transport::model::Member<'_, A>,
                ) -> Result<(), A::Error> {
                    match index {
                        #(#arms)*
                        _ => value.skip(),
                    }
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
                fn from_known(value: &str) -> Option<Self> {
                    Some(match value {
                        #(#wires => Self::#names,)*
                        _ => return None,
                    })
                }
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
