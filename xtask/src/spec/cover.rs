//! The differences between our description and the vendor's document.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::align::align;
use super::facts::{Facts, Places, UNRECORDED, is_read_only};
use crate::project::Service;

/// A deliberate difference, with its reason.
#[derive(Debug)]
pub(crate) struct Divergence {
    /// `METHOD /path`, or `*` for all operations.
    operation: String,
    /// A place, which includes the places inside it, or a suffix of places that begins with `*`.
    place: String,
    reason: String,
}

/// Reads a service's documented divergences, one for each line: `POST /api/x response: Why.`
///
/// # Errors
/// If the file cannot be read, or a line has another format.
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

/// The differences between two lists.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// Only the vendor describes these.
    missing: Vec<Difference>,
    /// Only we describe these.
    own: Vec<Difference>,
    /// Both describe these, as different kinds.
    other: Vec<Difference>,
    /// The number of documented differences, by reason.
    documented: BTreeMap<String, usize>,
}

/// A difference, and the number of other operations that have it.
#[derive(Debug)]
struct Difference {
    operation: String,
    /// The schema and name of the member, and the difference.
    member: Option<(String, String)>,
    text: String,
    others: usize,
}

impl Difference {
    fn of(operation: &str, text: String) -> Self {
        Self {
            operation: operation.to_owned(),
            member: None,
            text,
            others: 0,
        }
    }

    fn shown(&self) -> String {
        let Self {
            operation,
            text,
            others,
            ..
        } = self;
        match others {
            0 => format!("{operation}{text}"),
            1 => format!("{operation}{text}, and in 1 other operation"),
            others => format!("{operation}{text}, and in {others} other operations"),
        }
    }
}

/// Adds a difference. If the same member of the same schema differs in another operation, only its count increases.
fn add(list: &mut Vec<Difference>, one: Difference) {
    let known = list
        .iter_mut()
        .find(|known| known.member.is_some() && known.member == one.member);
    match known {
        Some(known) if known.operation != one.operation => known.others += 1,
        Some(_) => {}
        None => list.push(one),
    }
}

/// Returns the differences in operations, parameters and members between our description and the vendor's document.
pub(crate) fn compare(ours: &Facts, vendor: &Facts, documented: &[Divergence]) -> Coverage {
    let mut coverage = Coverage::default();
    let (vendor, respelled) = align(vendor.clone(), ours);
    for other in respelled.iter().filter(|other| other.is_another_path()) {
        let (key, spelling) = (&other.key, &other.spelling);
        coverage.put(key, "path", documented, |coverage| {
            let text = format!(": the vendor's is {spelling}");
            coverage.other.push(Difference::of(key, text));
        });
    }
    let nothing = Places::new();
    for operation in vendor.keys().chain(
        ours.keys()
            .filter(|operation| !vendor.contains_key(*operation)),
    ) {
        match (ours.get(operation), vendor.get(operation)) {
            (None, Some(_)) => coverage.put(operation, "operation", documented, |coverage| {
                coverage
                    .missing
                    .push(Difference::of(operation, String::new()));
            }),
            (Some(_), None) => coverage.put(operation, "operation", documented, |coverage| {
                coverage.own.push(Difference::of(operation, String::new()));
            }),
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

/// Returns the kind of a value without its format: texts of all formats are equal.
fn kind(what: &str) -> &str {
    let what = what.split_once('(').map_or(what, |(kind, _)| kind);
    match what.split(' ').next().unwrap_or(what) {
        "number" => "integer",
        kind => kind,
    }
}

/// Returns whether two objects have the same places, of the same kinds.
pub(crate) fn alike(ours: &Places, vendor: &Places) -> bool {
    let mut coverage = Coverage::default();
    coverage.places("", ours, vendor, &[]);
    coverage.is_empty()
}

impl Coverage {
    /// Records a difference, unless it is documented.
    fn put(
        &mut self,
        operation: &str,
        place: &str,
        documented: &[Divergence],
        note: impl FnOnce(&mut Self),
    ) {
        match documented.iter().find(|one| one.covers(operation, place)) {
            Some(one) => *self.documented.entry(one.reason.clone()).or_default() += 1,
            None => note(self),
        }
    }

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
        // Do not report places inside a place that already differs.
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
            type Note = fn(&mut Coverage) -> &mut Vec<Difference>;
            let (list, text): (Note, _) = match (own, theirs) {
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
                        |coverage| &mut coverage.other,
                        format!("ours {a}, the vendor's {b}"),
                    )
                }
                (None, Some(theirs)) if is_read_only(place, &theirs.what) => continue,
                (None, Some(theirs)) => (|coverage| &mut coverage.missing, theirs.what.clone()),
                (Some(own), None) => (|coverage| &mut coverage.own, own.what.clone()),
                (None, None) => continue,
            };
            below = Some(place);
            let schema = theirs
                .or(own)
                .and_then(|fact| fact.within.as_ref())
                .and_then(|(outer, member)| {
                    let places = if theirs.is_some() { vendor } else { ours };
                    Some((places.get(outer)?.schema.as_deref()?, member))
                });
            let difference = Difference {
                member: schema.map(|(schema, member)| (format!("{schema} {member}"), text.clone())),
                ..Difference::of(operation, format!(" {place}: {text}"))
            };
            self.put(operation, place, documented, |coverage| {
                add(list(coverage), difference)
            });
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
                let _ = writeln!(text, "  {}", line.shown());
            }
        }
        let documented: usize = self.documented.values().sum();
        let _ = writeln!(text, "documented divergences: {documented}");
        for (reason, count) in &self.documented {
            let _ = writeln!(text, "  {count} times: {reason}");
        }
        text.trim_end().to_owned()
    }

    pub(crate) fn json(&self) -> Value {
        let shown = |list: &[Difference]| list.iter().map(Difference::shown).collect::<Vec<_>>();
        json!({
            "missing": shown(&self.missing),
            "own": shown(&self.own),
            "other": shown(&self.other),
            "documented": self.documented,
        })
    }
}
