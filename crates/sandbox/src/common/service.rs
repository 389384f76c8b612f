//! The interface between a listener and a service.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::{AsHeaderName, CONTENT_TYPE, Entry, HeaderName, HeaderValue};
use http::request::Parts;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use serde_json::json;

use super::clock::Clock;

/// The settings that all services have.
pub(crate) struct Setup {
    /// The address at which clients on this machine reach it.
    pub(crate) address: SocketAddr,
    pub(crate) seed: u64,
    /// Whether rate limits are enforced.
    pub(crate) limited: bool,
    pub(crate) clock: Clock,
}

/// A running service: its base URL, and its state, which the listener shares. `Debug` prints the URL only.
pub(crate) struct Imitation<S> {
    base_url: String,
    pub(crate) state: Arc<S>,
}

impl<S: Service> Imitation<S> {
    pub(crate) fn new(setup: &Setup, options: &S::Options) -> Self {
        Self {
            base_url: format!("http://{}", setup.address),
            state: Arc::new(S::new(setup, options)),
        }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl<S> fmt::Debug for Imitation<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.base_url.fmt(formatter)
    }
}

/// One service behind one listener.
pub(crate) trait Service: Sized + Send + Sync + 'static {
    /// The service's own settings.
    type Options;

    /// Creates the service, inside the runtime that will serve it.
    fn new(setup: &Setup, options: &Self::Options) -> Self;

    /// The service's name in the journal.
    const NAME: &'static str;

    /// The largest request body that is accepted.
    const LARGEST_BODY: usize;

    /// Reads a request's body; nothing if it is too large. A service may put a body that it parsed on the way into the
    /// extensions, for [`respond`](Self::respond).
    fn receive(
        &self,
        parts: &mut Parts,
        body: Incoming,
    ) -> impl Future<Output = Result<Option<Bytes>, Dropped>> + Send {
        let _ = parts;
        whole(body, Self::LARGEST_BODY)
    }

    /// Performs a request, whose extensions hold its [`Peer`].
    fn respond(&self, parts: &Parts, body: &Bytes) -> Response<Bytes>;

    /// The response that this service sends with a status that a fault or the listener chose.
    fn failure(&self, status: StatusCode) -> Response<Bytes>;

    /// Adds the headers that every response of this service has. The response has this id.
    fn stamp(&self, headers: &mut HeaderMap, id: HeaderValue) {
        let _ = (headers, id);
    }

    /// The header that holds a credential.
    const CREDENTIAL: HeaderName;

    /// The text that the journal keeps instead of a credential, or nothing if it keeps the credential.
    fn title(&self, credential: &HeaderValue) -> Option<String>;

    /// Replaces known credentials by their names.
    fn redact(&self, headers: &mut HeaderMap) {
        if let Entry::Occupied(mut values) = headers.entry(Self::CREDENTIAL) {
            for value in values.iter_mut() {
                let title = self.title(value).map(HeaderValue::try_from);
                if let Some(Ok(title)) = title {
                    *value = title;
                }
            }
        }
    }

    /// The part of a path that may be printed, if the path gives access by itself.
    fn printable(&self, path: &str) -> Option<String> {
        let _ = path;
        None
    }
}

/// A response with a body of that type.
pub(crate) fn response(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// The response to a request that the real service performs and the sandbox does not. Each client finds the message in
/// the member that its service uses.
pub(crate) fn not_played(what: &str) -> Response<Bytes> {
    let message = format!("The sandbox does not play {what}");
    let body = json!({ "status": "NOT_PLAYED", "error": message, "message": message });
    response(
        StatusCode::NOT_IMPLEMENTED,
        "application/json",
        body.to_string(),
    )
}

/// The media type of a body, in lower case. Empty if the request does not name one.
pub(crate) fn media_type(headers: &HeaderMap) -> String {
    let kind = header(headers, CONTENT_TYPE).split(';').next();
    kind.unwrap_or_default().trim().to_ascii_lowercase()
}

/// A header as text. Empty if it is absent or not text.
pub(crate) fn header(headers: &HeaderMap, name: impl AsHeaderName) -> &str {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default()
}

/// The address that a request came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// A request's body, or nothing if it is too large. A body that is too large is read to its end all the same: closing
/// the connection earlier would reset it, and the response might be lost.
pub(crate) async fn whole(mut body: Incoming, largest: usize) -> Result<Option<Bytes>, Dropped> {
    let mut kept = Some(BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| dropped())?.into_data() else {
            continue;
        };
        kept = kept.filter(|kept| kept.len() + data.len() <= largest);
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&data);
        }
    }
    Ok(kept.map(BytesMut::freeze))
}

/// The connection is to end without a response, or without the rest of it.
pub(crate) type Dropped = io::Error;

pub(crate) fn dropped() -> Dropped {
    io::Error::other("the connection is dropped on purpose")
}
