//! How an instance is set up.

use super::PasswordPusherEdition;
use super::settings::PasswordPusherSettings;

/// Which edition of [Password Pusher](crate::PasswordPusher) is imitated, and how its operator set it up.
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
    pub(crate) notifications: bool,
    pub(crate) mail_fails: bool,
    pub(crate) forced_tls: bool,
    pub(crate) gateway: bool,
    pub(crate) unconfirmed: bool,
    pub(crate) settings: PasswordPusherSettings,
    pub(crate) base_url: Option<String>,
    pub(crate) allowed_hosts: Vec<String>,
    pub(crate) user_language: Option<String>,
    pub(crate) default_locale: String,
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
            notifications: true,
            mail_fails: false,
            forced_tls: false,
            gateway: false,
            unconfirmed: false,
            settings: PasswordPusherSettings::default(),
            base_url: None,
            allowed_hosts: Vec::new(),
            user_language: None,
            default_locale: "en".to_owned(),
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
    notifications: "recipients can be told of a push at all (`notify_by_email.enabled`)", "yes";
    mail_fails: "mail cannot be delivered", "no";
    forced_tls: "requests without TLS are redirected (`FORCE_SSL`), unless `X-Forwarded-Proto` says `https`", "no";
    gateway: "it is a public gateway, which has no API", "no";
    unconfirmed: "users have not confirmed their addresses", "no";
    mfa: "users have to have a second factor, which no user of the sandbox has", "no";
}

impl PasswordPusherOptions {
    /// How many pushes the first user made beforehand, and requests where there are such; 0 by default. Every other of
    /// the requests is answered.
    #[must_use]
    pub fn samples(mut self, count: usize) -> Self {
        self.samples = count;
        self
    }

    /// The settings of pushes.
    #[must_use]
    pub fn settings(mut self, settings: &PasswordPusherSettings) -> Self {
        self.settings = settings.clone();
        self
    }

    /// What links begin with (`override_base_url`), in place of the host that was asked.
    #[must_use]
    pub fn links_begin_with(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// The only host name that is served (`allowed_hosts`); more of them if it is called again. All are by default.
    #[must_use]
    pub fn allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// The language that users prefer, such as `fr`; the one that they ask for by default.
    #[must_use]
    pub fn user_language(mut self, locale: impl Into<String>) -> Self {
        self.user_language = Some(locale.into());
        self
    }

    /// The language where none is asked for (`default_locale`); `en` by default.
    #[must_use]
    pub fn default_locale(mut self, locale: impl Into<String>) -> Self {
        self.default_locale = locale.into();
        self
    }

    /// Which product and version to be.
    #[must_use]
    pub fn edition(mut self, edition: PasswordPusherEdition) -> Self {
        self.edition = edition;
        self
    }
}
