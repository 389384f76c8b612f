//! Calls: values that are sent when awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;

use crate::body::ResponseBody;
use crate::context::CallContext;
use crate::error::{ApiError, Error, ErrorKind, shown_request_id};
use crate::operation::Operation;
use crate::receive::{place_in, share, without_mark};
use crate::request::Request;
use crate::response_parts::ResponseParts;
use crate::retry_table::Verdict;
use crate::service::HttpResponse;
use crate::wire::decode::{self, DecodeTarget};
use crate::wire::secret::hide;

/// A call of one operation, sent when awaited.
///
/// It owns everything it needs, so it can be stored, passed on, or spawned.
///
/// ```
/// use std::time::Duration;
/// use http::Method;
/// use security_api_transport::{Client, Error, Operation};
/// use serde_json::Value;
///
/// static GET: Operation = Operation::new("browsers.get", Method::GET, "/v1/browsers/{id}").idempotent();
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let browser: Value = client.operation(&GET, &["b1"]).call().await?;
///
///     let response = client
///         .operation(&GET, &["b1"])
///         .call::<Value>()
///         .timeout(Duration::from_secs(5))
///         .retries(1)
///         .header("x-trace", "42")
///         .send_with_response()
///         .await?;
///     println!("{:?} after {} attempts", response.request_id(), response.attempts());
///     Ok(())
/// }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    request: Request,
    response: PhantomData<fn() -> T>,
}

impl<T> Call<T> {
    pub(crate) fn new(request: Request) -> Self {
        Self {
            request,
            response: PhantomData,
        }
    }

    /// The same call without the value of its response: any success will do.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Client, Error, Operation};
    /// use serde_json::Value;
    ///
    /// static START: Operation = Operation::new("scans.start", Method::POST, "/v1/scans/{id}/start");
    ///
    /// async fn start(client: &Client, id: &str) -> Result<(), Error> {
    ///     client.operation(&START, &[id]).call::<Value>().without_value().await
    /// }
    /// ```
    pub fn without_value(self) -> Call<()> {
        Call::new(self.request)
    }

    /// The request, for what the methods of the call do not offer.
    pub fn into_request(self) -> Request {
        self.request
    }
}

crate::__call_options!(Call<T>);

impl<T: FromResponse> Call<T> {
    /// Sends the call; the same as awaiting it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(self) -> CallFuture<T> {
        CallFuture::new(self.prepared(), T::from_response)
    }

    /// Sends the call, and returns status, headers, request id and attempts together with the value.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send_with_response(self) -> CallFuture<Response<T>> {
        CallFuture::new(self.prepared(), Response::from_received)
    }

    fn prepared(mut self) -> Request {
        self.request.options.streamed = T::STREAMED;
        self.request
    }
}

impl<T: FromResponse> IntoFuture for Call<T> {
    type Output = Result<T, Error>;
    type IntoFuture = CallFuture<T>;

    fn into_future(self) -> CallFuture<T> {
        self.send()
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.request).finish()
    }
}

impl<T> Clone for Call<T> {
    fn clone(&self) -> Self {
        Self::new(self.request.clone())
    }
}

impl Request {
    /// Turns the request into a call whose response is decoded as `T`.
    pub fn call<T>(self) -> Call<T> {
        Call::new(self)
    }

    pub(crate) fn send(self) -> Sending {
        self.client.clone().send(self)
    }
}

pub(crate) type Sending = Pin<Box<dyn Future<Output = Result<Received, Error>> + Send>>;

/// A call in progress.
#[must_use = "futures do nothing unless polled"]
pub struct CallFuture<T> {
    sending: Sending,
    finish: fn(Received) -> Result<T, Error>,
}

impl<T> CallFuture<T> {
    fn new(request: Request, finish: fn(Received) -> Result<T, Error>) -> Self {
        Self {
            sending: request.send(),
            finish,
        }
    }
}

impl<T> Future for CallFuture<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let finish = self.finish;
        self.sending
            .as_mut()
            .poll(cx)
            .map(|received| finish(received?))
    }
}

impl<T> fmt::Debug for CallFuture<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallFuture").finish_non_exhaustive()
    }
}

/// A successful response that is not decoded yet.
pub struct Received {
    pub(crate) request: Request,
    pub(crate) call: CallContext,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: ResponseBody,
}

impl Received {
    pub(crate) fn new(request: Request, call: CallContext, response: HttpResponse) -> Self {
        let (head, body) = response.into_parts();
        Self {
            request,
            call,
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// The operation that was called.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.request.operation
    }

    /// The body as it was received, including what surrounds the value.
    #[must_use]
    pub fn whole_body(&self) -> Bytes {
        self.body.as_full().cloned().unwrap_or_default()
    }

    /// The part of the body that holds the value.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.part().clone()
    }

    fn part(&self) -> &Bytes {
        static NULL: Bytes = Bytes::from_static(b"null");
        static NOTHING: Bytes = Bytes::new();
        match self.operation().has_no_response_body() {
            true => &NULL,
            false => self.body.payload().unwrap_or(&NOTHING),
        }
    }

    /// The part of a damaged body which holds the value: once exactly as it came, and once [masked](decode::masked),
    /// because a protocol finds the value only in correct JSON.
    #[cold]
    pub(crate) fn masked_payload(&self) -> (Bytes, Bytes) {
        let body = without_mark(&self.whole_body()).into_owned();
        let masked = Bytes::from(decode::masked(&body));
        let response = ResponseParts::new(self.operation(), self.status, &self.headers, &masked);
        let part = self.call.protocol().payload(&response).unwrap_or(&masked);
        match place_in(&masked, part) {
            Some(place) => (body.slice(place.clone()), masked.slice(place)),
            None => {
                let constant = Bytes::copy_from_slice(part);
                (constant.clone(), constant)
            }
        }
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// If the value does not have this type.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Error> {
        decode::value(|target| self.fill(target))
    }

    /// Decodes the value as it came. If that fails, the body is repaired as a whole, because a protocol finds the value
    /// only in correct JSON.
    fn fill(&self, target: &mut dyn DecodeTarget) -> Result<(), Error> {
        let part = self.part();
        let is_whole = self
            .body
            .as_full()
            .is_some_and(|body| body.len() == part.len());
        self.fill_with(target, part, is_whole)
            .or_else(|error| self.fill_repaired(target).unwrap_or(Err(error)))
    }

    /// Decodes the value in the repaired body. `None` if there is nothing to repair.
    #[cold]
    fn fill_repaired(&self, target: &mut dyn DecodeTarget) -> Option<Result<(), Error>> {
        let body = Bytes::from(decode::repair(&self.whole_body())?);
        let response = ResponseParts::new(self.operation(), self.status, &self.headers, &body);
        let payload = match self.call.protocol().payload(&response) {
            Ok(_) if self.operation().has_no_response_body() => Bytes::from_static(b"null"),
            Ok(part) => share(&body, part),
            Err(verdict) => {
                let api = self.call.protocol().api_error(&response);
                return Some(Err(self
                    .error(api)
                    .with_verdict(verdict)
                    .in_call(&self.call)));
            }
        };
        let is_whole = payload.len() == body.len();
        let filled = self.fill_with(target, &payload, is_whole);
        Some(filled.inspect(|()| decode::tell()))
    }

    fn fill_with(
        &self,
        target: &mut dyn DecodeTarget,
        payload: &[u8],
        is_whole: bool,
    ) -> Result<(), Error> {
        let filled = match payload.trim_ascii() {
            b"" => decode::nothing(target),
            b"null" if self.operation().is_list() => decode::fill(target, b"[]"),
            // A missing object is decoded as one without members, as it is within a response.
            b"null" => decode::fill(target, b"null")
                .or_else(|error| decode::fill(target, b"{}").or(Err(error))),
            _ if is_whole && !self.operation().is_list() => decode::fill_whole(target, payload),
            _ => decode::fill(target, payload),
        };
        filled.or_else(|error| match decode::is_unit(target) {
            true => Ok(()),
            false => Err(self.undecodable(error)),
        })
    }

    #[cold]
    pub(crate) fn undecodable(&self, error: Error) -> Error {
        self.error(ApiError::new())
            .with_kind(ErrorKind::Decode)
            .with_verdict(Verdict::Executed)
            .with_message(error.to_string())
            .in_call(&self.call)
    }

    #[cold]
    fn error(&self, api: ApiError) -> Error {
        let request_id = self.request_id().map(str::to_owned);
        Error::from_response(
            self.status,
            self.headers.clone(),
            request_id,
            self.whole_body(),
            api,
        )
    }

    fn request_id(&self) -> Option<&str> {
        self.call.protocol().request_id(&self.headers)
    }

    /// The request id as errors show it too: on one line, bounded, and with the secrets of the call redacted.
    fn shown_request_id(&self) -> Option<String> {
        let id = shown_request_id(self.request_id()?);
        Some(hide(&self.call.secrets(), &id).unwrap_or(id))
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("operation", &self.operation().id())
            .field("status", &self.status)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// The types a call can return: anything that can be decoded from JSON, pages, and downloads.
///
/// ```
/// use security_api_transport::middleware::FromResponse;
/// use security_api_transport::{Client, Download, Error, RawJson};
/// use http::Method;
///
/// async fn fetch<T: FromResponse>(client: &Client, path: &str) -> Result<T, Error> {
///     client.request(Method::GET, path).idempotent().call().await
/// }
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     let record: serde_json::Value = fetch(client, "/v1/records/1").await?;
///     let as_it_came: RawJson = fetch(client, "/v1/records/1").await?;
///     let report: Download = fetch(client, "/v1/report.csv").await?;
///     report.save_in("reports", "report.csv").await?;
///     Ok(())
/// }
/// ```
pub trait FromResponse: Sized {
    /// Whether the body is handed on while it is still arriving.
    #[doc(hidden)]
    const STREAMED: bool = false;

    /// Creates the value from the response.
    ///
    /// # Errors
    /// If the response says that the request failed, or does not fit the type.
    fn from_response(received: Received) -> Result<Self, Error>;
}

impl<T: DeserializeOwned> FromResponse for T {
    fn from_response(received: Received) -> Result<Self, Error> {
        received.decode()
    }
}

/// A value together with the metadata of its response.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    status: StatusCode,
    headers: HeaderMap,
    request_id: Option<String>,
    attempts: u32,
}

impl<T: FromResponse> Response<T> {
    fn from_received(received: Received) -> Result<Self, Error> {
        let request_id = received.shown_request_id();
        let headers = received.headers.clone();
        let (status, attempts) = (received.status, received.call.attempt());
        Ok(Self {
            value: T::from_response(received)?,
            status,
            headers,
            request_id,
            attempts,
        })
    }
}

impl<T> Response<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// Replaces the value, and keeps the metadata.
    ///
    /// ```
    /// use security_api_transport::Response;
    ///
    /// fn count(response: Response<Vec<String>>) -> Response<usize> {
    ///     response.map(|names| names.len())
    /// }
    /// ```
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Response<U> {
        Response {
            value: change(self.value),
            status: self.status,
            headers: self.headers,
            request_id: self.request_id,
            attempts: self.attempts,
        }
    }

    /// Returns the value alone.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The id under which the service knows the request, as [`Error::request_id`] shows it: on one line, at most 100
    /// characters, and without any secret of the call. [`headers`](Self::headers) has it as received.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }

    /// How many times the request was tried, as in [`Error::attempts`]: an attempt for which no connection could be
    /// made counts too.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

/// Shows the value, not the headers.
impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("value", &self.value)
            .field("request_id", &self.request_id)
            .field("attempts", &self.attempts)
            .finish_non_exhaustive()
    }
}
