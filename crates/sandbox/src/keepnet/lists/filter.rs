//! The filter of a search: groups of conditions, and free text.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use crate::keepnet::dates;
use crate::keepnet::records::member;

/// The rows that a search wants. The default filter wants all.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Whether one group is enough. Otherwise all are needed.
    any: bool,
    text: String,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Group {
    any: bool,
    items: Vec<Item>,
    groups: Vec<Group>,
}

#[derive(Debug)]
struct Item {
    field: String,
    /// The name of a custom field, which is looked for in place of `field`.
    custom: Option<String>,
    operator: Operator,
    value: Wanted,
}

/// A value to compare with, read once for all rows.
#[derive(Debug)]
struct Wanted {
    /// In lower case.
    text: String,
    time: Option<i64>,
    number: Option<f64>,
}

impl Wanted {
    fn of(text: &str) -> Self {
        Self {
            time: dates::parse(text),
            number: text.parse().ok(),
            text: text.to_lowercase(),
        }
    }

    /// The order of a row's value and this one, if they can be compared.
    fn order(&self, value: &str) -> Option<Ordering> {
        if let (Some(wanted), Some(value)) = (self.time, dates::parse(value)) {
            return Some(value.cmp(&wanted));
        }
        if let (Some(wanted), Ok(value)) = (self.number, value.parse::<f64>()) {
            return value.partial_cmp(&wanted);
        }
        let comparable = value.is_empty() == self.text.is_empty();
        comparable.then(|| value.to_lowercase().cmp(&self.text))
    }
}

/// An operator of the vendor's front end. The refusal of others, and the comparison of kinds of values, are inferred.
#[derive(Clone, Copy, Debug)]
enum Operator {
    Contains,
    Include,
    NotEqual,
    /// The order that a row's value and the wanted one need to have.
    Is(fn(Ordering) -> bool),
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "contains" => Self::Contains,
            "include" => Self::Include,
            "!=" | "notequal" => Self::NotEqual,
            "=" | "==" | "equal" => Self::Is(Ordering::is_eq),
            ">" => Self::Is(Ordering::is_gt),
            ">=" => Self::Is(Ordering::is_ge),
            "<" => Self::Is(Ordering::is_lt),
            "<=" => Self::Is(Ordering::is_le),
            _ => return None,
        })
    }
}

impl Filter {
    /// Reads a filter, and adds its faults to the list. A filter without groups is a fault, since the vendor documents
    /// that tenants may refuse it.
    pub(crate) fn read(body: &Map<String, Value>, wrong: &mut Vec<String>) -> Self {
        let text = member(body, "searchInputTextValue").and_then(Value::as_str);
        let filter = Self {
            any: condition(body, wrong),
            text: text.unwrap_or_default().trim().to_lowercase(),
            groups: groups(body, wrong),
        };
        if text.is_none() {
            wrong.push("The SearchInputTextValue field is required.".to_owned());
        }
        if filter.groups.is_empty() {
            wrong.push("The FilterGroups field is required.".to_owned());
        }
        filter
    }

    /// The fields that conditions name, except for custom ones.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &str> {
        fn walk<'a>(groups: &'a [Group], found: &mut Vec<&'a str>) {
            for group in groups {
                let items = group.items.iter().filter(|item| item.custom.is_none());
                found.extend(items.map(|item| item.field.as_str()));
                walk(&group.groups, found);
            }
        }
        let mut found = Vec::new();
        walk(&self.groups, &mut found);
        found.into_iter()
    }

    pub(crate) fn keeps(&self, row: &Map<String, Value>) -> bool {
        let mut texts = row.values().filter_map(Value::as_str);
        let has_text = texts.any(|text| text.to_lowercase().contains(&self.text));
        let groups = self.groups.iter().map(|group| group.keeps(row));
        (self.text.is_empty() || has_text) && combine(self.any, groups).unwrap_or(true)
    }
}

impl Group {
    /// Whether a group wants a row. A group without conditions has no say.
    fn keeps(&self, row: &Map<String, Value>) -> Option<bool> {
        let items = self.items.iter().map(|item| Some(item.keeps(row)));
        let groups = self.groups.iter().map(|group| group.keeps(row));
        combine(self.any, items.chain(groups))
    }
}

fn combine(any: bool, parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    parts
        .flatten()
        .reduce(|one, other| if any { one || other } else { one && other })
}

impl Item {
    fn keeps(&self, row: &Map<String, Value>) -> bool {
        let value = match &self.custom {
            Some(name) => custom(row, name),
            None => member(row, &self.field),
        };
        match value {
            Some(Value::Array(values)) => {
                let mut texts = values.iter().map(text);
                match self.operator {
                    Operator::NotEqual => texts.all(|value| self.compares(&value)),
                    _ => texts.any(|value| self.compares(&value)),
                }
            }
            value => self.compares(&value.map(text).unwrap_or_default()),
        }
    }

    fn compares(&self, value: &str) -> bool {
        let order = || self.value.order(value);
        match self.operator {
            Operator::Contains => value.to_lowercase().contains(&self.value.text),
            Operator::Include => {
                let mut choices = self.value.text.split(',');
                choices.any(|choice| choice.trim().eq_ignore_ascii_case(value))
            }
            Operator::NotEqual => order().is_none_or(Ordering::is_ne),
            Operator::Is(fits) => order().is_some_and(fits),
        }
    }
}

fn custom<'a>(row: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let values = row.get("customFieldValues")?.as_array()?;
    let field = values.iter().find(|field| {
        let has = |key: &str| field[key].as_str() == Some(name);
        has("name") || has("resourceId")
    });
    field.and_then(|field| field.get("value"))
}

/// A value as text, without quotes.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn condition(body: &Map<String, Value>, wrong: &mut Vec<String>) -> bool {
    let condition = member(body, "condition").and_then(Value::as_str);
    match condition.map(str::to_ascii_uppercase).as_deref() {
        Some("AND") => false,
        Some("OR") => true,
        _ => {
            wrong.push("Condition has to be AND or OR.".to_owned());
            false
        }
    }
}

fn groups(body: &Map<String, Value>, wrong: &mut Vec<String>) -> Vec<Group> {
    let list = member(body, "filterGroups").and_then(Value::as_array);
    let objects = list.into_iter().flatten().filter_map(Value::as_object);
    objects
        .map(|group| Group {
            any: condition(group, wrong),
            items: items(group, wrong),
            groups: groups(group, wrong),
        })
        .collect()
}

fn items(group: &Map<String, Value>, wrong: &mut Vec<String>) -> Vec<Item> {
    let list = member(group, "filterItems").and_then(Value::as_array);
    let mut items = Vec::new();
    for item in list.into_iter().flatten().filter_map(Value::as_object) {
        let read = |name| member(item, name).and_then(Value::as_str);
        let operator = read("operator").unwrap_or_default();
        let custom = read("customFieldName").filter(|name| !name.is_empty());
        let field = read("fieldName").unwrap_or_default();
        match Operator::parse(operator) {
            None => wrong.push(format!("There is no operator {operator}.")),
            Some(_) if field.is_empty() && custom.is_none() => {
                wrong.push("The FieldName field is required.".to_owned());
            }
            Some(operator) => items.push(Item {
                field: field.to_owned(),
                custom: custom.map(str::to_owned),
                operator,
                value: Wanted::of(&member(item, "value").map(text).unwrap_or_default()),
            }),
        }
    }
    items
}
