//! Code that both programs of this package share, without dependencies. See `main.rs` and `tools.rs`.

pub mod commands;
pub mod console;
pub mod program;
pub mod step;

use std::path::PathBuf;

/// Returns the root of the workspace in which Cargo runs this program. The program may have been built in another
/// checkout.
#[must_use]
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let here = here.filter(|here| here.ends_with("xtask"));
    let here = here.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    here.parent().unwrap_or(&here).to_path_buf()
}
