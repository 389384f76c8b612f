//! Reading the errors of reqwest, hyper and the TLS libraries: what they say of a request that got no response.

use std::error::Error as StdError;
use std::io;

use crate::error::{BoxError, Error, ErrorKind};
use crate::outcome::Outcome;

/// What the leaf can really tell of a request that got no answer.
///
/// `is_connect` is asked before `is_timeout`, since a slow connect is both, and only the former says that nothing was
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
            Error::invalid("the request could not be built")
        }
    } else if error.is_connect() {
        let connect = |message: &'static str| Error::new(ErrorKind::Connect, message);
        if is_untrusted(&error) {
            connect("the TLS handshake failed: the certificate or the protocol was not accepted")
                .permanent()
        } else if is_refused_by_proxy(&error) {
            connect("the proxy refused the connection: check its credentials").permanent()
        } else if error.is_dns() {
            connect("the host name could not be resolved")
        } else if error.is_timeout() {
            connect("connecting took longer than the connect timeout")
        } else {
            connect("no connection could be made")
        }
    } else if was_handed_back(&error) {
        Error::new(
            ErrorKind::Io,
            "the connection closed before the request was sent",
        )
        .with_outcome(Outcome::NotSent)
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

pub(super) fn body_failed(error: reqwest::Error) -> BoxError {
    let error = error.without_url();
    Error::new(
        ErrorKind::Io,
        "the connection broke while the answer was arriving",
    )
    .with_source(error)
    .boxed()
}

/// The chain of causes, into the errors that `io::Error` wraps.
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

/// An error of ours, which a request body gave.
fn own_error(error: &reqwest::Error) -> Option<Error> {
    causes(error).find_map(|cause| cause.downcast_ref::<Error>().cloned())
}

/// The peer or the protocol was rejected; a handshake that was merely cut is not this.
fn is_untrusted(error: &reqwest::Error) -> bool {
    #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
    if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        return true;
    }
    causes(error).any(|cause| cause.to_string().contains("certificate verify failed"))
}

/// hyper-util's error for a tunnel is private, so its text must do.
fn is_refused_by_proxy(error: &reqwest::Error) -> bool {
    causes(error).any(|cause| {
        let text = cause.to_string();
        text.contains("proxy authorization required")
            || text.contains("proxy authentication required")
    })
}

/// The request came back unsent: the connection was closing, or the peer refused the HTTP/2 stream, alone or, as h2
/// reports for streams after the last one that the peer took up, with the whole connection.
fn was_handed_back(error: &(dyn StdError + 'static)) -> bool {
    causes(error).any(|cause| {
        cause
            .downcast_ref::<hyper::Error>()
            .is_some_and(hyper::Error::is_canceled)
            || cause.downcast_ref::<h2::Error>().is_some_and(|error| {
                let refused =
                    error.is_reset() && error.reason() == Some(h2::Reason::REFUSED_STREAM);
                let leaving = error.is_go_away() && error.reason() == Some(h2::Reason::NO_ERROR);
                error.is_remote() && (refused || leaving)
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::Empty;

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
        let answer = sender.send_request(request);
        drop(connection);
        let error = answer.await.unwrap_err();
        assert!(was_handed_back(&error), "{error:?}");
        // Also as the cause of an error of another kind.
        assert!(was_handed_back(&io::Error::other(error)));
        let broken = io::Error::from(io::ErrorKind::ConnectionReset);
        assert!(!was_handed_back(&broken));
    }
}
