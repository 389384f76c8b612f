//! Responses: the values, lists and errors that operations return.

use super::super::ir::{Outcome, Ty};
use super::super::node::{Node, Read};
use super::JSON;
use super::annotation::described;
use super::schema::Schemas;

/// The kind of paging of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    NextToken,
    PageNumber,
    Search,
}

impl Style {
    const ALL: &[(&str, Self)] = &[
        ("next-token", Self::NextToken),
        ("page-number", Self::PageNumber),
        ("search", Self::Search),
    ];

    /// Returns the parameter that selects the page.
    pub(super) fn parameter(self) -> Option<&'static str> {
        match self {
            Self::NextToken => Some("nextToken"),
            Self::PageNumber => Some("page"),
            Self::Search => None,
        }
    }
}

/// Reads how the list of an operation is paged.
pub(super) fn paging(node: &Node<'_>) -> Read<Option<Style>> {
    let Some(given) = node.text_of("x-paging")? else {
        return Ok(None);
    };
    let known = Style::ALL.iter().find(|(name, _)| *name == given);
    match known {
        Some((_, style)) => Ok(Some(*style)),
        None => {
            let names: Vec<_> = Style::ALL.iter().map(|(name, _)| *name).collect();
            Err(node.refuse(
                format!("`{given}` is not a known kind of paging"),
                format!("say one of {}, or leave it out", names.join(", ")),
            ))
        }
    }
}

/// The responses of an operation.
pub(super) struct Responses {
    pub(super) outcome: Outcome,
    /// The schemas that wrap the value, outermost first.
    pub(super) wrappers: Vec<String>,
    /// Error statuses and their meanings.
    pub(super) errors: Vec<(String, String)>,
}

/// Reads the responses of an operation.
pub(super) fn responses(node: &Node<'_>, schemas: &mut Schemas) -> Read<Responses> {
    let all = node.need("responses", "describe the responses")?;
    let (mut outcome, mut errors) = (None, Vec::new());
    for (status, response) in all.entries()? {
        let response = response.resolved()?;
        if !status.starts_with('2') {
            errors.push((status.to_owned(), described(&response, "a response")?));
            continue;
        }
        if outcome.is_some() {
            return Err(response.refuse(
                "several kinds of success cannot be expressed in generated code",
                "leave one",
            ));
        }
        outcome = Some(success(&response, paging(node)?, schemas)?);
    }
    let (outcome, wrappers) =
        outcome.ok_or_else(|| all.refuse("there is no success", "describe a 2xx"))?;
    Ok(Responses {
        outcome,
        wrappers,
        errors,
    })
}

fn success(
    response: &Node<'_>,
    paging: Option<Style>,
    schemas: &mut Schemas,
) -> Read<(Outcome, Vec<String>)> {
    let media = response.get("content").map(|content| content.entries());
    let media = media.transpose()?.unwrap_or_default();
    let (media_type, media) = match (media.as_slice(), paging) {
        ([], None) => return Ok((Outcome::Empty, Vec::new())),
        ([], Some(_)) => {
            return Err(response.refuse("a list without content", "describe its content"));
        }
        ([(media_type, media)], _) => (*media_type, media),
        _ => {
            return Err(response.refuse(
                "content of several kinds cannot be expressed in generated code",
                "leave one",
            ));
        }
    };
    media.only("content", &[&["example", "examples", "schema"]])?;
    if media_type != JSON {
        return Ok((Outcome::Download, Vec::new()));
    }
    let schema = media.need("schema", "describe what it is")?;
    let bare = |item| (Outcome::Page(item), Vec::new());
    match paging {
        Some(Style::NextToken) => page_item(&schema, schemas).map(bare),
        Some(Style::PageNumber) => page_of_list(&schema, schemas).map(bare),
        Some(Style::Search) => page_in_envelope(&schema, schemas),
        None => {
            let shape = schemas.shape(&schema)?;
            // An absent object or list is decoded as an empty one.
            let fills = match shape.ty {
                Ty::Model(_) | Ty::List(_) | Ty::Map(_) => true,
                // Within an envelope an absent JSON value is decoded as null.
                Ty::Json => !shape.wrappers.is_empty(),
                _ => false,
            };
            let outcome = Outcome::Value {
                optional: (!shape.wrappers.is_empty() || shape.nullable) && !fills,
                ty: shape.ty,
            };
            Ok((outcome, shape.wrappers))
        }
    }
}

/// Returns the item type of a page that is a list, or an object with one list.
fn page_of_list(schema: &Node<'_>, schemas: &mut Schemas) -> Read<Ty> {
    let target = schema.clone().resolved()?;
    let entries = target.entries_of("properties")?;
    let list = match entries.as_slice() {
        [] => target,
        [(_, only)] => only.clone(),
        _ => {
            return Err(schema.refuse(
                "which member of the page is the list cannot be determined",
                "leave one member",
            ));
        }
    };
    match schemas.shape(&list)?.ty {
        Ty::List(item) => Ok(*item),
        _ => Err(list.refuse(
            "this is not a list",
            "describe a list, or an object with a list",
        )),
    }
}

/// Returns the item type of a page in an envelope.
fn page_in_envelope(schema: &Node<'_>, schemas: &mut Schemas) -> Read<(Outcome, Vec<String>)> {
    let shape = schemas.shape(schema)?;
    match shape.ty {
        Ty::List(item) if !shape.wrappers.is_empty() => Ok((Outcome::Page(*item), shape.wrappers)),
        _ => Err(schema.refuse(
            "this is not a page",
            "describe an `allOf` of the envelope and its payload, which is one of a page and its items",
        )),
    }
}

/// Returns the item type of a page.
fn page_item(schema: &Node<'_>, schemas: &mut Schemas) -> Read<Ty> {
    let remedy = "describe an object with `result`, a list, and `paging`";
    let properties = schema.need("properties", remedy)?;
    properties.need("paging", remedy)?;
    properties.only("a page", &[&["paging", "result"]])?;
    let result = properties.need("result", remedy)?;
    match schemas.shape(&result)?.ty {
        Ty::List(item) => Ok(*item),
        _ => Err(result.refuse("`result` is not a list", remedy)),
    }
}
