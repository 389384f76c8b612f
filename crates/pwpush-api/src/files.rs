//! The files of a push or request that was read.

use security_api_transport::{Call, Client, Download, Error};

use crate::reason::Reason;
use crate::types::PushedFile;

/// What the fetching of files is called.
pub(crate) const FETCH: &str = "files.fetch";

pub(crate) fn download(client: &Client, file: &PushedFile) -> Call<Download> {
    client.fetch(file.url.expose())
}

/// What storage means by its refusal, wherever it is: links are all that it looks at.
pub(crate) fn reason(error: &Error) -> Option<Reason> {
    let is_file = error
        .operation()
        .is_some_and(|operation| operation.id() == FETCH);
    let refused = matches!(error.status()?.as_u16(), 401 | 403 | 404 | 410);
    (is_file && refused).then_some(Reason::LinkExpired)
}
