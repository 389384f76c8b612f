//! Texts that are blank or too long.

use security_api_transport::__private::is_white_space;
use security_api_transport::Error;

/// # Errors
/// If the text is blank, or has more characters than the service accepts. `field` is what the caller set.
pub(crate) fn check_text(field: &str, text: &str, most: usize) -> Result<(), Error> {
    if is_white_space(text) {
        return Err(Error::invalid(format!("`{field}` is blank: give a text")));
    }
    check_length(field, text, most)
}

/// # Errors
/// If the text has more characters than the service accepts. `field` is what the caller set.
pub(crate) fn check_length(field: &str, text: &str, most: usize) -> Result<(), Error> {
    let length = text.chars().count();
    if length > most {
        return Err(Error::invalid(format!(
            "`{field}` has {length} characters; at most {most} can be sent: shorten it, or put the rest into a file"
        )));
    }
    Ok(())
}
