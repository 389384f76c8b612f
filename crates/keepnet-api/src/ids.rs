//! The ids of what was created.

use security_api_transport::{Error, ErrorKind};

/// The id that a response has in this member, which helpers need to go on.
pub(crate) fn required(id: Option<String>, member: &str) -> Result<String, Error> {
    id.filter(|id| !id.is_empty()).ok_or_else(|| {
        let message = format!(
            "the service said that it was done, but the response has no `{member}`: look for it in the list before trying \
             again"
        );
        Error::new(ErrorKind::Decode, message)
    })
}
