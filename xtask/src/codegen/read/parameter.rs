//! Parameters of paths and queries.

use std::collections::BTreeSet;

use super::super::ir::{Parameter, Place, Range, Ty};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};
use super::annotation::{deprecated, described, id_of, source};
use super::path::Found;
use super::responses::{Style, paging};
use super::scalar::uncoded;
use super::schema::Schemas;

/// Reads the parameters of an operation, except the one that selects the page.
pub(super) fn parameters(found: &Found<'_>, schemas: &mut Schemas) -> Read<Vec<Parameter>> {
    let page = paging(&found.node)?.and_then(Style::parameter);
    let (mut read, mut paged) = (Vec::new(), false);
    let shared = found.item.items_of("parameters")?;
    for node in shared.into_iter().chain(found.node.items_of("parameters")?) {
        let node = node.resolved()?;
        if page.is_some() && node.text_of("name")? == page && node.text_of("in")? == Some("query") {
            paged = true;
        } else {
            read.push(parameter(node, schemas)?);
        }
    }
    if let Some(name) = page
        && !paged
    {
        return Err(found.node.refuse(
            format!("a list that is paged so has a parameter `{name}` in the query"),
            "describe it in `parameters`",
        ));
    }
    // Arguments are in the order of the path.
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
    Ok(read)
}

/// The keywords of parameters.
const KEYWORDS: &[&str] = &[
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
];

fn parameter(node: Node<'_>, schemas: &mut Schemas) -> Read<Parameter> {
    node.only("a parameter", &[KEYWORDS])?;
    let wire = node.need("name", "name it")?.text()?;
    let place = place(&node)?;
    let required = node.flag_of("required")?;
    usual_style(&node)?;
    let schema = node.need("schema", "say which type it has")?;
    let ty = schemas.shape(&schema)?.ty;
    if ty.counts() {
        uncoded(&node)?;
    }
    writable(&schema, place, &ty)?;
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

fn place(node: &Node<'_>) -> Read<Place> {
    let place = node.need("in", "say `in: query` or `in: path`")?;
    match place.text()? {
        "path" => Ok(Place::Path),
        "query" => Ok(Place::Query),
        other => Err(place.refuse(
            format!("a parameter in the {other} cannot be expressed in generated code"),
            "let the client's hand-written code send it for all calls, and remove it here",
        )),
    }
}

/// Refuses a list that is written in another way than as one parameter for each element.
fn usual_style(node: &Node<'_>) -> Read<()> {
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
    Ok(())
}

/// Refuses a type that cannot be written into a path or query.
fn writable(schema: &Node<'_>, place: Place, ty: &Ty) -> Read<()> {
    let element = match ty {
        Ty::List(element) if place == Place::Query => element,
        other => other,
    };
    if matches!(
        element,
        Ty::Json
            | Ty::Model(_)
            | Ty::List(_)
            | Ty::Map(_)
            | Ty::Optional(_)
            | Ty::Float
            | Ty::File
            | Ty::Own(_)
    ) || *element == Ty::Secret && element != ty
    {
        return Err(schema.refuse(
            "a parameter of this type cannot be expressed in generated code",
            "use a string, an integer, a boolean, a time, an enumeration, or a list of these in the query; a secret only alone",
        ));
    }
    Ok(())
}
