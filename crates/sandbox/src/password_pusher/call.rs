//! One request, with all that is known of it before it is carried out.
//!
//! Source: the server's source: `app/controllers/api/base_controller.rb` for tokens and
//! their order, `app/controllers/concerns` for pages and the rest. The accounts are in
//! the documentation of the commercial product and in public clients.

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, HOST, REFERER, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

use super::edition::Profile;
use super::model::{UserId, Visitor};
use super::params::{self, Model, Param, Params};
use super::response::Refusal;
use super::state::State;
use crate::core::service::Peer;

const USER_EMAIL: &str = "x-user-email";
pub(crate) const USER_TOKEN: &str = "x-user-token";

/// The languages of links and mail (`language_codes` in
/// `config/settings.yml`; `cy` and `ga` measured on 2.11.4).
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

/// What the attributes of a push are called; a flat JSON body may hold them
/// (`db/schema.rb` and the encrypted ones of `app/models/push.rb`; what mail
/// is to say is no attribute).
const PUSH: Model = Model {
    name: "push",
    attributes: &[
        "id",
        "url_token",
        "user_id",
        "expired",
        "expired_on",
        "created_at",
        "updated_at",
        "kind",
        "name",
        "note",
        "payload",
        "passphrase",
        "expire_after_days",
        "expire_after_views",
        "expire_after_duration",
        "deletable_by_viewer",
        "retrieval_step",
    ],
};

pub(crate) struct Call<'a> {
    pub(crate) state: &'a State,
    pub(crate) profile: &'static Profile,
    pub(crate) params: Params,
    pub(crate) now: Timestamp,
    pub(crate) visitor: Visitor,
    /// The service's own scheme and host, as the caller named it.
    pub(crate) origin: String,
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    let value = headers.get(name).map(|value| value.to_str());
    value.and_then(Result::ok).unwrap_or_default()
}

/// What Ruby's `Integer()` makes of a text: prefixes give another base, a 0
/// alone that of 8, and single underscores stand between digits.
fn ruby_integer(text: &str) -> Option<i64> {
    let text = text.trim();
    let (sign, rest) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (if text.starts_with('-') { -1 } else { 1 }, rest),
        None => (1, text),
    };
    let rest = rest.to_ascii_lowercase();
    let prefixes = [("0x", 16), ("0b", 2), ("0o", 8), ("0d", 10), ("0", 8)];
    let (digits, base) = prefixes
        .iter()
        .find_map(|(prefix, base)| Some((rest.strip_prefix(prefix)?, *base)))
        .filter(|(digits, _)| !digits.is_empty())
        .unwrap_or((&rest, 10));
    // An underscore may follow the 0 of octal numbers.
    let digits = if base == 8 {
        digits.strip_prefix('_').unwrap_or(digits)
    } else {
        digits
    };
    let is_proper = digits
        .split('_')
        .all(|part| !part.is_empty() && part.chars().all(|char| char.is_digit(base)));
    let plain = digits.replace('_', "");
    // What is larger is as good as the largest.
    let value = i64::from_str_radix(&plain, base).unwrap_or(i64::MAX);
    is_proper.then_some(sign * value)
}

/// Whether errors are to be told in JSON.
pub(crate) fn wants_json(parts: &Parts) -> bool {
    text(&parts.headers, ACCEPT.as_str()).contains("json") || parts.uri.path().ends_with(".json")
}

/// Whether a proxy before the instance took the request by TLS.
pub(crate) fn by_tls(headers: &HeaderMap) -> bool {
    text(headers, "x-forwarded-proto") == "https"
}

/// The token of a request, if it has any, valid or not.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    if headers.contains_key(USER_EMAIL) && headers.contains_key(USER_TOKEN) {
        return Some(text(headers, USER_TOKEN));
    }
    if headers.contains_key(AUTHORIZATION) {
        let header = text(headers, AUTHORIZATION.as_str());
        return Some(header.split_whitespace().next_back().unwrap_or_default());
    }
    // Without its e-mail address the header is noticed, but not read.
    headers.contains_key(USER_TOKEN).then_some("")
}

impl<'a> Call<'a> {
    /// Reads a request as far as no operation matters.
    pub(crate) fn new(state: &'a State, parts: &Parts, body: &Bytes) -> Result<Self, Refusal> {
        let params = params::read(parts, body, &PUSH)
            .map_err(|_| Refusal::Status(StatusCode::BAD_REQUEST))?;
        let host = match text(&parts.headers, HOST.as_str()) {
            "" => state.address.to_string(),
            host => host.to_owned(),
        };
        let cut = |text: &str| text.chars().take(255).collect();
        Ok(Self {
            state,
            profile: state.profile(),
            params,
            now: state.now(),
            visitor: Visitor {
                user: None,
                is_admin: false,
                ip: (parts.extensions.get::<Peer>())
                    .map_or_else(|| "127.0.0.1".to_owned(), |peer| peer.0.to_string()),
                user_agent: cut(text(&parts.headers, USER_AGENT.as_str())),
                referrer: cut(text(&parts.headers, REFERER.as_str())),
            },
            origin: match by_tls(&parts.headers) {
                true => format!("https://{host}"),
                false => format!("http://{host}"),
            },
        })
    }

    /// Finds out who is asking, and refuses those who may ask for nothing.
    pub(crate) fn authenticate(
        &mut self,
        headers: &HeaderMap,
        needs_token: bool,
        is_version: bool,
    ) -> Result<(), Refusal> {
        let token = token(headers);
        let user = token
            .filter(|_| self.profile.has_users)
            .and_then(|token| self.state.user(token));
        let refused = match token {
            Some(_) => user.is_none(),
            None => needs_token || !self.state.options.anonymous,
        };
        if refused && !is_version {
            return Err(Refusal::Unauthorized);
        }
        if !self.profile.has_users {
            return Err(Refusal::FirstRun(format!("{}/first_run", self.origin)));
        }
        if user.is_some() && self.state.options.unconfirmed {
            return Err(Refusal::Unconfirmed);
        }
        if user.is_some() && self.state.options.mfa {
            return Err(Refusal::NoSecondFactor);
        }
        self.visitor.user = user;
        self.visitor.is_admin = user.is_some_and(|user| self.state.users[user].is_admin);
        Ok(())
    }

    /// Whether the caller has a token and made this.
    pub(crate) fn owns(&self, owner: Option<UserId>) -> bool {
        owner.is_some() && owner == self.visitor.user
    }

    /// A link to something, as people are given it.
    pub(crate) fn link(&self, path: &str, retrieval_step: bool) -> String {
        let step = if retrieval_step { "/r" } else { "" };
        let locale = self.params.text("push_locale");
        let locale = locale.filter(|locale| is_locale(locale));
        let locale = locale.map_or_else(String::new, |locale| format!("?locale={locale}"));
        let base = self.state.options.base_url.as_deref();
        format!("{}{path}{step}{locale}", base.unwrap_or(&self.origin))
    }

    /// The part of a list that was asked for.
    pub(crate) fn page<T>(&self, list: impl Iterator<Item = T>) -> Result<Vec<T>, Refusal> {
        let page = match self.params.get("page") {
            None | Some(Param::Null) => 1,
            Some(page) => page
                .text()
                .and_then(|page| ruby_integer(&page))
                .filter(|page| *page <= LAST_PAGE)
                .ok_or(Refusal::Page)?,
        };
        let before = usize::try_from(page.max(1) - 1).unwrap_or_default() * PER_PAGE;
        Ok(list.skip(before).take(PER_PAGE).collect())
    }

    /// Whether the passphrase of this request is the right one.
    pub(crate) fn knows(&self, passphrase: &str) -> bool {
        passphrase.trim().is_empty()
            || self.params.text("passphrase").as_deref() == Some(passphrase)
    }

    /// The account something is to be kept in: the one that was asked for, or
    /// the user's first.
    pub(crate) fn account(&self) -> Result<Option<u64>, Refusal> {
        let Some(user) = self.visitor.user.filter(|_| self.profile.is_commercial) else {
            return Ok(None);
        };
        let accounts = &self.state.users[user].accounts;
        match self.wanted_account() {
            None => Ok(accounts.first().map(|account| account.id)),
            Some(wanted) => {
                let found = accounts
                    .iter()
                    .find(|account| account.id.to_string() == wanted);
                found
                    .map(|account| Some(account.id))
                    .ok_or(Refusal::NotFound)
            }
        }
    }

    /// The account that was asked for.
    pub(crate) fn wanted_account(&self) -> Option<String> {
        let named = ["account_id", "workspace_id"]
            .iter()
            .find_map(|name| self.params.text(name));
        named.filter(|id| !id.is_empty())
    }

    /// Whether a list that was asked for holds what is kept in this account.
    pub(crate) fn lists_account(&self, account: Option<u64>) -> bool {
        let wanted = self.wanted_account().filter(|_| self.profile.is_commercial);
        wanted.is_none_or(|wanted| account.is_some_and(|id| id.to_string() == wanted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_ruby_takes_for_a_number() {
        for (text, number) in [
            ("8", Some(8)),
            (" 8\n", Some(8)),
            ("-1", Some(-1)),
            ("+2", Some(2)),
            ("0", Some(0)),
            ("-99999999999999999999", Some(-i64::MAX)),
            ("0x1", Some(1)),
            ("1_0", Some(10)),
            ("010", Some(8)),
            ("0b11", Some(3)),
            ("08", None),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("0x", None),
            ("1.0", None),
            ("", None),
            ("two", None),
        ] {
            assert_eq!(ruby_integer(text), number, "{text:?}");
        }
    }
}
