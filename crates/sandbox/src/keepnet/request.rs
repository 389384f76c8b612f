//! What a request carries, checked against the published description.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http_body_util::{BodyDataStream, Full};
use multer::Multipart;
use serde_json::Value;

use super::records::{Record, integer_of, member, record};
use super::response::Refusal;
use super::shapes::{Operation, SHAPES, inside};
use crate::common::query;
use crate::common::service::header;

/// The members of a request's body. What the description does not have is not played, except for what the service is
/// known to refuse. Sources: the vendor documents 400 for JSON Patch, and for a search without a body or without a required
/// member, which is inferred of other operations. Its front end sends integers in quotes, enumerations as numbers, and names
/// in another case.
pub(crate) fn read(
    operation: &'static Operation,
    parts: &Parts,
    raw: &Bytes,
) -> Result<Record, Refusal> {
    let check = Check(operation);
    let of = operation.body.as_str();
    for (name, _) in query::pairs(parts.uri.query().unwrap_or_default()) {
        let mut known = operation.query.iter();
        if !known.any(|known| known.eq_ignore_ascii_case(&name)) {
            return Err(check.not_played(format!("with {name} in the query")));
        }
    }
    let content_type = header(&parts.headers, CONTENT_TYPE);
    if let Some(of) = inside("form", of) {
        let parts = form(content_type, raw);
        let parts = parts.ok_or_else(|| check.not_played("with a body that is not a form"))?;
        check.form(of, &parts)?;
        return Ok(Record::new());
    }
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    match kind.to_ascii_lowercase().as_str() {
        _ if of == "none" && raw.is_empty() => Ok(Record::new()),
        _ if of == "none" => Err(check.not_played("with a body")),
        _ if raw.is_empty() && !operation.is_search() => Err(check.not_played("without a body")),
        _ if raw.is_empty() => Err(Refusal::input("Invalid request")),
        "application/json-patch+json" => Err(Refusal::input("Invalid request")),
        "application/json" => {
            let not_json = |_| check.not_played("with a body that is not JSON");
            let body = serde_json::from_slice(raw).map_err(not_json)?;
            check.value(of, &body, "body")?;
            Ok(record(body))
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

    /// The type of a member. The case of its name does not matter.
    fn member(&self, of: &str, name: &str) -> Option<&'static str> {
        let mut members = SHAPES.bodies.get(of)?.iter();
        let is_same = |known: &str| known.trim_end_matches('*').eq_ignore_ascii_case(name);
        let found = members.find(|(known, _)| is_same(known));
        found.map(|(_, of)| of.as_str())
    }

    fn value(&self, of: &str, value: &Value, at: &str) -> Result<(), Refusal> {
        let of = match of.strip_suffix("|null") {
            Some(_) if value.is_null() => return Ok(()),
            Some(of) => of,
            None => of,
        };
        let generic = of.split_once('<');
        let (generic, inner) = generic.unwrap_or(("", of));
        let inner = inner.trim_end_matches('>');
        match (generic, value) {
            ("list", Value::Array(values)) => {
                let mut values = values.iter().enumerate();
                values.try_for_each(|(index, value)| {
                    self.value(inner, value, &format!("{at}[{index}]"))
                })
            }
            ("map", Value::Object(values)) => {
                let mut values = values.iter();
                values.try_for_each(|(key, value)| self.value(inner, value, &format!("{at}.{key}")))
            }
            ("", Value::Object(given)) if SHAPES.bodies.contains_key(of) => {
                // A search refuses null by itself.
                let is_search = self.0.takes("orderBy").is_some();
                let is_term = |name: &str| is_search && ["filter", "ascending"].contains(&name);
                for (name, value) in given {
                    let at = format!("{at}.{name}");
                    let of = self.member(of, name);
                    let of = of.ok_or_else(|| self.not_played(format!("with {at}")))?;
                    if !(value.is_null() && is_term(name)) {
                        self.value(of, value, &at)?;
                    }
                }
                required(of, |name| match member(given, name) {
                    None => false,
                    Some(Value::Null) => is_term(name),
                    Some(value) => value.as_str().is_none_or(|text| !text.trim().is_empty()),
                })
            }
            ("", _) if of.split('|').any(|kind| is(kind, value)) => Ok(()),
            _ => Err(self.not_played(format!("whose {at} is not of the type {of}"))),
        }
    }

    /// Checks the names of a form's parts, and which of them are files.
    fn form(&self, of: &str, parts: &[Part]) -> Result<(), Refusal> {
        for part in parts {
            let of = self.part(of, &part.name);
            if of.is_none_or(|of| (of == "file") != part.file.is_some()) {
                return Err(self.not_played(format!("with the part {}", part.name)));
            }
        }
        required(of, |name| {
            let mut given = parts.iter().filter(|part| !part.content.is_empty());
            given.any(|part| part.name.eq_ignore_ascii_case(name))
        })
    }

    /// The type of a form's part. Names of members may have full stops, too.
    fn part(&self, of: &str, name: &str) -> Option<&'static str> {
        let item = |of: &'static str| {
            let of = of.trim_end_matches("|null").trim_start_matches("list<");
            of.trim_end_matches('>')
        };
        let inside = || {
            let mut stops = name.match_indices('.');
            stops
                .find_map(|(at, _)| self.part(item(self.member(of, &name[..at])?), &name[at + 1..]))
        };
        self.member(of, name).map(item).or_else(inside)
    }
}

/// Whether a value is of that kind.
fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "any" => true,
        "string" => value.is_string(),
        "integer" => integer_of(value).is_some(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => false,
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
