//! The body of a request: its JSON, or the files of its form.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;
use serde_json::Value;

use super::response::Refusal;

/// The JSON of a body, or null if the body has another type. Source: the vendor documents 400 for JSON Patch. 400 for a
/// body that cannot be parsed is inferred.
pub(crate) fn read(content_type: &str, raw: &Bytes) -> Result<Value, Refusal> {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        "application/json-patch+json" => Err(Refusal::input("Invalid request")),
        "application/json" | "text/json" if !raw.is_empty() => {
            serde_json::from_slice(raw).map_err(|_| Refusal::input("Invalid request"))
        }
        _ => Ok(Value::Null),
    }
}

/// The files of a `multipart/form-data` body: their names and contents.
pub(crate) fn files(content_type: &str, body: &Bytes) -> Result<Vec<(String, Bytes)>, Refusal> {
    let boundary = multer::parse_boundary(content_type).unwrap_or_default();
    let reading = pin!(read_form(boundary, body.clone()));
    // The whole body is here, so nothing waits.
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(files)) => Ok(files),
        _ => Err(Refusal::input("Invalid request")),
    }
}

async fn read_form(boundary: String, body: Bytes) -> Result<Vec<(String, Bytes)>, multer::Error> {
    let mut form = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let mut files = Vec::new();
    while let Some(field) = form.next_field().await? {
        let name = field.file_name().map(str::to_owned);
        let content = field.bytes().await?;
        files.extend(name.map(|name| (name, content)));
    }
    Ok(files)
}
