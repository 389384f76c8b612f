//! The options that every call takes.

use std::time::Duration;

use super::Request;
use crate::headers;

/// What [`__call_options`](crate::__call_options) sets.
impl Request {
    #[doc(hidden)]
    pub fn add_query(&mut self, name: String, value: String) {
        self.push_query(name.into(), value);
    }

    #[doc(hidden)]
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.options.timeout = Some(timeout);
    }

    #[doc(hidden)]
    pub fn set_attempt_timeout(&mut self, timeout: Duration) {
        self.options.attempt_timeout = Some(timeout);
    }

    #[doc(hidden)]
    pub fn set_retries(&mut self, retries: u32) {
        self.options.retries = Some(retries);
    }

    #[doc(hidden)]
    pub fn set_response_limit(&mut self, bytes: u64) {
        self.options.response_limit = Some(bytes);
    }

    #[doc(hidden)]
    pub fn set_idempotent(&mut self, idempotent: bool) {
        self.options.idempotent = Some(idempotent);
    }

    #[doc(hidden)]
    pub fn set_header(&mut self, name: &str, value: &str) {
        headers::set(&mut self.headers, &mut self.error, name, value);
    }
}

/// The options that every call takes, as methods of each type that stands for a call. The type has a field `request`,
/// or says where its request is.
///
/// A macro, because inherent methods need no import and appear in the documentation where users look for them.
#[macro_export]
#[doc(hidden)]
macro_rules! __call_options {
    ($type:ident<$($generic:ident),+>) => {
        $crate::__call_options!(@ [<$($generic),+>] $type<$($generic),+>, this => this.request);
    };
    ($type:ident) => {
        $crate::__call_options!(@ [] $type, this => this.request);
    };
    (@ [$($generics:tt)*] $type:ty, $this:ident => $request:expr) => {
        impl $($generics)* $type {
            /// Bounds the whole call, including all attempts and the waits between them. A call that cannot finish in
            /// time fails at once. For a stream the bound applies to each page; for a download it covers the last byte.
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                let $this = &mut self;
                $request.set_timeout(timeout);
                self
            }

            /// Bounds each attempt, from the request being fully sent to the head of the response.
            pub fn attempt_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                let $this = &mut self;
                $request.set_attempt_timeout(timeout);
                self
            }

            /// How many times the request may be retried; 0 sends it once.
            pub fn retries(mut self, retries: u32) -> Self {
                let $this = &mut self;
                $request.set_retries(retries);
                self
            }

            /// The largest response that is accepted, in bytes after decompression.
            pub fn response_limit(mut self, bytes: u64) -> Self {
                let $this = &mut self;
                $request.set_response_limit(bytes);
                self
            }

            /// Overrides whether the call is idempotent, that is, whether sending it twice has the same effect as
            /// sending it once.
            pub fn assume_idempotent(mut self, idempotent: bool) -> Self {
                let $this = &mut self;
                $request.set_idempotent(idempotent);
                self
            }

            /// Sets a header. An invalid name or value is an error when the call is sent, and so is a header that the
            /// client sets by itself: the credential's, and `content-length` and `transfer-encoding`.
            pub fn header(mut self, name: &str, value: &str) -> Self {
                let $this = &mut self;
                $request.set_header(name, value);
                self
            }

            /// Adds a query parameter that has no method.
            pub fn extra_query(
                mut self,
                name: impl ::std::convert::Into<::std::string::String>,
                value: impl ::std::convert::Into<::std::string::String>,
            ) -> Self {
                let $this = &mut self;
                $request.add_query(name.into(), value.into());
                self
            }
        }
    };
}

/// The options of a bare request.
impl Request {
    /// Bounds the whole call, including all attempts and the waits between them.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.set_timeout(timeout);
        self
    }

    /// Marks the request as idempotent: sending it twice has the same effect as sending it once.
    pub fn idempotent(mut self) -> Self {
        self.set_idempotent(true);
        self
    }

    /// Sets a header. An invalid name or value is an error when the call is sent, and so is a header that the client
    /// sets by itself: the credential's, and `content-length` and `transfer-encoding`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.set_header(name, value);
        self
    }
}
