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
#[derive(Clone, Copy, Debug)]
pub(crate) struct Profile {
    pub(crate) name: &'static str,
    pub(crate) version: [u8; 3],
    /// Steps of time, accounts and requests.
    pub(crate) is_commercial: bool,
    /// Requests are redirected to another host.
    pub(crate) has_moved: bool,
    pub(crate) has_users: bool,
}

impl Profile {
    /// Whether the server has what came with this version of the open-source one.
    pub(crate) fn since(&self, version: [u8; 3]) -> bool {
        self.version >= version
    }

    /// Nothing without an API v2.
    pub(crate) fn api_version(&self) -> Option<&'static str> {
        let version = if self.since([2, 5, 4]) { "2.1" } else { "2.0" };
        self.since([2, 3, 0]).then_some(version)
    }
}

const CURRENT: [u8; 3] = [2, 11, 4];

impl PasswordPusherEdition {
    const ALL: [Self; 6] = [
        Self::OpenSource,
        Self::OpenSource24,
        Self::Hosted,
        Self::HostedMoved,
        Self::V1Only,
        Self::Fresh,
    ];

    pub(crate) fn profile(self) -> Profile {
        let (name, version, is_commercial, has_moved, has_users) = match self {
            Self::OpenSource => ("open-source", CURRENT, false, false, true),
            Self::OpenSource24 => ("open-source-2.4", [2, 4, 2], false, false, true),
            Self::Hosted => ("hosted", CURRENT, true, false, true),
            Self::HostedMoved => ("hosted-moved", CURRENT, true, true, true),
            Self::V1Only => ("v1-only", [1, 68, 6], false, false, true),
            Self::Fresh => ("fresh", CURRENT, false, false, false),
        };
        Profile {
            name,
            version,
            is_commercial,
            has_moved,
            has_users,
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

    /// The step of so many days.
    pub(crate) fn of_days(days: i64) -> Option<Self> {
        let mut all = (0..STEPS.len()).map(Self);
        all.find(|step| step.days() == Some(days))
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
