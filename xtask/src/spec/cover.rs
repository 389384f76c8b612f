//! What our description and the vendor's document say differently.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::facts::{Facts, Places, UNRECORDED, is_read_only};
use crate::project::Service;

/// A difference that is meant, and why.
#[derive(Debug)]
pub(crate) struct Divergence {
    /// `METHOD /path`, or `*` for all.
    operation: String,
    /// A place and what is below it, or what is at the end of a place if it begins with `*`.
    place: String,
    reason: String,
}

/// The divergences that are documented for a service, a line for each: `POST /api/x response: Why.`
///
/// # Errors
/// If the file cannot be read, or has a line of another form.
pub(crate) fn documented(root: &Path, service: &Service) -> anyhow::Result<Vec<Divergence>> {
    let Some(folder) = service.vendor else {
        return Ok(Vec::new());
    };
    let path = root.join(folder).join("divergences.txt");
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(number, line)| match parse(line) {
            Some(divergence) => Ok(divergence),
            None => bail!(
                "{}:{}: write `METHOD /path place: reason`, or `* place: reason`",
                path.display(),
                number + 1
            ),
        })
        .collect()
}

fn parse(line: &str) -> Option<Divergence> {
    let (what, reason) = line.split_once(": ")?;
    let (operation, place) = what.rsplit_once(' ')?;
    Some(Divergence {
        operation: operation.to_owned(),
        place: place.to_owned(),
        reason: reason.to_owned(),
    })
}

impl Divergence {
    pub(crate) fn covers(&self, operation: &str, place: &str) -> bool {
        let is_place = match self.place.strip_prefix('*') {
            Some(end) => {
                place.ends_with(end)
                    || place.contains(&format!("{end}."))
                    || place.contains(&format!("{end}[]"))
            }
            None => place
                .strip_prefix(&self.place)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '{'])),
        };
        is_place && (self.operation == "*" || self.operation == operation)
    }
}

/// The differences of two lists.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// What only the vendor has.
    missing: Vec<String>,
    /// What only we have.
    own: Vec<String>,
    /// What is of another kind.
    other: Vec<String>,
    /// How many differences are documented, by reason.
    documented: BTreeMap<String, usize>,
}

/// What our description and the vendor's document say differently of operations, parameters and members.
pub(crate) fn compare(ours: &Facts, vendor: &Facts, documented: &[Divergence]) -> Coverage {
    let mut coverage = Coverage::default();
    let nothing = Places::new();
    for operation in vendor.keys().chain(
        ours.keys()
            .filter(|operation| !vendor.contains_key(*operation)),
    ) {
        match (ours.get(operation), vendor.get(operation)) {
            (None, Some(_)) => coverage.missing.push(operation.clone()),
            (Some(_), None) => coverage.own.push(operation.clone()),
            (ours, vendor) => coverage.places(
                operation,
                ours.unwrap_or(&nothing),
                vendor.unwrap_or(&nothing),
                documented,
            ),
        }
    }
    coverage
}

/// The kind of a value alone: texts of all formats are texts. Where our description says what the vendor's leaves open,
/// that is no difference.
fn kind(what: &str) -> &str {
    let what = what.split_once('(').map_or(what, |(kind, _)| kind);
    match what.split(' ').next().unwrap_or(what) {
        "number" => "integer",
        kind => kind,
    }
}

impl Coverage {
    fn places(
        &mut self,
        operation: &str,
        ours: &Places,
        vendor: &Places,
        documented: &[Divergence],
    ) {
        let mut places: Vec<_> = vendor.keys().chain(ours.keys()).collect();
        places.sort();
        places.dedup();
        // What is below a difference is none of its own.
        let mut below: Option<&str> = None;
        for place in places {
            let is_below = below.and_then(|outer| place.strip_prefix(outer));
            if is_below.is_some_and(|rest| rest.starts_with(['.', '[', '{'])) {
                continue;
            }
            let (own, theirs) = (ours.get(place), vendor.get(place));
            let open = |what: &str| {
                matches!(kind(what), "any" | "as" | UNRECORDED) || what.ends_with("nothing")
            };
            let (list, text) = match (own, theirs) {
                (Some(own), Some(theirs)) => {
                    let (a, b) = (own.what.as_str(), theirs.what.as_str());
                    if open(a) || open(b) {
                        below = Some(place);
                        continue;
                    }
                    if kind(a) == kind(b) {
                        continue;
                    }
                    (
                        &mut self.other,
                        format!("{operation} {place}: ours {a}, the vendor's {b}"),
                    )
                }
                (None, Some(theirs)) if is_read_only(place, &theirs.what) => continue,
                (None, Some(theirs)) => (
                    &mut self.missing,
                    format!("{operation} {place}: {}", theirs.what),
                ),
                (Some(own), None) => (&mut self.own, format!("{operation} {place}: {}", own.what)),
                (None, None) => continue,
            };
            below = Some(place);
            match documented.iter().find(|one| one.covers(operation, place)) {
                Some(one) => *self.documented.entry(one.reason.clone()).or_default() += 1,
                None => list.push(text),
            }
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.own.is_empty() && self.other.is_empty()
    }

    pub(crate) fn shown(&self) -> String {
        let mut text = String::new();
        for (title, lines) in [
            ("only the vendor describes", &self.missing),
            ("only we describe", &self.own),
            ("described differently", &self.other),
        ] {
            let _ = writeln!(text, "{title}: {}", lines.len());
            for line in lines {
                let _ = writeln!(text, "  {line}");
            }
        }
        let _ = writeln!(text, "documented divergences:");
        for (reason, count) in &self.documented {
            let _ = writeln!(text, "  {count} times: {reason}");
        }
        text.trim_end().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "missing": self.missing,
            "own": self.own,
            "other": self.other,
            "documented": self.documented,
        })
    }
}
