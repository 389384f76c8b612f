//! What can go wrong between a client and its service.

use std::time::Duration;

/// The faults of the proxy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The port is closed until [`Proxy::listen`].
    Refuse,
    /// The TLS handshake fails, and no request is sent.
    Handshake(Handshake),
    /// The forward proxy in front of the service does not connect to it.
    Connect(Connect),
    /// Another request occupies the connection's only HTTP/2 stream.
    NoStream,
    /// The request arrives, and no response is sent.
    Swallow(Swallow),
    /// The request arrives, and no whole response is sent.
    Raw(Raw),
    /// The request arrives, and another response replaces the service's.
    Instead(Instead),
    /// The service executes the request, and its response is spoiled.
    Spoil(Spoil),
    /// The HTTP/2 stream or connection of the request fails.
    Stream(Stream),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Handshake {
    Silent,
    Cut,
    /// The peer responds in plain HTTP.
    Plain,
    Expired,
    WrongName,
    UnknownAuthority,
    /// The peer requires a client certificate.
    WantsCertificate,
    /// The peer sends this alert.
    Alert(u8),
    /// The handshake succeeds, and the peer sends nothing more.
    SilentAfter,
}

/// The behaviour of a forward proxy on CONNECT.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Connect {
    Status(u16),
    Silent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Swallow {
    /// The connection is reset before the request is read.
    ResetUnread,
    /// The connection is reset after the request is read.
    Reset,
    /// The connection is closed after the request is read.
    Close,
    Silence,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Raw {
    /// Text of another protocol.
    Garbage,
    HalfAHead,
    HalfAHeadThenSilence,
    /// An endless head, one byte at a time.
    TricklingHead,
    /// Informational responses without end.
    EndlessInterims,
    /// A chunk whose size is no number. HTTP/1.1 only.
    ChunkOfNonsense,
    /// A status of four digits. HTTP/1.1 only.
    LongStatus,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Instead {
    /// A header of 1 MB.
    LargeHeader,
    /// A thousand headers.
    ManyHeaders,
    Status(u16, &'static [(&'static str, &'static str)]),
    /// The status with an HTML page, as gateways send it.
    Gateway(u16),
    /// A JSON error, as applications send it.
    JsonError(u16),
    /// An HTML page with status 200.
    Page,
    /// A hundred thousand nested arrays.
    DeepJson,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Spoil {
    /// The response is delayed.
    Delay(Duration),
    /// The body is sent in twenty parts at this interval.
    Trickle(Duration),
    Cut(Place),
    CutHead(Place),
    CutChunked,
    /// In chunks, beside a length that differs from the body's by this much.
    ChunkedWithLength(isize),
    /// Fields behind the body, which have this many bytes.
    Trailers(usize),
    /// These informational responses come first.
    Interims(&'static [u16]),
    /// A body without a length that ends with the connection, cut in the middle.
    CutWithoutLength,
    ResetInTheMiddle,
    StallInTheMiddle,
    CloseAfter,
    /// These headers replace those of the service.
    Headers(&'static [(&'static str, &'static str)]),
    /// Compressed with gzip, under this name in the header.
    Gzip(&'static str),
    /// Compressed with zlib, which HTTP calls `deflate`.
    Deflate,
    Zstd,
    /// Compressed in two members.
    GzipOfTwo,
    /// Compressed twice.
    GzipTwice,
    GzipDamaged,
    GzipCut,
    /// Uncompressed data after the compressed content.
    GzipAndMore,
    /// Not compressed, though the header names this encoding.
    InNameOnly(&'static str),
    /// Compressed with a transfer coding.
    GzipTransfer,
    /// Small on the wire, and 2 MiB after decompression.
    GzipBomb,
    TwoLengths,
    LongerLength,
    ShorterLength,
    /// A length that is too small, followed by a whole forged response.
    ForgedResponseBehind,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Start,
    Middle,
    BeforeTheLastByte,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Stream {
    /// No response, while the connection stays open.
    Stalled,
    /// RST_STREAM with this code before a response.
    Reset(u8),
    /// RST_STREAM with this code after the head.
    ResetAfterHead(u8),
    /// Half a body, then RST_STREAM with this code.
    ResetInTheMiddle(u8),
    /// GOAWAY with this code that excludes the request's stream, and the end of the connection.
    GoAwayBefore(u8),
    /// GOAWAY with this code that includes the request's stream, and the end of the connection.
    GoAwayAfter(u8),
    /// GOAWAY, and then the response.
    GoAwayAndResponse,
    /// Half a body, then GOAWAY with this code and the end of the connection.
    GoAwayInTheMiddle(u8),
    /// The response, and then GOAWAY and the end of the connection.
    GoAwayAfterResponse,
    /// Half a body without a length, then RST_STREAM with this code.
    ResetWithoutLength(u8),
    /// Half a body, and then nothing on the whole connection.
    SilenceInTheMiddle,
    /// A response without a body, whose fields are compressed to these bytes.
    Head(&'static [u8]),
    /// These frames instead of a response.
    Frames(&'static [Frame]),
    /// These frames before the response.
    FramesFirst(&'static [Frame]),
}

/// A frame as it is sent, on the request's stream or on none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) is_on_stream: bool,
    pub(crate) payload: &'static [u8],
}
