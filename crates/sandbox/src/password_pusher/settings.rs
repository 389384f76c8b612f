//! What an instance's operator sets for pushes.
//!
//! Source: `config/settings.yml`.

/// The settings of pushes, as in the server's `config/settings.yml`.
///
/// ```
/// use security_api_sandbox::{PasswordPusherOptions, PasswordPusherSettings};
///
/// let strict = PasswordPusherSettings::default()
///     .days(1, 30, 10)
///     .views(1, 20, 8)
///     .retrieval_step(false);
/// let options = PasswordPusherOptions::default().settings(&strict);
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PasswordPusherSettings {
    /// The least, the most and the default.
    pub(crate) days: (i64, i64, i64),
    pub(crate) views: (i64, i64, i64),
    pub(crate) retrieval_step: bool,
    pub(crate) retrieval_step_default: bool,
    pub(crate) deletable: bool,
    pub(crate) deletable_default: bool,
    pub(crate) max_files: usize,
}

impl Default for PasswordPusherSettings {
    /// Those of the stock `config/settings.yml`.
    fn default() -> Self {
        Self {
            days: (1, 90, 7),
            views: (1, 100, 5),
            retrieval_step: true,
            retrieval_step_default: true,
            deletable: true,
            deletable_default: true,
            max_files: 10,
        }
    }
}

impl PasswordPusherSettings {
    /// The least and the most days that a push may live, and the days that stand in place of others; 1, 90 and 7 by
    /// default.
    #[must_use]
    pub fn days(mut self, least: i64, most: i64, default: i64) -> Self {
        self.days = (least, most, default);
        self
    }

    /// The least and the most views that a push may have, and the views that stand in place of others; 1, 100 and 5 by
    /// default.
    #[must_use]
    pub fn views(mut self, least: i64, most: i64, default: i64) -> Self {
        self.views = (least, most, default);
        self
    }

    /// Whether there are retrieval steps (`enable_retrieval_step`); yes by default.
    #[must_use]
    pub fn retrieval_step(mut self, on: bool) -> Self {
        self.retrieval_step = on;
        self
    }

    /// Whether a push has a retrieval step unless it says otherwise; yes by default.
    #[must_use]
    pub fn retrieval_step_default(mut self, on: bool) -> Self {
        self.retrieval_step_default = on;
        self
    }

    /// Whether viewers can ever expire a push (`enable_deletable_pushes`); yes by default.
    #[must_use]
    pub fn deletable(mut self, on: bool) -> Self {
        self.deletable = on;
        self
    }

    /// Whether viewers can expire a push unless it says otherwise; yes by default.
    #[must_use]
    pub fn deletable_default(mut self, on: bool) -> Self {
        self.deletable_default = on;
        self
    }

    /// The most files of a push of files (`max_file_uploads`); 10 by default.
    #[must_use]
    pub fn max_files(mut self, count: usize) -> Self {
        self.max_files = count;
        self
    }
}
