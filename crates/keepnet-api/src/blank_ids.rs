//! Ids that a request sends, of which none may be blank.

use security_api_transport::__private::is_blank;
use security_api_transport::Error;

/// # Errors
/// If an id of a request's list is empty or blank, as from a variable that is not set. `what` names the list.
pub(crate) fn check_ids<'a>(
    what: &str,
    ids: impl IntoIterator<Item = &'a String>,
) -> Result<(), Error> {
    match ids.into_iter().any(|id| is_blank(id)) {
        true => Err(Error::invalid(format!(
            "{what} has an id that is empty or blank: give the id, or leave it out"
        ))),
        false => Ok(()),
    }
}
