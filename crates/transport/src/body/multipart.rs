//! `multipart/form-data` bodies of any size that can be sent again, with little memory.

mod stream;
mod upload;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use self::stream::{FormBody, Piece, Told};
pub use self::upload::Upload;
use self::upload::{Content, FileContent};
use crate::body::Body;
use crate::error::Error;
use crate::wire::secret::Secret;

/// A form whose parts are sent one after the other.
///
/// Parts in memory are shared; files are opened anew for each attempt and read in chunks of 64 KiB. The boundary is
/// generated once, so every attempt sends the same bytes, with an exact Content-Length.
///
/// ```
/// use security_api_transport::{Form, Upload};
///
/// let form = Form::new()
///     .text("push[kind]", "file")
///     .upload("push[files][]", Upload::bytes("plan.txt", "mind the gap"));
/// assert!(form.length() > 0);
/// ```
#[derive(Clone)]
pub struct Form {
    boundary: String,
    parts: Vec<Part>,
    secrets: Vec<Secret>,
    progress: Option<Arc<Told>>,
    /// Why the form must not be sent.
    refusal: Option<String>,
}

/// One field of a form.
#[derive(Clone)]
struct Part {
    name: String,
    value: Value,
}

#[derive(Clone)]
enum Value {
    Text(Bytes),
    File(Upload),
}

impl Part {
    fn length(&self) -> u64 {
        match &self.value {
            Value::Text(text) => text.len() as u64,
            Value::File(upload) => upload.length(),
        }
    }

    fn file(&self) -> Option<&FileContent> {
        match &self.value {
            Value::File(Upload {
                content: Content::File(file),
                ..
            }) => Some(file),
            _ => None,
        }
    }

    fn piece(&self) -> Piece {
        match &self.value {
            Value::Text(bytes) => Piece::Bytes(bytes.clone()),
            Value::File(upload) => match &upload.content {
                Content::Bytes(bytes) => Piece::Bytes(bytes.clone()),
                Content::File(file) => Piece::File(file.clone()),
            },
        }
    }

    fn head(&self, boundary: &str) -> Bytes {
        let mut head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
            escape(&self.name)
        );
        if let Value::File(upload) = &self.value {
            head.push_str("; filename=\"");
            head.push_str(&escape(&upload.file_name));
            head.push_str("\"\r\nContent-Type: ");
            head.push_str(&upload.content_type);
        }
        head.push_str("\r\n\r\n");
        head.into()
    }
}

/// Encodes names as browsers do: quotes and line breaks, which would end the field, are percent-encoded. So are the
/// other control characters, which parsers refuse, and the backslash, which some parsers take for an escape.
fn escape(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for c in name.chars() {
        if matches!(c, '"' | '\\') || c.is_ascii_control() {
            escaped.push_str(&format!("%{:02X}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Shows names and lengths, not the content.
impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part")
            .field("name", &self.name)
            .field("length", &self.length())
            .finish_non_exhaustive()
    }
}

impl Form {
    /// A form without parts.
    #[must_use]
    pub fn new() -> Self {
        Self {
            boundary: format!("form-{:016x}{:016x}", fastrand::u64(..), fastrand::u64(..)),
            parts: Vec::new(),
            secrets: Vec::new(),
            progress: None,
            refusal: None,
        }
    }

    /// Appends a text field, sent unchanged in UTF-8.
    #[must_use]
    pub fn text(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.part(name.into(), Value::Text(value.into().into()))
    }

    /// Appends a secret as a text field. Errors of the call redact it if the service quotes it.
    #[must_use]
    pub fn secret(mut self, name: impl Into<String>, value: &Secret) -> Self {
        self.secrets.push(value.clone());
        self.part(name.into(), Value::Text(value.to_bytes()))
    }

    /// The secrets in the form.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = Secret> {
        self.secrets.iter().cloned()
    }

    /// Redacts these secrets as well.
    pub(crate) fn hide(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets.extend(secrets);
        self
    }

    /// Makes the call fail before anything is sent.
    pub(crate) fn refused(mut self, reason: String) -> Self {
        self.refusal = Some(reason);
        self
    }

    /// Appends a file. Several files may have the same field name.
    #[must_use]
    pub fn upload(self, name: impl Into<String>, upload: Upload) -> Self {
        self.part(name.into(), Value::File(upload))
    }

    fn part(mut self, name: String, value: Value) -> Self {
        self.parts.push(Part { name, value });
        self
    }

    /// Calls `progress` whenever a chunk was handed to the connection, with the bytes handed over so far and the total.
    /// When the request is retried, the count restarts at 0.
    #[must_use]
    pub fn on_progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(progress));
        self
    }

    /// The length of the body in bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        let parts: u64 = self
            .parts
            .iter()
            .map(|part| part.head(&self.boundary).len() as u64 + part.length() + 2)
            .sum();
        parts + self.tail().len() as u64
    }

    /// The content type, with the boundary.
    #[must_use]
    pub fn content_type(&self) -> String {
        format!("multipart/form-data; boundary={}", self.boundary)
    }

    fn pieces(&self) -> VecDeque<Piece> {
        let mut pieces = VecDeque::with_capacity(self.parts.len() * 3 + 1);
        for part in &self.parts {
            pieces.push_back(Piece::Bytes(part.head(&self.boundary)));
            pieces.push_back(part.piece());
            pieces.push_back(Piece::Bytes(Bytes::from_static(b"\r\n")));
        }
        pieces.push_back(Piece::Bytes(self.tail()));
        pieces
    }

    fn tail(&self) -> Bytes {
        format!("--{}--\r\n", self.boundary).into()
    }

    /// The body, which can be sent any number of times.
    #[must_use]
    pub fn into_body(self) -> Body {
        let length = self.length();
        let files: Vec<FileContent> = self.parts.iter().filter_map(Part::file).cloned().collect();
        let refusal = self.refusal.clone();
        let form = Arc::new(self);
        Body::replayable(Some(length), move || {
            FormBody::new(form.pieces(), length, form.progress.clone())
        })
        .checked(move || match &refusal {
            Some(reason) => Err(Error::invalid(reason.clone())),
            None => files.iter().try_for_each(FileContent::check),
        })
    }
}

impl Default for Form {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form")
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
