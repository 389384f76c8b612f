//! The layers of the request path, and what some of them have in common.
//!
//! Each is a tower layer. Their order is that of [`stack`](crate::client::stack), which combines them.

pub(crate) mod attempt;
pub(crate) mod complete;
pub(crate) mod credential;
pub(crate) mod custom_transport;
pub(crate) mod deadline;
pub(crate) mod decompression;
mod prepare;
pub(crate) mod rate_limit;
pub(crate) mod response_limit;
pub(crate) mod retry;
pub(crate) mod secret_url;
pub(crate) mod span;
pub(crate) mod transport;

/// Implements `Layer` for a struct of settings, by wrapping the inner service together with a clone of the settings, or
/// by wrapping the inner service alone if there are no settings.
macro_rules! layer {
    ($layer:ident => $service:ident without settings) => {
        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $service<S>;

            fn layer(&self, inner: S) -> $service<S> {
                $service { inner }
            }
        }
    };
    ($layer:ident => $service:ident) => {
        impl<S> tower_layer::Layer<S> for $layer {
            type Service = $service<S>;

            fn layer(&self, inner: S) -> $service<S> {
                $service {
                    inner,
                    layer: self.clone(),
                }
            }
        }
    };
}

pub(crate) use layer;
