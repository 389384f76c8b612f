//! Our descriptions as text: additions keep every other line as it is.

use std::fmt;

use serde_json::Value;

/// The lines of a description, which is indented by two blanks.
#[derive(Clone)]
pub(super) struct Text {
    lines: Vec<String>,
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

impl Text {
    pub(super) fn new(text: &str) -> Self {
        Self {
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    /// Returns the lines below `key`, within a range of lines and at this indentation.
    fn block(
        &self,
        within: std::ops::Range<usize>,
        depth: usize,
        key: &str,
    ) -> Option<std::ops::Range<usize>> {
        let quoted = [
            format!("{key}:"),
            format!("'{}':", key.replace('\'', "''")),
            format!("{}:", double_quoted(key)),
        ];
        let is_key = |line: &str| {
            let bare = line.trim_start();
            indent(line) == depth && quoted.iter().any(|form| bare.starts_with(form.as_str()))
        };
        let start = within.clone().find(|&index| is_key(&self.lines[index]))? + 1;
        let inside = |line: &str| line.trim().is_empty() || indent(line) > depth;
        let end = (start..within.end).find(|&index| !inside(&self.lines[index]));
        Some(start..end.unwrap_or(within.end))
    }

    fn insert(&mut self, at: usize, depth: usize, lines: &[String]) {
        let indented = lines
            .iter()
            .map(|line| format!("{}{line}", " ".repeat(depth)));
        self.lines.splice(at..at, indented.collect::<Vec<_>>());
    }

    /// Adds an operation to its path. A new path is inserted in sorted order.
    pub(super) fn add_operation(&mut self, path: &str, lines: &[String]) {
        let all = 0..self.lines.len();
        let Some(paths) = self.block(all, 0, "paths") else {
            return;
        };
        if let Some(item) = self.block(paths.clone(), 2, path) {
            return self.insert(item.end, 4, lines);
        }
        let sorts_after = |line: &str| {
            let key = line.trim().trim_end_matches(':').trim_matches(['\'', '"']);
            indent(line) == 2 && key.starts_with('/') && key > path
        };
        let at = paths.clone().find(|&index| sorts_after(&self.lines[index]));
        let at = at.unwrap_or(paths.end);
        self.insert(at, 4, lines);
        self.insert(at, 2, &[format!("{}:", key(path))]);
    }

    /// Adds a parameter to an operation, and returns whether that was possible.
    pub(super) fn add_parameter(&mut self, path: &str, method: &str, line: &str) -> bool {
        let all = 0..self.lines.len();
        let operation = self
            .block(all, 0, "paths")
            .and_then(|paths| self.block(paths, 2, path))
            .and_then(|item| self.block(item, 4, method));
        let Some(operation) = operation else {
            return false;
        };
        if let Some(parameters) = self.block(operation.clone(), 6, "parameters") {
            // A list in flow style has no lines.
            let is_list = !parameters.is_empty();
            if is_list {
                self.insert(parameters.end, 8, &[line.to_owned()]);
            }
            return is_list;
        }
        let before = |key| {
            self.block(operation.clone(), 6, key)
                .map(|block| block.start - 1)
        };
        let at = before("requestBody")
            .or_else(|| before("responses"))
            .unwrap_or(operation.end);
        self.insert(at, 6, &["parameters:".to_owned(), format!("  {line}")]);
        true
    }

    /// Adds a schema after all others.
    pub(super) fn add_schema(&mut self, lines: &[String]) {
        let all = 0..self.lines.len();
        let components = match self.block(all, 0, "components") {
            Some(components) => components,
            None => {
                self.lines.push("components:".to_owned());
                self.lines.len()..self.lines.len()
            }
        };
        match self.block(components.clone(), 2, "schemas") {
            Some(schemas) => self.insert(schemas.end, 4, lines),
            None => {
                self.insert(components.end, 4, lines);
                self.insert(components.end, 2, &["schemas:".to_owned()]);
            }
        }
    }

    /// Adds a member to a schema, and returns whether the name was free.
    pub(super) fn add_member(&mut self, schema: &str, name: &str, lines: &[String]) -> bool {
        let all = 0..self.lines.len();
        let properties = self
            .block(all, 0, "components")
            .and_then(|components| self.block(components, 2, "schemas"))
            .and_then(|schemas| self.block(schemas, 4, schema))
            .and_then(|schema| self.block(schema, 6, "properties"));
        match properties {
            Some(properties) if self.block(properties.clone(), 8, name).is_none() => {
                self.insert(properties.end, 8, lines);
                true
            }
            _ => false,
        }
    }
}

/// The maximum width of a line.
const WIDTH: usize = 120;

/// Returns a member of a map at this indentation, in one line if it fits.
pub(super) fn block(name: &str, value: &Value, depth: usize) -> Vec<String> {
    let line = format!("{}: {}", key(name), flow(value));
    if depth + line.len() <= WIDTH {
        return vec![line];
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            let members = map
                .iter()
                .flat_map(|(name, value)| block(name, value, depth + 2));
            let first = [format!("{}:", key(name))].into_iter();
            first
                .chain(members.map(|line| format!("  {line}")))
                .collect()
        }
        Value::Array(items) if !items.is_empty() => {
            let mut lines = vec![format!("{}:", key(name))];
            for item in items {
                let mut mark = "  - ";
                let line = flow(item);
                let inner = match item {
                    Value::Object(map) if depth + 4 + line.len() > WIDTH => map
                        .iter()
                        .flat_map(|(name, value)| block(name, value, depth + 4))
                        .collect(),
                    _ => vec![line],
                };
                for line in inner {
                    lines.push(format!("{mark}{line}"));
                    mark = "    ";
                }
            }
            lines
        }
        _ => vec![line],
    }
}

/// Returns a value in flow style.
pub(super) fn flow(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let members = map
                .iter()
                .map(|(name, value)| format!("{}: {}", key(name), flow(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(flow);
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        Value::String(text) => quoted(text),
        other => other.to_string(),
    }
}

/// Returns a key of a map.
pub(super) fn key(name: &str) -> String {
    let is_path = name.starts_with('/')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/{}-_.".contains(c));
    let is_usual = name.starts_with("$") && is_plain(&name[1..]);
    match is_plain(name) || is_path || is_usual {
        true => name.to_owned(),
        false => quoted(name),
    }
}

fn quoted(text: &str) -> String {
    match text
        .chars()
        .all(|c| c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric())
    {
        true => format!("'{}'", text.replace('\'', "''")),
        false => double_quoted(text),
    }
}

/// Returns a double-quoted text, in which any character can be written.
fn double_quoted(text: &str) -> String {
    let escaped = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c == ' ' || c.is_ascii_graphic() || c.is_alphanumeric() => c.to_string(),
        c if u32::from(c) < 0x1_0000 => format!("\\u{:04x}", u32::from(c)),
        c => format!("\\U{:08x}", u32::from(c)),
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

/// Returns whether a text needs no quotes, in block and in flow style.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let others = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || " ._-/".contains(c));
    first
        && others
        && !text.ends_with(' ')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
            .contains(&text.to_lowercase().as_str())
}
