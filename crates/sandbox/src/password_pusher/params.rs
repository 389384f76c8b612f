//! Parameters of a request: its query, and a body of JSON or a multipart form. Only the forms that clients send are
//! played.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::{Map, Value, json};

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

/// Whether a member is a number, such as `expire_after_days`.
fn is_number(member: &str) -> bool {
    member.contains("_after_") || member == "expires_in"
}

/// Members of JSON outside of an object.
const OUTSIDE: [&str; 3] = ["account_id", "notify_emails_to", "notify_emails_to_locale"];

/// Values by their names, such as `page` and `push[payload]`, and files. They may be secrets, so there is no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Params {
    pub(crate) values: BTreeMap<String, Value>,
    pub(crate) files: Vec<Arc<Upload>>,
}

impl Params {
    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// A number. Numbers are text in a form, and `true` is 1 (measured on 2.11.4).
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Value::String(text) => text.parse().ok(),
            Value::Bool(flag) => Some(i64::from(*flag)),
            value => value.as_i64(),
        }
    }

    /// Whether a check box with this value is ticked; nothing if it is absent.
    pub(crate) fn ticked(&self, name: &str) -> Option<bool> {
        let value = self.values.get(name)?;
        let text = value.to_string().to_lowercase();
        let ticked = ["1", "checked", "on", "true", "yes"];
        Some(ticked.contains(&text.trim_matches('"')))
    }

    /// The members of an object such as `push`. A request without it is refused, and one with something else in its
    /// place breaks the server (measured on 2.11.4).
    pub(crate) fn of(&self, object: &'static str) -> Result<Self, Refusal> {
        let blanks = [json!(null), json!(""), json!([])];
        if (self.values.get(object)).is_some_and(|other| !blanks.contains(other)) {
            return Err(Refusal::BROKEN);
        }
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
            return Err(Refusal::NotPlayed("lists, or objects in objects".into()));
        }
        self.values.insert(name, Value::String(text));
        Ok(())
    }

    /// Notes a value that the open-source server ignores because of its form (measured on 2.11.4).
    pub(crate) fn ignore(&mut self, name: &str) {
        self.values
            .insert(format!("{name} in that form"), Value::Null);
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
                        let is_files = member == "files";
                        let is_flag = FLAGS.contains(&member.as_str());
                        let name = format!("{name}[{member}]");
                        let is_ignored = match &value {
                            Value::Null | Value::String(_) => is_files,
                            other => is_flag && other.is_array(),
                        };
                        if is_ignored {
                            self.ignore(&name);
                            continue;
                        }
                        let is_played = match &value {
                            Value::Array(ids) => is_files && ids.iter().any(|id| *id != ""),
                            Value::Bool(_) => is_flag || member.starts_with("expire_after_"),
                            Value::Number(number) => {
                                is_flag || number.is_u64() && is_number(&member)
                            }
                            other => other.is_string(),
                        };
                        if !is_played {
                            let what = format!("{name} with a value of that type");
                            return Err(Refusal::NotPlayed(what.into()));
                        }
                        self.values.insert(name, value);
                    }
                }
                Value::String(text) if OUTSIDE.contains(&name.as_str()) => {
                    self.insert(name, text)?;
                }
                other if name == "push" => drop(self.values.insert(name, other)),
                _ => {
                    let what = format!("{name} outside of `push` and `request`");
                    return Err(Refusal::NotPlayed(what.into()));
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
            "bodies that are neither JSON nor multipart forms".into(),
        ));
    }
    params.add_query(parts.uri.query().unwrap_or_default())?;
    Ok(params)
}
