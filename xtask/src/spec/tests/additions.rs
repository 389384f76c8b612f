//! Every addition of a vendor is added to our description or reported.

use serde_json::{Value, json};

use super::super::{diff, facts};
use super::{SHELTER, fixture, merged, workspace};
use crate::codegen;
use crate::project;

/// Returns a vendor's document that matches our description.
fn document() -> Value {
    let root = project::root().join("xtask/tests/areas");
    let ours = facts::of(&codegen::description(&root, &SHELTER).unwrap());
    fixture::document(&ours, &ours)
}

/// Merges a changed document, and returns the report and the resulting facts.
fn after(before: &Value, document: &Value) -> (Vec<String>, facts::Facts, tempfile::TempDir) {
    let folder = workspace(before, "");
    let told = merged(folder.path(), document).unwrap();
    let ours = facts::of(&codegen::description(folder.path(), &SHELTER).unwrap());
    codegen::generate(folder.path(), &SHELTER).unwrap();
    (told, ours, folder)
}

fn parameter(name: &str, place: &str, required: bool) -> Value {
    json!({"name": name, "in": place, "required": required, "schema": {"type": "string"}})
}

/// Returns the schemas that have a member with this name.
fn schemas_with<'a>(
    document: &'a mut Value,
    member: &'a str,
) -> impl Iterator<Item = &'a mut Value> {
    let schemas = document["components"]["schemas"]
        .as_object_mut()
        .unwrap()
        .values_mut();
    schemas.filter(move |schema| schema["properties"].get(member).is_some())
}

fn add_parameter(document: &mut Value, path: &str, method: &str, parameter: Value) {
    document["paths"][path][method]["parameters"]
        .as_array_mut()
        .unwrap()
        .push(parameter);
}

fn add_member(document: &mut Value, beside: &str, name: &str, member: &Value) {
    for schema in schemas_with(document, beside) {
        schema["properties"][name] = member.clone();
    }
}

#[test]
fn nothing_is_added_of_a_document_that_did_not_change() {
    let document = document();
    let (told, _, folder) = after(&document, &document);
    assert_eq!(told, [""; 0]);
    drop(folder);
}

#[test]
fn every_kind_of_addition_is_described_or_told() {
    type Change = fn(&mut Value);
    let table: &[(&str, Change)] = &[
        (
            "cats.yaml: added the parameter `colour` to POST /cats/{id}/naps/{from}",
            |document| {
                add_parameter(
                    document,
                    "/cats/{id}/naps/{from}",
                    "post",
                    parameter("colour", "query", false),
                );
            },
        ),
        (
            "cats.yaml: added the parameter `self` to GET /cats/{id}, which is required",
            |document| {
                add_parameter(
                    document,
                    "/cats/{id}",
                    "get",
                    parameter("self", "query", true),
                );
            },
        ),
        (
            "DECIDE: GET /cats/{id} header.X-Tenant added: string required  breaks",
            |document| {
                add_parameter(
                    document,
                    "/cats/{id}",
                    "get",
                    parameter("X-Tenant", "header", true),
                );
            },
        ),
        (
            "DECIDE: GET /cats/{id} cookie.session added: string",
            |document| {
                add_parameter(
                    document,
                    "/cats/{id}",
                    "get",
                    parameter("session", "cookie", false),
                );
            },
        ),
        (
            "DECIDE: GET /cats/{id} query.deep added: object",
            |document| {
                let mut deep = parameter("deep", "query", false);
                deep["schema"] = json!({"type": "object", "properties": {"a": {"type": "string"}}});
                add_parameter(document, "/cats/{id}", "get", deep);
            },
        ),
        ("cats.yaml: added `weight` to Cat", |document| {
            add_member(
                document,
                "longestNap",
                "weight",
                &json!({"type": "number", "format": "double", "nullable": true}),
            );
        }),
        ("cats.yaml: added `@odata.type` to Cat", |document| {
            add_member(
                document,
                "longestNap",
                "@odata.type",
                &json!({"type": "string"}),
            );
        }),
        ("cats.yaml: added `chip` to Cat", |document| {
            add_member(
                document,
                "longestNap",
                "chip",
                &json!({"type": "object", "properties": {
                    "number": {"type": "string"}, "made": {"type": "array", "items": {"type": "object", "properties": {"by": {"type": "string"}}}},
                }}),
            );
        }),
        ("common.yaml: added `street` to Address", |document| {
            add_member(document, "town", "street", &json!({"type": "string"}));
        }),
        (
            "cats.yaml: added `father` to LitterSearch; DECIDE: the vendor requires it",
            |document| {
                add_member(document, "mother", "father", &json!({"type": "string"}));
                for schema in schemas_with(document, "mother") {
                    schema["required"]
                        .as_array_mut()
                        .unwrap()
                        .push("father".into());
                }
            },
        ),
        // Hand-written types and wrappers.
        (
            "DECIDE: GET /cats/{id} response.traceId added: string",
            |document| {
                add_member(document, "data", "traceId", &json!({"type": "string"}));
            },
        ),
        (
            "DECIDE: POST /cats/search response.data.next added: string",
            |document| {
                add_member(document, "results", "next", &json!({"type": "string"}));
            },
        ),
        (
            "DECIDE: POST /cats/search request.mood added: string",
            |document| {
                for schema in schemas_with(document, "pageSize") {
                    if schema["properties"].get("results").is_none() {
                        schema["properties"]["mood"] = json!({"type": "string"});
                    }
                }
            },
        ),
        (
            "DECIDE: POST /cats/search request.filter.more added: string",
            |document| {
                add_member(document, "text", "more", &json!({"type": "string"}));
            },
        ),
        // Whole bodies and responses.
        (
            "DECIDE: DELETE /cats/{id} request added: object",
            |document| {
                document["paths"]["/cats/{id}"]["delete"]["requestBody"] = json!({"content": {"application/json": {"schema": {"type": "object", "properties": {"why": {"type": "string"}}}}}});
            },
        ),
        (
            "DECIDE: PUT /cats/{id} response 200 nothing -> object",
            |document| {
                document["paths"]["/cats/{id}"]["put"]["responses"] = json!({"200": {"description": "", "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"id": {"type": "string"}}}},
                }}});
            },
        ),
        (
            "DECIDE: GET /status server added: https://status.example.com  breaks",
            |document| {
                document["paths"]["/status"]["get"]["servers"] =
                    json!([{"url": "https://status.example.com"}]);
            },
        ),
        // Changes that are not additions are reported, too.
        (
            "DECIDE: GET /cats/{id} response.data.id string -> integer",
            |document| {
                add_member(document, "longestNap", "id", &json!({"type": "integer"}));
            },
        ),
        (
            "DECIDE: GET /cats/{id} response.data.id string -> string of a|b",
            |document| {
                add_member(
                    document,
                    "longestNap",
                    "id",
                    &json!({"type": "string", "enum": ["a", "b"]}),
                );
            },
        ),
        (
            "DECIDE: GET /cats/{id} response.data.longestNap removed",
            |document| {
                for schema in schemas_with(document, "longestNap") {
                    schema["properties"]
                        .as_object_mut()
                        .unwrap()
                        .remove("longestNap");
                }
            },
        ),
        (
            "DECIDE: GET /status removed: operation  breaks",
            |document| {
                document["paths"].as_object_mut().unwrap().remove("/status");
            },
        ),
        (
            "DECIDE: GET /status path /status -> /Status  breaks",
            |document| {
                let item = document["paths"]
                    .as_object_mut()
                    .unwrap()
                    .remove("/status")
                    .unwrap();
                document["paths"]["/Status"] = item;
            },
        ),
    ];
    let before = document();
    for (says, change) in table {
        let mut document = before.clone();
        change(&mut document);
        let (told, ours, folder) = after(&before, &document);
        assert!(
            told.iter().any(|line| line.starts_with(says)),
            "{says}: {told:#?}"
        );
        // No other change is ignored.
        let (old, new) = (facts::of(&before), facts::of(&document));
        for change in diff::each(&old, &new, &[]) {
            let place = change.place.clone().unwrap_or_default();
            let described = ours
                .get(&change.operations[0])
                .is_some_and(|own| own.contains_key(&place));
            let member = place.rsplit('.').next().unwrap_or_default();
            let is_told = told.iter().any(|line| {
                line.starts_with("DECIDE") && line.contains(member)
                    || change.place.is_none()
                    || line.contains("path")
            });
            assert!(
                change.before.is_none() && described || is_told,
                "{change:?}: {told:#?}"
            );
        }
        // After recording, nothing is new.
        let text = facts::written(&new);
        std::fs::write(folder.path().join("api/vendor.txt"), text).unwrap();
        assert_eq!(merged(folder.path(), &document).unwrap(), [""; 0], "{says}");
    }
}

/// Returns operations with every feature of OpenAPI, and more than our description can express.
fn hostile_operations() -> Value {
    let reference = |name: &str| json!({"$ref": format!("#/components/schemas/{name}")});
    let json_of = |schema: Value| json!({"content": {"application/json": {"schema": schema}}});
    let given = |schema: Value| json!({"200": {"description": "", "content": {"text/plain": {"schema": schema.clone()}, "application/json": {"schema": schema}}}});
    let names = [
        "userId",
        "user_id",
        "UserID",
        "type",
        "self",
        "new",
        "clone",
        "2fa",
        "",
        "a b",
        "a: b",
        "größe",
        "'",
        "\"",
        "#",
        "- x",
        "true",
        "null",
        "~",
        "@odata.type",
        "a.b",
        "line\nbreak",
        "crate",
        "where",
        "x-rust-name",
        "$ref",
    ];
    let properties: serde_json::Map<_, _> = names
        .iter()
        .map(|name| {
            (
                (*name).to_owned(),
                json!({"type": "string", "description": "Says: 'a' # \"b\"\n\u{2028}{c}"}),
            )
        })
        .collect();
    let odd = json!({"type": "object", "required": names, "properties": properties});
    let parameters: Vec<_> = names
        .iter()
        .map(|name| parameter(name, "query", false))
        .chain(["send", "timeout", "page", "items", "body", "cat"].map(|name| parameter(name, "query", false)))
        .chain([
            json!({"name": "ids", "in": "query", "schema": {"type": "array", "items": {"type": "integer"}}, "explode": false}),
            json!({"name": "list", "in": "query", "schema": {"type": "array", "items": {"type": "integer", "nullable": true}}}),
            json!({"name": "rate", "in": "query", "schema": {"type": "number"}}),
            json!({"name": "mood", "in": "query", "schema": reference("Enums.Mood")}),
            json!({"name": "raw", "in": "query", "content": {"application/json": {"schema": {}}}}),
            json!({"name": "deep", "in": "query", "style": "deepObject", "schema": reference("A.Item")}),
            json!({"name": "since", "in": "query", "schema": {"type": "string", "format": "date-time"}}),
            json!({"name": "body", "in": "query", "required": true, "schema": {"type": "string"}}),
            parameter("X-Tenant", "header", true),
            parameter("gone", "path", true),
        ])
        .collect();
    json!({
        "paths": {
            "/cats/{id}/odd": {
                "post": {
                    "summary": "Line one: 'quoted' # \"odd\"\nline two", "operationId": "same", "security": [],
                    "parameters": parameters, "requestBody": json_of(odd.clone()), "responses": given(odd),
                },
                "head": {"responses": {}},
            },
            "/cats/{id}.{format}": {"get": {"responses": {}}},
            "/cats/{id}/it's": {"get": {"operationId": "same", "responses": {"default": {"description": ""}}}},
            "/cats/{id}/$metadata": {"get": {"responses": {"201": {"description": "", "content": {"application/json": {}}}, "202": {"description": ""}}}},
            "/cats/{id}/get": {"get": {"responses": {}}},
            "/cats/{id}/new": {"get": {"responses": {}}, "post": {"responses": {}}, "put": {"responses": {}}, "delete": {"responses": {}}},
            "/cats/{id}/cats": {"get": {"responses": given(json!({"type": "array", "items": reference("A.Item")}))}},
            "/cats/{id}/a-b": {"get": {"responses": {}}},
            "/cats/{id}/a_b": {"get": {"responses": {}}},
            "/cats/{id}/vec": {"get": {"responses": given(reference("A.Vec"))}},
            "/cats/{id}/items": {"post": {"requestBody": json_of(reference("A.Item")), "responses": given(reference("B.Item"))}},
            "/cats/{id}/tree": {"post": {"requestBody": json_of(reference("A.Tree")), "responses": given(reference("A.Tree"))}},
            "/cats/{id}/cat": {"put": {"requestBody": json_of(reference("Shelter.Cat")), "responses": given(reference("Shelter.Cat"))}},
            "/cats/{id}/choice": {"post": {
                "requestBody": json_of(json!({"oneOf": [reference("A.Item"), reference("A.Tree")]})),
                "responses": given(json!({"anyOf": [reference("A.Item"), {"type": "string"}]})),
            }},
            "/cats/{id}/text": {"post": {"requestBody": json_of(json!({"type": "string"})), "responses": given(json!({"type": "string", "format": "byte"}))}},
            "/cats/{id}/list": {"post": {"requestBody": json_of(json!({"type": "array", "items": reference("A.Item"), "nullable": true})), "responses": given(json!({"type": "object", "additionalProperties": {"type": "array", "nullable": true, "items": {"type": "number"}}}))}},
            "/cats/{id}/any": {"post": {"requestBody": json_of(json!({})), "responses": given(json!({"type": "string", "format": "binary"}))}},
            "/cats/{id}/form": {"post": {"requestBody": {"content": {"multipart/form-data": {
                "encoding": {"File": {"contentType": "image/png"}},
                "schema": {"type": "object", "properties": {
                    "File": {"type": "string", "format": "binary"}, "Items": {"type": "array", "items": reference("A.Item")},
                    "Many": {"type": "array", "items": {"type": "string", "format": "binary"}}, "Mood": reference("Enums.Mood"),
                    "Map": {"type": "object", "additionalProperties": {"type": "string"}}, "Any": {}, "Number": {"type": "number", "minimum": 0.5},
                }},
            }}}, "responses": {"204": {"description": ""}}}},
            "/cats/{id}/login": {"post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": reference("A.Item")}}}, "responses": {}}},
            "/cats/{id}/xml": {"post": {"requestBody": {"content": {"application/xml": {"schema": reference("A.Item")}}}, "responses": {"200": {"description": "", "content": {"text/csv": {}}}}}},
        },
        "schemas": {
            "A.Item": {"type": "object", "properties": {
                "made": {"type": "string", "readOnly": true}, "mood": reference("Enums.Mood"), "level": reference("Enums.Level"), "odd": reference("Enums.Odd"),
                "secret": {"type": "string", "format": "password"}, "span": {"type": "string", "format": "date-span"},
            }},
            "B.Item": {"type": "object", "properties": {"made": {"type": "integer"}}},
            "A.Vec": {"type": "object", "properties": {"Option": reference("A.Option"), "String": {"type": "string"}}},
            "A.Option": {"type": "object", "description": " ", "properties": {"vec": {"type": "array", "items": reference("A.Vec")}}},
            "A.Tree": {"type": "object", "properties": {"inner": reference("A.Tree"), "item": reference("A.Item"), "all": {"type": "object", "additionalProperties": reference("A.Tree")}}},
            "Shelter.Cat": {"type": "object", "properties": {"id": {"type": "string"}, "born": {"type": "string", "format": "date-time"}}},
            "Enums.Mood": {"type": "string", "enum": ["Good", "Bad", null], "nullable": true},
            "Enums.Level": {"type": "integer", "enum": [0, 1], "x-enumNames": ["None", "One"]},
            "Enums.Odd": {"type": "string", "enum": ["<", ">", "", "1st"]},
        },
    })
}

#[test]
fn hostile_operations_are_described_so_that_code_can_be_generated() {
    let before = document();
    let mut document = before.clone();
    let hostile = hostile_operations();
    for (section, into) in [("paths", "/paths"), ("schemas", "/components/schemas")] {
        let into = document.pointer_mut(into).unwrap().as_object_mut().unwrap();
        into.extend(hostile[section].as_object().unwrap().clone());
    }
    let (told, ours, _) = after(&before, &document);
    let refused: Vec<_> = told
        .iter()
        .filter(|line| line.starts_with("DECIDE"))
        .collect();
    let [first, second] = refused.as_slice() else {
        panic!("{refused:#?}");
    };
    assert!(
        first.starts_with("DECIDE: GET /cats/{id}.{format} is not added"),
        "{first}"
    );
    assert!(
        second.starts_with("DECIDE: HEAD /cats/{id}/odd is not added"),
        "{second}"
    );
    for operation in facts::of(&document).keys() {
        let is_told = refused
            .iter()
            .any(|line| line.contains(&format!("{operation} ")));
        assert_eq!(ours.contains_key(operation), !is_told, "{operation}");
    }
}
