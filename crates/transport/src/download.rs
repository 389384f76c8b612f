//! Answers that are streamed: files, exports, archives.

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
use crate::outcome::{Outcome, Verdict};
use crate::request::Request;
use crate::url::redirect;
use crate::wire::media_type::ANYTHING;
use crate::wire::media_type::media_type;

/// A file that is arriving. A stream of its pieces, which can be saved as it comes.
///
/// At most 1 GiB may come, after decompression, unless the client has another
/// [`download_limit`](crate::ClientBuilder::download_limit) or the call a [`response_limit`](crate::Call::response_limit).
///
/// A [`timeout`](crate::Call::timeout) of the call covers the last byte, so also the time that the caller takes between
/// pieces. The client's timeout ends when this is returned: after that, the bound is the idle timeout, within which each
/// piece must come.
///
/// A part that was not asked for by the header `range` is an error, and so is a web page, unless the service names it a
/// file by a Content-Disposition or the call asks for one by the header `accept`. Without that header, calls that give a
/// download accept anything.
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
    progress: Option<Mutex<Box<Progress>>>,
    call: Caller,
}

type Progress = dyn FnMut(u64, Option<u64>) + Send;

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

    /// The file's name as the service gives it, made harmless on Linux, macOS and Windows. `None` if the service names
    /// none, or nothing is left of it.
    ///
    /// What goes is folders, control and invisible characters, dots, blanks, `-` and `~` at the beginning, and dots and
    /// blanks at the end. Names of devices, such as `CON`, get an underscore in front, and characters that Windows does
    /// not take become one. A name of more than 200 bytes is cut before its extension.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        let field = self.headers.get(CONTENT_DISPOSITION)?;
        harmless(&disposition_name(
            std::str::from_utf8(field.as_bytes()).ok()?,
        )?)
    }

    /// Fails once more than this many bytes have come, wherever they go to. The bound of the call stays as it is.
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

    /// Calls this after each piece that was written, with the bytes written so far and all there are, if that is known.
    /// It holds for [`copy_to`](Self::copy_to) and for all that saves a file.
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

    /// Writes it to `writer` and gives its length in bytes.
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
    /// If the connection breaks or the writer fails. What was written until then stays written.
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

    /// What came cannot be stored. Sending the request again would not help.
    fn unwritten(&self, message: String, error: io::Error) -> Error {
        let error = Error::new(ErrorKind::Io, message)
            .with_outcome(Outcome::Answered)
            .with_source(error);
        self.call.name(error)
    }
}

impl Client {
    /// Fetches a file by the URL that the service gave for it, from whichever host: without the credential and the
    /// client's own headers, since the URL is all it takes.
    ///
    /// Up to 5 redirects are followed, to `https` only (a URL on this machine may do without, and lead to another on it).
    /// The URL and redirects may name public hosts and the service's own, and private networks only if the client was
    /// built with [`fetch_from_private_networks`](ClientBuilder::fetch_from_private_networks). The same holds for the
    /// addresses that a name resolves to, unless a proxy resolves it.
    ///
    /// The URL may be a secret: errors and spans show no more of it than scheme and host. Limits hold for the client's
    /// own origin; elsewhere the rate limit is neither asked nor told. [`Call::response_limit`] bounds the size.
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
        static FETCH: Operation = Operation::new("files.fetch", Method::GET, "(a file's URL)")
            .idempotent()
            .anonymous();
        let mut request = Request::new(self.clone(), &FETCH, Method::GET, Ok(String::new()));
        request.headers.insert(ACCEPT, ANYTHING);
        match redirect::file_url(url, self.places()) {
            Ok(url) => request.url = Some(Box::new(url)),
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
        if is_page_in_place_of_a_file(&received) {
            let error = Error::from_answer(
                received.status,
                received.headers,
                None,
                Bytes::new(),
                ApiError::new(),
            )
            .with_kind(ErrorKind::Decode)
            .with_verdict(Verdict::Success)
            .with_message(
                "a web page came in place of a file, perhaps of a proxy or for signing in; if the file is one, ask for it \
                 by the header `accept: text/html`",
            );
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

/// Whether it is HTML that neither the service calls a file, by a Content-Disposition, nor the caller asked for.
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

/// The call that a download is the answer of, for what goes wrong later.
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
            // Nothing more is read: what is not wanted stays in the connection, which closes.
            self.body = ResponseBody::default();
            return Poll::Ready(Some(Err(self.call.name(error))));
        }
    }
}

fn too_large(limit: u64) -> Error {
    Error::new(
        ErrorKind::TooLarge,
        format!("the download is larger than {limit} bytes"),
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
