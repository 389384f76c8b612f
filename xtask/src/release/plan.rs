//! The crates to release, and the reasons.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use anyhow::Context as _;
use semver::Version;

use super::level::{Changes, Level, compare};
use super::workspace::{Member, Workspace};
use super::{api, changelog, git, requirements};

/// The state of a crate since its last release.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) member: Member,
    /// The last version with a tag.
    pub(crate) last: Option<Version>,
    /// The version of a release that has begun: the manifest and changelog have it, but it has no tag.
    pub(crate) begun: Option<Version>,
    /// The packaged files that changed.
    pub(crate) files: Vec<String>,
    /// The changes of the crate's public API.
    pub(crate) changes: Changes,
    /// The dependencies whose next version is incompatible with the required one.
    pub(crate) moved: Vec<Moved>,
    /// Whether the changelog has unreleased entries.
    pub(crate) told: bool,
}

/// A dependency whose next version is incompatible.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) name: String,
    pub(crate) to: Version,
    /// Whether the crate's public API contains types of the dependency.
    pub(crate) is_shown: bool,
    /// Those types that change.
    pub(crate) changed: BTreeSet<String>,
}

impl Standing {
    /// Returns the minimum level of the next version, or `None` if there is nothing to release.
    pub(crate) fn required(&self) -> Option<Level> {
        let last = self.last.as_ref()?;
        let breaks =
            !self.changes.breaking.is_empty() || self.moved.iter().any(|moved| moved.is_shown);
        if breaks {
            return Some(Level::breaking(last));
        }
        if !self.changes.additions.is_empty() {
            return Some(Level::addition(last));
        }
        (!self.files.is_empty() || !self.moved.is_empty()).then_some(Level::Patch)
    }

    /// Returns the next version, by the minimum level.
    fn next(&self) -> Option<Version> {
        match (&self.begun, &self.last) {
            (Some(begun), _) => Some(begun.clone()),
            (None, None) => Some(self.member.version.clone()),
            (None, Some(last)) => Some(self.required()?.next(last)),
        }
    }

    /// Returns the reasons for the minimum level.
    pub(crate) fn reasons(&self) -> Vec<String> {
        let mut reasons = self.changes.breaking.clone();
        for Moved {
            name,
            to,
            is_shown,
            changed,
        } in &self.moved
        {
            let names: Vec<_> = changed.iter().map(String::as_str).collect();
            reasons.push(match (is_shown, names.is_empty()) {
                (true, false) => format!(
                    "shows types of {name}, which breaks with {to}: {}",
                    names.join(", ")
                ),
                (true, true) => format!("shows types of {name}, which are not those of {to}"),
                (false, _) => format!("needs {name} {to}, and shows nothing of it"),
            });
        }
        reasons.extend(self.changes.additions.iter().cloned());
        reasons
    }
}

/// Returns the state of every crate, in the order of publishing.
///
/// # Errors
/// If the history or a file cannot be read.
pub(crate) fn standings(workspace: &Workspace) -> anyhow::Result<Vec<Standing>> {
    let mut standings: Vec<Standing> = Vec::new();
    for member in &workspace.members {
        let standing = standing(workspace, member, &standings)?;
        standings.push(standing);
    }
    Ok(standings)
}

fn standing(
    workspace: &Workspace,
    member: &Member,
    before: &[Standing],
) -> anyhow::Result<Standing> {
    let last = git::last_release(workspace, member)?;
    let log = api::written(&workspace.file(member, changelog::FILE))?;
    let is_begun =
        last.as_ref() != Some(&member.version) && changelog::notes(&log, &member.version).is_some();
    let begun = is_begun.then(|| member.version.clone());
    let mut standing = Standing {
        member: member.clone(),
        begun,
        files: Vec::new(),
        changes: Changes::default(),
        moved: Vec::new(),
        told: changelog::unreleased(&log).is_some(),
        last,
    };
    let Some(last) = &standing.last else {
        return Ok(standing);
    };
    let tag = member.tag(last);
    standing.files = git::changed(workspace, member, &tag)?;
    let now = api::written(&workspace.file(member, api::FILE))?;
    let then = git::file_at(
        &workspace.root,
        &tag,
        &format!("{}/{}", member.folder, api::FILE),
    )?;
    let then = then.with_context(|| format!("{tag} has no {}", api::FILE))?;
    standing.changes = compare(&then, &now);
    // The crate's manifest may require other versions than that of the workspace.
    let own = format!("{}/Cargo.toml", member.folder);
    let mut asked = BTreeMap::new();
    for manifest in ["Cargo.toml", &own] {
        let manifest = git::file_at(&workspace.root, &tag, manifest)?.unwrap_or_default();
        asked.extend(requirements::read(&manifest)?);
    }
    let needed = before
        .iter()
        .filter(|other| member.needs.contains(&other.member.name));
    standing.moved = needed
        .filter_map(|dependency| {
            let asked = asked.get(&dependency.member.name)?;
            moved(dependency, &now, |to| !asked.matches(to))
        })
        .collect();
    Ok(standing)
}

/// Returns how a dependency moves, if it moves beyond what was asked. `api` is the public API of the crate that needs
/// it.
fn moved(
    dependency: &Standing,
    api: &str,
    is_beyond: impl FnOnce(&Version) -> bool,
) -> Option<Moved> {
    let next = dependency.next();
    let to = next.unwrap_or_else(|| dependency.member.version.clone());
    is_beyond(&to).then(|| {
        let shown = types_of(&dependency.member.library(), api);
        let broken = dependency.changes.breaking.join("\n");
        let broken = types_of(&dependency.member.library(), &broken);
        Moved {
            name: dependency.member.name.clone(),
            to,
            is_shown: !shown.is_empty(),
            changed: shown.intersection(&broken).cloned().collect(),
        }
    })
}

/// Returns the types and traits of a library that a text names.
fn types_of(library: &str, text: &str) -> BTreeSet<String> {
    let is_part = |byte: char| byte.is_ascii_alphanumeric() || byte == '_' || byte == ':';
    let paths = text.match_indices(library).filter_map(|(at, _)| {
        let path = text[at + library.len()..].strip_prefix("::")?;
        let path = &path[..path.find(|byte| !is_part(byte)).unwrap_or(path.len())];
        path.split("::")
            .find(|part| part.starts_with(|byte: char| byte.is_ascii_uppercase()))
    });
    paths.map(str::to_owned).collect()
}

/// Returns the first lines, and the number of the remaining ones.
pub(crate) fn shortened(lines: &[String]) -> Vec<String> {
    const MOST: usize = 12;
    let mut told: Vec<_> = lines.iter().take(MOST).cloned().collect();
    if lines.len() > MOST {
        told.push(format!("and {} more", lines.len() - MOST));
    }
    told
}

/// Describes the crates to release.
pub(crate) fn tell(standings: &[Standing]) -> String {
    let mut text = String::new();
    let mut order = Vec::new();
    for standing in standings {
        let name = &standing.member.name;
        let since = match &standing.last {
            Some(last) => format!("last release {last}"),
            None => "never released".to_owned(),
        };
        let _ = write!(text, "{name}: {since}; ");
        let _ = match (&standing.begun, standing.next(), standing.required()) {
            (Some(begun), _, _) => writeln!(
                text,
                "the release of {begun} was begun and goes on with the next `--execute`"
            ),
            (None, Some(next), None) => {
                writeln!(text, "its first release is {next}, as its manifest says")
            }
            (None, Some(next), Some(level)) => writeln!(text, "next is at least {next} ({level})"),
            (None, None, _) => writeln!(text, "nothing has changed"),
        };
        if standing.next().is_none() {
            continue;
        }
        order.push(&**name);
        if standing.last.is_some() && !standing.files.is_empty() {
            let count = standing.files.len();
            let _ = writeln!(
                text,
                "  {count} packaged file{} changed",
                if count == 1 { "" } else { "s" }
            );
        }
        for reason in shortened(&standing.reasons()) {
            let _ = writeln!(text, "  {reason}");
        }
        if !standing.told && standing.begun.is_none() {
            let _ = writeln!(
                text,
                "  nothing is said of it under Unreleased in {}/{}",
                standing.member.folder,
                changelog::FILE
            );
        }
    }
    match order.is_empty() {
        true => text.push_str("\nThere is nothing to release.\n"),
        false => {
            let _ = writeln!(text, "\nOrder of publishing: {}", order.join(", "));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_known_by_their_names_wherever_they_are_defined() {
        let text = "pub fn p::Client::send(&self) -> t_lib::call::Call<t_lib::Error>\n\
                    pub use p::Rate = t_lib::Rate\npub fn other_t_lib(&self)\npub fn t_lib::model::read()";
        let types = types_of("t_lib", text);
        assert_eq!(
            types.into_iter().collect::<Vec<_>>(),
            ["Call", "Error", "Rate"]
        );
    }
}
