//! Ids: of created objects, and in lists that a request sends.

use security_api_transport::__private::is_blank;
use security_api_transport::Error;
#[cfg(any(
    feature = "incident_response",
    feature = "phishing",
    feature = "training"
))]
use security_api_transport::{ErrorKind, Operation};

#[cfg(any(
    feature = "incident_response",
    feature = "phishing",
    feature = "training"
))]
/// The id in this member of the response to an operation, which later requests need.
pub(crate) fn required(
    id: Option<String>,
    member: &str,
    operation: &'static Operation,
) -> Result<String, Error> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| {
        let message = format!(
            "the service reported success, but the response has no `{member}`: look for the object in the list before \
             trying again"
        );
        Error::new(ErrorKind::Decode, message).with_operation(operation)
    })
}

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
