//! Documents that cannot be read, and valid documents with unusual formatting.

use serde_json::json;

use super::super::document::Document;
use super::super::facts;

#[test]
fn unreadable_documents_are_reported_with_their_location() {
    for (text, says) in [
        (
            "{\"openapi\": \"3.0.0\", \"paths\": {\"/a\": {\"get\": {\"x\": [1,\n{\"example\":}]}}}}",
            "vendor:2: this is not JSON: expected value at line 2 column 12 (at #/paths/~1a/get/x/1/example)",
        ),
        (
            "{\"swagger\": \"2.0\"}",
            "vendor:1: this is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1 (at #/swagger)",
        ),
        (
            "{\"openapi\": \"3.0.1\"}",
            "vendor:1: `paths` is missing (at #/paths)",
        ),
        (
            "{\"openapi\": \"3.2.0\", \"paths\": {}}",
            "vendor:1: this is neither OpenAPI 3.0 nor 3.1 (at #/openapi)",
        ),
        ("<html>", "vendor: this is not an OpenAPI document"),
        ("", "vendor: this is not an OpenAPI document"),
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\"/a\": {\"$ref\": \"paths.yaml#/a\"}}}",
            "vendor:1: `paths.yaml#/a` is in another file; put all into one, as redocly's `bundle` does (at #/paths/~1a/$ref)",
        ),
    ] {
        let error = Document::parse("vendor", text.to_owned())
            .unwrap_err()
            .to_string();
        let (start, rest) = says.split_once(": ").unwrap();
        assert!(
            error.starts_with(start.split(':').next().unwrap()) && error.contains(rest),
            "{error}\n{says}"
        );
    }
}

/// Returns why this file is refused.
fn refusal(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("vendor");
    std::fs::write(&path, bytes).unwrap();
    let error = Document::read(&path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "vendor")
}

#[test]
fn documents_that_would_silently_have_no_facts_are_refused() {
    let cut_off = "{\"openapi\": \"3.0.1\",\n\"paths\": {\"/a\": {\n\"get\": {\"tags\": [\"A";
    for (text, says) in [
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\n\"/a\": {},\n\"/a\": {}}}",
            "vendor:3: the key `/a` is duplicated (at #/paths/~1a)",
        ),
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\"/a\": {\"get\": {\"parameters\": [{}, {\"in\": 1, \n\"in\": 2}]}}}}",
            "vendor:2: the key `in` is duplicated (at #/paths/~1a/get/parameters/1/in)",
        ),
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\n\"a\": {\"get\": {}}}}",
            "vendor:2: a path must begin with `/` (at #/paths/a)",
        ),
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\n\"/a\": {\n\"get\": []}}}",
            "vendor:3: an operation is not a map (at #/paths/~1a/get)",
        ),
        (
            "{\"openapi\": \"3.0.1\", \"paths\": {\"/a\": {\"get\": {\n\"parameters\": 1}}}}",
            "vendor:2: `parameters` is neither a map nor a list (at #/paths/~1a/get/parameters)",
        ),
        (
            "openapi: 3.0.1\npaths: {}\ncomponents:\n  schemas:\n    A:\n      properties: [a]\n",
            "vendor:6: `properties` is not a map (at #/components/schemas/A/properties)",
        ),
        (
            "openapi: 3.0.1\npaths:\n  /a:\n    get:\n      parameters:\n        - name: a\n        - in: query\n          name: [\n",
            "vendor:8: this is not YAML: ",
        ),
        (
            "openapi: 3.0.1\npaths:\n  '/a':\n    get: {}\n    get: {}\n",
            "vendor:5: this is not YAML: ",
        ),
        (cut_off, "(at #/paths/~1a/get/tags/0)"),
    ] {
        let error = refusal(text.as_bytes());
        assert!(error.contains(says), "{error}\n{says}");
    }
    // In YAML the location comes from the surrounding keys.
    let error = refusal(b"openapi: 3.0.1\npaths:\n  /a:\n    get:\n      parameters:\n        - name: a\n        - in: query\n          name: \"b\n");
    assert!(
        error.ends_with("(at #/paths/~1a/get/parameters/1/name)"),
        "{error}"
    );
    let bytes = [&b"{\"openapi\":\n{\"a\": \""[..], &[0xff], &b"\"}}"[..]].concat();
    assert_eq!(
        refusal(&bytes),
        "vendor:2: this is not UTF-8 (at #/openapi/a)"
    );
}

#[test]
fn paths_are_below_the_address_of_the_server() {
    let facts_at = |servers: serde_json::Value| {
        let document = json!({
            "openapi": "3.0.1", "servers": servers,
            "paths": {"/a/{id}": {"get": {}}, "x-of-the-vendor": {}},
        });
        let read = Document::parse("vendor", document.to_string()).unwrap();
        facts::of(&read.value).into_keys().collect::<Vec<_>>()
    };
    for (url, path) in [
        ("https://api.example.com", "/a/{id}"),
        ("https://api.example.com/", "/a/{id}"),
        ("/", "/a/{id}"),
        ("https://api.example.com/api/", "/api/a/{id}"),
        ("//api.example.com/api?x#y", "/api/a/{id}"),
        ("/api/v2", "/api/v2/a/{id}"),
        ("https://{region}.example.com/{version}", "/v3/a/{id}"),
    ] {
        let variables = json!({"region": {"default": "eu/west"}, "version": {"default": "v3"}});
        let servers = json!([{"url": url, "variables": variables}, {"url": "/other"}]);
        assert_eq!(facts_at(servers), [format!("GET {path}")], "{url}");
    }
    assert_eq!(facts_at(json!([])), ["GET /a/{id}"]);
    assert_eq!(facts_at(json!("/api")), ["GET /a/{id}"]);
}

#[test]
fn a_large_document_in_yaml_is_read() {
    let member = "        member%: {type: string, nullable: true, description: 'What it is.'}\n";
    let mut text = "openapi: 3.0.1\npaths: {/a: {get: {}}}\ncomponents:\n  schemas:\n".to_owned();
    for schema in 0..1500 {
        text += &format!("    Schema{schema}:\n      type: object\n      properties:\n");
        text += &(0..30)
            .map(|number| member.replace('%', &number.to_string()))
            .collect::<String>();
    }
    assert!(text.len() > 3_000_000);
    let read = Document::parse("vendor", text).unwrap();
    assert!(
        read.value["components"]["schemas"]["Schema1499"]["properties"]["member29"].is_object()
    );
}
