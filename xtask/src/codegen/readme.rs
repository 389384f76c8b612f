//! The generated part of a crate's README: the coverage table.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use crate::project::Service;

/// The comments around the table. Rendered READMEs do not show them.
const BEGIN: &str = "<!-- The table is written by `cargo xtask codegen`. -->\n\n";
const END: &str = "\n<!-- The end of the table. -->";

/// Returns the README of a service's crate with the new table.
///
/// # Errors
/// If the README cannot be read, or has no marked place for the table.
pub(super) fn updated(
    root: &Path,
    service: &Service,
    table: &str,
) -> anyhow::Result<Option<(PathBuf, String)>> {
    let path = Path::new(service.crate_dir).join("README.md");
    let place = root.join(&path);
    if !place.exists() {
        // Test services have no README.
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
            "{} does not mark the place of the coverage table: put the table between the lines {} and {}",
            path.display(),
            BEGIN.trim(),
            END.trim()
        )
    })?;
    Ok(Some((path, format!("{before}{BEGIN}{table}{END}{after}"))))
}
