//! A transport that responds from memory, to test programs without a socket.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::BodyExt;
use serde::Serialize;

use crate::body::{PolledFrame, ResponseBody};
use crate::context::CallContext;
use crate::error::{BoxError, Error, ErrorKind};
use crate::operation::Operation;
use crate::service::{HttpFuture, HttpRequest, always_ready};
use crate::wire::secret;

/// Responds to operations with the given values, and records the requests.
///
/// Pass a clone to [`ClientBuilder::transport`](crate::ClientBuilder::transport). Everything above the transport, from
/// credentials to retries, works as it does over a network.
///
/// ```
/// use http::Method;
/// use security_api_transport::{FakeResponse, FakeTransport, Operation};
///
/// static GET: Operation = Operation::new("browsers.get", Method::GET, "/v1/browsers/{id}").idempotent();
/// let fake = FakeTransport::new();
/// fake.once(&GET, FakeResponse::status(503));
/// fake.always(&GET, FakeResponse::json(&serde_json::json!({"id": "b1"})));
/// assert!(fake.requests().is_empty());
/// ```
#[derive(Clone, Default)]
pub struct FakeTransport(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    once: HashMap<Key, VecDeque<FakeResponse>>,
    always: HashMap<Key, Handler>,
    requests: Vec<FakeRequest>,
}

type Handler = Arc<dyn Fn(&FakeRequest) -> FakeResponse + Send + Sync>;

/// What a response is for: an operation, or a path for requests that belong to none, such as token requests.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Operation(&'static str),
    Path(String),
}

impl FakeTransport {
    /// A transport without responses: every request fails with an error that says so.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Responds to the operation with `response` whenever nothing is queued for it.
    pub fn always(&self, operation: &'static Operation, response: FakeResponse) -> &Self {
        self.with(operation, move |_| response.clone())
    }

    /// Responds to the operation with what the function returns for the request, whenever nothing is queued for it.
    pub fn with(
        &self,
        operation: &'static Operation,
        response: impl Fn(&FakeRequest) -> FakeResponse + Send + Sync + 'static,
    ) -> &Self {
        self.state()
            .always
            .insert(Key::Operation(operation.id()), Arc::new(response));
        self
    }

    /// Queues a response for one request of the operation, first in, first out.
    pub fn once(&self, operation: &'static Operation, response: FakeResponse) -> &Self {
        self.state()
            .once
            .entry(Key::Operation(operation.id()))
            .or_default()
            .push_back(response);
        self
    }

    /// Responds to requests for this path that no operation's response matches, such as token requests and those made
    /// with [`Client::request`](crate::Client::request).
    pub fn path(
        &self,
        path: &str,
        response: impl Fn(&FakeRequest) -> FakeResponse + Send + Sync + 'static,
    ) -> &Self {
        self.state()
            .always
            .insert(Key::Path(path.to_owned()), Arc::new(response));
        self
    }

    /// All requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<FakeRequest> {
        self.state().requests.clone()
    }

    /// The requests of this operation.
    #[must_use]
    pub fn requests_of(&self, operation: &'static Operation) -> Vec<FakeRequest> {
        let mut requests = self.requests();
        requests.retain(|request| request.operation == Some(operation.id()));
        requests
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn response_to(&self, request: FakeRequest) -> FakeResponse {
        let operation = request.operation.map(Key::Operation);
        // Token requests and requests without an operation are matched by their path.
        let path = Key::Path(request.uri.path().to_owned());
        let mut state = self.state();
        state.requests.push(request.clone());
        for key in operation.iter().chain([&path]) {
            if let Some(response) = state.once.get_mut(key).and_then(VecDeque::pop_front) {
                return response;
            }
        }
        let mut keys = operation.iter().chain([&path]);
        let handler = keys.find_map(|key| state.always.get(key).cloned());
        drop(state);
        match handler {
            Some(handler) => handler(&request),
            None => FakeResponse::error(Error::new(
                ErrorKind::Custom,
                format!(
                    "`FakeTransport` has no response for {} {}",
                    request.method,
                    request.uri.path()
                ),
            )),
        }
    }
}

impl fmt::Debug for FakeTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FakeTransport")
            .field("requests", &self.state().requests.len())
            .finish_non_exhaustive()
    }
}

/// A request as the fake received it.
#[derive(Clone)]
#[non_exhaustive]
pub struct FakeRequest {
    /// The id of the operation; `None` for requests that belong to none.
    pub operation: Option<&'static str>,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The method.
    pub method: Method,
    /// The URL, encoded.
    pub uri: Uri,
    /// The headers, credentials included.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The path, with the secrets of the call redacted.
    shown: String,
}

impl FakeRequest {
    /// The decoded value of the first query parameter of that name.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text)
                .decode_utf8_lossy()
                .into_owned()
        };
        self.uri
            .query()?
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| decode(key) == name)
            .map(|(_, value)| decode(value))
    }

    /// The body as JSON; `null` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Shows method and path, without secrets, and not the query, the headers or the body.
impl fmt::Debug for FakeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} ({} bytes)",
            self.method,
            self.shown,
            self.body.len()
        )
    }
}

/// A response of the fake.
#[derive(Clone)]
#[must_use]
pub struct FakeResponse {
    delay: Duration,
    result: Result<(StatusCode, HeaderMap, Bytes), Error>,
    cut: bool,
}

/// Shows the status, not the headers or the body.
impl fmt::Debug for FakeResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.result {
            Ok((status, _, body)) => write!(f, "FakeResponse({status}, {} bytes)", body.len()),
            Err(error) => write!(f, "FakeResponse({error:?})"),
        }
    }
}

impl FakeResponse {
    /// A response with this status and no body.
    ///
    /// # Panics
    /// If the number is not a status.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status).expect("a status from 100 to 999");
        Self {
            delay: Duration::ZERO,
            result: Ok((status, HeaderMap::new(), Bytes::new())),
            cut: false,
        }
    }

    /// A response with status 200 and this value as JSON.
    ///
    /// # Panics
    /// If the value cannot be serialised as JSON.
    pub fn json(value: &(impl Serialize + ?Sized)) -> Self {
        let json = serde_json::to_vec(value).expect("a value that can be written as JSON");
        Self::status(200)
            .body(json)
            .header(CONTENT_TYPE.as_str(), "application/json")
    }

    /// Fails with this error instead of a response.
    pub fn error(error: Error) -> Self {
        Self {
            delay: Duration::ZERO,
            result: Err(error),
            cut: false,
        }
    }

    /// Never responds.
    pub fn never() -> Self {
        Self::status(200).delay(Duration::from_secs(u64::from(u32::MAX)))
    }

    /// Sets the body.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        if let Ok((_, _, bytes)) = &mut self.result {
            *bytes = body.into();
        }
        self
    }

    /// Sets a header.
    ///
    /// # Panics
    /// If the name or value is not a valid header name or value.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if let Ok((_, headers, _)) = &mut self.result {
            headers.append(
                HeaderName::try_from(name).expect("a header name"),
                HeaderValue::try_from(value).expect("a header value"),
            );
        }
        self
    }

    /// Delays the response by this time.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Breaks the connection after the body.
    pub fn cut(mut self) -> Self {
        self.cut = true;
        self
    }
}

impl FakeTransport {
    fn send(&self, request: HttpRequest) -> HttpFuture {
        let fake = self.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let call = head.extensions.get::<CallContext>();
            let path = head.uri.path();
            let shown = call.and_then(|call| secret::hide(&call.secrets(), path));
            let request = FakeRequest {
                shown: shown.unwrap_or_else(|| path.to_owned()),
                operation: call.map(|call| call.operation().id()),
                attempt: call.map_or(1, CallContext::attempt),
                method: head.method,
                uri: head.uri,
                headers: head.headers,
                body: body.collect().await?.to_bytes(),
            };
            let response = fake.response_to(request);
            if !response.delay.is_zero() {
                tokio::time::sleep(response.delay).await;
            }
            let (status, headers, body) = response.result.map_err(Error::boxed)?;
            let body = if response.cut {
                ResponseBody::stream(CutBody(Some(body)))
            } else {
                ResponseBody::full(body)
            };
            let mut response = http::Response::new(body);
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            Ok(response)
        })
    }
}

always_ready!(FakeTransport);

/// A body that breaks off after its bytes.
struct CutBody(Option<Bytes>);

impl http_body::Body for CutBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> PolledFrame {
        Poll::Ready(Some(match self.0.take() {
            Some(bytes) => Ok(http_body::Frame::data(bytes)),
            None => Err(Error::response_cut().boxed()),
        }))
    }
}
