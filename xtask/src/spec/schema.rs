//! Schemas with references resolved and combinations merged.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::document::address_of;

/// A schema as one object.
#[derive(Debug, Default)]
pub(crate) struct Flat<'a> {
    /// The JSON pointer to the referenced schema, unless several are merged.
    pub(crate) address: Option<String>,
    /// The types of the values, without `null`.
    kinds: BTreeSet<&'a str>,
    pub(crate) nullable: bool,
    pub(crate) read_only: bool,
    pub(crate) deprecated: bool,
    members: BTreeMap<&'a str, &'a Value>,
    required: BTreeSet<&'a str>,
    /// The schema of a list's elements.
    pub(crate) items: Option<&'a Value>,
    /// The schema of a map's values.
    pub(crate) values: Option<&'a Value>,
    /// The merged schemas, outermost first.
    parts: Vec<&'a Value>,
    /// References that were followed, so that circular schemas end.
    followed: BTreeSet<String>,
}

/// Keywords that describe values. A schema without any of them only annotates.
const SHAPES: &[&str] = &[
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "items",
    "oneOf",
    "properties",
    "type",
];

/// The role of a schema within another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The whole schema.
    Whole,
    /// One of several schemas that all apply.
    Some,
    /// One of several alternatives.
    Choice,
}

impl<'a> Flat<'a> {
    pub(crate) fn of(document: &'a Value, schema: &'a Value) -> Self {
        let mut flat = Self::default();
        flat.add(document, schema, Part::Whole);
        flat
    }

    fn add(&mut self, document: &'a Value, schema: &'a Value, part: Part) {
        if part != Part::Choice {
            self.parts.push(schema);
            self.nullable |=
                schema["nullable"] == true && (part == Part::Whole || !has_shape(schema));
            self.read_only |= schema["readOnly"] == true;
            self.deprecated |= schema["deprecated"] == true;
        }
        let own = ["properties", "items"]
            .iter()
            .any(|key| schema.get(key).is_some());
        if let Some(address) = schema["$ref"].as_str() {
            // Another part may refer to the same schema. Only an open reference is circular.
            if let Some((pointer, target)) = address_of(document, address)
                && self.followed.insert(pointer.clone())
            {
                if part == Part::Whole && !own {
                    self.address = Some(pointer);
                }
                self.add(document, target, part);
            }
        }
        self.take_kinds(schema, part);
        self.take_members(schema, part);
        for (key, together) in [
            ("allOf", Part::Some),
            ("oneOf", Part::Choice),
            ("anyOf", Part::Choice),
        ] {
            let Some(all) = schema[key].as_array() else {
                continue;
            };
            let shapes: Vec<_> = all
                .iter()
                .filter(|one| has_shape(one) && !is_null(one))
                .collect();
            self.nullable |=
                together == Part::Choice && part == Part::Whole && all.iter().any(is_null);
            let alone = shapes.len() == 1 && !own;
            for one in all.iter().filter(|one| !is_null(one)) {
                let is_shape = has_shape(one);
                let how = match (part, alone && is_shape) {
                    (_, true) => part,
                    (Part::Choice, _) => Part::Choice,
                    // Annotations apply together with the rest.
                    _ if !is_shape => Part::Some,
                    _ => together,
                };
                self.add(document, one, how);
            }
        }
    }

    fn take_kinds(&mut self, schema: &'a Value, part: Part) {
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.as_slice(),
            kind => std::slice::from_ref(kind),
        };
        for kind in kinds.iter().filter_map(Value::as_str) {
            match kind {
                "null" => self.nullable |= part == Part::Whole,
                kind => drop(self.kinds.insert(kind)),
            }
        }
        if schema.get("type").is_none() {
            let values = schema["enum"].as_array().map_or(&[][..], Vec::as_slice);
            let values = values.iter().chain(schema.get("const"));
            for kind in values.filter_map(kind_of) {
                self.kinds.insert(kind);
            }
        }
        if schema["enum"]
            .as_array()
            .is_some_and(|values| values.contains(&Value::Null))
        {
            self.nullable |= part == Part::Whole;
        }
    }

    fn take_members(&mut self, schema: &'a Value, part: Part) {
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            self.members.insert(name, member);
        }
        if part != Part::Choice {
            let required = schema["required"].as_array().into_iter().flatten();
            self.required.extend(required.filter_map(Value::as_str));
        }
        let items = schema.get("items").filter(|items| items.is_object());
        self.items = self.items.or(items);
        let patterns = schema["patternProperties"]
            .as_object()
            .and_then(|all| all.values().next());
        let values = schema.get("additionalProperties").or(patterns);
        self.values = self.values.or(values.filter(|values| values.is_object()));
    }

    /// Returns the name of the schema, if it is a component.
    pub(crate) fn name(&self) -> Option<String> {
        let name = self
            .address
            .as_deref()?
            .strip_prefix("/components/schemas/")?;
        (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
    }

    /// Returns the outermost value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&'a Value> {
        self.parts.iter().find_map(|part| part.get(key))
    }

    pub(crate) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// Returns the name and schema of each member, and whether the member is required, sorted by name.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'a str, &'a Value, bool)> {
        let all = self.members.iter();
        all.map(|(name, member)| (*name, *member, self.required.contains(name)))
    }

    /// Returns the names of the members.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.members.keys().copied()
    }

    pub(crate) fn has_members(&self) -> bool {
        !self.members.is_empty()
    }

    /// Returns the type of the values as in JSON Schema. Of several types, string comes first.
    pub(crate) fn kind(&self) -> String {
        let kinds: Vec<_> = self.kinds.iter().rev().copied().collect();
        match kinds.as_slice() {
            [] if self.has_members() => "object".to_owned(),
            [] if self.items.is_some() => "list".to_owned(),
            [] if self.values.is_some() => "map".to_owned(),
            [] => "any".to_owned(),
            ["array"] => "list".to_owned(),
            ["object"] if self.values.is_some() => "map".to_owned(),
            kinds => kinds.join(" or "),
        }
    }

    /// Returns the enumerated values, sorted.
    pub(crate) fn listed(&self) -> Vec<String> {
        let values = self
            .get("enum")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        let values = values
            .chain(self.get("const"))
            .filter(|value| !value.is_null());
        let shown = values.map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        });
        shown.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

fn has_shape(schema: &Value) -> bool {
    SHAPES.iter().any(|key| schema.get(key).is_some())
}

/// Returns whether null is the only value.
fn is_null(schema: &Value) -> bool {
    let only_null = |values: &Vec<Value>| !values.is_empty() && values.iter().all(Value::is_null);
    schema["type"] == "null"
        || schema.get("const").is_some_and(Value::is_null)
        || schema["type"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().all(|kind| kind == "null"))
        || schema["enum"].as_array().is_some_and(only_null)
}

fn kind_of(value: &Value) -> Option<&'static str> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    })
}
