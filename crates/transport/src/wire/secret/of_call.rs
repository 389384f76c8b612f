//! The secrets of a call.

use std::sync::Arc;

use http::Uri;
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use super::Secret;
use crate::url::encode;

/// Shorter segments of a file's path are words rather than keys, and errors may show them.
const LEAST_KEY: usize = 12;

/// The secrets of a call. Clones share them; without any, nothing is allocated.
#[derive(Clone, Default)]
pub(crate) struct Secrets(Option<Arc<Kept>>);

#[derive(Clone, Default)]
struct Kept {
    hidden: Vec<Secret>,
    /// Secret segments of the path, each with its placeholder's name, which are put in when the request is sent.
    segments: Vec<(&'static str, Secret)>,
    /// The names and values of secret query parameters, which are added when the request is sent.
    query: Vec<(&'static str, Secret)>,
    /// The same, encoded.
    encoded: Zeroizing<String>,
}

impl Secrets {
    /// Adds secrets to redact.
    pub(crate) fn add(&mut self, secrets: impl IntoIterator<Item = Secret>) {
        let mut secrets = secrets.into_iter().peekable();
        if secrets.peek().is_some() {
            Arc::make_mut(self.0.get_or_insert_default())
                .hidden
                .extend(secrets);
        }
    }

    /// Adds what may be secret in the URL of a file: its path and its query, and of them what may be a key.
    pub(crate) fn add_url(&mut self, url: &Uri) {
        let (path, query) = (url.path(), url.query().unwrap_or_default());
        let segments = path.split('/').filter(|part| part.len() >= LEAST_KEY);
        let values = query.split('&').map(|pair| match pair.split_once('=') {
            Some((_, value)) => value,
            None => pair,
        });
        let parts = segments.chain(values).chain([path, query]);
        let decoded = parts.map(|part| percent_decode_str(part).decode_utf8_lossy());
        self.add(decoded.map(|part| Secret::from(part.into_owned())));
    }

    pub(crate) fn add_segment(&mut self, name: &'static str, value: Secret) {
        let kept = Arc::make_mut(self.0.get_or_insert_default());
        kept.hidden.push(value.clone());
        kept.segments.push((name, value));
    }

    pub(crate) fn add_query(&mut self, name: &'static str, value: &Secret) {
        let kept = Arc::make_mut(self.0.get_or_insert_default());
        kept.hidden.push(value.clone());
        kept.query.push((name, value.clone()));
        kept.encode();
    }

    pub(crate) fn remove_query(&mut self, name: &str) {
        if self.query(name).is_some()
            && let Some(kept) = &mut self.0
        {
            let kept = Arc::make_mut(kept);
            kept.query.retain(|(key, _)| *key != name);
            kept.encode();
        }
    }

    /// The value of the query parameter of this name.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let mut query = self.0.iter().flat_map(|kept| &kept.query);
        let found = query.find(|(key, _)| *key == name);
        found.map(|(_, value)| value.expose())
    }

    /// The secret segments of the path, each with its placeholder's name.
    pub(crate) fn segments(&self) -> &[(&'static str, Secret)] {
        self.0.as_ref().map_or(&[], |kept| &kept.segments)
    }

    /// The secret query parameters, encoded, if there are any.
    pub(crate) fn encoded_query(&self) -> Option<&str> {
        let encoded = self.0.as_ref().map(|kept| kept.encoded.as_str());
        encoded.filter(|query| !query.is_empty())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().flat_map(|kept| &kept.hidden)
    }
}

impl Kept {
    fn encode(&mut self) {
        let pairs = self.query.iter();
        let pairs: Vec<_> = pairs.map(|(name, value)| (*name, value.expose())).collect();
        self.encoded = encode::pairs(&pairs);
    }
}
