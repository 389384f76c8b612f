//! Wrapper schemas, of which one member differs from use to use.

use super::super::node::{Node, Read};

/// A wrapper schema with the member that differs: `allOf: [<the schema>, {properties: {<member>: ..}}]`. The schema
/// names the member in `key`.
pub(super) struct Combined<'a> {
    pub(super) member: Node<'a>,
    /// The name of the wrapper schema.
    pub(super) schema: &'a str,
}

impl<'a> Combined<'a> {
    pub(super) fn of(node: &Node<'a>, key: &str) -> Read<Option<Self>> {
        let parts = node.items_of("allOf")?;
        let Some(first) = parts.first() else {
            return Ok(None);
        };
        let Some((schema, target)) = first.reference()? else {
            return Ok(None);
        };
        let Some(name) = target.text_of(key)? else {
            return Ok(None);
        };
        let remedy = format!("describe `{name}` under `properties` in the second part of `allOf`");
        let [_, second] = parts.as_slice() else {
            return Err(node.refuse(format!("it does not say what `{name}` is"), remedy));
        };
        second.only("the second part", &[&["properties", "type"]])?;
        let properties = second.need("properties", &remedy)?;
        properties.only("the second part", &[&[name]])?;
        let member = properties.need(name, &remedy)?;
        Ok(Some(Self { member, schema }))
    }
}
