//! Adds members and parameters to our description.

use std::collections::BTreeSet;

use super::{Addition, Merger, Side};
use crate::spec::facts;
use crate::spec::schema::Flat;

impl Merger<'_> {
    /// Adds a place, or reports that a person must decide.
    pub(super) fn add_place(&mut self, addition: &Addition, place: &str) {
        let told = match place.strip_prefix("query.") {
            Some(name) => self.add_parameter(&addition.operation, name),
            None => self.add_member(&addition.operation, place),
        };
        if let Some(told) = told {
            self.settled.insert(addition.clone());
            self.told.extend(told);
        }
    }

    /// Returns the operation in the vendor's spelling.
    fn spelled(&self, operation: &str) -> String {
        let spelling = self.spelling.get(operation).map(String::as_str);
        spelling.unwrap_or(operation).to_owned()
    }

    fn add_parameter(&mut self, operation: &str, name: &str) -> Option<Option<String>> {
        let document = self.document;
        let spelling = self.spelled(operation);
        let given = crate::spec::operation::find(document, &spelling)?;
        let parameters = given.parameters();
        let parameter = parameters
            .iter()
            .find(|one| one.place == "query" && one.name == name)?;
        let (method, path) = operation.split_once(' ')?;
        let method = method.to_lowercase();
        let own = self
            .ours
            .files
            .iter()
            .position(|file| file.value["paths"][path].get(&method).is_some())?;
        self.home = own;
        let known = &self.ours.files[own].value["paths"][path][&method]["parameters"];
        let known = known.as_array().into_iter().flatten();
        let mut taken: BTreeSet<_> = known
            .filter_map(|known| {
                let name = known["x-rust-name"]
                    .as_str()
                    .or_else(|| known["name"].as_str())?;
                Some(heck::ToSnakeCase::to_snake_case(name))
            })
            .collect();
        taken.insert("body".to_owned());
        let line = self.parameter(parameter, &mut taken).ok()?;
        let file = &mut self.ours.files[own];
        if !file.text.add_parameter(path, &method, &format!("- {line}")) {
            return None;
        }
        file.changed = true;
        let breaks = if parameter.required() {
            ", which is required"
        } else {
            ""
        };
        Some(Some(format!(
            "{}: added the parameter `{name}` to {operation}{breaks}",
            file.name
        )))
    }

    /// Adds a member to its object's schema. Returns `Some(None)` if another operation has added it already, and `None`
    /// if it cannot be added.
    fn add_member(&mut self, operation: &str, place: &str) -> Option<Option<String>> {
        let document = self.document;
        let spelling = self.spelled(operation);
        let vendor = facts::of_operation(document, &spelling)?;
        let (outer, member) = vendor.get(place)?.within.clone()?;
        let own = facts::of_operation(&self.ours.description, operation)?;
        let schema = own.get(&outer)?.schema.clone()?;
        let (home, said) = self.ours.schema(&schema)?;
        // Hand-written types and wrappers have their members in code.
        let by_hand = ["x-handwritten", "x-envelope", "x-page"]
            .iter()
            .any(|key| said.get(key).is_some());
        let properties = said["properties"].as_object();
        let is_search = said["x-search"] == true && properties.is_none_or(|all| all.len() <= 5);
        if by_hand || is_search {
            return None;
        }
        let known = properties.into_iter().flatten();
        let mut taken: BTreeSet<_> = known
            .map(|(name, said)| {
                heck::ToSnakeCase::to_snake_case(said["x-rust-name"].as_str().unwrap_or(name))
            })
            .collect();
        if properties.is_some_and(|all| all.contains_key(&member)) {
            return Some(None);
        }
        let given = facts::schema_at(document, &spelling, &outer)?;
        let flat = Flat::of(document, given);
        let (_, given, required) = flat.members().find(|(name, ..)| *name == member)?;
        self.home = home;
        self.method.clone_from(&schema);
        self.side = match place.starts_with("request") {
            true => match vendor.get("request").map(|body| body.what.as_str()) {
                Some(body) if body.contains("urlencoded") => Side::SentAsPairs,
                Some(body) if body.contains('/') && outer == "request" => Side::SentInForm,
                Some(body) if body.contains('/') => Side::SentInPart,
                _ => Side::Sent,
            },
            false => Side::Received,
        };
        let lines = self.member(&member, given, &mut taken);
        let file = &mut self.ours.files[home];
        if !file.text.add_member(&schema, &member, &lines) {
            return None;
        }
        file.value["components"]["schemas"][&schema]["properties"][&member] = serde_json::json!({});
        file.changed = true;
        let required = match required && self.side != Side::Received {
            true => "; DECIDE: the vendor requires it",
            false => "",
        };
        Some(Some(format!(
            "{}: added `{member}` to {schema}{required}",
            file.name
        )))
    }
}
