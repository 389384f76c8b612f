//! Refusals of areas, envelopes and searches.

use serde_json::{Value, json};

use super::super::super::node::Refusal;
use super::super::super::render;
use super::super::{AREAS, description};
use super::{GET, LIST, Row, check, refusals, remove, set};

const PLACE: &str = "/components/schemas/LitterSearch/properties/place";

#[test]
fn areas_and_pages_that_cannot_be_expressed_are_refused() {
    let table: &[Row] = &[
        (
            "a parameter that names the page and is not there",
            |d| set(d, "/components/parameters/Page", "name", json!("sheet")),
            "/paths/~1photos/get",
            "describe it in `parameters`",
        ),
        (
            "an unknown way to page",
            |d| set(d, "/paths/~1photos/get", "x-paging", json!("by-hand")),
            "/paths/~1photos/get",
            "next-token, page-number, search",
        ),
        (
            "a page with several members",
            |d| {
                let properties =
                    "/paths/~1photos/get/responses/200/content/application~1json/schema/properties";
                set(d, properties, "total", json!({"type": "integer"}));
            },
            "/paths/~1photos/get/responses/200/content/application~1json/schema",
            "leave one member",
        ),
        (
            "a page in no envelope",
            |d| set(d, LIST, "x-paging", json!("search")),
            "/paths/~1cats/get/responses/200/content/application~1json/schema",
            "move it to `#/components/schemas`",
        ),
        (
            "a list in no envelope",
            |d| set(d, "/paths/~1cats~1search/get", "x-paging", json!("search")),
            "/paths/~1cats~1search/get/responses/200/content/application~1json/schema",
            "an `allOf` of the envelope and its payload",
        ),
        (
            "an operation outside of the areas of others",
            |d| set(d, "/paths/~1photos", "x-area", json!("photos")),
            LIST,
            "`x-area`",
        ),
        (
            "a resource in several areas",
            |d| {
                set(d, "/paths/~1cats", "x-area", json!("indoors"));
                set(d, "/paths/~1cats~1{id}", "x-area", json!("outdoors"));
            },
            GET,
            "the file of the others",
        ),
        (
            "webhooks beside areas",
            |d| set(d, "/paths/~1cats", "x-area", json!("indoors")),
            "/webhooks",
            "hand-written code",
        ),
    ];
    check(table, |change| refusals(change));
}

/// Returns the refusals of the description with areas after a change.
fn refusals_in_areas(change: impl FnOnce(&mut Value)) -> Vec<Refusal> {
    let mut description = description(&AREAS);
    change(&mut description);
    render(&description, &AREAS).err().unwrap_or_default()
}

#[test]
fn envelopes_and_searches_that_cannot_be_expressed_are_refused() {
    const SCHEMA: &str = "/paths/~1cats~1{id}/get/responses/200/content/application~1json/schema";
    let table: &[Row] = &[
        (
            "an envelope around nothing",
            |d| {
                let only = json!([{"$ref": "#/components/schemas/Envelope"}]);
                set(d, SCHEMA, "allOf", only);
            },
            SCHEMA,
            "describe `data` under `properties`",
        ),
        (
            "an envelope with more than its payload",
            |d| {
                set(
                    d,
                    &format!("{SCHEMA}/allOf/1/properties"),
                    "more",
                    json!({}),
                )
            },
            "/paths/~1cats~1{id}/get/responses/200/content/application~1json/schema/allOf/1/properties/more",
            "remove it",
        ),
        (
            "an envelope in an object",
            |d| {
                let wrapped = json!({"allOf": [
                    {"$ref": "#/components/schemas/Envelope"}, {"properties": {"data": {"type": "string"}}}
                ]});
                set(d, "/components/schemas/Cat/properties", "born", wrapped);
            },
            "/components/schemas/Cat/properties/born",
            "a schema of its own",
        ),
        (
            "a required search term that is not a member",
            |d| {
                set(
                    d,
                    "/components/schemas/DogSearch",
                    "required",
                    json!(["breeds"]),
                )
            },
            "/components/schemas/DogSearch",
            "correct `required`",
        ),
        (
            "a default order by a column that rows do not have",
            |d| set(d, "/paths/~1cats~1search/post", "x-order-by", json!("Size")),
            "/paths/~1cats~1search/post",
            "name a member of the row in `x-order-by`",
        ),
        (
            "the usual order, which rows do not have",
            |d| remove(d, "/paths/~1cats~1search/post", "x-order-by"),
            "/paths/~1cats~1search/post",
            "name a member of the row in `x-order-by`",
        ),
        (
            "an export by a column that the list does not have",
            |d| remove(d, "/paths/~1litters~1export/post", "x-order-by-unlisted"),
            "/paths/~1litters~1export/post",
            "or say in `x-order-by-unlisted`",
        ),
        (
            "a search for one record by a column that it does not have",
            |d| {
                let owner = json!({"schema": {"$ref": "#/components/schemas/Owner"}});
                let found =
                    json!({"200": {"description": "It.", "content": {"application/json": owner}}});
                set(d, "/paths/~1dogs~1search/post", "responses", found);
            },
            "/paths/~1dogs~1search/post",
            "name a member of the row in `x-order-by`",
        ),
        (
            "a column said to be unlisted that rows have",
            |d| {
                set(
                    d,
                    "/paths/~1litters~1search/post",
                    "x-order-by",
                    json!("born"),
                )
            },
            "/paths/~1litters~1search/post",
            "remove `x-order-by-unlisted`",
        ),
        (
            "a request with a member that only the service sets",
            |d| {
                set(
                    d,
                    "/components/schemas/Cat/properties/id",
                    "readOnly",
                    json!(true),
                )
            },
            "/components/schemas/Cat/properties/id",
            "a schema of its own, without the member",
        ),
        (
            "a default that is not a flag",
            |d| {
                let minimum = "/components/schemas/LitterSearch/properties/minimum";
                set(d, minimum, "x-default", json!(1));
            },
            "/components/schemas/LitterSearch/properties/minimum/x-default",
            "remove `x-default`",
        ),
        (
            "a default of a flag that is not a flag",
            |d| {
                let flag = "/components/schemas/LitterSearch/properties/allPages";
                set(d, flag, "x-default", json!({}));
            },
            "/components/schemas/LitterSearch/properties/allPages/x-default",
            "write `true` or `false`",
        ),
        (
            "a default of an object that is not an object",
            |d| set(d, PLACE, "x-default", json!(true)),
            "/components/schemas/LitterSearch/properties/place/x-default",
            "write it as a map",
        ),
        (
            "a default of an object that has members",
            |d| set(d, PLACE, "x-default", json!({"city": "Oslo"})),
            "/components/schemas/LitterSearch/properties/place/x-default",
            "write `{}`",
        ),
        (
            "an empty default of an object that needs a member",
            |d| set(d, "/components/schemas/Place", "required", json!(["city"])),
            "/components/schemas/LitterSearch/properties/place/x-default",
            "remove `x-default`",
        ),
        (
            "a default of a member that is always set",
            |d| {
                let search = "/components/schemas/LitterSearch";
                set(
                    d,
                    search,
                    "required",
                    json!(["mother", "filter", "allPages"]),
                );
            },
            "/components/schemas/LitterSearch/properties/allPages/x-default",
            "the member from `required`",
        ),
        (
            "a length that no text has",
            |d| {
                let mother = "/components/schemas/LitterSearch/properties/mother";
                set(d, mother, "minLength", json!(5));
            },
            "/components/schemas/LitterSearch/properties/mother",
            "correct `minLength`",
        ),
    ];
    check(table, refusals_in_areas);
}
