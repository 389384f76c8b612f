//! Schemas: the types of values, and the named types that they refer to.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::ir::{Encoding, Model, Ty, Type};
use super::super::names::{self, Use};
use super::super::node::{Node, Read, Refusal};
use super::combined::Combined;
use super::enumeration::{codes, enumeration};
use super::keyword::{ANNOTATIONS, SEARCH_TERMS, SHAPES};
use super::scalar::{integer, kind, text};

const COMBINATORS: &[&str] = &["$ref", "allOf", "oneOf"];

/// The type of a value, and whether it is nullable.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) ty: Ty,
    pub(super) nullable: bool,
    /// The schemas that wrap the value, outermost first.
    pub(super) wrappers: Vec<String>,
}

impl Shape {
    fn bare(ty: Ty, nullable: bool) -> Self {
        Self {
            ty,
            nullable,
            wrappers: Vec::new(),
        }
    }
}

/// The named types found so far.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    types: BTreeMap<String, Type>,
    /// Schemas by their Rust names.
    names: BTreeMap<String, String>,
    /// Addresses of schemas whose reading has begun.
    started: BTreeSet<String>,
    /// Addresses of schemas without a Rust type that are being read.
    open: BTreeSet<String>,
    /// The encodings of models that are bodies.
    encodings: BTreeMap<String, Encoding>,
    pub(super) refusals: Vec<Refusal>,
    /// Whether members need no description.
    pub(super) terse: bool,
    /// The Rust names of schemas without `x-rust-name`.
    rust_names: BTreeMap<String, String>,
}

impl Schemas {
    /// Creates an empty set. With `terse` members need no description.
    pub(super) fn new(root: &Node<'_>, terse: bool) -> Self {
        let handles = root.all_named("operationId").into_iter().filter_map(|id| {
            let (resource, _) = id.split_once('.')?;
            Some(names::type_name(resource))
        });
        let mut taken: BTreeSet<String> = handles.collect();
        let mut unnamed = BTreeSet::new();
        let components = root.get("components");
        let schemas = components
            .as_ref()
            .and_then(|components| components.entries_of("schemas").ok())
            .unwrap_or_default();
        for (name, schema) in schemas {
            match schema.text_of("x-rust-name") {
                Ok(Some(given)) => drop(taken.insert(given.to_owned())),
                _ => drop(unnamed.insert(name)),
            }
        }
        let rust_names = names::of_types(&unnamed, &taken);
        let owned = |(schema, name): (&str, String)| (schema.to_owned(), name);
        Self {
            terse,
            rust_names: rust_names.into_iter().map(owned).collect(),
            ..Self::default()
        }
    }

    /// Returns the types, after everything was read.
    ///
    /// # Errors
    /// The refusals so far, and schemas that nothing refers to.
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
        self.twins(root);
        self.encode();
        if self.refusals.is_empty() {
            Ok(self.types)
        } else {
            Err(self.refusals)
        }
    }

    /// Sets the encoding of each model. Models inside a form become parts of it.
    fn encode(&mut self) {
        let named = |model: &Model| {
            let types = model.members.iter().filter_map(|member| member.ty.named());
            types.map(str::to_owned).collect::<Vec<_>>()
        };
        let mut open = Vec::new();
        for (name, encoding) in std::mem::take(&mut self.encodings) {
            if let Some(Type::Model(model)) = self.types.get_mut(&name)
                && encoding != Encoding::Json
            {
                model.encoding = encoding;
                open.extend(named(model));
            }
        }
        while let Some(name) = open.pop() {
            if let Some(Type::Model(model)) = self.types.get_mut(&name)
                && !std::mem::replace(&mut model.in_form, true)
            {
                open.extend(named(model));
            }
        }
    }

    /// Refuses enumerations that have the same values as another one.
    fn twins(&mut self, root: &Node<'_>) {
        let mut found = BTreeMap::<_, &str>::new();
        let mut twins = Vec::new();
        for (name, ty) in &self.types {
            let Type::Enum(enumeration) = ty else {
                continue;
            };
            // Numbers say what they mean only by their names.
            let is_number = enumeration.number.is_some();
            let variants = enumeration.variants.iter();
            let values: BTreeSet<_> = variants
                .map(|one| (&one.wire, is_number.then_some(&one.name)))
                .collect();
            match found.entry(values) {
                Entry::Vacant(entry) => drop(entry.insert(name)),
                Entry::Occupied(entry) => twins.push((name, *entry.get())),
            }
        }
        let schema = |name: &str| {
            let components = root.get("components")?;
            components.get("schemas")?.get(self.names.get(name)?)
        };
        let refusals: Vec<_> = twins
            .into_iter()
            .filter_map(|(name, other)| {
                Some(schema(name)?.refuse(
                    format!("it has the values of `{other}`"),
                    "refer to one schema from all places, and remove the other one",
                ))
            })
            .collect();
        self.refusals.extend(refusals);
    }

    /// Returns whether the type is an enumeration that has this value.
    pub(super) fn has_value(&self, ty: &Ty, value: &str) -> bool {
        match ty.named().and_then(|name| self.types.get(name)) {
            Some(Type::Enum(found)) => found.variants.iter().any(|one| one.wire == value),
            _ => false,
        }
    }

    /// Returns whether the model has search terms.
    pub(super) fn is_search(&self, model: &str) -> bool {
        matches!(self.types.get(model), Some(Type::Model(model)) if model.search)
    }

    /// Records the encoding of a model that is a body.
    pub(super) fn write_as(
        &mut self,
        node: &Node<'_>,
        model: &str,
        encoding: Encoding,
    ) -> Read<()> {
        match self.encodings.insert(model.to_owned(), encoding) {
            Some(other) if other != encoding => Err(node.refuse(
                "another operation sends the same object as content of another kind",
                "describe it in two schemas",
            )),
            _ => Ok(()),
        }
    }

    /// Returns the type of the value that this schema describes.
    pub(super) fn shape(&mut self, node: &Node<'_>) -> Read<Shape> {
        node.only("a schema", &[ANNOTATIONS, COMBINATORS, SHAPES])?;
        if let Some((name, target)) = node.reference()? {
            return self.named(node, name, &target);
        }
        for key in ["x-envelope", "x-page"] {
            if let Some(combined) = Combined::of(node, key)? {
                let mut shape = self.shape(&combined.member)?;
                shape.wrappers.insert(0, combined.schema.to_owned());
                return Ok(shape);
            }
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
                // `Json` is nullable by itself.
                if inner.nullable && inner.ty != Ty::Json {
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
                    format!("`{other}` is not a type"),
                    "say string, integer, number, boolean, array, object or null",
                ));
            }
        };
        Ok(Shape::bare(ty, nullable))
    }

    /// Reads `oneOf`: a schema or null.
    fn one_of(&mut self, node: &Node<'_>) -> Read<Shape> {
        let parts = node.items_of("oneOf")?;
        let is_null = |part: &&Node<'_>| part.value().get("type") == Some(&Value::from("null"));
        let others: Vec<_> = parts.iter().filter(|part| !is_null(part)).collect();
        match (others.as_slice(), parts.len()) {
            ([only], 2) => Ok(Shape {
                nullable: true,
                ..self.shape(only)?
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
                let shape = self.shape(&values)?;
                // `Json` is nullable by itself.
                Ok(Ty::Map(Box::new(
                    match shape.nullable && shape.ty != Ty::Json {
                        true => Ty::Optional(Box::new(shape.ty)),
                        false => shape.ty,
                    },
                )))
            }
            _ => Ok(Ty::Json),
        }
    }

    /// Returns the type of a reference to a named schema.
    fn named(&mut self, from: &Node<'_>, name: &str, target: &Node<'_>) -> Read<Shape> {
        if let Some(shape) = not_generated(from, name, target)? {
            return Ok(shape);
        }
        let (kind, nullable) = kind(target)?;
        let Some(form) = Form::of(target, kind) else {
            return self.transparent(from, name, target);
        };
        let wire = self.rust_names.get(name).map_or(name, String::as_str);
        let rust = names::of(target, wire, Use::Type)?;
        let ty = match form {
            Form::Codes => Ty::Code(rust.clone()),
            Form::Values if kind == Some("string") => Ty::Enum(rust.clone()),
            Form::Values => {
                return Err(target.refuse(
                    "only strings can be enumerated by value",
                    "say `type: string`, or give integers names in `x-codes`",
                ));
            }
            Form::Object => Ty::Model(rust.clone()),
        };
        if self.started.insert(target.pointer().to_owned()) {
            match self.declared(form, target, name, &rust) {
                Ok(read) => {
                    self.types.insert(rust, read);
                }
                Err(refusal) => self.refusals.push(refusal),
            }
        }
        Ok(Shape::bare(ty, nullable))
    }

    /// Returns the type of a schema for which none is generated, because it only gives another one a name.
    fn transparent(&mut self, from: &Node<'_>, name: &str, target: &Node<'_>) -> Read<Shape> {
        if !self.open.insert(target.pointer().to_owned()) {
            return Err(from.refuse(
                format!("`{name}` is made of nothing but itself"),
                "put an object in between",
            ));
        }
        let shape = self.shape(target);
        self.open.remove(target.pointer());
        shape
    }

    /// Reads the type that is generated for a schema.
    fn declared(&mut self, form: Form, target: &Node<'_>, name: &str, rust: &str) -> Read<Type> {
        if let Some(other) = self.names.insert(rust.to_owned(), name.to_owned()) {
            return Err(target.refuse(
                format!("the schema `{other}` is called `{rust}` in Rust as well"),
                "give one of them another name with `x-rust-name`",
            ));
        }
        match form {
            Form::Codes => codes(target, name, rust).map(Type::Enum),
            Form::Values => enumeration(target, name, rust).map(Type::Enum),
            Form::Object => self.model(target, name, rust).map(Type::Model),
        }
    }
}

/// What is generated for a named schema.
#[derive(Clone, Copy)]
enum Form {
    /// An enumeration of numbers.
    Codes,
    /// An enumeration of strings.
    Values,
    Object,
}

impl Form {
    fn of(target: &Node<'_>, kind: Option<&str>) -> Option<Self> {
        let has = |key| target.get(key).is_some();
        if kind == Some("integer") && has("x-codes") {
            Some(Self::Codes)
        } else if has("enum") || has("x-known-values") {
            Some(Self::Values)
        } else {
            has("properties").then_some(Self::Object)
        }
    }
}

/// Returns the type of a named schema that is hand-written, a search without terms of its own, or an enumeration
/// without known values.
fn not_generated(from: &Node<'_>, name: &str, target: &Node<'_>) -> Read<Option<Shape>> {
    match target.get("x-handwritten") {
        Some(path) if path.value().is_string() => {
            return Ok(Some(Shape::bare(Ty::Own(names::path(&path)?), false)));
        }
        Some(flag) if flag.flag()? => {
            return Err(from.refuse(
                format!("no type is generated for `{name}`, because it is hand-written"),
                "refer to another schema, or say in its `x-handwritten` where in the crate the type is",
            ));
        }
        _ => {}
    }
    if target.flag_of("x-search")? {
        let entries = target.entries_of("properties")?;
        if entries.iter().all(|(wire, _)| SEARCH_TERMS.contains(wire)) {
            let ty = Ty::Own("search::SearchRequest".to_owned());
            return Ok(Some(Shape::bare(ty, false)));
        }
    }
    if target.get("x-known-values").is_some() && target.items_of("x-known-values")?.is_empty() {
        return Ok(Some(Shape::bare(Ty::Text, kind(target)?.1)));
    }
    Ok(None)
}

/// Collects the addresses of all references.
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
