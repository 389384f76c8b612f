//! Refusals of bodies.

use serde_json::json;

use super::{Row, check, refusals, remove, set};

#[test]
fn bodies_that_cannot_be_written_are_refused() {
    let table: &[Row] = &[
        (
            "a hand-written call that nothing shows",
            |d| remove(d, "/paths/~1cats~1{id}~1owner/put", "x-call"),
            "/paths/~1cats~1{id}~1owner/put",
            "`x-call`",
        ),
        (
            "an order of a body that is not a search",
            |d| set(d, "/paths/~1cats/post", "x-order-by", json!("Name")),
            "/paths/~1cats/post/x-order-by",
            "remove it",
        ),
        (
            "a list of secrets in a body",
            |d| {
                let list = json!({"type": "array", "items": {"type": "string", "x-secret": true}, "description": "d"});
                set(d, "/components/schemas/Chip/properties", "code", list);
            },
            "/components/schemas/Chip/properties/code",
            "take out `x-secret`",
        ),
        (
            "a list in a form without parts",
            |d| {
                let list =
                    json!({"type": "array", "items": {"type": "string"}, "description": "d"});
                set(d, "/components/schemas/SignIn/properties", "user", list);
            },
            "/components/schemas/SignIn/properties/user",
            "in `multipart/form-data` objects and lists of them",
        ),
        (
            "a map in a form",
            |d| {
                let map = json!({"type": "object", "additionalProperties": {"type": "string"}, "description": "d"});
                set(d, "/components/schemas/Caption/properties", "text", map);
            },
            "/components/schemas/Caption/properties/text",
            "use text, numbers",
        ),
        (
            "a file in JSON",
            |d| {
                let file = json!({"type": "string", "format": "binary", "description": "d"});
                set(d, "/components/schemas/NewCat/properties", "photo", file);
            },
            "/components/schemas/NewCat/properties/photo",
            "describe it as text, or the body as a form",
        ),
        (
            "a partial update in a form",
            |d| set(d, "/components/schemas/SignIn", "x-patch", json!(true)),
            "/components/schemas/SignIn",
            "describe the body as JSON",
        ),
        (
            "a form in another object",
            |d| {
                let form = json!({"$ref": "#/components/schemas/SignIn", "description": "d"});
                set(d, "/components/schemas/NewCat/properties", "owner", form);
            },
            "/components/schemas/SignIn",
            "in another schema",
        ),
        (
            "an object that is sent in two ways",
            |d| {
                let chip = json!({"application/json": {"schema": {"$ref": "#/components/schemas/SignIn"}}});
                set(d, "/paths/~1sessions/put/requestBody", "content", chip);
                remove(d, "/components/schemas", "Chip");
            },
            "/paths/~1sessions/put/requestBody/content/application~1json/schema",
            "in two schemas",
        ),
        (
            "a form that is described in place",
            |d| {
                let schema = json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "string"}}});
                let content =
                    "/paths/~1sessions/post/requestBody/content/application~1x-www-form-urlencoded";
                set(d, content, "schema", schema);
            },
            "/paths/~1sessions/post/requestBody/content/application~1x-www-form-urlencoded/schema",
            "move it to `#/components/schemas`",
        ),
        (
            "a search in a form",
            |d| {
                set(d, "/components/schemas/SignIn", "x-search", json!(true));
                let term = json!({"type": "string", "description": "d"});
                set(d, "/components/schemas/SignIn/properties", "orderBy", term);
            },
            "/components/schemas/SignIn",
            "describe the body as JSON",
        ),
        (
            "a body that is a list and no JSON",
            |d| {
                let list = json!({"type": "array", "items": {"type": "string"}});
                let content =
                    "/paths/~1cats~1{id}~1photos/post/requestBody/content/multipart~1form-data";
                set(d, content, "schema", list);
            },
            "/paths/~1cats~1{id}~1photos/post/requestBody/content/multipart~1form-data/schema",
            "describe an object",
        ),
        (
            "a body that is neither JSON nor a form",
            |d| {
                let csv = json!({"text/csv": {"schema": {"type": "string"}}});
                set(d, "/paths/~1cats/post/requestBody", "content", csv)
            },
            "/paths/~1cats/post/requestBody/content/text~1csv",
            "application/json, multipart/form-data",
        ),
        (
            "a body of several kinds",
            |d| {
                set(
                    d,
                    "/paths/~1cats/post/requestBody/content",
                    "text/csv",
                    json!({}),
                )
            },
            "/paths/~1cats/post/requestBody/content",
            "`x-internal: true`",
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
    ];
    check(table, |change| refusals(change));
}
