//! The versions that manifests require of crates of the same workspace.

use std::collections::BTreeMap;

use anyhow::Context as _;
use semver::VersionReq;
use toml_edit::{DocumentMut, Item, TableLike, Value};

/// Calls `visit` with the name and version of each crate that a manifest requires by path and by version.
pub(crate) fn each(manifest: &mut DocumentMut, mut visit: impl FnMut(&str, &mut Value)) {
    of_table(manifest.as_table_mut(), &mut visit);
    if let Some(shared) = table(manifest.get_mut("workspace")) {
        of_table(shared, &mut visit);
    }
    if let Some(targets) = table(manifest.get_mut("target")) {
        for (_, target) in targets.iter_mut() {
            if let Some(target) = target.as_table_like_mut() {
                of_table(target, &mut visit);
            }
        }
    }
}

fn table(item: Option<&mut Item>) -> Option<&mut dyn TableLike> {
    item?.as_table_like_mut()
}

fn of_table(outer: &mut dyn TableLike, visit: &mut impl FnMut(&str, &mut Value)) {
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        let Some(dependencies) = table(outer.get_mut(kind)) else {
            continue;
        };
        for (key, asked) in dependencies.iter_mut() {
            let Some(asked) = asked.as_table_like_mut() else {
                continue;
            };
            let package = asked.get("package").and_then(Item::as_str);
            let name = package.unwrap_or(key.get()).to_owned();
            if asked.contains_key("path")
                && let Some(version) = asked.get_mut("version").and_then(Item::as_value_mut)
            {
                visit(&name, version);
            }
        }
    }
}

/// Returns the requirements of a manifest, by crate.
///
/// # Errors
/// If the text is not a manifest, or a requirement is not a version.
pub(crate) fn read(manifest: &str) -> anyhow::Result<BTreeMap<String, VersionReq>> {
    let mut manifest: DocumentMut = manifest.parse().context("a manifest")?;
    let mut asked = Vec::new();
    each(&mut manifest, |name, version| {
        asked.push((
            name.to_owned(),
            version.as_str().unwrap_or_default().to_owned(),
        ));
    });
    let parsed = asked.into_iter().map(|(name, version)| {
        let parsed = VersionReq::parse(&version);
        let parsed = parsed.with_context(|| format!("the version of {name}, {version:?}"))?;
        Ok((name, parsed))
    });
    parsed.collect()
}
