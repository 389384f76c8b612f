//! Values that fit the description, written as Rust, for examples and for the exerciser.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::super::ir::{
    Api, Body, Encoding, ID_NAMES, Length, Member, Operation, Parameter, Place, Range, Ty, Type,
};
use super::super::read::OWN_ID;

/// The time used if the description has no example.
const SOME_TIME: i64 = 1_700_000_000;

/// The example of an id in UUID format.
const UUID: &str = "7f1c2d7e-9a1b-4c3d-8e5f-0a1b2c3d4e5f";

/// The example of the id of another record, which only Keepnet's members have in their names.
const SOME_ID: &str = "UYdY2XtFcZT6";

/// The content of CSV files. The description gives only their names.
const TABLE: &str = "Email,First name\njohn.hill@example.com,John\n";

/// Members by type and wire name.
pub(super) type Sent = RefCell<BTreeSet<(String, String)>>;

/// Writes values, and records the named types that they mention.
pub(super) struct Literals<'a> {
    api: &'a Api,
    /// Formats a time, given in seconds, as a Rust expression.
    time: &'a dyn Fn(i64) -> String,
    /// The expression for each id, by its name in `x-id-of`. It replaces the example.
    ids: BTreeMap<String, String>,
    /// The path of the exerciser's `report` module, if the values are for the exerciser.
    exerciser: Option<String>,
    /// The members that the exerciser's calls send so far.
    sent: Option<&'a Sent>,
    /// The column by which the operation's search is sorted.
    order_by: String,
    /// The types of the objects being written, outermost first.
    open: Vec<String>,
    /// The resource of the operation whose values are written.
    resource: String,
    /// A suffix that keeps the names and addresses of the operation unique, since no two records may share them.
    distinction: Option<String>,
    /// The ids that were written, each with the example that it replaced.
    used: BTreeMap<String, String>,
    types: BTreeSet<String>,
    /// Hand-written types of the service's crate that were mentioned.
    own: BTreeSet<String>,
}

impl<'a> Literals<'a> {
    pub(super) fn new(api: &'a Api, time: &'a dyn Fn(i64) -> String) -> Self {
        Self {
            api,
            time,
            ids: BTreeMap::new(),
            exerciser: None,
            sent: None,
            order_by: "Email".to_owned(),
            open: Vec::new(),
            resource: String::new(),
            distinction: None,
            used: BTreeMap::new(),
            types: BTreeSet::new(),
            own: BTreeSet::new(),
        }
    }

    /// Configures the writer for the exerciser. `ids` replace examples, members with a variable are read from the
    /// environment, and names are unique to the call. Each member of each type is written at least once.
    pub(super) fn exercising(
        mut self,
        exerciser: &str,
        sent: &'a Sent,
        operation: &Operation,
        distinction: &str,
        ids: BTreeMap<String, String>,
    ) -> Self {
        self.ids = ids;
        self.exerciser = Some(exerciser.to_owned());
        self.sent = Some(sent);
        if let Some(Body::Search { order_by, .. }) = &operation.body {
            self.order_by.clone_from(order_by);
        }
        self.resource.clone_from(&operation.resource);
        self.distinction = (!operation.idempotent).then(|| distinction.to_owned());
        self
    }

    /// Returns the ids that were written, by their name in `x-id-of`, each with the example that it replaced.
    pub(super) fn used(&self) -> &BTreeMap<String, String> {
        &self.used
    }

    /// Returns the named types that were mentioned.
    pub(super) fn types(&self) -> BTreeSet<String> {
        self.types.clone()
    }

    /// Returns the names of the hand-written types that were mentioned.
    pub(super) fn own(&self) -> BTreeSet<String> {
        self.own.clone()
    }

    /// Returns the call that the description states in `x-call`, with the values of its path filled in.
    pub(super) fn given_call(&mut self, client: &str, operation: &Operation) -> Option<String> {
        let mut call = operation.call.clone()?;
        for parameter in &operation.arguments {
            let value = self.argument(parameter, operation)?;
            call = call.replace(&format!("{{{}}}", parameter.wire), &value);
        }
        Some(format!("{client}.{call}"))
    }

    /// Returns the call of an operation with its required values. A body with several members is passed as the variable
    /// of its name.
    pub(super) fn call(&mut self, client: &str, operation: &Operation) -> Option<String> {
        let mut arguments = Vec::new();
        for parameter in &operation.arguments {
            arguments.push(self.argument(parameter, operation)?);
        }
        match &operation.body {
            Some(Body::Model {
                name,
                encoding: Encoding::Multipart,
                ..
            }) => arguments.push(name.clone()),
            Some(Body::Model { name, .. }) => arguments.push(format!("&{name}")),
            Some(Body::List { name, ty }) => {
                arguments.push(self.value(ty, None, Range::default(), name)?);
            }
            Some(Body::Search { ty, .. }) => {
                let search = self.value(ty, None, Range::default(), "")?;
                arguments.push(match &self.exerciser {
                    Some(exerciser) => {
                        format!("{exerciser}::searching({search}, {:?})", self.order_by)
                    }
                    None => search,
                });
            }
            Some(Body::Member(member)) => arguments.push(self.member(member, 0)?),
            None => {}
        }
        Some(format!(
            "{client}.{}().{}({})",
            operation.resource,
            operation.name,
            arguments.join(", ")
        ))
    }

    /// Returns `.name(value)`.
    pub(super) fn option(&mut self, parameter: &Parameter) -> Option<String> {
        Some(format!(
            ".{}({})",
            parameter.name,
            self.parameter(parameter)?
        ))
    }

    /// Returns a required parameter. `id` and the like in the path are the id of the operation's resource.
    fn argument(&mut self, parameter: &Parameter, operation: &Operation) -> Option<String> {
        let own = parameter.place == Place::Path && ID_NAMES.contains(&parameter.wire.as_str());
        if own && matches!(parameter.ty, Ty::Text | Ty::Secret) && parameter.id_of.is_none() {
            let example = parameter.example.as_ref();
            if let Some(id) = self.id(Some(&operation.resource), example) {
                return Some(id);
            }
        }
        self.parameter(parameter)
    }

    fn parameter(&mut self, parameter: &Parameter) -> Option<String> {
        let example = parameter.example.as_ref().or(parameter.default.as_ref());
        self.id_as(&parameter.ty, parameter.id_of.as_ref(), example)
            .or_else(|| self.value(&parameter.ty, example, parameter.range, &parameter.name))
    }

    fn member(&mut self, member: &Member, depth: usize) -> Option<String> {
        let example = member.example.as_ref();
        if let Some(id) = self.id_as(&member.ty, member.id_of.as_ref(), example) {
            return Some(id);
        }
        let value = match (
            &member.ty,
            self.value_at(&member.ty, example, Range::default(), &member.name, depth)?,
        ) {
            (Ty::Text | Ty::Secret, value) => {
                let text = syn::parse_str::<syn::LitStr>(&value).ok()?.value();
                format!(
                    "{:?}",
                    fitting(&text, member.format.as_deref(), member.length)
                )
            }
            (_, value) => value,
        };
        if let Some((exerciser, variable)) = self.exerciser.as_ref().zip(member.variable.as_ref()) {
            return Some(format!("{exerciser}::variable({variable:?}, {value})"));
        }
        match &self.distinction {
            Some(distinction) if depth == 0 && member.ty == Ty::Text => {
                let text = syn::parse_str::<syn::LitStr>(&value).ok()?.value();
                let text = match member.wire.as_str() {
                    "name" | "clientId" => format!("{text}-{distinction}"),
                    "email" => text.replacen('@', &format!("+{distinction}@"), 1),
                    _ => text,
                };
                Some(format!("{:?}", fitting(&text, None, member.length)))
            }
            _ => Some(value),
        }
    }

    /// Returns the known id of a resource as a value of this type: an id, or a list of ids.
    fn id_as(
        &mut self,
        ty: &Ty,
        resource: Option<&String>,
        example: Option<&Value>,
    ) -> Option<String> {
        match ty {
            Ty::List(_) => {
                let example = example.and_then(|examples| examples.get(0));
                Some(format!("[{}]", self.id(resource, example)?))
            }
            _ => self.id(resource, example),
        }
    }

    fn is_model(&self, name: &str) -> bool {
        matches!(self.api.types.get(name), Some(Type::Model(_)))
    }

    /// Returns the known id of a resource.
    fn id(&mut self, resource: Option<&String>, example: Option<&Value>) -> Option<String> {
        let resource = match resource?.as_str() {
            OWN_ID => self.resource.clone(),
            resource => resource.to_owned(),
        };
        let known = self.ids.get(&resource)?.clone();
        let example = example.and_then(Value::as_str).unwrap_or("none");
        self.used
            .entry(resource)
            .or_insert_with(|| example.to_owned());
        Some(known)
    }

    /// Returns the statement that builds the body of a call: with all members if `full`, otherwise with the first
    /// optional one.
    pub(super) fn body(&mut self, operation: &Operation, full: bool) -> Option<String> {
        match &operation.body {
            Some(Body::Model { name, model, .. }) => {
                Some(format!("let {name} = {};", self.model(model, full, 0)?))
            }
            _ => Some(String::new()),
        }
    }

    /// Returns an object with its required members, and with the first or all of the optional ones. Nested objects of
    /// nested objects are written only if they are required or not sent yet.
    fn model(&mut self, name: &str, full: bool, depth: usize) -> Option<String> {
        let Some(Type::Model(model)) = self.api.types.get(name) else {
            return None;
        };
        self.types.insert(name.to_owned());
        // A nested value of the same type gets required members only, so that recursion ends.
        let is_inner = self.open.iter().any(|open| open == name);
        self.open.push(name.to_owned());
        let (required, optional): (Vec<_>, Vec<_>) = model.members.iter().partition(|m| m.required);
        let mut arguments = Vec::new();
        for member in required {
            arguments.push(self.member(member, depth)?);
            self.note(name, member);
        }
        let optional = optional.into_iter().filter(|member| {
            let is_deep = depth > 0 && member.ty.named().is_some_and(|name| self.is_model(name));
            !is_inner && (!is_deep || self.is_due(name, member))
        });
        let optional: Vec<_> = optional.collect();
        let mut text = format!("{name}::new({})", arguments.join(", "));
        let shown = if full { optional.len() } else { 1 };
        for member in optional.into_iter().take(shown) {
            // Examples omit members of any JSON type.
            if let Some(value) = self.member(member, depth) {
                text.push_str(&format!(".{}({value})", member.name));
                self.note(name, member);
            }
        }
        self.open.pop();
        Some(text)
    }

    /// Returns whether the exerciser has yet to send this member.
    fn is_due(&self, model: &str, member: &Member) -> bool {
        let key = (model.to_owned(), member.wire.clone());
        self.sent.is_some_and(|sent| !sent.borrow().contains(&key))
    }

    fn note(&self, model: &str, member: &Member) {
        if let Some(sent) = self.sent {
            let key = (model.to_owned(), member.wire.clone());
            sent.borrow_mut().insert(key);
        }
    }

    /// Returns an owned value, as maps and lists need it.
    fn owned(
        &mut self,
        ty: &Ty,
        example: Option<&Value>,
        name: &str,
        depth: usize,
    ) -> Option<String> {
        let value = self.value_at(ty, example, Range::default(), name, depth);
        match ty {
            Ty::Text | Ty::Secret | Ty::OwnText(_) => Some(format!("{}.into()", value?)),
            Ty::List(inner) => Some(format!("vec![{}]", self.owned(inner, None, name, depth)?)),
            _ => value,
        }
    }

    fn value(
        &mut self,
        ty: &Ty,
        example: Option<&Value>,
        range: Range,
        name: &str,
    ) -> Option<String> {
        self.value_at(ty, example, range, name, 0)
    }

    fn value_at(
        &mut self,
        ty: &Ty,
        example: Option<&Value>,
        range: Range,
        name: &str,
        depth: usize,
    ) -> Option<String> {
        Some(match ty {
            Ty::Text | Ty::Secret => match example {
                Some(Value::Number(number)) => format!("{:?}", number.to_string()),
                example => {
                    let usual = if is_id(name) { SOME_ID } else { name };
                    format!("{:?}", example.and_then(Value::as_str).unwrap_or(usual))
                }
            },
            Ty::OwnText(kind) => {
                let usual = match kind.as_str() {
                    "TimeSpan" => "00:10:00",
                    _ => "2026-01-31T12:00:00Z",
                };
                format!("{:?}", example.and_then(Value::as_str).unwrap_or(usual))
            }
            Ty::Own(path) if path.ends_with("::Filter") && self.exerciser.is_some() => {
                format!("{}::filter({:?})", self.exerciser.as_ref()?, self.order_by)
            }
            Ty::Own(path) => {
                let name = path.rsplit("::").next().unwrap_or(path);
                self.own.insert(name.to_owned());
                format!("{name}::default()")
            }
            Ty::File => self.file(example),
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
            Ty::Enum(ty) | Ty::Code(ty) => self.variant(ty, example)?,
            Ty::Model(model) => self.model(model, true, depth + 1)?,
            Ty::List(inner) => self.list(inner, example, range, name, depth)?,
            // Examples omit values of any JSON type.
            _ if self.exerciser.is_none() => return None,
            Ty::Map(inner) => {
                let examples = example.and_then(Value::as_object);
                let (key, example) = examples
                    .and_then(|examples| examples.iter().next())
                    .map_or(("key", None), |(key, example)| (key, Some(example)));
                let value = self.owned(inner, example, name, depth)?;
                format!("[({key:?}.into(), {value})].into()")
            }
            Ty::Optional(inner) => format!("Some({})", self.owned(inner, example, name, depth)?),
            Ty::Json => {
                let json = example.map_or_else(|| "{}".to_owned(), Value::to_string);
                format!("{}::json({json:?})", self.exerciser.as_ref()?)
            }
        })
    }

    /// Returns a list of the values that the example has, or else of one.
    fn list(
        &mut self,
        inner: &Ty,
        example: Option<&Value>,
        range: Range,
        name: &str,
        depth: usize,
    ) -> Option<String> {
        let values: Option<Vec<_>> = match example.and_then(Value::as_array) {
            Some(examples) if !examples.is_empty() => examples
                .iter()
                .map(|example| self.value_at(inner, Some(example), range, name, depth))
                .collect(),
            _ => self
                .value_at(inner, None, range, name, depth)
                .map(|value| vec![value]),
        };
        Some(format!("[{}]", values?.join(", ")))
    }

    /// Returns a file with a name, and with content that fits its ending.
    fn file(&mut self, example: Option<&Value>) -> String {
        self.own.insert("Upload".to_owned());
        let file = example.and_then(Value::as_str).unwrap_or("file.txt");
        let content = match file.ends_with(".csv") {
            true => TABLE,
            false => "content",
        };
        format!("Upload::bytes({file:?}, {content:?})")
    }

    /// Returns the variant of an enumeration that the example names, or else its first.
    fn variant(&mut self, name: &str, example: Option<&Value>) -> Option<String> {
        let Some(Type::Enum(found)) = self.api.types.get(name) else {
            return None;
        };
        let wanted = example.and_then(|example| match example {
            Value::Number(number) => Some(number.to_string()),
            example => example.as_str().map(str::to_owned),
        });
        let mut variants = found.variants.iter();
        let variant = variants
            .find(|variant| Some(&variant.wire) == wanted.as_ref())
            .or(found.variants.first());
        self.types.insert(name.to_owned());
        Some(match variant {
            Some(variant) => format!("{name}::{}", variant.name),
            // The enumeration lists no value.
            None => format!("{name}::from({:?})", wanted.as_deref().unwrap_or("Unknown")),
        })
    }
}

/// Whether the member of this name holds ids of other records.
fn is_id(name: &str) -> bool {
    let name = name.replace('_', "").to_lowercase();
    name.contains("resourceid") || name.ends_with("items")
}

/// Adapts `text` to a format and a length.
fn fitting(text: &str, format: Option<&str>, length: Length) -> String {
    let least = length.least.unwrap_or_default();
    let text = match format {
        Some("email") if !text.contains('@') => "john.hill@example.com",
        Some("uuid") if text.len() != UUID.len() => UUID,
        Some("uri") if !text.contains("://") => "https://www.example.com/",
        Some("date") if !text.starts_with(|c: char| c.is_ascii_digit()) => "2026-01-31",
        _ if least == UUID.len() && text.chars().count() < least => UUID,
        _ => text,
    };
    let mut fitting: Vec<char> = text.chars().collect();
    // Shorten from the front: the unique suffix is at the end.
    let over = fitting
        .len()
        .saturating_sub(length.most.unwrap_or(usize::MAX));
    fitting.drain(..over);
    fitting.resize(fitting.len().max(least), 'x');
    fitting.into_iter().collect()
}

/// Returns the option that an example shows: one that needs no import and is not inferred.
pub(super) fn shown_option(operation: &Operation) -> Option<&Parameter> {
    use super::super::ir::Source;
    operation.options.iter().find(|option| {
        matches!(option.ty, Ty::Text | Ty::Bool)
            && option.deprecated.is_none()
            && option.source != Some(Source::Inferred)
    })
}
