//! Writing to the terminal.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write as _};

/// Writes a line to the standard output. A closed pipe is not an error.
///
/// # Errors
/// If the line cannot be written.
pub fn say(text: impl Display) -> io::Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}

/// Writes a line to the standard error. A failure to do so cannot be reported.
pub fn complain(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
