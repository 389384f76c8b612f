//! Streamed responses: files, exports, archives.

mod name;
mod save;

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use http_body::{Body as HttpBody, Frame};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use self::name::{disposition_name, harmless};
use crate::body::ResponseBody;
use crate::call::{Call, FromResponse, Received};
use crate::client::Client;
use crate::context::CallContext;
use crate::error::{ApiError, Error, ErrorKind};
use crate::operation::Operation;
use crate::outcome::Outcome;
use crate::request::Request;
use crate::response_parts::has_no_content;
use crate::retry_table::Verdict;
use crate::url::redirect;
use crate::wire::media_type::ANYTHING;
use crate::wire::media_type::media_type;

/// A file that is arriving: a stream of its chunks, with methods that save it.
///
/// At most 1 GiB is accepted, after decompression, unless [`download_limit`](crate::ClientBuilder::download_limit) of
/// the client or [`response_limit`](crate::Call::response_limit) of the call is set.
///
/// A [`timeout`](crate::Call::timeout) of the call covers the last byte, including the time that the caller takes
/// between chunks. The client's timeout ends when the call returns; after that, each chunk must arrive within the idle
/// timeout.
///
/// A partial response to a call without the header `range` is an error. So is a web page, unless the service marks it
/// as a file with a Content-Disposition or the call requests one with the header `accept`. Without that header, calls
/// that return a download accept any type. A file can be empty, but a response without content (204 or 205) is an error,
/// and an empty body that is said to be compressed counts as cut.
///
/// ```
/// use http::Method;
/// use security_api_transport::{Client, Download, Error};
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let report: Download = client.request(Method::GET, "/v1/report.zip").idempotent().call().await?;
///     report.save_as("report.zip").await?;
///     Ok(())
/// }
/// ```
#[must_use = "a download is read piece by piece"]
pub struct Download {
    headers: HeaderMap,
    body: ResponseBody,
    received: u64,
    limit: u64,
    progress: Option<Mutex<Box<OnProgress>>>,
    call: Caller,
}

type OnProgress = dyn FnMut(u64, Option<u64>) + Send;

impl Download {
    /// The content type, if the service sends one.
    #[must_use]
    pub fn content_type(&self) -> Option<&str> {
        self.headers.get(CONTENT_TYPE)?.to_str().ok()
    }

    /// The length in bytes, if the service sends one and does not compress.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.headers
            .get(CONTENT_LENGTH)?
            .to_str()
            .ok()?
            .parse()
            .ok()
    }

    /// The file name from the service, made safe for Linux, macOS and Windows. `None` if the service sends none, or
    /// nothing is left of it.
    ///
    /// Folders, control characters and invisible characters are removed, as are leading dots, blanks, `-` and `~`, and
    /// trailing dots and blanks. Device names such as `CON` are prefixed with an underscore, and characters that
    /// Windows does not allow are replaced with one. A name of more than 200 bytes is cut before its extension.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let field = self.headers.get(CONTENT_DISPOSITION)?;
        harmless(&disposition_name(
            std::str::from_utf8(field.as_bytes()).ok()?,
        )?)
    }

    /// Fails once more than this many bytes have arrived. The limit of the call still applies.
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

    /// The next chunk, or `None` at the end.
    ///
    /// # Errors
    /// If the connection breaks or stalls.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, Error> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// Collects the file in memory, if it is no larger than `limit` bytes.
    ///
    /// # Errors
    /// If the file is larger, or the connection breaks.
    pub async fn bytes(self, limit: usize) -> Result<Bytes, Error> {
        let mut download = self.at_most(limit as u64);
        let mut whole = Vec::new();
        while let Some(chunk) = download.next_chunk().await? {
            whole.extend_from_slice(&chunk);
        }
        Ok(whole.into())
    }

    /// Calls `progress` after each chunk that was written, with the bytes written so far and the total, if known. This
    /// applies to [`copy_to`](Self::copy_to) and to all methods that save a file.
    ///
    /// ```
    /// use security_api_transport::{Download, Error};
    ///
    /// async fn example(report: Download) -> Result<(), Error> {
    ///     let report = report.on_progress(|written, all| println!("{written} of {all:?} bytes"));
    ///     report.save_as("report.zip").await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn on_progress(mut self, progress: impl FnMut(u64, Option<u64>) + Send + 'static) -> Self {
        self.progress = Some(Mutex::new(Box::new(progress)));
        self
    }

    /// Writes the file to `writer` and returns its length in bytes.
    ///
    /// ```
    /// use security_api_transport::{Download, Error};
    ///
    /// async fn example(report: Download) -> Result<Vec<u8>, Error> {
    ///     let mut memory = Vec::new();
    ///     report.copy_to(&mut memory).await?;
    ///     Ok(memory)
    /// }
    /// ```
    ///
    /// # Errors
    /// If the connection breaks or the writer fails. The writer keeps what was written until then.
    pub async fn copy_to(
        mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> Result<u64, Error> {
        self.pump(writer, || "the download cannot be written".to_owned())
            .await?;
        Ok(self.received)
    }

    async fn pump(
        &mut self,
        writer: &mut (impl AsyncWrite + Unpin + ?Sized),
        message: impl Fn() -> String,
    ) -> Result<(), Error> {
        let length = self.length();
        while let Some(chunk) = self.next_chunk().await? {
            let written = writer.write_all(&chunk).await;
            written.map_err(|error| self.unwritten(message(), error))?;
            if let Some(progress) = &mut self.progress {
                let progress = progress.get_mut().unwrap_or_else(PoisonError::into_inner);
                progress(self.received, length);
            }
        }
        let flushed = writer.flush().await;
        flushed.map_err(|error| self.unwritten(message(), error))
    }

    /// The file cannot be stored. Sending the request again would not help.
    fn unwritten(&self, message: String, error: io::Error) -> Error {
        let error = Error::new(ErrorKind::Io, message)
            .with_outcome(Outcome::Answered)
            .with_source(error);
        self.call.name(error)
    }
}

/// The operation of [`Client::fetch`].
pub static FETCH: Operation = Operation::new("files.fetch", Method::GET, "(a file's URL)")
    .idempotent()
    .anonymous();

impl Client {
    /// Fetches a file by the URL that the service gave for it, from any host. The request carries neither the
    /// credential nor the client's own headers.
    ///
    /// Up to 5 redirects are followed, to `https` only (a URL on this machine may use `http`, and redirect to another
    /// on this machine). The URL and its redirects may name public hosts and the service's own host, and private
    /// networks only if the client was built with
    /// [`fetch_from_private_networks`](crate::ClientBuilder::fetch_from_private_networks). The same applies to the
    /// addresses that a name resolves to, unless a proxy resolves it.
    ///
    /// After a redirect, the outcome of a failure is at least [`Outcome::Unknown`], because a server has responded.
    ///
    /// The URL may be a secret: errors and spans show only its scheme and host. The rate limiter applies to the
    /// client's own origin only. [`Call::response_limit`] bounds the size.
    ///
    /// ```
    /// use security_api_transport::{Client, Error};
    ///
    /// async fn example(client: &Client, file_url: &str) -> Result<(), Error> {
    ///     let file = client.fetch(file_url).response_limit(10_000_000).await?;
    ///     file.save_in("received", "file").await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn fetch(&self, url: &str) -> Call<Download> {
        let mut request = Request::new(self.clone(), &FETCH, Method::GET, Ok(String::new()));
        request.headers.insert(ACCEPT, ANYTHING);
        match redirect::file_url(url, self.file_hosts()) {
            Ok(url) => {
                request.secrets.add_url(&url);
                request.url = Some(Box::new(url));
            }
            Err(error) => request = request.fail(error),
        }
        request.call()
    }
}

impl FromResponse for Download {
    const STREAMED: bool = true;

    fn from_response(received: Received) -> Result<Self, Error> {
        let call = Caller {
            context: received.call.clone(),
        };
        if let Some(message) = why_no_file(&received) {
            let error = Error::from_response(
                received.status,
                received.headers,
                None,
                Bytes::new(),
                ApiError::new(),
            )
            .with_kind(ErrorKind::Decode)
            .with_verdict(Verdict::Executed)
            .with_message(message);
            return Err(call.name(error));
        }
        Ok(Self {
            headers: received.headers,
            body: received.body,
            received: 0,
            limit: u64::MAX,
            progress: None,
            call,
        })
    }
}

/// Why the successful response is no file.
fn why_no_file(received: &Received) -> Option<&'static str> {
    if has_no_content(received.status) {
        return Some("expected a file but received a response without content");
    }
    is_page_in_place_of_a_file(received).then_some(
        "expected a file but received a web page, perhaps of a proxy or a sign-in; set the header `accept: text/html` \
         to download one",
    )
}

/// Whether the response is HTML that the service does not mark as a file with a Content-Disposition and the caller did
/// not request.
fn is_page_in_place_of_a_file(received: &Received) -> bool {
    let kind = media_type(&received.headers);
    let html = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| kind.eq_ignore_ascii_case(html));
    let asked = received
        .request
        .headers
        .get_all(ACCEPT)
        .iter()
        .any(|accept| {
            let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
            accept.contains("html") || accept.contains("text/*")
        });
    html && !asked && !received.headers.contains_key(CONTENT_DISPOSITION)
}

/// The call that returned a download, for later errors.
struct Caller {
    context: CallContext,
}

impl Caller {
    #[cold]
    fn name(&self, error: Error) -> Error {
        error.in_call(&self.context)
    }
}

impl Stream for Download {
    type Item = Result<Bytes, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(frame) = ready!(Pin::new(&mut self.body).poll_frame(cx)) else {
                return Poll::Ready(None);
            };
            let error = match frame.map(Frame::into_data) {
                Err(error) => Error::from_boxed(error),
                Ok(Err(_)) => continue,
                Ok(Ok(chunk)) => {
                    self.received += chunk.len() as u64;
                    if self.received <= self.limit {
                        return Poll::Ready(Some(Ok(chunk)));
                    }
                    too_large(self.limit)
                }
            };
            // Nothing more is read. The unread rest stays in the connection, which is closed.
            self.body = ResponseBody::default();
            return Poll::Ready(Some(Err(self.call.name(error))));
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!(
            "the download is larger than {limit} bytes; if that is right, raise the limit given to `at_most` or `bytes`"
        ),
    )
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
