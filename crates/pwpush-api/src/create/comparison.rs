//! Compares what was asked with what an instance keeps.

use std::borrow::Cow;
use std::collections::BTreeSet;

use security_api_transport::Upload;
use serde_json::Value;

use crate::create::difference::Difference;
use crate::create::kept::{Kept, integer};
use crate::create::lifetime::{Lifetime, Names};
use crate::types::Edition;

/// Compares a response with what was asked, option by option. Options that were not set are not compared.
pub(crate) struct Comparison<'a> {
    response: &'a Value,
    edition: Option<&'a Edition>,
    found: Vec<Difference>,
}

impl<'a> Comparison<'a> {
    /// `edition` is the instance's edition, if known.
    pub(crate) fn new(response: &'a Value, edition: Option<&'a Edition>) -> Self {
        Self {
            response,
            edition,
            found: Vec::new(),
        }
    }

    pub(crate) fn differences(self) -> Vec<Difference> {
        self.found
    }

    fn add(&mut self, option: &'static str, asked: impl Into<Cow<'static, str>>, kept: Kept) {
        self.found
            .extend(Difference::of(option, asked.into(), kept));
    }

    /// Whether the commercial edition responded, which may send null for what it keeps.
    fn is_commercial(&self) -> bool {
        self.edition == Some(&Edition::Commercial)
    }

    pub(crate) fn lifetime(
        mut self,
        option: &'static str,
        asked: Option<Lifetime>,
        names: &Names,
    ) -> Self {
        if let Some(lifetime) = asked {
            let kept = lifetime.kept(self.response, names);
            self.add(option, lifetime.expiry.to_string(), kept);
        }
        self
    }

    pub(crate) fn views(mut self, asked: Option<u32>) -> Self {
        if let Some(asked) = asked {
            let kept = self.response.get("expire_after_views").and_then(integer);
            let kept = match kept {
                Some(views) if views == i64::from(asked) => Kept::AsAsked,
                // Zero or less may mean any number.
                Some(..1) => Kept::Other("any number".to_owned()),
                Some(views) if views < i64::from(asked) => Kept::Less(views.to_string()),
                Some(views) => Kept::Other(views.to_string()),
                None => Kept::NotSaid,
            };
            self.add("views", asked.to_string(), kept);
        }
        self
    }

    /// A flag that the service always sends. `null_is_false` if the service sends null for a flag that this kind of
    /// push does not have.
    pub(crate) fn flag(
        mut self,
        option: &'static str,
        asked: Option<bool>,
        null_is_false: bool,
    ) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get(option) {
                Some(Value::Bool(kept)) => Some(*kept),
                Some(Value::String(text)) => text.parse().ok(),
                Some(Value::Null) if null_is_false => Some(false),
                _ => None,
            };
            let kept = match kept {
                Some(kept) if kept == asked => Kept::AsAsked,
                Some(false) => Kept::Less("false".to_owned()),
                Some(true) => Kept::Other("true".to_owned()),
                None => Kept::NotSaid,
            };
            self.add(option, asked.to_string(), kept);
        }
        self
    }

    /// A text that only the owner sees. Both editions echo it.
    pub(crate) fn text(mut self, option: &'static str, asked: Option<&str>) -> Self {
        if let Some(asked) = asked.filter(|asked| !asked.is_empty()) {
            let kept = match self.response.get(option) {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::Null) => Kept::Other("none".to_owned()),
                Some(_) => Kept::Other("another text".to_owned()),
                None => Kept::NotSaid,
            };
            self.add(option, "the given one", kept);
        }
        self
    }

    /// The open-source server echoes the passphrase in plain text; the commercial edition sends null, as far as is
    /// known.
    pub(crate) fn passphrase(mut self, asked: Option<&str>) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get("passphrase") {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::String(kept)) if kept.trim().is_empty() => {
                    Kept::Other("none".to_owned())
                }
                Some(Value::String(_)) => Kept::Other("another one".to_owned()),
                None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
                _ => Kept::NotSaid,
            };
            self.add("passphrase", "the given one", kept);
        }
        self
    }

    /// The recipients of the mail. Servers before 2.9.2 ignore them and do not echo them; whether the commercial
    /// edition echoes them is not known.
    pub(crate) fn mail(mut self, addresses: &[String], locale: Option<&str>) -> Self {
        if addresses.is_empty() {
            return self;
        }
        let set = |addresses: &mut dyn Iterator<Item = &str>| -> BTreeSet<String> {
            addresses
                .map(|address| address.trim().to_ascii_lowercase())
                .collect()
        };
        let kept = match self.response.get("notify_emails_to") {
            Some(Value::String(kept)) => {
                let asked = set(&mut addresses.iter().map(String::as_str));
                match set(&mut kept.split(',')) == asked {
                    true => Kept::AsAsked,
                    false => Kept::Other("other addresses".to_owned()),
                }
            }
            None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
            _ => Kept::Other("no mail".to_owned()),
        };
        self.add("notify", "mail to the given addresses", kept);
        if let Some(asked) = locale {
            let kept = match self.response.get("notify_emails_to_locale") {
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::String(kept)) if is_language(kept) => Kept::Other(kept.clone()),
                Some(Value::String(_)) => Kept::Other("another language".to_owned()),
                None | Some(Value::Null) if self.is_commercial() => Kept::AsAsked,
                _ => Kept::Other("none".to_owned()),
            };
            let asked = security_api_transport::one_line(asked, 20);
            self.add("notify_locale", asked, kept);
        }
        self
    }

    /// The files, which the service is not known to list in its response. Where it does, all have to be there.
    pub(crate) fn files(mut self, asked: &[Upload]) -> Self {
        let listed = match self.response.get("files") {
            None | Some(Value::Null) => return self,
            Some(Value::Array(listed)) => Some(listed),
            Some(_) => None,
        };
        if asked.is_empty() {
            return self;
        }
        let kept = match listed {
            None => Kept::NotSaid,
            Some(listed) if listed.len() != asked.len() => Kept::Other(match listed.len() {
                0 => "none".to_owned(),
                1 => "1 file".to_owned(),
                many => format!("{many} files"),
            }),
            Some(listed) => {
                let mut asked: Vec<_> = asked
                    .iter()
                    .map(|file| comparable_name(file.name()))
                    .collect();
                let names = listed
                    .iter()
                    .filter_map(|file| file.get("filename")?.as_str());
                // A file without a name in the response may be any.
                let all_are_asked = names.map(comparable_name).all(|name| {
                    let place = asked.iter().position(|asked| *asked == name);
                    place.map(|place| asked.swap_remove(place)).is_some()
                });
                match all_are_asked {
                    true => Kept::AsAsked,
                    false => Kept::Other("other files".to_owned()),
                }
            }
        };
        let asked = match asked.len() {
            1 => "the given file".to_owned(),
            many => format!("the {many} given files"),
        };
        self.add("file", asked, kept);
        self
    }

    /// The account, which the commercial edition echoes. Only that edition has accounts.
    pub(crate) fn account(mut self, asked: Option<&str>) -> Self {
        if let Some(asked) = asked {
            let kept = match self.response.get("account_id") {
                None => Kept::NotSaid,
                Some(Value::String(kept)) if kept == asked => Kept::AsAsked,
                Some(Value::Number(kept)) if kept.to_string() == asked => Kept::AsAsked,
                Some(Value::Null) => Kept::Other("none".to_owned()),
                Some(_) => Kept::Other("another account".to_owned()),
            };
            self.add("account_id", "the given account", kept);
        }
        self
    }
}

/// What the service keeps of a file's name: the last part of a path, in which it replaces some signs.
fn comparable_name(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    last.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Whether the text is a language code, such as `fr` or `pt-BR`. Anything else is not shown, because a response may
/// contain secrets anywhere.
fn is_language(text: &str) -> bool {
    let (language, region) = text.split_once(['-', '_']).unwrap_or((text, "XX"));
    let is_word = |part: &str| {
        matches!(part.len(), 2 | 3) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
    };
    is_word(language) && is_word(region)
}

#[cfg(test)]
mod tests;
