//! Webhooks: the types of their payloads. Hand-written code reads envelopes and signatures.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::ir::Webhook;
use super::super::node::{Node, Read, Refusal};
use super::schema::Schemas;

/// Reads all webhooks, and returns what is refused as well.
pub(super) fn all(
    root: &Node<'_>,
    in_areas: bool,
    schemas: &mut Schemas,
) -> (Vec<Webhook>, Vec<Refusal>) {
    let (mut webhooks, mut refusals) = (Vec::new(), Vec::new());
    if let Some(node) = root.get("webhooks")
        && in_areas
    {
        refusals.push(node.refuse(
            "webhooks of an API that has areas cannot be expressed in generated code",
            "read them by hand-written code, and remove them here",
        ));
    }
    let entries = root.entries_of("webhooks").unwrap_or_else(|refusal| {
        refusals.push(refusal);
        Vec::new()
    });
    for (_, node) in entries {
        match read(&node, schemas) {
            Ok(webhook) => webhooks.push(webhook),
            Err(refusal) => refusals.push(refusal),
        }
    }
    (webhooks, refusals)
}

/// Reads the payload of a webhook.
fn read(node: &Node<'_>, schemas: &mut Schemas) -> Read<Webhook> {
    let post = node.need("post", "webhooks are delivered with POST")?;
    let group = match post.items_of("tags")?.as_slice() {
        [only] => only.text()?.to_owned(),
        _ => return Err(post.refuse("a webhook has exactly one tag", "give it one")),
    };
    let schema = post
        .need("requestBody", "describe what is delivered")?
        .need("content", "describe what is delivered")?
        .need("application/json", "describe what is delivered")?
        .need("schema", "describe what is delivered")?;
    let mut parts = Parts::default();
    collect(&schema, schemas, &mut parts)?;
    let remedy = "say `category: {const: …}` and `object: {const: …}`, or `object: {enum: […]}`";
    let category = parts
        .category
        .ok_or_else(|| schema.refuse("the category of the event is not said", remedy))?;
    if parts.objects.is_empty() {
        return Err(schema.refuse("the object of the event is not said", remedy));
    }
    Ok(Webhook {
        group,
        category,
        objects: parts.objects,
        types: parts.types.into_iter().collect(),
    })
}

#[derive(Default)]
struct Parts {
    category: Option<String>,
    objects: Vec<String>,
    types: BTreeSet<String>,
}

/// Collects the types in an envelope, which may be combined from several.
fn collect(node: &Node<'_>, schemas: &mut Schemas, parts: &mut Parts) -> Read<()> {
    if let Some((_, target)) = node.reference()? {
        if target.get("x-handwritten").is_some() {
            return collect(&target, schemas, parts);
        }
        return take(node, schemas, parts);
    }
    for part in node.items_of("allOf")? {
        collect(&part, schemas, parts)?;
    }
    for (name, member) in node.entries_of("properties")? {
        let fixed = member.get("const").map(|value| vec![value]);
        let fixed = fixed.map_or_else(|| member.items_of("enum"), Ok)?;
        match (name, fixed.as_slice()) {
            ("category", [only]) => parts.category = Some(only.text()?.to_owned()),
            ("object", [_, ..]) => {
                parts.objects = fixed
                    .iter()
                    .map(|value| Ok(value.text()?.to_owned()))
                    .collect::<Read<_>>()?;
            }
            _ if mentions_types(member.value()) => take(&member, schemas, parts)?,
            _ => {}
        }
    }
    Ok(())
}

fn take(node: &Node<'_>, schemas: &mut Schemas, parts: &mut Parts) -> Read<()> {
    let shape = schemas.shape(node)?;
    parts.types.extend(shape.ty.named().map(str::to_owned));
    Ok(())
}

fn mentions_types(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(mentions_types),
        Value::Object(map) => map.contains_key("$ref") || map.values().any(mentions_types),
        _ => false,
    }
}
