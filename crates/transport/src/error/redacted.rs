//! Causes of errors with their secrets redacted.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

use crate::wire::secret::{Secret, hide};

pub(super) fn hide_in(secrets: &[Secret], text: &mut Cow<'static, str>) {
    if let Some(hidden) = hide(secrets, text) {
        *text = hidden.into();
    }
}

/// The text of a cause that showed a secret, with the secret redacted.
pub(super) struct Redacted {
    text: String,
    source: Option<Box<Self>>,
}

impl Redacted {
    /// Redacts the cause and its own causes, if any of them shows one of these secrets.
    pub(super) fn of(secrets: &[Secret], error: &(dyn StdError + 'static)) -> Option<Self> {
        let mut shows = false;
        let mut texts = Vec::new();
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            let hidden = hide(secrets, &text);
            shows |= hidden.is_some() || hide(secrets, &format!("{error:?}")).is_some();
            texts.push(hidden.unwrap_or(text));
            next = error.source();
        }
        if !shows {
            return None;
        }
        texts.into_iter().rev().fold(None, |source, text| {
            Some(Self {
                text,
                source: source.map(Box::new),
            })
        })
    }
}

impl fmt::Display for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl StdError for Redacted {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let source = self.source.as_deref();
        source.map(|source| source as &(dyn StdError + 'static))
    }
}
