//! Decompressing responses, whatever the transport.
//!
//! Only gzip is requested. A response with another encoding is an error, and its body is not treated as the content.
//!
//! Nothing compressed is empty. Some servers nevertheless name an encoding for an empty body, which calls accept, except
//! those that download a file: what they save might replace another.
//!
//! Content whose compression ends too early is a cut body, even if the body has the length that it announced: a proxy
//! whose own connection broke may have sent it. Any other damage is final, such as text that claims to be compressed, a
//! wrong checksum, or something uncompressed behind the last member.

use std::future::Future;
use std::io::{self, BufRead, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use flate2::bufread::GzDecoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, TRANSFER_ENCODING,
};
use http::{HeaderMap, Method};
use http_body::{Body as HttpBody, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_service::Service;

use super::layer;
use crate::body::PolledFrame;
use crate::context::CallContext;
use crate::error::{BoxError, Error, ErrorKind};
use crate::response_parts::has_no_content;
use crate::service::HttpRequest;

#[derive(Debug, Clone)]
pub(crate) struct Decompression;

#[derive(Debug, Clone)]
pub(crate) struct DecompressionService<S> {
    inner: S,
}

layer!(Decompression => DecompressionService without settings);

impl<S, B> Service<HttpRequest> for DecompressionService<S>
where
    S: Service<HttpRequest, Response = http::Response<B>, Error = BoxError>,
{
    type Response = http::Response<Decoded<B>>;
    type Error = BoxError;
    type Future = Decompressing<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        request
            .headers_mut()
            .entry(ACCEPT_ENCODING)
            .or_insert(HeaderValue::from_static("gzip"));
        let is_streamed = CallContext::of(&request).is_some_and(|call| call.limits().streamed);
        Decompressing {
            is_file: is_streamed && request.method() != Method::HEAD,
            inner: self.inner.call(request),
        }
    }
}

pin_project! {
    pub(crate) struct Decompressing<F> {
        #[pin]
        inner: F,
        // Whether the call downloads a file.
        is_file: bool,
    }
}

impl<F, B> Future for Decompressing<F>
where
    F: Future<Output = Result<http::Response<B>, BoxError>>,
{
    type Output = Result<http::Response<Decoded<B>>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = ready!(this.inner.poll(cx))?;
        let (mut head, body) = response.into_parts();
        let is_missing = *this.is_file && !has_no_content(head.status);
        let decoding = match encoding(&head.headers) {
            Encoding::Identity => None,
            Encoding::Gzip => {
                head.headers.remove(CONTENT_ENCODING);
                head.headers.remove(CONTENT_LENGTH);
                Some(Decoding::gzip())
            }
            Encoding::Other(name) => Some(Decoding::Impossible(name)),
        };
        Poll::Ready(Ok(http::Response::from_parts(
            head,
            Decoded {
                inner: body,
                decoding,
                is_missing,
            },
        )))
    }
}

/// How a response's body is encoded.
#[derive(Debug, PartialEq, Eq)]
enum Encoding {
    Identity,
    Gzip,
    /// Encodings that are not supported.
    Other(String),
}

fn encoding(headers: &HeaderMap) -> Encoding {
    if [CONTENT_ENCODING, TRANSFER_ENCODING]
        .iter()
        .all(|name| !headers.contains_key(name))
    {
        return Encoding::Identity;
    }
    let of = |name| {
        let values = headers.get_all(name).into_iter();
        values
            .flat_map(|value: &HeaderValue| value.as_bytes().split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|token| !token.is_empty() && !token.eq_ignore_ascii_case(b"identity"))
    };
    // Of the encodings of a transfer, the transport undoes chunks only.
    let of_transfer = of(TRANSFER_ENCODING).filter(|token| !token.eq_ignore_ascii_case(b"chunked"));
    let mut tokens = of(CONTENT_ENCODING).chain(of_transfer);
    let Some(first) = tokens.next() else {
        return Encoding::Identity;
    };
    let is_gzip = [&b"gzip"[..], b"x-gzip"]
        .iter()
        .any(|name| first.eq_ignore_ascii_case(name));
    match tokens.next() {
        None if is_gzip => Encoding::Gzip,
        None => Encoding::Other(shown(first).to_owned()),
        Some(second) => {
            let all = std::iter::once(first)
                .chain(std::iter::once(second))
                .chain(tokens);
            let names: Vec<_> = all.take(4).map(shown).collect();
            Encoding::Other(names.join(", "))
        }
    }
}

/// The registered encodings. The service may name another one by anything, and so by a secret.
const REGISTERED: [&str; 13] = [
    "aes128gcm",
    "br",
    "chunked",
    "compress",
    "dcb",
    "dcz",
    "deflate",
    "exi",
    "gzip",
    "pack200-gzip",
    "x-compress",
    "x-gzip",
    "zstd",
];

/// A token that is safe to show.
fn shown(token: &[u8]) -> &'static str {
    let is_it = |name: &&&str| token.eq_ignore_ascii_case(name.as_bytes());
    REGISTERED.iter().find(is_it).map_or("?", |name| *name)
}

pin_project! {
    /// A body without its compression.
    pub(crate) struct Decoded<B> {
        #[pin]
        inner: B,
        // `None` if the body is not compressed.
        decoding: Option<Decoding>,
        // Whether content must come, and none has.
        is_missing: bool,
    }
}

enum Decoding {
    Gzip(Box<Gzip>),
    Impossible(String),
    Done,
}

struct Gzip {
    decoder: GzDecoder<Source>,
    /// The decoder has read the whole of a member, or nothing yet.
    is_between_members: bool,
    room: BytesMut,
}

/// The first byte of every member.
const MAGIC: u8 = 0x1f;

/// What has arrived and is not decoded yet.
#[derive(Default)]
struct Source {
    arrived: Bytes,
    has_ended: bool,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(buffer.len());
        buffer[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self.arrived.is_empty() && !self.has_ended {
            true => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(&self.arrived),
        }
    }

    fn consume(&mut self, length: usize) {
        self.arrived.advance(length);
    }
}

/// The size of the chunks of decoded bytes, unless less has arrived.
const PIECE: usize = 16 * 1024;

impl Decoding {
    fn gzip() -> Self {
        Self::Gzip(Box::new(Gzip {
            decoder: GzDecoder::new(Source::default()),
            is_between_members: true,
            room: BytesMut::new(),
        }))
    }

    /// Decodes what has arrived. `None` means that more input is needed.
    fn next(&mut self) -> Option<Result<Bytes, Error>> {
        let gzip = match self {
            Self::Done => return Some(Ok(Bytes::new())),
            Self::Impossible(_) => return None,
            Self::Gzip(gzip) => gzip,
        };
        loop {
            if gzip.is_between_members {
                let source = gzip.decoder.get_mut();
                match source.arrived.first() {
                    None if source.has_ended => return Some(Ok(Bytes::new())),
                    None => return None,
                    Some(&MAGIC) => {}
                    Some(_) => {
                        let cause = "this is not how a gzip member begins";
                        return Some(Err(damaged(io::Error::other(cause))));
                    }
                }
                let source = std::mem::take(source);
                gzip.decoder.reset(source);
                gzip.is_between_members = false;
            }
            if gzip.room.len() < PIECE / 8 {
                gzip.room = BytesMut::zeroed(PIECE);
            }
            return Some(match gzip.decoder.read(&mut gzip.room) {
                Ok(0) => {
                    gzip.is_between_members = true;
                    continue;
                }
                Ok(length) => Ok(gzip.room.split_to(length).freeze()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return None,
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    Err(Error::response_cut().with_source(error))
                }
                Err(error) => Err(damaged(error)),
            });
        }
    }

    /// Takes what has arrived.
    fn take(&mut self, data: Bytes) -> Result<(), Error> {
        match self {
            Self::Gzip(gzip) => {
                gzip.decoder.get_mut().arrived = data;
                Ok(())
            }
            Self::Impossible(name) if !data.is_empty() => Err(Error::new(
                ErrorKind::Decode,
                format!("the response is encoded as `{name}`, which was not asked for and cannot be undone"),
            )
            .permanent()),
            Self::Impossible(_) | Self::Done => Ok(()),
        }
    }

    /// The input has ended. A body of zero bytes is empty, whatever its declared encoding, unless it is a file.
    fn end(&mut self) {
        match self {
            Self::Gzip(gzip) => gzip.decoder.get_mut().has_ended = true,
            _ => *self = Self::Done,
        }
    }
}

#[cold]
fn nothing_came() -> Error {
    let cause = "the body is empty, and nothing compressed is";
    Error::response_cut().with_source(io::Error::new(io::ErrorKind::UnexpectedEof, cause))
}

#[cold]
fn damaged(cause: io::Error) -> Error {
    Error::new(
        ErrorKind::Decode,
        "the response's compression is damaged, so it cannot be read",
    )
    .permanent()
    .with_source(cause)
}

impl<B> HttpBody for Decoded<B>
where
    B: HttpBody<Data = Bytes, Error = BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> PolledFrame {
        let mut this = self.project();
        let Some(decoding) = this.decoding else {
            return this.inner.poll_frame(cx);
        };
        let error = loop {
            match decoding.next() {
                Some(Ok(piece)) if piece.is_empty() => {
                    *decoding = Decoding::Done;
                    return Poll::Ready(None);
                }
                Some(Ok(piece)) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Some(Err(error)) => break error.boxed(),
                None => {}
            }
            match ready!(this.inner.as_mut().poll_frame(cx)) {
                None if *this.is_missing => break nothing_came().boxed(),
                None => decoding.end(),
                Some(Err(error)) => break error,
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    *this.is_missing &= data.is_empty();
                    if let Err(error) = decoding.take(data) {
                        break error.boxed();
                    }
                }
            }
        };
        *decoding = Decoding::Done;
        Poll::Ready(Some(Err(error)))
    }

    fn is_end_stream(&self) -> bool {
        match &self.decoding {
            None => self.inner.is_end_stream(),
            Some(decoding) => matches!(decoding, Decoding::Done),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.decoding {
            None => self.inner.size_hint(),
            Some(_) => SizeHint::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use http_body_util::{BodyExt, Full, StreamBody};

    use super::*;

    fn whole(bytes: Vec<u8>) -> impl HttpBody<Data = Bytes, Error = BoxError> + Unpin {
        Full::new(Bytes::from(bytes)).map_err(|never| match never {})
    }

    #[tokio::test]
    async fn a_body_is_at_its_end_once_it_was_decoded_and_of_known_length_only_if_not_compressed() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(b"abc").unwrap();
        let cases = [
            (whole(b"abc".to_vec()), None, Some(3)),
            (whole(gzip.finish().unwrap()), Some(Decoding::gzip()), None),
        ];
        for (inner, decoding, length) in cases {
            let mut body = Decoded {
                inner,
                decoding,
                is_missing: false,
            };
            assert!(!body.is_end_stream());
            assert_eq!(body.size_hint().exact(), length);
            let piece = body.frame().await.unwrap().unwrap();
            assert_eq!(piece.into_data().unwrap(), "abc");
            assert!(body.frame().await.is_none() && body.is_end_stream());
        }
    }

    #[tokio::test]
    async fn an_empty_body_is_empty_whatever_its_encoding_even_in_empty_pieces() {
        for (pieces, is_empty) in [(&["", ""][..], true), (&["", "a"], false)] {
            let frames = pieces
                .iter()
                .map(|piece| Ok::<_, BoxError>(Frame::data(Bytes::from_static(piece.as_bytes()))));
            let body = Decoded {
                inner: StreamBody::new(futures_util::stream::iter(frames)),
                decoding: Some(Decoding::Impossible("br".to_owned())),
                is_missing: false,
            };
            let read = body.collect().await.map(|read| read.to_bytes().len());
            assert_eq!(read.ok(), is_empty.then_some(0));
        }
    }

    #[test]
    fn encodings_are_read_in_any_case_and_order_and_named_if_they_cannot_be_undone() {
        let other = |name: &str| Encoding::Other(name.to_owned());
        let names = [
            (CONTENT_ENCODING, "identity"),
            (TRANSFER_ENCODING, "chunked"),
        ];
        for (name, none) in names {
            let mut headers = HeaderMap::new();
            headers.append(&name, none.parse().unwrap());
            assert_eq!(encoding(&headers), Encoding::Identity, "{name}");
            headers.append(&name, "gzip".parse().unwrap());
            assert_eq!(encoding(&headers), Encoding::Gzip, "{name}");
            headers.append(TRANSFER_ENCODING, "Gzip, Chunked".parse().unwrap());
            assert_eq!(encoding(&headers), other("gzip, gzip"), "{name}");
        }
        for (values, expected) in [
            (&[][..], Encoding::Identity),
            (&[""], Encoding::Identity),
            (&["identity", "Identity , "], Encoding::Identity),
            (&["gzip"], Encoding::Gzip),
            (&["GZIP"], Encoding::Gzip),
            (&[" X-GZip"], Encoding::Gzip),
            (&["identity, gzip"], Encoding::Gzip),
            (&["br"], other("br")),
            (&["gzip", "br"], other("gzip, br")),
            (&["gzip, gzip"], other("gzip, gzip")),
            (&["BR, s3cret"], other("br, ?")),
            (&["a\u{1f}b\"c"], other("?")),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                if let Ok(value) = HeaderValue::from_bytes(value.replace('\u{1f}', "(").as_bytes())
                {
                    headers.append(CONTENT_ENCODING, value);
                }
            }
            assert_eq!(encoding(&headers), expected, "{values:?}");
        }
    }
}
