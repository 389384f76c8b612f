//! Operations that two lists spell differently although they are the same. The names of path parameters do not matter
//! to a service, and many services ignore case and a trailing slash.

use std::collections::BTreeMap;

use super::facts::{Facts, Places};
use super::operation::placeholders;

/// An operation that two lists spell differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Respelled {
    /// The spelling in the other list: `GET /a/{id}`.
    pub(crate) key: String,
    /// The spelling in this list: `GET /a/{name}`.
    pub(crate) spelling: String,
}

impl Respelled {
    /// Returns whether the spellings differ in more than the names of path parameters.
    pub(crate) fn is_another_path(&self) -> bool {
        nameless(&self.key) != nameless(&self.spelling)
    }
}

/// Respells the operations of `facts` as in `like`, if exactly one operation of each list matches.
pub(crate) fn align(facts: Facts, like: &Facts) -> (Facts, Vec<Respelled>) {
    let mut theirs = BTreeMap::<String, Vec<&String>>::new();
    for key in like.keys().filter(|key| !facts.contains_key(*key)) {
        theirs.entry(shape(key)).or_default().push(key);
    }
    let mut own = BTreeMap::<String, usize>::new();
    for key in facts.keys().filter(|key| !like.contains_key(*key)) {
        *own.entry(shape(key)).or_default() += 1;
    }
    let (mut aligned, mut respelled) = (Facts::new(), Vec::new());
    for (key, places) in facts {
        let shape = shape(&key);
        let other = theirs.get(&shape).map_or(&[][..], Vec::as_slice);
        match (other, own.get(&shape)) {
            ([other], Some(1)) if !like.contains_key(&key) => {
                let places = with_parameters_as_in(other, &key, places);
                aligned.insert((*other).clone(), places);
                respelled.push(Respelled {
                    key: (*other).clone(),
                    spelling: key,
                });
            }
            _ => drop(aligned.insert(key, places)),
        }
    }
    (aligned, respelled)
}

/// Renames the path parameters in `places` as in the other path.
fn with_parameters_as_in(other: &str, key: &str, places: Places) -> Places {
    let names: BTreeMap<_, _> = placeholders(key).zip(placeholders(other)).collect();
    let renamed = places.into_iter().map(|(place, fact)| {
        let name = place.strip_prefix("path.").and_then(|name| names.get(name));
        (
            name.map_or(place.clone(), |name| format!("path.{name}")),
            fact,
        )
    });
    renamed.collect()
}

/// Removes the names in braces from a key.
fn nameless(key: &str) -> String {
    let mut parts = key.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once('}').map_or(part, |(_, rest)| rest);
        format!("{text}{{}}{rest}")
    })
}

/// Returns the part of a key that all spellings share.
fn shape(key: &str) -> String {
    nameless(key).trim_end_matches('/').to_lowercase()
}
