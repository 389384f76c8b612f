//! The request path: the layers that every request passes, in order. ARCHITECTURE.md gives the reasons for the order.

use std::sync::Arc;

use http::header::USER_AGENT;
use tower::ServiceBuilder;
use tower::util::Either;
use tower_layer::{Layer, layer_fn};
use tower_service::Service;

use crate::credential::Credential;
use crate::error::BoxError;
use crate::layers::attempt::AttemptTimeout;
use crate::layers::complete::Complete;
use crate::layers::credential::{ApplyCredential, CredentialReady, SameOrigin, TokenHeaders};
use crate::layers::deadline::Deadline;
use crate::layers::decompression::Decompression;
use crate::layers::rate_limit::RateLimit;
use crate::layers::response_limit::ResponseLimit;
use crate::layers::retry::Retry;
use crate::layers::secret_url::SecretUrl;
use crate::layers::span::{AttemptSpan, OperationSpan};
use crate::service::{HttpRequest, HttpResponse, HttpService};

/// The request path, from the outermost layer to the transport.
pub(super) fn stack<L, B>(transport: L, parts: Parts) -> HttpService
where
    L: Service<HttpRequest, Response = http::Response<B>, Error = BoxError>,
    L: Clone + Send + Sync + 'static,
    L::Future: Send + 'static,
    B: http_body::Body<Data = bytes::Bytes, Error = BoxError> + Send + Sync + 'static,
{
    let Parts {
        per_call,
        per_attempt,
        retry,
        credential,
        apply_credential,
        rate_limit,
    } = parts;
    // Token requests pass these layers as well.
    let innermost = ServiceBuilder::new()
        .layer(SecretUrl)
        .layer(AttemptSpan)
        .layer(ResponseLimit)
        .layer(Decompression)
        .layer(Complete)
        .service(transport);
    let token_headers = TokenHeaders {
        user_agent: apply_credential.headers.get(USER_AGENT).cloned(),
        base: Arc::clone(&apply_credential.base),
        own_headers: Arc::clone(&apply_credential.own_headers),
    };
    let credential_ready = CredentialReady {
        credential,
        transport: HttpService::new(token_headers.layer(innermost.clone())),
    };
    let path = ServiceBuilder::new()
        .layer(OperationSpan)
        .layer(layer_fn(|inner| wrap(&per_call, inner, HttpService::new)))
        .layer(Deadline)
        .layer(retry)
        .layer(credential_ready)
        .layer(rate_limit)
        .layer(apply_credential)
        .layer(AttemptTimeout)
        .layer(layer_fn(|inner| {
            wrap(&per_attempt, inner, |inner| {
                HttpService::new(SameOrigin.layer(inner))
            })
        }))
        .service(innermost);
    HttpService::always_ready(path)
}

/// The settings of the layers.
pub(super) struct Parts {
    pub(super) per_call: Vec<SlotLayer>,
    pub(super) per_attempt: Vec<SlotLayer>,
    pub(super) retry: Retry,
    pub(super) credential: Arc<dyn Credential>,
    pub(super) apply_credential: ApplyCredential,
    pub(super) rate_limit: RateLimit,
}

/// A layer supplied by the user.
pub(super) type SlotLayer = Arc<dyn Fn(HttpService) -> HttpService + Send + Sync>;

/// Wraps a service in the user's layers, the first given outermost. Without layers, the service is returned unchanged.
/// `boxed` makes the service that the innermost layer sees.
fn wrap<S>(
    layers: &[SlotLayer],
    service: S,
    boxed: impl FnOnce(S) -> HttpService,
) -> Either<S, HttpService> {
    if layers.is_empty() {
        return Either::Left(service);
    }
    let wrapped = layers
        .iter()
        .rev()
        .fold(boxed(service), |inner, layer| layer(inner));
    Either::Right(wrapped)
}

pub(super) fn slot<L>(layer: L) -> SlotLayer
where
    L: Layer<HttpService> + Send + Sync + 'static,
    L::Service: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
    <L::Service as Service<HttpRequest>>::Error: Into<BoxError>,
    <L::Service as Service<HttpRequest>>::Future: Send + 'static,
{
    Arc::new(move |inner| HttpService::new(layer.layer(inner)))
}
