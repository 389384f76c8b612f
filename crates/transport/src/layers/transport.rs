//! The transport: reqwest, with its own retries, redirects and decompression off.

mod clients;
mod failure;
mod pool_health;
mod resolve;
mod response_body;
mod settings;
mod tls;
mod tracked_body;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::Uri;
use http::header::{CONTENT_LENGTH, HeaderValue};
use pin_project_lite::pin_project;
use tokio::time::Instant;
use tower_service::Service;

use crate::body::Body;
use crate::context::{CallContext, SendTracker};
use crate::error::{BoxError, Error};
use crate::outcome::Outcome;
use crate::response_parts::has_no_content;
use crate::service::HttpRequest;
use crate::url::base_url::BaseUrl;
use crate::url::redirect::FileHosts;
use clients::{Clients, OtherOrigin};
use pool_health::{Peer, PoolHealth};
use resolve::Guard;
use response_body::{StreamWatch, TransportBody};
use tracked_body::TrackedBody;

pub(crate) use failure::sending_failed;
pub(crate) use settings::TransportSettings;

#[derive(Debug, Clone)]
pub(crate) struct ReqwestTransport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clients: Clients,
    origin: BaseUrl,
    /// The origin of nearly all requests, parsed once.
    url: Option<reqwest::Url>,
}

impl ReqwestTransport {
    /// # Errors
    /// If the proxy or a certificate is invalid, or the TLS library cannot be set up.
    pub(crate) fn new(settings: TransportSettings, hosts: FileHosts<'_>) -> Result<Self, Error> {
        let url = reqwest::Url::parse(&hosts.base.to_string()).ok();
        Ok(Self(Arc::new(Inner {
            clients: Clients::new(settings, url.as_ref(), Guard::new(hosts))?,
            origin: hosts.base.clone(),
            url,
        })))
    }

    fn send(&self, request: HttpRequest) -> Result<TransportFuture, Error> {
        let clients = &self.0.clients;
        let (mut head, body) = request.into_parts();
        // Some servers refuse a POST that does not say that it has no body.
        if body.length() == Some(0) && !head.method.is_safe() {
            head.headers
                .entry(CONTENT_LENGTH)
                .or_insert(HeaderValue::from_static("0"));
        }
        let (url, is_usual) = self.0.url_of(&head.uri)?;
        let call = head.extensions.get::<CallContext>().cloned();
        let now = call
            .as_ref()
            .and_then(|call| call.send_state().started())
            .unwrap_or_else(Instant::now);
        let other_origin = (!is_usual).then(|| OtherOrigin {
            url: &url,
            is_guarded: call.as_ref().is_some_and(CallContext::leaves_origin),
        });
        let chosen = clients.choose(other_origin, now)?;
        let peer = clients.peer(other_origin);
        let tracker = call
            .as_ref()
            .and_then(|call| SendTracker::new(call, clients.connect_timeout()));

        let mut request = reqwest::Request::new(head.method, url);
        *request.headers_mut() = head.headers;
        *request.version_mut() = head.version;
        *request.body_mut() = Some(reqwest_body(body, tracker));
        Ok(TransportFuture::Sent {
            response: ReqwestFuture::of(chosen.client, request, chosen.must_yield),
            request: RequestInProgress {
                attempt: call.as_ref().map_or(0, CallContext::attempt),
                call,
                is_over: false,
                health: chosen.health,
                peer,
            },
        })
    }
}

impl Inner {
    /// The URL, and whether it is of the origin of nearly all requests.
    fn url_of(&self, uri: &Uri) -> Result<(reqwest::Url, bool), Error> {
        match &self.url {
            Some(url) if self.origin.has_parts_of(uri) => {
                let mut url = url.clone();
                url.set_path(uri.path());
                url.set_query(uri.query());
                Ok((url, true))
            }
            _ => match reqwest::Url::parse(&uri.to_string()) {
                Ok(url) => Ok((url, false)),
                Err(_) => Err(Error::invalid(
                    "the request's URL is not one that can be sent",
                )),
            },
        }
    }
}

/// The body, which tells the tracker what is sent of it.
fn reqwest_body(body: Body, tracker: Option<SendTracker>) -> reqwest::Body {
    match (tracker, body.small_bytes()) {
        (Some(tracker), _) => reqwest::Body::wrap(TrackedBody::new(body, tracker)),
        (None, Some(bytes)) => reqwest::Body::from(bytes.clone()),
        (None, None) => reqwest::Body::wrap(body),
    }
}

impl Service<HttpRequest> for ReqwestTransport {
    type Response = http::Response<TransportBody>;
    type Error = BoxError;
    type Future = TransportFuture;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest) -> TransportFuture {
        self.send(request)
            .unwrap_or_else(|error| TransportFuture::Refused { error: Some(error) })
    }
}

type ReqwestResult = Result<reqwest::Response, reqwest::Error>;

pin_project! {
    #[project = ReqwestFutureProjection]
    enum ReqwestFuture {
        Now {
            #[pin]
            inner: <reqwest::Client as Service<reqwest::Request>>::Future,
        },
        Later { inner: Pin<Box<dyn Future<Output = ReqwestResult> + Send>> },
    }
}

impl ReqwestFuture {
    /// Sends the request, after a yield to the runtime if there must be one.
    fn of(mut client: reqwest::Client, request: reqwest::Request, must_yield: bool) -> Self {
        match must_yield {
            false => Self::Now {
                inner: client.call(request),
            },
            true => Self::Later {
                inner: Box::pin(async move {
                    tokio::task::yield_now().await;
                    client.call(request).await
                }),
            },
        }
    }
}

impl Future for ReqwestFuture {
    type Output = ReqwestResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ReqwestResult> {
        match self.project() {
            ReqwestFutureProjection::Now { inner } => inner.poll(cx),
            ReqwestFutureProjection::Later { inner } => inner.as_mut().poll(cx),
        }
    }
}

/// A request in progress.
pub(crate) struct RequestInProgress {
    call: Option<CallContext>,
    attempt: u32,
    /// There is a response, or an error.
    is_over: bool,
    health: Arc<PoolHealth>,
    peer: Peer,
}

impl RequestInProgress {
    /// Notes the protocol of the response. Returns the watch for its body.
    fn responded(&self, response: &reqwest::Response) -> Option<StreamWatch> {
        let version = response.version();
        self.health.note_response(self.peer, version);
        let idle_timeout = self.call.as_ref().map(|call| call.limits().idle_timeout);
        let is_empty = has_no_content(response.status());
        let must_end = !is_empty && !response.headers().contains_key(CONTENT_LENGTH);
        (version >= http::Version::HTTP_2)
            .then(|| StreamWatch::new(Arc::clone(&self.health), idle_timeout, must_end))
    }
}

/// The next attempt gets a new connection if this one timed out.
impl Drop for RequestInProgress {
    fn drop(&mut self) {
        let is_timed_out = match &self.call {
            Some(call) => call.send_state().end_in_transport(self.attempt),
            // A credential gives up a request of its own only after it waited in vain.
            None => !self.is_over,
        };
        if is_timed_out {
            self.health.note_timeout(self.peer);
        }
    }
}

pin_project! {
    #[project = TransportProjection]
    pub(crate) enum TransportFuture {
        Sent {
            #[pin]
            response: ReqwestFuture,
            request: RequestInProgress,
        },
        Refused { error: Option<Error> },
    }
}

impl Future for TransportFuture {
    type Output = Result<http::Response<TransportBody>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            TransportProjection::Sent { response, request } => {
                let result = ready!(response.poll(cx));
                request.is_over = true;
                Poll::Ready(match result {
                    Ok(response) => {
                        let watch = request.responded(&response);
                        let response = http::Response::<reqwest::Body>::from(response);
                        Ok(response.map(|body| TransportBody::new(body, watch)))
                    }
                    Err(error) => {
                        let call = request.call.as_ref();
                        let error = call
                            .and_then(|call| call.send_state().take_body_error())
                            .unwrap_or_else(|| sending_failed(error));
                        // However the request failed, it was not sent if no connection took it.
                        let is_unsent = error.outcome() == Outcome::Unknown
                            && call.is_some_and(|call| call.send_state().withdraw());
                        Err(match is_unsent {
                            true => error.with_outcome(Outcome::NotSent).boxed(),
                            false => error.boxed(),
                        })
                    }
                })
            }
            TransportProjection::Refused { error } => {
                let error = error
                    .take()
                    .expect("a future is not polled after it is done");
                Poll::Ready(Err(error.boxed()))
            }
        }
    }
}

// The service's own URL is one of `https`.
#[cfg(all(test, feature = "_tls"))]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::context::call_of;

    /// A server at a port of this machine that responds to each connection once.
    async fn port() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 1024]).await;
                let response = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                let _ = stream.write_all(response).await;
            }
        });
        port
    }

    #[tokio::test]
    async fn addresses_are_checked_where_the_service_chose_the_host_and_only_there() {
        // Without its own provider, rustls uses the process default.
        let provider = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider();
        let _ = provider.install_default();
        let base = BaseUrl::parse("https://api.test", false).unwrap();
        let hosts = FileHosts {
            base: &base,
            private: false,
        };
        let settings = settings::tests::settings(None, true);
        let mut transport = ReqwestTransport::new(settings, hosts).unwrap();
        let url = format!("http://localhost:{}/", port().await);
        let mut send = async |is_authorized| {
            let mut request = HttpRequest::new(Body::empty());
            *request.uri_mut() = url.parse().unwrap();
            request.extensions_mut().insert(call_of(is_authorized));
            transport
                .call(request)
                .await
                .map(|response| response.status())
        };
        // Another host of the service, which the user named.
        assert_eq!(send(true).await.unwrap(), 204);
        let refused = send(false).await.unwrap_err();
        let text = refused.to_string();
        assert!(text.contains("resolves to an address"), "{text}");
    }
}
