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
mod responses;
mod scalar;
mod schema;
mod webhook;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::ir::{Api, Resource};
use super::node::{Node, Read, Refusal};
pub(super) use annotation::OWN_ID;
pub(crate) use consistency::sent;
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
    let mut keep = |result: Read<()>| refusals.extend(result.err());

    keep(version(&root));
    let in_areas = in_areas(&root);
    // An API with areas has too many members to require a description of each.
    let mut schemas = Schemas::new(&root, in_areas);
    let mut operations = BTreeMap::<String, Vec<_>>::new();
    let mut tags = BTreeMap::<String, (String, String)>::new();
    let mut areas = BTreeMap::<String, Option<String>>::new();
    let mut ids = BTreeSet::new();
    for found in path::all(&root) {
        let read = found.and_then(|place| {
            let (operation, tag) = operation::read(&place, &mut schemas)?;
            if in_areas && place.area.is_none() {
                return Err(place.node.refuse(
                    "it has no area, unlike others",
                    "say `x-area` at the root of its document",
                ));
            }
            if !ids.insert(operation.id.clone()) {
                return Err(place.node.refuse(
                    format!("a second operation is called `{}`", operation.id),
                    "change one `operationId`",
                ));
            }
            let (first, _) = tags
                .entry(operation.resource.clone())
                .or_insert_with(|| (tag.clone(), operation.id.clone()));
            if *first != tag {
                return Err(place.node.refuse(
                    format!(
                        "the operations of `{}` have several tags",
                        operation.resource
                    ),
                    format!("give it the tag `{first}`, or another resource in its `operationId`"),
                ));
            }
            let area = areas
                .entry(operation.resource.clone())
                .or_insert_with(|| place.area.clone());
            if *area != place.area {
                return Err(place.node.refuse(
                    format!("`{}` is in several areas", operation.resource),
                    "put it into the file of the others, or give it another resource in its `operationId`",
                ));
            }
            operations
                .entry(operation.resource.clone())
                .or_default()
                .push(operation);
            Ok(())
        });
        keep(read);
    }

    if let Some(node) = root.get("webhooks")
        && in_areas
    {
        keep(Err(node.refuse(
            "webhooks of an API that has areas cannot be expressed in generated code",
            "read them by hand-written code, and remove them here",
        )));
    }
    let mut webhooks = Vec::new();
    match root.entries_of("webhooks") {
        Ok(entries) => {
            for (_, node) in entries {
                match webhook::read(&node, &mut schemas) {
                    Ok(webhook) => webhooks.push(webhook),
                    Err(refusal) => keep(Err(refusal)),
                }
            }
        }
        Err(refusal) => keep(Err(refusal)),
    }

    let types = match schemas.finish(&root) {
        Ok(types) => types,
        Err(more) => {
            more.into_iter().for_each(|refusal| keep(Err(refusal)));
            BTreeMap::new()
        }
    };
    let mut resources = Vec::new();
    for (name, operations) in operations {
        match tag_doc(&root, &tags[&name].0) {
            Ok(doc) => resources.push(Resource {
                area: areas[&name].clone(),
                name,
                doc,
                operations,
            }),
            Err(refusal) => keep(Err(refusal)),
        }
    }
    // If no operation asks for an example, all have one.
    let operations = || {
        resources
            .iter()
            .flat_map(|resource: &Resource| &resource.operations)
    };
    if !operations().any(|operation| operation.example) {
        for resource in &mut resources {
            for operation in &mut resource.operations {
                operation.example = true;
            }
        }
    }
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

fn tag_doc(root: &Node<'_>, tag: &str) -> Read<String> {
    let remedy = "describe it: the text becomes the documentation of the resource";
    for node in root.items_of("tags")? {
        if node.text_of("name")? == Some(tag) {
            return Ok(node.need("description", remedy)?.text()?.trim().to_owned());
        }
    }
    Err(root.refuse(
        format!("the tag `{tag}` is used but not listed under `tags`"),
        remedy,
    ))
}
