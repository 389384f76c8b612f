//! `cargo xtask operations`: lists the operations of the described APIs.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};

use crate::codegen;
use crate::console::say;
use crate::project::{self, Service};

/// Lists every operation of every service.
#[derive(Debug, clap::Args)]
pub(crate) struct Operations {
    /// Prints JSON, which also tells what is unconfirmed about an operation.
    #[arg(long)]
    json: bool,
}

impl Operations {
    pub(crate) fn run(&self) -> anyhow::Result<ExitCode> {
        let rows = rows(&project::root())?;
        if self.json {
            say(serde_json::to_string_pretty(&rows)?)?;
        } else {
            say(table(&rows))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Returns one object for each operation.
fn rows(root: &Path) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    for service in Service::selected(None) {
        let api = codegen::api(root, &service)?;
        let operations = api.resources.into_iter().flat_map(|resource| {
            let area = resource.area.filter(|area| area != codegen::ALWAYS);
            let operations = resource.operations.into_iter();
            operations.map(move |operation| (area.clone(), operation))
        });
        for (area, operation) in operations {
            let unconfirmed = operation.unconfirmed.as_ref();
            rows.push(json!({
                "service": service.name,
                "resource": operation.resource,
                "name": operation.name,
                "method": operation.method,
                "path": operation.path,
                "idempotent": operation.idempotent,
                "confidence": operation.confidence.as_str(),
                "feature": unconfirmed.map(|_| "unconfirmed").or(area.as_deref()),
                "unconfirmed": operation.unconfirmed,
            }));
        }
    }
    Ok(rows)
}

const COLUMNS: [&str; 8] = [
    "service",
    "resource",
    "name",
    "method",
    "path",
    "idempotent",
    "confidence",
    "feature",
];

fn table(rows: &[Value]) -> String {
    let cell = |row: &Value, column: &str| match &row[column] {
        Value::String(text) => text.clone(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        _ => String::new(),
    };
    let mut lines = vec![COLUMNS.map(str::to_owned)];
    lines.extend(
        rows.iter()
            .map(|row| COLUMNS.map(|column| cell(row, column))),
    );
    let widths: Vec<usize> = (0..COLUMNS.len())
        .map(|index| {
            lines
                .iter()
                .map(|line| line[index].len())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(&widths);
            let cells: Vec<_> = cells
                .map(|(cell, width)| format!("{cell:width$}"))
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_described_operation_is_listed_once() {
        let rows = rows(&project::root()).unwrap();
        let names: std::collections::BTreeSet<_> = rows
            .iter()
            .map(|row| ["service", "resource", "name"].map(|key| row[key].as_str().unwrap()))
            .collect();
        assert_eq!(names.len(), rows.len());
        let push = rows.iter().filter(|row| row["service"] == "push-security");
        let (unconfirmed, confirmed): (Vec<_>, Vec<_>) =
            push.partition(|row| !row["unconfirmed"].is_null());
        assert_eq!((confirmed.len(), unconfirmed.len()), (18, 8));
        assert!(unconfirmed.iter().all(|row| row["confidence"] == "low"));
        let count = |service: &str| rows.iter().filter(|row| row["service"] == service).count();
        assert_eq!(count("keepnet"), 949);
    }

    #[test]
    fn columns_are_aligned() {
        let rows =
            [json!({"service": "s", "resource": "long_name", "idempotent": true, "feature": null})];
        assert_eq!(
            table(&rows),
            "service  resource   name  method  path  idempotent  confidence  feature\n\
             s        long_name                      yes"
        );
    }
}
