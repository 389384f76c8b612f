//! Adds operations to our description.

use std::collections::BTreeSet;

use heck::ToUpperCamelCase as _;
use serde_json::{Value, json};

use super::name::{described, in_rust, of_operation};
use super::ours::Ours;
use super::schema::{is_search, not_null};
use super::text::{block, flow};
use super::{Addition, Merger, Side};
use crate::codegen::Use;
use crate::spec::operation::{Operation, Parameter, bare, is_json, placeholders};
use crate::spec::schema::Flat;

/// The operations with the nearest paths, next to which an operation is added.
struct Neighbour {
    file: usize,
    resource: String,
    tag: String,
    /// The common prefix of the resource's paths.
    root: String,
}

/// The described response to an operation.
struct Response {
    lines: Vec<String>,
    is_page: bool,
    is_file: bool,
}

/// Returns the first lines of an operation: what it is called and does.
fn head(given: &Operation<'_>, id: &str, name: &str, tag: &str) -> Vec<String> {
    let method = given.method;
    let usual = format!("{} {}.", method.to_uppercase(), given.path);
    let summary = given.value["summary"]
        .as_str()
        .map(str::trim)
        .filter(|summary| !summary.is_empty());
    let summary = summary.unwrap_or(&usual);
    let is_idempotent = ["get", "put", "delete"].contains(&method)
        || name.starts_with("search")
        || name.starts_with("export");
    let mut lines = vec![
        format!("{method}:"),
        "  # DECIDE: the name, the summary, and whether sending it twice has the same effect as sending it once."
            .to_owned(),
        format!("  operationId: {id}"),
        format!("  tags: [{}]", flow(&json!(tag))),
    ];
    lines.extend(
        block("summary", &json!(summary), 6)
            .iter()
            .map(|line| format!("  {line}")),
    );
    lines.push(format!("  x-idempotent: {is_idempotent}"));
    lines.push("  x-source: vendor-documentation".to_owned());
    if given.value["security"]
        .as_array()
        .is_some_and(Vec::is_empty)
    {
        lines.push("  security: []".to_owned());
    }
    if let Some(servers) = given.servers() {
        lines.push(format!(
            "  # DECIDE: it is served at {}, which cannot be described.",
            one_line(&servers)
        ));
    }
    lines
}

impl Merger<'_> {
    pub(super) fn add_operation(&mut self, addition: &Addition) {
        let key = &addition.operation;
        let document = self.document;
        let Some(given) = crate::spec::operation::find(document, key) else {
            return;
        };
        self.settled.insert(addition.clone());
        let described_by = self
            .neighbour(given.path)
            .ok_or("our description has no operation with a similar path");
        let whole = placeholders(given.path).count() == given.path.matches('{').count()
            && given.path.split('/').all(|part| {
                !part.contains('{')
                    || part.starts_with('{')
                        && part.ends_with('}')
                        && part.matches('{').count() == 1
            });
        let neighbour = match described_by {
            Ok(neighbour) if whole && ["get", "post", "put", "patch", "delete"].contains(&given.method) => neighbour,
            Ok(_) => return self.told.push(format!("DECIDE: {key} is not added, since no client code can call it: its method or a placeholder that is only part of a segment cannot be described")),
            Err(why) => return self.told.push(format!("DECIDE: {key} is not added, since {why}")),
        };
        self.home = neighbour.file;
        let names = of_operation(&neighbour.root, &key[..given.method.len()], given.path);
        let ids = names
            .iter()
            .map(|name| (name, format!("{}.{name}", neighbour.resource)));
        let mut ids = ids.filter(|(_, id)| !self.ours.has_operation(id));
        let Some((name, id)) = ids.next() else {
            return self.told.push(format!(
                "DECIDE: {key} is not added, since all names for it are taken"
            ));
        };
        self.method = format!("{}_{name}", neighbour.resource).to_upper_camel_case();
        let (lines, order_by) = self.lines(&given, &id, name, &neighbour.tag);
        let path = given.path.to_owned();
        let file = &mut self.ours.files[neighbour.file];
        file.text.add_operation(&path, &lines);
        file.changed = true;
        self.told.push(format!(
            "{}: added {key} as {id}; decide what is marked with DECIDE",
            file.name
        ));
        // Later additions need to know this one.
        let mut known = json!({"operationId": id, "tags": [neighbour.tag]});
        if let Some((kind, column)) = order_by {
            known[kind] = column.into();
        }
        file.value["paths"][path][given.method] = known;
    }

    /// Returns the lines of an operation below its path, and the column by which it is sorted.
    fn lines(
        &mut self,
        given: &Operation<'_>,
        id: &str,
        name: &str,
        tag: &str,
    ) -> (Vec<String>, Option<(String, String)>) {
        let mut lines = head(given, id, name, tag);
        self.parameters(given, &mut lines);
        let searches = self.body(given, &mut lines);
        let response = self.response(given);
        if searches && response.is_page {
            lines.push("  x-paging: search".to_owned());
        }
        let order_by = match response.is_file {
            _ if !searches => None,
            true => self.order_of_list(given),
            false => self
                .column(given)
                .map(|column| ("x-order-by".to_owned(), column)),
        };
        if let Some((key, column)) = &order_by {
            lines.push("  # DECIDE: by which column.".to_owned());
            lines.push(format!("  {key}: {}", flow(&json!(column))));
        }
        lines.extend(response.lines);
        (lines, order_by)
    }

    /// Appends the parameters to the lines of an operation. What cannot be described is told there.
    fn parameters(&mut self, given: &Operation<'_>, lines: &mut Vec<String>) {
        // Arguments must not have the name of the body.
        let (mut arguments, mut options) = (BTreeSet::from(["body".to_owned()]), BTreeSet::new());
        let mut written = Vec::new();
        for parameter in given.parameters() {
            let in_path = placeholders(given.path).any(|name| name == parameter.name);
            if parameter.place == "path" && !in_path {
                continue;
            }
            let taken = if parameter.required() {
                &mut arguments
            } else {
                &mut options
            };
            match self.parameter(&parameter, taken) {
                Ok(line) => written.push(format!("    - {line}")),
                Err(why) => lines.push(format!(
                    "  # DECIDE: {} in the {} is left out: {why}.",
                    one_line(parameter.name),
                    parameter.place
                )),
            }
        }
        if !written.is_empty() {
            lines.push("  parameters:".to_owned());
            lines.extend(written);
        }
    }

    /// Describes the response to an operation.
    fn response(&mut self, given: &Operation<'_>) -> Response {
        let response = given.response();
        let status = response.map_or("200", |(status, _)| status);
        let status = if status.len() == 3 && !status.ends_with('X') {
            status
        } else {
            "200"
        };
        let mut described = Response {
            lines: vec![
                "  responses:".to_owned(),
                format!("    '{status}':"),
                "      description: The response.".to_owned(),
            ],
            is_page: false,
            is_file: false,
        };
        self.side = Side::Received;
        let Some((kind, schema)) = response.and_then(|(_, content)| content) else {
            return described;
        };
        let flat = Flat::of(self.document, schema);
        described.is_file =
            !is_json(kind) || flat.kind() == "string" && flat.text("format") == Some("binary");
        let (kind, schema) = if described.is_file {
            let file = json!({"type": "string", "format": "binary"});
            ("application/octet-stream", file)
        } else {
            let (schema, is_page) = self.received(schema);
            described.is_page = is_page;
            ("application/json", schema)
        };
        described.lines.push("      content:".to_owned());
        described.lines.push(format!("        {kind}:"));
        let schema = block("schema", &schema, 14);
        let schema = schema.iter().map(|line| format!("          {line}"));
        described.lines.extend(schema);
        described
    }

    /// Appends the body to the lines of an operation, and returns whether it is a search.
    fn body(&mut self, given: &Operation<'_>, lines: &mut Vec<String>) -> bool {
        let Some((kind, schema)) = given.request() else {
            return false;
        };
        let flat = Flat::of(self.document, schema);
        let kind = match bare(kind) {
            kind if is_json(&kind) => "application/json".to_owned(),
            kind => kind,
        };
        let is_json = kind == "application/json";
        let is_form =
            ["multipart/form-data", "application/x-www-form-urlencoded"].contains(&kind.as_str());
        if !(is_form && flat.has_members()
            || is_json && (flat.has_members() || flat.kind() == "list"))
        {
            lines.push(format!("  # DECIDE: the body, {} as {kind}, is left out: only objects can be described, and lists as JSON.", flat.kind()));
            return false;
        }
        self.side = match kind.as_str() {
            _ if is_json => Side::Sent,
            "multipart/form-data" => Side::SentAsForm,
            _ => Side::SentAsPairs,
        };
        let schema = self.schema(schema, if is_json { "Request" } else { "Form" });
        let mut schema = schema;
        not_null(&mut schema);
        if given.method == "put" {
            lines.push("  # DECIDE: whether members that are not sent are lost.".to_owned());
            lines.push("  x-replaces: true".to_owned());
        }
        lines.extend([
            "  requestBody:".to_owned(),
            "    required: true".to_owned(),
            "    content:".to_owned(),
            format!("      {kind}:"),
            format!("        schema: {}", flow(&schema)),
        ]);
        is_json && is_search(&flat)
    }

    /// Returns the description of a parameter.
    ///
    /// # Errors
    /// The reason why the parameter cannot be described.
    pub(super) fn parameter(
        &mut self,
        parameter: &Parameter<'_>,
        taken: &mut BTreeSet<String>,
    ) -> Result<String, &'static str> {
        let in_path = parameter.place == "path";
        if !in_path && parameter.place != "query" {
            return Err("hand-written code sends what is neither in the path nor in the query");
        }
        let value = parameter.value;
        let is_usual = value.get("explode").is_none_or(|explode| *explode == true)
            && value.get("style").is_none_or(|style| *style == "form");
        let flat = Flat::of(self.document, parameter.schema());
        let is_list = flat.kind() == "list";
        if !in_path
            && (value.get("schema").is_none() && value.get("content").is_some()
                || is_list && !is_usual)
        {
            return Err("it is written in a way that cannot be described");
        }
        let mut schema = self
            .type_of(parameter, &flat)
            .ok_or("objects in the query cannot be described")?;
        not_null(&mut schema);
        let mut shown = json!({
            "name": parameter.name,
            "in": parameter.place,
            "description": described(value["description"].as_str(), parameter.name),
            "schema": schema,
        });
        if parameter.required() {
            shown["required"] = true.into();
        }
        let what = if parameter.required() {
            Use::Argument
        } else {
            Use::Option
        };
        if let Some(renamed) = in_rust(parameter.name, what, taken) {
            shown["x-rust-name"] = renamed.into();
        }
        Ok(flow(&shown))
    }

    /// Returns the schema of a parameter: a single value, or a list of them in the query. In the path everything is
    /// text.
    fn type_of(&mut self, parameter: &Parameter<'_>, flat: &Flat<'_>) -> Option<Value> {
        let in_path = parameter.place == "path";
        self.side = Side::Sent;
        let single = |merger: &mut Self, flat: &Flat<'_>, schema: &Value| match flat.kind().as_str()
        {
            "string" | "integer" | "boolean" => Some(merger.schema(schema, parameter.name)),
            "number" | "string or integer" => Some(json!({"type": "string"})),
            "any"
                if schema.is_null()
                    || schema.as_object().is_some_and(serde_json::Map::is_empty) =>
            {
                Some(json!({"type": "string"}))
            }
            _ => None,
        };
        let is_list = flat.kind() == "list";
        let schema = match (in_path, is_list, flat.items) {
            (false, true, Some(items)) => {
                let inner = Flat::of(self.document, items);
                single(self, &inner, items).map(|mut items| {
                    not_null(&mut items);
                    json!({"type": "array", "items": items})
                })
            }
            (true, true, _) => None,
            _ => single(self, flat, parameter.schema()),
        };
        schema.or_else(|| in_path.then(|| json!({"type": "string"})))
    }

    /// Returns the file, resource, tag and root path of the operations that are nearest to a path.
    fn neighbour(&self, path: &str) -> Option<Neighbour> {
        // The names of path parameters do not matter.
        let is_same = |a: &str, b: &str| a == b || a.starts_with('{') && b.starts_with('{');
        let common = |other: &str| {
            let pairs = path.split('/').zip(other.split('/'));
            pairs.take_while(|(a, b)| is_same(a, b)).count()
        };
        let files = self.ours.files.iter().enumerate();
        let candidates = files.flat_map(|(index, file)| {
            Ours::operations(file).filter_map(move |(other, _, operation)| {
                let id = operation["operationId"].as_str()?;
                Some((other, index, id, operation["tags"][0].as_str()?))
            })
        });
        // Of equally near paths, take the shortest.
        let (_, file, id, tag) =
            candidates.min_by_key(|(other, ..)| (std::cmp::Reverse(common(other)), other.len()))?;
        let resource = id.split('.').next().unwrap_or(id);
        let of_resource = Ours::operations(&self.ours.files[file]).filter(|(_, _, operation)| {
            let id = operation["operationId"].as_str();
            id.and_then(|id| id.split('.').next()) == Some(resource)
        });
        let root = of_resource
            .map(|(path, ..)| path.to_owned())
            .reduce(|one, other| {
                let same = one
                    .split('/')
                    .zip(other.split('/'))
                    .take_while(|(a, b)| a == b);
                same.map(|(part, _)| part).collect::<Vec<_>>().join("/")
            });
        Some(Neighbour {
            file,
            resource: resource.to_owned(),
            tag: tag.to_owned(),
            root: root.unwrap_or_default(),
        })
    }

    /// Returns a column of a list's rows, or of the one record that a search finds.
    fn column(&self, given: &Operation<'_>) -> Option<String> {
        let (_, schema) = given.response()?.1?;
        let mut row = Flat::of(self.document, schema);
        for step in ["data", "results"] {
            let inner = row.members().find(|(name, ..)| *name == step);
            let Some((_, inner, _)) = inner else { break };
            row = Flat::of(self.document, inner);
        }
        if let Some(rows) = row.items {
            row = Flat::of(self.document, rows);
        }
        let mut names = row.names();
        let usual = row
            .names()
            .find(|name| name.eq_ignore_ascii_case("createTime"));
        usual.or_else(|| names.next()).map(str::to_owned)
    }

    /// Returns how the list that an export belongs to is sorted.
    fn order_of_list(&self, given: &Operation<'_>) -> Option<(String, String)> {
        let path = given.path.replacen("/export", "", 1);
        let list = self.ours.operation(&path, "post");
        let list = list.or_else(|| self.ours.operation(&format!("{path}/search"), "post"))?;
        let keys = ["x-order-by", "x-order-by-unlisted"].into_iter();
        let mut said =
            keys.filter_map(|key| Some((key.to_owned(), list[key].as_str()?.to_owned())));
        said.next()
    }
}

/// Formats a text for a comment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
