//! Multipart forms and the files in them. Rack's rules decide which parts are files.

use std::sync::Arc;

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use multer::{Constraints, Field, Multipart, SizeLimit};

use super::content;
use super::filename::{self, Disposition};
use super::params::{Form, Params, UNREADABLE};
use super::records::Upload;
use super::response::Refusal;
use crate::common::service::{Dropped, dropped, header, whole};

/// The largest form, with its files. The real server has no limit; this one keeps files in memory.
const LARGEST_FORM: u64 = 64 * 1024 * 1024;

/// All fields of a form that are not files, together.
const LARGEST_TEXT: usize = 32 * 1024 * 1024;

/// The most bytes of a part's `Content-Disposition` that are read, with the space before it
/// (`Rack::Multipart::Parser`).
const LONGEST: usize = 1535;

/// Why a form could not be taken.
enum Failure {
    Refused(Refusal),
    TooLarge,
    /// The connection broke.
    Lost,
}

impl From<multer::Error> for Failure {
    fn from(error: multer::Error) -> Self {
        match error {
            multer::Error::StreamReadFailed(_) => Self::Lost,
            multer::Error::StreamSizeExceeded { .. } => {
                Self::Refused(Refusal::NotPlayed("forms of more than 64 MiB".into()))
            }
            _ => Self::Refused(UNREADABLE),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Reads a multipart form; nothing if its text is too large.
pub(crate) async fn receive(boundary: &str, mut body: Incoming) -> Result<Option<Form>, Dropped> {
    let limit = SizeLimit::new().whole_stream(LARGEST_FORM);
    let constraints = Constraints::new().size_limit(limit);
    let stream = BodyDataStream::new(&mut body);
    let outcome = fields(Multipart::with_constraints(stream, boundary, constraints)).await;
    // The client may wait for the end of its request before it reads a response, so the rest is read as well.
    whole(body, 0).await?;
    match outcome {
        Ok(params) => Ok(Some(Form(Ok(params)))),
        Err(Failure::Refused(refusal)) => Ok(Some(Form(Err(refusal)))),
        Err(Failure::TooLarge) => Ok(None),
        Err(Failure::Lost) => Err(dropped()),
    }
}

async fn fields(mut form: Multipart<'_>) -> Result<Params, Failure> {
    let mut params = Params::default();
    let mut text_left = LARGEST_TEXT;
    while let Some(field) = form.next_field().await? {
        let disposition = field.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.map_or(&b""[..], |value| value.as_bytes());
        let names = Disposition::parse(disposition).filter(|_| disposition.len() <= LONGEST);
        let Some(Disposition { name, filename }) = names else {
            let what = "names of fields and files in other forms, and longer ones";
            return Err(Refusal::NotPlayed(what.into()).into());
        };
        if let Some(filename) = filename {
            let upload = file(field, &filename).await?;
            match name.as_str() {
                "push[files][]" | "request[files][]" => params.files.push(Arc::new(upload)),
                // It is no list.
                "push[files]" => params.ignore(&name),
                _ => return Err(Refusal::NotPlayed("files under other names".into()).into()),
            }
            continue;
        }
        let text = field.bytes().await?;
        let left = text_left.checked_sub(text.len());
        text_left = left.ok_or(Failure::TooLarge)?;
        let text = String::from_utf8(text.into()).map_err(|_| UNREADABLE)?;
        params.insert(name, text)?;
    }
    Ok(params)
}

async fn file(field: Field<'_>, sent: &str) -> Result<Upload, Failure> {
    let part = filename::last_part(sent);
    let filename = filename::sanitized(part);
    if filename.is_empty() || part.contains('\0') {
        let what = "names for which files are lost or cannot be read";
        return Err(Refusal::NotPlayed(what.into()).into());
    }
    let declared = header(field.headers(), CONTENT_TYPE).to_owned();
    let content = field.bytes().await?;
    Ok(Upload {
        content_type: content::media_type(&content, &filename, &declared),
        filename,
        content,
    })
}
