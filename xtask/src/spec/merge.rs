//! Taking what a vendor added into our description, as text, so that everything else stays as it is written.
//!
//! Three lists are compared: what was recorded of the vendor's document, what it says now, and what we describe. What is new
//! since it was recorded is added, and what cannot be added is told, so that a person decides.

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

/// Takes operations, parameters and members that the vendor added into our description, and says what was taken and what a
/// person must decide.
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

/// What is added to our description.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Addition {
    operation: String,
    /// Of an operation that we describe, what is new of it.
    place: Option<String>,
}

/// The three lists, in which operations are called as in ours.
struct Lists {
    ours: Facts,
    recorded: Facts,
    vendor: Facts,
    /// What the vendor's document calls otherwise than ours does.
    respelled: Vec<Respelled>,
    /// What the vendor's document calls otherwise than it did.
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

    /// What the vendor's document calls the operations that it calls otherwise.
    fn spelling(&self) -> BTreeMap<String, String> {
        let respelled = self.respelled.iter();
        let pairs = respelled.map(|other| (other.key.clone(), other.spelling.clone()));
        pairs.collect()
    }

    /// Our schemas that stand where the vendor's stand, by the vendor's names: the one that does most often.
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

    /// What only the vendor has and did not have before: operations first, and of these files last, which are ordered as the
    /// lists are that they have the rows of.
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
                // What was there when the document was recorded is not new. Whether what is in something unrecorded is, nobody
                // knows.
                let was_there = before.is_some_and(|before| {
                    before.contains_key(place)
                        || diff::around(place).any(|outer| facts::is_unrecorded(before, outer))
                });
                // Where we leave open what is there, nothing is missing.
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

    /// The changes that were not settled, and that our description does not have.
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

/// In which direction a value goes, and how it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Sent,
    /// As a form.
    SentAsForm,
    /// As a member of a form, which can be a file.
    SentInForm,
    /// As a member of an object in a form, which cannot.
    SentInPart,
    /// As a form that has neither objects nor lists in it.
    SentAsPairs,
    Received,
}

impl Side {
    /// How what is in an object goes that goes so.
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
    /// What the document calls operations that we call otherwise.
    spelling: BTreeMap<String, String>,
    /// Our schemas that are the vendor's, by the vendor's names.
    known: BTreeMap<String, String>,
    ours: Ours,
    told: Vec<String>,
    /// What was added, or told as what cannot be.
    settled: BTreeSet<Addition>,
    /// The schemas that were added, by where the document has them and what they are for.
    made: BTreeMap<(String, Side), String>,
    /// The file that is added to.
    home: usize,
    /// What types without a name are called after.
    method: String,
    side: Side,
    /// The objects that are being described, by where the document has them, from the last list or map on.
    open: Vec<String>,
}

impl Merger<'_> {
    /// Takes all additions that the generator can turn into code, and tells the others.
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
