//! The requests of an API as data, by which the sandbox knows what it may be sent, and the statuses of successes.
//!
//! Read from the description itself, so that a fault in what the client is generated from cannot hide in both.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// What tells that a text is one of several.
const ENUMERATIONS: [&str; 3] = ["enum", "x-known-values", "x-digits"];

/// What the operations of a description may be sent.
pub(super) struct Requests<'a> {
    document: &'a Value,
    /// The objects in the bodies read so far: the types of their members by name. Names of required members end in `*`.
    pub(super) types: BTreeMap<String, BTreeMap<String, String>>,
    /// The examples of texts in paths, which are ids.
    pub(super) examples: BTreeSet<&'a str>,
}

impl<'a> Requests<'a> {
    pub(super) fn new(document: &'a Value) -> Self {
        Self {
            document,
            types: BTreeMap::new(),
            examples: BTreeSet::new(),
        }
    }

    /// Returns the types of an operation's parameters that are in the `query` or in the `path`, by their names.
    pub(super) fn parameters(
        &mut self,
        method: &str,
        path: &str,
        place: &str,
    ) -> BTreeMap<&'a str, String> {
        let item = &self.document["paths"][path];
        let operation = &item[method.to_lowercase()];
        let parameters = [item, operation].map(|node| node["parameters"].as_array());
        let mut found = BTreeMap::new();
        for parameter in parameters.into_iter().flatten().flatten() {
            let parameter = self.resolved(parameter);
            if let Some(name) = parameter["name"].as_str()
                && parameter["in"] == place
            {
                found.insert(name, self.kind(&parameter["schema"]));
                if place == "path" {
                    self.examples.extend(parameter["example"].as_str());
                }
            }
        }
        found
    }

    /// Returns the type of an operation's body, such as `Cat`, `list<string>`, `form<Photo>` or `none`.
    pub(super) fn body(&mut self, method: &str, path: &str) -> String {
        let operation = &self.document["paths"][path][method.to_lowercase()];
        let content = self.resolved(&operation["requestBody"])["content"].as_object();
        let Some((encoding, media)) = content.and_then(|content| content.iter().next()) else {
            return "none".to_owned();
        };
        let schema = &media["schema"];
        let body = match schema["properties"].is_object() {
            true => self.object(&format!("{method} {path}"), schema),
            false => self.kind(schema),
        };
        match encoding.as_str() {
            "application/json" => body,
            _ => format!("form<{body}>"),
        }
    }

    /// Returns the status of an operation's success.
    pub(super) fn status(&self, method: &str, path: &str) -> u16 {
        let operation = &self.document["paths"][path][method.to_lowercase()];
        let responses = operation["responses"].as_object().into_iter().flatten();
        let mut statuses = responses.filter_map(|(status, _)| status.parse().ok());
        let success = statuses.find(|status| (200..300).contains(status));
        success.unwrap_or(200)
    }

    /// Follows a reference.
    fn resolved(&self, node: &'a Value) -> &'a Value {
        let address = node["$ref"].as_str();
        let target = address.and_then(|address| self.document.pointer(address.strip_prefix('#')?));
        target.unwrap_or(node)
    }

    /// Adds the type of an object, and returns its name.
    fn object(&mut self, name: &str, schema: &'a Value) -> String {
        if self.types.contains_key(name) {
            return name.to_owned();
        }
        // Objects may contain themselves.
        self.types.insert(name.to_owned(), BTreeMap::new());
        let required = schema["required"].as_array();
        let is_required = |name: &str| {
            let mut required = required.into_iter().flatten();
            required.any(|one| one == name)
        };
        let properties = schema["properties"].as_object().into_iter().flatten();
        let members = properties.map(|(name, schema)| {
            let mark = if is_required(name) { "*" } else { "" };
            (format!("{name}{mark}"), self.kind(schema))
        });
        let members = members.collect();
        self.types.insert(name.to_owned(), members);
        name.to_owned()
    }

    /// Returns the type of a value: `any`, or what JSON can have in its place, with `|` between the choices.
    fn kind(&mut self, schema: &'a Value) -> String {
        if let Some(parts) = ["oneOf", "allOf"]
            .into_iter()
            .find_map(|key| schema[key].as_array())
        {
            let kinds: Vec<_> = parts.iter().map(|part| self.kind(part)).collect();
            return joined(kinds);
        }
        if let Some(address) = schema["$ref"].as_str() {
            let target = self.resolved(schema);
            return match address.rsplit_once('/') {
                Some((_, name)) if target["properties"].is_object() => self.object(name, target),
                _ => self.kind(target),
            };
        }
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds.iter().collect(),
            Value::Null => return "any".to_owned(),
            kind => vec![kind],
        };
        let kinds = kinds.into_iter().filter_map(Value::as_str);
        let kinds = kinds.map(|kind| match kind {
            "string" => text(schema),
            "integer" if schema["format"] == "int32" => "i32".to_owned(),
            "array" => format!("list<{}>", self.kind(&schema["items"])),
            "object" => match &schema["additionalProperties"] {
                Value::Object(_) => {
                    format!("map<{}>", self.kind(&schema["additionalProperties"]))
                }
                _ => "any".to_owned(),
            },
            kind => kind.to_owned(),
        });
        joined(kinds.collect())
    }

    /// Returns the types of the objects, each on a line of its own.
    pub(super) fn lines(&self) -> String {
        let lines = self.types.iter();
        let lines: Vec<_> = lines
            .map(|(name, members)| format!("{}: {}", json!(name), json!(members)))
            .collect();
        lines.join(",\n")
    }
}

/// Returns the type of a text: what it says, or how many characters it has, such as `string(5..64)`. A least length of one
/// is left out: vendors write it for texts that they require, and clients may send others empty.
fn text(schema: &Value) -> String {
    if let Some(said) = schema["x-text"].as_str() {
        return said.replace('-', "_");
    }
    match schema["format"].as_str() {
        Some("binary") => return "file".to_owned(),
        Some(format) => return format.to_owned(),
        // The service reads the names of values and their numbers.
        None if ENUMERATIONS.iter().any(|key| schema.get(key).is_some()) => {
            return "string|i32".to_owned();
        }
        None => {}
    }
    let least = schema["minLength"].as_u64().filter(|least| *least > 1);
    let bounds = [least, schema["maxLength"].as_u64()];
    match bounds.map(|bound| bound.map_or_else(String::new, |bound| bound.to_string())) {
        [least, most] if least.is_empty() && most.is_empty() => "string".to_owned(),
        [least, most] => format!("string({least}..{most})"),
    }
}

/// Returns a choice of types, in which null comes last.
fn joined(mut kinds: Vec<String>) -> String {
    kinds.sort_by_key(|kind| kind == "null");
    kinds.join("|")
}
