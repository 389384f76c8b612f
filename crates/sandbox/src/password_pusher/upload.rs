//! Uploaded files: read as they come, and spooled to disk when they are large. Which parts are files is as Rack has it.

use std::future::poll_fn;
use std::io::Write as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::{Body as _, Incoming};
use multer::{Field, Multipart};
use tempfile::{SpooledData, SpooledTempFile};

use super::content;
use super::filename::{self, Disposition};
use super::model::{Content, Upload};
use super::params::{Form, Params, UNREADABLE};
use super::response::Refusal;
use crate::common::service::Dropped;

/// Files up to this size stay in memory; larger ones are on disk, without a name.
const IN_MEMORY: usize = 1024 * 1024;

/// All fields of a form that are not files, together.
const LARGEST_TEXT: usize = 32 * 1024 * 1024;

/// The most bytes of a part's `Content-Disposition` that is read, with the space before it (`Rack::Multipart::Parser`).
const LONGEST: usize = 1535;

/// As much of a file as is looked at to find out what it is.
const MAGIC: usize = 64;

/// As much of a form as the journal keeps.
const KEPT: usize = 64 * 1024;

/// Why a form could not be taken.
enum Failure {
    Refused(Refusal),
    TooLarge,
    /// The connection broke, or the disk is full.
    Lost,
}

impl From<multer::Error> for Failure {
    fn from(_: multer::Error) -> Self {
        Self::Refused(UNREADABLE)
    }
}

/// Reads a multipart form. Returns its beginning for the journal, or nothing if its text is too large.
pub(crate) async fn receive(
    boundary: &str,
    body: Incoming,
) -> Result<(Option<Bytes>, Form), Dropped> {
    let mut tap = Tap {
        body,
        beginning: BytesMut::new(),
        broken: false,
    };
    let outcome = fields(Multipart::new(&mut tap, boundary)).await;
    // Whatever became of the form, the connection is good for a response only once all of it was read.
    while let Some(chunk) = poll_fn(|context| Pin::new(&mut tap).poll_next(context)).await {
        chunk?;
    }
    if tap.broken {
        return Err(Dropped);
    }
    let beginning = tap.beginning.freeze();
    match outcome {
        Ok(params) => Ok((Some(beginning), Form(Ok(params)))),
        Err(Failure::Refused(refusal)) => Ok((Some(beginning), Form(Err(refusal)))),
        Err(Failure::TooLarge) => Ok((None, Form(Err(UNREADABLE)))),
        Err(Failure::Lost) => Err(Dropped),
    }
}

async fn fields(mut form: Multipart<'_>) -> Result<Params, Failure> {
    let mut params = Params::default();
    let mut text_left = LARGEST_TEXT;
    while let Some(mut field) = form.next_field().await? {
        let disposition = field.headers().get(CONTENT_DISPOSITION);
        let disposition = disposition.map_or(&b""[..], |value| value.as_bytes());
        let names = Disposition::parse(disposition).filter(|_| disposition.len() <= LONGEST);
        let Some(Disposition { name, filename }) = names else {
            let what = "names of fields and files in other forms, and longer ones";
            return Err(Failure::Refused(Refusal::NotPlayed(what)));
        };
        if let Some(filename) = filename {
            let upload = file(field, &filename).await?;
            if !["push[files][]", "request[files][]"].contains(&name.as_str()) {
                let what = "files under other names";
                return Err(Failure::Refused(Refusal::NotPlayed(what)));
            }
            params.files.push(Arc::new(upload));
            continue;
        }
        let mut text = Vec::new();
        while let Some(data) = field.chunk().await? {
            let left = text_left.checked_sub(data.len());
            text_left = left.ok_or(Failure::TooLarge)?;
            text.extend_from_slice(&data);
        }
        let text = String::from_utf8(text).map_err(|_| Failure::Refused(UNREADABLE))?;
        params.insert(name, text).map_err(Failure::Refused)?;
    }
    Ok(params)
}

async fn file(mut field: Field<'_>, sent: &str) -> Result<Upload, Failure> {
    let part = filename::last_part(sent);
    let filename = filename::sanitized(part);
    if filename.is_empty() || part.contains('\0') {
        let what = "names for which files are lost or cannot be read";
        return Err(Failure::Refused(Refusal::NotPlayed(what)));
    }
    let declared = content_type(field.headers());
    let mut file = SpooledTempFile::new(IN_MEMORY);
    let (mut beginning, mut length) = (Vec::new(), 0);
    while let Some(data) = field.chunk().await? {
        let more = MAGIC.saturating_sub(beginning.len()).min(data.len());
        beginning.extend_from_slice(&data[..more]);
        length += data.len() as u64;
        file.write_all(&data).map_err(|_| Failure::Lost)?;
    }
    let content = match file.into_inner() {
        SpooledData::InMemory(bytes) => Content::Memory(bytes.into_inner().into()),
        SpooledData::OnDisk(file) => Content::File(Arc::new(file)),
    };
    Ok(Upload {
        content_type: content::media_type(&beginning, &filename, &declared),
        filename,
        length,
        content,
    })
}

fn content_type(headers: &HeaderMap) -> String {
    let declared = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    declared.unwrap_or("application/octet-stream").to_owned()
}

/// A body of which the beginning is kept, and what follows when a parser gave up.
struct Tap {
    body: Incoming,
    beginning: BytesMut,
    broken: bool,
}

impl Stream for Tap {
    type Item = Result<Bytes, Dropped>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                None => return Poll::Ready(None),
                Some(Err(_)) => {
                    self.broken = true;
                    return Poll::Ready(Some(Err(Dropped)));
                }
                // Trailers are of no interest.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        let more = KEPT.saturating_sub(self.beginning.len()).min(data.len());
                        self.beginning.extend_from_slice(&data[..more]);
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
    }
}
