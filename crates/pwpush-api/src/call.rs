//! What the hand-written calls have in common.

/// Gives a type the methods that send it. Its method `run` makes the requests, and returns the response to the last.
macro_rules! hand_written_call {
    ($type:ty, $output:ty) => {
        impl $type {
            /// Sends the call; the same as awaiting it.
            ///
            /// # Errors
            /// See [`Error`](crate::Error).
            pub fn send(self) -> ::security_api_transport::middleware::JobFuture<$output> {
                Box::pin(async move { Ok(self.run().await?.into_value()) })
            }

            /// Sends the call, and returns status, headers, request id and attempts together with the value.
            ///
            /// # Errors
            /// See [`Error`](crate::Error).
            pub fn send_with_response(
                self,
            ) -> ::security_api_transport::middleware::JobFuture<crate::Response<$output>> {
                Box::pin(self.run())
            }
        }

        impl ::std::future::IntoFuture for $type {
            type Output = Result<$output, crate::Error>;
            type IntoFuture = ::security_api_transport::middleware::JobFuture<$output>;

            fn into_future(self) -> Self::IntoFuture {
                self.send()
            }
        }
    };
}
pub(crate) use hand_written_call;
