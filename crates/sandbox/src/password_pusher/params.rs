//! Parameters of a request, however they were written: query, form or JSON. They are
//! read as Rails and Rack read them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use serde_json::Value;

use super::model::Upload;
use crate::core::query;

/// How deep names may be nested.
const DEPTH: usize = 32;

/// One parameter. It may be a secret, so it has no `Debug`.
#[derive(Clone)]
pub(crate) enum Param {
    Null,
    Flag(bool),
    Integer(i64),
    Fraction(f64),
    Text(String),
    File(Arc<Upload>),
    List(Vec<Param>),
    Map(Params),
}

impl Param {
    /// A single value as text; nothing for null and for what is no single
    /// value.
    pub(crate) fn text(&self) -> Option<String> {
        match self {
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Integer(number) => Some(number.to_string()),
            Self::Fraction(number) => Some(ruby_float(*number)),
            Self::Text(text) => Some(text.clone()),
            Self::Null | Self::File(_) | Self::List(_) | Self::Map(_) => None,
        }
    }

    /// What a column of text makes of it (`ActiveModel::Type::String`).
    fn column(&self) -> Option<String> {
        match self {
            Self::Flag(true) => Some("t".to_owned()),
            Self::Flag(false) => Some("f".to_owned()),
            other => other.text(),
        }
    }

    /// What a column of whole numbers makes of it: of text, the number it
    /// begins with, and of a flag, 1 or 0 (measured on 2.11.4).
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Fraction(number) => Some(*number as i64),
            Self::Flag(flag) => Some((*flag).into()),
            Self::Text(text) => leading_integer(text),
            _ => None,
        }
    }

    /// Whether a check box with this value counts as ticked.
    pub(crate) fn is_ticked(&self) -> bool {
        let ticked = ["on", "yes", "checked", "true", "1"];
        self.text()
            .is_some_and(|text| ticked.contains(&text.to_lowercase().as_str()))
    }

    pub(crate) fn map(&self) -> Option<&Params> {
        match self {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Whether strong parameters let it pass as a single value.
    fn is_scalar(&self) -> bool {
        !matches!(self, Self::List(_) | Self::Map(_))
    }

    /// The elements, where strong parameters let it pass as a list of single
    /// values.
    pub(crate) fn scalars(&self) -> Option<&[Param]> {
        match self {
            Self::List(list) if list.iter().all(Self::is_scalar) => Some(list),
            _ => None,
        }
    }

    /// What `blank?` says of it.
    pub(crate) fn is_blank(&self) -> bool {
        match self {
            Self::Null | Self::Flag(false) => true,
            Self::Text(text) => text.trim().is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Map(map) => map.is_empty(),
            _ => false,
        }
    }

    /// The files of a list of files.
    pub(crate) fn files(&self) -> Vec<Arc<Upload>> {
        match self {
            Self::File(file) => vec![Arc::clone(file)],
            Self::List(list) => list.iter().flat_map(Self::files).collect(),
            _ => Vec::new(),
        }
    }

    /// Puts a value where `path` leads, below this one.
    fn insert(&mut self, path: &[&str], value: Param) {
        match path {
            [] => *self = value,
            ["", rest @ ..] => {
                if !matches!(self, Self::List(_)) {
                    *self = Self::List(Vec::new());
                }
                if let Self::List(list) = self {
                    let mut element = Self::Null;
                    element.insert(rest, value);
                    list.push(element);
                }
            }
            [name, rest @ ..] => {
                if !matches!(self, Self::Map(_)) {
                    *self = Self::Map(Params::default());
                }
                if let Self::Map(map) = self {
                    let below = map.0.entry((*name).to_owned()).or_insert(Self::Null);
                    below.insert(rest, value);
                }
            }
        }
    }
}

fn leading_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let sign: usize = text.starts_with(['+', '-']).into();
    let mut number = text[..sign].to_owned();
    let mut left = text[sign..].bytes().peekable();
    while let Some(digit) = left.next_if(u8::is_ascii_digit) {
        number.push(digit.into());
        // One underscore may stand between digits.
        left.next_if_eq(&b'_');
    }
    number.parse().ok()
}

impl From<Value> for Param {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(flag) => Self::Flag(flag),
            Value::Number(number) => {
                let whole = number.as_i64().map(Self::Integer);
                let other = || number.as_f64().map(Self::Fraction);
                whole.or_else(other).unwrap_or(Self::Null)
            }
            Value::String(text) => Self::Text(text),
            Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            Value::Object(map) => Self::Map(Params(
                map.into_iter()
                    .map(|(name, value)| (name, Self::from(value)))
                    .collect(),
            )),
        }
    }
}

/// Parameters by their names.
#[derive(Clone, Default)]
pub(crate) struct Params(BTreeMap<String, Param>);

impl Params {
    pub(crate) fn get(&self, name: &str) -> Option<&Param> {
        self.0.get(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.text()
    }

    /// As a column of text keeps it.
    pub(crate) fn column(&self, name: &str) -> Option<String> {
        self.get(name)?.column()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a parameter whose name may lead into others: `push[files][]`.
    pub(crate) fn insert(&mut self, name: &str, value: Param) {
        let (first, rest) = name.split_at(name.find('[').unwrap_or(name.len()));
        let mut path = Vec::new();
        let mut left = rest;
        while let Some((inner, after)) = left
            .strip_prefix('[')
            .and_then(|inner| inner.split_once(']'))
        {
            path.push(inner);
            left = after;
        }
        if first.is_empty() || path.len() > DEPTH {
            return;
        }
        let below = self.0.entry(first.to_owned()).or_insert(Param::Null);
        below.insert(&path, value);
    }

    /// Only single values, and `files` if they are a list of such: what strong
    /// parameters permit (`app/controllers/api/v2/pushes_controller.rb`).
    pub(crate) fn permitted(&self) -> Self {
        let permitted = self.0.iter().filter(|(name, value)| match name.as_str() {
            "files" => value.scalars().is_some(),
            _ => value.is_scalar(),
        });
        Self(
            permitted
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        )
    }

    /// Only those with one of these names.
    fn only(&self, names: &[&str]) -> Self {
        let wanted = names
            .iter()
            .filter_map(|name| self.0.get_key_value(*name))
            .map(|(name, value)| (name.clone(), value.clone()));
        Self(wanted.collect())
    }

    /// Adds what a query or form says. A name without `=` has no value.
    fn add_pairs(&mut self, text: &str) -> Result<(), Unreadable> {
        if !query::is_text(text) || has_broken_escape(text) {
            return Err(Unreadable);
        }
        for pair in text.split('&') {
            for (name, value) in query::pairs(pair) {
                let value = match pair.contains('=') {
                    true => Param::Text(value),
                    false => Param::Null,
                };
                self.insert(&name, value);
            }
        }
        Ok(())
    }
}

/// A multipart form that was read as it came; left in a request's extensions.
#[derive(Clone)]
pub(crate) struct Form(pub(crate) Option<Params>);

/// The body is not what its content type says.
#[derive(Debug)]
pub(crate) struct Unreadable;

/// The attributes that a JSON body may have at its top, where they should
/// stand inside an object that is named after their model.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) attributes: &'static [&'static str],
}

/// Whether a percent sign begins no escape, which Rack does not take.
fn has_broken_escape(text: &str) -> bool {
    text.split('%').skip(1).any(|after| {
        let digits = after.bytes().take(2);
        digits.filter(u8::is_ascii_hexdigit).count() < 2
    })
}

/// A float as Ruby writes it: `1.0`, `1.0e+20`.
fn ruby_float(number: f64) -> String {
    let text = format!("{number:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    match exponent.parse::<i32>() {
        Ok(exponent) if !(-4..16).contains(&exponent) => {
            let point = if digits.contains('.') { "" } else { ".0" };
            format!("{digits}{point}e{exponent:+03}")
        }
        _ => format!("{number:?}"),
    }
}

/// The parameters of query and body together; the query's win
/// (`ActionDispatch::Http::Parameters`).
pub(crate) fn read(parts: &Parts, body: &Bytes, model: &Model) -> Result<Params, Unreadable> {
    let mut query = Params::default();
    query.add_pairs(parts.uri.query().unwrap_or_default())?;
    let mut params = of_body(parts, body, model, &query)?;
    params.0.extend(query.0);
    Ok(params)
}

fn of_body(
    parts: &Parts,
    body: &Bytes,
    model: &Model,
    query: &Params,
) -> Result<Params, Unreadable> {
    let mut params = Params::default();
    if let Some(Form(form)) = parts.extensions.get() {
        return form.clone().ok_or(Unreadable);
    }
    let kind = parts.headers.get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if kind.eq_ignore_ascii_case("application/json") && !body.is_empty() {
        let value: Value = serde_json::from_slice(body).map_err(|_| Unreadable)?;
        if let Param::Map(mut map) = Param::from(value) {
            if map.get(model.name).or(query.get(model.name)).is_none() {
                let wrapped = map.only(model.attributes);
                map.0.insert(model.name.to_owned(), Param::Map(wrapped));
            }
            params = map;
        }
    } else if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let form = std::str::from_utf8(body).map_err(|_| Unreadable)?;
        params.add_pairs(form)?;
    }
    Ok(params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_lead_into_maps_and_lists() {
        let mut params = Params::default();
        for (name, value) in [
            ("push[payload]", "a"),
            ("push[files][]", "b"),
            ("push[files][]", "c"),
            ("page", "2"),
            ("[odd]", "d"),
        ] {
            params.insert(name, Param::Text(value.to_owned()));
        }
        let push = params.get("push").and_then(Param::map).expect("a map");
        assert_eq!(push.text("payload").as_deref(), Some("a"));
        let Some(Param::List(files)) = push.get("files") else {
            panic!("no list");
        };
        let files: Vec<_> = files.iter().filter_map(Param::text).collect();
        assert_eq!(files, ["b", "c"]);
        assert_eq!(params.text("page").as_deref(), Some("2"));
        assert!(params.get("[odd]").is_none());
    }

    #[test]
    fn a_number_is_what_its_text_begins_with() {
        for (text, number) in [
            ("3", Some(3)),
            (" 3 days", Some(3)),
            ("1.9", Some(1)),
            ("-2", Some(-2)),
            ("1_0 days", Some(10)),
            ("1__0", Some(1)),
            ("_1", None),
            ("", None),
            ("-", None),
            ("three", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(leading_integer(text), number, "{text}");
        }
        assert_eq!(Param::from(serde_json::json!(1.9)).integer(), Some(1));
    }

    #[test]
    fn floats_are_written_as_ruby_writes_them() {
        for (number, text) in [
            (1.0, "1.0"),
            (1.5, "1.5"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1.5e-7, "1.5e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1.0e+16"),
            (-1.25e120, "-1.25e+120"),
            (0.0, "0.0"),
        ] {
            assert_eq!(ruby_float(number), text);
        }
    }

    #[test]
    fn names_nested_too_deep_are_left_out() {
        let mut params = Params::default();
        params.insert(&format!("a{}", "[b]".repeat(100_000)), Param::Null);
        assert!(params.is_empty());
    }
}
