//! Schemas: what types values have, and the named types they mention.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::ir::{Enum, Member, Model, TimeFormat, Ty, Type, Variant};
use super::super::names::{self, Use};
use super::super::node::{Node, Read, Refusal};
use super::{deprecated, described, id_of, member_name, source};

/// Keywords that say nothing about the Rust type.
const ANNOTATIONS: &[&str] = &[
    "$comment",
    "default",
    "deprecated",
    "description",
    "example",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "pattern",
    "readOnly",
    "title",
    "uniqueItems",
    "writeOnly",
    "x-deprecated",
    "x-id-of",
    "x-rust-name",
    "x-source",
];

const COMBINATORS: &[&str] = &["$ref", "allOf", "oneOf"];

const SHAPES: &[&str] = &[
    "additionalProperties",
    "enum",
    "items",
    "properties",
    "required",
    "type",
    "x-known-values",
    "x-secret",
    "x-timestamp",
];

/// The type of a value, and whether it may be null.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) ty: Ty,
    pub(super) nullable: bool,
}

/// The named types met so far.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    types: BTreeMap<String, Type>,
    /// Rust names, to the schema that has it.
    names: BTreeMap<String, String>,
    /// Addresses of schemas that were refused or are being read.
    started: BTreeSet<String>,
    refusals: Vec<Refusal>,
}

impl Schemas {
    /// The types, once everything was read.
    ///
    /// # Errors
    /// What was refused, and schemas that nothing uses.
    pub(super) fn finish(
        mut self,
        root: &Node<'_>,
    ) -> Result<BTreeMap<String, Type>, Vec<Refusal>> {
        let mut used = BTreeSet::new();
        references(root.value(), &mut used);
        if let Some(components) = root.get("components") {
            for (name, node) in components.entries_of("schemas").unwrap_or_default() {
                if !used.contains(node.pointer()) {
                    self.refusals.push(node.refuse(
                        format!("nothing refers to the schema `{name}`"),
                        "remove it, or use it",
                    ));
                }
            }
        }
        if self.refusals.is_empty() {
            Ok(self.types)
        } else {
            Err(self.refusals)
        }
    }

    /// The type of the value that this schema describes.
    pub(super) fn shape(&mut self, node: &Node<'_>) -> Read<Shape> {
        node.only("a schema", &[ANNOTATIONS, COMBINATORS, SHAPES])?;
        if let Some((name, target)) = node.reference()? {
            return self.named(node, name, &target);
        }
        if node.get("allOf").is_some() {
            return match node.items_of("allOf")?.as_slice() {
                [only] => self.shape(only),
                _ => Err(node.refuse(
                    "an `allOf` of several schemas cannot be expressed in generated code",
                    "write the members out in one schema",
                )),
            };
        }
        if node.get("oneOf").is_some() {
            return self.one_of(node);
        }
        let (kind, nullable) = kind(node)?;
        let ty = match kind {
            None => Ty::Json,
            Some("string") => text(node)?,
            Some("integer") => integer(node)?,
            Some("number") => Ty::Float,
            Some("boolean") => Ty::Bool,
            Some("array") => {
                let items = node.need("items", "say what the list holds, in `items`")?;
                let inner = self.shape(&items)?;
                if inner.nullable {
                    return Err(items.refuse(
                        "a list that holds nulls cannot be expressed in generated code",
                        "leave the null out",
                    ));
                }
                Ty::List(Box::new(inner.ty))
            }
            Some("object") => self.object(node)?,
            Some(other) => {
                return Err(node.refuse(
                    format!("`{other}` is no type"),
                    "say string, integer, number, boolean, array, object or null",
                ));
            }
        };
        Ok(Shape { ty, nullable })
    }

    /// Either something or null.
    fn one_of(&mut self, node: &Node<'_>) -> Read<Shape> {
        let parts = node.items_of("oneOf")?;
        let is_null = |part: &&Node<'_>| part.value().get("type") == Some(&Value::from("null"));
        let others: Vec<_> = parts.iter().filter(|part| !is_null(part)).collect();
        match (others.as_slice(), parts.len()) {
            ([only], 2) => Ok(Shape {
                ty: self.shape(only)?.ty,
                nullable: true,
            }),
            _ => Err(node.refuse(
                "a choice between several schemas cannot be expressed in generated code",
                "use one schema that has the members of all, or `{}` for JSON of any form",
            )),
        }
    }

    fn object(&mut self, node: &Node<'_>) -> Read<Ty> {
        if node.get("properties").is_some() {
            return Err(node.refuse(
                "an object without a name cannot be expressed in generated code",
                "move it to `#/components/schemas` and refer to it",
            ));
        }
        match node.get("additionalProperties") {
            Some(values) if values.value().is_object() => {
                Ok(Ty::Map(Box::new(self.shape(&values)?.ty)))
            }
            _ => Ok(Ty::Json),
        }
    }

    /// The type of a reference to a named schema.
    fn named(&mut self, from: &Node<'_>, name: &str, target: &Node<'_>) -> Read<Shape> {
        if target.flag_of("x-handwritten")? {
            return Err(from.refuse(
                format!("no type is generated for `{name}`, because it is hand-written"),
                "refer to another schema, or remove its `x-handwritten`",
            ));
        }
        let is_enum = target.get("enum").is_some() || target.get("x-known-values").is_some();
        let is_model = target.get("properties").is_some();
        if !is_enum && !is_model {
            return self.shape(target);
        }
        let (kind, nullable) = kind(target)?;
        let rust = names::of(target, name, Use::Type)?;
        let ty = match is_enum {
            true if kind == Some("string") => Ty::Enum(rust.clone()),
            true => {
                return Err(target.refuse(
                    "only strings can be enumerated",
                    "say `type: string`, or leave the values to the description",
                ));
            }
            false => Ty::Model(rust.clone()),
        };
        if self.started.insert(target.pointer().to_owned()) {
            let clash = self.names.insert(rust.clone(), name.to_owned());
            let read = match clash {
                Some(other) => Err(target.refuse(
                    format!("the schema `{other}` is called `{rust}` in Rust as well"),
                    "give one of them another name with `x-rust-name`",
                )),
                None if is_enum => enumeration(target, &rust).map(Type::Enum),
                None => self.model(target, &rust).map(Type::Model),
            };
            match read {
                Ok(read) => {
                    self.types.insert(rust, read);
                }
                Err(refusal) => self.refusals.push(refusal),
            }
        }
        Ok(Shape { ty, nullable })
    }

    fn model(&mut self, node: &Node<'_>, name: &str) -> Read<Model> {
        node.only(
            "a schema of an object",
            &[ANNOTATIONS, SHAPES, &["x-patch", "x-wire-order"]],
        )?;
        let required = texts(node, "required")?;
        let mut members = Vec::new();
        let mut taken = BTreeSet::new();
        for (wire, property) in node.entries_of("properties")? {
            match self.member(&property, wire, required.contains(&wire)) {
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
        order(node, &mut members)?;
        if let Some(missing) = required
            .iter()
            .find(|name| node.get("properties").is_none_or(|p| p.get(name).is_none()))
        {
            return Err(node.refuse(
                format!("`{missing}` is required but is no member"),
                "correct `required`",
            ));
        }
        Ok(Model {
            pointer: node.pointer().to_owned(),
            name: name.to_owned(),
            doc: described(node, "a schema that becomes a type")?,
            source: source(node)?,
            patch: node.flag_of("x-patch")?,
            members,
        })
    }

    /// A member of an object.
    pub(super) fn member(&mut self, node: &Node<'_>, wire: &str, required: bool) -> Read<Member> {
        let name = member_name(node, wire)?;
        let shape = self.shape(node)?;
        let target = node.clone().resolved()?;
        Ok(Member {
            pointer: node.pointer().to_owned(),
            wire: wire.to_owned(),
            name,
            id_of: id_of(node, &shape.ty)?,
            ty: shape.ty,
            nullable: shape.nullable,
            required: required && !shape.nullable,
            doc: described(node, "a member")?,
            source: source(node)?,
            deprecated: deprecated(node)?,
            example: node
                .get("example")
                .or_else(|| target.get("example"))
                .map(|example| example.value().clone()),
        })
    }
}

fn enumeration(node: &Node<'_>, name: &str) -> Read<Enum> {
    node.only(
        "an enumeration",
        &[ANNOTATIONS, SHAPES, &["x-rust-names", "x-value-docs"]],
    )?;
    let key = if node.get("enum").is_some() {
        "enum"
    } else {
        "x-known-values"
    };
    let docs = node.get("x-value-docs");
    let given_names = node.get("x-rust-names");
    let mut variants: Vec<Variant> = Vec::new();
    for value in node.items_of(key)? {
        let wire = value.text()?;
        let remedy = "give the value another name in `x-rust-names`";
        let name = match given_names.as_ref().and_then(|names| names.get(wire)) {
            Some(given) => names::check(&given, given.text()?, Use::Variant, remedy)?,
            None => names::check(&value, &names::type_name(wire), Use::Variant, remedy)?,
        };
        if let Some(other) = variants.iter().find(|variant| variant.name == name) {
            return Err(value.refuse(
                format!("`{}` is called `{name}` in Rust as well", other.wire),
                remedy,
            ));
        }
        variants.push(Variant {
            wire: wire.to_owned(),
            name,
            doc: docs
                .as_ref()
                .map_or(Ok(None), |docs| docs.text_of(wire))?
                .map(str::to_owned),
        });
    }
    for map in [docs, given_names].into_iter().flatten() {
        for (wire, node) in map.entries()? {
            if !variants.iter().any(|variant| variant.wire == wire) {
                return Err(node.refuse(format!("`{wire}` is no value"), "remove it"));
            }
        }
    }
    Ok(Enum {
        name: name.to_owned(),
        doc: described(node, "a schema that becomes a type")?,
        source: source(node)?,
        variants,
    })
}

/// The kind of value, and whether null is one.
fn kind<'a>(node: &Node<'a>) -> Read<(Option<&'a str>, bool)> {
    let Some(kind) = node.get("type") else {
        let described = SHAPES.iter().any(|key| node.get(key).is_some());
        return if described {
            Err(node.refuse("`type` is missing", "say which type it has"))
        } else {
            Ok((None, true))
        };
    };
    if let Some(kind) = kind.value().as_str() {
        return Ok((Some(kind), false));
    }
    let kinds = texts(node, "type")?;
    let others: Vec<_> = kinds.iter().filter(|kind| **kind != "null").collect();
    match (others.as_slice(), kinds.len()) {
        ([only], 2) => Ok((Some(*only), true)),
        _ => Err(kind.refuse(
            "a choice between several types cannot be expressed in generated code",
            "leave one type, alone or with `null`",
        )),
    }
}

fn text(node: &Node<'_>) -> Read<Ty> {
    if node.get("enum").is_some() || node.get("x-known-values").is_some() {
        return Err(node.refuse(
            "an enumeration without a name cannot be expressed in generated code",
            "move it to `#/components/schemas` and refer to it",
        ));
    }
    if node.flag_of("x-secret")? {
        return Ok(Ty::Secret);
    }
    match node.text_of("format")? {
        Some("date-time") => Ok(Ty::Time(TimeFormat::Rfc3339)),
        Some("password") => Ok(Ty::Secret),
        None | Some("date" | "email" | "hostname" | "ipv4" | "ipv6" | "uri" | "uuid") => {
            Ok(Ty::Text)
        }
        Some(other) => Err(node.refuse(
            format!("strings of the format `{other}` cannot be expressed in generated code"),
            "leave the format to the description",
        )),
    }
}

fn integer(node: &Node<'_>) -> Read<Ty> {
    match node.text_of("x-timestamp")? {
        None => {}
        Some("unix-seconds") => return Ok(Ty::Time(TimeFormat::UnixSeconds)),
        Some(other) => {
            return Err(node.refuse(
                format!("`{other}` is no known way to write times"),
                "say `x-timestamp: unix-seconds`",
            ));
        }
    }
    match node.text_of("format")? {
        Some("int32") => Ok(Ty::Int32),
        None | Some("int64") => Ok(Ty::Int64),
        Some(other) => Err(node.refuse(
            format!("integers of the format `{other}` cannot be expressed in generated code"),
            "say int32 or int64",
        )),
    }
}

/// Puts members into the order in which they come; others follow by name.
fn order(node: &Node<'_>, members: &mut [Member]) -> Read<()> {
    let order = texts(node, "x-wire-order")?;
    for wire in &order {
        if node.get("properties").is_none_or(|p| p.get(wire).is_none()) {
            return Err(node.refuse(
                format!("`x-wire-order` mentions `{wire}`, which is no member"),
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

fn texts<'a>(node: &Node<'a>, key: &str) -> Read<Vec<&'a str>> {
    node.items_of(key)?.iter().map(Node::text).collect()
}

/// Addresses that anything refers to.
fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            if let Some(address) = map.get("$ref").and_then(Value::as_str) {
                found.insert(address.trim_start_matches('#').to_owned());
            }
            map.values().for_each(|value| references(value, found));
        }
        _ => {}
    }
}
