//! What a request carries, checked against the published description.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyDataStream, Full};
use jiff::civil::Time;
use multer::Multipart;
use serde_json::Value;

use super::call::Params;
use super::dates;
use super::records::{Record, integer_of, record};
use super::response::Refusal;
use super::shapes::{Members, Operation, SHAPES, inside};
use crate::common::query;
use crate::common::service::{header, media_type};

/// The members of a request's body. What the description does not have is not played, except for what the service is
/// known to refuse. Sources: the vendor documents 400 for JSON Patch, and for a search without a body or without a required
/// member, which is inferred of other operations. Its front end sends integers in quotes, enumerations as numbers, and names
/// in another case.
pub(crate) fn read(
    operation: &'static Operation,
    params: &Params,
    parts: &Parts,
    raw: &Bytes,
) -> Result<Record, Refusal> {
    let check = Check(operation);
    let of = operation.body.as_str();
    for (name, value) in params {
        check.parameter(&operation.segments, name, value, "path")?;
    }
    for (name, value) in query::pairs(parts.uri.query().unwrap_or_default()) {
        check.parameter(&operation.query, &name, &value, "query")?;
    }
    let content_type = header(&parts.headers, CONTENT_TYPE);
    if let Some(of) = inside("form", of) {
        let parts = form(content_type, raw);
        let parts = parts.ok_or_else(|| check.not_played("with a body that is not a form"))?;
        check.form(of, &parts)?;
        return Ok(Record::new());
    }
    match media_type(&parts.headers).as_str() {
        _ if of == "none" && raw.is_empty() => Ok(Record::new()),
        _ if of == "none" => Err(check.not_played("with a body")),
        _ if raw.is_empty() && !operation.is_search() => Err(check.not_played("without a body")),
        _ if raw.is_empty() => Err(Refusal::input("Invalid request")),
        "application/json-patch+json" => Err(Refusal::input("Invalid request")),
        "application/json" => {
            let not_json = |_| check.not_played("with a body that is not JSON");
            let body = serde_json::from_slice(raw).map_err(not_json)?;
            Ok(record(check.value(of, body, "body")?))
        }
        _ => Err(check.not_played("with a body that is not JSON")),
    }
}

/// Checks the request of an operation. Types are texts, as `shapes.json` has them.
struct Check(&'static Operation);

impl Check {
    fn not_played(&self, what: impl AsRef<str>) -> Refusal {
        Refusal::not_played(format!("{} {}", self.0.name(), what.as_ref()))
    }

    fn parameter(
        &self,
        known: &Members,
        name: &str,
        value: &str,
        place: &str,
    ) -> Result<(), Refusal> {
        let found = named(known, name);
        let (_, of) =
            found.ok_or_else(|| self.not_played(format!("with {name} in the {place}")))?;
        self.text(of, value, || format!("{name} in the {place}"))
    }

    /// Checks a text that stands for a value, as in a query or a form. Its place is named by `at`.
    fn text(&self, of: &str, text: &str, at: impl Fn() -> String) -> Result<(), Refusal> {
        let is_of = |kind| match kind {
            "boolean" => text.parse::<bool>().is_ok(),
            _ => is(kind, &text.into()),
        };
        match of.contains('<') || of.split('|').any(is_of) {
            true => Ok(()),
            false => Err(self.not_played(format!("whose {} is not of the type {of}", at()))),
        }
    }

    /// The value with the names of members as the description has them.
    fn value(&self, of: &str, value: Value, at: &str) -> Result<Value, Refusal> {
        let of = match of.strip_suffix("|null") {
            Some(_) if value.is_null() => return Ok(value),
            Some(of) => of,
            None => of,
        };
        let generic = of.split_once('<');
        let (generic, inner) = generic.unwrap_or(("", of));
        let inner = inner.trim_end_matches('>');
        match (generic, value) {
            ("list", Value::Array(values)) => {
                let values = values.into_iter().enumerate();
                let values = values
                    .map(|(index, value)| self.value(inner, value, &format!("{at}[{index}]")));
                values.collect()
            }
            ("map", Value::Object(values)) => {
                let values = values.into_iter().map(|(key, value)| {
                    let value = self.value(inner, value, &format!("{at}.{key}"))?;
                    Ok((key, value))
                });
                Ok(Value::Object(values.collect::<Result<_, _>>()?))
            }
            ("", Value::Object(given)) if SHAPES.bodies.contains_key(of) => {
                // A search refuses null by itself.
                let (is_search, has_order) =
                    (self.0.is_search(), self.0.takes("orderBy").is_some());
                let is_term = |name: &str| match name {
                    "filter" => has_order,
                    "ascending" => is_search,
                    _ => false,
                };
                let known = &SHAPES.bodies[of];
                let mut members = Record::new();
                for (name, value) in given {
                    let at = format!("{at}.{name}");
                    let (key, of) =
                        named(known, &name).ok_or_else(|| self.not_played(format!("with {at}")))?;
                    let name = key.trim_end_matches('*');
                    // A required text that is blank is refused as if it were missing.
                    let is_missing = key.ends_with('*') && is_blank(&value);
                    let value = match is_missing || value.is_null() && is_term(name) {
                        true => value,
                        false => self.value(of, value, &at)?,
                    };
                    if members.insert(name.to_owned(), value).is_some() {
                        return Err(self.not_played(format!("with {at} in two cases")));
                    }
                }
                required(of, |name| match members.get(name) {
                    None => false,
                    Some(Value::Null) => is_term(name),
                    Some(value) => !is_blank(value),
                })?;
                Ok(Value::Object(members))
            }
            ("", value) if of.split('|').any(|kind| is(kind, &value)) => Ok(value),
            _ => Err(self.not_played(format!("whose {at} is not of the type {of}"))),
        }
    }

    /// Checks the names of a form's parts, which of them are files, and the values of the others.
    fn form(&self, of: &str, parts: &[Part]) -> Result<(), Refusal> {
        required(of, |name| {
            let mut given = parts.iter().filter(|part| !part.content.is_empty());
            given.any(|part| part.name.eq_ignore_ascii_case(name))
        })?;
        for part in parts {
            let of = self.part(of, &part.name);
            let of = of.filter(|of| (*of == "file") == part.file.is_some());
            let of = of.ok_or_else(|| self.not_played(format!("with the part {}", part.name)))?;
            if part.file.is_none() {
                let text = String::from_utf8_lossy(&part.content);
                self.text(of, &text, || format!("part {}", part.name))?;
            }
        }
        Ok(())
    }

    /// The type of a form's part. Names of members may have full stops, too.
    fn part(&self, of: &str, name: &str) -> Option<&'static str> {
        let item = |of: &'static str| {
            let of = of.trim_end_matches("|null").trim_start_matches("list<");
            of.trim_end_matches('>')
        };
        let members = SHAPES.bodies.get(of)?;
        let member = |name: &str| named(members, name).map(|(_, of)| of);
        let inside = || {
            let mut stops = name.match_indices('.');
            stops.find_map(|(at, _)| self.part(item(member(&name[..at])?), &name[at + 1..]))
        };
        member(name).map(item).or_else(inside)
    }
}

/// The member with that name, in any case, and its type.
fn named<'a>(members: &'a Members, name: &str) -> Option<(&'a str, &'a str)> {
    let mut members = members.iter();
    let is_it = |known: &str| known.trim_end_matches('*').eq_ignore_ascii_case(name);
    let (known, of) = members.find(|(known, _)| is_it(known))?;
    Some((known, of))
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// Whether a value is of that kind.
fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "any" => true,
        "integer" => integer_of(value).is_some(),
        "i32" => integer_of(value).is_some_and(|number| i32::try_from(number).is_ok()),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => value.as_str().is_some_and(|text| is_text(kind, text)),
    }
}

/// Whether a text is of that kind. `string(5..64)` has so many characters, and may lack either bound.
fn is_text(kind: &str, text: &str) -> bool {
    match kind {
        "string" => true,
        "date_time" => dates::parse(text).is_some(),
        "time_span" => text.parse::<Time>().is_ok(),
        // There is one at sign, inside of it. Source: what .NET asks of an address.
        "email" => text.trim_matches('@') == text && text.matches('@').count() == 1,
        _ => {
            let length = kind.strip_prefix("string(").unwrap_or_default();
            let length = length.trim_end_matches(')').split_once("..");
            length.is_some_and(|(least, most)| {
                let (least, most) = (least.parse().unwrap_or(0), most.parse());
                (least..=most.unwrap_or(usize::MAX)).contains(&text.chars().count())
            })
        }
    }
}

/// Refuses an object of that type that lacks a member.
fn required(of: &str, has: impl Fn(&str) -> bool) -> Result<(), Refusal> {
    let members = SHAPES.bodies.get(of).into_iter().flatten();
    let names = members.filter_map(|(name, _)| name.strip_suffix('*'));
    let missing: Vec<_> = names
        .filter(|name| !has(name))
        .map(|name| format!("The {name} field is required."))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Refusal::inputs(missing)),
    }
}

/// A part of a form.
pub(crate) struct Part {
    /// Without positions in lists: `Languages.Subject` for `Languages[0].Subject`.
    name: String,
    /// The name of the file, if it is one.
    pub(crate) file: Option<String>,
    pub(crate) content: Bytes,
}

/// The parts of a `multipart/form-data` body, if it is one.
pub(crate) fn form(content_type: &str, body: &Bytes) -> Option<Vec<Part>> {
    let boundary = multer::parse_boundary(content_type).unwrap_or_default();
    let reading = pin!(read_form(boundary, body.clone()));
    // The whole body is here, so nothing waits.
    match reading.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(parts) => parts.ok(),
        Poll::Pending => None,
    }
}

async fn read_form(boundary: String, body: Bytes) -> Result<Vec<Part>, multer::Error> {
    let mut form = Multipart::new(BodyDataStream::new(Full::new(body)), boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await? {
        let names = field.name().unwrap_or_default().split(['[', ']']);
        parts.push(Part {
            name: names.step_by(2).collect(),
            file: field.file_name().map(str::to_owned),
            content: field.bytes().await?,
        });
    }
    Ok(parts)
}
