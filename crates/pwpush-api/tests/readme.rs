//! What the README says of operations and features is so.

use std::collections::BTreeMap;

use pwpush_api::operations;

const README: &str = include_str!("../README.md");
const DESCRIPTION: &str = include_str!("../api/openapi.yaml");
const MANIFEST: &str = include_str!("../Cargo.toml");

/// A row of the coverage table.
#[derive(Debug, PartialEq, Eq)]
struct Row {
    method: String,
    path: String,
    /// How well it is known, in the words of the API description.
    source: &'static str,
    confidence: String,
    edition: String,
}

/// The cells of every row of the table that begins with this head.
fn table(head: &str) -> Vec<Vec<String>> {
    let (_, rest) = README.split_once(head).expect("the head of the table");
    let cells = |line: &str| -> Vec<String> {
        let line = line.trim().trim_start_matches('|').trim_end_matches('|');
        line.split('|')
            .map(|cell| cell.trim().trim_matches('`').to_owned())
            .collect()
    };
    // The rest of the head's own line, then the rule.
    let lines = rest.lines().skip(2);
    lines
        .take_while(|line| line.starts_with('|'))
        .map(cells)
        .collect()
}

/// The rows of the coverage table by the id that the call in them belongs to: `apps().get(id)` to `apps.get`.
fn covered() -> BTreeMap<String, Row> {
    let table = table("| method | path | call |");
    let mut rows = BTreeMap::new();
    for cells in table {
        let [method, path, call, source, confidence, edition] = &cells[..] else {
            panic!("a row of another length: {cells:?}");
        };
        let (resource, call) = call.split_once("().").expect("a resource");
        let (name, _) = call.split_once('(').expect("a call");
        let row = Row {
            method: method.clone(),
            path: path.clone(),
            source: match source.as_str() {
                "documentation" => "vendor-documentation",
                "server source" => "server-source",
                "public clients" => "public-client",
                other => panic!("what does {other:?} mean?"),
            },
            confidence: confidence.clone(),
            edition: edition.clone(),
        };
        let twice = rows.insert(format!("{resource}.{name}"), row);
        assert_eq!(twice, None, "{resource}.{name} stands there twice");
    }
    rows
}

/// The same, as the API description has it, told by the indentation of its lines.
fn described() -> BTreeMap<String, Row> {
    let (paths, _) = DESCRIPTION
        .split_once("\ncomponents:\n")
        .expect("the end of the paths");
    let (_, paths) = paths.split_once("\npaths:\n").expect("the paths");
    let mut rows = BTreeMap::new();
    let (mut path, mut method, mut id) = ("", "", "");
    for line in paths.lines() {
        let indent = line.len() - line.trim_start().len();
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        let value = value.trim();
        match (indent, key) {
            (2, key) => path = key,
            (4, key) => method = key,
            (6, "operationId") => {
                id = value;
                let row = Row {
                    method: method.to_uppercase(),
                    path: path.to_owned(),
                    source: "",
                    confidence: String::new(),
                    edition: edition_of(method, path).to_owned(),
                };
                rows.insert(id.to_owned(), row);
            }
            (6, "x-source") => row(&mut rows, id).source = value,
            (6, "x-confidence") => value.clone_into(&mut row(&mut rows, id).confidence),
            _ => {}
        }
    }
    rows
}

/// Requests, accounts and workspaces are of the commercial edition; mail is known of the other alone.
fn edition_of(method: &str, path: &str) -> &'static str {
    let resource = path.trim_start_matches("/api/v2/").split('/').next();
    match resource {
        Some("version" | "pushes") if method == "post" && path.ends_with("/notify_emails") => {
            "open-source"
        }
        Some("version" | "pushes") => "both",
        _ => "commercial",
    }
}

fn row<'a>(rows: &'a mut BTreeMap<String, Row>, id: &str) -> &'a mut Row {
    rows.get_mut(id).expect("an operation before its facts")
}

#[test]
fn the_coverage_table_says_what_the_description_says() {
    let (covered, described) = (covered(), described());
    for (id, row) in &described {
        assert_eq!(covered.get(id), Some(row), "{id}");
    }
    for id in covered.keys() {
        assert!(described.contains_key(id), "{id} is not described");
    }
}

#[test]
fn the_coverage_table_names_every_operation_of_the_crate() {
    let mut covered = covered();
    for operation in operations::ALL {
        let row = covered
            .remove(operation.id())
            .unwrap_or_else(|| panic!("{} is not in the table", operation.id()));
        assert_eq!(row.method, operation.method().as_str());
        assert_eq!(row.path, operation.path());
    }
    assert!(covered.is_empty(), "not in the crate: {covered:?}");
}

#[test]
fn the_features_table_names_every_feature() {
    let (_, features) = MANIFEST.split_once("\n[features]\n").expect("features");
    let (features, _) = features.split_once("\n[").expect("a table after them");
    let mut in_manifest = BTreeMap::new();
    let mut defaults = "";
    for line in features.lines().filter(|line| !line.starts_with('#')) {
        match line.split_once(" = ") {
            Some(("default", list)) => defaults = list,
            Some((name, _)) => {
                let is_default = defaults.contains(&format!("{name:?}"));
                in_manifest.insert(name.to_owned(), is_default);
            }
            None => {}
        }
    }
    let in_readme: BTreeMap<_, _> = table("| feature | default | what for |")
        .into_iter()
        .map(|cells| (cells[0].clone(), cells[1] == "yes"))
        .collect();
    assert_eq!(in_readme, in_manifest);
}

#[test]
fn the_examples_table_names_every_example() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/examples");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the examples")
        .filter_map(|entry| entry.expect("an entry").file_name().into_string().ok())
        .filter_map(|name| name.strip_suffix(".rs").map(str::to_owned))
        .collect();
    let mut named: Vec<_> = table("| example | what it does |")
        .into_iter()
        .map(|mut cells| cells.swap_remove(0))
        .collect();
    files.sort_unstable();
    named.sort_unstable();
    assert_eq!(named, files);
}

#[test]
fn the_readme_names_the_oldest_rust_that_will_do() {
    let oldest = env!("CARGO_PKG_RUST_VERSION");
    assert!(README.contains(&format!("Rust {oldest} or later")));
}
