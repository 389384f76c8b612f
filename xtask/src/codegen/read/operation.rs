//! Operations: their names, parameters and results.

use std::collections::BTreeSet;

use super::super::ir::{Body, Edition, Operation};
use super::super::names::{self, Use};
use super::super::node::{Node, Read};
use super::annotation::{confidence, deprecated, prose, source};
use super::body::body;
use super::parameter::parameters;
use super::path::Found;
use super::responses::{Responses, responses};
use super::schema::Schemas;

/// The keywords of operations.
const KEYWORDS: &[&str] = &[
    "deprecated",
    "description",
    "operationId",
    "parameters",
    "requestBody",
    "responses",
    "security",
    "summary",
    "tags",
    "x-call",
    "x-eventually",
    "x-confidence",
    "x-deprecated",
    "x-edition",
    "x-example",
    "x-internal",
    "x-limit",
    "x-order-by",
    "x-order-by-unlisted",
    "x-paging",
    "x-refusing",
    "x-replaces",
    "x-rust-name",
    "x-idempotent",
    "x-source",
    "x-unconfirmed",
];

/// Reads an operation, and returns it with its tag.
pub(super) fn read(found: &Found<'_>, schemas: &mut Schemas) -> Read<(Operation, String)> {
    let node = &found.node;
    node.only("an operation", &[KEYWORDS])?;
    let (resource, name) = id(node)?;
    let summary = summary(node)?;
    let idempotent = idempotent(node)?;
    let (arguments, options): (Vec<_>, Vec<_>) = parameters(found, schemas)?
        .into_iter()
        .partition(|parameter| parameter.required);
    let Responses {
        outcome,
        wrappers,
        errors,
    } = responses(node, schemas)?;
    let internal = node.flag_of("x-internal")?;
    let operation = Operation {
        pointer: node.pointer().to_owned(),
        id: format!("{resource}.{name}"),
        resource,
        name,
        method: found.method.to_uppercase(),
        path: found.path.to_owned(),
        summary,
        description: description(found)?,
        idempotent,
        limit: node.text_of("x-limit")?.map(str::to_owned),
        refusing: refusing(node)?,
        anonymous: anonymous(node)?,
        internal,
        call: node.text_of("x-call")?.map(str::to_owned),
        call_type: call_type(node, !internal && !options.is_empty())?,
        eventually: node.text_of("x-eventually")?.is_some(),
        example: node.flag_of("x-example")?,
        unconfirmed: unconfirmed(node)?,
        source: source(node)?,
        confidence: confidence(node)?,
        edition: edition(node)?,
        deprecated: deprecated(node)?,
        body: body(node, schemas)?,
        arguments,
        options,
        outcome,
        wrappers,
        errors,
    };
    distinct(node, &operation)?;
    callable(node, &operation)?;
    ordered_if_searched(node, &operation)?;
    Ok((operation, tag(node)?))
}

fn summary(node: &Node<'_>) -> Read<String> {
    let summary = prose(node, "summary")?;
    if summary.is_empty() {
        return Err(node.refuse(
            "the operation has no summary",
            "add a `summary`: it becomes the documentation",
        ));
    }
    Ok(summary)
}

fn idempotent(node: &Node<'_>) -> Read<bool> {
    node.need(
        "x-idempotent",
        "say `x-idempotent: true` if sending it twice has the same effect as sending it once, else `false`",
    )?
    .flag()
}

/// The documentation of an operation with `x-replaces: true`.
const REPLACES: &str = "Taken to replace the whole record: get it first, and send all of it.";

/// Reads the description. It begins with a warning if the body replaces a record, which every PUT must state.
fn description(found: &Found<'_>) -> Read<String> {
    let node = &found.node;
    let given = prose(node, "description")?;
    let could = found.method == "put" && node.get("requestBody").is_some();
    match node.get("x-replaces") {
        None if could => Err(node.refuse(
            "nothing says whether this PUT replaces a record",
            "say `x-replaces: true` if members that are not sent are lost, else `false`",
        )),
        Some(said) if !could => {
            Err(said.refuse("only a PUT with a body can replace a record", "remove it"))
        }
        Some(said) if said.flag()? && given.is_empty() => Ok(REPLACES.to_owned()),
        Some(said) if said.flag()? => Ok(format!("{REPLACES} {given}")),
        _ => Ok(given),
    }
}

/// Splits the `operationId` into resource and method.
fn id(node: &Node<'_>) -> Read<(String, String)> {
    let remedy = "call it `resource.method`, both in snake_case, such as `browsers.list`";
    let id = node.need("operationId", remedy)?;
    let Some((resource, method)) = id.text()?.split_once('.') else {
        return Err(id.refuse("it has no full stop", remedy));
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

fn edition(node: &Node<'_>) -> Read<Option<Edition>> {
    let Some(given) = node.get("x-edition") else {
        return Ok(None);
    };
    let name = given.text()?;
    let known = Edition::ALL
        .into_iter()
        .find(|edition| edition.as_str() == name);
    known.map(Some).ok_or_else(|| {
        let known = Edition::ALL.map(Edition::as_str).join(", ");
        given.refuse(
            format!("`{name}` is not an edition"),
            format!("write one of {known}"),
        )
    })
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

/// Returns whether the operation needs no credential: `security: []`.
fn anonymous(node: &Node<'_>) -> Read<bool> {
    Ok(node.get("security").is_some() && node.items_of("security")?.is_empty())
}

fn refusing(node: &Node<'_>) -> Read<Vec<u16>> {
    let status = |status: &Node<'_>| {
        let number = status.value().as_u64().and_then(|n| u16::try_from(n).ok());
        number
            .filter(|number| (400..600).contains(number))
            .ok_or_else(|| status.refuse("this is not an error status", "write such as 503"))
    };
    node.items_of("x-refusing")?.iter().map(status).collect()
}

/// Reads the name of the type of the call.
fn call_type(node: &Node<'_>, has_type: bool) -> Read<Option<String>> {
    let Some(given) = node.get("x-rust-name") else {
        return Ok(None);
    };
    if !has_type {
        return Err(given.refuse(
            "only a call that takes options has a type of its own",
            "remove it",
        ));
    }
    let name = given.text()?;
    names::check(&given, name, Use::Type, "choose another `x-rust-name`").map(Some)
}

/// Refuses duplicate names of arguments and of options.
fn distinct(node: &Node<'_>, operation: &Operation) -> Read<()> {
    let body = match &operation.body {
        Some(Body::Model { name, .. } | Body::Search { name, .. } | Body::List { name, .. }) => {
            Some(name)
        }
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

/// Refuses an operation with a hand-written call that nothing shows.
fn callable(node: &Node<'_>, operation: &Operation) -> Read<()> {
    if operation.internal && operation.call.is_none() {
        return Err(node.refuse(
            "nothing says how an operation with `x-internal` is called",
            "write the hand-written call in `x-call`, as it follows the client",
        ));
    }
    Ok(())
}

/// Refuses the order of what is not searched.
fn ordered_if_searched(node: &Node<'_>, operation: &Operation) -> Read<()> {
    let is_search = matches!(operation.body, Some(Body::Search { .. }));
    if is_search || node.get("x-paging").is_some() {
        return Ok(());
    }
    let order = node.get("x-order-by");
    match order.or_else(|| node.get("x-order-by-unlisted")) {
        Some(order) => Err(order.refuse("the body is not a search", "remove it")),
        None => Ok(()),
    }
}
