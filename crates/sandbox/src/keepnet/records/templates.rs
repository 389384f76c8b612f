//! Records and responses as data: templates, and filling them in.

use std::sync::LazyLock;

use serde_json::Value;

use super::{Record, Row, member, record, row};

static TEMPLATES: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("templates.json")).expect("templates.json is JSON")
});

/// The template of this name, filled in. `$name` in it stands for one of `values`, and `$record.name` for a member of
/// one of `records`, or for null if the record lacks it.
pub(crate) fn filled(template: &str, values: &Record, records: &[(&str, &Record)]) -> Record {
    let mut filled = TEMPLATES[template].clone();
    fill(&mut filled, &|name| {
        let found = match name.split_once('.') {
            None => values.get(name).cloned(),
            Some((of, name)) => records
                .iter()
                .find(|(record, _)| *record == of)
                .map(|(_, record)| member(record, name).cloned().unwrap_or_default()),
        };
        found.unwrap_or_else(|| panic!("the template {template} has an unknown ${name}"))
    });
    record(filled)
}

/// Replaces each text in a value that begins with `$`.
pub(crate) fn fill(value: &mut Value, of: &dyn Fn(&str) -> Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| fill(value, of)),
        Value::Object(members) => members.values_mut().for_each(|value| fill(value, of)),
        Value::String(text) => {
            if let Some(name) = text.strip_prefix('$') {
                *value = of(name);
            }
        }
        _ => {}
    }
}

/// The rows of a list that is always the same.
pub(crate) fn rows(template: &str) -> Vec<Row> {
    let rows = TEMPLATES[template].as_array().into_iter().flatten();
    rows.cloned().map(row).collect()
}
