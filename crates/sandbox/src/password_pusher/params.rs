//! Parameters of a request: its query, and a body of JSON or a multipart form. Only the forms that clients send are
//! played.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value};

use super::records::Upload;
use super::response::Refusal;
use crate::common::query;
use crate::common::service::header;

/// Members of the body's objects that are flags in JSON.
const FLAGS: [&str; 4] = [
    "deletable_by_viewer",
    "include_requestor",
    "response_file_attachments",
    "retrieval_step",
];

/// Members of JSON outside of an object.
const OUTSIDE: [&str; 3] = ["account_id", "notify_emails_to", "notify_emails_to_locale"];

/// Values by their names, such as `page` and `push[payload]`, and files. They may be secrets, so there is no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Params {
    values: BTreeMap<String, Value>,
    pub(crate) files: Vec<Arc<Upload>>,
}

impl Params {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// A number. Numbers are text in a form.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        let value = self.values.get(name)?;
        let written = || value.as_str()?.parse().ok();
        value.as_i64().or_else(written)
    }

    /// Whether a check box with this value is ticked; nothing if it is absent.
    pub(crate) fn ticked(&self, name: &str) -> Option<bool> {
        let value = self.values.get(name)?;
        Some(*value == true || *value == "true")
    }

    /// The members of an object such as `push`. A request without it is refused.
    pub(crate) fn of(&self, object: &'static str) -> Result<Self, Refusal> {
        let members = self.values.iter().filter_map(|(name, value)| {
            let inside = name.strip_prefix(object)?.strip_prefix('[')?;
            Some((inside.strip_suffix(']')?.to_owned(), value.clone()))
        });
        let found = Self {
            values: members.collect(),
            files: self.files.clone(),
        };
        match found.values.is_empty() && found.files.is_empty() {
            true => Err(Refusal::Missing(object)),
            false => Ok(found),
        }
    }

    /// Adds a value of the query or of a form.
    pub(crate) fn insert(&mut self, name: String, text: String) -> Result<(), Refusal> {
        if name.matches('[').count() > 1 {
            return Err(Refusal::NotPlayed("lists, or objects in objects"));
        }
        self.values.insert(name, Value::String(text));
        Ok(())
    }

    fn add_query(&mut self, query: &str) -> Result<(), Refusal> {
        if !query::is_text(query) || has_broken_escape(query) {
            return Err(UNREADABLE);
        }
        let mut pairs = query::pairs(query).into_iter();
        pairs.try_for_each(|(name, text)| self.insert(name, text))
    }

    fn add_json(&mut self, body: &Bytes) -> Result<(), Refusal> {
        let body: Map<String, Value> = serde_json::from_slice(body).map_err(|_| UNREADABLE)?;
        for (name, value) in body {
            match value {
                Value::Object(members) => {
                    for (member, value) in members {
                        let is_played = value.is_string()
                            || value.is_u64()
                            || value.is_boolean() && FLAGS.contains(&member.as_str());
                        if !is_played {
                            return Err(Refusal::NotPlayed("members of other types"));
                        }
                        self.values.insert(format!("{name}[{member}]"), value);
                    }
                }
                Value::String(text) if OUTSIDE.contains(&name.as_str()) => {
                    self.insert(name, text)?;
                }
                _ => {
                    return Err(Refusal::NotPlayed(
                        "members outside of `push` and `request`",
                    ));
                }
            }
        }
        Ok(())
    }
}

/// A multipart form, which is in a request's extensions.
#[derive(Clone)]
pub(crate) struct Form(pub(crate) Result<Params, Refusal>);

/// The refusal of a query or a body that cannot be read.
pub(crate) const UNREADABLE: Refusal = Refusal::Status(StatusCode::BAD_REQUEST);

/// Whether a percent sign begins no escape. Rack refuses that.
pub(crate) fn has_broken_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|after| {
        let digits = after.bytes().take(2);
        digits.filter(u8::is_ascii_hexdigit).count() < 2
    })
}

/// The parameters of query and body together.
pub(crate) fn read(parts: &Parts, body: &Bytes) -> Result<Params, Refusal> {
    let kind = header(&parts.headers, CONTENT_TYPE);
    let mut params = Params::default();
    if let Some(Form(form)) = parts.extensions.get() {
        params = form.clone()?;
    } else if kind.starts_with("application/json") && !body.is_empty() {
        params.add_json(body)?;
    } else if !body.is_empty() {
        return Err(Refusal::NotPlayed(
            "bodies that are neither JSON nor multipart forms",
        ));
    }
    params.add_query(parts.uri.query().unwrap_or_default())?;
    Ok(params)
}
