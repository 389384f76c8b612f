//! Forms with files.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;

use super::response::Refusal;

/// One field of a form.
pub(crate) struct Part {
    pub(crate) file_name: Option<String>,
    pub(crate) content: Bytes,
}

/// The fields of a `multipart/form-data` body.
pub(crate) fn parts(content_type: &str, body: &Bytes) -> Result<Vec<Part>, Refusal> {
    let boundary = multer::parse_boundary(content_type).ok();
    let reading = pin!(read(boundary.unwrap_or_default(), body.clone()));
    // Nothing is waited for: all of the body is here.
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(parts)) => Ok(parts),
        _ => Err(Refusal::input("Invalid request")),
    }
}

async fn read(boundary: String, body: Bytes) -> Option<Vec<Part>> {
    let mut form = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        parts.push(Part {
            file_name: field.file_name().map(str::to_owned),
            content: field.bytes().await.ok()?,
        });
    }
    Some(parts)
}
