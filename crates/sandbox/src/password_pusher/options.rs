//! How an instance is set up.

use super::PasswordPusherEdition;

/// Which edition of [Password Pusher](crate::PasswordPusher) is imitated, and
/// how its operator set it up.
///
/// ```
/// use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions};
///
/// let hosted = PasswordPusherOptions::default()
///     .edition(PasswordPusherEdition::Hosted)
///     .anonymous(false);
/// # let _ = hosted;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordPusherOptions {
    pub(crate) edition: PasswordPusherEdition,
    pub(crate) anonymous: bool,
    pub(crate) email: bool,
    pub(crate) files: bool,
    pub(crate) urls: bool,
    pub(crate) qr_codes: bool,
    pub(crate) mfa: bool,
    pub(crate) samples: usize,
}

impl Default for PasswordPusherOptions {
    fn default() -> Self {
        Self {
            edition: PasswordPusherEdition::default(),
            anonymous: true,
            email: true,
            files: true,
            urls: true,
            qr_codes: true,
            mfa: false,
            samples: 0,
        }
    }
}

macro_rules! switches {
    ($($name:ident: $what:literal, $default:literal;)+) => {
        impl PasswordPusherOptions {
            $(
                #[doc = concat!("Whether ", $what, "; ", $default, " by default.")]
                #[must_use]
                pub fn $name(mut self, on: bool) -> Self {
                    self.$name = on;
                    self
                }
            )+
        }
    };
}

switches! {
    anonymous: "callers without a token are served", "yes";
    email: "mail is configured, so that recipients can be told of a push", "yes";
    files: "pushes of files are allowed", "yes";
    urls: "pushes of URLs are allowed", "yes";
    qr_codes: "pushes of QR codes are allowed", "yes";
    mfa: "users have to have a second factor, which no user of the sandbox has", "no";
}

impl PasswordPusherOptions {
    /// How many pushes the first user made beforehand, and requests where
    /// there are such; 0 by default. Every other of the requests is answered.
    #[must_use]
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// Which product and version to be.
    #[must_use]
    pub fn edition(mut self, edition: PasswordPusherEdition) -> Self {
        self.edition = edition;
        self
    }
}
