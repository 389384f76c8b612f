//! The differences between two lists of facts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::align::{Respelled, align};
use super::facts::{Fact, Facts, Places, UNRECORDED};

/// A change, with all operations that it affects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    /// Whether users of the API have to adapt.
    pub(crate) breaks: bool,
    /// `None` for whole operations.
    pub(crate) place: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
    /// The vendor's name of the schema that the member is in.
    pub(crate) schema: Option<String>,
    /// The operations that the change affects.
    pub(crate) operations: Vec<String>,
}

/// Returns the differences between two lists. A change of a schema is one change for all operations that use it.
pub(crate) fn changes(before: &Facts, after: &Facts) -> Vec<Change> {
    let (after, respelled) = align(after.clone(), before);
    grouped(each(before, &after, &respelled))
}

/// Returns the differences between two lists, for each operation separately.
pub(crate) fn each(before: &Facts, after: &Facts, respelled: &[Respelled]) -> Vec<Change> {
    let mut found: Vec<_> = respelled.iter().map(spelled).collect();
    for operation in before
        .keys()
        .filter(|operation| !after.contains_key(*operation))
    {
        found.push(whole(operation, true));
    }
    for (operation, new) in after {
        match before.get(operation) {
            None => found.push(whole(operation, false)),
            Some(old) => of_places(operation, old, new, &mut found),
        }
    }
    found
}

/// Returns the change of a path's spelling. It breaks requests only if more than parameter names differ.
fn spelled(respelled: &Respelled) -> Change {
    let path = |key: &str| key.split_once(' ').map(|(_, path)| path.to_owned());
    Change {
        breaks: respelled.is_another_path(),
        place: Some("path".to_owned()),
        before: path(&respelled.key),
        after: path(&respelled.spelling),
        schema: None,
        operations: vec![respelled.key.clone()],
    }
}

fn whole(operation: &str, removed: bool) -> Change {
    let there = Some("operation".to_owned());
    Change {
        breaks: removed,
        place: None,
        before: there.clone().filter(|_| removed),
        after: there.filter(|_| !removed),
        schema: None,
        operations: vec![operation.to_owned()],
    }
}

/// Returns the places that contain a place, innermost first.
pub(crate) fn around(place: &str) -> impl Iterator<Item = &str> {
    let mut rest = place;
    std::iter::from_fn(move || {
        rest = match rest.strip_suffix("[]").or_else(|| rest.strip_suffix("{}")) {
            Some(outer) => outer,
            None => rest.rsplit_once('.')?.0,
        };
        Some(rest)
    })
}

fn of_places(operation: &str, old: &Places, new: &Places, found: &mut Vec<Change>) {
    let what =
        |places: &Places, place: &str| places.get(place).map(|fact: &Fact| fact.what.clone());
    let mut places: Vec<_> = old.keys().chain(new.keys()).collect();
    places.sort();
    places.dedup();
    for place in places {
        let (before, after) = (what(old, place), what(new, place));
        // An unrecorded place cannot have changed. A place inside one that was added or removed is not a separate
        // change.
        let is_unrecorded = |place: &str| what(old, place).as_deref() == Some(UNRECORDED);
        let is_inner = around(place).any(|outer| {
            is_unrecorded(outer) || old.contains_key(outer) != new.contains_key(outer)
        });
        if before == after || is_inner || is_unrecorded(place) {
            continue;
        }
        let schema = around(place).find_map(|outer| new.get(outer)?.schema.clone());
        found.push(Change {
            breaks: breaks(place, before.as_deref(), after.as_deref()),
            place: Some(place.clone()),
            before,
            after,
            schema,
            operations: vec![operation.to_owned()],
        });
    }
}

/// Returns whether a change can break a program: a request is refused now, or an expected value is missing.
fn breaks(place: &str, before: Option<&str>, after: Option<&str>) -> bool {
    let is_required = |what: &str| what.split(' ').any(|word| word == "required");
    let is_read = place.starts_with("response");
    if place == "server" {
        return true;
    }
    match (before, after) {
        (None, Some(after)) => !is_read && is_required(after),
        (Some(_), None) => true,
        (Some(before), Some(after)) => {
            let bare = |what: &str| {
                let flags = ["required", "nullable", "read-only", "deprecated"];
                let words = what.split(' ').filter(|word| !flags.contains(word));
                words.map(str::to_owned).collect::<Vec<_>>()
            };
            let has = |what: &str, flag: &str| what.split(' ').any(|word| word == flag);
            let gained = |flag| !has(before, flag) && has(after, flag);
            let lost = |flag| has(before, flag) && !has(after, flag);
            bare(before) != bare(after)
                || match is_read {
                    true => gained("nullable") || lost("required"),
                    false => gained("required") || lost("nullable") || gained("read-only"),
                }
        }
        (None, None) => false,
    }
}

/// Groups the same change of one schema.
pub(crate) fn grouped(changes: Vec<Change>) -> Vec<Change> {
    type Key = (Option<String>, String, Option<String>, Option<String>, bool);
    let mut groups = BTreeMap::<Key, Change>::new();
    let mut alone = Vec::new();
    for change in changes {
        let (Some(place), Some(schema)) = (&change.place, &change.schema) else {
            alone.push(change);
            continue;
        };
        let member = place.rsplit('.').next().unwrap_or(place).to_owned();
        let key = (
            Some(schema.clone()),
            member,
            change.before.clone(),
            change.after.clone(),
            change.breaks,
        );
        match groups.get_mut(&key) {
            Some(group) => group.operations.extend(change.operations),
            None => {
                groups.insert(key, change);
            }
        }
    }
    alone.extend(groups.into_values());
    alone.sort_by(|a, b| (&a.operations, &a.place).cmp(&(&b.operations, &b.place)));
    for change in &mut alone {
        change.operations.dedup();
    }
    alone
}

impl Change {
    /// Formats the change in one or more lines.
    pub(crate) fn shown(&self) -> String {
        let (first, others) = match self.operations.as_slice() {
            [first, others @ ..] => (first.as_str(), others.len()),
            [] => ("", 0),
        };
        let what = match (&self.before, &self.after) {
            (None, Some(after)) => format!("added: {after}"),
            (Some(before), None) => format!("removed: {before}"),
            (Some(before), Some(after)) => format!("{before} -> {after}"),
            (None, None) => String::new(),
        };
        let place = self
            .place
            .as_deref()
            .map_or_else(String::new, |place| format!(" {place}"));
        let breaks = if self.breaks { "  breaks" } else { "" };
        let others = match others {
            0 => String::new(),
            1 => ", and in 1 other operation".to_owned(),
            others => format!(", and in {others} other operations"),
        };
        format!("{first}{place} {what}{others}{breaks}")
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "operations": self.operations,
            "place": self.place,
            "before": self.before,
            "after": self.after,
            "schema": self.schema,
            "breaks": self.breaks,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::facts;
    use super::*;

    fn facts(text: &str) -> Facts {
        facts::read(text).unwrap()
    }

    #[test]
    fn every_kind_of_change_is_told_and_whether_it_breaks() {
        let before = "GET /a query.page: integer\nGET /a response: object\nGET /a response.name: string nullable\n\
                      POST /a request: object\nPOST /a request.name: string\nGET /gone";
        for (line, with, breaks) in [
            ("GET /gone", "", true),
            ("GET /a query.page: integer", "", true),
            (
                "GET /a query.page: integer",
                "GET /a query.page: integer required",
                true,
            ),
            (
                "GET /a query.page: integer",
                "GET /a query.page: integer\nGET /a query.size: integer",
                false,
            ),
            (
                "GET /a query.page: integer",
                "GET /a query.page: integer\nGET /a query.size: integer required",
                true,
            ),
            (
                "GET /a response.name: string nullable",
                "GET /a response.name: string",
                false,
            ),
            (
                "GET /a response.name: string nullable",
                "GET /a response.name: integer nullable",
                true,
            ),
            (
                "GET /a response: object",
                "GET /a response: object\nGET /a response.b: string required",
                false,
            ),
            (
                "POST /a request.name: string",
                "POST /a request.name: string required",
                true,
            ),
            (
                "POST /a request.name: string",
                "POST /a request.name: string nullable",
                false,
            ),
            (
                "POST /a request.name: string",
                "POST /a request.name: string length 1..9",
                true,
            ),
            ("GET /gone", "GET /gone\nPUT /new", false),
        ] {
            let after = before.replacen(line, with, 1);
            let found = changes(&facts(before), &facts(&after));
            assert_eq!(found.len(), 1, "{line} -> {with}: {found:#?}");
            assert_eq!(found[0].breaks, breaks, "{}", found[0].shown());
        }
        assert_eq!(changes(&facts(before), &facts(before)), []);
    }

    #[test]
    fn unrecorded_places_and_places_inside_new_ones_are_not_changes() {
        let before = facts("POST /a request: ?\nPOST /a response: object");
        let after = "POST /a request: object\nPOST /a request.a: string\nPOST /a response: object\n\
                     POST /a response.new: object\nPOST /a response.new.a: string";
        let found = changes(&before, &facts(after));
        assert_eq!(found.len(), 1, "{found:#?}");
        assert_eq!(found[0].place.as_deref(), Some("response.new"));
    }
}
