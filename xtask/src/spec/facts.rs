//! What a document says of an API, as a flat list: one fact for each operation, parameter and member, by where it stands and
//! not by the names of schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::target;

/// Facts of each operation, by `METHOD /path`.
pub(crate) type Facts = BTreeMap<String, Places>;

/// What stands at each place of an operation, such as `query.page` and `response.data.results[].name`.
pub(crate) type Places = BTreeMap<String, Fact>;

/// What a document says of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// What it is, in words: `string required`.
    pub(crate) what: String,
    /// The name of the schema that the object there has.
    pub(crate) schema: Option<String>,
}

/// Whether it is a member of a request that only the service sets, so that nobody sends it.
pub(crate) fn is_read_only(place: &str, what: &str) -> bool {
    place.starts_with("request") && what.split(' ').any(|word| word == "read-only")
}

/// What is recorded of a place that is not compared, nor is what is below it.
pub(crate) const UNRECORDED: &str = "?";

const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// The facts of a document.
pub(crate) fn of(document: &Value) -> Facts {
    let mut facts = Facts::new();
    let paths = document["paths"].as_object().into_iter().flatten();
    for (path, item) in paths {
        let item = resolved(document, item);
        for method in METHODS {
            if let Some(operation) = item.get(*method) {
                let mut walker = Walker {
                    document,
                    places: Places::new(),
                };
                walker.operation(item, operation);
                facts.insert(format!("{} {path}", method.to_uppercase()), walker.places);
            }
        }
    }
    facts
}

/// The list as it is kept in a file.
pub(crate) fn written(facts: &Facts) -> String {
    let mut text = String::new();
    for (operation, places) in facts {
        text += &format!("{operation}\n");
        for (place, fact) in places {
            text += &format!("{operation} {place}: {}\n", fact.what);
        }
    }
    text
}

/// The list in a file.
///
/// # Errors
/// The line that is no fact.
pub(crate) fn read(text: &str) -> Result<Facts, String> {
    let mut facts = Facts::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut words = line.splitn(3, ' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(line.to_owned());
        };
        let places = facts.entry(format!("{method} {path}")).or_default();
        if let Some(fact) = words.next() {
            let (place, what) = fact.split_once(": ").ok_or_else(|| line.to_owned())?;
            let fact = Fact {
                what: what.to_owned(),
                schema: None,
            };
            places.insert(place.to_owned(), fact);
        }
    }
    Ok(facts)
}

/// What a value stands for, references followed.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    // A chain of references that never ends describes nothing.
    for _ in 0..16 {
        match value["$ref"]
            .as_str()
            .and_then(|address| target(document, address))
        {
            Some(next) => value = next,
            None => break,
        }
    }
    value
}

/// The name of the schema that a reference leads to.
pub(crate) fn name_of(value: &Value) -> Option<&str> {
    let address = value["$ref"].as_str()?;
    address.strip_prefix("#/components/schemas/")
}

/// The content that clients send or read: JSON if there is any.
pub(crate) fn content(value: &Value) -> Option<(&str, &Value)> {
    let content = value["content"].as_object()?;
    let json = content.get_key_value("application/json");
    let json = json.or_else(|| content.iter().find(|(kind, _)| kind.ends_with("json")));
    let (kind, media) = json.or_else(|| content.iter().next())?;
    Some((kind, media.get("schema").unwrap_or(&Value::Null)))
}

/// The first success and its status.
pub(crate) fn success(operation: &Value) -> Option<(&str, &Value)> {
    let responses = operation["responses"].as_object()?;
    let mut all: Vec<_> = responses
        .iter()
        .filter(|(status, _)| status.starts_with('2'))
        .collect();
    all.sort_by_key(|(status, _)| *status);
    all.first()
        .map(|(status, response)| (status.as_str(), *response))
}

struct Walker<'a> {
    document: &'a Value,
    places: Places,
}

impl<'a> Walker<'a> {
    fn operation(&mut self, item: &'a Value, operation: &'a Value) {
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = operation["parameters"].as_array().into_iter().flatten();
        for parameter in shared.chain(own) {
            let parameter = resolved(self.document, parameter);
            let (Some(name), Some(place)) = (parameter["name"].as_str(), parameter["in"].as_str())
            else {
                continue;
            };
            let required = parameter["required"].as_bool().unwrap_or(false);
            let at = format!("{place}.{name}");
            self.walk(&at, &parameter["schema"], required, &mut Vec::new());
        }
        let body = resolved(self.document, &operation["requestBody"]);
        if let Some((kind, schema)) = content(body) {
            self.body("request", kind, schema);
        }
        if let Some((status, response)) = success(operation) {
            match content(resolved(self.document, response)) {
                Some((kind, schema)) => self.body("response", kind, schema),
                None => self.put("response", format!("{status} nothing"), None),
            }
        }
    }

    fn body(&mut self, place: &str, kind: &str, schema: &'a Value) {
        if !kind.ends_with("json")
            && !kind.starts_with("multipart/")
            && !kind.ends_with("urlencoded")
        {
            return self.put(place, "file".to_owned(), None);
        }
        self.walk(place, schema, false, &mut Vec::new());
        if !kind.ends_with("json")
            && let Some(fact) = self.places.get_mut(place)
        {
            fact.what = format!("{kind} {}", fact.what);
        }
    }

    fn put(&mut self, place: &str, what: String, schema: Option<String>) {
        self.places.insert(place.to_owned(), Fact { what, schema });
    }

    /// Notes a value and what is in it. `open` are the schemas that it stands in, and where each began.
    fn walk(
        &mut self,
        place: &str,
        schema: &'a Value,
        required: bool,
        open: &mut Vec<(String, String)>,
    ) {
        let (schema, nullable, name) = self.bare(schema);
        let mut flags = String::new();
        for (holds, flag) in [
            (required, " required"),
            (nullable, " nullable"),
            (schema["readOnly"] == true, " read-only"),
            (schema["deprecated"] == true, " deprecated"),
        ] {
            if holds {
                flags += flag;
            }
        }
        if let Some((_, began)) = open.iter().find(|(open, _)| Some(open) == name.as_ref()) {
            let what = format!("as {began}{flags}");
            return self.put(place, what, name);
        }
        let opened = open.len();
        if let Some(name) = &name {
            open.push((name.clone(), place.to_owned()));
        }
        let members = self.members(schema);
        let kind = kind(schema, &members);
        self.put(place, format!("{}{}{flags}", kind, lengths(schema)), name);
        for (member, schema, required) in members {
            self.walk(&format!("{place}.{member}"), schema, required, open);
        }
        if let Some(items) = schema.get("items") {
            self.walk(&format!("{place}[]"), items, false, open);
        }
        if let Some(values) = schema
            .get("additionalProperties")
            .filter(|values| values.is_object())
        {
            self.walk(&format!("{place}{{}}"), values, false, open);
        }
        open.truncate(opened);
    }

    /// A schema without references and choices of null: what is left, whether null is allowed, and its name.
    fn bare(&self, schema: &'a Value) -> (&'a Value, bool, Option<String>) {
        let mut nullable = false;
        let mut name = None;
        let mut schema = schema;
        for _ in 0..16 {
            nullable |= schema["nullable"] == true
                || schema["type"]
                    .as_array()
                    .is_some_and(|kinds| kinds.contains(&"null".into()));
            if let Some(target) = schema["$ref"]
                .as_str()
                .and_then(|address| target(self.document, address))
            {
                name = name_of(schema).map(str::to_owned);
                schema = target;
                continue;
            }
            let choices = ["oneOf", "anyOf", "allOf"]
                .iter()
                .find_map(|key| schema[*key].as_array());
            let Some(choices) = choices else { break };
            let others: Vec<_> = choices
                .iter()
                .filter(|choice| choice["type"] != "null")
                .collect();
            match others.as_slice() {
                [only] if schema.get("properties").is_none() => {
                    nullable |= choices.len() > 1;
                    schema = only;
                }
                _ => break,
            }
        }
        (schema, nullable, name)
    }

    /// The members of an object, those of all parts of an `allOf` included; later parts win.
    fn members(&self, schema: &'a Value) -> Vec<(&'a str, &'a Value, bool)> {
        let mut found = BTreeMap::new();
        self.collect(schema, &mut found, 0);
        found
            .into_iter()
            .map(|(name, (schema, required))| (name, schema, required))
            .collect()
    }

    fn collect(
        &self,
        schema: &'a Value,
        found: &mut BTreeMap<&'a str, (&'a Value, bool)>,
        depth: usize,
    ) {
        let schema = resolved(self.document, schema);
        if depth > 16 {
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.collect(part, found, depth + 1);
        }
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .collect();
        for (name, member) in schema["properties"].as_object().into_iter().flatten() {
            let required = required.iter().any(|other| *other == name);
            found.insert(name, (member, required));
        }
    }
}

/// What kind of value a schema describes.
fn kind(schema: &Value, members: &[(&str, &Value, bool)]) -> String {
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    let kind: Vec<_> = kinds.into_iter().filter(|kind| *kind != "null").collect();
    let mut kind = kind.join(" or ");
    if kind.is_empty() {
        kind = match (members.is_empty(), schema.get("items")) {
            (false, _) => "object",
            (true, Some(_)) => "array",
            (true, None) => "any",
        }
        .to_owned();
    }
    if kind == "object" && schema["additionalProperties"].is_object() {
        kind = "map".to_owned();
    }
    if kind == "array" {
        kind = "list".to_owned();
    }
    let format = schema["format"].as_str();
    // Our own descriptions say so of texts that are not what the format promises.
    let format = format.or_else(|| match schema["x-text"].as_str()? {
        "time-span" => Some("date-span"),
        other => Some(other),
    });
    if let Some(format) = format {
        kind += &format!("({format})");
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<_> = values
            .iter()
            .map(|value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            })
            .collect();
        kind += &format!(" of {}", values.join("|"));
    }
    kind
}

fn lengths(schema: &Value) -> String {
    let mut text = String::new();
    for (name, least, most) in [
        ("length", "minLength", "maxLength"),
        ("items", "minItems", "maxItems"),
        ("range", "minimum", "maximum"),
    ] {
        let number = |key: &str| {
            schema
                .get(key)
                .filter(|number| **number != 0)
                .map(Value::to_string)
        };
        let (least, most) = (number(least), number(most));
        if least.is_some() || most.is_some() {
            text += &format!(
                " {name} {}..{}",
                least.unwrap_or_default(),
                most.unwrap_or_default()
            );
        }
    }
    text
}
