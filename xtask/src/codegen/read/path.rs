//! The paths and operations of a description.

use super::super::names::{self, Use};
use super::super::node::{Node, Read};

/// The methods, in the order in which operations of a path are listed.
const METHODS: &[&str] = &["get", "post", "put", "patch", "delete"];

/// An operation that is not read yet.
pub(super) struct Found<'a> {
    pub(super) node: Node<'a>,
    pub(super) item: Node<'a>,
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    /// The area of the operation.
    pub(super) area: Option<String>,
}

/// Returns all operations, by path and method.
pub(super) fn all<'a>(root: &Node<'a>) -> Vec<Read<Found<'a>>> {
    let mut found = Vec::new();
    let items = match root.entries_of("paths") {
        Ok(items) => items,
        Err(refusal) => return vec![Err(refusal)],
    };
    for (path, item) in items {
        if let Err(refusal) = item.only("a path", &[METHODS, &["parameters", "x-area"]]) {
            found.push(Err(refusal));
        }
        let area = match area(&item) {
            Ok(area) => area,
            Err(refusal) => {
                found.push(Err(refusal));
                continue;
            }
        };
        for method in METHODS {
            if let Some(node) = item.get(method) {
                found.push(Ok(Found {
                    node,
                    item: item.clone(),
                    path,
                    method,
                    area: area.clone(),
                }));
            }
        }
    }
    found
}

fn area(item: &Node<'_>) -> Read<Option<String>> {
    let Some(area) = item.get("x-area") else {
        return Ok(None);
    };
    let remedy = "name a feature of the crate, in snake_case";
    names::check(&area, area.text()?, Use::Resource, remedy).map(Some)
}
