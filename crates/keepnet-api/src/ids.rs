//! Ids of created objects.

use security_api_transport::{Error, ErrorKind};

/// The id in this member of a response, which later requests need.
pub(crate) fn required(id: Option<String>, member: &str) -> Result<String, Error> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| {
        let message = format!(
            "the service reported success, but the response has no `{member}`: look for the object in the list before \
             trying again"
        );
        Error::new(ErrorKind::Decode, message)
    })
}
