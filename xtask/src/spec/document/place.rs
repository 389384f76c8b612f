//! Locations in a text.

use std::collections::HashSet;

use super::escaped;

/// Returns whether a text is JSON, or empty.
pub(super) fn is_json(text: &str) -> bool {
    text.trim_start().starts_with('{')
}

/// Returns the line of a byte.
pub(super) fn line_at(text: &str, at: usize) -> u64 {
    let lines = text.as_bytes()[..at].iter().filter(|byte| **byte == b'\n');
    lines.map(|_| 1).sum::<u64>() + 1
}

/// Returns the JSON pointer to the value that is open when the text ends at `line`.
pub(super) fn pointer_at(text: &str, line: u64) -> String {
    match is_json(text) {
        true => scan(text, text.len(), |_, _| {}),
        false => in_yaml(text, line),
    }
}

/// Returns the JSON pointer to the value in which parsing of a JSON text failed.
pub(super) fn in_json(text: &str, line: usize, column: usize) -> String {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1));
    let before: usize = before.map(str::len).sum();
    scan(text, before + column, |_, _| {})
}

/// Returns the first duplicate key of a JSON text, its line and its pointer.
pub(super) fn twice(text: &str) -> Option<(String, u64, String)> {
    let mut found = None;
    scan(text, text.len(), |at, key| {
        found.get_or_insert_with(|| (at, key.to_owned()));
    });
    let (at, key) = found?;
    let end = at + serde_json::to_string(&key).ok()?.len();
    Some((key, line_at(text, at), scan(text, end, |_, _| {})))
}

/// A map or list that is open at a position.
enum Open {
    /// The last key, until its value ends, and all keys.
    Map(Option<String>, HashSet<String>),
    /// The number of elements so far.
    List(usize),
}

/// Reads a JSON text up to the byte `end`, and returns the pointer to the value that is open there. Calls `twice` with
/// the start of each duplicate key.
fn scan(text: &str, end: usize, mut twice: impl FnMut(usize, &str)) -> String {
    let text = text.as_bytes();
    let end = end.min(text.len());
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while at < end {
        match text[at] {
            b'{' => open.push(Open::Map(None, HashSet::new())),
            b'[' => open.push(Open::List(0)),
            b'}' | b']' if at + 1 < end => drop(open.pop()),
            b',' if at + 1 < end => match open.last_mut() {
                Some(Open::Map(key, _)) => *key = None,
                Some(Open::List(index)) => *index += 1,
                None => {}
            },
            b'"' => {
                let start = at;
                at += 1;
                while at < end && text[at] != b'"' {
                    at += if text[at] == b'\\' { 2 } else { 1 };
                }
                if let Some(Open::Map(key @ None, known)) = open.last_mut() {
                    let quoted = text.get(start..=at).unwrap_or_default();
                    *key = serde_json::from_slice(quoted).ok();
                    if let Some(key) = key
                        && !known.insert(key.clone())
                    {
                        twice(start, key);
                    }
                }
            }
            _ => {}
        }
        at += 1;
    }
    let steps = open.into_iter().filter_map(|step| match step {
        Open::Map(key, _) => key.map(|key| escaped(&key)),
        Open::List(index) => Some(index.to_string()),
    });
    steps.map(|step| format!("/{step}")).collect()
}

/// Returns the pointer to the value that is open at a line of a YAML text, from the keys and dashes at the beginnings
/// of lines.
fn in_yaml(text: &str, line: u64) -> String {
    // Open levels: indentation, and the key or the number of elements so far.
    let mut open: Vec<(usize, Result<String, usize>)> = Vec::new();
    let lines = usize::try_from(line).unwrap_or(usize::MAX);
    for line in text.lines().take(lines) {
        let mut rest = line.trim_start();
        if rest.is_empty() || rest.starts_with('#') {
            continue;
        }
        loop {
            let indent = line.len() - rest.len();
            let in_list = rest.strip_prefix("- ");
            let mut index = 0;
            // The elements of a list may have the indentation of its key.
            while let Some((known, step)) = open.last()
                && (*known > indent || *known == indent && (in_list.is_none() || step.is_err()))
            {
                if let (Err(count), true) = (step, *known == indent) {
                    index = count + 1;
                }
                open.pop();
            }
            let Some(element) = in_list else {
                let key = rest.split_once(": ").map(|(key, _)| key);
                if let Some(key) = key.or_else(|| rest.trim_end().strip_suffix(':')) {
                    open.push((indent, Ok(key.trim_matches(['"', '\'']).to_owned())));
                }
                break;
            };
            open.push((indent, Err(index)));
            rest = element.trim_start();
        }
    }
    let steps = open.into_iter().map(|(_, step)| match step {
        Ok(key) => escaped(&key),
        Err(index) => index.to_string(),
    });
    steps.map(|step| format!("/{step}")).collect()
}

/// Returns the line of the deepest part of a pointer that the text has. Each key is searched after its parent.
pub(super) fn line_of(text: &str, pointer: &str) -> Option<u64> {
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
    Some(line_at(text, at))
}
