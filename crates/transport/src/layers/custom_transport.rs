//! A transport supplied by the user.

use http_body_util::BodyExt;
use tower::ServiceExt;
use tower_service::Service;

use crate::body::ResponseBody;
use crate::error::{BoxError, Error};
use crate::service::{HttpRequest, HttpResponse};

/// The same transport, the errors of whose bodies are an [`Error`].
pub(crate) fn naming_body_errors<S>(
    transport: S,
) -> impl Service<HttpRequest, Response = HttpResponse, Error = S::Error, Future: Send + 'static>
+ Clone
+ Send
+ Sync
+ 'static
where
    S: Service<HttpRequest, Response = HttpResponse> + Clone + Send + Sync + 'static,
    S::Future: Send + 'static,
{
    transport.map_response(|response: HttpResponse| {
        response.map(|body| match body.as_full() {
            Some(_) => body,
            None => ResponseBody::stream(body.map_err(named)),
        })
    })
}

fn named(error: BoxError) -> BoxError {
    match error.is::<Error>() {
        true => error,
        false => Error::response_cut().with_boxed_source(error).boxed(),
    }
}
