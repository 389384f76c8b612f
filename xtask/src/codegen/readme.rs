//! The part of a crate's README that is generated: the table of what is covered.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::project::Service;

/// What stands around the table, which nobody who reads the README sees.
const BEGIN: &str = "<!-- The table is written by `cargo xtask codegen`. -->\n\n";
const END: &str = "\n<!-- The end of the table. -->";

/// The README of a service's crate with this table in it.
///
/// # Errors
/// If the README cannot be read, or says not where the table stands.
pub(super) fn updated(
    root: &Path,
    service: &Service,
    table: &str,
) -> anyhow::Result<Option<(PathBuf, String)>> {
    let path = Path::new(service.crate_dir).join("README.md");
    let place = root.join(&path);
    if !place.exists() {
        // Descriptions of tests have none.
        return Ok(None);
    }
    let text =
        fs::read_to_string(&place).with_context(|| format!("cannot read {}", path.display()))?;
    let parts = text.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| {
        format!(
            "{} does not say where the table of what is covered stands: put it between the lines {} and {}",
            path.display(),
            BEGIN.trim(),
            END.trim()
        )
    })?;
    Ok(Some((path, format!("{before}{BEGIN}{table}{END}{after}"))))
}
