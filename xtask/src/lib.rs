//! What both programs of this package share, without dependencies: see `main.rs` and `tools.rs`.

pub mod commands;
pub mod console;
pub mod program;
pub mod step;

use std::path::{Path, PathBuf};

/// The root of the workspace.
#[must_use]
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
