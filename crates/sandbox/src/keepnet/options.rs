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

macro_rules! sizes {
    ($($name:ident: $what:literal;)+) => {
        impl KeepnetOptions {
            $(
                #[doc = $what]
                #[must_use]
                pub fn $name(mut self, count: usize) -> Self {
                    self.$name = count;
                    self
                }
            )+
        }
    };
}

sizes! {
    companies: "How many companies the reseller looks after, its own not counted; 3 by default.";
    target_users: "How many target users each company has; 200 by default.";
    notified_emails: "How many e-mails were reported in each company; 40 by default.";
    audit_records: "How many records the audit log of each company starts with; 100 by default.";
}

impl KeepnetOptions {
    /// Whether responses have times in the format that the settings of a system user name, such as `01/04/2026 09:00`,
    /// in place of ISO 8601. They do not by default; the real service has been seen to do either.
    #[must_use]
    pub fn display_dates(mut self, shown: bool) -> Self {
        self.display_dates = shown;
        self
    }
}
