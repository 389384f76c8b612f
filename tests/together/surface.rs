//! The same thing has the same name at the roots of the three crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Names that only some of the crates have, because the services differ.
const SPECIAL: [&str; 4] = [
    "Anonymous",
    "OAuth2",     // The kinds of credentials.
    "Patch",      // Partial updates.
    "TailCursor", // Lists that can be followed.
];

/// Returns the names that the crate re-exports from the transport, at its root.
fn names(service: &str) -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let text = fs::read_to_string(path.join(service).join("src/lib.rs")).expect("the root");
    let blocks = text.split("pub use security_api_transport::{").skip(1);
    let names = blocks.flat_map(|block| {
        let (block, _) = block.split_once("};").expect("the end of the list");
        block.split(',').map(str::trim)
    });
    let names = names.filter(|name| !name.is_empty() && !SPECIAL.contains(name));
    names.map(str::to_owned).collect()
}

#[test]
fn the_three_crates_re_export_the_same_names() {
    let expected = names("keepnet-api");
    assert!(expected.len() > 5, "{expected:?}");
    for service in ["push-security-api", "pwpush-api"] {
        assert_eq!(names(service), expected, "{service}");
    }
}
