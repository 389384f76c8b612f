//! Objects, their members and the documentation of these.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::ir::{Encoding, Length, Member, Model, Ty};
use super::super::names;
use super::super::node::{Node, Read};
use super::annotation::{deprecated, described, id_of, member_name, source, told};
use super::keyword::{ANNOTATIONS, SEARCH_TERMS, SHAPES};
use super::mention;
use super::scalar::{kind, uncoded};
use super::schema::{Schemas, Shape};

impl Schemas {
    pub(super) fn model(&mut self, node: &Node<'_>, schema: &str, name: &str) -> Read<Model> {
        node.only(
            "a schema of an object",
            &[
                ANNOTATIONS,
                SHAPES,
                &["x-patch", "x-search", "x-wire-order"],
            ],
        )?;
        let search = node.flag_of("x-search")?;
        let mut required = node.texts_of("required")?;
        if search {
            required.retain(|wire| !SEARCH_TERMS.contains(wire));
        }
        mention::check(node, |name| has_member(node, name))?;
        let mut members = self.members(node, &required, search)?;
        order(node, &mut members)?;
        if let Some(missing) = required.iter().find(|wire| !has_member(node, wire)) {
            return Err(node.refuse(
                format!("`{missing}` is required but is not a member"),
                "correct `required`",
            ));
        }
        Ok(Model {
            pointer: node.pointer().to_owned(),
            name: name.to_owned(),
            concept: node.text_of("x-document")?.map(str::to_owned),
            alias: names::alias(schema, name),
            doc: described(node, "a schema that becomes a type")?,
            source: source(node)?,
            patch: node.flag_of("x-patch")?,
            search,
            encoding: Encoding::Json,
            in_form: false,
            members,
        })
    }

    /// Reads the members of an object, except the terms of a search.
    fn members(&mut self, node: &Node<'_>, required: &[&str], search: bool) -> Read<Vec<Member>> {
        let mut members = Vec::new();
        let mut taken = BTreeSet::new();
        for (wire, property) in node.entries_of("properties")? {
            if search && SEARCH_TERMS.contains(&wire) {
                continue;
            }
            let read = self.member(&property, wire, required.contains(&wire));
            let read = read.and_then(|member| {
                let is_value = |name: &str| self.has_value(&member.ty, name);
                mention::check(&property, |name| has_member(node, name) || is_value(name))?;
                Ok(member)
            });
            match read {
                Ok(member) if !taken.insert(member.name.clone()) => {
                    self.refusals.push(property.refuse(
                        format!("a second member is called `{}` in Rust", member.name),
                        "give one of them another name with `x-rust-name`",
                    ));
                }
                Ok(member) => members.push(member),
                Err(refusal) => self.refusals.push(refusal),
            }
        }
        Ok(members)
    }

    /// Reads a member of an object.
    pub(super) fn member(&mut self, node: &Node<'_>, wire: &str, required: bool) -> Read<Member> {
        let name = member_name(node, wire)?;
        let in_digits = node.get("x-digits").is_some();
        let shape = match node.get("x-digits") {
            Some(numbers) => self.digits(node, &numbers)?,
            None => self.shape(node)?,
        };
        if !shape.wrappers.is_empty() {
            return Err(node.refuse(
                "an envelope or a page inside of an object cannot be expressed in generated code",
                "describe it as a schema of its own",
            ));
        }
        if shape.ty.counts() {
            uncoded(node)?;
        }
        let target = node.clone().resolved()?;
        let length = length(node)?;
        if !self.terse {
            described(node, "a member")?;
        }
        let doc = told(node, wire)?;
        if required && shape.nullable {
            return Err(node.refuse(
                "a required member that may be null would be left out of requests",
                "leave `null` out of its type, or the member out of `required`",
            ));
        }
        Ok(Member {
            pointer: node.pointer().to_owned(),
            wire: wire.to_owned(),
            name,
            id_of: id_of(node, &shape.ty)?,
            variable: node.text_of("x-variable")?.map(str::to_owned),
            nullable: shape.nullable,
            required,
            doc: with_length(doc, length),
            default: default(node, &shape.ty, required)?,
            read_only: node.flag_of("readOnly")?,
            length,
            format: node.text_of("format")?.map(str::to_owned),
            source: source(node)?,
            deprecated: deprecated(node)?,
            example: node
                .get("example")
                .or_else(|| target.get("example"))
                .map(|example| example.value().clone()),
            ty: shape.ty,
            in_digits,
        })
    }

    /// Reads a member that is an enumeration of numbers in Rust, and their digits on the wire.
    fn digits(&mut self, node: &Node<'_>, numbers: &Node<'_>) -> Read<Shape> {
        node.only("a text of digits", &[ANNOTATIONS, &["type", "x-digits"]])?;
        let shape = self.shape(numbers)?;
        let (kind, nullable) = kind(node)?;
        match (kind, &shape.ty) {
            (Some("string"), Ty::Code(_)) => Ok(Shape { nullable, ..shape }),
            _ => Err(node.refuse(
                "only a text can have the digits of an enumeration of numbers",
                "write `type: string`, and refer to a schema with `x-codes` in `x-digits`",
            )),
        }
    }
}

fn has_member(node: &Node<'_>, wire: &str) -> bool {
    let members = node.get("properties");
    members.is_some_and(|members| members.get(wire).is_some())
}

/// Appends the allowed lengths to the documentation of a member.
fn with_length(doc: String, length: Length) -> String {
    let length = match (length.least, length.most) {
        (None | Some(0), None) => return doc,
        (None | Some(0), Some(most)) => format!("At most {most} characters."),
        (Some(1), None) => "Not empty.".to_owned(),
        (Some(least), None) => format!("At least {least} characters."),
        (Some(least), Some(most)) if least == most => format!("{least} characters."),
        (Some(least), Some(most)) => format!("{least} to {most} characters."),
    };
    format!("{doc} {length}").trim().to_owned()
}

fn length(node: &Node<'_>) -> Read<Length> {
    let of = |key: &str| {
        let number = node.integer_of(key)?;
        let length = number.map(usize::try_from).transpose();
        length.map_err(|_| node.refuse(format!("`{key}` is negative"), "write a length"))
    };
    let length = Length {
        least: of("minLength")?,
        most: of("maxLength")?,
    };
    match (length.least, length.most) {
        (Some(least), Some(most)) if least > most => Err(node.refuse(
            "no text is that short and that long",
            "correct `minLength` or `maxLength`",
        )),
        _ => Ok(length),
    }
}

/// Reads what is sent if the member is not set: `x-default`.
fn default(node: &Node<'_>, ty: &Ty, required: bool) -> Read<Option<Value>> {
    let Some(given) = node.get("x-default") else {
        return Ok(None);
    };
    if required {
        return Err(given.refuse(
            "the member is required, so requests always set it",
            "remove `x-default`, or the member from `required`",
        ));
    }
    match ty {
        Ty::Bool => drop(given.flag()?),
        Ty::Model(_) if given.entries()?.is_empty() => {}
        Ty::Model(_) => {
            return Err(given.refuse(
                "only an empty object can be the default of an object in generated code",
                "write `{}`, or teach `xtask/src/codegen` to write it",
            ));
        }
        _ => {
            return Err(given.refuse(
                "only a flag or an object can have a default in generated code",
                "remove `x-default`, or teach `xtask/src/codegen` to write it",
            ));
        }
    }
    Ok(Some(given.value().clone()))
}

/// Sorts members as `x-wire-order` does. Others follow by name.
fn order(node: &Node<'_>, members: &mut [Member]) -> Read<()> {
    let order = node.texts_of("x-wire-order")?;
    for wire in &order {
        if !has_member(node, wire) {
            return Err(node.refuse(
                format!("`x-wire-order` mentions `{wire}`, which is not a member"),
                "correct `x-wire-order`",
            ));
        }
    }
    let rank = |wire: &str| order.iter().position(|name| *name == wire);
    members.sort_by_key(|member| {
        (
            rank(&member.wire).unwrap_or(order.len()),
            member.wire.clone(),
        )
    });
    Ok(())
}
