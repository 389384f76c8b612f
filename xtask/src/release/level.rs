//! The level of version that a change of the public API requires.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use semver::Version;

use super::api;

/// The part of a version that a release increments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Level {
    /// The last part: nothing breaks. Before 1.0 it may add to the public API.
    Patch,
    /// The middle part: it adds to the public API. Before 1.0 it may break.
    Minor,
    /// The first part: it may break.
    Major,
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

impl Level {
    /// Returns the next version after `version`.
    pub(crate) fn next(self, version: &Version) -> Version {
        match self {
            Self::Patch => Version::new(version.major, version.minor, version.patch + 1),
            Self::Minor => Version::new(version.major, version.minor + 1, 0),
            Self::Major => Version::new(version.major + 1, 0, 0),
        }
    }

    /// Returns the level that a breaking change requires after this version.
    pub(crate) fn breaking(after: &Version) -> Self {
        if after.major == 0 {
            Self::Minor
        } else {
            Self::Major
        }
    }

    /// Returns the level that an addition requires after this version.
    pub(crate) fn addition(after: &Version) -> Self {
        if after.major == 0 {
            Self::Patch
        } else {
            Self::Minor
        }
    }
}

/// The differences between two public APIs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    /// Changes that may break a program, with the reason.
    pub(crate) breaking: Vec<String>,
    /// Additions.
    pub(crate) additions: Vec<String>,
}

/// Compares two texts of [`api::now`].
pub(crate) fn compare(old: &str, new: &str) -> Changes {
    let old = Api::parse(old);
    let new = Api::parse(new);
    let mut changes = Changes::default();
    for line in old.lines.difference(&new.lines) {
        if line.starts_with("rust ") {
            continue;
        }
        changes.breaking.push(format!("gone or changed: {line}"));
    }
    for line in new.lines.difference(&old.lines) {
        match old.breaks(line) {
            Some(why) => changes.breaking.push(format!("{why}: {line}")),
            None => changes.additions.push(format!("new: {line}")),
        }
    }
    changes
}

/// A public API.
struct Api<'a> {
    lines: BTreeSet<&'a str>,
    /// Types to which a new part is a breaking change, and the reason.
    grown: BTreeMap<&'a str, &'static str>,
    traits: BTreeSet<&'a str>,
}

impl<'a> Api<'a> {
    fn parse(text: &'a str) -> Self {
        // The first line describes the file.
        let lines: BTreeSet<_> = text
            .lines()
            .skip(1)
            .filter(|line| !line.is_empty())
            .collect();
        let mut grown = BTreeMap::new();
        let mut traits = BTreeSet::new();
        for line in &lines {
            if let Some(path) = line.strip_prefix("pub enum ") {
                grown.insert(head(path), "a match without `_` lacks this");
            } else if let Some(path) = line.strip_prefix("pub struct ") {
                if line.ends_with(api::ALL_PUBLIC) {
                    grown.insert(head(path), "a value made of all fields lacks this");
                }
            } else if let Some((_, path)) = line.split_once("pub trait ") {
                traits.insert(head(path));
            }
        }
        Self {
            lines,
            grown,
            traits,
        }
    }

    /// Returns why adding the line breaks a program written for this API, or `None` if it does not.
    fn breaks(&self, line: &str) -> Option<&'static str> {
        if line.starts_with("impl !") {
            return Some("no longer implemented");
        }
        let item = line.strip_prefix("pub ")?;
        let item = item.trim_start_matches("async ");
        let in_trait = item
            .strip_prefix("fn ")
            .filter(|_| line.ends_with(api::REQUIRED));
        if let Some(path) = in_trait.or_else(|| item.strip_prefix("type ")) {
            let (parent, _) = head(path).rsplit_once("::")?;
            return self
                .traits
                .contains(parent)
                .then_some("implementations lack this");
        }
        // Only fields and variants have lines without a keyword.
        let (parent, _) = head(item).rsplit_once("::")?;
        self.grown.get(parent).copied()
    }
}

/// Returns the path at the start of a text.
fn head(text: &str) -> &str {
    let bytes = text.as_bytes();
    let end = bytes.iter().enumerate().position(|(at, byte)| match byte {
        b':' => bytes.get(at + 1) != Some(&b':') && (at == 0 || bytes[at - 1] != b':'),
        b'_' => false,
        byte => !byte.is_ascii_alphanumeric(),
    });
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str = "\
The public API of x.

rust 1.88
feature fast
#[non_exhaustive] pub enum x::Open
pub x::Open::A
pub enum x::Shut
pub x::Shut::A
pub struct x::Pair // all fields are public
pub x::Pair::left: u8
pub struct x::Client
pub trait x::Limiter: core::marker::Send
pub fn x::Limiter::wait(&self) // to be implemented
pub fn x::Client::call(&self, u8) -> u8
";

    /// Returns the changes if this line is added, or replaces `instead`.
    fn after(line: &str, instead: Option<&str>) -> Changes {
        let text = match instead {
            Some(old) => BEFORE.replace(&format!("{old}\n"), &format!("{line}\n")),
            None => format!("{BEFORE}{line}\n"),
        };
        compare(BEFORE, &text)
    }

    #[test]
    fn removed_and_changed_items_are_breaking() {
        for (old, new) in [
            (
                "pub fn x::Client::call(&self, u8) -> u8",
                "pub fn x::Client::call(&self, u16) -> u8",
            ),
            ("feature fast", "feature slow"),
            ("pub x::Shut::A", ""),
        ] {
            let changes = after(new, Some(old));
            assert_eq!(changes.breaking, [format!("gone or changed: {old}")]);
        }
    }

    #[test]
    fn additions_break_where_programs_must_name_all_parts() {
        for line in [
            "pub x::Shut::B",
            "pub x::Shut::B(alloc::string::String)",
            "pub x::Pair::right: u8",
            "pub fn x::Limiter::close(&self) // to be implemented",
            "impl !core::marker::Send for x::Client",
        ] {
            let changes = after(line, None);
            assert!(
                changes.breaking[0].ends_with(line) && changes.additions.is_empty(),
                "{changes:?}"
            );
        }
    }

    #[test]
    fn other_additions_break_nothing() {
        for line in [
            "pub x::Open::B",
            "pub x::Client::name: alloc::string::String",
            "pub fn x::Limiter::name(&self) -> &str",
            "pub fn x::Client::other(&self)",
            "pub fn x::Shut::other(&self)",
            "pub const x::Shut::ALL: usize",
            "pub enum x::New",
            "feature more",
            "impl core::clone::Clone for x::Client",
        ] {
            let changes = after(line, None);
            assert_eq!(
                (changes.additions, changes.breaking),
                (vec![format!("new: {line}")], vec![])
            );
        }
        let newer = after("rust 1.90", Some("rust 1.88"));
        assert_eq!((newer.additions.len(), newer.breaking.len()), (1, 0));
    }

    #[test]
    fn before_one_a_minor_version_breaks_and_a_patch_adds() {
        let (young, old) = (Version::new(0, 3, 4), Version::new(1, 3, 4));
        assert_eq!(Level::breaking(&young).next(&young), Version::new(0, 4, 0));
        assert_eq!(Level::addition(&young).next(&young), Version::new(0, 3, 5));
        assert_eq!(Level::breaking(&old).next(&old), Version::new(2, 0, 0));
        assert_eq!(Level::addition(&old).next(&old), Version::new(1, 4, 0));
    }
}
