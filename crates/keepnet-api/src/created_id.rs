//! The id of what a request has created.

use security_api_transport::{Error, ErrorKind, Operation};

/// The id in this member of the response to an operation, which later requests need.
pub(crate) fn created_id(
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
