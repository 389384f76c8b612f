//! The settings of the imitation of Keepnet.

use crate::common::options::settings;

settings! {
    /// How large the companies of [`Keepnet`](crate::Keepnet) are at the start, and how the service behaves.
    ///
    /// ```
    /// use security_api_sandbox::KeepnetOptions;
    ///
    /// let small = KeepnetOptions::default()
    ///     .companies(2)
    ///     .target_users(20);
    /// # let _ = small;
    /// ```
    pub struct KeepnetOptions {
        /// How many companies the reseller looks after, in addition to its own; 3 by default.
        companies: usize = 3,
        /// How many target users each company has; 200 by default.
        target_users: usize = 200,
        /// How many e-mails were reported in each company; 40 by default.
        notified_emails: usize = 40,
        /// How many records the audit log of each company starts with; 100 by default.
        audit_records: usize = 100,
        /// Whether responses have times in the format that the settings of a system user name, such as
        /// `01/04/2026 09:00`, in place of ISO 8601. They do not by default. The real service has been seen to do
        /// either.
        display_dates: bool = false,
    }
}
