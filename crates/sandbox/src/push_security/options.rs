//! What the seeded organisation holds.

/// How large the seeded organisation of [`PushSecurity`](crate::PushSecurity)
/// is, and how the service behaves where the real one is not known.
///
/// Records that belong to others need those others: without employees there
/// are no browsers, accounts, findings or detections, without browsers no
/// browser extensions, without apps no accounts at them.
///
/// ```
/// use security_api_sandbox::PushSecurityOptions;
///
/// let small = PushSecurityOptions::default().employees(20).browsers(50).accounts(60);
/// # let _ = small;
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PushSecurityOptions {
    pub(crate) employees: usize,
    pub(crate) browsers: usize,
    pub(crate) accounts: usize,
    pub(crate) apps: usize,
    pub(crate) apps_other: usize,
    pub(crate) accounts_other: usize,
    pub(crate) browser_extensions: usize,
    pub(crate) findings: usize,
    pub(crate) detections: usize,
    pub(crate) retry_after: bool,
}

impl Default for PushSecurityOptions {
    fn default() -> Self {
        Self {
            employees: 2_000,
            browsers: 5_000,
            accounts: 6_000,
            apps: 120,
            apps_other: 300,
            accounts_other: 800,
            browser_extensions: 4_000,
            findings: 3_000,
            detections: 400,
            retry_after: false,
        }
    }
}

macro_rules! sizes {
    ($($name:ident: $what:literal, $default:literal;)+) => {
        impl PushSecurityOptions {
            $(
                #[doc = concat!("How many ", $what, " there are; ", $default, " by default.")]
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
    employees: "employees", "2,000";
    browsers: "browsers", "5,000";
    accounts: "accounts at apps", "6,000";
    apps: "apps", "120";
    apps_other: "other apps, those the service does not know by name,", "300";
    accounts_other: "accounts at other apps", "800";
    browser_extensions: "browser extensions", "4,000";
    findings: "findings", "3,000";
    detections: "detections", "400";
}

impl PushSecurityOptions {
    /// Whether a 429 says in a `Retry-After` header how many seconds to wait.
    /// It does not by default: the real service does not document one.
    #[must_use]
    pub fn retry_after(mut self, sent: bool) -> Self {
        self.retry_after = sent;
        self
    }
}
