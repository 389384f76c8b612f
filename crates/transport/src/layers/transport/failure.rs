//! Interprets the errors of reqwest, hyper and the TLS libraries: what they say about a request that got no response.

use std::error::Error as StdError;
use std::io;

use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;

impl Error {
    /// Recovers an [`Error`] that passed through layers. An error of reqwest is interpreted as if the client's own
    /// transport had returned it; any other becomes [`ErrorKind::Custom`].
    #[must_use]
    pub fn from_boxed(error: BoxError) -> Self {
        match error.downcast::<Self>() {
            Ok(error) => *error,
            Err(other) => match other.downcast::<reqwest::Error>() {
                Ok(error) => sending_failed(*error),
                Err(other) => Self::new(ErrorKind::Custom, "a custom layer or transport failed")
                    .with_boxed_source(other),
            },
        }
    }
}

/// What the transport knows about a request that got no response.
///
/// `is_connect` is checked before `is_timeout`, since a slow connect is both, and only the former says that nothing was
/// sent.
pub(crate) fn sending_failed(error: reqwest::Error) -> Error {
    // The URL's query may hold secrets.
    let error = error.without_url();
    if let Some(ours) = own_error(&error) {
        return ours;
    }
    let failure = if error.is_builder() {
        if format!("{:?}", error.source()).contains("BadScheme") {
            Error::invalid("this build has no TLS; enable a feature such as `rustls`")
        } else {
            Error::invalid("the request cannot be sent: check its URL")
        }
    } else if error.is_connect() {
        connecting_failed(&error)
    } else if was_handed_back(&error) {
        Error::new(
            ErrorKind::Io,
            "the connection closed before the request was sent",
        )
        .with_outcome(Outcome::NotSent)
    } else if wants_certificate(&error) {
        // With TLS 1.3 the client considers the handshake complete before the server has checked the client's part.
        certificate_wanted()
    } else if let Some(message) = not_http(&error) {
        // The peer may have executed what was sent, whatever it is.
        Error::new(ErrorKind::Io, message).permanent()
    } else if error.is_timeout() {
        Error::new(ErrorKind::Timeout, "the connection timed out")
    } else {
        Error::new(
            ErrorKind::Io,
            "the connection broke before the response arrived",
        )
    };
    failure.with_source(error)
}

/// Nothing was sent.
fn connecting_failed(error: &reqwest::Error) -> Error {
    let connect = |message: &'static str| Error::new(ErrorKind::Connect, message);
    if wants_certificate(error) {
        certificate_wanted()
    } else if speaks_no_tls(error) {
        connect("the TLS handshake failed: the peer does not speak TLS").permanent()
    } else if is_untrusted(error) {
        connect("the TLS handshake failed: the certificate or the protocol was not accepted")
            .permanent()
    } else if error.is_timeout() {
        connect("connecting took longer than the connect timeout")
    } else if let Some(refusal) = refused_by_proxy(error) {
        match refusal {
            Refusal::Credentials => {
                connect("the proxy refused the connection: check its credentials").permanent()
            }
            Refusal::Forbidden => {
                connect("the proxy refused the connection: its rules do not allow it").permanent()
            }
            Refusal::Other => connect(
                "the proxy made no connection: it cannot be reached, cannot reach the service, or does not allow it",
            ),
        }
    } else if error.is_dns() {
        connect("the host name could not be resolved")
    } else {
        connect("no connection could be made")
    }
}

fn certificate_wanted() -> Error {
    Error::new(
        ErrorKind::Connect,
        "the TLS handshake failed: the server wants a client certificate, and this client sends none",
    )
    .permanent()
}

pub(super) fn body_failed(error: reqwest::Error) -> BoxError {
    let error = error.without_url();
    Error::response_cut().with_source(error).boxed()
}

/// The chain of causes, including the errors that `io::Error` wraps.
fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
        {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

/// An [`Error`] that a request body returned.
fn own_error(error: &reqwest::Error) -> Option<Error> {
    causes(error).find_map(|cause| cause.downcast_ref::<Error>().cloned())
}

/// Whether any cause contains one of these texts, in either case. Some libraries' causes have no type or a private one.
fn says(error: &reqwest::Error, texts: &[&str]) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string().to_ascii_lowercase();
        texts.iter().any(|part| text.contains(part))
    })
}

/// The peer or the protocol was rejected. A handshake that was merely cut does not count.
fn is_untrusted(error: &reqwest::Error) -> bool {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
    if let Some(error) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return !is_passing(error);
    }
    says(error, UNTRUSTED)
}

/// The server gave up for a reason of its own, or what it received was damaged on the way.
#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
fn is_passing(error: &rustls::Error) -> bool {
    use rustls::AlertDescription::{BadRecordMac, CloseNotify, InternalError, UserCanceled};
    matches!(
        error,
        rustls::Error::AlertReceived(InternalError | UserCanceled | CloseNotify | BadRecordMac)
    )
}

/// The messages of OpenSSL, macOS and Windows.
const UNTRUSTED: &[&str] = &[
    "certificate verify failed",
    "unsupported protocol",
    "alert protocol version",
    "alert handshake failure",
    "not trusted",
    "certificate was expired",
    "expired certificate",
    "host name mismatch",
    "hostname mismatch",
    "-9807)",
    "-9808)",
    "-9812)",
    "-9813)",
    "-9814)",
    "-9836)",
    "-9843)",
    "certificate chain was issued by an authority that is not trusted",
    "(os error -2146762481)",
    "(os error -2146762487)",
    "(os error -2146762495)",
    "(os error -2146893007)",
    "(os error -2146893016)",
    "(os error -2146893019)",
    "(os error -2146893022)",
    "(os error -2146893048)",
];

/// The peer's first bytes are not TLS.
fn speaks_no_tls(error: &reqwest::Error) -> bool {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
    if causes(error).any(|cause| {
        matches!(
            cause.downcast_ref(),
            Some(rustls::Error::InvalidMessage(
                rustls::InvalidMessage::InvalidContentType
                    | rustls::InvalidMessage::UnknownProtocolVersion
            ))
        )
    }) {
        return true;
    }
    says(
        error,
        &[
            "wrong version number",
            "packet length too long",
            "unknown protocol",
            "http request",
            "bad protocol version",
            "-9800)",
            "-9849)",
            "(os error -2146893018)",
        ],
    )
}

/// The server refuses a client that shows no certificate, and reads nothing that is sent after that. Which of the
/// alerts about certificates it chooses depends on its TLS library; all are about the client's, because they come from
/// the server.
fn wants_certificate(error: &reqwest::Error) -> bool {
    // Errors of HTTP/2 keep only the text of what rustls says.
    says(
        error,
        &[
            // OpenSSL
            "alert certificate required",
            "alert no certificate",
            "alert bad certificate",
            "alert unsupported certificate",
            "alert certificate unknown",
            "alert unknown ca",
            // rustls
            "alert: certificaterequired",
            "alert: nocertificate",
            "alert: badcertificate",
            "alert: unsupportedcertificate",
            "alert: certificateunknown",
            "alert: unknownca",
            // macOS
            "peer requires a certificate",
        ],
    )
}

/// How the response violates HTTP.
fn not_http(error: &reqwest::Error) -> Option<&'static str> {
    causes(error).find_map(|cause| match cause.downcast_ref() {
        Some(error) => not_http1(error),
        None => not_http2(cause.downcast_ref()?),
    })
}

fn not_http1(error: &hyper::Error) -> Option<&'static str> {
    // hyper's check after this one exists for servers only.
    error
        .is_parse()
        .then(|| match error.to_string().contains("too large") {
            true => "the head of the response is larger than any client reads",
            false => "the response is not HTTP, so something else than the service answered",
        })
}

/// The connection or the stream was ended by this side, because of what it received. What the peer ends, or the
/// network, is no violation.
fn not_http2(error: &h2::Error) -> Option<&'static str> {
    use h2::Reason;
    let is_violation = matches!(
        error.reason()?,
        Reason::PROTOCOL_ERROR
            | Reason::FLOW_CONTROL_ERROR
            | Reason::FRAME_SIZE_ERROR
            | Reason::COMPRESSION_ERROR
            // More frames than a head of a tolerable size needs.
            | Reason::ENHANCE_YOUR_CALM
    );
    (error.is_library() && is_violation).then(|| match error.is_reset() {
        // h2 does not tell the two apart.
        true => "the head of the response violates HTTP/2, or is larger than this client reads",
        false => "the response is not HTTP/2, so something else than the service answered",
    })
}

/// How a proxy that makes no connection responded.
enum Refusal {
    Credentials,
    Forbidden,
    Other,
}

/// hyper-util's proxy errors are private, so their texts are compared. They do not distinguish the statuses of an HTTP
/// proxy, except for 407.
fn refused_by_proxy(error: &reqwest::Error) -> Option<Refusal> {
    let is = |texts: &[&str]| says(error, texts);
    if is(&[
        "proxy authorization required",
        "proxy authentication required",
        "credentials not accepted",
        "server does not support user/pass authentication",
        "server implements authentication incorrectly",
    ]) {
        Some(Refusal::Credentials)
    } else if is(&["connection not allowed"]) {
        Some(Refusal::Forbidden)
    } else {
        is(&["tunnel error", "socks error", "socks proxy"]).then_some(Refusal::Other)
    }
}

/// The request came back unsent: the connection was closing, or the peer refused the HTTP/2 stream, either alone or, as
/// h2 reports for streams after the last one that the peer accepted, with the whole connection, for whatever reason.
fn was_handed_back(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(|error| {
                let refused =
                    error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
                error.is_remote() && (refused || error.is_go_away())
            })
    })
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;
    use http_body_util::Empty;

    use super::*;

    /// A connection on which nothing ever happens.
    struct Silent;

    impl hyper::rt::Read for Silent {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: hyper::rt::ReadBufCursor<'_>,
        ) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    impl hyper::rt::Write for Silent {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_request_that_its_connection_never_took_up_was_handed_back() {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(Silent).await.unwrap();
        let request = http::Request::new(Empty::<Bytes>::new());
        let response = sender.send_request(request);
        drop(connection);
        let error = response.await.unwrap_err();
        assert!(was_handed_back(&error), "{error:?}");
        // Also as the cause of an error of another kind.
        assert!(was_handed_back(&io::Error::other(error)));
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(!was_handed_back(&broken));
    }
}
