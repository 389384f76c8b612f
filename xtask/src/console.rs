//! Writing to whoever runs a command.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Writes a line to the standard output. That nobody reads on is no failure.
///
/// # Errors
/// If it cannot be written.
pub fn say(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a line to the standard error; there is nowhere to report that it cannot be written.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
