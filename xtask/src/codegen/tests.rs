//! What the generator writes, and what it refuses.

use std::path::Path;

use fastrand::Rng;
use serde_json::{Map, Value, json};

use super::node::Refusal;
use super::{Codegen, Files, render, write};
use crate::project::{self, SERVICES, Service};

/// An API with one of everything; `tests/tiny.rs` compiles and calls what is generated of it.
const TINY: Service = Service {
    name: "tiny",
    crate_dir: "xtask/tests/tiny",
    library: "tiny_api",
    variable: "tiny",
    description: "xtask/tests/tiny/openapi.yaml",
    exercise: "xtask/tests/tiny/exercise.rs",
};

fn description(service: &Service) -> Value {
    super::description(&project::root(), service).unwrap()
}

fn files(description: &Value, service: &Service) -> Files {
    render(description, service).unwrap()
}

/// What is refused of the tiny description after a change.
fn refusals(change: impl FnOnce(&mut Value)) -> Vec<Refusal> {
    let mut description = description(&TINY);
    change(&mut description);
    render(&description, &TINY).map(drop).unwrap_err()
}

fn set(description: &mut Value, pointer: &str, key: &str, value: Value) {
    let place = description.pointer_mut(pointer).unwrap();
    place.as_object_mut().unwrap().insert(key.to_owned(), value);
}

fn remove(description: &mut Value, pointer: &str, key: &str) {
    let place = description.pointer_mut(pointer).unwrap();
    place.as_object_mut().unwrap().remove(key).unwrap();
}

#[test]
fn generated_code_is_what_was_reviewed() {
    let root = project::root();
    let files = files(&description(&TINY), &TINY);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        write::apply(&root, &TINY, &files).unwrap();
    }
    let drift = write::check(&root, &TINY, &files).unwrap();
    assert!(
        drift.is_empty(),
        "if this is what you want, run `UPDATE_GOLDEN=1 cargo test -p xtask`\n{drift}"
    );
}

#[test]
fn the_order_of_maps_changes_nothing() {
    for service in [&TINY, &SERVICES[0]] {
        let ordered = description(service);
        let expected = files(&ordered, service);
        assert_eq!(files(&ordered, service), expected);
        for seed in 0..8 {
            let shuffled = shuffle(&ordered, &mut Rng::with_seed(seed));
            assert_ne!(shuffled.to_string(), ordered.to_string());
            assert!(
                files(&shuffled, service) == expected,
                "{} {seed}",
                service.name
            );
        }
    }
}

fn shuffle(value: &Value, rng: &mut Rng) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| shuffle(item, rng)).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .map(|(key, value)| (key.clone(), shuffle(value, rng)))
                .collect();
            rng.shuffle(&mut entries);
            Value::Object(Map::from_iter(entries))
        }
        other => other.clone(),
    }
}

type Change = fn(&mut Value);

#[test]
fn what_cannot_be_expressed_is_refused_with_place_and_remedy() {
    const LIST: &str = "/paths/~1cats/get";
    const GET: &str = "/paths/~1cats~1{id}/get";
    const CAT: &str = "/components/schemas/Cat";
    let table: &[(&str, Change, &str, &str)] = &[
        (
            "nothing is said about repeating",
            |d| remove(d, LIST, "x-repeatable"),
            LIST,
            "say `x-repeatable: true`",
        ),
        (
            "two operations of one name",
            |d| set(d, GET, "operationId", json!("cats.list")),
            GET,
            "change one `operationId`",
        ),
        (
            "an operation without a resource",
            |d| set(d, GET, "operationId", json!("get-cats-id")),
            "/paths/~1cats~1{id}/get/operationId",
            "`resource.method`",
        ),
        (
            "a resource that is called as a method of the client",
            |d| set(d, GET, "operationId", json!("check.get")),
            "/paths/~1cats~1{id}/get/operationId",
            "another resource name",
        ),
        (
            "an operation that is called as a keyword",
            |d| set(d, GET, "operationId", json!("cats.move")),
            "/paths/~1cats~1{id}/get/operationId",
            "another method name",
        ),
        (
            "a parameter that is called as an option of all calls",
            |d| {
                set(
                    d,
                    "/paths/~1cats/get/parameters/0",
                    "name",
                    json!("timeout"),
                )
            },
            "/paths/~1cats/get/parameters/0",
            "`x-rust-name`",
        ),
        (
            "two parameters of one name",
            |d| {
                set(
                    d,
                    "/paths/~1cats/get/parameters/0",
                    "x-rust-name",
                    json!("mood"),
                )
            },
            LIST,
            "`x-rust-name`",
        ),
        (
            "a given name that is taken as well",
            |d| {
                set(
                    d,
                    "/paths/~1cats/get/parameters/0",
                    "x-rust-name",
                    json!("send"),
                )
            },
            "/paths/~1cats/get/parameters/0/x-rust-name",
            "another `x-rust-name`",
        ),
        (
            "a member that is called as a keyword",
            |d| remove(d, "/components/schemas/Cat/properties/type", "x-rust-name"),
            "/components/schemas/Cat/properties/type",
            "`x-rust-name`",
        ),
        (
            "two members of one name",
            |d| {
                set(
                    d,
                    "/components/schemas/Cat/properties/type",
                    "x-rust-name",
                    json!("name"),
                )
            },
            "/components/schemas/Cat/properties/type",
            "`x-rust-name`",
        ),
        (
            "a type that is called as one of ours",
            |d| set(d, CAT, "x-rust-name", json!("Request")),
            "/components/schemas/Cat/x-rust-name",
            "another `x-rust-name`",
        ),
        (
            "a type that is called as a resource",
            |d| set(d, CAT, "x-rust-name", json!("Cats")),
            LIST,
            "`x-rust-name`",
        ),
        (
            "two types of one name",
            |d| set(d, CAT, "x-rust-name", json!("Toy")),
            "/components/schemas/Toy",
            "`x-rust-name`",
        ),
        (
            "a value that is no name",
            |d| remove(d, "/components/schemas/Mood", "x-rust-names"),
            "/components/schemas/Mood/enum/2",
            "`x-rust-names`",
        ),
        (
            "two values of one name",
            |d| {
                set(
                    d,
                    "/components/schemas/Mood",
                    "enum",
                    json!(["A_B", "a-b", "1ST", "HAPPY"]),
                )
            },
            "/components/schemas/Mood/enum/1",
            "`x-rust-names`",
        ),
        (
            "documentation of a value that there is not",
            |d| {
                set(
                    d,
                    "/components/schemas/Mood/x-value-docs",
                    "SAD",
                    json!("It weeps."),
                )
            },
            "/components/schemas/Mood/x-value-docs/SAD",
            "remove it",
        ),
        (
            "a choice of schemas",
            |d| {
                let choice =
                    json!({"oneOf": [{"type": "string"}, {"type": "integer"}], "description": "d"});
                set(d, "/components/schemas/Cat/properties", "name", choice);
            },
            "/components/schemas/Cat/properties/name",
            "one schema that has the members of all",
        ),
        (
            "a keyword that is not understood",
            |d| {
                set(
                    d,
                    "/components/schemas/Cat/properties/name",
                    "anyOf",
                    json!([]),
                )
            },
            "/components/schemas/Cat/properties/name/anyOf",
            "teach `xtask/src/codegen`",
        ),
        (
            "an extension key that is misspelt",
            |d| set(d, LIST, "x-pageing", json!("next-token")),
            "/paths/~1cats/get/x-pageing",
            "remove it",
        ),
        (
            "a parameter in a header",
            |d| set(d, "/paths/~1cats/get/parameters/0", "in", json!("header")),
            "/paths/~1cats/get/parameters/0/in",
            "hand-written code",
        ),
        (
            "an object without a name in a body",
            |d| {
                let schema = json!({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}});
                let content = "/paths/~1cats/post/requestBody/content/application~1json";
                set(d, content, "schema", schema);
            },
            "/paths/~1cats/post/requestBody/content/application~1json/schema",
            "move the schema to `#/components/schemas`",
        ),
        (
            "an object without a name in an object",
            |d| {
                let object = json!({"type": "object", "properties": {}, "description": "d"});
                set(d, "/components/schemas/Cat/properties", "name", object);
            },
            "/components/schemas/Cat/properties/name",
            "move it to `#/components/schemas`",
        ),
        (
            "a body that is no JSON",
            |d| {
                set(
                    d,
                    "/paths/~1cats/post/requestBody/content",
                    "text/csv",
                    json!({}),
                )
            },
            "/paths/~1cats/post/requestBody/content/text~1csv",
            "teach `xtask/src/codegen`",
        ),
        (
            "a placeholder that is not described",
            |d| set(d, "/paths/~1cats~1{id}", "parameters", json!([])),
            GET,
            "describe each in `parameters`",
        ),
        (
            "an object that contains itself",
            |d| {
                let parent = json!({"$ref": "#/components/schemas/Cat", "description": "d"});
                set(d, "/components/schemas/Cat/properties", "parent", parent);
            },
            CAT,
            "as a list",
        ),
        (
            "a required enumeration in an answer",
            |d| {
                let mood = json!({"$ref": "#/components/schemas/Mood", "description": "d"});
                set(d, "/components/schemas/Toy/properties", "mood", mood);
                set(d, "/components/schemas/Toy", "required", json!(["mood"]));
            },
            "/components/schemas/Toy/properties/mood",
            "take it out of `required`",
        ),
        (
            "a required member far behind",
            |d| {
                for number in 0..64 {
                    let member = json!({"type": "integer", "description": "d"});
                    let name = format!("a{number}");
                    set(d, "/components/schemas/Toy/properties", &name, member);
                }
            },
            "/components/schemas/Toy/properties/number",
            "put it into `x-wire-order`",
        ),
        (
            "a time in UNIX seconds in a request",
            |d| {
                let time = json!({"$ref": "#/components/schemas/Seconds", "description": "d"});
                set(d, "/components/schemas/NewCat/properties", "seen", time);
            },
            "/components/schemas/NewCat/properties/seen",
            "leave out `x-timestamp`",
        ),
        (
            "a partial update that is answered",
            |d| set(d, "/components/schemas/Toy", "x-patch", json!(true)),
            "/components/schemas/Toy",
            "another schema",
        ),
        (
            "a schema that nothing uses",
            |d| set(d, "/components/schemas", "Dog", json!({"type": "object"})),
            "/components/schemas/Dog",
            "remove it",
        ),
        (
            "a reference to nothing",
            |d| {
                set(
                    d,
                    "/components/schemas/Cat/properties/lastSeen",
                    "$ref",
                    json!("#/nowhere"),
                )
            },
            "/components/schemas/Cat/properties/lastSeen/$ref",
            "under `#/components`",
        ),
        (
            "something deprecated without a reason",
            |d| remove(d, "/components/schemas/Cat/properties/tame", "x-deprecated"),
            "/components/schemas/Cat/properties/tame",
            "what to do instead",
        ),
        (
            "something unconfirmed without a reason",
            |d| set(d, LIST, "x-unconfirmed", json!(true)),
            "/paths/~1cats/get/x-unconfirmed",
            "write the reason",
        ),
        (
            "the id of a resource that there is not",
            |d| {
                let parameter = "/paths/~1cats/get/parameters/0";
                set(d, parameter, "x-id-of", json!("dogs"));
            },
            "/paths/~1cats/get/parameters/0/x-id-of",
            "name the resource",
        ),
        (
            "a tag that is not described",
            |d| set(d, "/tags/0", "name", json!("Dogs")),
            "",
            "the documentation of the resource",
        ),
        (
            "another version of OpenAPI",
            |d| set(d, "", "openapi", json!("3.0.3")),
            "/openapi",
            "as OpenAPI 3.1",
        ),
    ];
    for (what, change, pointer, remedy) in table {
        let refusals = refusals(change);
        let found = refusals
            .iter()
            .find(|refusal| refusal.pointer == *pointer && refusal.remedy.contains(remedy));
        assert!(found.is_some(), "{what}: {refusals:#?}");
    }
}

#[test]
fn everything_wrong_is_said_at_once_with_the_file() {
    let mut description = description(&TINY);
    remove(&mut description, "/paths/~1cats/get", "x-repeatable");
    remove(&mut description, "/paths/~1toys/put", "x-repeatable");
    remove(&mut description, "/components/schemas/Toy", "description");
    let refusals = render(&description, &TINY).map(drop).unwrap_err();
    let error = super::refuse::<()>(&TINY, &refusals)
        .unwrap_err()
        .to_string();
    for place in [
        "/paths/~1cats/get:",
        "/paths/~1toys/put:",
        "/components/schemas/Toy:",
    ] {
        assert!(
            error.contains(&format!("{}#{place}", TINY.description)),
            "{error}"
        );
    }
}

fn codegen(check: bool, root: &Path) -> bool {
    let command = Codegen {
        check,
        service: Some(SERVICES[0]),
    };
    command.run_in(root).unwrap().0
}

#[test]
fn check_finds_what_changed_is_missing_or_is_left_over() {
    let service = SERVICES[0];
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let api = root.join(service.description);
    std::fs::create_dir_all(api.parent().unwrap()).unwrap();
    std::fs::copy(project::root().join(service.description), api).unwrap();

    assert!(!codegen(true, root), "nothing is written yet");
    assert!(codegen(false, root));
    assert!(codegen(true, root));

    let drift = || {
        let files = super::generate(root, &service).unwrap();
        write::check(root, &service, &files).unwrap()
    };
    let generated = root.join(service.generated());
    let browsers = generated.join("browsers.rs");
    let text = std::fs::read_to_string(&browsers).unwrap();
    std::fs::write(
        &browsers,
        text.replace("pub fn page(self)", "pub fn sheet(self)"),
    )
    .unwrap();
    let diff = drift();
    assert!(
        diff.contains("+++ b/crates/push-security-api/src/generated/browsers.rs"),
        "{diff}"
    );
    assert!(
        diff.contains("\n-    pub fn sheet(self)") && diff.contains("\n+    pub fn page(self)")
    );
    assert!(!codegen(true, root));

    std::fs::remove_file(&browsers).unwrap();
    assert!(
        drift().contains("--- /dev/null\n+++ b/crates/push-security-api/src/generated/browsers.rs")
    );
    assert!(codegen(false, root));

    let stale = generated.join("dogs.rs");
    std::fs::write(&stale, "//! Dogs.\n").unwrap();
    let diff = drift();
    assert!(
        diff.contains("--- a/crates/push-security-api/src/generated/dogs.rs\n+++ /dev/null"),
        "{diff}"
    );
    assert!(!codegen(true, root));
    assert!(codegen(false, root));
    assert!(!stale.exists());
    assert!(codegen(true, root));
}
