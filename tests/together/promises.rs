//! Every promise in SECURITY.md and README.md names existing tests. So does every row of the retry table in
//! ARCHITECTURE.md.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the items of the list under a heading, each in one line.
fn promises(document: &str, heading: &str) -> Vec<String> {
    let text = read(document);
    let (_, rest) = text.split_once(heading).expect("the heading");
    let section = rest.split("\n#").next().unwrap_or_default();
    let mut items = section.split("\n- ");
    items.next();
    items
        .map(|item| item.split("\n\n").next().unwrap_or_default())
        .map(|item| item.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

/// Returns the tests that a promise names, each with the file that precedes it.
fn tests(promise: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut file = None;
    for code in promise.split('`').skip(1).step_by(2) {
        if code.ends_with(".rs") {
            file = Some(code.to_owned());
        } else if let Some(file) = &file {
            found.push((file.clone(), code.to_owned()));
        }
    }
    found
}

/// Returns whether the source has a test with this name.
fn has_test(source: &str, name: &str) -> bool {
    // A test that is a program has its name in a constant.
    if source.contains(&format!("const NAME: &str = \"{name}\";")) {
        return true;
    }
    let Some(start) = source.find(&format!("fn {name}(")) else {
        return false;
    };
    let attributes = source[..start].rsplit("\n\n").next().unwrap_or_default();
    let is_property = source[..start].contains("proptest! {");
    attributes.contains("#[test]") || attributes.contains("#[tokio::test") || is_property
}

#[track_caller]
fn assert_kept(document: &str, promise: &str) {
    let tests = tests(promise);
    assert!(!tests.is_empty(), "{document} names no test: {promise}");
    for (file, name) in tests {
        assert!(
            has_test(&read(&file), &name),
            "{document}: `{file}` has no test `{name}`"
        );
    }
}

#[test]
fn every_promise_names_tests_that_exist() {
    for (document, heading) in [
        ("SECURITY.md", "## What the crates promise"),
        ("README.md", "## What you can rely on"),
    ] {
        let promises = promises(document, heading);
        assert!(promises.len() >= 8, "{document}: {promises:?}");
        for promise in promises {
            assert!(promise.starts_with("**"), "{document}: {promise}");
            assert_kept(document, &promise);
        }
    }
}

#[test]
fn every_row_of_the_retry_table_names_tests_that_exist() {
    let document = "ARCHITECTURE.md";
    let text = read(document);
    let (_, table) = text
        .split_once("| what happened | outcome |")
        .expect("the table");
    let rows: Vec<_> = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();
    let promises = promises(document, "### When a request is sent again");
    assert!(
        !rows.is_empty() && rows.len() == promises.len(),
        "{promises:#?}"
    );
    for (row, promise) in rows.into_iter().zip(promises) {
        let begins = promise.split("**").nth(1).unwrap_or_default();
        assert!(!begins.is_empty(), "{promise}");
        assert!(row.starts_with(&format!("| {begins}")), "{row}: {promise}");
        assert_kept(document, &promise);
    }
}

#[test]
fn every_crate_forbids_unsafe_code() {
    assert!(read("Cargo.toml").contains("unsafe_code = \"forbid\""));
    let crates = fs::read_dir(root().join("crates")).expect("the crates");
    let mut manifests: Vec<_> = crates
        .map(|entry| {
            format!(
                "crates/{}/Cargo.toml",
                entry.expect("a crate").file_name().display()
            )
        })
        .collect();
    assert!(manifests.len() >= 5);
    manifests.extend(["tests/Cargo.toml", "xtask/Cargo.toml"].map(str::to_owned));
    for manifest in manifests {
        assert!(
            read(&manifest).contains("[lints]\nworkspace = true"),
            "{manifest} does not take the workspace's lints"
        );
    }
}
