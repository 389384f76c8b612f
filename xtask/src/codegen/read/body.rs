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
    let (encoding, media) = content(&body)?;
    media.only("content", &[&["encoding", "example", "examples", "schema"]])?;
    let schema = media.need("schema", "describe what it is")?;
    if encoding == Encoding::Json && schema.get("properties").is_some() {
        return member_body(&schema, schemas).map(Some);
    }
    let described = Described {
        operation: node,
        body: &body,
        schema: &schema,
    };
    described.read(encoding, schemas).map(Some)
}

/// Returns the encoding of a body, and what describes its content.
fn content<'a>(body: &Node<'a>) -> Read<(Encoding, Node<'a>)> {
    let none = || {
        body.refuse(
            "the body has no content",
            format!("describe it under `content` as `{JSON}`"),
        )
    };
    let content = body.get("content").ok_or_else(none)?;
    match content.entries()?.as_slice() {
        [] => Err(none()),
        [(media_type, media)] => {
            let known = ENCODINGS.iter().find(|(name, _)| name == media_type);
            let (_, encoding) = known.ok_or_else(|| {
                let known: Vec<_> = ENCODINGS.iter().map(|(name, _)| *name).collect();
                media.refuse(
                    format!("a body that is `{media_type}` cannot be expressed in generated code"),
                    format!("describe it as one of {}", known.join(", ")),
                )
            })?;
            Ok((*encoding, media.clone()))
        }
        _ => Err(content.refuse(
            "a body of several kinds cannot be expressed in generated code",
            "leave one, or say `x-internal: true` and write the call by hand",
        )),
    }
}

/// A body that a schema describes, and its operation.
struct Described<'a> {
    operation: &'a Node<'a>,
    body: &'a Node<'a>,
    schema: &'a Node<'a>,
}

impl Described<'_> {
    fn read(&self, encoding: Encoding, schemas: &mut Schemas) -> Read<Body> {
        let is_json = encoding == Encoding::Json;
        match schemas.shape(self.schema)?.ty {
            Ty::Own(path) if is_json && self.is_search()? => {
                let type_name = path.rsplit("::").next().unwrap_or(&path).to_owned();
                self.search(&type_name, Ty::Own(path))
            }
            Ty::Model(model) if is_json && schemas.is_search(&model) => {
                self.search(&model.clone(), Ty::Model(model))
            }
            Ty::Model(model) => {
                schemas.write_as(self.schema, &model, encoding)?;
                Ok(Body::Model {
                    name: self.argument(&model)?,
                    model,
                    encoding,
                })
            }
            ty @ Ty::List(_) if is_json => Ok(Body::List {
                name: names::of(self.body, "items", Use::Argument)?,
                ty,
            }),
            _ => Err(self.schema.refuse(
                "a body that is not an object cannot be expressed in generated code",
                "describe an object in `#/components/schemas` and refer to it",
            )),
        }
    }

    fn is_search(&self) -> Read<bool> {
        self.schema.clone().resolved()?.flag_of("x-search")
    }

    fn search(&self, type_name: &str, ty: Ty) -> Read<Body> {
        let order_by = self.operation.text_of("x-order-by")?;
        let unlisted = self.operation.text_of("x-order-by-unlisted")?;
        Ok(Body::Search {
            name: self.argument(type_name)?,
            order_by: order_by.unwrap_or(USUAL_ORDER).to_owned(),
            unlisted: unlisted.is_some(),
            ty,
        })
    }

    /// Returns the name of the body: its `x-rust-name`, or the `x-argument` of its schema, or a name made from its
    /// type, or `body` if a parameter has that name.
    fn argument(&self, type_name: &str) -> Read<String> {
        let name = match self.schema.clone().resolved()?.text_of("x-argument")? {
            Some(name) => name.to_owned(),
            None => names::argument_of(type_name),
        };
        let mut taken = self.operation.items_of("parameters")?.into_iter();
        let taken = taken.any(|parameter| {
            let parameter = parameter.resolved().ok();
            let name_of = parameter
                .and_then(|parameter| parameter.text_of("name").ok().flatten().map(str::to_owned));
            name_of.is_some_and(|wire| wire.to_snake_case() == name)
        });
        names::of(self.body, if taken { "body" } else { &name }, Use::Argument)
    }
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
