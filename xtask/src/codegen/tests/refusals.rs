//! Tests of refusals.

use serde_json::{Value, json};

use super::super::node::Refusal;
use super::super::{Description, render};
use super::{TINY, description};

mod areas;
mod bodies;
mod codes;
mod mentions;

/// Returns the refusals of the tiny description after a change.
fn refusals(change: impl FnOnce(&mut Value)) -> Vec<Refusal> {
    let mut description = description(&TINY);
    change(&mut description);
    render(&description, &TINY).err().unwrap_or_default()
}

fn set(description: &mut Value, pointer: &str, key: &str, value: Value) {
    let place = description.pointer_mut(pointer).unwrap();
    place.as_object_mut().unwrap().insert(key.to_owned(), value);
}

fn remove(description: &mut Value, pointer: &str, key: &str) {
    let place = description.pointer_mut(pointer).unwrap();
    place.as_object_mut().unwrap().remove(key).unwrap();
}

type Change = fn(&mut Value);

const LIST: &str = "/paths/~1cats/get";
const GET: &str = "/paths/~1cats~1{id}/get";
const CAT: &str = "/components/schemas/Cat";

/// The problem, the change that causes it, and the expected pointer and remedy.
type Row = (&'static str, Change, &'static str, &'static str);

fn check(table: &[Row], refusals: impl Fn(Change) -> Vec<Refusal>) {
    for (what, change, pointer, remedy) in table {
        let refusals = refusals(*change);
        let found = refusals
            .iter()
            .find(|refusal| refusal.pointer == *pointer && refusal.remedy.contains(remedy));
        assert!(found.is_some(), "{what}: {refusals:#?}");
    }
}

#[test]
fn inexpressible_parts_are_refused_with_place_and_remedy() {
    let table: &[Row] = &[
        (
            "a member that has to be sent and may be null",
            |d| {
                let friends = json!(["id", "friends"]);
                set(d, CAT, "required", friends);
            },
            "/components/schemas/Cat/properties/friends",
            "or the member out of `required`",
        ),
        (
            "nothing is said about repeating",
            |d| remove(d, LIST, "x-idempotent"),
            LIST,
            "say `x-idempotent: true`",
        ),
        (
            "nothing is said about what a PUT replaces",
            |d| remove(d, "/paths/~1toys/put", "x-replaces"),
            "/paths/~1toys/put",
            "say `x-replaces: true`",
        ),
        (
            "something is said to replace that cannot",
            |d| set(d, LIST, "x-replaces", json!(false)),
            "/paths/~1cats/get/x-replaces",
            "remove it",
        ),
        (
            "an edition that there is not",
            |d| set(d, LIST, "x-edition", json!("enterprise")),
            "/paths/~1cats/get/x-edition",
            "write one of both, open-source, commercial",
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
            "a call that is called as one of ours",
            |d| set(d, LIST, "x-rust-name", json!("List")),
            "/paths/~1cats/get/x-rust-name",
            "another `x-rust-name`",
        ),
        (
            "a name for the type of a call that has none",
            |d| set(d, GET, "x-rust-name", json!("GetCat")),
            "/paths/~1cats~1{id}/get/x-rust-name",
            "remove it",
        ),
        (
            "a value that is not a name",
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
            "an object without a name in an object",
            |d| {
                let object = json!({"type": "object", "properties": {}, "description": "d"});
                set(d, "/components/schemas/Cat/properties", "name", object);
            },
            "/components/schemas/Cat/properties/name",
            "move it to `#/components/schemas`",
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
            "a list of itself",
            |d| {
                let list =
                    json!({"type": "array", "items": {"$ref": "#/components/schemas/Seconds"}});
                set(d, "/components/schemas", "Seconds", list);
            },
            "/components/schemas/Seconds/items",
            "put an object in between",
        ),
        (
            "an id that is not text",
            |d| {
                let number = "/components/schemas/Toy/properties/number";
                set(d, number, "x-id-of", json!("cats"));
            },
            "/components/schemas/Toy/properties/number/x-id-of",
            "leave out `x-id-of`",
        ),
        (
            "a required enumeration in a response",
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
            "a partial update that is in a response",
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
            "a status that refuses nothing",
            |d| set(d, GET, "x-refusing", json!([200])),
            "/paths/~1cats~1{id}/get/x-refusing/0",
            "such as 503",
        ),
        (
            "a list of secrets in a query",
            |d| {
                let list = json!({"type": "array", "items": {"type": "string", "x-secret": true}});
                set(d, "/paths/~1sessions/delete/parameters/0", "schema", list);
            },
            "/paths/~1sessions/delete/parameters/0/schema",
            "a secret only alone",
        ),
        (
            "a code that is not a number",
            |d| {
                set(
                    d,
                    "/components/schemas/Size/x-codes",
                    "many",
                    json!("SMALL"),
                )
            },
            "/components/schemas/Size/x-codes/many",
            "write it as a number",
        ),
        (
            "a code of a value that is called as another",
            |d| set(d, "/components/schemas/Size/x-codes", "8", json!("huge")),
            "/components/schemas/Size/x-codes/8",
            "call it otherwise",
        ),
        (
            "a kind of text that is not known",
            |d| {
                set(
                    d,
                    "/components/schemas/Caption/properties/text",
                    "x-text",
                    json!("poem"),
                )
            },
            "/components/schemas/Caption/properties/text/x-text",
            "date-time or time-span",
        ),
        (
            "a hand-written type that is nowhere",
            |d| {
                set(
                    d,
                    "/components/schemas/Mood",
                    "x-handwritten",
                    json!("the mood"),
                )
            },
            "/components/schemas/Mood/x-handwritten",
            "such as `search::Filter`",
        ),
        (
            "a choice between types",
            |d| {
                set(
                    d,
                    "/components/schemas/Toy/properties/number",
                    "type",
                    json!(["string", "boolean"]),
                )
            },
            "/components/schemas/Toy/properties/number/type",
            "alone or with `null`",
        ),
        (
            "another version of OpenAPI",
            |d| set(d, "", "openapi", json!("3.0.3")),
            "/openapi",
            "as OpenAPI 3.1",
        ),
    ];
    check(table, |change| refusals(change));
}

#[test]
fn everything_wrong_is_said_at_once_with_the_file() {
    let mut description = description(&TINY);
    remove(&mut description, "/paths/~1cats/get", "x-idempotent");
    remove(&mut description, "/paths/~1toys/put", "x-idempotent");
    remove(&mut description, "/components/schemas/Toy", "description");
    let refusals = render(&description, &TINY).map(drop).unwrap_err();
    let error = Description::single(description, TINY.description)
        .refuse::<()>(&refusals)
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
