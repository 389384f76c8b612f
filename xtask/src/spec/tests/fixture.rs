//! A document of the size and style of a vendor's, made from its record.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::facts::{Facts, Places, UNRECORDED};

/// Makes a document from facts, as .NET services publish it: generic types by their full names, which are
/// percent-encoded in every other reference, references in `allOf`, several media types per body, path parameters,
/// enumerations without values, and a byte order mark. Unrecorded places are filled from our description.
pub(super) fn document(facts: &Facts, ours: &Facts) -> Value {
    let mut maker = Maker {
        schemas: Map::new(),
        names: BTreeMap::new(),
        count: 0,
    };
    let mut paths = Map::new();
    let nothing = Places::new();
    for (operation, places) in facts {
        let (method, path) = operation.split_once(' ').unwrap();
        let filled = filled(places, ours.get(operation).unwrap_or(&nothing));
        let mut value = json!({"tags": ["Thing"], "x-odd": {"$ref": "#/nowhere"}});
        let mut in_path = Vec::new();
        let mut in_query = Vec::new();
        for (place, what) in &filled {
            let Some((side, name)) = place
                .split_once('.')
                .filter(|(side, _)| ["path", "query"].contains(side))
            else {
                continue;
            };
            if name.ends_with("[]") {
                continue;
            }
            let schema = maker.schema(&filled, place, &mut Vec::new());
            let parameter = json!({"name": name, "in": side, "required": what.contains(" required"), "schema": schema});
            match side {
                "path" => in_path.push(parameter),
                _ => in_query.push(parameter),
            }
        }
        value["parameters"] = in_query.into();
        if let Some(what) = filled.get("request") {
            let kind = what.split(' ').next().filter(|kind| kind.contains('/'));
            let schema = maker.schema(&filled, "request", &mut Vec::new());
            let kinds = match kind {
                Some(kind) => vec![kind],
                None => vec![
                    "application/json-patch+json",
                    "application/json",
                    "text/json",
                    "application/*+json",
                ],
            };
            value["requestBody"] = json!({"content": content(&kinds, &schema)});
        }
        value["responses"] = match filled.get("response").map(String::as_str) {
            None => {
                json!({"default": {"$ref": "#/components/responses/Failed"}, "302": {"description": "Moved"}})
            }
            Some("200 nothing") => {
                json!({"200": {"description": "OK"}, "400": {"$ref": "#/components/responses/Failed"}})
            }
            Some("file") => {
                json!({"200": {"description": "OK", "content": {"application/zip": {}}}})
            }
            Some(_) => {
                let schema = maker.schema(&filled, "response", &mut Vec::new());
                let kinds = ["text/plain", "application/json", "text/json"];
                json!({"200": {"description": "OK", "content": content(&kinds, &schema)}})
            }
        };
        let item = paths
            .entry(path)
            .or_insert(json!({"parameters": in_path, "servers": []}));
        item[method.to_lowercase()] = value;
    }
    json!({
        "openapi": "3.0.4",
        "info": {"title": "API", "version": "v1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
        "components": {
            "schemas": maker.schemas,
            "responses": {"Failed": {"description": "No", "content": {"application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Thing.Unknown"},
                "example": {"$ref": "#/not/a/reference"},
            }}}},
        },
    })
}

fn content(kinds: &[&str], schema: &Value) -> Value {
    let content = kinds.iter().map(|kind| {
        let media = json!({"schema": schema, "encoding": {"File": {"style": "form"}}, "example": {"id": null}});
        ((*kind).to_owned(), media)
    });
    content.collect::<Map<_, _>>().into()
}

/// Returns the kind of each place, with ours for unrecorded places.
fn filled(places: &Places, ours: &Places) -> BTreeMap<String, String> {
    let mut filled = BTreeMap::new();
    for (place, fact) in places {
        if fact.what != UNRECORDED {
            filled.insert(place.clone(), fact.what.clone());
            continue;
        }
        for (inner, own) in ours.range(place.clone()..) {
            let Some(rest) = inner.strip_prefix(place.as_str()) else {
                break;
            };
            // Some of our members belong to another document.
            let is_inside = rest.is_empty() || rest.starts_with(['.', '[', '{']);
            if is_inside && (rest.is_empty() || !rest.contains("type")) {
                filled.insert(inner.clone(), own.what.clone());
            }
        }
        filled
            .entry(place.clone())
            .or_insert_with(|| "string".to_owned());
    }
    filled
}

struct Maker {
    schemas: Map<String, Value>,
    /// The names of schemas, by content.
    names: BTreeMap<String, String>,
    count: usize,
}

impl Maker {
    /// Returns the schema at a place. `open` are the places around it and the names of their schemas.
    fn schema(
        &mut self,
        places: &BTreeMap<String, String>,
        place: &str,
        open: &mut Vec<(String, String)>,
    ) -> Value {
        let what = &places[place];
        let mut words: Vec<_> = what.split(' ').collect();
        if words[0].contains('/') {
            words.remove(0);
        }
        let mut flags = Map::new();
        for (word, key) in [
            ("nullable", "nullable"),
            ("read-only", "readOnly"),
            ("deprecated", "deprecated"),
        ] {
            if words.contains(&word) {
                flags.insert(key.to_owned(), true.into());
            }
        }
        if words[0] == "as" {
            let (_, name) = open
                .iter()
                .find(|(began, _)| began == words[1])
                .expect("recursion");
            let name = name.clone();
            return self.reference(&name, flags);
        }
        let (kind, format) = words[0]
            .split_once('(')
            .map_or((words[0], None), |(kind, format)| {
                (kind, Some(format.trim_end_matches(')')))
            });
        let members: Vec<_> = direct(places, place, ".").collect();
        let items = places
            .contains_key(&format!("{place}[]"))
            .then(|| format!("{place}[]"));
        let values = places
            .contains_key(&format!("{place}{{}}"))
            .then(|| format!("{place}{{}}"));
        let mut schema = Map::new();
        let json_kind = match kind {
            "list" => Some("array"),
            "map" => Some("object"),
            "any" => None,
            kind => Some(kind),
        };
        if let Some(kind) = json_kind {
            schema.insert("type".to_owned(), kind.into());
        }
        if let Some(format) = format {
            schema.insert("format".to_owned(), format.into());
        }
        for (word, least, most) in [
            ("length", "minLength", "maxLength"),
            ("items", "minItems", "maxItems"),
            ("range", "minimum", "maximum"),
        ] {
            let Some(at) = words.iter().position(|one| *one == word) else {
                continue;
            };
            let (from, to) = words[at + 1].split_once("..").unwrap();
            for (key, bound) in [(least, from), (most, to)] {
                if let Ok(bound) = bound.parse::<i64>() {
                    schema.insert(key.to_owned(), bound.into());
                }
            }
        }
        let is_named = !members.is_empty();
        let name = is_named.then(|| {
            self.count += 1;
            format!("Thing.Services.Dto{}", self.count)
        });
        if let Some(name) = &name {
            open.push((place.to_owned(), name.clone()));
        }
        if let Some(items) = items {
            let items = self.schema(places, &items, open);
            schema.insert("items".to_owned(), items);
        }
        if let Some(values) = values {
            let values = self.schema(places, &values, open);
            schema.insert("additionalProperties".to_owned(), values);
        } else if is_named {
            schema.insert("additionalProperties".to_owned(), false.into());
        }
        if is_named {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for (name, inner) in &members {
                if places[inner].contains(" required") {
                    required.push(name.clone());
                }
                properties.insert(name.clone(), self.schema(places, inner, open));
            }
            if !required.is_empty() {
                schema.insert("required".to_owned(), required.into());
            }
            schema.insert("properties".to_owned(), properties.into());
            open.pop();
        }
        let Some(own) = name else {
            schema.extend(flags);
            // An enumeration without values.
            if *what == "string" && place.contains("status") {
                self.schemas
                    .insert("Thing.Unknown".to_owned(), json!({"type": "string"}));
                return self.reference("Thing.Unknown", Map::new());
            }
            return schema.into();
        };
        let text = serde_json::to_string(&schema).unwrap();
        let is_own = text.contains(&own);
        let name = match self.names.get(&text) {
            Some(known) => known.clone(),
            None => {
                let data = schema["properties"]
                    .get("data")
                    .and_then(|data| data["$ref"].as_str());
                let name = match data.filter(|_| !is_own) {
                    Some(data) => format!(
                        "Thing.Core.ServiceResult`1[[{}, Thing.Core, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null]]",
                        super::super::document::percent_decoded(
                            data.trim_start_matches("#/components/schemas/")
                        )
                    ),
                    None => own,
                };
                self.names.insert(text, name.clone());
                self.schemas.insert(name.clone(), schema.into());
                name
            }
        };
        self.reference(&name, flags)
    }

    /// Returns a reference to a schema, in the various ways in which documents write it.
    fn reference(&mut self, name: &str, flags: Map<String, Value>) -> Value {
        self.count += 1;
        let address = match self.count.is_multiple_of(2) {
            true => name
                .replace('`', "%60")
                .replace('[', "%5B")
                .replace(']', "%5D")
                .replace(' ', "%20"),
            false => name.to_owned(),
        };
        let reference = json!({"$ref": format!("#/components/schemas/{address}")});
        if flags.is_empty() && !self.count.is_multiple_of(3) {
            return reference;
        }
        let mut wrapped = flags;
        let key = ["allOf", "oneOf", "anyOf"][self.count % 3];
        wrapped.insert(key.to_owned(), json!([reference]));
        wrapped.into()
    }
}

/// Returns the names and places of an object's direct members. Names may contain dots.
fn direct<'a>(
    places: &'a BTreeMap<String, String>,
    place: &'a str,
    mark: &'a str,
) -> impl Iterator<Item = (String, String)> + 'a {
    let prefix = format!("{place}{mark}");
    let inner = places.range(prefix.clone()..).take_while({
        let prefix = prefix.clone();
        move |(inner, _)| inner.starts_with(&prefix)
    });
    inner.filter_map(move |(inner, _)| {
        let name = inner.strip_prefix(&prefix)?;
        let is_deeper = name
            .match_indices(['.', '[', '{'])
            .any(|(at, _)| places.contains_key(&format!("{prefix}{}", &name[..at])));
        (!is_deeper).then(|| (name.to_owned(), inner.clone()))
    })
}
