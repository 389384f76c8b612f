//! Members that descriptions mention.

use super::super::node::{Node, Read};

/// Refuses a description that mentions a member, such as `startDate`, unless it is `known`. Documentation has the Rust
/// names of members, so a name without a member would look like one that exists.
pub(super) fn check(node: &Node<'_>, known: impl Fn(&str) -> bool) -> Read<()> {
    let Some(description) = node.get("description") else {
        return Ok(());
    };
    let parts = description.text()?.split('`');
    let mut quoted = parts.skip(1).step_by(2);
    match quoted.find(|name| is_member_name(name) && !known(name)) {
        None => Ok(()),
        Some(name) => Err(description.refuse(
            format!("it mentions `{name}`, which is no member of the object"),
            "name a member of the same object, or write in words what is meant",
        )),
    }
}

/// Returns whether this can only be the name of a member: lowerCamelCase of several words. A single word may be a
/// value.
fn is_member_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.contains(|c: char| c.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_alphanumeric())
}
