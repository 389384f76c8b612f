//! Reads a description into the intermediate form.

mod annotation;
mod body;
mod combined;
mod consistency;
mod enumeration;
mod keyword;
mod mention;
mod model;
mod operation;
mod parameter;
mod path;
mod resource;
mod responses;
mod scalar;
mod schema;
mod webhook;

use std::collections::BTreeMap;

use serde_json::Value;

use super::ir::Api;
use super::node::{Node, Read, Refusal};
pub(super) use annotation::OWN_ID;
pub(crate) use consistency::sent;
use resource::Resources;
use schema::Schemas;

/// The media type that is decoded and encoded member by member.
const JSON: &str = "application/json";

/// Reads a description.
///
/// # Errors
/// Everything that cannot be expressed, not only the first problem.
pub(crate) fn api(description: &Value) -> Result<Api, Vec<Refusal>> {
    let root = Node::root(description);
    let mut refusals = Vec::new();
    refusals.extend(version(&root).err());
    let in_areas = in_areas(&root);
    // An API with areas has too many members to require a description of each.
    let mut schemas = Schemas::new(&root, in_areas);
    let mut resources = Resources::new(in_areas);
    for found in path::all(&root) {
        let read = found.and_then(|found| {
            let (operation, tag) = operation::read(&found, &mut schemas)?;
            resources.add(&found, operation, tag)
        });
        refusals.extend(read.err());
    }
    let (webhooks, refused) = webhook::all(&root, in_areas, &mut schemas);
    refusals.extend(refused);
    let types = schemas.finish(&root).unwrap_or_else(|refused| {
        refusals.extend(refused);
        BTreeMap::new()
    });
    let (resources, refused) = resources.finish(&root);
    refusals.extend(refused);
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let api = Api {
        resources,
        types,
        webhooks,
    };
    match consistency::check(&api) {
        refusals if refusals.is_empty() => Ok(api),
        refusals => Err(refusals),
    }
}

fn in_areas(root: &Node<'_>) -> bool {
    let paths = root.entries_of("paths").unwrap_or_default();
    paths.iter().any(|(_, item)| item.get("x-area").is_some())
}

fn version(root: &Node<'_>) -> Read<()> {
    let version = root.need("openapi", "say `openapi: 3.1.0`")?;
    if !version.text()?.starts_with("3.1.") {
        return Err(version.refuse("this is not OpenAPI 3.1", "rewrite it as OpenAPI 3.1"));
    }
    root.only(
        "a description",
        &[&[
            "openapi",
            "info",
            "servers",
            "security",
            "tags",
            "paths",
            "webhooks",
            "components",
            "x-unresolved-operations",
        ]],
    )
}
