//! The methods that the clients of all services have.

/// Implements the methods that do not depend on the service, for a type with a field `transport`. The examples name the
/// service's crate, so they are given.
#[macro_export]
#[doc(hidden)]
macro_rules! __service_client {
    (
        $client:ident;
        $(#[$request:meta])*
        request;
        $(#[$reopen_limits:meta])*
        reopen_limits;
        $(#[$base_url:meta])*
        base_url;
    ) => {
        impl $client {
            /// Creates a request for an operation that this version does not model. It passes through the same layers
            /// as every other call.
            ///
            /// `path` begins with `/` and is relative to the base URL. Add ids with
            /// [`Request::segment`](crate::Request::segment); errors show `{}` in their place. The response is decoded
            /// as the type that the call names, for example `serde_json::Value`, [`RawJson`](crate::RawJson) or a
            /// struct of your own; `()` accepts any successful response. The request is not retried once it may have
            /// been executed, unless it is marked [`idempotent`](crate::Request::idempotent).
            ///
            $(#[$request])*
            pub fn request(&self, method: $crate::__private::http::Method, path: &str) -> $crate::Request {
                self.transport.request(method, path)
            }

            /// Opens all limits that are closed because the service reported them as used up, for all clients that
            /// share the limiter. A limit is closed for an hour at most. Call this if it is known to be open earlier,
            /// because it was raised or the service's headers were wrong. Requests then start without a burst.
            ///
            $(#[$reopen_limits])*
            pub fn reopen_limits(&self) {
                self.transport.reopen_limits();
            }

            /// The base URL that requests go to.
            ///
            $(#[$base_url])*
            #[must_use]
            pub fn base_url(&self) -> ::std::string::String {
                self.transport.base_url()
            }

            #[allow(dead_code, reason = "the features of all resources, which use it, may be off")]
            pub(crate) fn transport(&self) -> &$crate::Client {
                &self.transport
            }
        }

        impl ::std::convert::From<$crate::Client> for $client {
            fn from(transport: $crate::Client) -> Self {
                Self { transport }
            }
        }
    };
}
