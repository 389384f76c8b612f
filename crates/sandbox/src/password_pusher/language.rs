//! The language of messages. The real server has many. One besides English is enough to show that clients must not
//! depend on messages.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use http::header::ACCEPT_LANGUAGE;
use http::request::Parts;

use crate::common::query;
use crate::common::service::header;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    French,
}

impl Language {
    /// The language of a response: the one in the query, else the user's, else the first known one in
    /// `Accept-Language`, else the instance's (`app/controllers/concerns/set_locale.rb`).
    pub(crate) fn of(parts: &Parts, user: Option<&str>, default: &str) -> Self {
        let query = query::pairs(parts.uri.query().unwrap_or_default());
        let named = query.iter().find(|(name, _)| name == "locale");
        let named = named.map(|(_, locale)| locale.as_str());
        let accepted = header(&parts.headers, ACCEPT_LANGUAGE).split(',');
        let accepted = accepted.filter_map(|range| Some(range.split(';').next()?.trim()));
        let mut locales = named.into_iter().chain(user).chain(accepted);
        let known = locales.find_map(Self::named);
        known.unwrap_or_else(|| Self::default(default))
    }

    /// The instance's language.
    pub(crate) fn default(locale: &str) -> Self {
        Self::named(locale).unwrap_or(Self::English)
    }

    fn named(tag: &str) -> Option<Self> {
        let language = tag.split('-').next().unwrap_or_default();
        match language.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "fr" => Some(Self::French),
            _ => None,
        }
    }

    /// A message in this language, if there is a translation.
    pub(crate) fn say(self, english: Cow<'static, str>) -> Cow<'static, str> {
        match (self, FRENCH.get(&*english)) {
            (Self::French, Some(french)) => Cow::Borrowed(french),
            _ => english,
        }
    }
}

/// French messages by the English ones.
static FRENCH: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("french.json")).expect("french.json keeps to its form")
});
