//! Comparison and merge of a small document in the style of .NET.

mod additions;
mod fixture;
mod hostile;
mod input;
mod vendor;

use std::path::Path;

use serde_json::{Value, json};

use super::diff::{Change, changes};
use super::document::Document;
use super::{cover, facts, merge};
use crate::codegen;
use crate::project::{self, Service};

/// The description of the generator's tests, with a record of a vendor's document.
const SHELTER: Service = Service {
    name: "areas",
    crate_dir: "",
    library: "areas_api",
    variable: "areas",
    description: "api",
    vendor: Some("api"),
    groups: &[],
    exercise: "src/areas.rs",
    shapes: None,
    readers: None,
};

const RESULT: &str = "Shelter.Core.ServiceResult`1[[Shelter.Cats.CatView, Shelter.Core, Version=1.0.0.0, Culture=neutral, PublicKeyToken=null]]";

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Returns a document as .NET services publish it: generic types by their full names, several media types per body,
/// inline bodies, enumerations without values.
fn document() -> Value {
    let result = || {
        json!({"description": "Success", "content": {
            "text/plain": {"schema": reference(RESULT)},
            "application/json": {"schema": reference(RESULT)},
        }})
    };
    json!({
        "openapi": "3.0.4",
        "info": {"title": "Shelter", "version": "v1"},
        "paths": {
            "/cats/{id}": {
                "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}}],
                "get": {"responses": {"200": result()}},
            },
            "/cats": {"post": {
                "requestBody": {"content": {
                    "application/json-patch+json": {"schema": reference("Shelter.Cats.CatView")},
                    "application/json": {"schema": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string", "maxLength": 64},
                            "mood": reference("Shelter.Cats.Mood"),
                        },
                    }},
                }},
                "responses": {"200": result()},
            }},
        },
        "components": {"schemas": {
            "Shelter.Cats.CatView": {"type": "object", "properties": {
                "id": {"type": "string", "nullable": true},
                "age": {"type": "integer", "format": "int32"},
                "kittens": {"type": "array", "items": reference("Shelter.Cats.CatView"), "nullable": true},
            }, "additionalProperties": false},
            "Shelter.Cats.Mood": {"type": "string"},
            RESULT: {"type": "object", "properties": {
                "data": reference("Shelter.Cats.CatView"),
                "status": {"type": "string"},
            }},
        }},
    })
}

#[test]
fn facts_depend_on_places_and_not_on_names_of_schemas() {
    let text = facts::written(&facts::of(&document()));
    let expected = "\
GET /cats/{id}
GET /cats/{id} path.id: string required
GET /cats/{id} response: object
GET /cats/{id} response.data: object
GET /cats/{id} response.data.age: integer(int32)
GET /cats/{id} response.data.id: string nullable
GET /cats/{id} response.data.kittens: list nullable
GET /cats/{id} response.data.kittens[]: as response.data
GET /cats/{id} response.status: string
POST /cats
POST /cats request: object
POST /cats request.mood: string
POST /cats request.name: string length ..64 required
POST /cats response: object
POST /cats response.data: object
POST /cats response.data.age: integer(int32)
POST /cats response.data.id: string nullable
POST /cats response.data.kittens: list nullable
POST /cats response.data.kittens[]: as response.data
POST /cats response.status: string
";
    assert_eq!(text, expected);
    let read = facts::read(&text).unwrap();
    assert_eq!(changes(&read, &facts::of(&document())), []);
}

#[test]
fn a_copy_with_three_changes_differs_in_those() {
    let mut copy = document();
    copy["paths"].as_object_mut().unwrap().remove("/cats");
    copy["components"]["schemas"]["Shelter.Cats.CatView"]["properties"]["age"] =
        json!({"type": "string"});
    copy["paths"]["/cats/{id}/naps"] =
        json!({"put": {"responses": {"204": {"description": "Done"}}}});
    let found = changes(&facts::of(&document()), &facts::of(&copy));
    let shown: Vec<_> = found.iter().map(Change::shown).collect();
    assert_eq!(
        shown,
        [
            "GET /cats/{id} response.data.age integer(int32) -> string  breaks",
            "POST /cats removed: operation  breaks",
            "PUT /cats/{id}/naps added: operation",
        ]
    );
}

#[test]
fn a_change_of_a_schema_is_one_change_in_all_its_operations() {
    let mut copy = document();
    copy["components"]["schemas"]["Shelter.Cats.CatView"]["properties"]["chip"] =
        json!({"type": "string"});
    let found = changes(&facts::of(&document()), &facts::of(&copy));
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(found[0].operations, ["GET /cats/{id}", "POST /cats"]);
    assert!(!found[0].breaks);
}

#[test]
fn errors_have_a_line_and_a_pointer() {
    for (text, line, says) in [
        ("{\n\"openapi\": \"3.0.0\",\n}", 3, "this is not JSON"),
        ("openapi: 3.0.0\npaths: [", 2, "this is not YAML"),
        (
            "openapi: 2.0.0\npaths: {}",
            1,
            "neither OpenAPI 3.0 nor 3.1 (at #/openapi)",
        ),
        (
            "{\"openapi\": \"3.1.0\",\n\"paths\": []}",
            2,
            "`paths` is not a map (at #/paths)",
        ),
        (
            "openapi: 3.1.0\npaths:\n  /a:\n    get:\n      $ref: '#/nowhere'\n",
            5,
            "`#/nowhere` has no target (at #/paths/~1a/get/$ref)",
        ),
    ] {
        let error = Document::parse("vendor", text.to_owned())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with(&format!("vendor:{line}: ")), "{error}");
        assert!(error.contains(says), "{error}");
    }
}

/// Returns a workspace with the description and a record of this document.
fn workspace(document: &Value, divergences: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let api = folder.path().join("api");
    std::fs::create_dir(&api).unwrap();
    for entry in std::fs::read_dir(project::root().join("xtask/tests/areas/api")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), api.join(entry.file_name())).unwrap();
    }
    std::fs::write(api.join("vendor.txt"), facts::written(&facts::of(document))).unwrap();
    std::fs::write(api.join("divergences.txt"), divergences).unwrap();
    folder
}

fn merged(root: &Path, document: &Value) -> anyhow::Result<Vec<String>> {
    let (_, recorded) = super::recorded(root, &SHELTER)?;
    merge::merge(root, &SHELTER, &recorded, document)
}

fn cats(root: &Path) -> String {
    std::fs::read_to_string(root.join("api/cats.yaml")).unwrap()
}

/// Returns the document with an operation that our description lacks, with generic, nested, recursive and inline types.
fn with_addition() -> Value {
    let mut document = document();
    document["paths"]["/cats/{id}/diets/search"] = json!({"post": {
        "parameters": [
            {"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "type", "in": "query", "schema": {"type": "string"}},
        ],
        "requestBody": {"content": {"application/json": {"schema": {"type": "object", "properties": {
            "since": {"type": "string", "format": "date-time"},
            "madeBy": {"type": "string", "readOnly": true},
        }}}}},
        "responses": {"200": {"description": "Success", "content": {"application/json": {"schema": {
            "type": "array", "items": reference("Shelter.Diets.Diet+Request"),
        }}}}},
    }});
    document["components"]["schemas"]["Shelter.Diets.Diet+Request"] = json!({"type": "object", "properties": {
        "type": {"type": "string", "nullable": true},
        "instead": {"type": "array", "items": reference("Shelter.Diets.Diet+Request")},
    }});
    document
}

/// Documented divergences.
const MEANT: &str = "\
POST /cats operation: Nobody may bring cats.
GET /cats/{id} response.data: Our record has more.
";

#[test]
fn an_added_operation_is_described_once_and_generates() {
    let folder = workspace(&document(), MEANT);
    let root = folder.path();
    let before = cats(root);
    let told = merged(root, &with_addition()).unwrap();
    assert_eq!(
        told,
        [
            "cats.yaml: added POST /cats/{id}/diets/search as cats.search_diets; decide what is marked with DECIDE"
        ]
    );
    let after = cats(root);
    // No existing line is changed or moved.
    let mut lines = after.lines();
    assert!(before.lines().all(|line| lines.any(|other| other == line)));
    assert!(after.contains("# DECIDE"));
    assert!(
        !after.contains("madeBy"),
        "requests offer what only the service sets"
    );

    let api = codegen::api(root, &SHELTER).unwrap();
    let cats_of = api
        .resources
        .iter()
        .find(|resource| resource.name == "cats")
        .unwrap();
    assert!(
        cats_of
            .operations
            .iter()
            .any(|operation| operation.id == "cats.search_diets")
    );
    codegen::generate(root, &SHELTER).unwrap();

    assert_eq!(merged(root, &with_addition()).unwrap(), [""; 0]);
    assert_eq!(cats(root), after);
}

#[test]
fn an_added_member_is_taken_unless_we_describe_it_differently_on_purpose() {
    let mut copy = document();
    copy["paths"].as_object_mut().unwrap().remove("/cats");
    copy["components"]["schemas"]["Shelter.Cats.CatView"] = json!({"type": "object", "properties": {
        "id": {"type": "string", "nullable": true},
        "weight": {"type": "number", "format": "double"},
    }});
    let place = "GET /cats/{id} response.data.weight";
    for (divergences, taken) in [
        (String::new(), true),
        (format!("{place}: Nobody weighs them.\n"), false),
    ] {
        let mut before = copy.clone();
        let cat = &mut before["components"]["schemas"]["Shelter.Cats.CatView"]["properties"];
        cat.as_object_mut().unwrap().remove("weight");
        let folder = workspace(&before, &divergences);
        let told = merged(folder.path(), &copy).unwrap();
        assert_eq!(
            told.contains(&"cats.yaml: added `weight` to Cat".to_owned()),
            taken,
            "{told:?}"
        );
        assert_eq!(
            cats(folder.path()).contains("        weight: {type: number}"),
            taken
        );
        assert!(codegen::generate(folder.path(), &SHELTER).is_ok());
    }
}

#[test]
fn descriptions_match_the_record_of_the_vendors_document() {
    let root = project::root();
    for service in Service::selected(None)
        .iter()
        .filter(|service| service.vendor.is_some())
    {
        let (_, recorded) = super::recorded(&root, service).unwrap();
        let ours = facts::of(&codegen::description(&root, service).unwrap());
        let documented = cover::documented(&root, service).unwrap();
        let coverage = cover::compare(&ours, &recorded, &documented);
        assert!(
            coverage.is_empty(),
            "{}\n{}",
            service.name,
            coverage.shown()
        );
        assert_eq!(recorded.len(), 949, "{}", service.name);
    }
}
