//! What no instance accepts, and the client refuses before anything is sent.

mod file_names;
mod passphrase;
mod recipients;
mod texts;

pub(crate) use file_names::{check_files, is_dots};
pub(crate) use passphrase::{check_passphrase, opened_with};
pub(crate) use recipients::recipients;
pub(crate) use texts::{check_length, check_text};
