//! The faults by their names in the table.

use std::time::Duration;

use crate::proxy::{Connect, Fault, Frame, Handshake, Instead, Place, Raw, Spoil, Stream, Swallow};

/// Rate limit headers that are malformed, or that leave requests.
const ODD_LIMITS: &[(&str, &str)] = &[
    ("ratelimit", "\"default\";r=;t=3600, ;;r=-1;t=-1"),
    ("ratelimit-policy", "0;w=0"),
    ("ratelimit-remaining", "5, 5"),
    ("ratelimit-reset", "99999999999999999999999"),
    ("x-ratelimit-remaining", "NaN"),
    ("x-ratelimit-reset", "Thu, 32 Foo 1970 25:61:61 GMT"),
    ("x-rate-limit-remaining", "-1"),
    ("x-rate-limit-reset", "3600"),
];
/// Headers that leave no requests for a second.
const USED_UP: &[(&str, &str)] = &[("ratelimit", "\"default\";r=0;t=1")];

/// Headers of a response that changes the protocol.
const SWITCHES: &[(&str, &str)] = &[("connection", "upgrade"), ("upgrade", "other/1")];

const NO_ERROR: u8 = 0;
const PROTOCOL_ERROR: u8 = 1;
const INTERNAL_ERROR: u8 = 2;
const REFUSED_STREAM: u8 = 7;
const CANCEL: u8 = 8;
const ENHANCE_YOUR_CALM: u8 = 11;

const fn frame(kind: u8, is_on_stream: bool, payload: &'static [u8]) -> Frame {
    Frame {
        kind,
        flags: 0,
        is_on_stream,
        payload,
    }
}

const DATA: Frame = frame(0, true, b"{}");
const NO_UPDATE: Frame = frame(8, true, &[0; 4]);
const PUSH: Frame = Frame {
    flags: 4,
    ..frame(5, true, &[0, 0, 0, 2, 0x82, 0x86, 0x84, 0x41, 0x01, b'x'])
};
/// RFC 9113 says that clients ignore them.
const UNKNOWN: &[Frame] = &[frame(0xbe, true, b"what"), frame(0xef, false, &[0; 100])];

const PING: Frame = frame(6, false, b"is alive");

/// Returns the fault of a line of the table.
pub(crate) fn fault(name: &str) -> Fault {
    use Instead::Status;
    const HOUR: &[(&str, &str)] = &[("retry-after", "3600")];
    match name {
        "connection refused" => Fault::Refuse,
        "connection accepted, then silence" => Fault::Swallow(Swallow::Silence),
        "reset before the request was read"
        | "idle connection reset as the next request arrives" => {
            Fault::Swallow(Swallow::ResetUnread)
        }
        "reset after the request was read" => Fault::Swallow(Swallow::Reset),
        "closed after the request was read" => Fault::Swallow(Swallow::Close),
        "idle connection closed" => Fault::Spoil(Spoil::CloseAfter),
        "head cut" => Fault::Raw(Raw::HalfAHead),
        "head cut after its first byte" => Fault::Spoil(Spoil::CutHead(Place::Start)),
        "head cut in the middle" => Fault::Spoil(Spoil::CutHead(Place::Middle)),
        "head cut before its last byte" => Fault::Spoil(Spoil::CutHead(Place::BeforeTheLastByte)),
        "head cut, then silence" => Fault::Raw(Raw::HalfAHeadThenSilence),
        "body cut before its first byte" => Fault::Spoil(Spoil::Cut(Place::Start)),
        "body cut in the middle" => Fault::Spoil(Spoil::Cut(Place::Middle)),
        "body cut before its last byte" => Fault::Spoil(Spoil::Cut(Place::BeforeTheLastByte)),
        "body without a length cut" => Fault::Spoil(Spoil::CutWithoutLength),
        "body of chunks cut" => Fault::Spoil(Spoil::CutChunked),
        "body reset in the middle" => Fault::Spoil(Spoil::ResetInTheMiddle),
        "body stalls in the middle" => Fault::Spoil(Spoil::StallInTheMiddle),
        "delayed response" => Fault::Spoil(Spoil::Delay(Duration::from_millis(60))),
        "response delayed beyond the attempt timeout" | "response delayed beyond the deadline" => {
            Fault::Spoil(Spoil::Delay(Duration::from_millis(2_500)))
        }
        "silence until the deadline" | "silence until the deadline ends the second attempt" => {
            Fault::Swallow(Swallow::Silence)
        }
        "body stalls until the deadline" => Fault::Spoil(Spoil::StallInTheMiddle),
        "response that trickles" => Fault::Spoil(Spoil::Trickle(Duration::from_millis(2))),
        "response that trickles beyond the deadline" => {
            Fault::Spoil(Spoil::Trickle(Duration::from_millis(250)))
        }
        "head that trickles" => Fault::Raw(Raw::TricklingHead),
        "another protocol" => Fault::Raw(Raw::Garbage),
        "header of a megabyte" => Fault::Instead(Instead::LargeHeader),
        "thousand headers" => Fault::Instead(Instead::ManyHeaders),
        "informational responses without end" => Fault::Raw(Raw::EndlessInterims),
        "informational responses first" => Fault::Spoil(Spoil::Interims(&[100, 102, 103, 199])),
        "status of four digits" => Fault::Raw(Raw::LongStatus),
        "chunk whose size is no number" => Fault::Raw(Raw::ChunkOfNonsense),
        "chunks beside a longer length" => Fault::Spoil(Spoil::ChunkedWithLength(10)),
        "chunks beside a shorter length" => Fault::Spoil(Spoil::ChunkedWithLength(-10)),
        "trailers" => Fault::Spoil(Spoil::Trailers(10)),
        "trailers of 100 kilobytes" => Fault::Spoil(Spoil::Trailers(100_000)),
        "101" => Fault::Instead(Status(101, SWITCHES)),
        "two lengths that differ" => Fault::Spoil(Spoil::TwoLengths),
        "length longer than the body" => Fault::Spoil(Spoil::LongerLength),
        "length shorter than the body" => Fault::Spoil(Spoil::ShorterLength),
        "forged response behind the real one" => Fault::Spoil(Spoil::ForgedResponseBehind),
        "gzip" => Fault::Spoil(Spoil::Gzip("gzip")),
        "gzip called x-gzip" => Fault::Spoil(Spoil::Gzip("x-gzip")),
        "gzip called GZIP, beside identity" => Fault::Spoil(Spoil::Gzip("identity, GZIP")),
        "gzip called br" => Fault::Spoil(Spoil::Gzip("br")),
        "gzip of two members" => Fault::Spoil(Spoil::GzipOfTwo),
        "gzip in gzip" => Fault::Spoil(Spoil::GzipTwice),
        "deflate in name only" => Fault::Spoil(Spoil::InNameOnly("deflate")),
        "br in name only" => Fault::Spoil(Spoil::InNameOnly("br")),
        "deflate" => Fault::Spoil(Spoil::Deflate),
        "zstd" => Fault::Spoil(Spoil::Zstd),
        "gzip damaged" => Fault::Spoil(Spoil::GzipDamaged),
        "gzip cut" => Fault::Spoil(Spoil::GzipCut),
        "gzip with more behind it" => Fault::Spoil(Spoil::GzipAndMore),
        "gzip in name only" => Fault::Spoil(Spoil::InNameOnly("gzip")),
        "gzip of the transfer" => Fault::Spoil(Spoil::GzipTransfer),
        "gzip bomb" => Fault::Spoil(Spoil::GzipBomb),
        "503 with a wait of an hour" => Fault::Instead(Status(503, HOUR)),
        "429 with a wait of an hour" => Fault::Instead(Status(429, HOUR)),
        "429, a lock on one object" => Fault::Instead(Instead::JsonError(429)),
        "302 to elsewhere" => {
            Fault::Instead(Status(302, &[("location", "https://elsewhere.test/")]))
        }
        "302 without a Location" => Fault::Instead(Status(302, &[])),
        "302 to nowhere" => Fault::Instead(Status(302, &[("location", "https://[nowhere/")])),
        "Location in a success" => {
            Fault::Spoil(Spoil::Headers(&[("location", "https://elsewhere.test/")]))
        }
        "Content-Type of nonsense" => {
            Fault::Spoil(Spoil::Headers(&[("content-type", ";/;;charset=")]))
        }
        "Content-Type of plain text" => Fault::Spoil(Spoil::Headers(&[(
            "content-type",
            "text/plain; charset=utf-16",
        )])),
        "odd RateLimit headers" => Fault::Spoil(Spoil::Headers(ODD_LIMITS)),
        "RateLimit header: nothing left" => Fault::Spoil(Spoil::Headers(USED_UP)),
        "web page with status 200" => Fault::Instead(Instead::Page),
        "JSON a hundred thousand levels deep" => Fault::Instead(Instead::DeepJson),
        "TLS: handshake silent" => Fault::Handshake(Handshake::Silent),
        "TLS: handshake cut" => Fault::Handshake(Handshake::Cut),
        "TLS: peer speaks plain HTTP" => Fault::Handshake(Handshake::Plain),
        "TLS: certificate expired" => Fault::Handshake(Handshake::Expired),
        "TLS: certificate of another name" => Fault::Handshake(Handshake::WrongName),
        "TLS: certificate of an unknown authority" => Fault::Handshake(Handshake::UnknownAuthority),
        "TLS 1.2: peer wants a certificate" => Fault::Handshake(Handshake::WantsCertificate),
        "TLS: server fails in the handshake" => Fault::Handshake(Handshake::Alert(80)),
        "TLS: server refuses the handshake" => Fault::Handshake(Handshake::Alert(40)),
        "proxy: CONNECT refused with 403" => Fault::Connect(Connect::Status(403)),
        "proxy: CONNECT refused with 407" => Fault::Connect(Connect::Status(407)),
        "proxy: CONNECT refused with 502" => Fault::Connect(Connect::Status(502)),
        "proxy: CONNECT silent" => Fault::Connect(Connect::Silent),
        "proxy: 403 of its own" => Fault::Instead(Status(403, &[])),
        "proxy: 407 of its own" => Fault::Instead(Status(407, &[])),
        "proxy: 502 of its own" => Fault::Instead(Status(502, &[])),
        "HTTP/2: the only stream is taken" => Fault::NoStream,
        "HTTP/2: silence after the handshake" => Fault::Handshake(Handshake::SilentAfter),
        "HTTP/2: stream stalled" => Fault::Stream(Stream::Stalled),
        "HTTP/2: stream refused" => Fault::Stream(Stream::Reset(REFUSED_STREAM)),
        "HTTP/2: stream reset" => Fault::Stream(Stream::Reset(INTERNAL_ERROR)),
        "HTTP/2: stream cancelled" => Fault::Stream(Stream::Reset(CANCEL)),
        "HTTP/2: stream reset for a violation" => Fault::Stream(Stream::Reset(PROTOCOL_ERROR)),
        "HTTP/2: stream reset for a flood" => Fault::Stream(Stream::Reset(ENHANCE_YOUR_CALM)),
        "HTTP/2: stream reset without an error" => Fault::Stream(Stream::Reset(NO_ERROR)),
        "HTTP/2: stream reset after the head" => {
            Fault::Stream(Stream::ResetAfterHead(INTERNAL_ERROR))
        }
        "HTTP/2: stream ended after the head without an error" => {
            Fault::Stream(Stream::ResetAfterHead(NO_ERROR))
        }
        "HTTP/2: body reset in the middle" => {
            Fault::Stream(Stream::ResetInTheMiddle(INTERNAL_ERROR))
        }
        "HTTP/2: body refused in the middle" => {
            Fault::Stream(Stream::ResetInTheMiddle(REFUSED_STREAM))
        }
        "HTTP/2: body ended in the middle without an error" => {
            Fault::Stream(Stream::ResetInTheMiddle(NO_ERROR))
        }
        "HTTP/2: body without a length ended without an error" => {
            Fault::Stream(Stream::ResetWithoutLength(NO_ERROR))
        }
        "HTTP/2: GOAWAY without the request" => Fault::Stream(Stream::GoAwayBefore(NO_ERROR)),
        "HTTP/2: GOAWAY for an error, without the request" => {
            Fault::Stream(Stream::GoAwayBefore(ENHANCE_YOUR_CALM))
        }
        "HTTP/2: GOAWAY with the request" => Fault::Stream(Stream::GoAwayAfter(NO_ERROR)),
        "HTTP/2: GOAWAY for an error, with the request" => {
            Fault::Stream(Stream::GoAwayAfter(INTERNAL_ERROR))
        }
        "HTTP/2: GOAWAY, then the response" => Fault::Stream(Stream::GoAwayAndResponse),
        "HTTP/2: GOAWAY in the middle of the body" => {
            Fault::Stream(Stream::GoAwayInTheMiddle(NO_ERROR))
        }
        "HTTP/2: GOAWAY for an error in the middle of the body" => {
            Fault::Stream(Stream::GoAwayInTheMiddle(INTERNAL_ERROR))
        }
        "HTTP/2: frames of an unknown kind first" => Fault::Stream(Stream::FramesFirst(UNKNOWN)),
        "HTTP/2: pings first" => Fault::Stream(Stream::FramesFirst(&[PING; 200])),
        "HTTP/2: connection falls silent in the middle of the body" => {
            Fault::Stream(Stream::SilenceInTheMiddle)
        }
        "HTTP/2: idle connection ended by GOAWAY" => Fault::Stream(Stream::GoAwayAfterResponse),
        "HTTP/2: 101" => Fault::Stream(Stream::Head(b"\x08\x03101")),
        "HTTP/2: status of four digits" => Fault::Stream(Stream::Head(b"\x08\x042000")),
        "HTTP/2: head without a status" => Fault::Stream(Stream::Head(b"\0\x01x\x01y")),
        "HTTP/2: head with a Transfer-Encoding" => {
            Fault::Stream(Stream::Head(b"\x88\x0f\x2a\x07chunked"))
        }
        "HTTP/2: head with a name in capitals" => Fault::Stream(Stream::Head(b"\x88\0\x01X\x01y")),
        "HTTP/2: head that cannot be decompressed" => Fault::Stream(Stream::Head(b"\x80")),
        "HTTP/2: body before the head" => Fault::Stream(Stream::Frames(&[DATA])),
        "HTTP/2: window update by nothing" => Fault::Stream(Stream::Frames(&[NO_UPDATE])),
        "HTTP/2: pushed response" => Fault::Stream(Stream::Frames(&[PUSH])),
        status => {
            let (number, is_page) = match status.strip_suffix(" with a page") {
                Some(number) => (number, true),
                None => (status, false),
            };
            match (number.parse(), is_page) {
                (Ok(number), false) => Fault::Instead(Status(number, &[])),
                (Ok(number), true) => Fault::Instead(Instead::Gateway(number)),
                (Err(_), _) => panic!("no fault is called `{name}`"),
            }
        }
    }
}
