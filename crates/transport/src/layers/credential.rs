//! Waiting for a live credential, and applying it to each attempt.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue, USER_AGENT};
use tower_service::Service;

use super::layer;
use super::prepare::{Prepare, prepare_layer};
use crate::context::CallContext;
use crate::credential::Credential;
use crate::error::{BoxError, Error, ErrorKind};
use crate::retry_table::Verdict;
use crate::service::{HttpFuture, HttpRequest, HttpResponse, HttpService};
use crate::url::base_url::BaseUrl;

/// Waits for a live credential before a permit is taken.
#[derive(Debug, Clone)]
pub(crate) struct CredentialReady {
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) transport: HttpService,
}

#[derive(Debug, Clone)]
pub(crate) struct CredentialReadyService<S> {
    inner: S,
    layer: CredentialReady,
}

layer!(CredentialReady => CredentialReadyService);

impl<S> Service<HttpRequest> for CredentialReadyService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = future::Either<S::Future, HttpFuture>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: HttpRequest) -> Self::Future {
        let credential = &self.layer.credential;
        let is_authorized = CallContext::of(&request).is_none_or(CallContext::is_authorized);
        let is_ready = credential.is_ready();
        if !is_authorized || (is_ready && !credential.is_due()) {
            return future::Either::Left(self.inner.call(request));
        }
        let Self { mut inner, layer } = self.clone();
        future::Either::Right(Box::pin(async move {
            let CredentialReady {
                credential,
                transport,
            } = layer;
            if is_ready {
                // The call does not wait for a new credential while the old one is still valid.
                // The renewal is polled first, so that the call uses a credential that has arrived meanwhile.
                let renewal = credential.renew(&transport);
                let call = pin!(async move { inner.call(request).await });
                return match future::select(renewal, call).await {
                    future::Either::Left(((), call)) => call.await,
                    future::Either::Right((result, _)) => result,
                };
            }
            let deadline = CallContext::of(&request).and_then(CallContext::deadline);
            credential
                .ready(&transport, deadline)
                .await
                .map_err(Error::boxed)?;
            inner.call(request).await
        }))
    }
}

/// Adds the client's headers to the requests that a credential sends for itself.
#[derive(Debug, Clone)]
pub(crate) struct TokenHeaders {
    pub(crate) user_agent: Option<HeaderValue>,
    pub(crate) base: Arc<BaseUrl>,
    /// Headers that are sent only to that origin.
    pub(crate) own_headers: Arc<HeaderMap>,
}

prepare_layer!(TokenHeaders);

impl Prepare for TokenHeaders {
    fn prepare(&self, request: &mut HttpRequest) -> Result<(), Error> {
        if let Some(name) = &self.user_agent {
            let header = request.headers_mut().entry(USER_AGENT);
            header.or_insert_with(|| name.clone());
        }
        add_own(&self.base, &self.own_headers, request);
        Ok(())
    }
}

/// Applies the credential to the request, and adds the headers that every request carries. Never waits.
#[derive(Debug, Clone)]
pub(crate) struct ApplyCredential {
    pub(crate) credential: Arc<dyn Credential>,
    pub(crate) base: Arc<BaseUrl>,
    pub(crate) headers: Arc<HeaderMap>,
    /// Headers that are sent only to the origin of the base URL.
    pub(crate) own_headers: Arc<HeaderMap>,
}

/// Adds the headers for this origin that the request does not set itself.
fn add_own(base: &BaseUrl, own: &HeaderMap, request: &mut HttpRequest) {
    if own.is_empty() || !base.is_origin_of(request.uri()) {
        return;
    }
    for (name, value) in own {
        let header = request.headers_mut().entry(name);
        header.or_insert_with(|| value.clone());
    }
}

prepare_layer!(ApplyCredential);

impl Prepare for ApplyCredential {
    fn prepare(&self, request: &mut HttpRequest) -> Result<(), Error> {
        self.apply(request)
    }
}

impl ApplyCredential {
    /// Adds the headers that every request carries, unless the call sets them itself.
    fn add_headers(&self, headers: &mut HeaderMap) {
        if headers.is_empty() {
            // Reserves room for the credential and `accept-encoding`: a clone has no spare capacity and would grow at
            // once.
            *headers = HeaderMap::with_capacity(self.headers.len() + 2);
        }
        for (name, value) in self.headers.iter() {
            headers.entry(name).or_insert_with(|| value.clone());
        }
    }

    fn apply(&self, request: &mut HttpRequest) -> Result<(), Error> {
        check_origin(request)?;
        add_own(&self.base, &self.own_headers, request);
        self.add_headers(request.headers_mut());
        if CallContext::of(request).is_some_and(|call| !call.is_authorized()) {
            return Ok(());
        }
        let before = request.headers().len();
        let generation = self
            .credential
            .apply(request.headers_mut())
            .ok_or_else(refused_while_waiting)?;
        if request.headers().len() <= before {
            self.check_replaced(request)?;
        }
        if let Some(call) = CallContext::of(request) {
            call.set_generation(generation.0);
        }
        Ok(())
    }

    /// The credential added no header: it sets none, or has replaced one. That fails if the caller has set it, because
    /// the call would be made with another credential than was meant.
    #[cold]
    fn check_replaced(&self, request: &HttpRequest) -> Result<(), Error> {
        let call = CallContext::of(request);
        let is_set = |name: &HeaderName| {
            self.own_headers.contains_key(name) || call.is_some_and(|call| call.sets(name))
        };
        let mut own = HeaderMap::new();
        self.credential.apply(&mut own);
        own.keys().find(|name| is_set(name)).map_or(Ok(()), |name| {
            let error = Error::invalid(format!(
                "the header `{name}` is the one that the client sends its credential in: leave it out, or build a client \
                 with another credential"
            ));
            Err(error.permanent())
        })
    }
}

/// The credential was refused between being ready and being applied.
fn refused_while_waiting() -> Error {
    Error::new(
        ErrorKind::Credential,
        "the credential was refused again and again while the call waited",
    )
    .with_verdict(Verdict::CredentialLost)
}

fn check_origin(request: &HttpRequest) -> Result<(), Error> {
    let origin = CallContext::kept_by(request)?.origin();
    if origin.is_origin_of(request.uri()) {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Credential,
        format!("a layer sent the request to another origin than {origin}; the credential does not go there"),
    )
    .permanent())
}

/// Placed below the user's layers, which can change the request after the credential is applied.
#[derive(Debug, Clone)]
pub(crate) struct SameOrigin;

prepare_layer!(SameOrigin);

impl Prepare for SameOrigin {
    fn prepare(&self, request: &mut HttpRequest) -> Result<(), Error> {
        check_origin(request)
    }
}
