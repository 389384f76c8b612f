//! The READMEs of the service crates say what the crates have. The tables of operations in them are generated.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

/// A service crate.
struct Crate {
    folder: PathBuf,
    manifest: DocumentMut,
    readme: String,
}

impl Crate {
    fn all() -> Vec<Self> {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .unwrap()
            .join("crates");
        ["push-security-api", "pwpush-api", "keepnet-api"]
            .map(|name| {
                let folder = crates.join(name);
                let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
                let (manifest, readme) = (read("Cargo.toml"), read("README.md"));
                Self {
                    manifest: manifest.parse().unwrap(),
                    readme,
                    folder,
                }
            })
            .into()
    }

    /// The cells of every row of the table with this head.
    fn table(&self, head: &str) -> Vec<Vec<String>> {
        let (_, rest) = self.readme.split_once(head).unwrap_or_else(|| {
            panic!("{} has no table {head}", self.folder.display());
        });
        // The rest of the head's own line, then the rule.
        let rows = rest
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let cells = |row: &str| {
            let cells = row.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect()
        };
        rows.map(cells).collect()
    }
}

#[test]
fn every_feature_is_told_with_whether_it_is_a_default() {
    for one in Crate::all() {
        let features = one.manifest["features"].as_table().unwrap();
        let is_told = |name: &&str| *name != "default" && !name.starts_with('_');
        let known: BTreeSet<_> = features
            .iter()
            .map(|(name, _)| name)
            .filter(is_told)
            .collect();
        let defaults = features["default"].as_array().unwrap();
        let defaults: BTreeSet<_> = defaults.iter().map(|name| name.as_str().unwrap()).collect();

        let told = one.table("| feature | default | what for |");
        let told: BTreeMap<_, _> = told.iter().map(|row| (&*row[0], row[1] == "yes")).collect();
        for (name, is_default) in &told {
            assert_eq!(*is_default, defaults.contains(name), "{name}");
        }
        // The areas of an API stand in the generated table.
        let areas = match one.readme.contains("| feature | operations |") {
            true => one.table("| feature | operations |"),
            false => Vec::new(),
        };
        let areas = areas
            .iter()
            .map(|row| &*row[0])
            .filter(|name| *name != "always there");
        let told: BTreeSet<_> = told.keys().copied().chain(areas).collect();
        assert_eq!(told, known, "{}", one.folder.display());
    }
}

/// The head of the table of examples, where there is one.
const EXAMPLES: &str = "| example | what it does |";

#[test]
fn every_example_is_told() {
    for one in Crate::all() {
        let folder = std::fs::read_dir(one.folder.join("examples")).unwrap();
        let names = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        for name in names.filter_map(|name| name.strip_suffix(".rs").map(str::to_owned)) {
            assert!(
                one.readme.contains(&format!("`{name}`")),
                "{name} of {}",
                one.folder.display()
            );
        }
        if one.readme.contains(EXAMPLES) {
            for row in one.table(EXAMPLES) {
                let file = one.folder.join("examples").join(format!("{}.rs", row[0]));
                assert!(file.exists(), "there is no {}", file.display());
            }
        }
    }
}

#[test]
fn the_oldest_rust_that_will_do_is_told() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let workspace = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    let workspace: DocumentMut = workspace.parse().unwrap();
    let oldest = workspace["workspace"]["package"]["rust-version"]
        .as_str()
        .unwrap();
    for one in Crate::all() {
        let told = format!("Rust {oldest} or later");
        assert!(
            one.readme.contains(&told),
            "{}: {told}",
            one.folder.display()
        );
    }
}
