//! Adds new parts of a vendor's document to our description. The description is edited as text, so that everything else
//! keeps its formatting.
//!
//! Three lists are compared: the record of the vendor's document, the document, and our description. Parts that are new
//! since the record are added. Parts that cannot be added are reported, so that a person decides.

mod member;
mod name;
mod operation;
mod ours;
mod schema;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::align::{Respelled, align};
use super::cover::{self, Divergence};
use super::diff;
use super::facts::{self, Facts};
use crate::codegen;
use crate::project::Service;
use ours::Ours;

/// Adds the vendor's new operations, parameters and members to our description, and returns a report of what was added
/// and what a person must decide.
///
/// # Errors
/// If our description cannot be read or written.
pub(crate) fn merge(
    root: &Path,
    service: &Service,
    recorded: &Facts,
    document: &Value,
) -> anyhow::Result<Vec<String>> {
    let divergences = cover::documented(root, service)?;
    let lists = Lists::of(&codegen::description(root, service)?, recorded, document);
    let additions = lists.additions(&divergences);
    let mut merger = Merger {
        service,
        document,
        spelling: lists.spelling(),
        known: lists.known(),
        ours: Ours::read(root, service)?,
        told: Vec::new(),
        settled: BTreeSet::new(),
        made: BTreeMap::new(),
        home: 0,
        method: String::new(),
        side: Side::Received,
        open: Vec::new(),
    };
    merger.take_all(&additions);
    merger.ours.write()?;
    let mut told = merger.told;
    for change in lists.undecided(&merger.settled, &divergences) {
        told.push(format!("DECIDE: {}", change.shown()));
    }
    Ok(told)
}

/// A part to add to our description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Addition {
    operation: String,
    /// The new place of a described operation. `None` for a new operation.
    place: Option<String>,
}

/// The three lists, with operations spelled as in ours.
struct Lists {
    ours: Facts,
    recorded: Facts,
    vendor: Facts,
    /// Operations that the vendor's document and our description spell differently.
    respelled: Vec<Respelled>,
    /// Operations that the vendor's document and its record spell differently.
    renamed: Vec<Respelled>,
}

impl Lists {
    fn of(description: &Value, recorded: &Facts, document: &Value) -> Self {
        let ours = facts::of(description);
        let vendor = facts::of(document);
        let (_, renamed) = align(vendor.clone(), recorded);
        let (recorded, _) = align(recorded.clone(), &ours);
        let (vendor, mut respelled) = align(vendor, &ours);
        let (vendor, more) = align(vendor, &recorded);
        respelled.extend(more);
        Self {
            ours,
            recorded,
            vendor,
            respelled,
            renamed,
        }
    }

    /// Returns the vendor's spelling of each operation that it spells differently.
    fn spelling(&self) -> BTreeMap<String, String> {
        let respelled = self.respelled.iter();
        let pairs = respelled.map(|other| (other.key.clone(), other.spelling.clone()));
        pairs.collect()
    }

    /// Returns our schema for each schema of the vendor: the one that most often has the same place.
    fn known(&self) -> BTreeMap<String, String> {
        let mut pairs = BTreeMap::<&String, BTreeMap<&String, usize>>::new();
        for (operation, theirs) in &self.vendor {
            let Some(own) = self.ours.get(operation) else {
                continue;
            };
            for (place, fact) in theirs {
                let own = own.get(place).and_then(|own| own.schema.as_ref());
                if let (Some(theirs), Some(own)) = (&fact.schema, own) {
                    *pairs.entry(theirs).or_default().entry(own).or_default() += 1;
                }
            }
        }
        let most = pairs.into_iter().filter_map(|(theirs, own)| {
            let (own, _) = own.into_iter().max_by_key(|(_, count)| *count)?;
            Some((theirs.clone(), own.clone()))
        });
        most.collect()
    }

    /// Returns the parts that only the vendor has and that are new. Operations come first, and of these exports last,
    /// because they are sorted like the lists whose rows they export.
    fn additions(&self, divergences: &[Divergence]) -> Vec<Addition> {
        let is_meant = |operation: &str, place: &str| {
            divergences.iter().any(|one| one.covers(operation, place))
        };
        let (mut operations, mut places) = (Vec::new(), Vec::new());
        for (operation, theirs) in &self.vendor {
            let Some(own) = self.ours.get(operation) else {
                if !is_meant(operation, "operation") {
                    operations.push(Addition {
                        operation: operation.clone(),
                        place: None,
                    });
                }
                continue;
            };
            let before = self.recorded.get(operation);
            for (place, fact) in theirs.iter().filter(|(place, _)| !own.contains_key(*place)) {
                let is_inner = diff::around(place)
                    .any(|outer| theirs.contains_key(outer) && !own.contains_key(outer));
                // Parts that the record has are not new. Parts inside an unrecorded place may not be new.
                let was_there = before.is_some_and(|before| {
                    before.contains_key(place)
                        || diff::around(place).any(|outer| facts::is_unrecorded(before, outer))
                });
                // Nothing is missing inside a place that our description leaves open.
                let is_open = diff::around(place)
                    .find_map(|outer| own.get(outer))
                    .is_some_and(|outer| outer.what.starts_with("any"));
                let is_silent = facts::is_read_only(place, &fact.what);
                if !(is_inner || was_there || is_open || is_silent || is_meant(operation, place)) {
                    places.push(Addition {
                        operation: operation.clone(),
                        place: Some(place.clone()),
                    });
                }
            }
        }
        operations.sort_by_key(|addition| addition.operation.contains("export"));
        operations.extend(places);
        operations
    }

    /// Returns the changes that are neither settled nor a part of our description.
    fn undecided(
        &self,
        settled: &BTreeSet<Addition>,
        divergences: &[Divergence],
    ) -> Vec<diff::Change> {
        let each = diff::each(&self.recorded, &self.vendor, &self.renamed);
        let open = each.into_iter().filter(|change| {
            let operation = change.operations.first().map_or("", String::as_str);
            let place = change.place.as_deref().unwrap_or("operation");
            let addition = Addition {
                operation: operation.to_owned(),
                place: change.place.clone(),
            };
            let own = self.ours.get(operation);
            let own = match change.place.as_deref() {
                None => own.map(|_| "operation"),
                Some("path") => None,
                Some(place) => own.and_then(|own| Some(own.get(place)?.what.as_str())),
            };
            let is_ours = change.place.as_deref() != Some("path") && own == change.after.as_deref();
            let is_had = change.before.is_none() && own.is_some();
            let is_silent = change
                .after
                .as_deref()
                .is_some_and(|after| facts::is_read_only(place, after));
            let is_meant = divergences.iter().any(|one| one.covers(operation, place));
            !(is_ours || is_had || is_silent || is_meant || settled.contains(&addition))
        });
        diff::grouped(open.collect())
    }
}

/// The direction of a value, and its encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Sent,
    /// A form.
    SentAsForm,
    /// A member of a form, which can be a file.
    SentInForm,
    /// A member of an object in a form, which cannot be a file.
    SentInPart,
    /// A form without objects and lists.
    SentAsPairs,
    Received,
}

impl Side {
    /// Returns how the members of an object on this side are written.
    fn inside(self) -> Self {
        match self {
            Self::SentAsForm => Self::SentInForm,
            Self::SentInForm => Self::SentInPart,
            side => side,
        }
    }

    fn is_form(self) -> bool {
        !matches!(self, Self::Sent | Self::Received)
    }
}

#[derive(Clone)]
struct Merger<'a> {
    service: &'a Service,
    document: &'a Value,
    /// The vendor's spelling of operations that we spell differently.
    spelling: BTreeMap<String, String>,
    /// Our schemas by the vendor's names.
    known: BTreeMap<String, String>,
    ours: Ours,
    told: Vec<String>,
    /// Additions that were made, or reported as impossible.
    settled: BTreeSet<Addition>,
    /// The schemas that were added, by their address in the document and their side.
    made: BTreeMap<(String, Side), String>,
    /// The index of the file that is edited.
    home: usize,
    /// The prefix of names for unnamed types.
    method: String,
    side: Side,
    /// Addresses of the objects being described, back to the last list or map, to detect a type that contains itself.
    open: Vec<String>,
}

impl Merger<'_> {
    /// Makes all additions that the generator can turn into code, and reports the others.
    fn take_all(&mut self, additions: &[Addition]) {
        let mut attempt = self.clone();
        for addition in additions {
            attempt.take(addition);
        }
        let refused = match attempt.ours.check(self.service) {
            Ok(()) => {
                *self = attempt;
                return;
            }
            Err(refused) => refused,
        };
        match additions {
            [] => self.told.push(format!("DECIDE: {refused:#}")),
            [only] => {
                let what = match &only.place {
                    Some(place) => format!("{} {place}", only.operation),
                    None => only.operation.clone(),
                };
                self.settled.insert(only.clone());
                self.told.push(format!(
                    "DECIDE: {what} is not added, since nothing can be generated from it; describe it by hand\n{refused:#}"
                ));
            }
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.take_all(first);
                self.take_all(second);
            }
        }
    }

    fn take(&mut self, addition: &Addition) {
        match &addition.place {
            None => self.add_operation(addition),
            Some(place) => self.add_place(addition, place),
        }
    }
}
