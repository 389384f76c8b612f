//! Finds and reads the description of an API: one document, or a folder of documents that are merged into one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};

use super::node::{Refusal, escaped};
use crate::project::Service;

/// A description, and the file that each part of it comes from.
#[derive(Debug)]
pub(crate) struct Description {
    pub(crate) value: Value,
    /// The path of the description: the file, or the folder. Refusals name it if they belong to no single file.
    whole: String,
    /// The origins of the parts.
    parts: Vec<Part>,
}

/// A part of one document.
#[derive(Debug)]
struct Part {
    /// The JSON pointer to the part in the merged document.
    pointer: String,
    /// The file that contains the part.
    file: String,
    /// The JSON pointer to the part in that file.
    original: String,
}

impl Description {
    /// Creates a description from one document.
    pub(crate) fn single(value: Value, name: &str) -> Self {
        Self {
            value,
            whole: name.to_owned(),
            parts: Vec::new(),
        }
    }

    /// Loads the description of a service.
    ///
    /// # Errors
    /// If a file cannot be read, is not YAML, or contradicts another one.
    pub(crate) fn load(root: &Path, service: &Service) -> anyhow::Result<Self> {
        let path = root.join(service.description);
        if !path.is_dir() {
            return Ok(Self::single(
                read(&path, service.description)?,
                service.description,
            ));
        }
        let mut documents = Vec::new();
        for entry in
            std::fs::read_dir(&path).with_context(|| format!("cannot list {}", path.display()))?
        {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".yaml") {
                let shown = format!("{}/{name}", service.description);
                documents.push((read(&path.join(&name), &shown)?, shown));
            }
        }
        documents.sort_by(|(_, a), (_, b)| a.cmp(b));
        Self::merge(service.description, documents)
    }

    /// Creates a description from documents: several are merged, a single one is taken as it is.
    ///
    /// # Errors
    /// If one contradicts another.
    pub(crate) fn of(whole: &str, mut documents: Vec<(Value, String)>) -> anyhow::Result<Self> {
        match documents.pop() {
            Some((value, name)) if documents.is_empty() => Ok(Self::single(value, &name)),
            Some(last) => {
                documents.push(last);
                Self::merge(whole, documents)
            }
            None => bail!("there is no document"),
        }
    }

    /// Merges several documents. `x-area` at the root of a document assigns its paths to an area.
    fn merge(whole: &str, documents: Vec<(Value, String)>) -> anyhow::Result<Self> {
        let mut merged = Self {
            value: json!({"openapi": "3.1.0", "tags": [], "paths": {}, "components": {}}),
            whole: whole.to_owned(),
            parts: Vec::new(),
        };
        let components = components(&documents);
        for (mut document, file) in documents {
            local_references(&mut document, stem(&file), &components);
            known(&document, &file)?;
            let version = document["openapi"].as_str().unwrap_or_default();
            if !version.starts_with("3.1.") {
                bail!("{file}: this is not OpenAPI 3.1");
            }
            let tags = document.get_mut("tags").and_then(Value::as_array_mut);
            if let (Some(tags), Some(all)) = (tags, merged.value["tags"].as_array_mut()) {
                all.append(tags);
            }
            merged.add_paths(&mut document, &file)?;
            if let Some(components) = document.get_mut("components") {
                merged.add_components(components, &file)?;
            }
        }
        Ok(merged)
    }

    /// Adds the paths of a document, with its area.
    fn add_paths(&mut self, document: &mut Value, file: &str) -> anyhow::Result<()> {
        let area = document.get("x-area").cloned();
        for (path, mut item) in taken(document, "paths") {
            if let (Some(area), Some(item)) = (&area, item.as_object_mut()) {
                item.insert("x-area".to_owned(), area.clone());
            }
            let pointer = format!("/paths/{}", escaped(&path));
            self.parts.push(Part {
                original: pointer.clone(),
                pointer,
                file: file.to_owned(),
            });
            put(&mut self.value["paths"], path, item, file)?;
        }
        Ok(())
    }

    /// Adds the components of a document. Those that are local to it get its name.
    fn add_components(&mut self, components: &mut Value, file: &str) -> anyhow::Result<()> {
        let kinds: Vec<_> = components
            .as_object()
            .map(|kinds| kinds.keys().cloned().collect())
            .unwrap_or_default();
        for kind in kinds {
            for (name, mut component) in taken(components, &kind) {
                if let (SCHEMAS, Some(schema)) = (kind.as_str(), component.as_object_mut()) {
                    schema.insert("x-document".to_owned(), json!(stem(file)));
                }
                let original = format!("/components/{kind}/{}", escaped(&name));
                let name = match kind.as_str() {
                    SCHEMAS => name,
                    _ => format!("{}.{name}", stem(file)),
                };
                self.parts.push(Part {
                    pointer: format!("/components/{kind}/{}", escaped(&name)),
                    file: file.to_owned(),
                    original,
                });
                let all = &mut self.value["components"];
                if all.get(&kind).is_none() {
                    all[&kind] = json!({});
                }
                put(&mut all[&kind], name, component, file)?;
            }
        }
        Ok(())
    }

    /// Fails with the refusals, each with its file and pointer.
    pub(crate) fn refuse<T>(&self, refusals: &[Refusal]) -> anyhow::Result<T> {
        let mut text = String::new();
        for refusal in refusals {
            let found = self.parts.iter().find_map(|part| {
                let rest = refusal.pointer.strip_prefix(part.pointer.as_str())?;
                let inside = rest.is_empty() || rest.starts_with('/');
                inside.then(|| (&part.file, format!("{}{rest}", part.original)))
            });
            let (file, pointer) = found.unwrap_or((&self.whole, refusal.pointer.clone()));
            let refusal = Refusal {
                pointer,
                ..refusal.clone()
            };
            write!(text, "\n{file}{refusal}")?;
        }
        bail!("the description has what cannot be turned into code:{text}")
    }
}

fn read(path: &Path, shown: &str) -> anyhow::Result<Value> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{shown} is not YAML"))
}

fn taken(value: &mut Value, key: &str) -> Map<String, Value> {
    match value.get_mut(key).map(Value::take) {
        Some(Value::Object(map)) => map,
        _ => Map::new(),
    }
}

fn put(map: &mut Value, key: String, value: Value, file: &str) -> anyhow::Result<()> {
    let map = map.as_object_mut().context("merged parts are maps")?;
    if map.contains_key(&key) {
        bail!("{file}: `{key}` is in another file as well; remove one of them");
    }
    map.insert(key, value);
    Ok(())
}

/// Schemas share one namespace. The names of other components are local to their file.
const SCHEMAS: &str = "schemas";

/// Returns the name of a file without its folder and extension.
fn stem(file: &str) -> &str {
    let name = file.rsplit('/').next().unwrap_or(file);
    name.trim_end_matches(".yaml")
}

/// The keys allowed at the root of one of several documents.
const ROOT: &[&str] = &[
    "components",
    "info",
    "openapi",
    "paths",
    "security",
    "servers",
    "tags",
    "x-area",
    "x-unresolved-operations",
];

fn known(document: &Value, file: &str) -> anyhow::Result<()> {
    let mut keys = document.as_object().into_iter().flat_map(Map::keys);
    match keys.find(|key| !ROOT.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => bail!(
            "{file}: one of several documents with `{key}` cannot be expressed in generated code; understood are {}",
            ROOT.join(", ")
        ),
    }
}

/// The file, kind and name of every component.
type Components = BTreeSet<(String, String, String)>;

fn components(documents: &[(Value, String)]) -> Components {
    let mut found = Components::new();
    for (document, file) in documents {
        let kinds = document["components"].as_object();
        for (kind, components) in kinds.into_iter().flatten() {
            let names = components.as_object().into_iter().flat_map(Map::keys);
            found.extend(names.map(|name| (stem(file).to_owned(), kind.clone(), name.clone())));
        }
    }
    found
}

/// Rewrites references between files as references within the merged document. A reference without a target keeps its
/// address and gets the name of its file.
fn local_references(value: &mut Value, file: &str, components: &Components) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| local_references(item, file, components)),
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(address) if key == "$ref" => {
                        *address = match local(address, file, components) {
                            Some(local) => local,
                            None if address.starts_with('#') => format!("{file}.yaml{address}"),
                            None => continue,
                        };
                    }
                    other => local_references(other, file, components),
                }
            }
        }
        _ => {}
    }
}

/// Translates an address in a file into the address in the merged document.
fn local(address: &str, file: &str, components: &Components) -> Option<String> {
    let (target, pointer) = address.split_once('#')?;
    let file = match target {
        "" => file,
        target => target.strip_suffix(".yaml")?,
    };
    let (kind, name) = pointer.strip_prefix("/components/")?.split_once('/')?;
    let whole = (file.to_owned(), kind.to_owned(), name.to_owned());
    components.contains(&whole).then(|| match kind {
        SCHEMAS => format!("#/components/{SCHEMAS}/{name}"),
        _ => format!("#/components/{kind}/{file}.{name}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns a document about cats, and one with components that cats share with others.
    fn documents() -> Vec<(Value, String)> {
        let cats = json!({
            "openapi": "3.1.0", "x-area": "cats", "tags": [{"name": "Cats"}],
            "paths": {"/cats": {"get": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "schema": {"$ref": "common.yaml#/components/schemas/Cat"},
            }}},
            "components": {"parameters": {"Id": {"name": "id"}}},
        });
        let common = json!({
            "openapi": "3.1.0",
            "components": {"schemas": {"Cat": {"type": "object"}}, "parameters": {"Id": {"name": "ID"}}},
        });
        vec![
            (cats, "api/cats.yaml".into()),
            (common, "api/common.yaml".into()),
        ]
    }

    fn refused(pointer: &str) -> Refusal {
        Refusal {
            pointer: pointer.to_owned(),
            problem: "no".to_owned(),
            remedy: "yes".to_owned(),
        }
    }

    #[test]
    fn documents_are_read_as_one() {
        let whole = Description::merge("api", documents()).unwrap().value;
        let cats = &whole["paths"]["/cats"];
        assert_eq!(cats["x-area"], "cats");
        assert_eq!(cats["get"]["schema"]["$ref"], "#/components/schemas/Cat");
        // Parameters are named per document.
        let id = cats["get"]["parameters"][0]["$ref"].as_str().unwrap();
        let id = whole.pointer(id.trim_start_matches('#')).unwrap();
        assert_eq!(id["name"], "id");
    }

    #[test]
    fn refusals_name_the_file_and_the_place_in_it() {
        let whole = Description::merge("api", documents()).unwrap();
        for (pointer, shown) in [
            (
                "/components/schemas/Cat/type",
                "api/common.yaml#/components/schemas/Cat/type: no",
            ),
            (
                "/components/parameters/cats.Id",
                "api/cats.yaml#/components/parameters/Id: no",
            ),
            ("/paths/~1cats/get", "api/cats.yaml#/paths/~1cats/get: no"),
            ("/tags/0", "api#/tags/0: no"),
        ] {
            let error = whole.refuse::<()>(&[refused(pointer)]).unwrap_err();
            assert!(error.to_string().contains(shown), "{error}");
        }
    }

    #[test]
    fn references_lead_to_where_the_schema_stands() {
        for address in [
            "#/components/schemas/Cat",
            "cats.yaml#/components/schemas/Cat",
            "dogs.yaml#/components/schemas/Cat",
        ] {
            let mut documents = documents();
            documents[0].0["paths"]["/cats"]["get"]["schema"]["$ref"] = address.into();
            let whole = Description::merge("api", documents).unwrap().value;
            let kept = &whole["paths"]["/cats"]["get"]["schema"]["$ref"];
            assert!(!kept.as_str().unwrap().starts_with('#'), "{kept}");
        }
    }

    #[test]
    fn documents_that_contradict_each_other_or_have_too_much_are_refused() {
        let refuse = |change: fn(&mut Vec<(Value, String)>)| {
            let mut documents = documents();
            change(&mut documents);
            Description::merge("api", documents)
                .unwrap_err()
                .to_string()
        };
        let twice = refuse(|documents| {
            let copy = documents[0].0.clone();
            documents.push((copy, "api/felines.yaml".into()));
        });
        assert_eq!(
            twice,
            "api/felines.yaml: `/cats` is in another file as well; remove one of them"
        );
        let unknown = refuse(|documents| documents[0].0["x-aera"] = "cats".into());
        assert!(unknown.starts_with("api/cats.yaml: ") && unknown.contains("`x-aera`"));
        let old = refuse(|documents| documents[1].0["openapi"] = "3.0.3".into());
        assert_eq!(old, "api/common.yaml: this is not OpenAPI 3.1");
    }
}
