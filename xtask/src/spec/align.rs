//! Operations that two lists call differently although they are the same: what a path calls its parameters says nothing to
//! the service, and many services read upper and lower case, and a slash at the end, alike.

use std::collections::BTreeMap;

use super::facts::{Facts, Places};
use super::operation::placeholders;

/// An operation that another list writes differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Respelled {
    /// What the other list calls it: `GET /a/{id}`.
    pub(crate) key: String,
    /// What this one calls it: `GET /a/{name}`.
    pub(crate) spelling: String,
}

impl Respelled {
    /// Whether they differ in more than what the path calls its parameters.
    pub(crate) fn is_another_path(&self) -> bool {
        nameless(&self.key) != nameless(&self.spelling)
    }
}

/// These facts with the operations called as in the other list, where one operation of each differs in spelling alone.
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

/// The places with the parameters of the path called as in the other path.
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

/// A key without the names in braces.
fn nameless(key: &str) -> String {
    let mut parts = key.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let rest = part.split_once('}').map_or(part, |(_, rest)| rest);
        format!("{text}{{}}{rest}")
    })
}

/// What is alike of keys that are spelled differently.
fn shape(key: &str) -> String {
    nameless(key).trim_end_matches('/').to_lowercase()
}
