//! Every Rust file of the workspace is compiled as a part of something.
//!
//! Generated folders are left out: `cargo xtask codegen --check` refuses files there that it does not write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The files of Rust and the manifests below a folder, with their text.
fn read(folder: &Path, found: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() {
            // What is built, generated, or found while fuzzing.
            let others = ["target", "generated", "corpus", "artifacts"];
            if !name.starts_with('.') && !others.contains(&&*name) {
                read(&path, found);
            }
        } else if name == "Cargo.toml" || name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
}

/// Whether cargo finds the file by itself.
fn is_root(path: &Path) -> bool {
    let name = path.file_name().unwrap();
    let folder = path.parent().unwrap();
    let is_package = |folder: Option<&Path>| folder.is_some_and(|f| f.join("Cargo.toml").exists());
    let has_targets = |folder: &Path| {
        let mut kinds = ["tests", "examples", "benches"].iter();
        kinds.any(|kind| folder.ends_with(kind)) && is_package(folder.parent())
    };
    match name.to_str() {
        Some("lib.rs") => folder.ends_with("src"),
        Some("main.rs") => folder.ends_with("src") || folder.parent().is_some_and(has_targets),
        Some("build.rs") => true,
        _ => has_targets(folder),
    }
}

/// The files that no manifest names, and whose module no file declares.
fn orphans(files: &BTreeMap<PathBuf, String>) -> Vec<&PathBuf> {
    let is_declared = |path: &Path| {
        let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut folder = path.parent().unwrap();
        let mut module = stem(path);
        if module == "mod" {
            module = stem(folder);
            folder = folder.parent().unwrap();
        }
        let declaration = [format!("mod {module};"), format!("mod r#{module};")];
        let beside = folder.with_extension("rs");
        // `#[path = "…"]`, and targets in manifests.
        let end = path.iter().rev().take(2).collect::<Vec<_>>();
        let named = format!("{}/{}\"", end[1].display(), end[0].display());
        files.iter().any(|(file, text)| {
            let may_declare = file.parent() == Some(folder) || *file == beside;
            let has = |words: &String| text.contains(words.as_str());
            (may_declare && file != path && declaration.iter().any(has)) || has(&named)
        })
    };
    let rust = files
        .keys()
        .filter(|path| path.extension().is_some_and(|end| end == "rs"));
    rust.filter(|path| !is_root(path) && !is_declared(path))
        .collect()
}

#[test]
fn no_file_is_left_over_that_nothing_compiles() {
    let mut files = BTreeMap::new();
    read(
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(),
        &mut files,
    );
    assert!(files.len() > 400, "{}", files.len());
    assert_eq!(orphans(&files), Vec::<&PathBuf>::new());
}

#[test]
fn a_file_is_left_over_unless_its_module_is_declared_or_a_manifest_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("Cargo.toml", "[[bench]]\npath = \"speed/all.rs\"");
    write("src/lib.rs", "mod a; pub(crate) mod b;");
    write("src/a.rs", "mod c;");
    write("src/a/c.rs", "");
    write("src/a/d.rs", "mod d; // itself");
    write("src/b/mod.rs", "#[path = \"../odd/e.rs\"] mod e;");
    write("src/odd/e.rs", "");
    write("speed/all.rs", "");
    write("tests/it.rs", "mod support;");
    write("tests/support/mod.rs", "");
    write("tests/support/f.rs", "");
    write("tests/parts/main.rs", "mod g;");
    write("tests/parts/g.rs", "");
    write("src/h/main.rs", "");
    let mut files = BTreeMap::new();
    read(folder.path(), &mut files);
    let left: Vec<_> = orphans(&files)
        .into_iter()
        .map(|path| path.strip_prefix(folder.path()).unwrap().to_path_buf())
        .collect();
    assert_eq!(
        left,
        ["src/a/d.rs", "src/h/main.rs", "tests/support/f.rs"].map(PathBuf::from)
    );
}
