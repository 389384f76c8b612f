//! Objects and enumerations.

use std::fmt::Write as _;

use quote::quote;
use serde_json::Value;

use super::super::ir::{Encoding, Enum, Member, Model, Source, Ty, Type};
use super::super::place::Places;
use super::docs;
use super::text::{self, Item};
use super::types::{Scope, code, ident};

/// Returns the items of a type that is compiled under `condition`.
pub(super) fn items(
    places: &Places,
    scope: &Scope<'_>,
    condition: Option<&str>,
    ty: &Type,
) -> Vec<Item> {
    let model = match ty {
        Type::Enum(enumeration) => return vec![open_enum(scope, condition, enumeration).into()],
        Type::Model(model) => model,
    };
    let mut items: Vec<Item> = vec![declaration(places, scope, condition, model).into()];
    if model.search && model.members.iter().all(|member| !member.required) {
        let name = ident(&model.name);
        let search = scope.own("search::SearchRequest");
        let gate = condition.map(code);
        let item = quote! {
            #gate
            impl From<#search> for #name {
                #[inline]
                fn from(search: #search) -> Self {
                    Self { search, ..Self::default() }
                }
            }
        };
        items.push(item.into());
    }
    items
}

fn type_doc(doc: &str, source: Option<Source>) -> String {
    match source {
        Some(source) => format!("{doc}\n\n{}", text::source(source)),
        None => doc.to_owned(),
    }
}

/// Returns the `cfg` and the alias with the vendor's name, as lines.
fn attributes(condition: Option<&str>, alias: Option<&String>) -> (String, String) {
    let condition = condition.map_or_else(String::new, |condition| format!("{condition}\n"));
    let alias = alias.map_or_else(String::new, |alias| {
        format!("    #[doc(alias = {alias:?})]\n")
    });
    (condition, alias)
}

/// Returns an object as a call of the `model!` macro.
fn declaration(
    places: &Places,
    scope: &Scope<'_>,
    condition: Option<&str>,
    model: &Model,
) -> String {
    let read = places.is_read(&model.name);
    let written = places.is_written(&model.name);
    let has_default = read || model.members.iter().all(|m| !m.required);
    let sent = match model.encoding {
        _ if !written => None,
        _ if model.search => Some("Search"),
        Encoding::Json => Some("Sent"),
        Encoding::Multipart | Encoding::UrlEncoded => Some("Form"),
    };
    let ways: Vec<_> = [read.then_some("Received"), sent]
        .into_iter()
        .flatten()
        .collect();
    let macro_name = scope.transport("model");
    let (condition, alias) = attributes(condition, model.alias.as_ref());
    let mut lines = format!(
        "{condition}{macro_name}! {{\n{}{alias}    #[derive(Clone{})]\n    pub struct {}: {} {{\n",
        text::doc_lines(
            &docs::of_members(model, &type_doc(&model.doc, model.source)),
            "    "
        ),
        if has_default { ", Default" } else { "" },
        model.name,
        ways.join(", ")
    );
    for member in &model.members {
        let doc = docs::of_members(model, &documented(member));
        lines.push_str(&text::doc_lines(&doc, "        "));
        if let Some(note) = &member.deprecated {
            let _ = writeln!(lines, "        #[deprecated(note = {note:?})]");
        }
        let _ = writeln!(
            lines,
            "        {}: {} = {:?}{},",
            member.name,
            member_type(scope, model, member),
            member.wire,
            mark(member, read, written)
        );
    }
    lines.push_str("    }\n}\n");
    lines
}

/// Returns the documentation of a member. It is empty if it would only repeat the name.
fn documented(member: &Member) -> String {
    format!("{}{}", member.doc, text::origin(member.source))
        .trim()
        .to_owned()
}

/// Returns the marker of a member for the macro.
fn mark(member: &Member, read: bool, written: bool) -> &'static str {
    match (&member.ty, &member.default) {
        (_, Some(Value::Bool(true))) if written => " (default true)",
        (_, Some(Value::Bool(false))) if written => " (default false)",
        (_, Some(Value::Object(_))) if written => " (empty)",
        _ if member.in_digits && written => " (digits)",
        (Ty::Json | Ty::Own(_), _) => " (json)",
        (Ty::Secret | Ty::OwnText(_), _) if written => " (into)",
        _ if member.required && read => " (required)",
        _ => "",
    }
}

fn is_patch(model: &Model, member: &Member) -> bool {
    model.patch && member.nullable
}

fn member_type(scope: &Scope<'_>, model: &Model, member: &Member) -> String {
    let ty = scope.rust(&member.ty);
    if member.required {
        ty
    } else if is_patch(model, member) {
        format!("{}<{ty}>", scope.transport("Patch"))
    } else {
        format!("Option<{ty}>")
    }
}

/// Returns an enumeration as a call of the `open_enum!` macro.
fn open_enum(scope: &Scope<'_>, condition: Option<&str>, enumeration: &Enum) -> String {
    let macro_name = scope.transport("open_enum");
    let (condition, alias) = attributes(condition, enumeration.alias.as_ref());
    let mut lines = format!(
        "{condition}{macro_name}! {{\n{}{alias}    pub enum {}{} {{\n",
        text::doc_lines(&type_doc(&enumeration.doc, enumeration.source), "    "),
        enumeration.name,
        match &enumeration.number {
            Some(number) => format!(": {}", scope.rust(number)),
            None => String::new(),
        }
    );
    for variant in &enumeration.variants {
        let doc = variant.doc.as_deref().unwrap_or_default();
        lines.push_str(&text::doc_lines(doc, "        "));
        let _ = match &enumeration.number {
            Some(_) => {
                let others = enumeration.codes.iter();
                let others = others.filter(|(_, wire)| *wire == variant.wire);
                let others: String = others.map(|(code, _)| format!(" | {code}")).collect();
                writeln!(
                    lines,
                    "        {} = {}{others},",
                    variant.name, variant.wire
                )
            }
            None => writeln!(lines, "        {} = {:?},", variant.name, variant.wire),
        };
    }
    lines.push_str("    }\n");
    if enumeration.number.is_none() && !enumeration.codes.is_empty() {
        let codes = enumeration.codes.iter();
        let codes: Vec<_> = codes
            .map(|(code, wire)| format!("{code} = {wire:?}"))
            .collect();
        let _ = writeln!(lines, "    codes {{ {} }}", codes.join(", "));
    }
    lines.push_str("}\n");
    lines
}
