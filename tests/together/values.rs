//! Every operation of the three clients is a value: no public method borrows its handle until its future is done.

use std::fs;
use std::path::{Path, PathBuf};

/// Public functions that return a borrowed future, and the reason.
const EXPECTED: [(&str, &str); 2] = [
    // The future borrows the stream, which is the value.
    ("keepnet-api/src/polling.rs", "try_next"),
    ("keepnet-api/src/audit_log.rs", "try_next"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Returns the name of the function if the signature is public and its future may borrow.
fn borrowed_future(signature: &str) -> Option<&str> {
    let rest = signature.trim_start().strip_prefix("pub ")?;
    let (qualifiers, rest) = rest.split_once("fn ")?;
    let may_borrow = qualifiers.contains("async ") || rest.contains("impl Future<");
    may_borrow.then(|| rest.split(['(', '<']).next().unwrap_or_default())
}

#[test]
fn no_operation_borrows_its_handle() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut found = Vec::new();
    let mut functions = 0;
    for service in ["push-security-api", "pwpush-api", "keepnet-api"] {
        let mut files = Vec::new();
        sources(&crates.join(service).join("src"), &mut files);
        for file in files {
            let text = fs::read_to_string(&file).expect("a source file");
            let short = file.strip_prefix(&crates).expect("below the folder");
            let short = short.to_string_lossy().replace('\\', "/");
            // The signature ends at the body.
            for signature in text.split('{').flat_map(|part| {
                part.find("pub fn ")
                    .or_else(|| part.find("pub async fn "))
                    .map(|at| &part[at..])
            }) {
                functions += 1;
                if let Some(name) = borrowed_future(signature) {
                    found.push((short.clone(), name.to_owned()));
                }
            }
        }
    }
    assert!(functions > 1_000, "only {functions} public functions found");
    found.sort();
    let mut expected = EXPECTED.map(|(file, name)| (file.to_owned(), name.to_owned()));
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_future_that_borrows_is_recognised() {
    for (signature, name) in [
        (
            "pub async fn check(&self) -> Result<(), Error> ",
            Some("check"),
        ),
        (
            "pub fn next<T>(&mut self) -> impl Future<Output = T> + '_ ",
            Some("next"),
        ),
        ("pub fn check(&self) -> Job<()> ", None),
    ] {
        assert_eq!(borrowed_future(signature), name);
    }
}
