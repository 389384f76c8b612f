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
        let bad = |line, problem| BadInput {
            file: file.to_owned(),
            line,
            pointer: String::new(),
            problem,
        };
        let is_json = text.trim_start().starts_with('{');
        let value = if is_json {
            serde_json::from_str(&text).map_err(|error| {
                let line = u64::try_from(error.line()).ok();
                bad(line, format!("this is no JSON: {error}"))
            })?
        } else {
            serde_saphyr::from_str(&text).map_err(|error| {
                let line = error.location().map(|location| location.line());
                let said = error.to_string();
                bad(
                    line,
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
        match self.value["openapi"].as_str() {
            Some(version) if version.starts_with("3.0.") || version.starts_with("3.1.") => {}
            Some(_) => return Err(self.bad("/openapi", "this is neither OpenAPI 3.0 nor 3.1")),
            None => return Err(self.bad("", "this is no OpenAPI document: `openapi` is missing")),
        }
        let Some(paths) = self.value["paths"].as_object() else {
            return Err(self.bad("/paths", "`paths` is no map"));
        };
        for (path, item) in paths {
            if !item.is_object() {
                let pointer = format!("/paths/{}", escaped(path));
                return Err(self.bad(&pointer, "a path is no map"));
            }
        }
        self.check_references(&self.value, &mut String::new())
    }

    /// Every reference must lead somewhere.
    fn check_references(&self, value: &Value, pointer: &mut String) -> Result<(), BadInput> {
        let length = pointer.len();
        let mut walk = |key: &str, value: &Value| {
            pointer.push('/');
            pointer.push_str(&escaped(key));
            let outcome = match value.as_str().filter(|_| key == "$ref") {
                Some(address) if target(&self.value, address).is_none() => {
                    Err(self.bad(pointer, &format!("`{address}` leads nowhere")))
                }
                _ => self.check_references(value, pointer),
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

pub(crate) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// What a reference within a document leads to. Names of .NET types have characters that some generators write
/// percent-encoded, and others do not.
pub(crate) fn target<'a>(root: &'a Value, address: &str) -> Option<&'a Value> {
    let pointer = address.strip_prefix('#')?;
    root.pointer(pointer)
        .or_else(|| root.pointer(&percent_decoded(pointer)))
}

fn percent_decoded(text: &str) -> String {
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
