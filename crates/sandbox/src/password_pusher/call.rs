//! A request that is being performed.
//!
//! Source: the server's source: `app/controllers/api/base_controller.rb` for tokens and the order of checks,
//! `app/controllers/concerns` for pages and the rest. Accounts are in the documentation of the commercial product and
//! in public clients.

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, AUTHORIZATION, HOST, REFERER, USER_AGENT};
use http::request::Parts;
use jiff::Timestamp;

use super::edition::Profile;
use super::params::{self, Params};
use super::records::{Account, UserId, Visitor};
use super::response::Refusal;
use super::ruby;
use super::state::State;
use crate::common::service::{Peer, header};

/// The languages of links and mail (`language_codes` in `config/settings.yml`; `cy` and `ga` measured on 2.11.4).
const LOCALES: &[&str] = &[
    "ca", "cs", "cy", "da", "de", "en", "en-GB", "es", "eu", "fi", "fr", "ga", "hi", "hu", "id",
    "is", "it", "ja", "ko", "lv", "nl", "no", "pl", "pt-BR", "pt-PT", "ro", "ru", "sk", "sr", "sv",
    "th", "uk", "ur", "zh-CN",
];

pub(crate) fn is_locale(text: &str) -> bool {
    LOCALES.contains(&text)
}

const PER_PAGE: usize = 50;
const LAST_PAGE: i64 = 200;

/// The callers of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Callers with any token or none.
    Anybody,
    /// Callers with a valid token or none.
    Open,
    /// The same, and each call with a passphrase is a guess at it.
    Guess,
    /// Callers with a valid token.
    Token,
}

pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) profile: Profile,
    pub(crate) params: Params,
    pub(crate) now: Timestamp,
    pub(crate) visitor: Visitor,
    /// The service's scheme and host, as the caller named them.
    pub(crate) origin: String,
}

/// Whether the caller wants errors in JSON.
pub(crate) fn wants_json(parts: &Parts) -> bool {
    header(&parts.headers, ACCEPT).contains("json") || parts.uri.path().ends_with(".json")
}

/// Whether a proxy in front of the service received the request by TLS.
pub(crate) fn by_tls(headers: &HeaderMap) -> bool {
    header(headers, "x-forwarded-proto") == "https"
}

/// The token of a request, valid or not.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    headers.contains_key(AUTHORIZATION).then(|| {
        let mut words = header(headers, AUTHORIZATION).split_whitespace();
        words.next_back().unwrap_or_default()
    })
}

impl<'a> Call<'a> {
    /// Reads the parts of a request that do not depend on the operation.
    pub(crate) fn new(state: &'a State, parts: &Parts, body: &Bytes) -> Result<Self, Refusal> {
        if parts.headers.contains_key("x-user-token") {
            return Err(Refusal::NotPlayed("tokens in X-User-Token".into()));
        }
        let params = params::read(parts, body)?;
        let host = match header(&parts.headers, HOST) {
            "" => state.address.to_string(),
            host => host.to_owned(),
        };
        let tls = by_tls(&parts.headers);
        let scheme = if tls { "https" } else { "http" };
        let cut = |text: &str| text.chars().take(255).collect();
        Ok(Self {
            state,
            profile: state.profile(),
            params,
            now: state.now(),
            visitor: Visitor {
                user: None,
                ip: (parts.extensions.get::<Peer>())
                    .map_or_else(|| "127.0.0.1".to_owned(), |peer| peer.0.to_string()),
                user_agent: cut(header(&parts.headers, USER_AGENT)),
                referrer: cut(header(&parts.headers, REFERER)),
            },
            origin: format!("{scheme}://{host}"),
        })
    }

    /// Finds the user of the request, or refuses the request.
    pub(crate) fn authenticate(
        &mut self,
        headers: &HeaderMap,
        access: Access,
    ) -> Result<(), Refusal> {
        let token = token(headers);
        let user = token
            .filter(|_| self.profile.has_users)
            .and_then(|token| self.state.user(token));
        let refused = match token {
            Some(_) => user.is_none(),
            None => access == Access::Token || !self.state.options.anonymous,
        };
        if refused && access != Access::Anybody {
            return Err(Refusal::Unauthorized);
        }
        if !self.profile.has_users {
            // Rails keeps the language of a request in its URLs (`app/controllers/concerns/set_locale.rb`).
            let locale = self.locale_query("locale");
            let url = format!("{}/first_run{locale}", self.origin);
            return Err(Refusal::FirstRun(url));
        }
        if user.is_some() && self.state.options.unconfirmed {
            return Err(Refusal::Unconfirmed);
        }
        if user.is_some() && self.state.options.mfa {
            return Err(Refusal::NO_SECOND_FACTOR);
        }
        self.visitor.user = user;
        Ok(())
    }

    /// Whether the caller has a token and is this owner.
    pub(crate) fn owns(&self, owner: Option<UserId>) -> bool {
        owner.is_some() && owner == self.visitor.user
    }

    /// A link for people.
    pub(crate) fn link(&self, path: &str, retrieval_step: bool) -> String {
        let step = if retrieval_step { "/r" } else { "" };
        let locale = self.locale_query("push_locale");
        let base = self.state.options.base_url.as_deref();
        format!("{}{path}{step}{locale}", base.unwrap_or(&self.origin))
    }

    /// The query of a URL that keeps the language in this parameter.
    fn locale_query(&self, parameter: &str) -> String {
        let locale = self.params.text(parameter);
        let locale = locale.filter(|locale| is_locale(locale));
        locale.map_or_else(String::new, |locale| format!("?locale={locale}"))
    }

    /// The requested page of a list. What the list of another's account is, is not known.
    pub(crate) fn page<T>(&self, list: impl Iterator<Item = T>) -> Result<Vec<T>, Refusal> {
        self.account()?;
        let page = ruby::integer(self.params.text("page").unwrap_or("1"));
        let page = page.filter(|page| *page <= LAST_PAGE);
        let before = page.ok_or(Refusal::PAGE)?.max(1) - 1;
        let before = usize::try_from(before).unwrap_or_default() * PER_PAGE;
        Ok(list.skip(before).take(PER_PAGE).collect())
    }

    /// Whether the request has this passphrase, if there is one.
    pub(crate) fn knows(&self, passphrase: &str) -> bool {
        passphrase.trim().is_empty() || self.params.text("passphrase") == Some(passphrase)
    }

    /// The account of a new record: the requested one, or the user's first.
    pub(crate) fn account(&self) -> Result<Option<u64>, Refusal> {
        let mut ids = self.accounts().iter().map(|account| account.id);
        let Some(wanted) = self.wanted_account() else {
            return Ok(ids.next());
        };
        let none = || Refusal::NotPlayed("accounts that the user does not have".into());
        let found = ids.find(|id| id.to_string() == wanted);
        found.map(Some).ok_or_else(none)
    }

    fn wanted_account(&self) -> Option<&str> {
        let wanted = self.params.text("account_id");
        wanted.filter(|_| self.profile.is_commercial)
    }

    /// Whether the requested list has records of this account.
    pub(crate) fn lists_account(&self, account: Option<u64>) -> bool {
        let wanted = self.wanted_account();
        wanted.is_none_or(|wanted| account.is_some_and(|id| id.to_string() == wanted))
    }

    /// The caller's accounts. Only the commercial product has them.
    pub(crate) fn accounts(&self) -> &[Account] {
        let user = self.visitor.user.filter(|_| self.profile.is_commercial);
        user.map_or(&[], |user| &self.state.users[user].accounts)
    }
}
