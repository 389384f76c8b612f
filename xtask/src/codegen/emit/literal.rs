//! Values that fit the description, written as Rust: for examples and for the exerciser.

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::ir::{Api, Body, Member, Operation, Parameter, Range, Ty, Type};

/// A time to stand for times of which no example is given.
const SOME_TIME: i64 = 1_700_000_000;

/// Writes values, and keeps which named types they mention.
pub(super) struct Literals<'a> {
    api: &'a Api,
    types: BTreeSet<String>,
}

impl<'a> Literals<'a> {
    pub(super) fn new(api: &'a Api) -> Self {
        Self {
            api,
            types: BTreeSet::new(),
        }
    }

    /// The named types that were mentioned.
    pub(super) fn types(&self) -> BTreeSet<String> {
        self.types.clone()
    }

    /// The call of an operation with its required values, and with all members of its body if `full`.
    pub(super) fn call(&mut self, client: &str, operation: &Operation, full: bool) -> Option<String> {
        let mut arguments = Vec::new();
        for parameter in &operation.arguments {
            arguments.push(self.parameter(parameter)?);
        }
        match &operation.body {
            Some(Body::Model { model, .. }) => arguments.push(self.model(model, full)?),
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
        Some(format!(".{}({})", parameter.name, self.parameter(parameter)?))
    }

    fn parameter(&mut self, parameter: &Parameter) -> Option<String> {
        let example = parameter.example.as_ref().or(parameter.default.as_ref());
        self.value(&parameter.ty, example, parameter.range, &parameter.name)
    }

    fn member(&mut self, member: &Member) -> Option<String> {
        let example = member.example.as_ref();
        self.value(&member.ty, example, Range::default(), &member.name)
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
            text.push_str(&format!(".{}({})", member.name, self.member(member)?));
        }
        Some(text)
    }

    fn value(&mut self, ty: &Ty, example: Option<&Value>, range: Range, name: &str) -> Option<String> {
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
                format!("time({seconds})")
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
                    _ => self.value(inner, None, range, name).map(|value| vec![value]),
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
