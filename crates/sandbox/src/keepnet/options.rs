//! What the imitation of Keepnet holds and how it behaves.

/// How large the seeded companies of [`Keepnet`](crate::Keepnet) are, and how the service behaves.
///
/// ```
/// use security_api_sandbox::KeepnetOptions;
///
/// let small = KeepnetOptions::default()
///     .companies(2)
///     .target_users(20);
/// # let _ = small;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeepnetOptions {
    pub(crate) companies: usize,
    pub(crate) target_users: usize,
    pub(crate) notified_emails: usize,
    pub(crate) audit_records: usize,
    pub(crate) display_dates: bool,
}

impl Default for KeepnetOptions {
    fn default() -> Self {
        Self {
            companies: 3,
            target_users: 200,
            notified_emails: 40,
            audit_records: 100,
            display_dates: false,
        }
    }
}

impl KeepnetOptions {
    /// How many companies the reseller looks after, its own not counted; 3 by default.
    #[must_use]
    pub fn companies(mut self, count: usize) -> Self {
        self.companies = count;
        self
    }

    /// How many target users each company has; 200 by default.
    #[must_use]
    pub fn target_users(mut self, count: usize) -> Self {
        self.target_users = count;
        self
    }

    /// How many e-mails were reported in each company; 40 by default.
    #[must_use]
    pub fn notified_emails(mut self, count: usize) -> Self {
        self.notified_emails = count;
        self
    }

    /// How many records the audit log of each company starts with; 100 by default.
    #[must_use]
    pub fn audit_records(mut self, count: usize) -> Self {
        self.audit_records = count;
        self
    }

    /// Whether responses have times in the format that the settings of a system user name, such as `01/04/2026 09:00`,
    /// in place of ISO 8601. They do not by default; the real service has been seen to do either.
    #[must_use]
    pub fn display_dates(mut self, shown: bool) -> Self {
        self.display_dates = shown;
        self
    }
}
