//! The files of a push or request that was read.

use http::StatusCode;
use security_api_transport::{Call, Client, Download, Error, FETCH, Operation};

use crate::checks::is_dots;
use crate::types::PushedFile;

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

/// Whether storage refused the link of a file. Storage, whatever its host, checks nothing but the link.
pub(crate) fn refuses_link(operation: &Operation, status: StatusCode) -> bool {
    operation.id() == FETCH.id() && matches!(status.as_u16(), 401 | 403 | 404 | 410)
}
