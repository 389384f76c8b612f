//! Adds the secret query parameters to the request, below every layer that might log it.

use std::task::{Context, Poll};

use http::Uri;
use http::uri::PathAndQuery;
use tower_service::Service;

use super::credential::Stamped;
use super::layer;
use crate::context::CallContext;
use crate::error::{BoxError, Error};
use crate::service::{HttpRequest, HttpResponse};

/// Placed below the user's layers.
#[derive(Debug, Clone)]
pub(crate) struct SecretUrl;

#[derive(Debug, Clone)]
pub(crate) struct SecretUrlService<S> {
    inner: S,
    #[expect(dead_code, reason = "it has no settings")]
    layer: SecretUrl,
}

layer!(SecretUrl => SecretUrlService);

impl<S> Service<HttpRequest> for SecretUrlService<S>
where
    S: Service<HttpRequest, Response = HttpResponse, Error = BoxError>,
{
    type Response = HttpResponse;
    type Error = BoxError;
    type Future = Stamped<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: HttpRequest) -> Self::Future {
        let query = CallContext::of(&request).and_then(CallContext::secret_query);
        let joined = query.map(|query| join(request.uri(), query));
        match joined.transpose() {
            Ok(joined) => {
                if let Some(uri) = joined {
                    *request.uri_mut() = uri;
                }
                Stamped::Sent {
                    inner: self.inner.call(request),
                }
            }
            Err(error) => Stamped::Refused { error: Some(error) },
        }
    }
}

fn join(uri: &Uri, query: &str) -> Result<Uri, Error> {
    let start = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let sign = if start.contains('?') { '&' } else { '?' };
    let mut parts = uri.clone().into_parts();
    let joined = PathAndQuery::try_from(format!("{start}{sign}{query}")).ok();
    let too_long = || {
        Error::invalid("the request's path and query do not make a URL; they may be too long")
            .permanent()
    };
    parts.path_and_query = Some(joined.ok_or_else(too_long)?);
    Uri::from_parts(parts).map_err(|_| too_long())
}
