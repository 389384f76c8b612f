//! Resources: what their operations have in common.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ir::{Operation, Resource};
use super::super::node::{Node, Read, Refusal};
use super::path::Found;

/// The resources whose operations were read so far.
pub(super) struct Resources {
    /// Whether operations need an area.
    in_areas: bool,
    /// The ids of all operations.
    ids: BTreeSet<String>,
    by_name: BTreeMap<String, Group>,
}

/// The operations of a resource. The first decides its tag and its area.
struct Group {
    tag: String,
    area: Option<String>,
    operations: Vec<Operation>,
}

impl Resources {
    pub(super) fn new(in_areas: bool) -> Self {
        Self {
            in_areas,
            ids: BTreeSet::new(),
            by_name: BTreeMap::new(),
        }
    }

    /// Adds an operation to its resource.
    pub(super) fn add(&mut self, found: &Found<'_>, operation: Operation, tag: String) -> Read<()> {
        if self.in_areas && found.area.is_none() {
            return Err(found.node.refuse(
                "it has no area, unlike others",
                "say `x-area` at the root of its document",
            ));
        }
        if !self.ids.insert(operation.id.clone()) {
            return Err(found.node.refuse(
                format!("a second operation is called `{}`", operation.id),
                "change one `operationId`",
            ));
        }
        let group = self.by_name.entry(operation.resource.clone());
        let group = group.or_insert_with(|| Group {
            tag: tag.clone(),
            area: found.area.clone(),
            operations: Vec::new(),
        });
        if group.tag != tag {
            return Err(found.node.refuse(
                format!(
                    "the operations of `{}` have several tags",
                    operation.resource
                ),
                format!(
                    "give it the tag `{}`, or another resource in its `operationId`",
                    group.tag
                ),
            ));
        }
        if group.area != found.area {
            return Err(found.node.refuse(
                format!("`{}` is in several areas", operation.resource),
                "put it into the file of the others, or give it another resource in its `operationId`",
            ));
        }
        group.operations.push(operation);
        Ok(())
    }

    /// Returns the resources, after all operations were added, and refusals of their tags.
    pub(super) fn finish(self, root: &Node<'_>) -> (Vec<Resource>, Vec<Refusal>) {
        let (mut resources, mut refusals) = (Vec::new(), Vec::new());
        for (name, group) in self.by_name {
            match tag_doc(root, &group.tag) {
                Ok(doc) => resources.push(Resource {
                    area: group.area,
                    name,
                    doc,
                    operations: group.operations,
                }),
                Err(refusal) => refusals.push(refusal),
            }
        }
        add_examples(&mut resources);
        (resources, refusals)
    }
}

/// Gives all operations an example if none asks for one.
fn add_examples(resources: &mut [Resource]) {
    let operations = || resources.iter().flat_map(|resource| &resource.operations);
    if operations().any(|operation| operation.example) {
        return;
    }
    for resource in resources {
        for operation in &mut resource.operations {
            operation.example = true;
        }
    }
}

fn tag_doc(root: &Node<'_>, tag: &str) -> Read<String> {
    let remedy = "describe it: the text becomes the documentation of the resource";
    for node in root.items_of("tags")? {
        if node.text_of("name")? == Some(tag) {
            return Ok(node.need("description", remedy)?.text()?.trim().to_owned());
        }
    }
    Err(root.refuse(
        format!("the tag `{tag}` is used but not listed under `tags`"),
        remedy,
    ))
}
