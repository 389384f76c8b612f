//! Our description, as text and as parsed values.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::text::Text;
use crate::codegen;
use crate::project::Service;
use crate::spec::{cover, facts, lint};

/// A document of our description.
#[derive(Clone)]
pub(super) struct File {
    path: PathBuf,
    pub(super) name: String,
    pub(super) text: Text,
    /// The parsed document, with the names of additions.
    pub(super) value: Value,
    pub(super) changed: bool,
}

#[derive(Clone)]
pub(super) struct Ours {
    pub(super) files: Vec<File>,
    /// All documents merged, as they were read.
    pub(super) description: Value,
    /// The key with the format of times that are texts.
    pub(super) texts: &'static str,
}

impl Ours {
    pub(super) fn read(root: &Path, service: &Service) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        let mut texts = "format";
        for path in lint::files(root, service)? {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            if text.contains("x-text:") {
                texts = "x-text";
            }
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            files.push(File {
                value: serde_saphyr::from_str(&text)
                    .with_context(|| format!("{name} is not YAML"))?,
                text: Text::new(&text),
                changed: false,
                path,
                name,
            });
        }
        Ok(Self {
            files,
            description: codegen::description(root, service)?,
            texts,
        })
    }

    pub(super) fn write(&self) -> anyhow::Result<()> {
        for file in self.files.iter().filter(|file| file.changed) {
            std::fs::write(&file.path, file.text.to_string())
                .with_context(|| format!("cannot write {}", file.path.display()))?;
        }
        Ok(())
    }

    /// Checks that code can be generated from the current state.
    ///
    /// # Errors
    /// Everything that cannot be turned into code.
    pub(super) fn check(&self, service: &Service) -> anyhow::Result<()> {
        if !self.files.iter().any(|file| file.changed) {
            return Ok(());
        }
        let documents = self.files.iter().map(|file| {
            let value = serde_saphyr::from_str(&file.text.to_string())
                .with_context(|| format!("{} is not YAML", file.name))?;
            Ok((value, file.name.clone()))
        });
        codegen::check(service, documents.collect::<anyhow::Result<_>>()?)
    }

    /// Returns the operations of a file: path, method and value.
    pub(super) fn operations(file: &File) -> impl Iterator<Item = (&str, &str, &Value)> {
        let paths = file.value["paths"].as_object().into_iter().flatten();
        paths.flat_map(|(path, item)| {
            let operations = item.as_object().into_iter().flatten();
            let operations = operations.filter(|(_, value)| value.get("operationId").is_some());
            operations.map(move |(method, value)| (path.as_str(), method.as_str(), value))
        })
    }

    /// Returns the operation at this path.
    pub(super) fn operation(&self, path: &str, method: &str) -> Option<&Value> {
        let mut files = self.files.iter();
        files.find_map(|file| file.value["paths"][path].get(method))
    }

    pub(super) fn has_operation(&self, id: &str) -> bool {
        let mut operations = self.files.iter().flat_map(Self::operations);
        operations.any(|(_, _, operation)| operation["operationId"] == id)
    }

    /// Returns the index of a schema's file, and the schema.
    pub(super) fn schema(&self, name: &str) -> Option<(usize, &Value)> {
        let mut files = self.files.iter().enumerate();
        files.find_map(|(index, file)| {
            let schema = file.value["components"]["schemas"].get(name)?;
            Some((index, schema))
        })
    }

    pub(super) fn schemas(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.files.iter().flat_map(|file| {
            let schemas = file.value["components"]["schemas"].as_object();
            let schemas = schemas.into_iter().flatten();
            schemas.map(|(name, schema)| (name.as_str(), schema))
        })
    }

    /// Returns a reference to a schema from this file.
    pub(super) fn reference(&self, name: &str, home: usize) -> Value {
        let file = match self.schema(name) {
            Some((index, _)) if index != home => self.files[index].name.as_str(),
            _ => "",
        };
        json!({"$ref": format!("{file}#/components/schemas/{name}")})
    }

    /// Returns whether one of our schemas describes the same as one of the vendor's.
    pub(super) fn is_like(&self, name: &str, document: &Value, schema: &Value, side: &str) -> bool {
        let own = &self.description["components"]["schemas"][name];
        if own.is_null() {
            return false;
        }
        let own = facts::of_schema(&self.description, side, own);
        cover::alike(&own, &facts::of_schema(document, side, schema))
    }

    /// Returns whether a schema can have this name without changing the Rust names of other types.
    pub(super) fn is_free(&self, name: &str) -> bool {
        if self.schema(name).is_some() || !codegen::is_free(name, codegen::Use::Type) {
            return false;
        }
        let mut unnamed = BTreeSet::new();
        let operations = self.files.iter().flat_map(Self::operations);
        let resources = operations.filter_map(|(_, _, operation)| {
            let (resource, _) = operation["operationId"].as_str()?.split_once('.')?;
            Some(codegen::type_name(resource))
        });
        let mut taken: BTreeSet<String> = resources.collect();
        for (name, schema) in self.schemas() {
            match schema["x-rust-name"].as_str() {
                Some(given) => drop(taken.insert(given.to_owned())),
                None => drop(unnamed.insert(name)),
            }
        }
        let before = codegen::type_names(&unnamed, &taken);
        unnamed.insert(name);
        let mut after = codegen::type_names(&unnamed, &taken);
        let own = after.remove(name);
        let is_taken =
            |own: &String| taken.contains(own) || after.values().any(|other| other == own);
        before == after
            && own.is_some_and(|own| !is_taken(&own) && codegen::is_free(&own, codegen::Use::Type))
    }
}
