//! How an instance is set up. Source: `config/settings.yml`.

use super::PasswordPusherEdition;
use crate::common::options::settings;

settings! {
    /// The edition of [Password Pusher](crate::PasswordPusher) that is imitated, and its operator's choices.
    ///
    /// ```
    /// use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions};
    ///
    /// let hosted = PasswordPusherOptions::default()
    ///     .edition(PasswordPusherEdition::Hosted)
    ///     .anonymous(false);
    /// # let _ = hosted;
    /// ```
    pub struct PasswordPusherOptions {
        /// The product and its version; the open-source server 2.11 by default.
        edition: PasswordPusherEdition = PasswordPusherEdition::default(),
        /// The settings of pushes.
        settings: PasswordPusherSettings = PasswordPusherSettings::default(),
        /// Whether callers without a token are served; yes by default.
        anonymous: bool = true,
        /// Whether mail is configured, so that recipients can be told about a push; yes by default.
        email: bool = true,
        /// Whether pushes of files are allowed; yes by default.
        files: bool = true,
        /// Whether pushes of URLs are allowed; yes by default.
        urls: bool = true,
        /// Whether pushes of QR codes are allowed; yes by default.
        qr_codes: bool = true,
        /// Whether recipients can be told about a push at all (`notify_by_email.enabled`); yes by default.
        notifications: bool = true,
        /// Whether the delivery of mail fails; no by default.
        mail_fails: bool = false,
        /// Whether requests without TLS are redirected (`FORCE_SSL`), unless `X-Forwarded-Proto` is `https`; no by
        /// default.
        forced_tls: bool = false,
        /// Whether the instance is a public gateway, which has no API; no by default.
        gateway: bool = false,
        /// Whether users have not confirmed their addresses; no by default.
        unconfirmed: bool = false,
        /// Whether users need a second factor, which no user of the sandbox has; no by default.
        mfa: bool = false,
        /// How many pushes the first user has at the start, and how many requests in editions that have them; 0 by
        /// default. Every second request has a response.
        samples: usize = 0,
        ;
        base_url: Option<String> = None,
        allowed_hosts: Vec<String> = Vec::new(),
        user_language: Option<String> = None,
        default_locale: String = "en".to_owned(),
    }
}

impl PasswordPusherOptions {
    /// The start of links (`override_base_url`). By default, links start with the host of the request.
    pub fn links_begin_with(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = Some(base_url.into());
        self
    }

    /// Adds a host name that is served (`allowed_hosts`). Without any, all host names are served.
    pub fn allowed_host(mut self, host: impl Into<String>) -> Self {
        self.allowed_hosts.push(host.into());
        self
    }

    /// The language that users prefer, such as `fr`. By default, they prefer none.
    pub fn user_language(mut self, locale: impl Into<String>) -> Self {
        self.user_language = Some(locale.into());
        self
    }

    /// The language of requests that prefer none (`default_locale`); `en` by default.
    pub fn default_locale(mut self, locale: impl Into<String>) -> Self {
        self.default_locale = locale.into();
        self
    }
}

settings! {
    /// The settings of pushes, with the defaults of the server's `config/settings.yml`.
    ///
    /// ```
    /// use security_api_sandbox::{PasswordPusherOptions, PasswordPusherSettings};
    ///
    /// let strict = PasswordPusherSettings::default()
    ///     .days(1, 30, 10)
    ///     .views(1, 20, 8)
    ///     .retrieval_step(false);
    /// let options = PasswordPusherOptions::default().settings(strict);
    /// # let _ = options;
    /// ```
    pub struct PasswordPusherSettings {
        /// Whether there are retrieval steps (`enable_retrieval_step`); yes by default.
        retrieval_step: bool = true,
        /// Whether a push that does not choose has a retrieval step; yes by default.
        retrieval_step_default: bool = true,
        /// Whether viewers can ever delete a push (`enable_deletable_pushes`); yes by default.
        deletable: bool = true,
        /// Whether viewers can delete a push that does not choose; yes by default.
        deletable_default: bool = true,
        /// The most files of a push of files (`max_file_uploads`); 10 by default.
        max_files: usize = 10,
        ;
        /// The least, the most and the default.
        days: (i64, i64, i64) = (1, 90, 7),
        views: (i64, i64, i64) = (1, 100, 5),
    }
}

impl PasswordPusherSettings {
    /// The least and the most days of a push, and the days of a push that asks for others; 1, 90 and 7 by default.
    pub fn days(mut self, least: i64, most: i64, default: i64) -> Self {
        self.days = (least, most, default);
        self
    }

    /// The least and the most views of a push, and the views of a push that asks for others; 1, 100 and 5 by default.
    pub fn views(mut self, least: i64, most: i64, default: i64) -> Self {
        self.views = (least, most, default);
        self
    }
}
