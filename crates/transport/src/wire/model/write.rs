//! Writing objects: as JSON, and as forms.

use std::borrow::Cow;
use std::convert::Infallible;

use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use super::member_rule::MemberRule;
use super::value::{Names, Shape, Show, Value, Values};
use crate::body::multipart::{Form, Upload};
use crate::error::Error;
use crate::request::Request;
use crate::wire::secret::{self, Secret, WipedBuffer};

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

/// An object without members.
struct Empty;

impl Values for Empty {
    fn values(&self, _: &mut dyn Show) {}
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
                let default = names.rules.iter().find_map(|(ruled, rule)| match rule {
                    MemberRule::Default(value) if ruled == name => Some(Shape::Bool(*value)),
                    MemberRule::Empty if ruled == name => Some(Shape::Object(&Empty)),
                    _ => None,
                });
                if let Some(shape) = default {
                    write(name, shape)?;
                }
            }
            Shape::Secret(secret) => match secret.refusal(name) {
                Some(reason) => write(name, Shape::Refused(reason))?,
                None => write(name, Shape::Secret(secret))?,
            },
            Shape::Integer(number) if names.rules.contains(&(name, MemberRule::Digits)) => {
                write(name, Shape::Text(number.to_string().into()))?;
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
            // JSON has no other numbers, and `null` would be written instead.
            Self::Float(number) if !number.is_finite() => Err(S::Error::custom(format!(
                "{number} is not a number in JSON"
            ))),
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
        form = form.take().map(|form| match Field::of(shape) {
            Field::Text(text) => form.text(name, text),
            Field::Secret(text, parts) => form.secret(name, &text).hide(parts),
            Field::File(file) => form.upload(name, file.clone()),
            Field::Refused(reason) => form.refused(format!("{name}: {reason}")),
        });
    });
    form.unwrap_or_default()
}

/// Adds an object to a request as `a=1&b=2`.
pub fn urlencoded(request: Request, model: &dyn Values) -> Request {
    let (mut pairs, mut secrets, mut refusal) = (Vec::new(), Vec::new(), None);
    fields("", model, &mut |name, shape| match Field::of(shape) {
        Field::Text(text) => pairs.push((name, Secret::from(&*text))),
        Field::Secret(text, parts) => {
            secrets.extend(parts);
            secrets.push(text.clone());
            pairs.push((name, text));
        }
        Field::File(_) => refusal = Some(format!("{name}: {NO_FILE}")),
        Field::Refused(reason) => refusal = Some(format!("{name}: {reason}")),
    });
    if let Some(reason) = refusal {
        return request.fail(Error::invalid(reason));
    }
    let request = secrets.iter().fold(request, Request::hide);
    request.urlencoded(pairs.iter().map(|(name, value)| (name, value.expose())))
}

/// What stands for a value in a form.
enum Field<'a> {
    Text(Cow<'a, str>),
    /// A text that is secret, and the secrets in it.
    Secret(Secret, Vec<Secret>),
    File(&'a Upload),
    Refused(String),
}

impl<'a> Field<'a> {
    fn of(shape: Shape<'a>) -> Self {
        match shape {
            Shape::Text(text) => Self::Text(text),
            Shape::Json(json) => Self::Text(json.as_str().into()),
            Shape::Secret(secret) => Self::Secret(secret.clone(), Vec::new()),
            Shape::File(file) => Self::File(file),
            Shape::Refused(reason) => Self::Refused(reason),
            // As JSON, where a text has quotes and is none of these.
            other => {
                let mut json = WipedBuffer::default();
                let (written, secrets) =
                    secret::on_the_wire(|| serde_json::to_writer(&mut json, &other));
                if let Err(error) = written {
                    return Self::Refused(error.to_string());
                }
                let json = json.into_bytes(!secrets.is_empty());
                let text = String::from_utf8_lossy(&json).into_owned();
                match secrets.is_empty() {
                    true => Self::Text(text.into()),
                    false => Self::Secret(text.into(), secrets),
                }
            }
        }
    }
}

/// Goes through the fields that a form has for an object. Members of objects in it are called `Name.Member`, of lists
/// of objects `Name[0].Member`. A list of anything else is one field for each item, all of the same name. A map, and a
/// list in a list, is JSON.
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
