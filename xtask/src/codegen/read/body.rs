//! Request bodies.

use heck::ToSnakeCase as _;

use super::super::ir::{Body, Encoding, Ty};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};
use super::JSON;
use super::schema::Schemas;

/// The encodings of request bodies.
const ENCODINGS: &[(&str, Encoding)] = &[
    (JSON, Encoding::Json),
    ("multipart/form-data", Encoding::Multipart),
    ("application/x-www-form-urlencoded", Encoding::UrlEncoded),
];

/// The column by which most lists are sorted.
const USUAL_ORDER: &str = "CreateTime";

/// Reads the body of an operation.
pub(super) fn body(node: &Node<'_>, schemas: &mut Schemas) -> Read<Option<Body>> {
    let Some(body) = node.get("requestBody") else {
        return Ok(None);
    };
    // Hand-written code builds the body.
    if node.flag_of("x-internal")? {
        return Ok(None);
    }
    let body = body.resolved()?;
    body.only(
        "a request body",
        &[&["content", "description", "required", "x-rust-name"]],
    )?;
    if !body.flag_of("required")? {
        return Err(body.refuse(
            "an optional body cannot be expressed in generated code",
            "say `required: true`",
        ));
    }
    let none = || {
        body.refuse(
            "the body has no content",
            format!("describe it under `content` as `{JSON}`"),
        )
    };
    let content = body.get("content").ok_or_else(none)?;
    let (encoding, media) = match content.entries()?.as_slice() {
        [] => return Err(none()),
        [(media_type, media)] => {
            let known = ENCODINGS.iter().find(|(name, _)| name == media_type);
            let (_, encoding) = known.ok_or_else(|| {
                let known: Vec<_> = ENCODINGS.iter().map(|(name, _)| *name).collect();
                media.refuse(
                    format!("a body that is `{media_type}` cannot be expressed in generated code"),
                    format!("describe it as one of {}", known.join(", ")),
                )
            })?;
            (*encoding, media.clone())
        }
        _ => {
            return Err(content.refuse(
                "a body of several kinds cannot be expressed in generated code",
                "leave one, or say `x-internal: true` and write the call by hand",
            ));
        }
    };
    media.only("content", &[&["encoding", "example", "examples", "schema"]])?;
    let schema = media.need("schema", "describe what it is")?;
    let is_json = encoding == Encoding::Json;
    if is_json && schema.get("properties").is_some() {
        return member_body(&schema, schemas).map(Some);
    }
    let order_by = || {
        Ok(node
            .text_of("x-order-by")?
            .unwrap_or(USUAL_ORDER)
            .to_owned())
    };
    let unlisted = || Ok(node.text_of("x-order-by-unlisted")?.is_some());
    match schemas.shape(&schema)?.ty {
        Ty::Own(path) if is_json && schema.clone().resolved()?.flag_of("x-search")? => {
            let type_name = path.rsplit("::").next().unwrap_or(&path);
            Ok(Some(Body::Search {
                name: argument(&body, &schema, type_name, node)?,
                order_by: order_by()?,
                unlisted: unlisted()?,
                ty: Ty::Own(path),
            }))
        }
        Ty::Model(model) if is_json && schemas.is_search(&model) => Ok(Some(Body::Search {
            name: argument(&body, &schema, &model, node)?,
            order_by: order_by()?,
            unlisted: unlisted()?,
            ty: Ty::Model(model),
        })),
        Ty::Model(model) => {
            schemas.write_as(&schema, &model, encoding)?;
            Ok(Some(Body::Model {
                name: argument(&body, &schema, &model, node)?,
                model,
                encoding,
            }))
        }
        ty @ Ty::List(_) if is_json => Ok(Some(Body::List {
            name: names::of(&body, "items", Use::Argument)?,
            ty,
        })),
        _ => Err(schema.refuse(
            "a body that is not an object cannot be expressed in generated code",
            "describe an object in `#/components/schemas` and refer to it",
        )),
    }
}

/// Returns the name of a body: its `x-rust-name`, or the `x-argument` of its schema, or a name made from its type, or
/// `body` if a parameter has that name.
fn argument(body: &Node<'_>, schema: &Node<'_>, model: &str, operation: &Node<'_>) -> Read<String> {
    let name = match schema.clone().resolved()?.text_of("x-argument")? {
        Some(name) => name.to_owned(),
        None => names::argument_of(model),
    };
    let mut taken = operation.items_of("parameters")?.into_iter();
    let taken = taken.any(|parameter| {
        let parameter = parameter.resolved().ok();
        let name_of = parameter
            .and_then(|parameter| parameter.text_of("name").ok().flatten().map(str::to_owned));
        name_of.is_some_and(|wire| wire.to_snake_case() == name)
    });
    names::of(body, if taken { "body" } else { &name }, Use::Argument)
}

/// Reads a body that is described in place. Its single member becomes an argument.
fn member_body(schema: &Node<'_>, schemas: &mut Schemas) -> Read<Body> {
    schema.only(
        "a body described in place",
        &[&["description", "properties", "required", "type"]],
    )?;
    let entries = schema.entries_of("properties")?;
    let required = schema.items_of("required")?;
    match (entries.as_slice(), required.as_slice()) {
        ([(wire, node)], [name]) if name.text()? == *wire => {
            Ok(Body::Member(Box::new(schemas.member(node, wire, true)?)))
        }
        _ => Err(schema.refuse(
            "a body described in place must have exactly one member, a required one",
            "move the schema to `#/components/schemas` and refer to it",
        )),
    }
}
