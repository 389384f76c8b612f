//! Reads a vendor's document: OpenAPI 3.0 or 3.1, JSON or YAML.

mod place;

use std::fmt;
use std::path::Path;

use serde_json::{Map, Value, json};

/// A problem of a document, and its location.
#[derive(Debug)]
pub(crate) struct BadInput {
    file: String,
    line: Option<u64>,
    pointer: String,
    problem: String,
}

impl fmt::Display for BadInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.problem)?;
        match self.pointer.as_str() {
            "" => Ok(()),
            pointer => write!(f, " (at #{pointer})"),
        }
    }
}

impl std::error::Error for BadInput {}

impl BadInput {
    pub(crate) fn json(&self) -> Value {
        json!({"file": self.file, "line": self.line, "pointer": self.pointer, "problem": self.problem})
    }
}

/// A parsed document.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    file: String,
    text: String,
}

impl Document {
    /// Reads a document and checks what the other modules rely on.
    ///
    /// # Errors
    /// If the document cannot be read, is neither JSON nor YAML, or is not OpenAPI 3.0 or 3.1.
    pub(crate) fn read(path: &Path) -> Result<Self, BadInput> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| BadInput {
            file: file.clone(),
            line: None,
            pointer: String::new(),
            problem: format!("cannot be read: {error}"),
        })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let end = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..end]);
            let line = place::line_at(&before, end);
            BadInput {
                file: file.clone(),
                line: Some(line),
                pointer: place::pointer_at(&before, line),
                problem: "this is not UTF-8".to_owned(),
            }
        })?;
        Self::parse(&file, text)
    }

    /// See [`read`](Self::read).
    ///
    /// # Errors
    /// See [`read`](Self::read).
    pub(crate) fn parse(file: &str, text: String) -> Result<Self, BadInput> {
        let bad = |line, pointer, problem| BadInput {
            file: file.to_owned(),
            line,
            pointer,
            problem,
        };
        // Some editors write a byte order mark, which is not a part of the text.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let value = if place::is_json(&text) {
            let value = serde_json::from_str(&text).map_err(|error| {
                let line = u64::try_from(error.line()).ok();
                let pointer = place::in_json(&text, error.line(), error.column());
                bad(line, pointer, format!("this is not JSON: {error}"))
            })?;
            // JSON parsers silently keep the last duplicate. YAML parsers refuse it.
            if let Some((key, line, pointer)) = place::twice(&text) {
                let problem = format!("the key `{key}` is duplicated");
                return Err(bad(Some(line), pointer, problem));
            }
            value
        } else {
            serde_saphyr::from_str_with_options(&text, limits(&text)).map_err(|error| {
                let line = error.location().map(|location| location.line());
                let said = error.to_string();
                bad(
                    line,
                    line.map_or_else(String::new, |line| place::pointer_at(&text, line)),
                    format!(
                        "this is not YAML: {}",
                        said.lines().next().unwrap_or_default()
                    ),
                )
            })?
        };
        let mut document = Self {
            value,
            file: file.to_owned(),
            text,
        };
        document.check()?;
        document.put_paths_below_the_server();
        Ok(document)
    }

    fn check(&self) -> Result<(), BadInput> {
        let is = |version: &str, wanted: &str| {
            let rest = version.strip_prefix(wanted);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        match &self.value["openapi"] {
            Value::String(version) if is(version, "3.0") || is(version, "3.1") => {}
            Value::Number(version) if ["3.0", "3.1"].contains(&version.to_string().as_str()) => {}
            Value::Null if self.value.get("swagger").is_some() => {
                let problem = "this is Swagger 2.0; convert it to OpenAPI 3.0 or 3.1";
                return Err(self.bad("/swagger", problem));
            }
            Value::Null => {
                return Err(self.bad("", "this is not an OpenAPI document: `openapi` is missing"));
            }
            _ => return Err(self.bad("/openapi", "this is neither OpenAPI 3.0 nor 3.1")),
        }
        let Some(paths) = self.value["paths"].as_object() else {
            let problem = match self.value.get("paths") {
                Some(_) => "`paths` is not a map",
                None => "`paths` is missing",
            };
            return Err(self.bad("/paths", problem));
        };
        for (path, item) in paths.iter().filter(|(path, _)| !path.starts_with("x-")) {
            let pointer = format!("/paths/{}", escaped(path));
            if !path.starts_with('/') {
                return Err(self.bad(&pointer, "a path must begin with `/`"));
            }
            let Some(item) = item.as_object() else {
                return Err(self.bad(&pointer, "a path is not a map"));
            };
            for (method, operation) in item {
                if METHODS.contains(&method.as_str()) && !operation.is_object() {
                    let pointer = format!("{pointer}/{method}");
                    return Err(self.bad(&pointer, "an operation is not a map"));
                }
            }
        }
        self.check_values(&self.value, &mut String::new(), false)
    }

    /// Prepends the path of the first server to each path, as in requests.
    fn put_paths_below_the_server(&mut self) {
        let base = base_path(&self.value["servers"][0]);
        if base.is_empty() {
            return;
        }
        let Some(paths) = self.value["paths"].as_object_mut() else {
            return;
        };
        let below = std::mem::take(paths).into_iter().map(|(path, item)| {
            let path = match path.starts_with('/') {
                true => format!("{base}{path}"),
                false => path,
            };
            (path, item)
        });
        *paths = below.collect::<Map<_, _>>();
    }

    /// Checks that every reference has a target and that named items are in a map. Examples are skipped, since they are
    /// data of the API. `named` tells whether the keys are arbitrary names.
    fn check_values(
        &self,
        value: &Value,
        pointer: &mut String,
        named: bool,
    ) -> Result<(), BadInput> {
        let length = pointer.len();
        let mut walk = |key: &str, value: &Value| {
            if !named && (KEYS_OF_DATA.contains(&key) || key.starts_with("x-")) {
                return Ok(());
            }
            pointer.push('/');
            pointer.push_str(&escaped(key));
            let outcome = match value.as_str().filter(|_| key == "$ref" && !named) {
                Some(address) if address_of(&self.value, address).is_none() => {
                    let problem = match address.starts_with('#') {
                        true => format!("`{address}` has no target"),
                        false => format!(
                            "`{address}` is in another file; put all into one, as redocly's `bundle` does"
                        ),
                    };
                    Err(self.bad(pointer, &problem))
                }
                _ => {
                    let named = !named && KEYS_OF_NAMES.contains(&key);
                    let may_be_list = key == "parameters";
                    if named && !(value.is_object() || value.is_null()) {
                        if !may_be_list {
                            return Err(self.bad(pointer, &format!("`{key}` is not a map")));
                        } else if !value.is_array() {
                            let problem = "`parameters` is neither a map nor a list";
                            return Err(self.bad(pointer, problem));
                        }
                    }
                    self.check_values(value, pointer, named)
                }
            };
            pointer.truncate(length);
            outcome
        };
        match value {
            Value::Object(map) => map.iter().try_for_each(|(key, value)| walk(key, value)),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| walk(&index.to_string(), value)),
            _ => Ok(()),
        }
    }

    fn bad(&self, pointer: &str, problem: &str) -> BadInput {
        BadInput {
            file: self.file.clone(),
            line: place::line_of(&self.text, pointer),
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

/// Raises the YAML parser's limits to the size of the text. The defaults are too low for a vendor's document, and the
/// new limits still bound the expansion of aliases.
fn limits(text: &str) -> serde_saphyr::Options {
    let mut budget = serde_saphyr::budget::Budget::default();
    budget.max_nodes = budget.max_nodes.max(text.len());
    budget.max_events = budget.max_events.max(2 * text.len());
    serde_saphyr::options! { budget: Some(budget) }
}

/// The methods of operations.
pub(super) const METHODS: &[&str] = &[
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// Keys whose values are data of the API, in which `$ref` has no meaning.
const KEYS_OF_DATA: &[&str] = &["const", "default", "enum", "example", "examples"];

/// Keys whose values are maps with arbitrary names as keys.
const KEYS_OF_NAMES: &[&str] = &[
    "$defs",
    "callbacks",
    "content",
    "definitions",
    "encoding",
    "headers",
    "links",
    "mapping",
    "parameters",
    "pathItems",
    "paths",
    "patternProperties",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    "webhooks",
];

/// Returns the path of a server's URL, without a trailing slash.
fn base_path(server: &Value) -> String {
    let mut url = server["url"].as_str().unwrap_or_default().to_owned();
    // Only a variable in the path may have a slash in its value.
    let authority = url.find("//").map_or(0, |at| at + 2);
    let path = match url[authority..].find('/') {
        _ if authority == 0 => 0,
        Some(at) => authority + at,
        None => return String::new(),
    };
    url.drain(..path);
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        if let Some(default) = variable["default"].as_str() {
            url = url.replace(&format!("{{{name}}}"), default);
        }
    }
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let path = path.trim_matches('/');
    match path {
        "" => String::new(),
        path => format!("/{path}"),
    }
}

/// Escapes a key for a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Returns the target of a reference within a document, and its JSON pointer. Names of .NET types have characters that
/// some generators percent-encode, and some generators leave slashes in names unescaped.
pub(crate) fn address_of<'a>(root: &'a Value, address: &str) -> Option<(String, &'a Value)> {
    let pointer = address.strip_prefix('#')?;
    let decoded = percent_decoded(pointer);
    let unescaped = decoded
        .strip_prefix(SCHEMAS)
        .map(|name| format!("{SCHEMAS}{}", escaped(name)));
    let pointers = [Some(pointer.to_owned()), Some(decoded), unescaped];
    let mut pointers = pointers.into_iter().flatten();
    pointers.find_map(|pointer| {
        let target = root.pointer(&pointer)?;
        Some((pointer, target))
    })
}

const SCHEMAS: &str = "/components/schemas/";

/// Decodes a percent-encoded text.
pub(crate) fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| {
            let hex = std::str::from_utf8(hex).ok()?;
            u8::from_str_radix(hex, 16).ok()
        });
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
