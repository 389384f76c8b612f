//! What the hand-written calls have in common.

/// Makes a type that stands for a call awaitable: its method `run` sends it.
macro_rules! sent_when_awaited {
    ($type:ty, $output:ty) => {
        impl $type {
            /// Sends the call; the same as awaiting it.
            pub fn send(self) -> <Self as ::std::future::IntoFuture>::IntoFuture {
                self.into_future()
            }
        }

        impl IntoFuture for $type {
            type Output = Result<$output, ::security_api_transport::Error>;
            type IntoFuture =
                ::std::pin::Pin<Box<dyn ::std::future::Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }
    };
}
pub(crate) use sent_when_awaited;
