//! Uploaded files: read as they come, and spooled to disk when they are large. Which
//! parts are files is as Rack has it.

use std::io::{self, Write as _};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use hyper::body::{Body as _, Incoming};
use multer::{Field, Multipart};
use tempfile::{NamedTempFile, TempDir};

use super::content;
use super::filename::{self, Disposition};
use super::model::{Content, Upload};
use super::params::{Form, Params, UNREADABLE};
use super::response::Refusal;
use crate::core::lock;
use crate::core::service::Dropped;

/// Files up to this size stay in memory.
const IN_MEMORY: usize = 1024 * 1024;

/// All fields of a form that are not files, together.
const LARGEST_TEXT: usize = 32 * 1024 * 1024;

/// The most bytes of a part's `Content-Disposition` that is read, with the
/// space before it (`Rack::Multipart::Parser`).
const LONGEST: usize = 1535;

/// As much of a file as is looked at to find out what it is.
const MAGIC: usize = 64;

/// As much of a form as the journal keeps.
const KEPT: usize = 64 * 1024;

/// The folder for large files: made when the first one comes, and removed with
/// the spool.
#[derive(Default)]
pub(crate) struct Spool(Mutex<Option<TempDir>>);

impl Spool {
    fn file(&self) -> io::Result<NamedTempFile> {
        let mut folder = lock(&self.0);
        let folder = match &mut *folder {
            Some(folder) => folder,
            none => none.insert(
                tempfile::Builder::new()
                    .prefix("security-api-sandbox-")
                    .tempdir()?,
            ),
        };
        NamedTempFile::new_in(folder.path())
    }
}

/// A file that is being received.
struct Sink<'a> {
    spool: &'a Spool,
    memory: BytesMut,
    file: Option<NamedTempFile>,
    length: u64,
}

impl<'a> Sink<'a> {
    fn new(spool: &'a Spool) -> Self {
        Self {
            spool,
            memory: BytesMut::new(),
            file: None,
            length: 0,
        }
    }

    fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.length += data.len() as u64;
        if self.file.is_none() && self.memory.len() + data.len() <= IN_MEMORY {
            self.memory.extend_from_slice(data);
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                let mut file = self.spool.file()?;
                file.write_all(&std::mem::take(&mut self.memory))?;
                none.insert(file)
            }
        };
        file.write_all(data)
    }

    fn finish(self) -> (u64, Content) {
        let content = match self.file {
            Some(file) => Content::Spooled(file.into_temp_path()),
            None => Content::Memory(self.memory.freeze()),
        };
        (self.length, content)
    }
}

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

/// Reads a multipart form. Returns its beginning for the journal, or nothing
/// if its text is too large.
pub(crate) async fn receive(
    spool: &Spool,
    boundary: &str,
    body: Incoming,
) -> Result<(Option<Bytes>, Form), Dropped> {
    let tap = Tap(Arc::new(Mutex::new(Tapped {
        body,
        beginning: BytesMut::new(),
        ended: false,
        broken: false,
    })));
    let outcome = fields(spool, Multipart::new(tap.clone(), boundary)).await;
    // Whatever became of the form, the connection is good for a response only
    // once all of it was read.
    while let Some(chunk) = std::future::poll_fn(|context| tap.poll(context)).await {
        chunk?;
    }
    let tapped = lock(&tap.0);
    if tapped.broken {
        return Err(Dropped);
    }
    let beginning = Bytes::copy_from_slice(&tapped.beginning);
    match outcome {
        Ok(params) => Ok((Some(beginning), Form(Ok(params)))),
        Err(Failure::Refused(refusal)) => Ok((Some(beginning), Form(Err(refusal)))),
        Err(Failure::TooLarge) => Ok((None, Form(Err(UNREADABLE)))),
        Err(Failure::Lost) => Err(Dropped),
    }
}

async fn fields(spool: &Spool, mut form: Multipart<'_>) -> Result<Params, Failure> {
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
            let upload = file(spool, field, &filename).await?;
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

async fn file(spool: &Spool, mut field: Field<'_>, sent: &str) -> Result<Upload, Failure> {
    let part = filename::last_part(sent);
    let filename = filename::sanitized(part);
    if filename.is_empty() || part.contains('\0') {
        let what = "names for which files are lost or cannot be read";
        return Err(Failure::Refused(Refusal::NotPlayed(what)));
    }
    let declared = content_type(field.headers());
    let mut sink = Sink::new(spool);
    let mut beginning = Vec::new();
    while let Some(data) = field.chunk().await? {
        let more = MAGIC.saturating_sub(beginning.len()).min(data.len());
        beginning.extend_from_slice(&data[..more]);
        sink.write(&data).map_err(|_| Failure::Lost)?;
    }
    let (length, content) = sink.finish();
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

/// A body that can still be read after a parser that owned it gave up.
#[derive(Clone)]
struct Tap(Arc<Mutex<Tapped>>);

struct Tapped {
    body: Incoming,
    beginning: BytesMut,
    ended: bool,
    broken: bool,
}

impl Tap {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Dropped>>> {
        let mut tapped = lock(&self.0);
        while !tapped.ended {
            match std::task::ready!(Pin::new(&mut tapped.body).poll_frame(context)) {
                None => tapped.ended = true,
                Some(Err(_)) => {
                    (tapped.ended, tapped.broken) = (true, true);
                    return Poll::Ready(Some(Err(Dropped)));
                }
                Some(Ok(frame)) => {
                    // Trailers are of no interest.
                    if let Ok(data) = frame.into_data() {
                        let more = KEPT.saturating_sub(tapped.beginning.len()).min(data.len());
                        tapped.beginning.extend_from_slice(&data[..more]);
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

impl Stream for Tap {
    type Item = Result<Bytes, Dropped>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_files_stay_in_memory_and_leave_no_folder() {
        let spool = Spool::default();
        let mut sink = Sink::new(&spool);
        sink.write(&vec![1; IN_MEMORY / 2]).expect("room");
        sink.write(&vec![2; IN_MEMORY / 2]).expect("room");
        let (length, content) = sink.finish();
        assert_eq!(length, IN_MEMORY as u64);
        assert!(matches!(content, Content::Memory(bytes) if bytes.len() == IN_MEMORY));
        assert!(spool.0.lock().expect("unpoisoned").is_none());
    }

    #[test]
    fn a_spooled_file_goes_with_its_upload_and_the_folder_with_the_spool() {
        let spool = Spool::default();
        let mut sink = Sink::new(&spool);
        sink.write(&vec![1; IN_MEMORY]).expect("room");
        sink.write(&[2]).expect("a disk");
        let (length, content) = sink.finish();
        assert_eq!(length, IN_MEMORY as u64 + 1);
        let Content::Spooled(path) = content else {
            panic!("still in memory");
        };
        let file = path.to_path_buf();
        let folder = file.parent().expect("a folder").to_path_buf();
        let written = std::fs::read(&file).expect("a file");
        assert_eq!((written.len(), written.last()), (IN_MEMORY + 1, Some(&2)));
        drop(path);
        assert!(!file.exists() && folder.exists());
        drop(spool);
        assert!(!folder.exists());
    }
}
