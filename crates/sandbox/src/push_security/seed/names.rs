//! What the seeded organisation's people, places and things are called.

use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Names {
    pub(super) first_names: Vec<&'static str>,
    pub(super) last_names: Vec<&'static str>,
    pub(super) departments: Vec<&'static str>,
    pub(super) locations: Vec<&'static str>,
    pub(super) groups: Vec<&'static str>,
    pub(super) languages: Vec<&'static str>,
    pub(super) extension_versions: Vec<&'static str>,
    pub(super) identity_providers: Vec<&'static str>,
    /// Apps the service knows by a key of their own, with the name people use.
    pub(super) apps: Vec<(&'static str, &'static str)>,
    /// Combined with the second words, these name the apps beyond those.
    pub(super) app_first_words: Vec<&'static str>,
    pub(super) app_second_words: Vec<&'static str>,
    pub(super) app_labels: Vec<&'static str>,
    pub(super) app_notes: Vec<&'static str>,
    #[serde(bound(deserialize = "'de: 'static"))]
    pub(super) extensions: Vec<Extension>,
    pub(super) site_words: Vec<&'static str>,
}

/// A browser extension, by its id in the store.
#[derive(Deserialize)]
pub(super) struct Extension {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) permissions: Vec<&'static str>,
    pub(super) host_permissions: Vec<&'static str>,
}

pub(super) fn names() -> &'static Names {
    static NAMES: LazyLock<Names> = LazyLock::new(|| {
        serde_json::from_str(include_str!("names.json")).expect("names.json keeps to its form")
    });
    &NAMES
}
