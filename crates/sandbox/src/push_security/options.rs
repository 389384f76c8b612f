//! What the seeded organisation holds.

use super::model::Collection;

/// How large the seeded organisation of [`PushSecurity`](crate::PushSecurity) is, and how the service behaves where the
/// real one is not known.
///
/// Records that belong to others need those others: without employees there are no browsers, accounts, findings or
/// detections, without browsers no browser extensions, without apps no accounts at them.
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
    sizes: [usize; Collection::ALL.len()],
    pub(crate) retry_after: bool,
}

macro_rules! sizes {
    ($($name:ident $collection:ident: $what:literal, $default:literal;)+) => {
        impl Default for PushSecurityOptions {
            fn default() -> Self {
                let mut options = Self { sizes: Default::default(), retry_after: false };
                $(options = options.$name($default);)+
                options
            }
        }

        impl PushSecurityOptions {
            $(
                #[doc = concat!("How many ", $what, " there are; ", $default, " by default.")]
                #[must_use]
                pub fn $name(mut self, count: usize) -> Self {
                    *self.size_mut(Collection::$collection) = count;
                    self
                }
            )+
        }
    };
}

sizes! {
    employees Employees: "employees", 2_000;
    browsers Browsers: "browsers", 5_000;
    accounts Accounts: "accounts at apps", 6_000;
    apps Apps: "apps", 120;
    apps_other AppsOther: "other apps, those the service does not know by name,", 300;
    accounts_other AccountsOther: "accounts at other apps", 800;
    browser_extensions BrowserExtensions: "browser extensions", 4_000;
    findings Findings: "findings", 3_000;
    detections Detections: "detections", 400;
}

impl PushSecurityOptions {
    /// Whether a 429 says in a `Retry-After` header how many seconds to wait. It does not by default: the real service
    /// does not document one.
    #[must_use]
    pub fn retry_after(mut self, sent: bool) -> Self {
        self.retry_after = sent;
        self
    }

    pub(crate) fn size(&self, of: Collection) -> usize {
        self.sizes[of as usize]
    }

    pub(crate) fn size_mut(&mut self, of: Collection) -> &mut usize {
        &mut self.sizes[of as usize]
    }
}
