//! The language of messages. The real server speaks many; one besides English is enough to show that messages are
//! nothing to go by.

use std::borrow::Cow;

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
    /// The one that was asked for in the query, else the user's, else what the caller's program likes best of those
    /// there are, else the instance's (`app/controllers/concerns/set_locale.rb`).
    pub(crate) fn of(parts: &Parts, user: Option<&str>, default: &str) -> Self {
        let query = query::pairs(parts.uri.query().unwrap_or_default());
        let named = query.iter().find(|(name, _)| name == "locale");
        let named = named.and_then(|(_, locale)| Self::named(locale));
        let accepted = || {
            header(&parts.headers, ACCEPT_LANGUAGE)
                .split(',')
                .find_map(|range| Self::named(range.split(';').next()?.trim()))
        };
        named
            .or_else(|| Self::named(user?))
            .or_else(accepted)
            .unwrap_or_else(|| Self::default(default))
    }

    /// The instance's own.
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

    /// A message in this language, where it is known in it.
    pub(crate) fn say(self, english: Cow<'static, str>) -> Cow<'static, str> {
        let translation = FRENCH.iter().find(|(known, _)| *known == english);
        match (self, translation) {
            (Self::French, Some((_, french))) => Cow::Borrowed(french),
            _ => english,
        }
    }
}

const FRENCH: &[(&str, &str)] = &[
    (
        "You have to confirm your email address before continuing.",
        "Vous devez confirmer votre adresse électronique avant de continuer.",
    ),
    (
        "You need to sign in or sign up before continuing.",
        "Vous devez vous connecter ou vous inscrire pour continuer.",
    ),
    (
        "That push is not deletable by viewers.",
        "Ce push ne peut pas être supprimé par ceux qui le consultent.",
    ),
    (
        "That push doesn't belong to you.",
        "Ce push ne vous appartient pas.",
    ),
    (
        "Two-factor authentication is required. Please set it up to continue.",
        "L'authentification à deux facteurs est requise. Veuillez la configurer pour continuer.",
    ),
    (
        "Too many passphrase attempts. Please try again in a minute.",
        "Trop de tentatives de phrase secrète. Veuillez réessayer dans une minute.",
    ),
    (
        "Too many email notification requests. Please try again in a minute.",
        "Trop de demandes de notification. Veuillez réessayer dans une minute.",
    ),
    ("Payload is required.", "Le contenu est requis."),
    (
        "must be a valid HTTP or HTTPS URL.",
        "doit être une URL HTTP ou HTTPS valide.",
    ),
    ("cannot be left blank", "doit être rempli"),
    (
        "are not allowed for unknown users",
        "ne sont pas autorisés aux utilisateurs inconnus",
    ),
];
