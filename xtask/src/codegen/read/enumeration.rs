//! Enumerations: their values and the Rust names of these.

use std::collections::BTreeMap;

use super::super::ir::{Enum, Variant};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};
use super::annotation::{described, source};
use super::keyword::{ANNOTATIONS, SHAPES};
use super::mention;
use super::scalar::number;

/// Reads an enumeration with the Rust name `name`.
pub(super) fn enumeration(node: &Node<'_>, schema: &str, name: &str) -> Read<Enum> {
    node.only(
        "an enumeration",
        &[
            ANNOTATIONS,
            SHAPES,
            &["x-codes", "x-rust-names", "x-value-docs"],
        ],
    )?;
    let mut variants = values(node)?;
    let codes = codes_of_values(node, &mut variants)?;
    mention::check(node, |name| variants.iter().any(|one| one.wire == name))?;
    Ok(Enum {
        codes,
        variants,
        ..without_values(node, schema, name)?
    })
}

/// Reads the values, with their names and documentation.
fn values(node: &Node<'_>) -> Read<Vec<Variant>> {
    let key = if node.get("enum").is_some() {
        "enum"
    } else {
        "x-known-values"
    };
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
            doc: doc(node, wire)?,
        });
    }
    of_values_alone(node, "x-value-docs", &variants)?;
    of_values_alone(node, "x-rust-names", &variants)?;
    Ok(variants)
}

/// Reads what a value means.
fn doc(node: &Node<'_>, wire: &str) -> Read<Option<String>> {
    let Some(docs) = node.get("x-value-docs") else {
        return Ok(None);
    };
    Ok(docs.text_of(wire)?.map(str::to_owned))
}

/// Refuses what the map `key` says of something that is not a value.
fn of_values_alone(node: &Node<'_>, key: &str, variants: &[Variant]) -> Read<()> {
    for (wire, node) in node.entries_of(key)? {
        if !variants.iter().any(|variant| variant.wire == wire) {
            return Err(node.refuse(format!("`{wire}` is not a value"), "remove it"));
        }
    }
    Ok(())
}

/// Reads the numbers that stand for values, and adds the values that are known only by their numbers.
fn codes_of_values(node: &Node<'_>, variants: &mut Vec<Variant>) -> Read<Vec<(i64, String)>> {
    let mut codes = Vec::new();
    for (code, value) in node.entries_of("x-codes")? {
        let number = code
            .parse::<i64>()
            .map_err(|_| value.refuse("a code is a whole number", "write it as a number"))?;
        let wire = value.text()?;
        if variants.iter().any(|variant| variant.wire == wire) {
            codes.push((number, wire.to_owned()));
            continue;
        }
        let remedy = "call it as a type is called";
        let name = names::check(&value, &names::type_name(wire), Use::Variant, remedy)?;
        if variants.iter().any(|variant| variant.name == name) {
            return Err(value.refuse(
                format!("another value is called `{name}` in Rust as well"),
                "call it otherwise, or as the value whose code it is",
            ));
        }
        variants.push(Variant {
            wire: code.to_owned(),
            name,
            doc: None,
        });
    }
    codes.sort_unstable();
    Ok(codes)
}

/// An enumeration of strings that has no values yet.
fn without_values(node: &Node<'_>, schema: &str, name: &str) -> Read<Enum> {
    Ok(Enum {
        number: None,
        codes: Vec::new(),
        concept: node.text_of("x-document")?.map(str::to_owned),
        alias: names::alias(schema, name),
        name: name.to_owned(),
        doc: described(node, "a schema that becomes a type")?,
        source: source(node)?,
        variants: Vec::new(),
    })
}

/// Reads an enumeration of numbers with the Rust name `name`. A number that stands for another number is read as that
/// one.
pub(super) fn codes(node: &Node<'_>, schema: &str, name: &str) -> Read<Enum> {
    node.only(
        "an enumeration of numbers",
        &[ANNOTATIONS, &["type", "x-codes", "x-value-docs"]],
    )?;
    let mut known = BTreeMap::new();
    for (code, value) in node.entries_of("x-codes")? {
        let number = code.parse::<i64>().ok();
        let Some(number) = number.filter(|number| number.to_string() == code) else {
            return Err(value.refuse("a code is a whole number", "write it as a number"));
        };
        known.insert(number, value);
    }
    let (mut variants, mut codes) = (Vec::<Variant>::new(), Vec::new());
    for (number, value) in &known {
        let given = value.text()?;
        if let Ok(other) = given.parse::<i64>() {
            let target = known.get(&other).map(Node::text).transpose()?;
            if target.is_none_or(|name| name.parse::<i64>().is_ok()) {
                return Err(value.refuse(
                    format!("`{given}` has no name"),
                    "name the number that it stands for, or a value",
                ));
            }
            codes.push((*number, other.to_string()));
            continue;
        }
        let remedy = "call it as a type is called";
        let name = names::check(value, &names::type_name(given), Use::Variant, remedy)?;
        if variants.iter().any(|variant| variant.name == name) {
            return Err(value.refuse(
                format!("another number is called `{name}` in Rust as well"),
                "call it otherwise, or give the number that it stands for",
            ));
        }
        let wire = number.to_string();
        variants.push(Variant {
            name,
            doc: doc(node, &wire)?,
            wire,
        });
    }
    of_values_alone(node, "x-value-docs", &variants)?;
    mention::check(node, |_| false)?;
    Ok(Enum {
        number: Some(number(node)?),
        codes,
        variants,
        ..without_values(node, schema, name)?
    })
}
