//! Reads a response as far as needed to classify it, and classifies it: once for each response.

use std::borrow::Cow;
use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use futures_util::future::{self, BoxFuture, Either};
use http::response::Parts;
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, Full};
use pin_project_lite::pin_project;

use crate::body::timed::TimedBody;
use crate::body::{PolledFrame, ResponseBody};
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::layers::response_limit::ERROR_LIMIT;
use crate::response_parts::ResponseParts;
use crate::retry_table::Verdict;
use crate::service::HttpResponse;
use crate::wire::decode;
use crate::wire::media_type::is_json;

/// Reads the response, unless its body is streamed to the caller, and stores the verdict in its body.
///
/// Composed by hand instead of from `async` blocks, which keep what they have moved on: the future of a call must stay
/// below the size from which allocators take much longer.
///
/// # Errors
/// If a successful response breaks off or stalls.
pub(crate) fn receive(
    call: &CallContext,
    response: HttpResponse,
) -> impl Future<Output = Result<HttpResponse, Error>> {
    let idle = call.limits().idle_timeout;
    let (head, body) = response.into_parts();
    let is_success = head.status.is_success();
    let reading = if call.limits().streamed && is_success {
        let body = TimedBody::new(body, idle).until(call.limits().stream_deadline);
        Either::Right(opened(ResponseBody::stream(body), is_json(&head.headers)))
    } else {
        // An error is judged by its status at the deadline, even if its body has not arrived whole.
        let end = call.limits().deadline.filter(|_| !is_success);
        Either::Left(Collect::new(TimedBody::new(body, idle).until(end)))
    };
    reading.map(move |body| {
        let body = match body {
            // A truncated error page is still an error page.
            Err(_) if !is_success => ResponseBody::full(Bytes::new()),
            body => body?,
        };
        let (verdict, payload) = judge(call, &head, body.as_full());
        Ok(HttpResponse::from_parts(
            head,
            body.judged(verdict, payload),
        ))
    })
}

/// The verdict on the response, and the part of its body to decode. A streamed body is judged by its head.
fn judge(call: &CallContext, head: &Parts, body: Option<&Bytes>) -> (Verdict, Bytes) {
    static NOTHING: Bytes = Bytes::new();
    let whole = without_mark(body.unwrap_or(&NOTHING));
    let parts = |body| ResponseParts::new(call.operation(), head.status, &head.headers, body);
    let (verdict, payload) = classify(call, &parts(&whole), &whole);
    // If the protocol found the payload, the body was readable and needs no repair.
    let is_found = verdict == Verdict::Executed && payload.len() < whole.len();
    let is_error = !head.status.is_success();
    let is_read = is_error || call.protocol().has_envelope();
    if is_read
        && !is_found
        && let Some(text) = readable(&whole, is_error)
    {
        // What is decoded is repaired later, and raw items are not repaired at all.
        return (classify(call, &parts(&text), &text).0, payload);
    }
    (verdict, payload)
}

/// The body of a streamed response. One of JSON may be the reason why there is no file, so it is read if it is short.
///
/// Boxed, so that other calls need no room for it.
fn opened(body: ResponseBody, is_json: bool) -> BoxFuture<'static, Result<ResponseBody, Error>> {
    match is_json {
        true => Box::pin(buffered(body)),
        false => Box::pin(future::ready(Ok(body))),
    }
}

/// The body after a repair, if it needs one: what a protocol does not find in text that is damaged, such as the status
/// of an envelope, it may find then. Long bodies are not looked through; they hold data. A value is looked through for
/// numbers only if something else may be damaged, because that takes as long as to decode it.
fn readable(body: &Bytes, is_error: bool) -> Option<Bytes> {
    let is_short = body.len() as u64 <= ERROR_LIMIT;
    let is_damaged = || body.contains(&b'\\') || decode::text(body).is_err();
    (is_short && (is_error || is_damaged()))
        .then(|| decode::repair(body).map(Bytes::from))
        .flatten()
}

/// The verdict on the response, and the part of its body to decode.
fn classify(call: &CallContext, response: &ResponseParts<'_>, body: &Bytes) -> (Verdict, Bytes) {
    let protocol = call.protocol();
    match protocol.classify(response) {
        Verdict::Executed if response.status.is_success() => match protocol.payload(response) {
            Ok(part) => (Verdict::Executed, share(body, part)),
            Err(verdict) => (verdict, Bytes::new()),
        },
        // Only the status can say that a request succeeded.
        Verdict::Executed => (Verdict::Final, Bytes::new()),
        verdict => (verdict, Bytes::new()),
    }
}

/// The body without a byte order mark, which is not part of JSON.
pub(crate) fn without_mark(body: &Bytes) -> Cow<'_, Bytes> {
    const MARK: &[u8] = "\u{feff}".as_bytes();
    match body.starts_with(MARK) {
        true => Cow::Owned(body.slice(MARK.len()..)),
        false => Cow::Borrowed(body),
    }
}

/// The part as a slice of the body, or a copy if it is outside the body, as a constant is.
pub(crate) fn share(body: &Bytes, part: &[u8]) -> Bytes {
    place_in(body, part).map_or_else(|| Bytes::copy_from_slice(part), |place| body.slice(place))
}

/// The range of the part within the body. `None` if the part is outside.
pub(crate) fn place_in(body: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let start = (part.as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    (end <= body.len()).then_some(start..end)
}

/// The largest buffer that is reserved before a body has arrived.
const MOST_RESERVED: u64 = 16 * 1024 * 1024;

pin_project! {
    /// Reads the whole body. A body that arrives in a single chunk is not copied.
    struct Collect {
        #[pin]
        body: TimedBody,
        first: Option<Bytes>,
        whole: BytesMut,
    }
}

impl Collect {
    fn new(body: TimedBody) -> Self {
        Self {
            body,
            first: None,
            whole: BytesMut::new(),
        }
    }
}

impl Future for Collect {
    type Output = Result<ResponseBody, Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        while let Some(frame) = ready!(this.body.as_mut().poll_frame(cx)) {
            let Ok(piece) = frame.map_err(Error::from_boxed)?.into_data() else {
                continue;
            };
            if this.whole.is_empty() {
                let Some(start) = this.first.take() else {
                    *this.first = Some(piece);
                    continue;
                };
                // Content-Length is only a hint, so the reservation is bounded.
                let rest = this.body.size_hint().lower().min(MOST_RESERVED);
                let rest = usize::try_from(rest).unwrap_or(0);
                this.whole.reserve(start.len() + piece.len() + rest);
                this.whole.extend_from_slice(&start);
            }
            this.whole.extend_from_slice(&piece);
        }
        let whole = match this.first.take() {
            Some(only) => only,
            None => std::mem::take(this.whole).freeze(),
        };
        Poll::Ready(Ok(ResponseBody::full(whole)))
    }
}

/// The whole body if it is no larger than an error may be. A larger body stays a stream.
async fn buffered(mut body: ResponseBody) -> Result<ResponseBody, Error> {
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

/// The part of a body that was read, followed by the rest of the body.
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

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        match ready!(Pin::new(&mut self.start).poll_frame(cx)) {
            Some(frame) => Poll::Ready(Some(frame)),
            None => Pin::new(&mut self.rest).poll_frame(cx),
        }
    }
}
