//! What the commercial edition is known to take. Its source is closed, so anything else is not played.
//!
//! Source: the vendor's documentation and public clients.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::Deserialize;
use serde_json::Value;

use super::params::Params;
use super::response::Refusal;
use crate::common::query;
use crate::common::service::header;

/// The values of a parameter. Those of forms are texts.
#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Is {
    Text,
    /// A text that is not blank.
    Secret,
    Flag,
    /// A number within these bounds.
    Number(i64, i64),
    /// One of these texts.
    Word(Vec<String>),
    /// Files of a form.
    Files,
}

impl Is {
    fn fits(&self, value: &Value, params: &Params) -> bool {
        let written = value.to_string();
        let written = written.trim_matches('"');
        match self {
            Self::Text => value.is_string(),
            Self::Secret => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Self::Flag => written.parse::<bool>().is_ok(),
            Self::Number(least, most) => (*least..=*most).any(|one| one.to_string() == written),
            Self::Word(words) => words.iter().any(|word| value == word),
            Self::Files => value.is_null() && !params.files.is_empty(),
        }
    }
}

/// Parameters by operations. A question mark is before those of the query.
static KNOWN: LazyLock<HashMap<&str, HashMap<&str, Is>>> = LazyLock::new(|| {
    let known = include_str!("commercial.json");
    serde_json::from_str(known).expect("commercial.json keeps to its form")
});

fn refusal(what: &str) -> Refusal {
    Refusal::NotPlayed(format!("{what} in the commercial edition").into())
}

/// The refusal of a request that the open-source edition refuses with this status before any operation.
pub(crate) fn unknown(parts: &Parts, status: StatusCode) -> Refusal {
    let (method, path, status) = (&parts.method, parts.uri.path(), status.as_u16());
    refusal(&format!("{method} {path}, which is a {status} elsewhere,"))
}

/// Refuses what the operation with this path is not known to take.
pub(crate) fn check(path: &str, params: &Params, parts: &Parts) -> Result<(), Refusal> {
    let token = header(&parts.headers, AUTHORIZATION);
    if !token.is_empty() && !token.starts_with("Bearer ") {
        return Err(refusal("tokens without `Bearer`"));
    }
    let known = KNOWN.get(&*format!("{} {path}", parts.method));
    let query = query::pairs(parts.uri.query().unwrap_or_default());
    for (name, value) in params.flat() {
        let is_in_query = query.iter().any(|(key, _)| *key == name);
        let mark = if is_in_query { "?" } else { "" };
        match known.and_then(|known| known.get(&*format!("{mark}{name}"))) {
            Some(is) if is.fits(value, params) => {}
            Some(_) => return Err(refusal(&format!("{name} of that value"))),
            None => return Err(refusal(&name)),
        }
    }
    Ok(())
}
