//! Reading a vendor's document: OpenAPI 3.0 or 3.1, JSON or YAML.

use std::fmt;
use std::path::Path;

use serde_json::Value;

/// What is wrong with a document, and where.
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

/// A document that was read.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) value: Value,
    file: String,
    text: String,
}

impl Document {
    /// Reads a document and checks what the rest relies on.
    ///
    /// # Errors
    /// If it cannot be read, is neither JSON nor YAML, or is no OpenAPI 3.0 or 3.1.
    pub(crate) fn read(path: &Path) -> Result<Self, BadInput> {
        let file = path.display().to_string();
        let bad = |line, problem: String| BadInput {
            file: file.clone(),
            line,
            pointer: String::new(),
            problem,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| bad(None, format!("cannot be read: {error}")))?;
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
        // Editors of some systems put a mark at the beginning that is no part of the text.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let is_json = text.trim_start().starts_with('{');
        let value = if is_json {
            serde_json::from_str(&text).map_err(|error| {
                let line = u64::try_from(error.line()).ok();
                let pointer = pointer_at(&text, error.line(), error.column());
                bad(line, pointer, format!("this is no JSON: {error}"))
            })?
        } else {
            serde_saphyr::from_str(&text).map_err(|error| {
                let line = error.location().map(|location| location.line());
                let said = error.to_string();
                bad(
                    line,
                    String::new(),
                    format!(
                        "this is no YAML: {}",
                        said.lines().next().unwrap_or_default()
                    ),
                )
            })?
        };
        let document = Self {
            value,
            file: file.to_owned(),
            text,
        };
        document.check()?;
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
                return Err(self.bad("", "this is no OpenAPI document: `openapi` is missing"));
            }
            _ => return Err(self.bad("/openapi", "this is neither OpenAPI 3.0 nor 3.1")),
        }
        let Some(paths) = self.value["paths"].as_object() else {
            let problem = match self.value.get("paths") {
                Some(_) => "`paths` is no map",
                None => "`paths` is missing",
            };
            return Err(self.bad("/paths", problem));
        };
        for (path, item) in paths.iter().filter(|(path, _)| path.starts_with('/')) {
            if !item.is_object() {
                let pointer = format!("/paths/{}", escaped(path));
                return Err(self.bad(&pointer, "a path is no map"));
            }
        }
        self.check_references(&self.value, &mut String::new(), false)
    }

    /// Every reference must lead somewhere, but for those in examples, which are the API's. `named` is whether the keys are
    /// names that somebody chose.
    fn check_references(
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
                        true => format!("`{address}` leads nowhere"),
                        false => format!(
                            "`{address}` is in another file; put all into one, as redocly's `bundle` does"
                        ),
                    };
                    Err(self.bad(pointer, &problem))
                }
                _ => {
                    let named = !named && KEYS_OF_NAMES.contains(&key);
                    self.check_references(value, pointer, named)
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
            line: line(&self.text, pointer),
            pointer: pointer.to_owned(),
            problem: problem.to_owned(),
        }
    }
}

/// Keys whose values are data of the API, in which a `$ref` means nothing.
const KEYS_OF_DATA: &[&str] = &["const", "default", "enum", "example", "examples"];

/// Keys below which are maps whose keys are names.
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

/// A key as it stands in a JSON pointer.
pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a reference within a document leads to, and where that stands. Names of .NET types have characters that some
/// generators write percent-encoded, and others do not; and some write the slashes of a name as they are.
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

/// A text whose percent-encoded bytes are decoded.
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

/// Where in a JSON text that is broken somebody is who has read up to here.
fn pointer_at(text: &str, line: usize, column: usize) -> String {
    let before: usize = text
        .split_inclusive('\n')
        .take(line.saturating_sub(1))
        .map(str::len)
        .sum();
    let text = text.as_bytes();
    let end = (before + column).min(text.len());
    // Of each map the key, once it is known, and of each list how many elements there were.
    let mut open: Vec<Result<Option<String>, usize>> = Vec::new();
    let mut at = 0;
    while at < end {
        match text[at] {
            b'{' => open.push(Ok(None)),
            b'[' => open.push(Err(0)),
            b'}' | b']' if at + 1 < end => drop(open.pop()),
            b',' if at + 1 < end => match open.last_mut() {
                Some(Ok(key)) => *key = None,
                Some(Err(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let start = at;
                at += 1;
                while at < end && text[at] != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                if let Some(Ok(key @ None)) = open.last_mut() {
                    let quoted = text.get(start..=at).unwrap_or_default();
                    *key = serde_json::from_slice(quoted).ok();
                }
            }
            _ => {}
        }
        at += 1;
    }
    let steps = open.into_iter().filter_map(|step| match step {
        Ok(key) => key.map(|key| escaped(&key)),
        Err(index) => Some(index.to_string()),
    });
    steps.map(|step| format!("/{step}")).collect()
}

/// The line on which the deepest part of a pointer stands that the text has: each key is looked for after the one it is in,
/// and in YAML below its indentation.
fn line(text: &str, pointer: &str) -> Option<u64> {
    let mut at = 0;
    for key in pointer.split('/').skip(1) {
        let key = key.replace("~1", "/").replace("~0", "~");
        let quoted = serde_json::to_string(&key).ok()?;
        let rest = &text[at..];
        let found = [
            format!("{quoted}:"),
            format!("{quoted} :"),
            format!("\n{key}:"),
            format!(" {key}:"),
            format!("'{key}':"),
        ];
        let found = found
            .iter()
            .filter_map(|form| Some((rest.find(form)?, form.len())));
        let Some((start, length)) = found.min() else {
            break;
        };
        at += start + length;
    }
    u64::try_from(text[..at].matches('\n').count() + 1).ok()
}
