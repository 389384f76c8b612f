//! Hostile documents.

use serde_json::{Value, json};

use super::super::diff::{Change, changes};
use super::super::document::Document;
use super::super::{cover, facts};

/// Returns a document with an operation whose response has this schema, next to these schemas.
fn giving(schema: &Value, schemas: Value) -> Value {
    json!({
        "openapi": "3.0.4",
        "paths": {"/a": {"get": {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}}}},
        "components": {"schemas": schemas},
    })
}

fn facts_of(document: &Value) -> String {
    facts::written(&facts::of(document))
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

#[test]
fn one_thing_said_in_several_ways_is_one_thing() {
    let cat =
        json!({"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]});
    let nullable =
        "GET /a\nGET /a response: object nullable\nGET /a response.id: string required\n";
    let bare = "GET /a\nGET /a response: object\nGET /a response.id: string required\n";
    for (schema, expected) in [
        (reference("Cat"), bare),
        (
            json!({"$ref": "#/components/schemas/Cat", "description": "With more beside it."}),
            bare,
        ),
        (json!({"allOf": [reference("Cat")]}), bare),
        (
            json!({"allOf": [reference("Cat"), {"description": "A cat."}]}),
            bare,
        ),
        (
            json!({"allOf": [{"type": "object", "properties": {"id": {"type": "string"}}}, {"required": ["id"]}]}),
            bare,
        ),
        (
            json!({"allOf": [reference("Cat")], "nullable": true}),
            nullable,
        ),
        (
            json!({"allOf": [reference("Cat"), {"nullable": true}]}),
            nullable,
        ),
        (
            json!({"oneOf": [reference("Cat"), {"type": "null"}]}),
            nullable,
        ),
        (
            json!({"anyOf": [{"type": "null"}, reference("Cat")]}),
            nullable,
        ),
        (
            json!({"anyOf": [{"enum": [null]}, {"allOf": [reference("Cat")]}]}),
            nullable,
        ),
        (
            json!({"oneOf": [{"const": null}, reference("Cat")]}),
            nullable,
        ),
        (
            json!({"type": ["null", "object"], "properties": {"id": {"type": "string"}}, "required": ["id"]}),
            nullable,
        ),
        (
            json!({"properties": {"id": {"type": "string"}}, "required": ["id", "gone"], "x-odd": 1, "unheardOf": {}}),
            bare,
        ),
    ] {
        let document = giving(&schema, json!({"Cat": cat}));
        assert_eq!(facts_of(&document), expected, "{schema}");
    }
}

#[test]
fn each_kind_of_value_is_told() {
    for (schema, what) in [
        (json!({}), "any"),
        (json!(true), "any"),
        (json!(null), "any"),
        (json!({"nullable": true}), "any"),
        (json!({"$ref": "#/components/schemas/Loop"}), "any"),
        (
            json!({"type": "integer", "format": "int32", "enum": [2, 0, 1], "x-enumNames": ["Two", "None", "One"]}),
            "integer(int32) of 0|1|2",
        ),
        (json!({"enum": ["b", "a", null]}), "string of a|b nullable"),
        (json!({"const": 3}), "integer of 3"),
        (json!({"type": ["integer", "string"]}), "string or integer"),
        (
            json!({"oneOf": [{"type": "integer"}, {"type": "string"}]}),
            "string or integer",
        ),
        (json!({"type": "array", "items": true}), "list"),
        (
            json!({"type": "object", "additionalProperties": true}),
            "object",
        ),
        (
            json!({"type": "string", "minLength": 0, "maxLength": 9}),
            "string length ..9",
        ),
        (
            json!({"type": "string", "readOnly": true, "deprecated": true}),
            "string read-only deprecated",
        ),
        (
            json!({"allOf": [{"type": "string", "format": "uuid"}], "readOnly": true}),
            "string(uuid) read-only",
        ),
        (
            json!({"type": "string", "enum": ["two\nlines"]}),
            "string of two lines",
        ),
    ] {
        let document = giving(&schema, json!({"Loop": reference("Loop")}));
        assert_eq!(
            facts_of(&document),
            format!("GET /a\nGET /a response: {what}\n"),
            "{schema}"
        );
    }
}

#[test]
fn choices_have_the_members_of_all() {
    let schema = json!({"discriminator": {"propertyName": "kind"}, "oneOf": [reference("Cat"), reference("Dog")]});
    let schemas = json!({
        "Cat": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "purrs": {"type": "boolean"}}},
        "Dog": {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "barks": {"type": "boolean"}}},
    });
    let expected = "GET /a\nGET /a response: object\nGET /a response.barks: boolean\n\
                    GET /a response.kind: string\nGET /a response.purrs: boolean\n";
    assert_eq!(facts_of(&giving(&schema, schemas)), expected);
}

#[test]
fn references_are_followed_however_they_are_written() {
    let name = "A.Result`1[[B.C/D~E, B, Version=1.0.0.0, Culture=neutral]]";
    let schemas = json!({name: {"type": "string"}, "Gr\u{fc}n": {"type": "string"}});
    for address in [
        "#/components/schemas/A.Result`1[[B.C~1D~0E, B, Version=1.0.0.0, Culture=neutral]]",
        "#/components/schemas/A.Result%601%5B%5BB.C~1D~0E,%20B,%20Version%3D1.0.0.0,%20Culture%3Dneutral%5D%5D",
        "#/components/schemas/A.Result`1[[B.C/D~E, B, Version=1.0.0.0, Culture=neutral]]",
        "#/components/schemas/Gr%C3%BCn",
        "#/paths/~1a/get/responses/200/content/application~1json/schema/properties/b",
    ] {
        let schema = json!({"type": "object", "properties": {"a": {"$ref": address}, "b": {"type": "string"}}});
        let document = giving(&schema, schemas.clone());
        let read = Document::parse("vendor", document.to_string()).unwrap();
        assert!(
            facts_of(&read.value).contains("response.a: string\n"),
            "{address}"
        );
    }
}

#[test]
fn schemas_that_refer_to_each_other_have_an_end() {
    // Each of a dozen schemas refers to all: written out, they have more places than fit into memory.
    let names: Vec<_> = (0..12).map(|number| format!("Entity{number}")).collect();
    let schemas = names.iter().map(|name| {
        let members = names
            .iter()
            .map(|other| (other.to_lowercase(), json!({"allOf": [reference(other)]})));
        (
            name.clone(),
            json!({"type": "object", "properties": members.collect::<serde_json::Map<_, _>>()}),
        )
    });
    let document = giving(
        &reference("Entity0"),
        schemas.collect::<serde_json::Map<_, _>>().into(),
    );
    let read = facts::of(&document);
    assert!(read["GET /a"].len() < 20_000, "{}", read["GET /a"].len());
    assert_eq!(changes(&read, &facts::of(&document)), []);
    // The contents of a circular schema are not written out either.
    let mut chain = json!({"type": "string"});
    for _ in 0..40 {
        chain = json!({"type": "array", "items": chain});
    }
    assert!(facts_of(&giving(&chain, json!({}))).contains("[]: string"));
}

#[test]
fn parameters_are_found_wherever_they_stand() {
    let document = json!({
        "openapi": "3.1.0",
        "paths": {
            "/a/{id}/{other}": {
                "parameters": [
                    {"$ref": "#/components/parameters/Id"},
                    {"name": "page", "in": "query", "schema": {"type": "string"}},
                    {"name": "X-Tenant", "in": "header", "required": true, "schema": {"type": "string"}},
                    {"name": "accept", "in": "header", "schema": {"type": "string"}},
                ],
                "get": {
                    "parameters": [
                        {"name": "page", "in": "query", "required": true, "schema": {"type": "integer"}},
                        {"name": "filter", "in": "query", "content": {"application/json": {"schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}},
                        {"name": "session", "in": "cookie", "schema": {"type": "string"}},
                        {"unheard": "of"},
                    ],
                    "responses": {"4XX": {"description": ""}, "2XX": {"$ref": "#/components/responses/Done"}},
                },
            },
            "/b": {"$ref": "#/components/pathItems/B"},
            "x-of-the-vendor": [],
        },
        "components": {
            "parameters": {"Id": {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}},
            "responses": {"Done": {"description": ""}},
            "pathItems": {"B": {"servers": [{"url": "https://b.example.com"}], "put": {"responses": {}}}},
        },
    });
    let expected = "\
GET /a/{id}/{other}
GET /a/{id}/{other} cookie.session: string
GET /a/{id}/{other} header.X-Tenant: string required
GET /a/{id}/{other} path.id: string required
GET /a/{id}/{other} path.other: any required
GET /a/{id}/{other} query.filter: object
GET /a/{id}/{other} query.filter.a: string
GET /a/{id}/{other} query.page: integer required
GET /a/{id}/{other} response: 2XX nothing
PUT /b
PUT /b server: https://b.example.com
";
    let read = Document::parse("vendor", document.to_string()).unwrap();
    assert_eq!(facts_of(&read.value), expected);
    // Without names of schemas, and without components.
    assert_eq!(
        facts_of(&json!({"openapi": "3.1.0", "paths": {"/c": {"get": {}}}})),
        "GET /c\n"
    );
}

#[test]
fn the_media_type_that_clients_use_is_read() {
    for (kinds, what) in [
        (
            vec!["text/plain", "text/json", "application/json"],
            "integer",
        ),
        (vec!["application/xml", "application/*+json"], "string"),
        (
            vec!["application/xml", "Application/Vnd.Cat+JSON; charset=utf-8"],
            "string",
        ),
        (vec!["*/*"], "string"),
        (
            vec!["application/x-www-form-urlencoded", "multipart/form-data"],
            "multipart/form-data string",
        ),
        (vec!["text/csv"], "file"),
    ] {
        let content = kinds.iter().map(|kind| {
            let schema = if *kind == "application/json" {
                "integer"
            } else {
                "string"
            };
            ((*kind).to_owned(), json!({"schema": {"type": schema}}))
        });
        let content: serde_json::Map<_, _> = content.collect();
        let document = json!({"openapi": "3.1.0", "paths": {"/a": {"post": {"requestBody": {"content": content}}}}});
        assert_eq!(
            facts_of(&document),
            format!("POST /a\nPOST /a request: {what}\n")
        );
    }
}

/// A JSON document as YAML: with a byte order mark, other line endings, and statuses that are numbers.
const YAML: &str = "\u{feff}openapi: 3.1.0\r
paths:\r
  /a:\r
    get:\r
      operationId: twice\r
      responses:\r
        200:\r
          description: ok\r
          content:\r
            application/json:\r
              schema: {$ref: '#/components/schemas/A'}\r
    put: {operationId: twice, responses: {204: {description: done}}}\r
components:\r
  schemas:\r
    A: &a\r
      type: object\r
      properties:\r
        on: {type: boolean}\r
        2: {type: string}\r
    B: *a\r
";

#[test]
fn yaml_is_read_as_json_is() {
    let read = Document::parse("vendor", YAML.to_owned()).unwrap();
    let expected = "GET /a\nGET /a response: object\nGET /a response.2: string\nGET /a response.on: boolean\n\
                    PUT /a\nPUT /a response: 204 nothing\n";
    assert_eq!(facts_of(&read.value), expected);
}

#[test]
fn facts_with_any_names_survive_a_round_trip() {
    let members = [
        "a.b",
        "a b",
        "a: b",
        "a[]",
        "a{}",
        "100%",
        "",
        "\u{1f408}",
        "line\nbreak",
        "'",
        "\"",
        "#",
        "type",
        "$ref",
        "properties",
    ];
    let properties: serde_json::Map<_, _> = members
        .iter()
        .map(|name| ((*name).to_owned(), json!({"type": "string"})))
        .collect();
    let mut document = giving(
        &json!({"type": "object", "properties": properties}),
        json!({}),
    );
    document["paths"]["/a b/{c d}"] = document["paths"]["/a"].clone();
    let document = Document::parse("vendor", document.to_string())
        .unwrap()
        .value;
    let facts = facts::of(&document);
    assert_eq!(facts["GET /a"].len(), 1 + members.len());
    let read = facts::read(&facts::written(&facts)).unwrap();
    assert_eq!(changes(&read, &facts), []);
    assert_eq!(changes(&facts, &read), []);
}

#[test]
fn a_path_that_is_spelled_differently_is_the_same() {
    let path = |path: &str| {
        json!({"openapi": "3.1.0", "paths": {path: {
            "get": {"responses": {"200": {"description": ""}}},
        }}})
    };
    let shown = |before: &str, after: &str| -> Vec<String> {
        let found = changes(&facts::of(&path(before)), &facts::of(&path(after)));
        found.iter().map(Change::shown).collect()
    };
    assert_eq!(
        shown("/a/{id}", "/a/{name}"),
        ["GET /a/{id} path /a/{id} -> /a/{name}"]
    );
    assert_eq!(
        shown("/a/{id}", "/A/{id}/"),
        ["GET /a/{id} path /a/{id} -> /A/{id}/  breaks"]
    );
    assert_eq!(
        shown("/a/{id}", "/a/b"),
        [
            "GET /a/b added: operation",
            "GET /a/{id} removed: operation  breaks"
        ]
    );
    let coverage = |ours: &str, theirs: &str| {
        cover::compare(&facts::of(&path(ours)), &facts::of(&path(theirs)), &[]).is_empty()
    };
    assert!(coverage("/a/{id}", "/a/{name}"));
    assert!(!coverage("/a/{id}", "/A/{name}"));
}
