//! The settings of the imitation of Push Security.

use super::records::{Collection, collections};
use crate::common::options::settings;

macro_rules! options {
    ($($collection:ident $path:literal $size:ident: $what:literal, $default:literal;)+) => {
        settings! {
            /// The size of the seeded organisation of [`PushSecurity`](crate::PushSecurity), and the service's
            /// behaviour where the real one is not known.
            ///
            /// Some records need others: without employees there are no browsers, accounts, findings or detections,
            /// without browsers no browser extensions, without apps no accounts at them.
            ///
            /// ```
            /// use security_api_sandbox::PushSecurityOptions;
            ///
            /// let small = PushSecurityOptions::default().employees(20).browsers(50).accounts(60);
            /// # let _ = small;
            /// ```
            pub struct PushSecurityOptions {
                $(
                    #[doc = concat!("How many ", $what, " there are; ", $default, " by default.")]
                    $size: usize = $default,
                )+
                /// Whether a 429 has a `Retry-After` header with the seconds to wait. It has none by default: the real
                /// service does not document one.
                retry_after: bool = false,
            }
        }

        impl PushSecurityOptions {
            pub(crate) fn size(&self, of: Collection) -> usize {
                match of {
                    $(Collection::$collection => self.$size,)+
                }
            }
        }
    };
}

collections!(options);
