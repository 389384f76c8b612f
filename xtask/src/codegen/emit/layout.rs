//! How operations and types are spread over files, so that none gets too long.

use std::collections::BTreeMap;
use std::ops::Range;

use proc_macro2::TokenStream;

use super::super::ir::{Api, Operation, Resource, Type};
use super::super::place::{self, Places};
use super::operation::{self, Context};
use super::{model, text};
use crate::project::Service;

/// The lines that are left free: names of other files can make lines longer than they are measured.
const SPARE: usize = 25;

/// The files of operations.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// For each resource, its files and which of its operations they hold.
    files: BTreeMap<String, Vec<(String, Range<usize>)>>,
}

impl Layout {
    /// Finds out what goes where, and moves types out of files that would get too long.
    pub(super) fn new(
        api: &Api,
        service: &Service,
        places: &mut Places,
        most_lines: usize,
    ) -> Self {
        let full = most_lines.saturating_sub(SPARE);
        let mut layout = Self::default();
        let mut lengths = BTreeMap::new();
        for resource in &api.resources {
            let chunks = chunks(api, service, places, resource, full);
            let file = place::file_of(resource);
            let length = chunks.iter().map(|(_, lines)| lines).sum::<usize>();
            let split = chunks.len() > 1;
            let files = chunks.into_iter().enumerate();
            let files = files.map(|(index, (range, _))| (numbered(&file, index), range));
            layout.files.insert(resource.name.clone(), files.collect());
            lengths.insert(file, if split { full } else { length });
        }
        for file in places.files() {
            spread_types(api, places, &file, lengths.get(&file).copied(), full);
        }
        layout
    }

    /// All files that hold operations.
    pub(super) fn files(&self) -> impl Iterator<Item = String> {
        let files = self.files.values().flatten();
        files.map(|(file, _)| file.clone())
    }

    /// The files of a resource, and the operations in them.
    pub(super) fn of<'a>(&'a self, resource: &'a Resource) -> Vec<(&'a str, &'a [Operation])> {
        let files = self.files[&resource.name].iter();
        files
            .map(|(file, range)| (file.as_str(), &resource.operations[range.clone()]))
            .collect()
    }
}

/// The first, second... file of this name.
fn numbered(file: &str, index: usize) -> String {
    match index {
        0 => file.to_owned(),
        index => format!("{file}_{}", index + 1),
    }
}

fn lines(items: Vec<TokenStream>) -> usize {
    text::file("", items).lines().count()
}

/// The operations that fit into one file after the other, and how many lines they take.
fn chunks(
    api: &Api,
    service: &Service,
    places: &Places,
    resource: &Resource,
    full: usize,
) -> Vec<(Range<usize>, usize)> {
    let context = Context {
        api,
        places,
        service,
        resource,
        file: place::file_of(resource),
    };
    let mut chunks: Vec<(Range<usize>, usize)> = Vec::new();
    for (index, operation) in resource.operations.iter().enumerate() {
        let length = lines(operation::items(&context, std::slice::from_ref(operation)));
        match chunks.last_mut() {
            Some((range, used)) if *used + length <= full => {
                range.end = index + 1;
                *used += length;
            }
            _ => chunks.push((index..index + 1, length)),
        }
    }
    chunks
}

/// Moves types of a file into further ones, if it has too many lines with them. `used` are taken by operations.
fn spread_types(api: &Api, places: &mut Places, file: &str, used: Option<usize>, full: usize) {
    let lengths: Vec<(String, usize)> = places
        .of_file(api, file)
        .into_iter()
        .map(|ty| {
            let name = match ty {
                Type::Enum(found) => &found.name,
                Type::Model(found) => &found.name,
            };
            (name.clone(), lines(model::items(places, file, ty)))
        })
        .collect();
    let total: usize = lengths.iter().map(|(_, lines)| lines).sum();
    if used.unwrap_or_default() + total <= full {
        return;
    }
    let file = match used {
        Some(_) => format!("{file}_types"),
        None => file.to_owned(),
    };
    let (mut index, mut taken) = (0, 0);
    for (name, length) in lengths {
        if taken > 0 && taken + length > full {
            index += 1;
            taken = 0;
        }
        taken += length;
        places.rehome(&name, numbered(&file, index));
    }
}
