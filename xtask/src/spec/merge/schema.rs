//! Converts schemas of the vendor's document into schemas of our description.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;
use serde_json::{Map, Value, json};

use super::name::{described, in_rust, short};
use super::text::{block, flow};
use super::{Merger, Side};
use crate::codegen::{self, Use};
use crate::spec::schema::Flat;

/// The members of all searches.
const SEARCH_TERMS: &[&str] = &["ascending", "filter", "orderBy", "pageNumber", "pageSize"];

/// Our schema of a search without other members.
const SEARCH: &str = "SearchRequest";

/// Returns whether an object has all search terms.
pub(super) fn is_search(flat: &Flat<'_>) -> bool {
    SEARCH_TERMS
        .iter()
        .all(|term| flat.names().any(|name| name == *term))
}

impl Merger<'_> {
    /// Returns the schema of a response, with our envelope and page, and whether it is a page.
    pub(super) fn received(&mut self, schema: &Value) -> (Value, bool) {
        let document = self.document;
        if let Some((envelope, member, inner)) = self.wrapped(schema, "x-envelope") {
            let (inner, is_page) = match self.wrapped(&inner, "x-page") {
                Some((page, list, items)) => {
                    let items = self.list(&Flat::of(document, &items), "Item");
                    (self.combined(&page, &list, items), true)
                }
                None => (self.schema(&inner, "Response"), false),
            };
            let mut inner = inner;
            not_null(&mut inner);
            return (self.combined(&envelope, &member, inner), is_page);
        }
        (self.schema(schema, "Response"), false)
    }

    /// Returns our wrapper schema with the members of this object, the name of its variable member, and the schema of
    /// that member.
    fn wrapped(&self, schema: &Value, kind: &str) -> Option<(String, String, Value)> {
        let flat = Flat::of(self.document, schema);
        let names: BTreeSet<_> = flat.names().collect();
        self.ours.schemas().find_map(|(name, own)| {
            let member = own[kind].as_str()?;
            let properties = own["properties"].as_object()?;
            let same = properties.len() == names.len()
                && properties.keys().all(|name| names.contains(name.as_str()));
            let (_, inner, _) = flat.members().find(|(name, ..)| same && *name == member)?;
            Some((name.to_owned(), member.to_owned(), inner.clone()))
        })
    }

    fn combined(&self, outer: &str, member: &str, inner: Value) -> Value {
        let mut properties = Map::new();
        properties.insert(member.to_owned(), inner);
        json!({"allOf": [self.own(outer), {"properties": properties}]})
    }

    fn list(&mut self, flat: &Flat<'_>, place: &str) -> Value {
        let items = flat.items.map_or(json!({}), |items| {
            let mut items = self.schema(items, place);
            not_null(&mut items);
            // A list of secrets cannot be expressed.
            if let Some(items) = items.as_object_mut() {
                items.remove("x-secret");
            }
            items
        });
        json!({"type": "array", "items": items})
    }

    pub(super) fn own(&self, name: &str) -> Value {
        self.ours.reference(name, self.home)
    }

    /// Converts a schema. An object that is described in place is named after its place.
    pub(super) fn schema(&mut self, schema: &Value, place: &str) -> Value {
        let flat = Flat::of(self.document, schema);
        if flat.has_members() {
            // In Rust, an object that contains itself needs a list in between.
            let is_endless = flat
                .address
                .as_ref()
                .is_some_and(|address| self.open.contains(address));
            return match is_endless {
                true => json!({}),
                false if self.side == Side::SentAsPairs && !self.open.is_empty() => {
                    json!({"type": "string"})
                }
                false => self.object(schema, &flat, place),
            };
        }
        if let Some(name) = flat.name().map(|name| short(&name))
            && flat.kind() == "string"
        {
            let own = self.ours.schema(&name);
            let is_text = own.is_some_and(|(_, own)| own["type"] == "string");
            if is_text {
                return self.own(&name);
            }
            if let Some(values) = self.enumeration(&flat, &name) {
                return values;
            }
        }
        self.scalar(&flat, place)
    }

    fn scalar(&mut self, flat: &Flat<'_>, place: &str) -> Value {
        let kind = flat.kind();
        let mut written = Map::new();
        let kind = match kind.as_str() {
            // Forms cannot contain maps.
            "map" | "object" if self.side.is_form() => "string",
            "list" if self.side == Side::SentAsPairs => "string",
            "list" => "array",
            "map" => "object",
            kind @ ("string" | "integer" | "number" | "boolean" | "object") => kind,
            // Text can be decoded from numbers, too.
            "string or integer" => {
                return json!({"type": ["string", "integer"]});
            }
            _ => return json!({}),
        };
        let kinds = match flat.nullable {
            true => json!([kind, "null"]),
            false => json!(kind),
        };
        written.insert("type".to_owned(), kinds);
        let format = flat.text("format").unwrap_or_default();
        match (kind, format) {
            ("string", "date-time") => {
                written.insert(self.ours.texts.to_owned(), format.into());
            }
            ("string", "date-span" | "time-span") if self.ours.texts != "format" => {
                written.insert(self.ours.texts.to_owned(), "time-span".into());
            }
            ("string", "email" | "uuid" | "uri" | "date") => {
                written.insert("format".to_owned(), format.into());
            }
            ("string", "binary") if self.side == Side::SentInForm => {
                written.insert("format".to_owned(), format.into());
            }
            ("string", "password") => {
                written.insert("x-secret".to_owned(), true.into());
            }
            ("integer", "int32" | "int64") => {
                written.insert("format".to_owned(), format.into());
            }
            ("array", _) => {
                let open = std::mem::take(&mut self.open);
                let list = self.list(flat, place);
                self.open = open;
                written.insert("items".to_owned(), list["items"].clone());
            }
            ("object", _) => {
                if let Some(values) = flat.values {
                    let open = std::mem::take(&mut self.open);
                    let values = self.schema(values, place);
                    self.open = open;
                    written.insert("additionalProperties".to_owned(), values);
                }
            }
            _ => {}
        }
        add_bounds(&mut written, flat, kind);
        Value::Object(written)
    }

    /// Returns a reference to an enumeration, if each of its values can have a Rust name.
    fn enumeration(&mut self, flat: &Flat<'_>, name: &str) -> Option<Value> {
        let values = flat.listed();
        let names: BTreeSet<_> = values
            .iter()
            .map(|value| value.to_upper_camel_case())
            .collect();
        let is_usable = |name: &String| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name.chars().all(|c| c.is_ascii_alphanumeric())
                && codegen::is_free(name, Use::Variant)
        };
        if values.is_empty() || names.len() != values.len() || !names.iter().all(is_usable) {
            return None;
        }
        let address = flat.address.clone()?;
        if let Some(made) = self.made.get(&(address.clone(), Side::Received)) {
            return Some(self.own(&made.clone()));
        }
        let name = self.unused(name);
        self.made.insert((address, Side::Received), name.clone());
        let described = described(flat.text("description"), &name);
        let lines = [
            format!("{name}:"),
            "  # DECIDE: the name and the description.".to_owned(),
        ];
        let mut lines = Vec::from(lines);
        lines.extend(indented(block("description", &json!(described), 6)));
        lines.push("  type: string".to_owned());
        lines.extend(indented(block("x-known-values", &json!(values), 6)));
        let value = json!({"type": "string", "x-known-values": values});
        self.put_schema(&name, value, &lines);
        Some(self.own(&name))
    }

    /// Returns an unused schema name that is derived from `name`.
    fn unused(&self, name: &str) -> String {
        let longer = format!("{}{name}", self.method);
        let numbered = (2..100).map(|number| format!("{longer}{number}"));
        let mut names = [name.to_owned(), longer.clone()]
            .into_iter()
            .chain(numbered);
        names.find(|name| self.ours.is_free(name)).unwrap_or(longer)
    }

    fn put_schema(&mut self, name: &str, value: Value, lines: &[String]) {
        let file = &mut self.ours.files[self.home];
        file.value["components"]["schemas"][name] = value;
        file.text.add_schema(lines);
        file.changed = true;
    }

    /// Returns a reference to an object's schema: ours if it has the name and the same members, or a new one.
    fn object(&mut self, schema: &Value, flat: &Flat<'_>, place: &str) -> Value {
        let name = match flat.name() {
            Some(name) => short(&name),
            None => format!("{}{}", self.method, short(place)),
        };
        let searches = self.side == Side::Sent && is_search(flat);
        if let Some(own) = self.own_object(schema, flat, &name, searches) {
            return self.own(&own);
        }
        let name = self.unused(&name);
        self.add_object(flat, &name, searches);
        self.own(&name)
    }

    /// Returns the name of our schema of an object, or of one that was added before.
    fn own_object(
        &self,
        schema: &Value,
        flat: &Flat<'_>,
        name: &String,
        searches: bool,
    ) -> Option<String> {
        let own = self.ours.schema(name).map(|(_, own)| own);
        if own.is_some_and(|own| own.get("x-handwritten").is_some()) {
            return Some(name.clone());
        }
        if searches
            && flat.names().count() == SEARCH_TERMS.len()
            && self.ours.schema(SEARCH).is_some()
        {
            return Some(SEARCH.to_owned());
        }
        let made = flat.address.clone().map(|address| (address, self.side));
        if let Some(name) = made.as_ref().and_then(|made| self.made.get(made)) {
            return Some(name.clone());
        }
        // A form is encoded differently from JSON, so it needs another schema.
        if matches!(self.side, Side::SentAsForm | Side::SentAsPairs) {
            return None;
        }
        let direction = match self.side {
            Side::Received => "response",
            _ => "request",
        };
        let known = flat.name().and_then(|name| self.known.get(&name));
        let mut likely = known.into_iter().chain([name]);
        likely
            .find(|own| self.ours.is_like(own, self.document, schema, direction))
            .cloned()
    }

    /// Adds the schema of an object.
    fn add_object(&mut self, flat: &Flat<'_>, name: &str, searches: bool) {
        // Record the schema before its members, since a member may have its type.
        if let Some(address) = &flat.address {
            self.made
                .insert((address.clone(), self.side), name.to_owned());
        }
        let is_sent = self.side != Side::Received;
        let members: Vec<_> = flat
            .members()
            .filter(|(_, member, _)| !(is_sent && Flat::of(self.document, member).read_only))
            .collect();
        let properties: Map<_, _> = members
            .iter()
            .map(|(member, ..)| ((*member).to_owned(), json!({})))
            .collect();
        let home = self.home;
        self.ours.files[home].value["components"]["schemas"][name] =
            json!({"properties": properties});
        let described = described(flat.text("description"), name);
        let mut lines = vec![
            format!("{name}:"),
            "  # DECIDE: the name and the description.".to_owned(),
        ];
        lines.extend(indented(block("description", &json!(described), 6)));
        if searches {
            lines.push("  x-search: true".to_owned());
        }
        lines.push("  type: object".to_owned());
        // Members of a response are decoded one by one, and at most 64 can be required.
        let counted = if is_sent { usize::MAX } else { 64 };
        let required: Vec<_> = members
            .iter()
            .take(counted)
            .filter(|(_, _, required)| *required)
            .map(|(name, ..)| *name)
            .collect();
        if !required.is_empty() {
            lines.extend(indented(block("required", &json!(required), 6)));
        }
        match members.is_empty() {
            true => lines.push("  properties: {}".to_owned()),
            false => lines.push("  properties:".to_owned()),
        }
        let members = members.into_iter().map(|(name, member, _)| (name, member));
        lines.extend(self.members(flat, members, searches));
        self.put_schema(name, json!({"properties": properties}), &lines);
    }

    /// Returns the members of an object for `properties`. The filter of a search is ours.
    fn members<'a>(
        &mut self,
        flat: &Flat<'_>,
        members: impl Iterator<Item = (&'a str, &'a Value)>,
        searches: bool,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        let mut taken = BTreeSet::new();
        let side = self.side;
        self.side = side.inside();
        self.open.push(flat.address.clone().unwrap_or_default());
        for (member, given) in members {
            let own = match (searches, member) {
                (true, "filter") => self
                    .ours
                    .schema(SEARCH)
                    .map(|(_, own)| own["properties"]["filter"]["$ref"].clone()),
                _ => None,
            };
            let own = own
                .as_ref()
                .and_then(Value::as_str)
                .and_then(|own| own.rsplit('/').next());
            let member = match own {
                Some(filter) => vec![format!("filter: {}", flow(&self.own(filter)))],
                None => self.member(member, given, &mut taken),
            };
            lines.extend(member.iter().map(|line| format!("    {line}")));
        }
        self.open.pop();
        self.side = side;
        lines
    }

    /// Returns a member of an object for `properties`.
    pub(super) fn member(
        &mut self,
        name: &str,
        given: &Value,
        taken: &mut BTreeSet<String>,
    ) -> Vec<String> {
        let mut written = self.schema(given, name);
        if let Some(written) = written.as_object_mut() {
            if let Some(described) = given["description"].as_str().map(str::trim)
                && !described.is_empty()
            {
                written.insert("description".to_owned(), described.into());
            }
            if let Some(renamed) = in_rust(name, Use::Member, taken) {
                written.insert("x-rust-name".to_owned(), renamed.into());
            }
        }
        block(name, &written, 8)
    }
}

fn indented(lines: Vec<String>) -> impl Iterator<Item = String> {
    lines.into_iter().map(|line| format!("  {line}"))
}

/// Makes a schema not nullable.
pub(super) fn not_null(schema: &mut Value) {
    let Some(kinds) = schema["type"].as_array() else {
        return;
    };
    let only = kinds.iter().find(|kind| *kind != "null").cloned();
    if let Some(only) = only {
        schema["type"] = only;
    }
}

/// Adds the bounds that a description can express.
fn add_bounds(written: &mut Map<String, Value>, flat: &Flat<'_>, kind: &str) {
    for keys in [
        ["minLength", "maxLength"],
        ["minimum", "maximum"],
        ["minItems", "maxItems"],
    ] {
        let bounds = keys.map(|key| Some((key, flat.get(key)?.as_i64()?)));
        if let [Some((_, least)), Some((_, most))] = bounds
            && least > most
        {
            continue;
        }
        for (key, bound) in bounds.into_iter().flatten() {
            if bound >= 0 || key.starts_with("min") && kind == "integer" {
                written.insert(key.to_owned(), bound.into());
            }
        }
    }
}
