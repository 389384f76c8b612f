//! The products and versions with an API v2, as data.
//!
//! Source: the server's source at those versions; for the commercial product, its documentation and public clients.

/// The product and the version that the imitation of [Password Pusher](crate::PasswordPusher) plays. An edition can be
/// parsed from its name.
///
/// ```
/// use security_api_sandbox::PasswordPusherEdition;
///
/// assert_eq!(PasswordPusherEdition::default(), PasswordPusherEdition::OpenSource);
/// assert_eq!("hosted".parse(), Ok(PasswordPusherEdition::Hosted));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PasswordPusherEdition {
    /// The open-source server, 2.11.
    #[default]
    OpenSource,
    /// The open-source server, 2.4: API 2.0, which does not list its features, calls the entries of an audit `views`
    /// and has no e-mail notification.
    OpenSource24,
    /// The commercial product: steps of time instead of days, accounts, and requests for secrets.
    Hosted,
    /// The commercial product at an address that it has moved from: all requests are redirected to another host with
    /// 301.
    HostedMoved,
    /// A server that is older than API v2: all paths are unknown.
    V1Only,
    /// The open-source server, 2.11, before its first user was created.
    Fresh,
}

/// The host that an edition which has moved redirects to: another name of this machine.
pub(crate) const NEW_HOST: &str = "localhost";

/// The differences between editions.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) application_version: &'static str,
    /// Nothing without an API v2.
    pub(crate) api_version: Option<&'static str>,
    pub(crate) edition: &'static str,
    pub(crate) has_users: bool,
    pub(crate) tells_features: bool,
    /// The member that holds the entries of an audit.
    pub(crate) audit_member: &'static str,
    /// Steps of time, accounts and requests.
    pub(crate) is_commercial: bool,
    /// Requests are redirected to another host.
    pub(crate) has_moved: bool,
    pub(crate) notifies_by_email: bool,
    pub(crate) limits_passphrases: bool,
    /// URL pushes have to be `http` or `https`.
    pub(crate) checks_url_scheme: bool,
    /// Callers without a token are owners of pushes that were created without one.
    pub(crate) anonymous_owns_anonymous: bool,
    /// The most entries of an audit, if there is a limit.
    pub(crate) largest_audit: Option<usize>,
}

const CURRENT: Profile = Profile {
    name: "open-source",
    application_version: "2.11.4",
    api_version: Some("2.1"),
    edition: "oss",
    has_users: true,
    tells_features: true,
    audit_member: "logs",
    is_commercial: false,
    has_moved: false,
    notifies_by_email: true,
    limits_passphrases: true,
    checks_url_scheme: true,
    anonymous_owns_anonymous: false,
    largest_audit: Some(2000),
};

const OLDER: Profile = Profile {
    name: "open-source-2.4",
    application_version: "2.4.2",
    api_version: Some("2.0"),
    tells_features: false,
    audit_member: "views",
    notifies_by_email: false,
    limits_passphrases: false,
    checks_url_scheme: false,
    anonymous_owns_anonymous: true,
    largest_audit: None,
    ..CURRENT
};

const HOSTED: Profile = Profile {
    name: "hosted",
    edition: "commercial",
    is_commercial: true,
    ..CURRENT
};

const HOSTED_MOVED: Profile = Profile {
    name: "hosted-moved",
    has_moved: true,
    ..HOSTED
};

const V1_ONLY: Profile = Profile {
    name: "v1-only",
    application_version: "1.68.6",
    api_version: None,
    ..OLDER
};

const FRESH: Profile = Profile {
    name: "fresh",
    has_users: false,
    ..CURRENT
};

impl PasswordPusherEdition {
    const ALL: [Self; 6] = [
        Self::OpenSource,
        Self::OpenSource24,
        Self::Hosted,
        Self::HostedMoved,
        Self::V1Only,
        Self::Fresh,
    ];

    pub(crate) fn profile(self) -> &'static Profile {
        match self {
            Self::OpenSource => &CURRENT,
            Self::OpenSource24 => &OLDER,
            Self::Hosted => &HOSTED,
            Self::HostedMoved => &HOSTED_MOVED,
            Self::V1Only => &V1_ONLY,
            Self::Fresh => &FRESH,
        }
    }
}

impl std::str::FromStr for PasswordPusherEdition {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let mut all = Self::ALL.into_iter();
        let found = all.find(|edition| edition.profile().name == name);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|edition| edition.profile().name);
            format!("{name} is not an edition; there are {}", names.join(", "))
        })
    }
}

/// The meanings of `expire_after_duration` by its numbers, in minutes.
const STEPS: [i64; 18] = [
    15, 30, 45, 60, 360, 720, 1440, 2880, 4320, 5760, 7200, 8640, 10080, 20160, 30240, 43200,
    86400, 129600,
];

const DAY: i64 = 86_400;

/// One of the steps of time that the commercial product offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Step(usize);

impl Step {
    /// A week.
    pub(crate) const DEFAULT: Self = Self(12);

    pub(crate) fn new(number: i64) -> Option<Self> {
        let number = usize::try_from(number).ok()?;
        (number < STEPS.len()).then_some(Self(number))
    }

    /// The shortest step of at least so many days.
    pub(crate) fn of_days(days: i64) -> Self {
        let mut steps = STEPS.iter();
        let found = steps.position(|step| step * 60 >= days.saturating_mul(DAY));
        found.map_or(Self(STEPS.len() - 1), Self)
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }

    pub(crate) fn seconds(self) -> i64 {
        STEPS[self.0] * 60
    }

    /// The length in days, from one day on.
    pub(crate) fn days(self) -> Option<i64> {
        (self.seconds() >= DAY).then_some(self.seconds() / DAY)
    }
}
