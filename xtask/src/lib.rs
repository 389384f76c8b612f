//! What both programs of this package share, without dependencies: see `main.rs` and `tools.rs`.

pub mod commands;
pub mod console;
pub mod program;
pub mod step;

use std::path::PathBuf;

/// The root of the workspace: of the one that cargo runs this program of, which may have been built for another checkout.
#[must_use]
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.filter(|here| here.ends_with("xtask"));
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().unwrap_or(&here).to_path_buf()
}
