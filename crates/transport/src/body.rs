//! Request and response bodies.

pub(crate) mod multipart;
mod response;
mod send_pace;
pub(crate) mod timed;

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;

use crate::error::{BoxError, Error, ErrorKind};

pub use response::ResponseBody;
pub(crate) use send_pace::SendPace;

/// What the bodies of this crate give when they are polled.
pub(crate) type PolledFrame = Poll<Option<Result<Frame<Bytes>, BoxError>>>;

type Open = dyn Fn() -> UnsyncBoxBody<Bytes, BoxError> + Send + Sync;

/// The body of a request. A clone starts over from the first byte.
///
/// A body is empty, bytes in memory, replayable (opened anew for every attempt) or sent once. Only the last kind cannot
/// be sent again after its first byte was read; see [`Body::once`].
pub struct Body(
    /// `None` is no body. Boxed, because requests pass by value through all layers and most have none.
    Option<Box<Content>>,
);

struct Content {
    kind: Kind,
    /// The open stream of a replayable or once body.
    open: Option<Mutex<UnsyncBoxBody<Bytes, BoxError>>>,
    check: Option<Arc<Check>>,
    progress: Option<Arc<SendPace>>,
    /// How many bytes were read.
    taken: u64,
}

type Check = dyn Fn() -> Result<(), Error> + Send + Sync;

#[derive(Clone)]
enum Kind {
    Bytes(Bytes),
    Replayable {
        open: Arc<Open>,
        length: Option<u64>,
    },
    Once(Arc<OnceStream>),
}

struct OnceStream {
    stream: Mutex<Option<UnsyncBoxBody<Bytes, BoxError>>>,
    length: Option<u64>,
}

/// Larger bodies are handed to the connection in chunks, so that progress can be observed.
const PIECE: usize = 64 * 1024;

impl Body {
    /// No body.
    #[must_use]
    pub const fn empty() -> Self {
        Self(None)
    }

    fn of(kind: Kind) -> Self {
        Self(Some(Box::new(Content::of(kind))))
    }

    /// Bytes in memory; cloning shares them.
    #[must_use]
    pub fn bytes(bytes: impl Into<Bytes>) -> Self {
        Self::of(Kind::Bytes(bytes.into()))
    }

    /// A stream that `open` starts anew for every attempt. `length` is its exact length in bytes, if known; it becomes
    /// the Content-Length.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http_body_util::Full;
    /// use security_api_transport::Body;
    ///
    /// let body = Body::replayable(Some(5), || Full::new(Bytes::from_static(b"hello")));
    /// assert_eq!(body.length(), Some(5));
    /// assert!(body.can_restart());
    /// ```
    pub fn replayable<F, B>(length: Option<u64>, open: F) -> Self
    where
        F: Fn() -> B + Send + Sync + 'static,
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let open: Arc<Open> = Arc::new(move || open().map_err(Into::into).boxed_unsync());
        Self::of(Kind::Replayable { open, length })
    }

    /// A stream that can be read only once. After its first byte was read, the request is not retried under any
    /// circumstances: use [`Body::replayable`] wherever the source can be opened again.
    pub fn once<B>(length: Option<u64>, stream: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self::of(Kind::Once(Arc::new(OnceStream {
            stream: Mutex::new(Some(stream.map_err(Into::into).boxed_unsync())),
            length,
        })))
    }

    /// Whether a clone can be sent from the first byte.
    #[must_use]
    pub fn can_restart(&self) -> bool {
        match self.kind() {
            Some(Kind::Once(once)) => once
                .stream
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .is_some(),
            _ => true,
        }
    }

    /// The exact length in bytes, if it is known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.0.as_ref().map_or(Some(0), |content| content.length())
    }

    /// The bytes, if the body is in memory.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&Bytes> {
        static EMPTY: Bytes = Bytes::new();
        match self.kind() {
            None => Some(&EMPTY),
            Some(Kind::Bytes(bytes)) => Some(bytes),
            _ => None,
        }
    }

    /// Whether the body is small enough to be handed to the connection at once.
    pub(crate) fn small_bytes(&self) -> Option<&Bytes> {
        self.as_bytes().filter(|bytes| bytes.len() <= PIECE)
    }

    /// Sets a check that runs before every attempt, of whether the body can still be sent as intended.
    pub(crate) fn checked(
        mut self,
        check: impl Fn() -> Result<(), Error> + Send + Sync + 'static,
    ) -> Self {
        if let Some(content) = &mut self.0 {
            content.check = Some(Arc::new(check));
        }
        self
    }

    /// # Errors
    /// If the body cannot be sent as intended.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !self.can_restart() {
            return Err(Error::invalid(
                "the body could be read only once and was sent already: make the call with a new one",
            ));
        }
        let check = self.0.as_ref().and_then(|content| content.check.as_ref());
        check.map_or(Ok(()), |check| check())
    }

    /// Records the progress of sending from now on.
    pub(crate) fn track(&mut self, progress: Arc<SendPace>) {
        if let Some(content) = &mut self.0 {
            content.progress = Some(progress);
        }
    }

    fn kind(&self) -> Option<&Kind> {
        self.0.as_ref().map(|content| &content.kind)
    }
}

impl Content {
    fn of(kind: Kind) -> Self {
        Self {
            kind,
            open: None,
            check: None,
            progress: None,
            taken: 0,
        }
    }

    fn length(&self) -> Option<u64> {
        match &self.kind {
            Kind::Bytes(bytes) => Some(bytes.len() as u64),
            Kind::Replayable { length, .. } => *length,
            Kind::Once(once) => once.length,
        }
    }

    /// The stream's next frame, if it fits the announced length.
    fn counted(
        &mut self,
        frame: Option<Result<Frame<Bytes>, BoxError>>,
    ) -> Option<Result<Frame<Bytes>, BoxError>> {
        if let Some(Ok(frame)) = &frame {
            self.taken += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        let short = frame.is_none() && self.length().is_some_and(|length| self.taken < length);
        if short || self.length().is_some_and(|length| self.taken > length) {
            return Some(Err(Error::new(
                ErrorKind::Io,
                "the request's body has another length than was announced",
            )
            .permanent()
            .boxed()));
        }
        frame.map(|frame| frame.map_err(unreadable))
    }

    fn opened(&mut self) -> Result<&mut UnsyncBoxBody<Bytes, BoxError>, BoxError> {
        if self.open.is_none() {
            let stream = match &self.kind {
                Kind::Bytes(_) => unreachable!("bodies in memory are not opened"),
                Kind::Replayable { open, .. } => open(),
                Kind::Once(once) => once
                    .stream
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .take()
                    .ok_or_else(|| {
                        Error::new(ErrorKind::Io, "the body could be read only once and was used up by an earlier attempt")
                            .permanent()
                            .boxed()
                    })?,
            };
            self.open = Some(Mutex::new(stream));
        }
        match &mut self.open {
            Some(stream) => Ok(stream.get_mut().unwrap_or_else(PoisonError::into_inner)),
            None => unreachable!("opened above"),
        }
    }
}

impl Clone for Body {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(|content| {
            Box::new(Content {
                check: content.check.clone(),
                ..Content::of(content.kind.clone())
            })
        }))
    }
}

impl Default for Body {
    fn default() -> Self {
        Self::empty()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::bytes(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::bytes(text)
    }
}

impl From<&'static str> for Body {
    fn from(text: &'static str) -> Self {
        Self::bytes(text)
    }
}

/// Shows the kind and length, never the content.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind() {
            None => "Empty",
            Some(Kind::Bytes(_)) => "Bytes",
            Some(Kind::Replayable { .. }) => "Replayable",
            Some(Kind::Once(_)) => "Once",
        };
        f.debug_struct("Body")
            .field("kind", &kind)
            .field("length", &self.length())
            .finish()
    }
}

/// An error of the stream that the caller gave.
#[cold]
fn unreadable(error: BoxError) -> BoxError {
    if error.is::<Error>() {
        return error;
    }
    Error::new(ErrorKind::Io, "the request's body could not be read")
        .permanent()
        .with_boxed_source(error)
        .boxed()
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        match &mut self.0 {
            None => Poll::Ready(None),
            Some(content) => content.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0
            .as_ref()
            .is_none_or(|content| content.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        let Some(content) = &self.0 else {
            return SizeHint::with_exact(0);
        };
        content.length().map_or_else(SizeHint::default, |length| {
            SizeHint::with_exact(length.saturating_sub(content.taken))
        })
    }
}

impl Content {
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> PolledFrame {
        let taken = self.taken;
        let frame = match &self.kind {
            Kind::Bytes(bytes) => {
                // The bytes stay in the body, for clones.
                let start = usize::try_from(taken).unwrap_or(usize::MAX);
                let piece = bytes.slice(start..bytes.len().min(start + PIECE));
                self.taken += piece.len() as u64;
                Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
            }
            Kind::Replayable { .. } | Kind::Once(_) => match self.opened() {
                Ok(stream) => Pin::new(stream)
                    .poll_frame(cx)
                    .map(|frame| self.counted(frame)),
                Err(error) => Poll::Ready(Some(Err(error))),
            },
        };
        if let (Poll::Ready(frame), Some(progress)) = (&frame, &self.progress) {
            // A connection that knows the length does not read beyond it.
            let whole = self.open.is_some() && self.length() == Some(self.taken);
            progress.note(self.taken, frame.is_none() || whole || self.is_end_stream());
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Bytes(bytes) => self.taken == bytes.len() as u64,
            Kind::Replayable { .. } | Kind::Once(_) => self.open.as_ref().is_some_and(|stream| {
                stream
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .is_end_stream()
            }),
        }
    }
}
