//! Counts responses with a layer around every attempt.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use push_security_api::{http::StatusCode, middleware::HttpResponse};
use tower::util::MapResponseLayer;

/// The number of responses, and of those with status 429.
#[derive(Debug, Clone, Default)]
pub(crate) struct Meter(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    all: AtomicU64,
    refused: AtomicU64,
}

impl Meter {
    /// Returns the layer that counts.
    pub(crate) fn layer(
        &self,
    ) -> MapResponseLayer<impl Fn(HttpResponse) -> HttpResponse + Clone + Send + Sync + use<>> {
        let counts = Arc::clone(&self.0);
        MapResponseLayer::new(move |response: HttpResponse| {
            counts.all.fetch_add(1, Ordering::Relaxed);
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                counts.refused.fetch_add(1, Ordering::Relaxed);
            }
            response
        })
    }

    pub(crate) fn all(&self) -> u64 {
        self.0.all.load(Ordering::Relaxed)
    }

    pub(crate) fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }
}
