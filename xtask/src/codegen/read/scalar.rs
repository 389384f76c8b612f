//! Values that are neither lists nor objects.

use super::super::ir::{TimeFormat, Ty};
use super::super::node::{Node, Read};
use super::keyword::SHAPES;

/// Returns the kind of value, and whether it is nullable.
pub(super) fn kind<'a>(node: &Node<'a>) -> Read<(Option<&'a str>, bool)> {
    let Some(kind) = node.get("type") else {
        let described = SHAPES.iter().any(|key| node.get(key).is_some());
        return if described {
            Err(node.refuse("`type` is missing", "say which type it has"))
        } else {
            Ok((None, true))
        };
    };
    if let Some(kind) = kind.value().as_str() {
        return Ok((Some(kind), false));
    }
    let kinds = node.texts_of("type")?;
    let others: Vec<_> = kinds
        .iter()
        .copied()
        .filter(|kind| *kind != "null")
        .collect();
    match (others.as_slice(), kinds.len()) {
        ([only], 2) => Ok((Some(only), true)),
        // Text can be decoded from numbers, too.
        (["string", "integer"], count) => Ok((Some("string"), count == 3)),
        _ => Err(kind.refuse(
            "a choice between several types cannot be expressed in generated code",
            "leave one type, alone or with `null`",
        )),
    }
}

/// Formats of text that have a hand-written type in the service's crate.
const TEXTS: &[(&str, &str)] = &[("date-time", "DateTime"), ("time-span", "TimeSpan")];

/// Returns the type of a string.
pub(super) fn text(node: &Node<'_>) -> Read<Ty> {
    if node.get("enum").is_some() || node.get("x-known-values").is_some() {
        return Err(node.refuse(
            "an enumeration without a name cannot be expressed in generated code",
            "move it to `#/components/schemas` and refer to it",
        ));
    }
    if node.flag_of("x-secret")? {
        return Ok(Ty::Secret);
    }
    if let Some(given) = node.get("x-text") {
        let known = TEXTS.iter().find(|(name, _)| given.value() == *name);
        return match known {
            Some((_, path)) => Ok(Ty::OwnText((*path).to_owned())),
            None => Err(given.refuse(
                "this format of text is not known",
                "say date-time or time-span",
            )),
        };
    }
    match node.text_of("format")? {
        Some("binary") => Ok(Ty::File),
        Some("date-time") => Ok(Ty::Time(TimeFormat::Rfc3339)),
        Some("password") => Ok(Ty::Secret),
        None | Some("date" | "email" | "hostname" | "ipv4" | "ipv6" | "uri" | "uuid") => {
            Ok(Ty::Text)
        }
        Some(other) => Err(node.refuse(
            format!("strings of the format `{other}` cannot be expressed in generated code"),
            "leave the format to the description",
        )),
    }
}

/// Returns the type of an integer.
pub(super) fn integer(node: &Node<'_>) -> Read<Ty> {
    uncoded(node)?;
    number(node)
}

/// Refuses an integer whose description lists what its values mean.
pub(super) fn uncoded(node: &Node<'_>) -> Read<()> {
    match node.text_of("description")? {
        Some(description) if lists_codes(description) => Err(node.refuse(
            "its description lists what its numbers mean, and in Rust it would be a number",
            "describe the numbers in `x-codes` of a schema, and refer to it",
        )),
        _ => Ok(()),
    }
}

/// Returns whether a text gives at least two numbers a meaning, as "1 active, 2 inactive" does.
fn lists_codes(text: &str) -> bool {
    let is_join = |word: &str| matches!(word, "and" | "or");
    let (mut meanings, mut begins, mut code) = (0, true, false);
    for word in text.split_whitespace() {
        if code
            && !is_join(word)
            && word.starts_with(|c: char| c.is_alphabetic() || "`\"=".contains(c))
        {
            meanings += 1;
        }
        // A number in the middle of a clause is a count.
        begins |= word.starts_with('(');
        let number = word.trim_matches(['(', ')', ':', '=']);
        code = begins && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        begins = is_join(word) || word.ends_with([',', ';', ':', '.', '(']);
    }
    meanings > 1
}

/// Returns the type of numbers of this format.
pub(super) fn number(node: &Node<'_>) -> Read<Ty> {
    match node.text_of("x-timestamp")? {
        None => {}
        Some("unix-seconds") => return Ok(Ty::Time(TimeFormat::UnixSeconds)),
        Some(other) => {
            return Err(node.refuse(
                format!("`{other}` is not a known format of times"),
                "say `x-timestamp: unix-seconds`",
            ));
        }
    }
    match node.text_of("format")? {
        Some("int32") => Ok(Ty::Int32),
        None | Some("int64") => Ok(Ty::Int64),
        Some(other) => Err(node.refuse(
            format!("integers of the format `{other}` cannot be expressed in generated code"),
            "say int32 or int64",
        )),
    }
}
