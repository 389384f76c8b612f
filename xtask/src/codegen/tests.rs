//! Tests of generated code and of refusals.

use std::path::{Path, PathBuf};

use fastrand::Rng;
use serde_json::{Map, Value};

use super::{Codegen, Description, Files, calls, render, write};
use crate::project::{self, SERVICES, Service};

mod refusals;

/// An API with one of everything. `tests/tiny.rs` compiles and calls the generated code.
const TINY: Service = Service {
    name: "tiny",
    crate_dir: "xtask/tests/tiny",
    library: "tiny_api",
    variable: "tiny",
    description: "xtask/tests/tiny/openapi.yaml",
    vendor: None,
    groups: &[],
    exercise: "xtask/tests/tiny/exercise.rs",
    shapes: None,
    readers: None,
};

/// An API of several documents, with areas, envelopes and searches. `tests/areas.rs` compiles and calls the generated
/// code.
const AREAS: Service = Service {
    name: "areas",
    crate_dir: "xtask/tests/areas",
    library: "areas_api",
    variable: "areas",
    description: "xtask/tests/areas/api",
    vendor: None,
    groups: &[],
    exercise: "xtask/tests/areas/exercise.rs",
    shapes: Some("xtask/tests/areas/shapes.json"),
    readers: None,
};

fn description(service: &Service) -> Value {
    Description::load(&project::root(), service).unwrap().value
}

/// Returns all generated files, with the exerciser's calls.
fn files(description: &Value, service: &Service) -> Files {
    let mut files = render(description, service).unwrap();
    files.extend(calls(description, service).unwrap());
    files
}

fn folders(service: &Service) -> Vec<PathBuf> {
    let mut folders = service.exercise_folders();
    folders.push(service.generated());
    folders
}

#[test]
fn generated_code_is_what_was_reviewed() {
    let root = project::root();
    for service in [&TINY, &AREAS] {
        let files = files(&description(service), service);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            write::apply(&root, &folders(service), &files).unwrap();
        }
        let drift = write::check(&root, &folders(service), &files).unwrap();
        assert!(
            drift.is_empty(),
            "if this is what you want, run `UPDATE_GOLDEN=1 cargo test -p xtask`\n{drift}"
        );
    }
}

/// Checks that the generated code is the same if the maps of the description are shuffled with these seeds.
fn check_shuffled(service: &Service, seeds: std::ops::Range<u64>) {
    let ordered = description(service);
    let expected = files(&ordered, service);
    for seed in seeds {
        let shuffled = shuffle(&ordered, &mut Rng::with_seed(seed));
        assert_ne!(shuffled.to_string(), ordered.to_string());
        assert!(
            files(&shuffled, service) == expected,
            "{} {seed}",
            service.name
        );
    }
}

/// One test for each service, so that they run in parallel.
mod the_order_of_maps_changes_nothing {
    use super::*;

    fn check(name: &str) {
        check_shuffled(&Service::named(name).unwrap(), 0..2);
    }

    #[test]
    fn in_one_of_everything() {
        check_shuffled(&TINY, 0..8);
    }

    #[test]
    fn in_several_documents() {
        check_shuffled(&AREAS, 0..8);
    }

    #[test]
    fn in_push_security() {
        check("push-security");
    }

    #[test]
    fn in_pwpush() {
        check("pwpush");
    }

    #[test]
    fn in_keepnet() {
        check("keepnet");
    }

    #[test]
    fn in_every_service() {
        let names = SERVICES.iter().map(|service| service.name);
        let tested = ["push-security", "pwpush", "keepnet"];
        assert!(names.eq(tested), "a service has no test above");
    }
}

fn shuffle(value: &Value, rng: &mut Rng) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| shuffle(item, rng)).collect(),
        Value::Object(map) => {
            let mut entries: Vec<_> = map
                .iter()
                .map(|(key, value)| (key.clone(), shuffle(value, rng)))
                .collect();
            rng.shuffle(&mut entries);
            Value::Object(Map::from_iter(entries))
        }
        other => other.clone(),
    }
}

#[test]
fn documentation_calls_members_as_rust_does() {
    let mut description = description(&TINY);
    let cat = &mut description["components"]["schemas"]["Cat"];
    cat["description"] = "A cat at `lastSeen`, of `type`.".into();
    cat["properties"]["born"]["description"] = "Before `lastSeen`, not lastSeen.".into();
    let text: String = files(&description, &TINY).into_values().collect();
    assert!(text.contains("/// A cat at `seen`, of `kind`."));
    assert!(text.contains("/// Before `seen`, not lastSeen."));
    assert!(!text.contains("`lastSeen`"));
}

fn codegen(check: bool, root: &Path) -> bool {
    let command = Codegen {
        check,
        service: Some(SERVICES[0]),
    };
    command.run_in(root).unwrap().0
}

#[test]
fn check_finds_what_changed_is_missing_or_is_left_over() {
    let service = SERVICES[0];
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let api = root.join(service.description);
    std::fs::create_dir_all(api.parent().unwrap()).unwrap();
    std::fs::copy(project::root().join(service.description), api).unwrap();

    assert!(!codegen(true, root), "nothing is written yet");
    assert!(codegen(false, root));
    assert!(codegen(true, root));

    let drift = || {
        let files = super::generate(root, &service).unwrap();
        write::check(root, &[service.generated()], &files).unwrap()
    };
    let generated = root.join(service.generated());
    let browsers = generated.join("browsers/calls.rs");
    let text = std::fs::read_to_string(&browsers).unwrap();
    std::fs::write(
        &browsers,
        text.replace("pub fn page(self)", "pub fn sheet(self)"),
    )
    .unwrap();
    let diff = drift();
    assert!(
        diff.contains("+++ b/crates/push-security-api/src/generated/browsers/calls.rs"),
        "{diff}"
    );
    assert!(
        diff.contains("\n-    pub fn sheet(self)") && diff.contains("\n+    pub fn page(self)")
    );
    assert!(!codegen(true, root));

    std::fs::remove_file(&browsers).unwrap();
    assert!(
        drift().contains(
            "--- /dev/null\n+++ b/crates/push-security-api/src/generated/browsers/calls.rs"
        )
    );
    assert!(codegen(false, root));

    let stale = generated.join("dogs.rs");
    std::fs::write(&stale, "//! Dogs.\n").unwrap();
    let diff = drift();
    assert!(
        diff.contains("--- a/crates/push-security-api/src/generated/dogs.rs\n+++ /dev/null"),
        "{diff}"
    );
    assert!(!codegen(true, root));
    assert!(codegen(false, root));
    assert!(!stale.exists());
    assert!(codegen(true, root));
}

/// Returns the generated files that change if the schema `to` gets a member of a new type.
fn files_of_a_new_type(service: &Service, to: &str) -> Vec<String> {
    let before = description(service);
    let mut after = before.clone();
    let schemas = &mut after["components"]["schemas"];
    let mut collar = serde_json::json!({
        "description": "What a cat may wear.",
        "type": "object",
        "properties": {"colour": {"description": "As a name of CSS.", "type": "string"}},
    });
    if let Some(document) = schemas[to].get("x-document") {
        collar["x-document"] = document.clone();
    }
    schemas["Collar"] = collar;
    schemas[to]["properties"]["collar"] = serde_json::json!({
        "description": "What it wears outside.",
        "$ref": "#/components/schemas/Collar",
    });
    let (before, after) = (files(&before, service), files(&after, service));
    let generated = service.generated();
    let paths: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .filter_map(|path| path.strip_prefix(&generated).ok())
        .map(|path| path.to_string_lossy().replace('\\', "/"))
        .collect()
}

#[test]
fn a_new_type_changes_the_file_it_belongs_to_and_no_other() {
    for (service, to, expected) in [
        (&TINY, "Cat", "cats/models.rs"),
        (&AREAS, "Cat", "cats/shared.rs"),
        (&AREAS, "Owner", "shared/common.rs"),
    ] {
        assert_eq!(
            files_of_a_new_type(service, to),
            [expected],
            "{}",
            service.name
        );
    }
}

#[test]
fn what_keepnets_areas_share_is_in_files_by_concept() {
    let service = Service::named("keepnet").unwrap();
    let files = files(&description(&service), &service);
    let shared = service.generated().join("shared");
    let names: Vec<_> = files
        .keys()
        .filter_map(|path| path.strip_prefix(&shared).ok())
        .filter_map(|path| path.file_stem()?.to_str())
        .collect();
    assert!(names.contains(&"campaign"), "{names:?}");
    assert!(
        !names.contains(&"common"),
        "describe types in the document of what they are about, not in common.yaml"
    );
}
