//! Writing objects: as JSON, and as forms.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use super::Mark;
use super::value::{Names, Shape, Show, Value, Values};
use crate::body::multipart::Form;
use crate::error::Error;
use crate::request::Request;

const NO_FILE: &str = "a file can be sent only in a form of several parts";

/// Writes an object; the body of a model's `Serialize` implementation.
///
/// # Errors
/// Whatever encoding a member gives.
pub fn serialize<S: Serializer>(model: &dyn Values, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    entries(model, &mut map)?;
    map.end()
}

fn entries<M: SerializeMap>(model: &dyn Values, map: &mut M) -> Result<(), M::Error> {
    struct Write<'a, M: SerializeMap>(&'a mut M, Result<(), M::Error>);

    impl<M: SerializeMap> Show for Write<'_, M> {
        fn members(&mut self, names: &'static Names, values: &[&dyn Value]) {
            self.1 = each(names, values, &mut |name, shape| match shape {
                Shape::Object(members) if name.is_empty() => entries(members, self.0),
                shape => self.0.serialize_entry(name, &shape),
            });
        }
    }

    let mut write = Write(map, Ok(()));
    model.values(&mut write);
    write.1
}

/// Goes through the members that are sent.
fn each<E>(
    names: &'static Names,
    values: &[&dyn Value],
    write: &mut dyn FnMut(&'static str, Shape<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for (name, value) in names.wire.iter().zip(values) {
        match value.shape() {
            Shape::Absent => {
                let default = names.marks.iter().find_map(|(marked, mark)| match mark {
                    Mark::Default(value) if marked == name => Some(*value),
                    _ => None,
                });
                if let Some(value) = default {
                    write(name, Shape::Bool(value))?;
                }
            }
            shape => write(name, shape)?,
        }
    }
    Ok(())
}

impl Serialize for Shape<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Integer(number) => serializer.serialize_i64(*number),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Secret(secret) => secret.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Map(entries) => {
                serializer.collect_map(entries.iter().map(|(key, value)| (key, value)))
            }
            Self::Object(model) => self::serialize(*model, serializer),
            Self::Json(json) => json.serialize(serializer),
            Self::File(_) => Err(S::Error::custom(NO_FILE)),
            Self::Refused(reason) => Err(S::Error::custom(reason)),
        }
    }
}

/// Writes an object as the parts of a form.
#[must_use]
pub fn form(model: &dyn Values) -> Form {
    let mut form = Some(Form::new());
    fields("", model, &mut |name, shape| {
        form = form.take().map(|form| match shape {
            Shape::Secret(secret) => form.secret(name, secret),
            Shape::File(file) => form.upload(name, file.clone()),
            Shape::Refused(reason) => form.refused(reason),
            other => form.text(name, text(other)),
        });
    });
    form.unwrap_or_default()
}

/// Adds an object to a request as `a=1&b=2`.
pub fn urlencoded(request: Request, model: &dyn Values) -> Request {
    let (mut pairs, mut secrets, mut refusal) = (Vec::new(), Vec::new(), None);
    fields("", model, &mut |name, shape| match shape {
        Shape::Secret(secret) => {
            secrets.push(secret.clone());
            pairs.push((name, secret.expose().to_owned()));
        }
        Shape::File(_) => refusal = Some(format!("{name}: {NO_FILE}")),
        Shape::Refused(reason) => refusal = Some(reason),
        other => pairs.push((name, text(other).into_owned())),
    });
    let request = secrets.iter().fold(request, Request::hide);
    match refusal {
        Some(reason) => request.fail(Error::invalid(reason)),
        None => request.urlencoded(pairs),
    }
}

/// Goes through the fields that a form has for an object. Members of objects in it are called `Name.Member`, of lists of
/// objects `Name[0].Member`. A list of anything else is one field for each item, all of the same name.
fn fields(prefix: &str, model: &dyn Values, write: &mut dyn FnMut(String, Shape<'_>)) {
    struct Write<'a>(&'a str, &'a mut dyn FnMut(String, Shape<'_>));

    impl Show for Write<'_> {
        fn members(&mut self, names: &'static Names, values: &[&dyn Value]) {
            each(names, values, &mut |name, shape| {
                field(format!("{}{name}", self.0), shape, self.1);
                Ok::<(), Infallible>(())
            })
            .unwrap_or_else(|never| match never {});
        }
    }

    model.values(&mut Write(prefix, write));
}

fn field(name: String, shape: Shape<'_>, write: &mut dyn FnMut(String, Shape<'_>)) {
    match shape {
        Shape::Object(model) => fields(&format!("{name}."), model, write),
        Shape::List(items) => {
            for (index, item) in items.into_iter().enumerate() {
                match item {
                    Shape::Object(model) => fields(&format!("{name}[{index}]."), model, write),
                    item => write(name.clone(), item),
                }
            }
        }
        shape => write(name, shape),
    }
}

/// What stands for the value in a form.
fn text(shape: Shape<'_>) -> Cow<'_, str> {
    match shape {
        Shape::Text(text) => text,
        Shape::Json(json) => json.as_str().into(),
        // A text in JSON has quotes and is none of these.
        other => serde_json::to_string(&other).unwrap_or_default().into(),
    }
}
