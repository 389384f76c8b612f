//! Operations: what they are called, what they take and what they give.

use std::collections::BTreeSet;

use super::super::ir::{Body, Operation, Outcome, Parameter, Place, Range, Ty};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};
use super::schema::Schemas;
use super::{confidence, deprecated, described, id_of, prose, source};

/// In the order in which they are listed for one path.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

const JSON: &str = "application/json";

/// An operation that was found and not yet read.
pub(super) struct Found<'a> {
    pub(super) node: Node<'a>,
    item: Node<'a>,
    path: &'a str,
    method: &'static str,
}

/// All operations, by path and method.
pub(super) fn all<'a>(root: &Node<'a>) -> Vec<Read<Found<'a>>> {
    let mut found = Vec::new();
    let items = match root.entries_of("paths") {
        Ok(items) => items,
        Err(refusal) => return vec![Err(refusal)],
    };
    for (path, item) in items {
        if let Err(refusal) = item.only("a path", &[METHODS, &["parameters"]]) {
            found.push(Err(refusal));
        }
        for method in METHODS {
            if let Some(node) = item.get(method) {
                found.push(Ok(Found {
                    node,
                    item: item.clone(),
                    path,
                    method,
                }));
            }
        }
    }
    found
}

/// Reads an operation, and gives its tag.
pub(super) fn read(found: &Found<'_>, schemas: &mut Schemas) -> Read<(Operation, String)> {
    let node = &found.node;
    node.only(
        "an operation",
        &[&[
            "deprecated",
            "description",
            "operationId",
            "parameters",
            "requestBody",
            "responses",
            "security",
            "summary",
            "tags",
            "x-confidence",
            "x-deprecated",
            "x-limit",
            "x-paging",
            "x-repeatable",
            "x-source",
            "x-unconfirmed",
        ]],
    )?;
    let (resource, name) = id(node)?;
    let summary = prose(node, "summary")?;
    if summary.is_empty() {
        return Err(node.refuse(
            "the operation has no summary",
            "add a `summary`: it becomes the documentation",
        ));
    }
    let repeatable = node
        .need(
            "x-repeatable",
            "say `x-repeatable: true` if sending it twice has the effect of sending it once, else `false`",
        )?
        .flag()?;
    let (arguments, options): (Vec<_>, Vec<_>) = parameters(found, schemas)?
        .into_iter()
        .partition(|parameter| parameter.required);
    let (outcome, errors) = responses(node, schemas)?;
    let operation = Operation {
        pointer: node.pointer().to_owned(),
        id: format!("{resource}.{name}"),
        resource,
        name,
        method: found.method.to_uppercase(),
        path: found.path.to_owned(),
        summary,
        description: prose(node, "description")?,
        repeatable,
        limit: node.text_of("x-limit")?.map(str::to_owned),
        unconfirmed: unconfirmed(node)?,
        source: source(node)?,
        confidence: confidence(node)?,
        deprecated: deprecated(node)?,
        body: body(node, schemas)?,
        arguments,
        options,
        outcome,
        errors,
    };
    distinct(node, &operation)?;
    Ok((operation, tag(node)?))
}

/// Resource and method, out of the `operationId`.
fn id(node: &Node<'_>) -> Read<(String, String)> {
    let remedy = "call it `resource.method`, both in snake_case, such as `browsers.list`";
    let id = node.need("operationId", remedy)?;
    let Some((resource, method)) = id.text()?.split_once('.') else {
        return Err(id.refuse("there is no full stop in it", remedy));
    };
    Ok((
        names::check(&id, resource, Use::Resource, "choose another resource name")?,
        names::check(&id, method, Use::Method, "choose another method name")?,
    ))
}

fn tag(node: &Node<'_>) -> Read<String> {
    match node.items_of("tags")?.as_slice() {
        [only] => Ok(only.text()?.to_owned()),
        _ => Err(node.refuse(
            "an operation has exactly one tag",
            "give it the tag of its resource",
        )),
    }
}

fn unconfirmed(node: &Node<'_>) -> Read<Option<String>> {
    let Some(reason) = node.get("x-unconfirmed") else {
        return Ok(None);
    };
    match reason.value().as_str().map(str::trim) {
        Some(text) if !text.is_empty() => Ok(Some(text.to_owned())),
        _ => Err(reason.refuse(
            "nothing says what is not confirmed",
            "write the reason as text: it becomes the documentation",
        )),
    }
}

fn parameters(found: &Found<'_>, schemas: &mut Schemas) -> Read<Vec<Parameter>> {
    let mut read = Vec::new();
    let shared = found.item.items_of("parameters")?;
    for node in shared.into_iter().chain(found.node.items_of("parameters")?) {
        read.push(parameter(node.resolved()?, schemas)?);
    }
    // Arguments come in the order of the path.
    let position = |parameter: &Parameter| match parameter.place {
        Place::Path => found
            .path
            .find(&format!("{{{}}}", parameter.wire))
            .unwrap_or(usize::MAX),
        Place::Query => usize::MAX,
    };
    read.sort_by_key(position);
    let placeholders: BTreeSet<_> = found
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .collect();
    let named: BTreeSet<_> = read
        .iter()
        .filter(|parameter| parameter.place == Place::Path)
        .map(|parameter| parameter.wire.as_str())
        .collect();
    if placeholders != named || found.path.matches('{').count() != placeholders.len() {
        return Err(found.node.refuse(
            "the path's placeholders are not its path parameters",
            "make each placeholder a whole segment, and describe each in `parameters`",
        ));
    }
    if paging(&found.node)?.is_some() {
        let count = read.len();
        read.retain(|parameter| parameter.wire != "nextToken");
        if read.len() == count {
            return Err(found.node.refuse(
                "a list with `x-paging: next-token` has no parameter `nextToken`",
                "describe it in `parameters`",
            ));
        }
    }
    Ok(read)
}

fn parameter(node: Node<'_>, schemas: &mut Schemas) -> Read<Parameter> {
    node.only(
        "a parameter",
        &[&[
            "deprecated",
            "description",
            "example",
            "explode",
            "in",
            "name",
            "required",
            "schema",
            "style",
            "x-deprecated",
            "x-id-of",
            "x-rust-name",
            "x-source",
        ]],
    )?;
    let wire = node.need("name", "name it")?.text()?;
    let place_node = node.need("in", "say `in: query` or `in: path`")?;
    let place = match place_node.text()? {
        "path" => Place::Path,
        "query" => Place::Query,
        other => {
            return Err(place_node.refuse(
                format!("a parameter in the {other} cannot be expressed in generated code"),
                "let the client's hand-written code send it for all calls, and remove it here",
            ));
        }
    };
    let required = node.flag_of("required")?;
    for (key, usual) in [("style", "form"), ("explode", "true")] {
        if let Some(given) = node.get(key)
            && given.value().to_string().trim_matches('"') != usual
        {
            return Err(given.refuse(
                "only parameters that are repeated for each element can be expressed",
                format!("say `{key}: {usual}`, or leave it out"),
            ));
        }
    }
    let schema = node.need("schema", "say which type it has")?;
    let ty = schemas.shape(&schema)?.ty;
    let element = match &ty {
        Ty::List(element) if place == Place::Query => element,
        other => other,
    };
    if matches!(
        element,
        Ty::Json | Ty::Model(_) | Ty::List(_) | Ty::Map(_) | Ty::Float | Ty::Secret
    ) {
        return Err(schema.refuse(
            "a parameter of this type cannot be expressed in generated code",
            "use a string, an integer, a boolean, a time, an enumeration, or a list of these in the query",
        ));
    }
    let what = if required { Use::Argument } else { Use::Option };
    Ok(Parameter {
        wire: wire.to_owned(),
        name: names::of(&node, wire, what)?,
        place,
        required,
        range: Range {
            least: schema.integer_of("minimum")?,
            most: schema.integer_of("maximum")?,
        },
        default: schema.get("default").map(|value| value.value().clone()),
        doc: described(&node, "a parameter")?,
        source: source(&node)?,
        deprecated: deprecated(&node)?,
        id_of: id_of(&node, &ty)?,
        example: node
            .get("example")
            .or_else(|| schema.get("example"))
            .map(|example| example.value().clone()),
        ty,
    })
}

fn body(node: &Node<'_>, schemas: &mut Schemas) -> Read<Option<Body>> {
    let Some(body) = node.get("requestBody") else {
        return Ok(None);
    };
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
    let schema = content(&body)?.ok_or_else(|| {
        body.refuse(
            "the body has no content",
            format!("describe it under `content` as `{JSON}`"),
        )
    })?;
    if schema.get("properties").is_some() {
        return member_body(&schema, schemas).map(Some);
    }
    match schemas.shape(&schema)?.ty {
        Ty::Model(model) => Ok(Some(Body::Model {
            name: names::of(&body, &model, Use::Argument)?,
            model,
        })),
        _ => Err(schema.refuse(
            "a body that is no object cannot be expressed in generated code",
            "describe an object in `#/components/schemas` and refer to it",
        )),
    }
}

/// A body that is described in place: an argument, if it has one member.
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

/// The schema of the JSON in a request or answer.
fn content<'a>(node: &Node<'a>) -> Read<Option<Node<'a>>> {
    let Some(content) = node.get("content") else {
        return Ok(None);
    };
    content.only("content", &[&[JSON]])?;
    let media = content.need(JSON, "describe the JSON")?;
    media.only("content", &[&["example", "examples", "schema"]])?;
    media.need("schema", "describe what it is").map(Some)
}

fn paging<'a>(node: &Node<'a>) -> Read<Option<&'a str>> {
    match node.text_of("x-paging")? {
        style @ (None | Some("next-token")) => Ok(style),
        Some(other) => Err(node.refuse(
            format!("`{other}` is no known way to page"),
            "say `x-paging: next-token`, or leave it out",
        )),
    }
}

/// What the operation gives, and the errors it answers.
fn responses(node: &Node<'_>, schemas: &mut Schemas) -> Read<(Outcome, Vec<(String, String)>)> {
    let all = node.need("responses", "describe the answers")?;
    let (mut outcome, mut errors) = (None, Vec::new());
    for (status, answer) in all.entries()? {
        let answer = answer.resolved()?;
        if !status.starts_with('2') {
            errors.push((status.to_owned(), described(&answer, "an answer")?));
            continue;
        }
        if outcome.is_some() {
            return Err(answer.refuse(
                "several kinds of success cannot be expressed in generated code",
                "leave one",
            ));
        }
        outcome = Some(match (content(&answer)?, paging(node)?) {
            (Some(schema), Some(_)) => Outcome::Page(page_item(&schema, schemas)?),
            (Some(schema), None) => Outcome::Value(schemas.shape(&schema)?.ty),
            (None, None) => Outcome::Empty,
            (None, Some(_)) => {
                return Err(answer.refuse("a list without content", "describe its content"));
            }
        });
    }
    let outcome = outcome.ok_or_else(|| all.refuse("there is no success", "describe a 2xx"))?;
    Ok((outcome, errors))
}

/// The type of the items of a page.
fn page_item(schema: &Node<'_>, schemas: &mut Schemas) -> Read<Ty> {
    let remedy = "describe an object with `result`, a list, and `paging`";
    let properties = schema.need("properties", remedy)?;
    properties.need("paging", remedy)?;
    properties.only("a page", &[&["paging", "result"]])?;
    let result = properties.need("result", remedy)?;
    match schemas.shape(&result)?.ty {
        Ty::List(item) => Ok(*item),
        _ => Err(result.refuse("`result` is no list", remedy)),
    }
}

/// No two arguments, and no two options, may have one name.
fn distinct(node: &Node<'_>, operation: &Operation) -> Read<()> {
    let body = match &operation.body {
        Some(Body::Model { name, .. }) => Some(name),
        Some(Body::Member(member)) => Some(&member.name),
        None => None,
    };
    let arguments: Vec<_> = operation
        .arguments
        .iter()
        .map(|parameter| &parameter.name)
        .chain(body)
        .collect();
    let options: Vec<_> = operation
        .options
        .iter()
        .map(|option| &option.name)
        .collect();
    for names in [arguments, options] {
        let mut seen = BTreeSet::new();
        if let Some(twice) = names.into_iter().find(|name| !seen.insert(*name)) {
            return Err(node.refuse(
                format!("two of its parameters are called `{twice}` in Rust"),
                "give one of them another name with `x-rust-name`",
            ));
        }
    }
    Ok(())
}
