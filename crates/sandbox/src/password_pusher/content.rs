//! The media types of files, and how files are served. Source: Active Storage, which asks Marcel; compared with both.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

/// The common entries of Marcel's tables, and the defaults of `config.active_storage` (measured on 2.11.4 for images,
/// PDF and HTML).
#[derive(Deserialize)]
#[serde(bound(deserialize = "'de: 'static"))]
struct Kinds {
    /// First bytes of a file, one character for each byte, and the media type. The first match counts.
    magic: Vec<(String, &'static str)>,
    /// Media types by the ends of names.
    names: HashMap<&'static str, &'static str>,
    /// Media types by their other names.
    aliases: HashMap<&'static str, &'static str>,
    /// Media types that are special cases of others.
    general: HashMap<&'static str, &'static str>,
    /// Media types that are served as binary data.
    as_binary: Vec<&'static str>,
    /// Media types that are shown in place.
    in_place: Vec<&'static str>,
}

static KINDS: LazyLock<Kinds> = LazyLock::new(|| {
    let kinds = include_str!("media_types.json");
    serde_json::from_str(kinds).expect("media_types.json keeps to its form")
});

const BINARY: &str = "application/octet-stream";

/// Whether a media type is another one or a special case of it.
fn is_of(kind: &str, general: &str) -> bool {
    let above = || KINDS.general.get(kind);
    kind == general || above().is_some_and(|above| is_of(above, general))
}

/// A declared media type without its parameters. Nothing if it is invalid, or means any data.
fn declared_type(declared: &str) -> Option<String> {
    let kind = declared.split(';').next().unwrap_or_default().trim();
    let is_token = |text: &str| {
        let is_mark = |byte: &u8| b"!#$%&'*+-.^_`|~".contains(byte);
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || is_mark(&byte))
    };
    let (family, name) = kind.split_once('/')?;
    let kind = kind.to_ascii_lowercase();
    let kind = KINDS
        .aliases
        .get(&*kind)
        .map_or(kind, |one| (*one).to_owned());
    (is_token(family) && is_token(name) && kind != BINARY).then_some(kind)
}

/// The media type of a file: by its content, else the declared one, else by its name. A later one counts if it is a
/// special case of the one before.
pub(crate) fn media_type(content: &[u8], name: &str, declared: &str) -> String {
    let begins = |magic: &str| {
        let magic: Vec<u32> = magic.chars().map(u32::from).collect();
        let start = content.iter().take(magic.len());
        start.map(|byte| u32::from(*byte)).eq(magic.iter().copied())
    };
    let by_content = KINDS.magic.iter().find(|(magic, _)| begins(magic));
    let end = name.rsplit_once('.').map(|(_, end)| end.to_lowercase());
    let by_name = end.and_then(|end| KINDS.names.get(&*end));
    let by_content = by_content.map(|(_, kind)| *kind);
    let declared = declared_type(declared);
    let kinds = [by_content, declared.as_deref(), by_name.copied()];
    let special = |kind, other| if is_of(other, kind) { other } else { kind };
    let kind = kinds.into_iter().flatten().reduce(special);
    kind.unwrap_or(BINARY).to_owned()
}

/// The media type that a file of this type is served as, and whether it is shown in place.
pub(crate) fn served(media_type: &str) -> (&str, bool) {
    match media_type {
        binary if KINDS.as_binary.contains(&binary) => (BINARY, false),
        other => (other, KINDS.in_place.contains(&other)),
    }
}
