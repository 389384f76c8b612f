//! Taking what a vendor added into our description, as text, so that everything else stays as it is written.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use heck::{ToSnakeCase as _, ToUpperCamelCase as _};
use serde_json::{Map, Value, json};

use super::cover::{self, Divergence};
use super::facts::{self, Facts};
use super::lint;
use super::yaml::{Text, flow};
use crate::codegen;
use crate::project::Service;

/// A document of our description.
struct File {
    path: PathBuf,
    name: String,
    text: Text,
    value: Value,
    changed: bool,
}

/// Takes operations and members that only the vendor has into our description, and says what was taken and what a person
/// must decide.
///
/// # Errors
/// If our description cannot be read or written.
pub(crate) fn merge(
    root: &Path,
    service: &Service,
    document: &Value,
) -> anyhow::Result<Vec<String>> {
    let divergences = cover::documented(root, service)?;
    let description = codegen::description(root, service)?;
    let (ours, vendor) = (facts::of(&description), facts::of(document));
    let mut files = Vec::new();
    for path in lint::files(root, service)? {
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        files.push(File {
            value: serde_saphyr::from_str(&text).with_context(|| format!("{name} is no YAML"))?,
            text: Text::new(&text),
            changed: false,
            path,
            name,
        });
    }
    let mut merger = Merger {
        document,
        files,
        told: Vec::new(),
        in_request: false,
        texts: if service.readers.is_some() {
            "x-text"
        } else {
            "format"
        },
        home: 0,
        method: String::new(),
    };
    for operation in vendor
        .keys()
        .filter(|operation| !ours.contains_key(*operation))
    {
        if divergences
            .iter()
            .any(|one| one.covers(operation, "operation"))
        {
            continue;
        }
        merger.add(operation)?;
    }
    merger.add_members(&description, &ours, &vendor, &divergences);
    for file in merger.files.iter().filter(|file| file.changed) {
        std::fs::write(&file.path, file.text.to_string())
            .with_context(|| format!("cannot write {}", file.path.display()))?;
    }
    Ok(merger.told)
}

struct Merger<'a> {
    document: &'a Value,
    files: Vec<File>,
    told: Vec<String>,
    in_request: bool,
    /// The key that says of texts that they are times.
    texts: &'static str,
    /// The file that is added to.
    home: usize,
    /// What types without a name are called after.
    method: String,
}

/// The members that every search has.
const SEARCH_TERMS: &[&str] = &["ascending", "filter", "orderBy", "pageNumber", "pageSize"];
const ENVELOPE: &[&str] = &["data", "message", "status", "validationMessages"];
const PAGE: &[&str] = &[
    "pageNumber",
    "pageSize",
    "results",
    "totalNumberOfPages",
    "totalNumberOfRecords",
];

impl Merger<'_> {
    fn add(&mut self, operation: &str) -> anyhow::Result<()> {
        let Some((method, path)) = operation.split_once(' ') else {
            bail!("`{operation}` is no operation");
        };
        let item = &self.document["paths"][path];
        let given = &item[method.to_lowercase()];
        let (home, resource, tag, root) = self.neighbour(path)?;
        self.home = home;
        let name = self.name(&resource, &root, method, path);
        let id = format!("{resource}.{name}");
        self.method = format!("{resource}_{name}").to_upper_camel_case();
        let summary = given["summary"].as_str().unwrap_or_default().trim();
        let summary = match summary {
            "" => format!("{method} {path}."),
            summary => summary.to_owned(),
        };
        let mut lines = vec![format!("{}:", method.to_lowercase())];
        let mut line = |text: String| lines.push(format!("  {text}"));
        line("# DECIDE: the name, the summary, and whether sending it twice has the same effect as sending it once.".to_owned());
        line(format!("operationId: {id}"));
        line(format!("tags: [{}]", flow(&json!(tag))));
        line(format!("summary: {}", flow(&json!(summary))));
        let reads = ["GET", "PUT", "DELETE"].contains(&method)
            || name.starts_with("search")
            || name.starts_with("export");
        line(format!("x-idempotent: {reads}"));
        line("x-source: vendor-documentation".to_owned());
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = given["parameters"].as_array().into_iter().flatten();
        let parameters: Vec<_> = shared
            .chain(own)
            .map(|parameter| facts::resolved(self.document, parameter))
            .collect();
        if !parameters.is_empty() {
            line("parameters:".to_owned());
        }
        for parameter in parameters {
            let wire = parameter["name"].as_str().unwrap_or_default();
            let described = parameter["description"]
                .as_str()
                .map_or_else(|| words(wire), str::to_owned);
            let mut shown = json!({
                "name": wire,
                "in": parameter["in"],
                "description": described,
                "schema": self.schema(&parameter["schema"], wire),
            });
            if parameter["required"] == true {
                shown["required"] = true.into();
            }
            if let Some(renamed) = reserved(wire) {
                shown["x-rust-name"] = renamed.into();
            }
            line(format!("  - {}", flow(&shown)));
        }
        let body = facts::resolved(self.document, &given["requestBody"]);
        if let Some((kind, schema)) = facts::content(body) {
            let kind = match kind.ends_with("json") {
                true => "application/json",
                false => kind,
            };
            self.in_request = true;
            let schema = self.named(schema, "Request");
            self.in_request = false;
            line("requestBody:".to_owned());
            line("  required: true".to_owned());
            line("  content:".to_owned());
            line(format!("    {kind}:"));
            line(format!("      schema: {}", flow(&schema)));
        }
        let (status, response) = facts::success(given).unwrap_or(("200", &Value::Null));
        let response = facts::resolved(self.document, response);
        let content = facts::content(response).map(|(kind, schema)| {
            if kind.ends_with("json") {
                ("application/json", self.named(schema, "Response"))
            } else {
                (
                    "application/octet-stream",
                    json!({"type": "string", "format": "binary"}),
                )
            }
        });
        if content.as_ref().is_some_and(|(_, schema)| has_page(schema)) {
            line("x-paging: search".to_owned());
            let column = self.column(given);
            if let Some(column) = column {
                line("# DECIDE: by which column.".to_owned());
                line(format!("x-order-by: {column}"));
            }
        }
        line("responses:".to_owned());
        line(format!("  '{status}':"));
        line("    description: The response.".to_owned());
        if let Some((kind, schema)) = content {
            line("    content:".to_owned());
            line(format!("      {kind}:"));
            line(format!("        schema: {}", flow(&schema)));
        }
        let file = &mut self.files[home];
        file.text.add_operation(path, &lines);
        file.changed = true;
        self.told.push(format!(
            "{}: added {operation} as {id}; decide what is marked with DECIDE",
            file.name
        ));
        // What was added is known to what is added next.
        file.value["paths"][path][method.to_lowercase()] =
            json!({"operationId": id, "tags": [tag]});
        Ok(())
    }

    /// The file, resource, tag and root path of the operations that stand nearest to a path.
    fn neighbour(&self, path: &str) -> anyhow::Result<(usize, String, String, String)> {
        let common = |other: &str| {
            let same = path
                .split('/')
                .zip(other.split('/'))
                .take_while(|(a, b)| a == b);
            same.count()
        };
        let mut nearest: Option<(usize, std::cmp::Reverse<usize>, usize, &str, &str)> = None;
        for (index, file) in self.files.iter().enumerate() {
            for (other, item) in file.value["paths"].as_object().into_iter().flatten() {
                for operation in item
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(_, operation)| operation)
                {
                    let (Some(id), Some(tag)) = (
                        operation["operationId"].as_str(),
                        operation["tags"][0].as_str(),
                    ) else {
                        continue;
                    };
                    // Of those equally near, the one with the shortest path.
                    let rank = (
                        common(other),
                        std::cmp::Reverse(other.len()),
                        index,
                        id,
                        tag,
                    );
                    if nearest.is_none_or(|nearest| (rank.0, rank.1) > (nearest.0, nearest.1)) {
                        nearest = Some(rank);
                    }
                }
            }
        }
        let Some((_, _, index, id, tag)) = nearest else {
            bail!("our description has no operation that `{path}` could stand beside");
        };
        let resource = id.split('.').next().unwrap_or(id).to_owned();
        let paths = self.files[index].value["paths"]
            .as_object()
            .into_iter()
            .flatten();
        let of_resource = paths.filter(|(_, item)| {
            let operations = item.as_object().into_iter().flatten();
            let mut ids = operations.filter_map(|(_, operation)| operation["operationId"].as_str());
            ids.any(|id| id.split('.').next() == Some(&resource))
        });
        let root = of_resource
            .map(|(path, _)| path.clone())
            .reduce(|one, other| {
                let same = one
                    .split('/')
                    .zip(other.split('/'))
                    .take_while(|(a, b)| a == b);
                same.map(|(part, _)| part).collect::<Vec<_>>().join("/")
            });
        Ok((index, resource, tag.to_owned(), root.unwrap_or_default()))
    }

    /// What an operation is called: after the fixed parts of its path below those of its resource, and its method.
    fn name(&self, resource: &str, root: &str, method: &str, path: &str) -> String {
        let tail = path.strip_prefix(root).unwrap_or(path);
        let is_parameter = |part: &&str| part.starts_with('{');
        let parts: Vec<_> = tail.split('/').filter(|part| !part.is_empty()).collect();
        let fixed: Vec<_> = parts
            .iter()
            .copied()
            .filter(|part| !is_parameter(part))
            .collect();
        let one = parts.last().is_some_and(is_parameter);
        let verb = match (method, one) {
            ("GET", true) => "get",
            ("GET", false) => "list",
            ("POST", _) => "create",
            ("DELETE", _) => "delete",
            _ => "update",
        };
        let name = match fixed.as_slice() {
            [] => verb.to_owned(),
            ["bulk-delete"] => "delete_many".to_owned(),
            [nouns @ .., "search"] => format!("search_{}", nouns.join("_")),
            [.., "search", "export"] => format!("export_{}", fixed[..fixed.len() - 2].join("_")),
            fixed => {
                let name = fixed.join("_").to_snake_case();
                match method {
                    "PUT" | "PATCH" => format!("update_{name}"),
                    "DELETE" => format!("delete_{name}"),
                    _ => name.trim_start_matches("get_").to_owned(),
                }
            }
        };
        let name = name.to_snake_case();
        let mut candidates = [name.clone(), format!("{verb}_{name}")].into_iter();
        let free = candidates.find(|name| {
            let is_free = codegen::is_free(name, codegen::Use::Method);
            is_free && !self.is_taken(&format!("{resource}.{name}"))
        });
        free.unwrap_or_else(|| {
            let mut numbered = (2..).map(|number| format!("{name}_{number}"));
            numbered
                .find(|name| !self.is_taken(&format!("{resource}.{name}")))
                .unwrap_or(name)
        })
    }

    fn is_taken(&self, id: &str) -> bool {
        self.files.iter().any(|file| {
            let items = file.value["paths"].as_object().into_iter().flatten();
            let mut operations = items.flat_map(|(_, item)| item.as_object().into_iter().flatten());
            operations.any(|(_, operation)| operation["operationId"] == id)
        })
    }

    /// The schema of a body, in which an object that is described in place gets a name.
    fn named(&mut self, schema: &Value, what: &str) -> Value {
        let is_inline = schema.get("$ref").is_none() && schema.get("properties").is_some();
        match is_inline {
            true => {
                let name = format!("{}{what}", self.method);
                self.object(schema, &name)
            }
            false => self.schema(schema, what),
        }
    }

    /// A schema as we write it.
    fn schema(&mut self, schema: &Value, place: &str) -> Value {
        if let Some(address) = schema["$ref"].as_str() {
            let target = facts::resolved(self.document, schema).clone();
            let members = names(&target);
            if members == ENVELOPE && self.has("Envelope") {
                let data = self.schema(&target["properties"]["data"], place);
                let mut data = data;
                not_null(&mut data);
                return json!({"allOf": [self.own("Envelope"), {"properties": {"data": data}}]});
            }
            if members == PAGE && self.has("Page") {
                let results = &target["properties"]["results"];
                let items = self.schema(&results["items"], place);
                let results = json!({"type": "array", "items": items});
                return json!({"allOf": [self.own("Page"), {"properties": {"results": results}}]});
            }
            if members == SEARCH_TERMS && self.has("SearchRequest") {
                return self.own("SearchRequest");
            }
            return match members.is_empty() {
                true => self.schema(&target, place),
                false => self.object(&target, &short(address)),
            };
        }
        if schema.get("properties").is_some() {
            let name = format!("{}{}", self.method, place.to_upper_camel_case());
            return self.object(schema, &name);
        }
        let mut written = Map::new();
        let kinds = match &schema["type"] {
            Value::Array(kinds) => kinds
                .iter()
                .filter(|kind| *kind != "null")
                .cloned()
                .collect(),
            Value::Null => Vec::new(),
            kind => vec![kind.clone()],
        };
        let nullable = schema["nullable"] == true
            || schema["type"]
                .as_array()
                .is_some_and(|kinds| kinds.contains(&"null".into()));
        let Some(kind) = kinds.first() else {
            return json!({});
        };
        written.insert(
            "type".to_owned(),
            if nullable {
                json!([kind, "null"])
            } else {
                kind.clone()
            },
        );
        match (kind.as_str(), schema["format"].as_str()) {
            (Some("string"), Some(format @ ("date-time" | "date-span"))) => {
                let text = if format == "date-span" {
                    "time-span"
                } else {
                    format
                };
                written.insert(self.texts.to_owned(), text.into());
            }
            (Some("string"), Some(format @ ("binary" | "email" | "uuid" | "uri" | "date"))) => {
                written.insert("format".to_owned(), format.into());
            }
            (Some("integer"), Some(format @ ("int32" | "int64"))) => {
                written.insert("format".to_owned(), format.into());
            }
            (Some("array"), _) => {
                let mut items = self.schema(&schema["items"], place);
                not_null(&mut items);
                written.insert("items".to_owned(), items);
            }
            (Some("object"), _) if schema["additionalProperties"].is_object() => {
                let values = self.schema(&schema["additionalProperties"], place);
                written.insert("additionalProperties".to_owned(), values);
            }
            _ => {}
        }
        for key in [
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "minItems",
            "maxItems",
        ] {
            if let Some(bound) = schema.get(key) {
                written.insert(key.to_owned(), bound.clone());
            }
        }
        Value::Object(written)
    }

    /// A reference to the schema of an object: ours if one of this name has the same members, else one that is added.
    fn object(&mut self, schema: &Value, name: &str) -> Value {
        let members = names(schema);
        let name = match codegen::is_free(name, codegen::Use::Type) {
            true => name.to_owned(),
            false => format!("{}{name}", self.method),
        };
        let mut free = name.clone();
        let mut number = 1;
        while let Some(known) = self
            .files
            .iter()
            .map(|file| &file.value["components"]["schemas"][&free])
            .find(|known| !known.is_null())
        {
            if known.get("x-handwritten").is_some() || names(known) == members {
                return self.own(&free);
            }
            number += 1;
            free = format!("{name}{number}");
        }
        // Known before its members are, since one may be of its own type.
        let properties: Map<_, _> = members
            .iter()
            .map(|member| (member.clone(), json!({})))
            .collect();
        self.files[self.home].value["components"]["schemas"][&free] =
            json!({"properties": properties});
        let required: Vec<_> = schema["required"]
            .as_array()
            .into_iter()
            .flatten()
            .cloned()
            .collect();
        let is_search = SEARCH_TERMS
            .iter()
            .all(|term| members.iter().any(|member| member == term));
        let described = schema["description"]
            .as_str()
            .map_or_else(|| words(&free), str::to_owned);
        let mut lines = vec![
            format!("{free}:"),
            "  # DECIDE: the name and the description.".to_owned(),
            format!("  description: {}", flow(&json!(described))),
        ];
        if is_search {
            lines.push("  x-search: true".to_owned());
        }
        lines.push("  type: object".to_owned());
        if !required.is_empty() {
            lines.push(format!("  required: {}", flow(&Value::Array(required))));
        }
        lines.push("  properties:".to_owned());
        for member in members {
            let given = schema["properties"][&member].clone();
            if self.in_request && given["readOnly"] == true {
                continue;
            }
            lines.push(format!("    {}", self.member(&member, &given)));
        }
        let file = &mut self.files[self.home];
        file.text.add_schema(&lines);
        file.changed = true;
        self.own(&free)
    }

    /// A member of an object, as it stands under `properties`.
    fn member(&mut self, name: &str, given: &Value) -> String {
        let mut written = self.schema(given, name);
        if let Some(written) = written.as_object_mut() {
            if let Some(described) = given["description"].as_str() {
                written.insert("description".to_owned(), described.into());
            }
            if let Some(renamed) = reserved(name) {
                written.insert("x-rust-name".to_owned(), renamed.into());
            }
        }
        format!("{name}: {}", flow(&written))
    }

    fn has(&self, name: &str) -> bool {
        let mut files = self.files.iter();
        files.any(|file| !file.value["components"]["schemas"][name].is_null())
    }

    /// A reference to a schema of ours, from the file that is added to.
    fn own(&self, name: &str) -> Value {
        let mut files = self.files.iter().enumerate();
        let found = files.find(|(_, file)| !file.value["components"]["schemas"][name].is_null());
        let file = match found {
            Some((index, file)) if index != self.home => file.name.as_str(),
            _ => "",
        };
        json!({"$ref": format!("{file}#/components/schemas/{name}")})
    }

    /// A column of the rows of a list.
    fn column(&self, operation: &Value) -> Option<String> {
        let (_, schema) =
            facts::content(facts::resolved(self.document, &operation["requestBody"]))?;
        let body = names(facts::resolved(self.document, schema));
        SEARCH_TERMS
            .iter()
            .all(|term| body.iter().any(|member| member == term))
            .then_some(())?;
        let (_, response) = facts::success(operation)?;
        let (_, schema) = facts::content(facts::resolved(self.document, response))?;
        let inside = |schema, member: &str| {
            let object = facts::resolved(self.document, schema);
            object["properties"].get(member).cloned()
        };
        let data = inside(schema, "data")?;
        let results = inside(&data, "results")?;
        let row = names(facts::resolved(self.document, &results["items"]));
        let usual = row
            .iter()
            .find(|name| name.eq_ignore_ascii_case("createTime"));
        usual.or(row.first()).cloned()
    }

    /// Adds members that only the vendor's document has to our schemas.
    fn add_members(
        &mut self,
        description: &Value,
        ours: &Facts,
        vendor: &Facts,
        divergences: &[Divergence],
    ) {
        let mut done = BTreeSet::new();
        for (operation, places) in vendor {
            let Some(own) = ours.get(operation) else {
                continue;
            };
            for place in places.keys().filter(|place| !own.contains_key(*place)) {
                let Some((outer, member)) = place.rsplit_once('.') else {
                    continue;
                };
                let is_meant = divergences.iter().any(|one| one.covers(operation, place));
                let schema = own.get(outer).and_then(|fact| fact.schema.clone());
                if is_meant || !own.contains_key(outer) {
                    continue;
                }
                // Where we leave open what is there, nothing is missing.
                let is_open = own
                    .get(outer)
                    .is_some_and(|fact| fact.what.starts_with("any"));
                let is_read_only = facts::is_read_only(place, &places[place].what);
                if is_open || is_read_only || member.ends_with(']') || member.ends_with('}') {
                    continue;
                }
                let Some(schema) = schema else {
                    self.told.push(format!(
                        "DECIDE: {operation} {place} is not taken; describe it by hand"
                    ));
                    continue;
                };
                if !done.insert((schema.clone(), member.to_owned())) {
                    continue;
                }
                let Some(given) = self.given(operation, outer, member) else {
                    continue;
                };
                if description["components"]["schemas"][&schema]["properties"].is_null() {
                    continue;
                }
                let in_file = |file: &File| !file.value["components"]["schemas"][&schema].is_null();
                let Some(home) = self.files.iter().position(in_file) else {
                    continue;
                };
                self.home = home;
                self.method.clone_from(&schema);
                self.in_request = place.starts_with("request");
                let line = self.member(member, &given);
                let file = &mut self.files[home];
                if file.text.add_member(&schema, &line) {
                    file.changed = true;
                    self.told
                        .push(format!("{}: added `{member}` to {schema}", file.name));
                }
            }
        }
    }

    /// The schema that the vendor gives a member.
    fn given(&self, operation: &str, outer: &str, member: &str) -> Option<Value> {
        let (method, path) = operation.split_once(' ')?;
        let given = &self.document["paths"][path][method.to_lowercase()];
        let (side, inner) = outer
            .split_once(['.', '['])
            .map_or((outer, ""), |(side, _)| (side, &outer[side.len()..]));
        let body = match side {
            "request" => facts::resolved(self.document, &given["requestBody"]),
            "response" => facts::resolved(self.document, facts::success(given)?.1),
            _ => return None,
        };
        let mut schema = facts::resolved(self.document, facts::content(body)?.1);
        for step in inner
            .replace("[]", ".[]")
            .replace("{}", ".{}")
            .split('.')
            .filter(|step| !step.is_empty())
        {
            schema = facts::resolved(
                self.document,
                match step {
                    "[]" => &schema["items"],
                    "{}" => &schema["additionalProperties"],
                    name => &schema["properties"][name],
                },
            );
        }
        schema["properties"].get(member).cloned()
    }
}

/// The names of an object's members, sorted.
fn names(schema: &Value) -> Vec<String> {
    let members = schema["properties"].as_object().into_iter().flatten();
    let mut names: Vec<_> = members.map(|(name, _)| name.clone()).collect();
    names.sort();
    names
}

fn has_page(schema: &Value) -> bool {
    let data = &schema["allOf"][1]["properties"]["data"];
    !data["allOf"][1]["properties"]["results"].is_null()
}

/// Takes null away from a schema.
fn not_null(schema: &mut Value) {
    let Some(kinds) = schema["type"].as_array() else {
        return;
    };
    let only = kinds.iter().find(|kind| *kind != "null").cloned();
    if let Some(only) = only {
        schema["type"] = only;
    }
}

/// The last part of the name of a .NET type: `A.B.C+D` is `CD`, and the argument of a generic one is put before it.
fn short(address: &str) -> String {
    let name = address.trim_start_matches("#/components/schemas/");
    let (name, argument) = match name.split_once("`1[[") {
        Some((name, rest)) => (name, rest.split(',').next()),
        None => (name, None),
    };
    let last = |name: &str| {
        name.rsplit(['.', '/'])
            .next()
            .unwrap_or(name)
            .to_upper_camel_case()
    };
    let name = format!("{}{}", argument.map(last).unwrap_or_default(), last(name));
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The words of a name, as a sentence.
fn words(name: &str) -> String {
    let words = name.to_snake_case().replace('_', " ");
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}.", letters.as_str())
}

/// Another name for members that are called as keywords are.
fn reserved(name: &str) -> Option<String> {
    let snake = name.to_snake_case();
    match snake.as_str() {
        "type" => Some("kind".to_owned()),
        snake if !codegen::is_free(snake, codegen::Use::Member) => Some(format!("{snake}_value")),
        _ => None,
    }
}
