//! The products and versions that call their API "v2", as data.
//!
//! Source: the server's source at those versions; for the commercial product, its documentation and public clients.

/// Which product and version of it the imitation of
/// [Password Pusher](crate::PasswordPusher) is.
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
    /// The open-source server, 2.4: API 2.0, which tells no features, calls the entries of an audit `views` and has no
    /// e-mail notification.
    OpenSource24,
    /// The commercial product: steps of time instead of days, accounts, and requests for secrets.
    Hosted,
    /// The commercial product at an address that it has moved from: everything is sent on, with 301, to another host.
    HostedMoved,
    /// A server from before API v2: all its paths are unknown.
    V1Only,
    /// The open-source server, 2.11, before its first user was made.
    Fresh,
}

/// What an edition does differently.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) application_version: &'static str,
    /// Nothing where there is no API v2.
    pub(crate) api_version: Option<&'static str>,
    pub(crate) edition: &'static str,
    pub(crate) has_users: bool,
    pub(crate) tells_features: bool,
    /// The member that holds the entries of an audit.
    pub(crate) audit_member: &'static str,
    /// Steps of time, accounts and requests.
    pub(crate) is_commercial: bool,
    /// Callers are to go to another host.
    pub(crate) has_moved: bool,
    pub(crate) notifies_by_email: bool,
    pub(crate) limits_passphrases: bool,
    /// URL pushes have to be `http` or `https`.
    pub(crate) checks_url_scheme: bool,
    /// Anybody without a token counts as owner of pushes without one.
    pub(crate) anonymous_owns_anonymous: bool,
    /// How many entries an audit takes, where that is limited.
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
    /// Every edition there is.
    ///
    /// ```
    /// use security_api_sandbox::PasswordPusherEdition;
    ///
    /// assert!(PasswordPusherEdition::ALL.contains(&PasswordPusherEdition::Hosted));
    /// ```
    pub const ALL: &'static [Self] = &[
        Self::OpenSource,
        Self::OpenSource24,
        Self::Hosted,
        Self::HostedMoved,
        Self::V1Only,
        Self::Fresh,
    ];

    /// Its name, as the binary takes it and as it parses from.
    ///
    /// ```
    /// use security_api_sandbox::PasswordPusherEdition;
    ///
    /// assert_eq!(PasswordPusherEdition::OpenSource24.name(), "open-source-2.4");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        self.profile().name
    }

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
        let mut all = Self::ALL.iter().copied();
        all.find(|edition| edition.name() == name).ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|edition| edition.name()).collect();
            format!("{name} is not an edition; there are {}", names.join(", "))
        })
    }
}

const MINUTE: i64 = 60;
const DAY: i64 = 86_400;

/// What the numbers of `expire_after_duration` stand for, in seconds.
const STEPS: [i64; 18] = [
    15 * MINUTE,
    30 * MINUTE,
    45 * MINUTE,
    60 * MINUTE,
    6 * 60 * MINUTE,
    12 * 60 * MINUTE,
    DAY,
    2 * DAY,
    3 * DAY,
    4 * DAY,
    5 * DAY,
    6 * DAY,
    7 * DAY,
    14 * DAY,
    21 * DAY,
    30 * DAY,
    60 * DAY,
    90 * DAY,
];

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

    /// The shortest step that is as long as so many days.
    pub(crate) fn of_days(days: i64) -> Self {
        let found = STEPS
            .iter()
            .position(|step| *step >= days.saturating_mul(DAY));
        found.map_or(Self(STEPS.len() - 1), Self)
    }

    pub(crate) fn number(self) -> usize {
        self.0
    }

    pub(crate) fn seconds(self) -> i64 {
        STEPS[self.0]
    }

    /// Its length, where that is whole days.
    pub(crate) fn days(self) -> Option<i64> {
        (self.seconds() >= DAY).then_some(self.seconds() / DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_parses_from_its_name_and_no_other() {
        for edition in PasswordPusherEdition::ALL {
            assert_eq!(edition.name().parse(), Ok(*edition));
        }
        let error = "oss".parse::<PasswordPusherEdition>().expect_err("no name");
        assert!(error.contains("open-source-2.4"), "{error}");
    }
}
