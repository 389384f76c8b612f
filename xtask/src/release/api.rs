//! The public API of each crate, in a file next to its manifest. Reviewers see its changes, and they determine the next
//! version.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use public_api::{Builder, PublicItem};
use serde_json::Value;
use similar::TextDiff;

use super::workspace::{Member, Workspace};

/// The file, in the folder of a crate.
pub(crate) const FILE: &str = "public-api.txt";

/// The note at the end of the line of a required method.
pub(crate) const REQUIRED: &str = " // to be implemented";
/// The prefix of a `#[non_exhaustive]` item.
pub(crate) const CLOSED: &str = "#[non_exhaustive]";
pub(crate) const ALL_PUBLIC: &str = " // all fields are public";

/// Returns the current public API of a crate: its features, its oldest version of Rust, and a line for each item.
///
/// # Errors
/// If the crate cannot be built.
pub(crate) fn now(workspace: &Workspace, member: &Member) -> anyhow::Result<String> {
    let path = document(workspace, member)?;
    let json = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let json: Value = serde_json::from_slice(&json).context("rustdoc's JSON")?;
    let api = Builder::from_rustdoc_json(&path)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(false)
        .omit_auto_derived_impls(false)
        .build()
        .context(
            "cannot read what rustdoc wrote; the version of public-api must fit the toolchain",
        )?;
    let mut text = format!(
        "The public API of {}, as its documentation shows it. Written by `cargo xtask release api --bless`.\n\n",
        member.name
    );
    if let Some(rust) = &member.rust {
        text.push_str(&format!("rust {}.{}\n", rust.major, rust.minor));
    }
    for feature in &member.features {
        text.push_str(&format!("feature {feature}\n"));
    }
    text.push('\n');
    let mut seen = BTreeSet::new();
    let libraries = workspace
        .members
        .iter()
        .filter(|other| member.needs.contains(&other.name));
    let libraries: Vec<_> = libraries.map(Member::library).collect();
    for line in api.items().filter_map(|item| line(item, &json)) {
        let line = libraries
            .iter()
            .fold(line, |line, library| without_modules(&line, library));
        if seen.insert(line.clone()) {
            text.push_str(&line);
            text.push('\n');
        }
    }
    Ok(text)
}

/// Removes the modules in which another crate defines its items. They are not a part of this API.
fn without_modules(line: &str, library: &str) -> String {
    let prefix = format!("{library}::");
    let mut parts = line.split(&prefix);
    let mut short = parts.next().unwrap_or_default().to_owned();
    for mut part in parts {
        while let Some((module, rest)) = part.split_once("::") {
            let is_module = module
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
            if !is_module {
                break;
            }
            part = rest;
        }
        short.push_str(&prefix);
        short.push_str(part);
    }
    short
}

/// Writes rustdoc's JSON.
fn document(workspace: &Workspace, member: &Member) -> anyhow::Result<std::path::PathBuf> {
    let target = workspace.target();
    let mut command = workspace.cargo();
    command
        .args([
            "rustdoc",
            "--quiet",
            "--locked",
            "--lib",
            "--package",
            &member.name,
        ])
        .arg("--features")
        .arg(member.documented.join(","))
        .arg("--target-dir")
        .arg(&target)
        .args([
            "--",
            "-Z",
            "unstable-options",
            "--output-format",
            "json",
            "--cap-lints",
            "allow",
        ])
        // JSON is a nightly feature. This variable enables it in the pinned compiler.
        .env("RUSTC_BOOTSTRAP", "1");
    let status = command.status().context("cannot run cargo")?;
    anyhow::ensure!(
        status.success(),
        "the documentation of {} cannot be built",
        member.name
    );
    Ok(target
        .join("doc")
        .join(member.library())
        .with_extension("json"))
}

/// Returns the line of an item, unless another line implies it.
fn line(item: &PublicItem, json: &Value) -> Option<String> {
    let of = |id: u32| &json["index"][id.to_string()];
    let parent = item.parent_id().map(|id| &of(id.0)["inner"]);
    let inner = &of(item.id().0)["inner"];
    // The items of a trait implementation follow from the trait, except for types.
    let implements = parent.is_some_and(|parent| !parent["impl"]["trait"].is_null());
    if implements && inner.get("assoc_type").is_none() {
        return None;
    }
    let text = item.to_string();
    if let Some(source) = inner["use"]["source"].as_str() {
        return Some(format!("{text} = {source}"));
    }
    if let Some(implemented) = inner.get("impl") {
        if implemented["trait"].is_null() {
            return None;
        }
        let automatic = implemented["is_synthetic"] == true;
        let compiler = ["core::marker::StructuralPartialEq", "core::marker::Freeze"];
        if automatic && implemented["is_negative"] != true
            || compiler.iter().any(|name| text.contains(name))
        {
            return None;
        }
    }
    let in_trait = parent.is_some_and(|parent| parent.get("trait").is_some());
    let note = if in_trait && inner["function"]["has_body"] == false {
        REQUIRED
    } else if inner["struct"]["kind"]["plain"]["has_stripped_fields"] == false
        && !text.starts_with(CLOSED)
    {
        ALL_PUBLIC
    } else {
        ""
    };
    Some(format!("{text}{note}"))
}

/// A file that does not say what is public.
pub(crate) struct Outdated {
    pub(crate) written: String,
    pub(crate) now: String,
}

/// Compares the file of a crate with its public API. `None` if they agree.
///
/// # Errors
/// If the crate cannot be built, or the file cannot be read.
pub(crate) fn outdated(workspace: &Workspace, member: &Member) -> anyhow::Result<Option<Outdated>> {
    let now = now(workspace, member)?;
    let written = written(&workspace.file(member, FILE))?;
    Ok((now != written).then_some(Outdated { written, now }))
}

/// Writes the files, or returns how they differ from the public API.
///
/// # Errors
/// If a crate cannot be built, or a file cannot be read or written.
pub(crate) fn check(
    workspace: &Workspace,
    only: Option<&str>,
    bless: bool,
) -> anyhow::Result<String> {
    let mut report = String::new();
    for member in &workspace.members {
        if only.is_some_and(|only| only != member.name) {
            continue;
        }
        let Some(Outdated { written, now }) = outdated(workspace, member)? else {
            continue;
        };
        if bless {
            let path = workspace.file(member, FILE);
            fs::write(&path, &now).with_context(|| format!("cannot write {}", path.display()))?;
            report.push_str(&format!("wrote {}/{FILE}\n", member.folder));
        } else {
            let name = format!("{}/{FILE}", member.folder);
            let diff = TextDiff::from_lines(&written, &now);
            report.push_str(
                &diff
                    .unified_diff()
                    .context_radius(0)
                    .header(&name, &name)
                    .to_string(),
            );
        }
    }
    Ok(report)
}

/// Returns the content of the file, which is empty if there is no file.
pub(crate) fn written(path: &Path) -> anyhow::Result<String> {
    match fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text.with_context(|| format!("cannot read {}", path.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_another_crate_defines_a_type_changes_nothing() {
        let line = "pub fn p::paging::Own::send(self) -> t::call::future::Call<t::Error, p::a::B>";
        let short = "pub fn p::paging::Own::send(self) -> t::Call<t::Error, p::a::B>";
        assert_eq!(without_modules(line, "t"), short);
        assert_eq!(
            without_modules("pub use p::one = t::one_line", "t"),
            "pub use p::one = t::one_line"
        );
    }

    #[test]
    fn no_misspelling_of_a_vendor_is_a_name_in_rust() {
        let misspelt = [
            "attacment",
            "_datas",
            "deleteable",
            "ernollment",
            "patern",
            "succesful",
            "tempalate",
        ];
        let workspace = Workspace::load(&crate::project::root()).unwrap();
        for member in &workspace.members {
            let text = written(&workspace.file(member, FILE))
                .unwrap()
                .to_lowercase();
            assert!(text.lines().count() > 10, "{}", member.name);
            for word in misspelt {
                let found = text.lines().find(|line| line.contains(word));
                assert_eq!(found, None, "{word}");
            }
        }
    }
}
