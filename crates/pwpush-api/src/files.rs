//! The files of a push or request that was read.

use security_api_transport::{Call, Client, Download, Error};

use crate::checks::is_dots;
use crate::types::PushedFile;

/// The operation id of file downloads.
pub(crate) const FETCH: &str = "files.fetch";

pub(crate) fn download(client: &Client, file: &PushedFile) -> Call<Download> {
    let url = file.url.expose();
    let call = client.fetch(url);
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    if !is_dots(&name.to_ascii_lowercase().replace("%2e", ".")) {
        return call;
    }
    let error = Error::invalid(
        "the file is called `.` or `..`, and a link that ends so cannot be asked for: have it sent under another name",
    );
    call.into_request().fail(error).call()
}

/// Whether storage refused a file, whatever its host: storage checks nothing but the link.
pub(crate) fn has_expired(error: &Error) -> bool {
    let is_file = error
        .operation()
        .is_some_and(|operation| operation.id() == FETCH);
    let status = error.status().map(|status| status.as_u16());
    is_file && matches!(status, Some(401 | 403 | 404 | 410))
}
