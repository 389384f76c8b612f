//! Spoils responses, and builds other ones instead.

use super::response::{End, Framing, Response};
use super::{Instead, Place, Spoil, encode};

impl Place {
    pub(super) fn of(self, length: usize) -> usize {
        match self {
            Self::Start => 0,
            Self::Middle => length / 2,
            Self::BeforeTheLastByte => length - 1,
        }
    }
}

/// Returns the response that replaces the service's.
pub(super) fn instead(instead: Instead) -> Response {
    const JSON: (&str, &str) = ("content-type", "application/json");
    const HTML: (&str, &str) = ("content-type", "text/html");
    let closing = |mut response: Response| {
        response.end = End::Close;
        response
    };
    match instead {
        Instead::LargeHeader => {
            let value = "x".repeat(1024 * 1024);
            closing(Response::new(200, &[("x-large", &value)], b"{}"))
        }
        Instead::ManyHeaders => closing(Response::new(200, &[("x-many", "y"); 1000], b"{}")),
        Instead::Status(status, headers) => {
            let mut response = Response::new(status, headers, b"");
            if status < 200 {
                response.framing = Framing::Lengths(Vec::new());
            }
            response
        }
        Instead::Gateway(status) => {
            Response::new(status, &[HTML], b"<html>The origin is unreachable</html>")
        }
        Instead::JsonError(status) => {
            let error = br#"{"error":"not now","message":"not now"}"#;
            Response::new(status, &[JSON], error)
        }
        Instead::Page => Response::new(200, &[HTML], b"<html>Sign in</html>"),
        Instead::DeepJson => Response::new(200, &[JSON], &[b'['; 100_000]),
    }
}

/// Spoils the response of the service.
pub(super) fn spoil(response: &mut Response, spoil: Spoil) {
    if let Some((encoding, body)) = encode::encoded(spoil, &response.body) {
        response.add_header("content-encoding", encoding);
        response.replace_body(body);
    }
    let length = response.body.len();
    let half = length / 2;
    match spoil {
        Spoil::Gzip(_)
        | Spoil::Deflate
        | Spoil::Zstd
        | Spoil::GzipOfTwo
        | Spoil::GzipTwice
        | Spoil::GzipBomb
        | Spoil::GzipDamaged
        | Spoil::GzipCut
        | Spoil::GzipAndMore
        | Spoil::InNameOnly(_) => {}
        Spoil::Headers(headers) => {
            let present = &mut response.head.headers;
            present.retain(|(name, _)| headers.iter().all(|(other, _)| name != other));
            for (name, value) in headers {
                response.add_header(name, value);
            }
        }
        Spoil::Interims(statuses) => response.interims = statuses,
        Spoil::Delay(time) => response.delay = time,
        Spoil::Trickle(pace) => response.pace = Some(pace),
        Spoil::Cut(place) => (response.sent, response.end) = (place.of(length), End::Close),
        Spoil::CutHead(place) => (response.cut, response.end) = (Some(place), End::Close),
        Spoil::CutWithoutLength => {
            response.framing = Framing::Lengths(Vec::new());
            (response.sent, response.end) = (half, End::Break);
        }
        Spoil::CutChunked => {
            response.framing = Framing::Chunks(None);
            (response.sent, response.end) = (half, End::Close);
        }
        Spoil::ChunkedWithLength(more) => {
            response.framing = Framing::Chunks(Some(length.saturating_add_signed(more)));
        }
        Spoil::Trailers(size) => {
            response.framing = Framing::Chunks(None);
            response.trailer = Some("x".repeat(size));
        }
        Spoil::ResetInTheMiddle => (response.sent, response.end) = (half, End::Reset),
        Spoil::StallInTheMiddle => (response.sent, response.end) = (half, End::Silence),
        Spoil::CloseAfter => response.end = End::Leave,
        Spoil::GzipTransfer => {
            response.add_header("transfer-encoding", "gzip");
            response.framing = Framing::Chunks(None);
            response.replace_body(encode::for_transfer(&response.body));
        }
        Spoil::TwoLengths => response.framing = Framing::Lengths(vec![length, length + 1]),
        Spoil::LongerLength => {
            response.framing = Framing::Lengths(vec![length + 10]);
            response.end = End::Close;
        }
        Spoil::ShorterLength => response.framing = Framing::Lengths(vec![half]),
        Spoil::ForgedResponseBehind => {
            response.framing = Framing::Lengths(vec![half]);
            let forged = Response::new(418, &[("x-forged", "yes")], b"{}");
            let mut body = response.body[..half].to_vec();
            body.extend_from_slice(&forged.head_bytes());
            body.extend_from_slice(&forged.body);
            response.replace_body(body);
        }
    }
}
