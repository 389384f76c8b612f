//! What operations, parameters and members have in common: descriptions, sources, deprecation, where ids come from.

use super::super::ir::{Confidence, Source, Ty};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};

/// Reads a summary or description, without surrounding line breaks.
pub(super) fn prose(node: &Node<'_>, key: &str) -> Read<String> {
    Ok(node.text_of(key)?.unwrap_or_default().trim().to_owned())
}

pub(super) fn source(node: &Node<'_>) -> Read<Option<Source>> {
    let Some(given) = node.get("x-source") else {
        return Ok(None);
    };
    Ok(Some(match given.text()? {
        "vendor-documentation" => Source::VendorDocumentation,
        "vendor-index" => Source::VendorIndex,
        "public-client" => Source::PublicClient,
        "public-sample" => Source::PublicSample,
        "server-source" => Source::ServerCode,
        "inferred" => Source::Inferred,
        other => {
            return Err(given.refuse(
                format!("`{other}` is not a kind of source"),
                "say vendor-documentation, vendor-index, server-source, public-client, public-sample or inferred",
            ));
        }
    }))
}

pub(super) fn confidence(node: &Node<'_>) -> Read<Confidence> {
    let Some(given) = node.get("x-confidence") else {
        return Ok(Confidence::High);
    };
    match given.text()? {
        "high" => Ok(Confidence::High),
        "medium" => Ok(Confidence::Medium),
        "low" => Ok(Confidence::Low),
        other => Err(given.refuse(
            format!("`{other}` is not a degree of confidence"),
            "say high, medium or low",
        )),
    }
}

/// Reads what to use instead of a deprecated item.
pub(super) fn deprecated(node: &Node<'_>) -> Read<Option<String>> {
    let note = node.text_of("x-deprecated")?;
    match (node.flag_of("deprecated")?, note) {
        (true, Some(note)) => Ok(Some(note.trim().to_owned())),
        (false, None) => Ok(None),
        (true, None) => Err(node.refuse(
            "it is deprecated, but nothing says why",
            "say in `x-deprecated` what to do instead",
        )),
        (false, Some(_)) => Err(node.refuse(
            "`x-deprecated` requires `deprecated`",
            "add `deprecated: true`",
        )),
    }
}

/// The value of `x-id-of` for the operation's resource, for schemas that several resources share.
pub(in super::super) const OWN_ID: &str = "self";

/// Reads the source of an id: a resource with a list; an operation, with `/` and a member of its response if needed; or
/// `self` for the operation's resource.
pub(super) fn id_of(node: &Node<'_>, ty: &Ty) -> Read<Option<String>> {
    let Some(given) = node.get("x-id-of") else {
        return Ok(None);
    };
    let resource = given.text()?;
    let operation = resource.split('/').next().unwrap_or_default();
    let prefix = format!("{resource}.");
    let operations = node.all_named("operationId");
    let exists = resource == OWN_ID
        || operations
            .iter()
            .any(|id| id.starts_with(&prefix) || *id == operation);
    let is_text = match ty {
        Ty::List(inner) => **inner == Ty::Text,
        ty => *ty == Ty::Text,
    };
    match (exists, ty) {
        (true, _) if is_text => Ok(Some(resource.to_owned())),
        (true, _) => Err(given.refuse("an id is text", "leave out `x-id-of`")),
        (false, _) => Err(given.refuse(
            format!("there is no resource `{resource}`"),
            "name the resource as the `operationId`s do",
        )),
    }
}

pub(super) fn described(node: &Node<'_>, what: &str) -> Read<String> {
    let doc = prose(node, "description")?;
    if doc.is_empty() {
        return Err(node.refuse(
            format!("{what} has no description"),
            "add a `description`: it becomes the documentation",
        ));
    }
    Ok(doc)
}

/// Reads the description, unless it only repeats the name.
pub(super) fn told(node: &Node<'_>, wire: &str) -> Read<String> {
    let doc = prose(node, "description")?;
    Ok(match names::repeats(&doc, wire) {
        true => String::new(),
        false => doc,
    })
}

pub(super) fn member_name(node: &Node<'_>, wire: &str) -> Read<String> {
    names::of(node, wire, Use::Member)
}
