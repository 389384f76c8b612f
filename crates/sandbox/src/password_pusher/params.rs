//! Parameters of a request: its query, and a body of JSON or a multipart form. Only the forms that clients send are
//! played.

use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use serde_json::{Map, Value, json};

use super::records::Upload;
use super::response::Refusal;
use super::ruby;
use crate::common::query;
use crate::common::service::media_type;

/// The objects that have members. Any others are not played.
const OBJECTS: [&str; 2] = ["push", "request"];

/// Members of these objects that are flags in JSON.
const FLAGS: [&str; 4] = [
    "deletable_by_viewer",
    "include_requestor",
    "response_file_attachments",
    "retrieval_step",
];

/// The media types that Rails reads as JSON (`action_dispatch/http/mime_types.rb`).
const JSON: [&str; 3] = ["application/json", "application/jsonrequest", "text/x-json"];

/// Values by their names; `push` and `request` are objects. `files` is null in an object that the uploaded files belong
/// to. They may be secrets, so there is no `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Params {
    pub(crate) values: Map<String, Value>,
    pub(crate) files: Vec<Arc<Upload>>,
}

impl Params {
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name)?.as_str()
    }

    /// A whole number, as Active Model casts it: `true` is 1 (measured on 2.11.4), a blank text is nothing, and `to_i`
    /// reads any other text or number.
    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        match self.values.get(name)? {
            Value::String(text) if text.trim().is_empty() => None,
            Value::String(text) => Some(ruby::to_i(text)),
            Value::Bool(flag) => Some(i64::from(*flag)),
            value => Some(ruby::to_i(&format!("{:.0}", value.as_f64()?.trunc()))),
        }
    }

    /// Whether a check box with this value is ticked; nothing if it is absent, or a list (measured on 2.11.4).
    pub(crate) fn ticked(&self, name: &str) -> Option<bool> {
        let value = self.values.get(name).filter(|value| !value.is_array())?;
        let text = value.to_string().to_lowercase();
        let ticked = ["1", "checked", "on", "true", "yes"];
        Some(ticked.contains(&text.trim_matches('"')))
    }

    /// The values with their full names, such as `push[payload]`.
    pub(crate) fn flat(&self) -> impl Iterator<Item = (String, &Value)> {
        self.values.iter().flat_map(|(name, value)| match value {
            Value::Object(members) if !members.is_empty() => {
                let named = |(member, value)| (format!("{name}[{member}]"), value);
                members.iter().map(named).collect()
            }
            _ => vec![(name.clone(), value)],
        })
    }

    /// The members of an object such as `push`. A request without it is refused, and one with something else in its
    /// place breaks the server (measured on 2.11.4). What is blank is absent (`require`), and so are nulls in a list.
    pub(crate) fn of(&self, object: &'static str) -> Result<Self, Refusal> {
        let values = match self.values.get(object).unwrap_or(&Value::Null) {
            Value::Object(members) => members.clone(),
            Value::Null => Map::new(),
            Value::String(text) if text.trim().is_empty() => Map::new(),
            Value::Array(items) if items.iter().all(Value::is_null) => Map::new(),
            _ => return Err(Refusal::BROKEN),
        };
        if values.is_empty() {
            return Err(Refusal::Missing(object));
        }
        let are_its = values.get("files") == Some(&Value::Null);
        let files = self.files.iter().filter(|_| are_its).cloned().collect();
        Ok(Self { values, files })
    }

    /// Adds a value of the query or of a form, whose name may be `push[payload]`, or `push[]` for the item of a list.
    /// An object and a list with one name are refused (`Rack::QueryParser`).
    pub(crate) fn insert(&mut self, name: &str, value: Value) -> Result<(), Refusal> {
        let Some((object, rest)) = name.split_once('[') else {
            self.values.insert(name.to_owned(), value);
            return Ok(());
        };
        let member = rest.strip_suffix(']').unwrap_or("[");
        if !OBJECTS.contains(&object) || member.contains(['[', ']']) {
            return Err(Refusal::NotPlayed("lists, or objects in objects".into()));
        }
        let place = self.values.entry(object);
        let added = match member {
            "" => (place.or_insert(json!([])).as_array_mut()).map(|items| items.push(value)),
            _ => (place.or_insert(json!({})).as_object_mut())
                .map(|members| drop(members.insert(member.to_owned(), value))),
        };
        added.ok_or(UNREADABLE)
    }
}

/// The parameters in a body of JSON. Rails calls a body that is no object `_json`.
fn json(body: &Bytes) -> Result<Map<String, Value>, Refusal> {
    let body = match serde_json::from_slice(body).map_err(|_| UNREADABLE)? {
        Value::Object(body) => body,
        other => return Ok(Map::from_iter([("_json".to_owned(), other)])),
    };
    for (name, value) in &body {
        let what = match (name.as_str(), value) {
            ("push" | "request", Value::Object(members)) => {
                let mut members = members.iter();
                let odd = members.find(|(member, value)| !is_played(member, value));
                odd.map(|(member, _)| format!("{name}[{member}] with a value of that type"))
            }
            ("push", _) => None,
            ("account_id" | "notify_emails_to" | "notify_emails_to_locale", Value::String(_)) => {
                None
            }
            _ => Some(format!("{name} outside of `push` and `request`")),
        };
        if let Some(what) = what {
            return Err(Refusal::NotPlayed(what.into()));
        }
    }
    Ok(body)
}

/// Whether a member may have a value of this type in JSON. The clients send texts, flags and numbers; the others were
/// measured on 2.11.4.
fn is_played(member: &str, value: &Value) -> bool {
    let is_flag = FLAGS.contains(&member);
    match value {
        Value::String(_) => true,
        Value::Bool(_) => is_flag || member.starts_with("expire_after_"),
        Value::Number(_) => is_flag || member.contains("_after_"),
        Value::Null => member == "files",
        Value::Array(ids) => is_flag || member == "files" && ids.iter().any(|id| *id != ""),
        Value::Object(_) => false,
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

/// The parameters of body and query together. Those of the query replace those of the body
/// (`ActionDispatch::Http::Parameters`).
pub(crate) fn read(parts: &Parts, body: &Bytes) -> Result<Params, Refusal> {
    let mut params = Params::default();
    let kind = media_type(&parts.headers);
    if let Some(Form(form)) = parts.extensions.get() {
        params = form.clone()?;
    } else if JSON.contains(&&*kind) && !body.is_empty() {
        params.values = json(body)?;
        if kind != JSON[0] {
            params.values.insert(kind, Value::Null);
        }
    } else if !body.is_empty() {
        let what = "bodies that are neither JSON nor multipart forms";
        return Err(Refusal::NotPlayed(what.into()));
    }
    let query = parts.uri.query().unwrap_or_default();
    if !query::is_text(query) || has_broken_escape(query) {
        return Err(UNREADABLE);
    }
    let mut in_query = Params::default();
    for (name, text) in query::pairs(query) {
        in_query.insert(&name, text.into())?;
    }
    params.values.extend(in_query.values);
    Ok(params)
}
