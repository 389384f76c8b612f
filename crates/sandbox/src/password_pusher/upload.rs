//! Multipart forms and the files in them. Rack's rules decide which parts are files.

use std::sync::Arc;

use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use http_body_util::BodyDataStream;
use hyper::body::Incoming;
use multer::{Constraints, Field, Multipart, SizeLimit};
use serde_json::{Value, json};

use super::content;
use super::filename::{self, Disposition};
use super::params::{Form, Params, UNREADABLE};
use super::records::Upload;
use super::response::Refusal;
use crate::common::service::{Dropped, dropped, header, whole};

/// The largest form, with its files. The real server has no limit; this one keeps files in memory.
const LARGEST_FORM: u64 = 64 * 1024 * 1024;

/// All fields of a form that are not files, together, and any other body. It is more than the largest text needs with
/// every character escaped.
pub(crate) const LARGEST_TEXT: usize = 32 * 1024 * 1024;
pub(crate) const TOO_LARGE: &str = "text of more than 32 MiB";

/// The most bytes of a part's `Content-Disposition` that are read (`Rack::Multipart::Parser`). Of a longer one not even
/// the name is known, so the part is a text that nobody reads (measured on 2.11.4).
const LONGEST: usize = 1535;

/// What takes the place of a longer one.
const UNREAD: &[u8] = b"form-data; name=\"a part with a long header\"";

/// Why a form could not be read; nothing if the connection broke.
type Failure = Option<Refusal>;

fn failure(error: multer::Error) -> Failure {
    match error {
        multer::Error::StreamReadFailed(_) => None,
        multer::Error::StreamSizeExceeded { .. } => {
            Some(Refusal::NotPlayed("forms of more than 64 MiB".into()))
        }
        _ => Some(UNREADABLE),
    }
}

/// Reads a multipart form.
pub(crate) async fn receive(boundary: &str, mut body: Incoming) -> Result<Form, Dropped> {
    let limit = SizeLimit::new().whole_stream(LARGEST_FORM);
    let constraints = Constraints::new().size_limit(limit);
    let stream = BodyDataStream::new(&mut body);
    let outcome = fields(Multipart::with_constraints(stream, boundary, constraints)).await;
    // The client may wait for the end of its request before it reads a response, so the rest is read as well.
    whole(body, 0).await?;
    match outcome {
        Err(None) => Err(dropped()),
        Err(Some(refusal)) => Ok(Form(Err(refusal))),
        Ok(params) => Ok(Form(Ok(params))),
    }
}

async fn fields(mut form: Multipart<'_>) -> Result<Params, Failure> {
    let mut params = Params::default();
    let mut text_left = LARGEST_TEXT;
    while let Some(field) = form.next_field().await.map_err(failure)? {
        let disposition = field.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.map_or(&b""[..], |value| value.as_bytes());
        let disposition = Some(disposition).filter(|text| text.len() <= LONGEST);
        let names = Disposition::parse(disposition.unwrap_or(UNREAD));
        let Some(Disposition { name, filename }) = names else {
            let what = "names of fields and files in other forms";
            return Err(Some(Refusal::NotPlayed(what.into())));
        };
        if let Some(filename) = filename {
            let part = filename::last_part(&filename);
            if part.is_empty() {
                // Rack drops it (measured on 2.11.4).
                params.insert("a file without a name", Value::Null)?;
                continue;
            }
            let upload = file(field, part).await?;
            match name.as_str() {
                "push[files][]" | "request[files][]" => {
                    params.insert(name.trim_end_matches("[]"), Value::Null)?;
                    params.files.push(Arc::new(upload));
                }
                // It is no list, and ignored (measured on 2.11.4).
                "push[files]" => params.insert(&name, json!(""))?,
                _ => return Err(Some(Refusal::NotPlayed("files under other names".into()))),
            }
            continue;
        }
        let text = field.bytes().await.map_err(failure)?;
        let left = text_left.checked_sub(text.len());
        text_left = left.ok_or_else(|| Refusal::NotPlayed(TOO_LARGE.into()))?;
        let text = String::from_utf8(text.into()).map_err(|_| UNREADABLE)?;
        params.insert(&name, text.into())?;
    }
    Ok(params)
}

async fn file(field: Field<'_>, part: &str) -> Result<Upload, Failure> {
    let filename = filename::sanitized(part);
    if filename.is_empty() || part.contains('\0') {
        let what = "blank names of files, and those with NUL";
        return Err(Some(Refusal::NotPlayed(what.into())));
    }
    let declared = header(field.headers(), CONTENT_TYPE).to_owned();
    let content = field.bytes().await.map_err(failure)?;
    Ok(Upload {
        content_type: content::media_type(&content, &filename, &declared),
        filename,
        content,
    })
}
