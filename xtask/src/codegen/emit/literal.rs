//! Values that fit the description, written as Rust: for examples and for the exerciser.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::ir::{Api, Body, Member, Operation, Parameter, Place, Range, Ty, Type};

/// A time to stand for times of which no example is given.
const SOME_TIME: i64 = 1_700_000_000;

/// Writes values, and keeps which named types they mention.
pub(super) struct Literals<'a> {
    api: &'a Api,
    /// The call that gives a time, made of its seconds.
    time: fn(i64) -> String,
    /// Resources of which an id is known, and what to write for it instead of the example.
    ids: BTreeMap<String, String>,
    /// Those of which an id was written, and the example it was written instead of.
    used: BTreeMap<String, String>,
    types: BTreeSet<String>,
}

impl<'a> Literals<'a> {
    pub(super) fn new(api: &'a Api, time: fn(i64) -> String) -> Self {
        Self {
            api,
            time,
            ids: BTreeMap::new(),
            used: BTreeMap::new(),
            types: BTreeSet::new(),
        }
    }

    /// Writes these for the ids of these resources.
    pub(super) fn with_ids(mut self, ids: BTreeMap<String, String>) -> Self {
        self.ids = ids;
        self
    }

    /// The resources of which an id was written, and the example it was written instead of.
    pub(super) fn used(&self) -> &BTreeMap<String, String> {
        &self.used
    }

    /// The named types that were mentioned.
    pub(super) fn types(&self) -> BTreeSet<String> {
        self.types.clone()
    }

    /// The call of an operation with its required values; a body of several members is the variable of its name.
    pub(super) fn call(&mut self, client: &str, operation: &Operation) -> Option<String> {
        let mut arguments = Vec::new();
        for parameter in &operation.arguments {
            arguments.push(self.argument(parameter, operation)?);
        }
        match &operation.body {
            Some(Body::Model { name, .. }) => arguments.push(format!("&{name}")),
            Some(Body::Member(member)) => arguments.push(self.member(member)?),
            None => {}
        }
        Some(format!(
            "{client}.{}().{}({})",
            operation.resource,
            operation.name,
            arguments.join(", ")
        ))
    }

    /// `.name(value)`.
    pub(super) fn option(&mut self, parameter: &Parameter) -> Option<String> {
        Some(format!(
            ".{}({})",
            parameter.name,
            self.parameter(parameter)?
        ))
    }

    /// A required parameter. Its own `id` in the path is that of the resource.
    fn argument(&mut self, parameter: &Parameter, operation: &Operation) -> Option<String> {
        let own = parameter.place == Place::Path && parameter.wire == "id";
        if own && parameter.ty == Ty::Text {
            let example = parameter.example.as_ref();
            if let Some(id) = self.id(Some(&operation.resource), example) {
                return Some(id);
            }
        }
        self.parameter(parameter)
    }

    fn parameter(&mut self, parameter: &Parameter) -> Option<String> {
        let example = parameter.example.as_ref().or(parameter.default.as_ref());
        self.id(parameter.id_of.as_ref(), example)
            .or_else(|| self.value(&parameter.ty, example, parameter.range, &parameter.name))
    }

    fn member(&mut self, member: &Member) -> Option<String> {
        let example = member.example.as_ref();
        self.id(member.id_of.as_ref(), example)
            .or_else(|| self.value(&member.ty, example, Range::default(), &member.name))
    }

    /// The known id of a resource.
    fn id(&mut self, resource: Option<&String>, example: Option<&Value>) -> Option<String> {
        let resource = resource?;
        let known = self.ids.get(resource)?;
        let example = example.and_then(Value::as_str).unwrap_or("none");
        self.used
            .entry(resource.clone())
            .or_insert_with(|| example.to_owned());
        Some(known.clone())
    }

    /// The statement that makes the body of a call: with all members if `full`, else with the first optional one.
    pub(super) fn body(&mut self, operation: &Operation, full: bool) -> Option<String> {
        match &operation.body {
            Some(Body::Model { name, model }) => {
                Some(format!("let {name} = {};", self.model(model, full)?))
            }
            _ => Some(String::new()),
        }
    }

    /// A body: its required members, and the first or all of the optional ones.
    fn model(&mut self, name: &str, full: bool) -> Option<String> {
        let Some(Type::Model(model)) = self.api.types.get(name) else {
            return None;
        };
        self.types.insert(name.to_owned());
        let (required, optional): (Vec<_>, Vec<_>) = model.members.iter().partition(|m| m.required);
        let mut arguments = Vec::new();
        for member in required {
            arguments.push(self.member(member)?);
        }
        let mut text = format!("{name}::new({})", arguments.join(", "));
        let shown = if full { optional.len() } else { 1 };
        for member in optional.into_iter().take(shown) {
            // What may have any form is left out.
            if let Some(value) = self.member(member) {
                text.push_str(&format!(".{}({value})", member.name));
            }
        }
        Some(text)
    }

    fn value(
        &mut self,
        ty: &Ty,
        example: Option<&Value>,
        range: Range,
        name: &str,
    ) -> Option<String> {
        Some(match ty {
            Ty::Text | Ty::Secret => {
                format!("{:?}", example.and_then(Value::as_str).unwrap_or(name))
            }
            Ty::Int32 | Ty::Int64 => {
                let number = example.and_then(Value::as_i64).or(range.least).unwrap_or(1);
                number.to_string()
            }
            Ty::Float => format!("{:?}", example.and_then(Value::as_f64).unwrap_or(1.0)),
            Ty::Bool => example.and_then(Value::as_bool).unwrap_or(true).to_string(),
            Ty::Time(_) => {
                let seconds = example.and_then(Value::as_i64).unwrap_or(SOME_TIME);
                (self.time)(seconds)
            }
            Ty::Enum(ty) => {
                let Some(Type::Enum(found)) = self.api.types.get(ty) else {
                    return None;
                };
                let wanted = example.and_then(Value::as_str);
                let mut variants = found.variants.iter();
                let variant = variants
                    .find(|variant| Some(variant.wire.as_str()) == wanted)
                    .or(found.variants.first())?;
                self.types.insert(ty.clone());
                format!("{ty}::{}", variant.name)
            }
            Ty::Model(model) => self.model(model, true)?,
            Ty::List(inner) => {
                let examples = example.and_then(Value::as_array);
                let values: Option<Vec<_>> = match examples {
                    Some(examples) if !examples.is_empty() => examples
                        .iter()
                        .map(|example| self.value(inner, Some(example), range, name))
                        .collect(),
                    _ => self
                        .value(inner, None, range, name)
                        .map(|value| vec![value]),
                };
                format!("[{}]", values?.join(", "))
            }
            Ty::Map(_) | Ty::Json => return None,
        })
    }
}

/// The option that an example shows: one that needs nothing imported and is no guess.
pub(super) fn shown_option(operation: &Operation) -> Option<&Parameter> {
    use super::super::ir::Source;
    operation.options.iter().find(|option| {
        matches!(option.ty, Ty::Text | Ty::Bool)
            && option.deprecated.is_none()
            && option.source != Some(Source::Inferred)
    })
}
