//! Why the service refused a call.

use std::fmt;

use crate::files;

/// Why the service refused a call. For what the client itself did about a push that differs from what was asked, see
/// [`NotAsAsked`](crate::NotAsAsked).
///
/// It has what [`Error::status`](crate::Error::status) and the error's predicates do not tell. It is derived from the
/// status and the form of the response, and from texts only where they are in English or the same in all languages.
/// `Display` shows one line that says what to do.
///
/// ```no_run
/// # async fn example(pwpush: pwpush_api::Client, token: &str) -> Result<(), pwpush_api::Error> {
/// use pwpush_api::Reason;
///
/// match pwpush.pushes().show(token).passphrase("plain yellow umbrella").await {
///     Err(error) if Reason::of(&error) == Some(Reason::PassphraseRefused) => {
///         eprintln!("ask for the passphrase again; no view was used up");
///     }
///     other => drop(other?),
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The passphrase is missing or wrong. The service does not tell which. No view was used up.
    PassphraseRefused,
    /// A passphrase was sent for this push more than five times in a minute, by anyone, right or wrong. Only this push
    /// is locked, so no other call waits for it, and the call is not retried.
    PassphraseLocked,
    /// There is no such push or request, or it was created without a token and its record is erased.
    NotFound,
    /// This caller may not expire the push: only its owner may, unless it is deletable by its viewers.
    NotDeletable,
    /// The push or request belongs to somebody else, or to nobody.
    NotOwner,
    /// The instance does not know the token.
    TokenRefused,
    /// The token's user is refused: probably the address is not confirmed yet, or the user is locked.
    UserInactive,
    /// The call needs a token, or the instance allows no anonymous calls.
    TokenNeeded,
    /// Files can only be pushed with a token.
    TokenNeededForFiles,
    /// The instance demands two-factor authentication, and the token's user has not set it up. In another language than
    /// English, it has this reason only for `audit`, `notify`, `expire` and `close`, which ask for English.
    MfaRequired,
    /// The user sent mail about pushes more than five times in a minute. The call is not retried.
    NotifyLocked,
    /// The instance has no user yet: somebody must open it in a browser and create the first.
    FirstRun,
    /// The service is at another host.
    Moved {
        /// The other host.
        host: String,
    },
    /// The instance requires TLS and takes this request for a plain one, so it redirects to the same address.
    TlsForced,
    /// The instance does not have the operation: requests, accounts and workspaces belong to the commercial edition;
    /// mail about a push was added in 2.9.2 and can be switched off.
    NotInThisEdition,
    /// There is no API v2 at this address: the server is too old or something else, or it is a public gateway, which
    /// only displays pushes.
    NoApiV2,
    /// The link to a file has expired: it is valid for 5 minutes after the push was read.
    LinkExpired,
    /// The page is not a number, or above 200.
    InvalidPage,
}

security_api_transport::__reason!(Reason, pwpush_api, r#"Client::new("")"#, |error| {
    // The protocol does not read responses of other hosts, and files may be stored there.
    let refuses_link = files::refuses_link(error.operation()?, error.status()?);
    refuses_link.then_some(Reason::LinkExpired)
});

impl Reason {
    /// What the user can do.
    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::PassphraseRefused => {
                "the passphrase is missing or wrong, and no view was used up: give it with `passphrase`, at most 5 times \
                 a minute for one push"
            }
            Self::PassphraseLocked => {
                "the passphrase of this push was tried too often: it is locked for up to a minute, for everybody"
            }
            Self::NotFound => "there is none with this token, or its record is erased",
            Self::NotDeletable => {
                "only the owner can expire it: use the owner's token, or create pushes with `deletable_by_viewer`"
            }
            Self::NotOwner => {
                "it belongs to another user, or to nobody if it was made without a token"
            }
            Self::TokenRefused => {
                "the token is not known here: each host has tokens of its own, so check token and base URL"
            }
            Self::UserInactive => {
                "the token's user is refused: probably the address is not confirmed, or the user is locked, and they must \
                 sign in, in a browser"
            }
            Self::TlsForced => {
                "the instance takes the request for one without TLS and redirects to the same address: use its `https` \
                 base URL, or have its proxy send `X-Forwarded-Proto: https`"
            }
            Self::TokenNeeded => "this needs an API token: make the client with `Client::new`",
            Self::TokenNeededForFiles => {
                "files can only be pushed with an API token: make the client with `Client::new`"
            }
            Self::MfaRequired => {
                "the instance demands two-factor authentication: the token's user must set it up in a browser"
            }
            Self::NotifyLocked => "mail was sent too often: try again in a minute",
            Self::FirstRun => {
                "the instance has no user yet: open it in a browser and create the first, then its API works"
            }
            Self::NotInThisEdition => {
                "this instance does not have the operation: requests, accounts and workspaces are of the commercial \
                 edition; mail about a push came with 2.9.2 and can be switched off"
            }
            Self::NoApiV2 => {
                "there is no Password Pusher API v2 at this address: check the base URL (without `/api/v2`); servers \
                 before 2.3 only have v1, and a public gateway has no API"
            }
            Self::LinkExpired => {
                "links to files hold for 5 minutes: read the push again for a new one, which uses up another view unless \
                 you own it"
            }
            Self::InvalidPage => "a page is a number from 1 to 200",
            Self::Moved { .. } => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Moved { host } => write!(f, "the service is at {host}: make that the base URL"),
            other => f.write_str(other.hint().unwrap_or_default()),
        }
    }
}
