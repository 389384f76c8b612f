//! The leaf: reqwest, with its own retries, redirects and decompression off.

use std::error::Error as StdError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body_util::BodyExt;
use http_body_util::combinators::MapErr;
use pin_project_lite::pin_project;
use tower_service::Service;

use crate::base_url::BaseUrl;
use crate::error::{BoxError, Error, ErrorKind};
use crate::limit::FOR_EVER;
use crate::outcome::Outcome;
use crate::service::HttpRequest;

/// What the leaf is built with.
#[derive(Debug, Clone)]
pub(crate) struct LeafSettings {
    pub(crate) connect_timeout: Duration,
    pub(crate) pool_idle_timeout: Duration,
    pub(crate) proxy: Option<String>,
    pub(crate) no_proxy: bool,
    pub(crate) root_certificates: Vec<Vec<u8>>,
    pub(crate) http1_only: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Leaf {
    client: reqwest::Client,
    base: Arc<Base>,
}

/// The origin that nearly all requests go to, parsed once.
#[derive(Debug)]
struct Base {
    origin: BaseUrl,
    url: Option<reqwest::Url>,
}

impl Base {
    fn url(&self, uri: &http::Uri) -> Option<reqwest::Url> {
        match &self.url {
            Some(url) if self.origin.has_parts_of(uri) => {
                let mut url = url.clone();
                url.set_path(uri.path());
                url.set_query(uri.query());
                Some(url)
            }
            _ => reqwest::Url::parse(&uri.to_string()).ok(),
        }
    }
}

pub(crate) type LeafBody = MapErr<reqwest::Body, fn(reqwest::Error) -> BoxError>;

impl Leaf {
    /// # Errors
    /// If the proxy or a certificate cannot be used, or the TLS library cannot be set up.
    pub(crate) fn new(settings: &LeafSettings, base: &BaseUrl) -> Result<Self, Error> {
        check_crypto_provider()?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .connect_timeout(settings.connect_timeout.min(FOR_EVER))
            // The pool adds it to the time of day without looking.
            .pool_idle_timeout(settings.pool_idle_timeout.min(FOR_EVER));
        if settings.no_proxy {
            builder = builder.no_proxy();
        }
        if let Some(proxy) = &settings.proxy {
            // The proxy's URL may hold a password, so the cause is not kept.
            let proxy = Some(proxy)
                .filter(|proxy| proxy.starts_with("http://") || proxy.starts_with("https://"))
                .and_then(|proxy| reqwest::Proxy::all(proxy).ok())
                .ok_or_else(|| {
                    Error::invalid("proxy: it is not a URL like `http://proxy.example.com:3128`")
                })?;
            builder = builder.proxy(proxy);
        }
        if settings.http1_only {
            builder = builder.http1_only();
        }
        builder = with_roots(builder, &settings.root_certificates)?;
        let client = builder.build().map_err(|error| {
            Error::invalid("the HTTP client could not be set up").with_source(error)
        })?;
        Ok(Self {
            client,
            base: Arc::new(Base {
                url: reqwest::Url::parse(&base.to_string()).ok(),
                origin: base.clone(),
            }),
        })
    }
}

/// reqwest panics where no provider is installed.
#[cfg(all(
    feature = "rustls-no-provider",
    not(any(feature = "rustls", feature = "native-tls"))
))]
fn check_crypto_provider() -> Result<(), Error> {
    if rustls::crypto::CryptoProvider::get_default().is_some() {
        return Ok(());
    }
    Err(Error::invalid(
        "no crypto provider is installed: with the feature `rustls-no-provider`, install one before the client is built, \
         for example by `rustls::crypto::ring::default_provider().install_default()`",
    ))
}

#[cfg(not(all(
    feature = "rustls-no-provider",
    not(any(feature = "rustls", feature = "native-tls"))
)))]
fn check_crypto_provider() -> Result<(), Error> {
    Ok(())
}

#[cfg(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
))]
fn with_roots(
    builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, Error> {
    let mut certificates = Vec::new();
    for pem in roots {
        let bundle = reqwest::Certificate::from_pem_bundle(pem)
            .map_err(|_| Error::invalid("root certificate: it is not PEM"))?;
        if bundle.is_empty() {
            return Err(Error::invalid(
                "root certificate: it holds no certificate; PEM begins with `-----BEGIN CERTIFICATE-----`",
            ));
        }
        certificates.extend(bundle);
    }
    Ok(builder.tls_certs_merge(certificates))
}

#[cfg(not(any(
    feature = "rustls",
    feature = "rustls-no-provider",
    feature = "native-tls"
)))]
fn with_roots(
    builder: reqwest::ClientBuilder,
    roots: &[Vec<u8>],
) -> Result<reqwest::ClientBuilder, Error> {
    if roots.is_empty() {
        return Ok(builder);
    }
    Err(Error::invalid(
        "root certificate: this build has no TLS; enable a feature such as `rustls`",
    ))
}

impl Service<HttpRequest> for Leaf {
    type Response = http::Response<LeafBody>;
    type Error = BoxError;
    type Future = LeafFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> LeafFuture {
        let (head, body) = request.into_parts();
        let Some(url) = self.base.url(&head.uri) else {
            return LeafFuture::Refused {
                error: Some(Error::invalid(
                    "the request's URL is not one that can be sent",
                )),
            };
        };
        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.version_mut() = head.version;
        *request.body_mut() = match body.small_bytes() {
            Some(bytes) if bytes.is_empty() => None,
            Some(bytes) => Some(reqwest::Body::from(bytes.clone())),
            None => Some(reqwest::Body::wrap(body)),
        };
        LeafFuture::Sent {
            inner: self.client.call(request),
        }
    }
}

pin_project! {
    #[project = LeafProjection]
    pub(crate) enum LeafFuture {
        Sent {
            #[pin]
            inner: <reqwest::Client as Service<reqwest::Request>>::Future,
        },
        Refused { error: Option<Error> },
    }
}

impl Future for LeafFuture {
    type Output = Result<http::Response<LeafBody>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            LeafProjection::Sent { inner } => Poll::Ready(match ready!(inner.poll(cx)) {
                Ok(response) => {
                    let response = http::Response::<reqwest::Body>::from(response);
                    Ok(response.map(|body| body.map_err(body_failed as fn(_) -> _)))
                }
                Err(error) => Err(sending_failed(error).boxed()),
            }),
            LeafProjection::Refused { error } => {
                let error = error
                    .take()
                    .expect("a future is not polled after it is done");
                Poll::Ready(Err(error.boxed()))
            }
        }
    }
}

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

fn body_failed(error: reqwest::Error) -> BoxError {
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
