//! Answers that are streamed: files, exports, archives.

mod name;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::HeaderMap;
use http::header::{CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http_body::{Body as HttpBody, Frame};
use http_body_util::{BodyExt, Full};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use self::name::{disposition_name, harmless};
use crate::body::ResponseBody;
use crate::call::{FromResponse, Received};
use crate::error::{BoxError, Error, ErrorKind};
use crate::layers::cap::ERROR_LIMIT;

/// A file that is arriving. A stream of its pieces, which can be saved as it comes.
///
/// It is not bounded by the client's `response_limit` or `timeout`; give the call ones of its own if it should be, or
/// bound it by [`at_most`](Self::at_most).
///
/// ```
/// use http::Method;
/// use security_api_transport::{Client, Download, Error};
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let report: Download = client.request(Method::GET, "/v1/report.zip").idempotent().call().await?;
///     report
///         .save_with_progress("report.zip", |written, all| println!("{written} of {all:?} bytes"))
///         .await?;
///     Ok(())
/// }
/// ```
#[must_use = "a download is read piece by piece"]
pub struct Download {
    headers: HeaderMap,
    body: ResponseBody,
    received: u64,
    limit: u64,
}

impl Download {
    /// The content type, if the service names one.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The length in bytes, if the service names one and does not compress.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.headers
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    /// The file's name as the service gives it, made harmless: without folders, control characters and names that
    /// systems reserve. None if the service names none, or nothing is left of it.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let field = self.headers.get(CONTENT_DISPOSITION)?;
        harmless(&disposition_name(
            std::str::from_utf8(field.as_bytes()).ok()?,
        )?)
    }

    /// Fails once more than this many bytes have come, wherever they go to.
    ///
    /// ```
    /// use security_api_transport::{Download, Error};
    ///
    /// async fn example(report: Download) -> Result<(), Error> {
    ///     report.at_most(50_000_000).save_as("report.zip").await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn at_most(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// If the connection breaks or stalls.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// All of it in memory, if it is no larger than `limit` bytes.
    ///
    /// # Errors
    /// If it is larger, or the connection breaks.
    pub async fn bytes(self, limit: usize) -> Result<Bytes, Error> {
        let mut download = self.at_most(limit as u64);
        let mut whole = Vec::new();
        while let Some(chunk) = download.next_chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// Writes it to `writer` and says how many bytes it was. Calls `progress` after each piece with the bytes written so
    /// far and all there are, if that is known.
    ///
    /// ```
    /// use security_api_transport::{Download, Error};
    ///
    /// async fn example(report: Download) -> Result<Vec<u8>, Error> {
    ///     let mut memory = Vec::new();
    ///     report.copy_to(&mut memory, |written, _| println!("{written} bytes")).await?;
    ///     Ok(memory)
    /// }
    /// ```
    ///
    /// # Errors
    /// If the connection breaks or the writer fails. What was written until then stays written.
    pub async fn copy_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
        mut progress: impl FnMut(u64, Option<u64>),
    ) -> Result<u64, Error> {
        let failed = |error| unwritten("the download cannot be written".to_owned(), error);
        self.pump(writer, &mut progress, failed).await?;
        Ok(self.received)
    }

    /// Saves it as `path` and says how many bytes it was. It stands there only once it is whole: until then it is in a
    /// file beside it, with `.part` at the end of its name.
    ///
    /// # Errors
    /// If the connection breaks or the file cannot be written. Nothing is left behind then.
    pub async fn save_as(self, path: impl AsRef<Path>) -> Result<u64, Error> {
        self.save_with_progress(path, |_, _| {}).await
    }

    /// Saves it like [`save_as`](Self::save_as), and calls `progress` after each piece with the bytes written so far
    /// and all there are, if that is known.
    ///
    /// # Errors
    /// As `save_as`.
    pub async fn save_with_progress(
        mut self,
        path: impl AsRef<Path>,
        mut progress: impl FnMut(u64, Option<u64>) + Send,
    ) -> Result<u64, Error> {
        let path = path.as_ref();
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let result = self.write_to(&part, &mut progress).await;
        let result = match result {
            Ok(()) => tokio::fs::rename(&part, path)
                .await
                .map_err(|error| unwritable(path, error)),
            Err(error) => Err(error),
        };
        match result {
            Ok(()) => Ok(self.received),
            Err(error) => {
                let _ = tokio::fs::remove_file(&part).await;
                Err(error)
            }
        }
    }

    /// Saves it in a folder, under the name the service gives it, made harmless, or under `fallback`. Says where.
    ///
    /// # Errors
    /// As [`save_as`](Self::save_as).
    pub async fn save_in(self, folder: impl AsRef<Path>, fallback: &str) -> Result<PathBuf, Error> {
        let name = self
            .file_name()
            .or_else(|| harmless(fallback))
            .unwrap_or_else(|| "download".to_owned());
        let path = folder.as_ref().join(name);
        self.save_as(&path).await?;
        Ok(path)
    }

    async fn write_to(
        &mut self,
        path: &Path,
        progress: &mut impl FnMut(u64, Option<u64>),
    ) -> Result<(), Error> {
        let failed = |error| unwritable(path, error);
        let mut file = tokio::fs::File::create(path).await.map_err(failed)?;
        self.pump(&mut file, progress, failed).await
    }

    async fn pump(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
        progress: &mut impl FnMut(u64, Option<u64>),
        failed: impl Fn(io::Error) -> Error,
    ) -> Result<(), Error> {
        let length = self.length();
        while let Some(chunk) = self.next_chunk().await? {
            writer.write_all(&chunk).await.map_err(&failed)?;
            progress(self.received, length);
        }
        writer.flush().await.map_err(&failed)
    }
}

fn unwritable(path: &Path, error: io::Error) -> Error {
    unwritten(format!("`{}` cannot be written", path.display()), error)
}

fn unwritten(message: String, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, message)
        .with_sent(crate::error::Sent::Yes)
        .with_source(error)
}

/// Whether the answer says that it is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|content_type| {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        kind.get(kind.len().saturating_sub(4)..)
            .is_some_and(|end| end.eq_ignore_ascii_case("json"))
    })
}

/// The whole body if it is no larger than an error may be; a larger one is a stream as before.
pub(crate) async fn buffered(mut body: ResponseBody) -> Result<ResponseBody, Error> {
    let mut start = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(piece) = frame.map_err(Error::from_boxed)?.into_data() {
            start.extend_from_slice(&piece);
        }
        if start.len() as u64 > ERROR_LIMIT {
            let start = Full::new(start.freeze()).map_err(|never| match never {});
            return Ok(ResponseBody::stream(Chained { start, rest: body }));
        }
    }
    Ok(ResponseBody::full(start.freeze()))
}

/// What was read of a body, and then the rest of it.
struct Chained<B> {
    start: B,
    rest: ResponseBody,
}

impl<B> HttpBody for Chained<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError> + Unpin,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match ready!(Pin::new(&mut self.start).poll_frame(cx)) {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}

impl FromResponse for Download {
    const STREAMED: bool = true;

    fn from_response(received: Received) -> Result<Self, Error> {
        received.check_stream()?;
        Ok(Self {
            headers: received.headers,
            body: received.body,
            received: 0,
            limit: u64::MAX,
        })
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(Error::from_boxed(error)))),
                Some(Ok(frame)) => {
                    if let Ok(chunk) = frame.into_data() {
                        self.received += chunk.len() as u64;
                        if self.received > self.limit {
                            // Nothing more is read: what is not wanted stays in the connection, which closes.
                            self.body = ResponseBody::default();
                            return Poll::Ready(Some(Err(too_large(self.limit))));
                        }
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                }
            }
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("the download is larger than {limit} bytes"),
    )
    .with_sent(crate::error::Sent::Yes)
    .permanent()
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("length", &self.length())
            .field("received", &self.received)
            .finish_non_exhaustive()
    }
}
