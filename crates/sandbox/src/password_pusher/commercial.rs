//! What the commercial edition is known to take. Its source is closed, so anything else is not played.
//!
//! Source: the vendor's documentation and public clients.

use std::collections::HashMap;
use std::sync::LazyLock;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use serde::Deserialize;
use serde_json::Value;

use super::params::Params;
use super::response::Refusal;
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
}

impl Is {
    fn fits(&self, value: &Value) -> bool {
        let written = value.to_string();
        let written = written.trim_matches('"');
        match self {
            Self::Text => value.is_string(),
            Self::Secret => value.as_str().is_some_and(|text| !text.trim().is_empty()),
            Self::Flag => written.parse::<bool>().is_ok(),
            Self::Number(least, most) => {
                let number = written.parse::<i64>();
                number.is_ok_and(|number| (*least..=*most).contains(&number))
            }
        }
    }
}

/// Parameters by the paths of operations. All operations take those of `*`.
static KNOWN: LazyLock<HashMap<&str, HashMap<&str, Is>>> = LazyLock::new(|| {
    let known = include_str!("commercial.json");
    serde_json::from_str(known).expect("commercial.json keeps to its form")
});

/// Refuses what the operation with this path is not known to take.
pub(crate) fn check(path: &str, params: &Params, headers: &HeaderMap) -> Result<(), Refusal> {
    let token = header(headers, AUTHORIZATION);
    if !token.is_empty() && !token.starts_with("Bearer ") {
        let what = "tokens without `Bearer` in the commercial edition";
        return Err(Refusal::NotPlayed(what.into()));
    }
    for (name, value) in &params.values {
        let known = ["*", path].map(|path| KNOWN.get(path)?.get(name.as_str()));
        let of_value = match known.into_iter().flatten().next() {
            Some(is) if is.fits(value) => continue,
            Some(_) => " of that value",
            None => "",
        };
        let what = format!("{name}{of_value} in the commercial edition");
        return Err(Refusal::NotPlayed(what.into()));
    }
    Ok(())
}
