//! Comparison and merge of a document of the size of the vendor's.

use std::path::Path;

use serde_json::{Value, json};

use super::super::diff::{Change, around, changes};
use super::super::document::Document;
use super::super::facts::Facts;
use super::super::{cover, facts, merge, recorded};
use super::fixture;
use crate::codegen;
use crate::project::{self, Service};

fn keepnet() -> Service {
    Service::named("keepnet").unwrap()
}

fn lists() -> (Facts, Facts) {
    let root = project::root();
    let (_, recorded) = recorded(&root, &keepnet()).unwrap();
    let ours = facts::of(&codegen::description(&root, &keepnet()).unwrap());
    (recorded, ours)
}

fn parsed(document: &Value) -> Value {
    let text = format!(
        "\u{feff}{}",
        serde_json::to_string_pretty(document).unwrap()
    );
    Document::parse("vendor.json", text.replace('\n', "\r\n"))
        .unwrap()
        .value
}

/// Returns a copy with one path removed, one member retyped and one operation added, and the expected lines.
fn changed(document: &Value) -> (Value, [String; 3]) {
    let mut copy = document.clone();
    let paths = copy["paths"].as_object_mut().unwrap();
    paths.remove("/api/allow-list/search").unwrap();
    let known = paths["/api/companies/{resourceId}"].clone();
    let mut added = json!({"parameters": known["parameters"], "post": known["delete"]});
    added["post"]["requestBody"] = json!({"content": {
        "application/json-patch+json": {"schema": {"type": "string"}},
        "application/json": {"schema": {"type": "object", "required": ["text"], "properties": {
            "text": {"type": "string", "minLength": 1, "maxLength": 200},
            "dueTime": {"type": "string", "format": "date-time", "nullable": true},
        }}},
    }});
    paths.insert("/api/companies/{resourceId}/notes".to_owned(), added);
    let schemas = copy["components"]["schemas"].as_object_mut().unwrap();
    let mut with_member = schemas
        .values_mut()
        .filter_map(|schema| schema["properties"].get_mut("isLicenseExceeded"));
    *with_member.next().unwrap() = json!({"type": "string"});
    assert!(with_member.next().is_none());
    let told = [
        "GET /api/companies/{resourceId}/license-check response.data.isLicenseExceeded boolean -> string  breaks",
        "POST /api/allow-list/search removed: operation  breaks",
        "POST /api/companies/{resourceId}/notes added: operation",
    ];
    (copy, told.map(str::to_owned))
}

#[test]
fn nothing_differs_in_a_document_that_did_not_change() {
    let (recorded, ours) = lists();
    let document = parsed(&fixture::document(&recorded, &ours));
    let vendor = facts::of(&document);
    assert_eq!(vendor.len(), recorded.len());
    let found = changes(&recorded, &vendor);
    let shown: Vec<_> = found.iter().map(Change::shown).collect();
    assert_eq!(shown, [""; 0]);
    let documented = cover::documented(&project::root(), &keepnet()).unwrap();
    let coverage = cover::compare(&ours, &vendor, &documented).json();
    assert_eq!(coverage["missing"], json!([]));
}

#[test]
fn nothing_is_sent_that_the_vendor_does_not_describe() {
    let (recorded, ours) = lists();
    let sent = ours.iter().flat_map(|(operation, places)| {
        let sent = places.keys().filter(|place| place.starts_with("request"));
        sent.map(move |place| (operation, place))
    });
    let undescribed: Vec<_> = sent
        .filter(|(operation, place)| {
            let recorded = &recorded[*operation];
            let is_unrecorded = around(place).any(|outer| facts::is_unrecorded(recorded, outer));
            !recorded.contains_key(*place) && !is_unrecorded
        })
        .collect();
    assert_eq!(undescribed, []);
}

#[test]
fn a_copy_with_three_changes_differs_in_those_alone() {
    let (recorded, ours) = lists();
    let document = fixture::document(&recorded, &ours);
    let (copy, expected) = changed(&document);
    let found = changes(&recorded, &facts::of(&parsed(&copy)));
    let shown: Vec<_> = found.iter().map(Change::shown).collect();
    assert_eq!(shown, expected);
}

/// Returns a temporary copy of our description.
fn workspace() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let api = folder.path().join(keepnet().description);
    std::fs::create_dir_all(&api).unwrap();
    for entry in std::fs::read_dir(project::root().join(keepnet().description)).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), api.join(entry.file_name())).unwrap();
    }
    folder
}

fn text(root: &Path) -> String {
    let mut files: Vec<_> = std::fs::read_dir(root.join(keepnet().description))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

fn record(root: &Path, document: &Value) {
    let text = facts::written(&facts::of(document));
    std::fs::write(root.join(keepnet().description).join("vendor.txt"), text).unwrap();
}

#[test]
fn merging_takes_exactly_the_operation_that_was_added_and_code_is_generated_of_it() {
    let (recorded, ours) = lists();
    let (copy, expected) = changed(&fixture::document(&recorded, &ours));
    let copy = parsed(&copy);
    let folder = workspace();
    let before = text(folder.path());
    let told = merge::merge(folder.path(), &keepnet(), &recorded, &copy).unwrap();
    let added = "companies.yaml: added POST /api/companies/{resourceId}/notes as companies.notes; decide what is marked with DECIDE";
    let [retyped, removed, _] = expected.map(|line| format!("DECIDE: {line}"));
    assert_eq!(told, [added.to_owned(), retyped, removed]);
    let after = text(folder.path());
    let mut lines = after.lines();
    assert!(
        before.lines().all(|line| lines.any(|other| other == line)),
        "a line was changed"
    );
    // The operation and its body. The schema of its response is known.
    assert_eq!(after.matches("DECIDE").count(), 2);

    record(folder.path(), &copy);
    let told = merge::merge(folder.path(), &keepnet(), &facts::of(&copy), &copy).unwrap();
    assert_eq!(told, [""; 0]);
    assert_eq!(text(folder.path()), after);
}

#[test]
fn operations_like_those_there_are_could_be_added() {
    let (recorded, ours) = lists();
    let mut document = fixture::document(&recorded, &ours);
    let copies: Vec<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .step_by(20)
        .map(|(path, item)| (format!("{path}/again"), item.clone()))
        .collect();
    let mut expected = 0;
    for (path, item) in copies {
        expected += item.as_object().unwrap().len() - 2;
        document["paths"][path] = item;
    }
    let folder = workspace();
    let told = merge::merge(folder.path(), &keepnet(), &recorded, &parsed(&document)).unwrap();
    let refused: Vec<_> = told
        .iter()
        .filter(|line| line.starts_with("DECIDE"))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
    assert_eq!(told.len(), expected);
}

#[test]
fn an_operation_joins_those_of_its_path_despite_other_names_of_parameters() {
    let (recorded, ours) = lists();
    let mut document = fixture::document(&recorded, &ours);
    let done = json!({"responses": {"204": {"description": "Done"}}});
    document["paths"]["/api/companies/{companyId}/widgets"] = json!({"put": done});
    let folder = workspace();
    let told = merge::merge(folder.path(), &keepnet(), &recorded, &parsed(&document)).unwrap();
    let added = "companies.yaml: added PUT /api/companies/{companyId}/widgets as companies.update_widgets; \
                 decide what is marked with DECIDE";
    assert_eq!(told, [added]);
}
