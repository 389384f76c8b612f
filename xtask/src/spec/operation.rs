//! The operations of a document, with their parameters, bodies and responses.

use serde_json::Value;

use super::document::{METHODS, address_of};

/// Headers that OpenAPI does not describe as parameters.
const OTHERWISE_SAID: &[&str] = &["accept", "authorization", "content-type"];

/// An operation of a document.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation<'a> {
    document: &'a Value,
    pub(crate) method: &'static str,
    pub(crate) path: &'a str,
    item: &'a Value,
    pub(crate) value: &'a Value,
}

/// Returns the operations of a document.
pub(crate) fn all(document: &Value) -> impl Iterator<Item = Operation<'_>> {
    let paths = document["paths"].as_object().into_iter().flatten();
    let paths = paths.filter(|(path, _)| path.starts_with('/'));
    paths.flat_map(move |(path, item)| {
        let item = resolved(document, item);
        METHODS.iter().filter_map(move |method| {
            Some(Operation {
                document,
                method,
                path,
                item,
                value: item.get(*method).filter(|value| value.is_object())?,
            })
        })
    })
}

/// Returns the operation with this key: `GET /a`.
pub(crate) fn find<'a>(document: &'a Value, key: &str) -> Option<Operation<'a>> {
    let (method, path) = key.split_once(' ')?;
    let (path, item) = document["paths"].as_object()?.get_key_value(path)?;
    let method = METHODS
        .iter()
        .find(|known| known.eq_ignore_ascii_case(method))?;
    let item = resolved(document, item);
    Some(Operation {
        document,
        method,
        path,
        item,
        value: item.get(*method)?,
    })
}

impl<'a> Operation<'a> {
    /// Returns the key: `GET /a`.
    pub(crate) fn key(&self) -> String {
        format!("{} {}", self.method.to_uppercase(), self.path)
    }

    /// Returns the parameters, with those of the path unless the operation overrides them.
    pub(crate) fn parameters(&self) -> Vec<Parameter<'a>> {
        let mut found: Vec<Parameter<'a>> = Vec::new();
        for list in [&self.value["parameters"], &self.item["parameters"]] {
            for value in list.as_array().into_iter().flatten() {
                let value = resolved(self.document, value);
                let (Some(name), Some(place)) = (value["name"].as_str(), value["in"].as_str())
                else {
                    continue;
                };
                let otherwise = OTHERWISE_SAID
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name));
                let known = found
                    .iter()
                    .any(|known| known.name == name && known.place == place);
                let is_said = known || place == "header" && otherwise;
                if !is_said {
                    found.push(Parameter { name, place, value });
                }
            }
        }
        // A placeholder without a description is a text.
        for name in placeholders(self.path) {
            if !found
                .iter()
                .any(|known| known.place == "path" && known.name == name)
            {
                found.push(Parameter {
                    name,
                    place: "path",
                    value: &UNDESCRIBED,
                });
            }
        }
        found
    }

    /// Returns the media type and schema of the request body.
    pub(crate) fn request(&self) -> Option<(&'a str, &'a Value)> {
        content(resolved(self.document, &self.value["requestBody"]))
    }

    /// Returns the success status, and the media type and schema of its body. Without a success status, `default`
    /// applies.
    pub(crate) fn response(&self) -> Option<(&'a str, Option<(&'a str, &'a Value)>)> {
        let responses = self.value["responses"].as_object()?;
        let success = responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'));
        let (status, response) = success
            .min_by_key(|(status, _)| *status)
            .map(|(status, response)| (status.as_str(), response))
            .or_else(|| Some(("200", responses.get("default")?)))?;
        Some((status, content(resolved(self.document, response))))
    }

    /// Returns the servers of the operation, if they differ from those of the document.
    pub(crate) fn servers(&self) -> Option<String> {
        let servers = self
            .value
            .get("servers")
            .or_else(|| self.item.get("servers"))?;
        let urls = servers
            .as_array()?
            .iter()
            .filter_map(|server| server["url"].as_str());
        let urls: Vec<_> = urls.collect();
        (!urls.is_empty()).then(|| urls.join(" or "))
    }
}

static UNDESCRIBED: Value = Value::Null;

/// A parameter of an operation.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter<'a> {
    pub(crate) name: &'a str,
    /// `path`, `query`, `header` or `cookie`.
    pub(crate) place: &'a str,
    pub(crate) value: &'a Value,
}

impl<'a> Parameter<'a> {
    /// Returns the schema of the parameter, or that of its media type.
    pub(crate) fn schema(&self) -> &'a Value {
        match self.value.get("schema") {
            Some(schema) => schema,
            None => content(self.value).map_or(&Value::Null, |(_, schema)| schema),
        }
    }

    pub(crate) fn required(&self) -> bool {
        self.place == "path" || self.value["required"] == true
    }
}

/// Returns the names between braces in a path.
pub(crate) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|rest| Some(rest.split_once('}')?.0))
}

/// Follows references to a value.
pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let mut value = value;
    // The limit ends circular references.
    for _ in 0..16 {
        match value["$ref"]
            .as_str()
            .and_then(|address| address_of(document, address))
        {
            Some((_, next)) => value = next,
            None => break,
        }
    }
    value
}

/// Returns whether a media type is JSON. `*/*` is, too.
pub(crate) fn is_json(kind: &str) -> bool {
    let kind = bare(kind);
    kind.ends_with("/json") || kind.ends_with("+json") || kind == "*/*"
}

/// Returns a media type without its parameters.
pub(crate) fn bare(kind: &str) -> String {
    kind.split(';')
        .next()
        .unwrap_or(kind)
        .trim()
        .to_ascii_lowercase()
}

/// Returns the content that clients send or read: JSON if there is any, then forms.
fn content(value: &Value) -> Option<(&str, &Value)> {
    let rank = |kind: &str| match bare(kind).as_str() {
        "application/json" => 0,
        kind if is_json(kind) => 1,
        kind if kind.starts_with("multipart/") => 2,
        kind if kind.ends_with("urlencoded") => 3,
        _ => 4,
    };
    let content = value["content"].as_object()?;
    let (kind, media) = content
        .iter()
        .min_by_key(|(kind, _)| (rank(kind), kind.as_str()))?;
    Some((kind, media.get("schema").unwrap_or(&Value::Null)))
}
