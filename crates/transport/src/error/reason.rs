//! The typed reasons of services.

/// Implements `of` for the type of a service's reasons. The example is an error of the service's crate that is no
/// response. What the response alone does not tell is given as a function of the error.
#[macro_export]
#[doc(hidden)]
macro_rules! __reason {
    ($reason:ident, $service:ident, $unsent:literal) => {
        $crate::__reason!($reason, $service, $unsent, |_| None);
    };
    ($reason:ident, $service:ident, $unsent:literal, $other:expr) => {
        impl $reason {
            /// The reason in an error. `None` if the service did not respond, or its response is not listed here.
            ///
            /// ```
            #[doc = concat!("use ", stringify!($service), "::{Client, Reason};")]
            ///
            /// // Nothing was sent, so the service has said nothing.
            #[doc = concat!("let error = ", $unsent, ".unwrap_err();")]
            /// assert_eq!(Reason::of(&error), None);
            /// ```
            #[must_use]
            pub fn of(error: &$crate::Error) -> ::std::option::Option<Self> {
                let other: fn(&$crate::Error) -> ::std::option::Option<Self> = $other;
                error.reason::<Self>().cloned().or_else(|| other(error))
            }
        }
    };
}
