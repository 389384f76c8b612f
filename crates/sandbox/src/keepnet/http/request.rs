//! The type of a request's body, and its JSON.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;

use super::response::Refusal;

pub(crate) fn content_type(parts: &Parts) -> String {
    let value = parts.headers.get(CONTENT_TYPE);
    let value = value.and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// The JSON of a body whose type is JSON, or null. The vendor documents 400 for JSON Patch; 400 for what is no JSON is
/// inferred.
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
