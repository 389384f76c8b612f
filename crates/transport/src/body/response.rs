//! The body of a response.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;

use super::PolledFrame;
use crate::error::BoxError;
use crate::retry_table::Verdict;

/// The body of a response: already complete, or still arriving.
pub struct ResponseBody {
    kind: ResponseKind,
    judged: Option<Judged>,
}

enum ResponseKind {
    Full(Bytes),
    Stream(BoxBody<Bytes, BoxError>),
}

/// What the response means. Determined once, and passed up with it.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub(crate) verdict: Verdict,
    /// The part of the body to decode.
    pub(crate) payload: Bytes,
}

impl ResponseBody {
    /// A complete body.
    #[must_use]
    pub fn full(bytes: impl Into<Bytes>) -> Self {
        Self {
            kind: ResponseKind::Full(bytes.into()),
            judged: None,
        }
    }

    /// A body that is still arriving.
    pub fn stream<B>(body: B) -> Self
    where
        B: HttpBody<Data = Bytes> + Send + Sync + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            kind: ResponseKind::Stream(BoxBody::new(body.map_err(Into::into))),
            judged: None,
        }
    }

    /// The bytes, if the body is complete.
    #[must_use]
    pub fn as_full(&self) -> Option<&Bytes> {
        match &self.kind {
            ResponseKind::Full(bytes) => Some(bytes),
            ResponseKind::Stream(_) => None,
        }
    }

    pub(crate) fn judged(mut self, verdict: Verdict, payload: Bytes) -> Self {
        self.judged = Some(Judged { verdict, payload });
        self
    }

    /// The verdict on the response, if it was classified.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        self.judged.as_ref().map(|judged| judged.verdict)
    }

    /// The part of the body to decode, if the response was classified.
    pub(crate) fn payload(&self) -> Option<&Bytes> {
        self.judged.as_ref().map(|judged| &judged.payload)
    }
}

impl Default for ResponseBody {
    fn default() -> Self {
        Self::full(Bytes::new())
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ResponseKind::Full(bytes) => write!(f, "ResponseBody({} bytes)", bytes.len()),
            ResponseKind::Stream(_) => f.write_str("ResponseBody(stream)"),
        }
    }
}

impl HttpBody for ResponseBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        match &mut self.kind {
            ResponseKind::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            ResponseKind::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            ResponseKind::Stream(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            ResponseKind::Full(bytes) => bytes.is_empty(),
            ResponseKind::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            ResponseKind::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            ResponseKind::Stream(body) => body.size_hint(),
        }
    }
}
