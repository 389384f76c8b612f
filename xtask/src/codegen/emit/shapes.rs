//! The operations of an API as data, from which the sandbox makes samples of responses and checks requests.

use heck::ToSnakeCase;
use serde_json::{Value, json};

use super::super::ir::{Api, Operation, Outcome, TimeFormat, Ty, Type};
use super::super::place::Places;
use super::requests::Requests;

/// Returns the file, with one line for each type and operation so that diffs are readable.
pub(super) fn file(description: &Value, api: &Api, places: &Places) -> String {
    let mut requests = Requests::new(description);
    let types = api.types.iter().filter(|(name, _)| places.is_read(name));
    let types = types.map(|(name, ty)| {
        let shape = match ty {
            Type::Enum(found) => found.values().collect(),
            Type::Model(model) => {
                let members = model.members.iter();
                Value::Object(
                    members
                        .map(|m| (m.wire.clone(), text(&m.ty).into()))
                        .collect(),
                )
            }
        };
        format!("{}: {shape}", json!(name))
    });
    let operations = api
        .resources
        .iter()
        .flat_map(|resource| &resource.operations);
    let mut operations: Vec<_> = operations
        .map(|operation| {
            let (method, path) = (&operation.method, &operation.path);
            json!([
                method,
                path,
                response(operation),
                requests.body(method, path),
                requests.parameters(method, path, "query"),
                requests.parameters(method, path, "path"),
                requests.status(method, path)
            ])
        })
        .collect();
    operations.sort_by_key(|row| (row[1].to_string(), row[0].to_string()));
    let types: Vec<_> = types.collect();
    let operations: Vec<_> = operations.iter().map(Value::to_string).collect();
    format!(
        "{{\"types\": {{\n{}\n}}, \"bodies\": {{\n{}\n}}, \"examples\": {}, \"operations\": [\n{}\n]}}\n",
        types.join(",\n"),
        requests.lines(),
        json!(requests.examples),
        operations.join(",\n")
    )
}

fn response(operation: &Operation) -> String {
    let inner = match &operation.outcome {
        Outcome::Empty => "none".to_owned(),
        Outcome::Download => "bytes".to_owned(),
        Outcome::Value { ty, .. } => text(ty),
        Outcome::Page(item) => format!("list<{}>", text(item)),
    };
    wrapped(&operation.wrappers, inner)
}

/// Returns a shape such as `envelope<page<T>>`. A page implies the list that it contains.
fn wrapped(wrappers: &[String], inner: String) -> String {
    wrappers.iter().rev().fold(inner, |inner, wrapper| {
        let name = wrapper.to_snake_case();
        let item = inner
            .strip_prefix("list<")
            .and_then(|rest| rest.strip_suffix('>'));
        match item {
            Some(item) if name.ends_with("page") => format!("{name}<{item}>"),
            _ => format!("{name}<{inner}>"),
        }
    })
}

fn text(ty: &Ty) -> String {
    match ty {
        Ty::Text | Ty::Secret => "string".to_owned(),
        Ty::Int32 => "i32".to_owned(),
        Ty::Int64 => "i64".to_owned(),
        Ty::Float => "f64".to_owned(),
        Ty::Bool => "bool".to_owned(),
        Ty::Time(TimeFormat::UnixSeconds) => "i64".to_owned(),
        Ty::Time(TimeFormat::Rfc3339) => "date_time".to_owned(),
        Ty::OwnText(path) => path.to_snake_case(),
        Ty::Json | Ty::Own(_) | Ty::File => "any".to_owned(),
        Ty::Enum(name) | Ty::Code(name) | Ty::Model(name) => name.clone(),
        Ty::List(inner) => format!("list<{}>", text(inner)),
        Ty::Map(inner) => format!("map<{}>", text(inner)),
        Ty::Optional(inner) => text(inner),
    }
}
