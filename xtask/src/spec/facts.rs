//! The contents of a document as a flat list: one fact for each operation, parameter and member. Facts are identified
//! by their place, not by the names of schemas.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::percent_decoded;
use super::operation::{self, Operation, bare, is_json};
use super::schema::Flat;

/// The facts of each operation, by `METHOD /path`.
pub(crate) type Facts = BTreeMap<String, Places>;

/// The facts of an operation by place, such as `query.page` and `response.data.results[].name`.
pub(crate) type Places = BTreeMap<String, Fact>;

/// The description of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// The value in words: `string required`.
    pub(crate) what: String,
    /// The name of the object's schema.
    pub(crate) schema: Option<String>,
    /// The place of the object that contains the member, and the member's name. `None` if the fact was read from a
    /// file.
    pub(crate) within: Option<(String, String)>,
}

/// Returns whether only the service sets the member, so that requests do not send it.
pub(crate) fn is_read_only(place: &str, what: &str) -> bool {
    place.starts_with("request") && what.split(' ').any(|word| word == "read-only")
}

/// Marks a place that is not compared, with everything inside it.
pub(crate) const UNRECORDED: &str = "?";

/// Returns whether the place is unrecorded.
pub(crate) fn is_unrecorded(places: &Places, place: &str) -> bool {
    places
        .get(place)
        .is_some_and(|fact| fact.what == UNRECORDED)
}

/// Returns the facts of a document.
pub(crate) fn of(document: &Value) -> Facts {
    let facts = operation::all(document).map(|operation| {
        let mut walker = Walker::new(document);
        walker.operation(&operation);
        (operation.key(), walker.places)
    });
    facts.collect()
}

/// Returns the facts of one operation: `GET /a`.
pub(crate) fn of_operation(document: &Value, key: &str) -> Option<Places> {
    let mut walker = Walker::new(document);
    walker.operation(&operation::find(document, key)?);
    Some(walker.places)
}

/// Returns the schema at a place of an operation.
pub(crate) fn schema_at<'a>(document: &'a Value, key: &str, place: &str) -> Option<&'a Value> {
    let operation = operation::find(document, key)?;
    let (side, mut rest) = match place.find(['.', '[', '{']) {
        Some(end) => place.split_at(end),
        None => (place, ""),
    };
    let (_, mut schema) = match side {
        "request" => operation.request()?,
        "response" => operation.response()?.1?,
        _ => return None,
    };
    while !rest.is_empty() {
        let flat = Flat::of(document, schema);
        (schema, rest) = if let Some(rest) = rest.strip_prefix("[]") {
            (flat.items?, rest)
        } else if let Some(rest) = rest.strip_prefix("{}") {
            (flat.values?, rest)
        } else {
            // Names may contain dots, so the longest match is used.
            let fits = flat.members().filter_map(|(name, member, _)| {
                let rest = rest.strip_prefix('.')?.strip_prefix(name)?;
                let ends = rest.is_empty() || rest.starts_with(['.', '[', '{']);
                ends.then_some((name.len(), member, rest))
            });
            let (_, member, rest) = fits.max_by_key(|(length, ..)| *length)?;
            (member, rest)
        };
    }
    Some(schema)
}

/// Returns the facts of a schema as if it were at this place.
pub(crate) fn of_schema(document: &Value, place: &str, schema: &Value) -> Places {
    let mut walker = Walker::new(document);
    walker.walk(place, schema, false, &mut Vec::new());
    walker.places
}

/// Formats the list for a file.
pub(crate) fn written(facts: &Facts) -> String {
    let mut text = String::new();
    for (operation, places) in facts {
        let operation = match operation.split_once(' ') {
            Some((method, path)) => format!("{method} {}", in_a_word(path)),
            None => operation.clone(),
        };
        text += &format!("{operation}\n");
        for (place, fact) in places {
            let what = fact.what.replace(char::is_control, " ");
            text += &format!("{operation} {}: {what}\n", in_a_word(place));
        }
    }
    text
}

/// Reads the list from a file.
///
/// # Errors
/// The line that is not a fact.
pub(crate) fn read(text: &str) -> Result<Facts, String> {
    let mut facts = Facts::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        let mut words = line.splitn(3, ' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(line.to_owned());
        };
        let operation = format!("{method} {}", percent_decoded(path));
        let places = facts.entry(operation).or_default();
        if let Some(fact) = words.next() {
            let (place, what) = fact.split_once(": ").ok_or_else(|| line.to_owned())?;
            let fact = Fact {
                what: what.to_owned(),
                schema: None,
                within: None,
            };
            places.insert(percent_decoded(place), fact);
        }
    }
    Ok(facts)
}

/// Escapes blanks in a text, so that a line can be split at blanks.
fn in_a_word(text: &str) -> String {
    let escaped = |c: char| match c {
        '%' | ' ' => format!("%{:02X}", u32::from(c)),
        c if c.is_control() && c.is_ascii() => format!("%{:02X}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

/// The number of places after which a schema is described only once. Schemas that refer to each other would otherwise
/// have an exponential number of places.
const MANY: usize = 4096;

/// The maximum depth of a place. No document written by a person is deeper.
const DEEP: usize = 64;

struct Walker<'a> {
    document: &'a Value,
    places: Places,
    /// The place where each schema was first described.
    described: BTreeMap<String, String>,
}

impl<'a> Walker<'a> {
    fn new(document: &'a Value) -> Self {
        Self {
            document,
            places: Places::new(),
            described: BTreeMap::new(),
        }
    }

    fn operation(&mut self, operation: &Operation<'a>) {
        for parameter in operation.parameters() {
            let place = format!("{}.{}", parameter.place, parameter.name);
            self.walk(
                &place,
                parameter.schema(),
                parameter.required(),
                &mut Vec::new(),
            );
        }
        if let Some(servers) = operation.servers() {
            self.put("server", servers, None);
        }
        if let Some((kind, schema)) = operation.request() {
            self.body("request", kind, schema);
        }
        match operation.response() {
            Some((_, Some((kind, schema)))) => self.body("response", kind, schema),
            Some((status, None)) => self.put("response", format!("{status} nothing"), None),
            None => {}
        }
    }

    fn body(&mut self, place: &str, kind: &str, schema: &'a Value) {
        let kind = bare(kind);
        let is_form = kind.starts_with("multipart/") || kind.ends_with("urlencoded");
        if !is_json(&kind) && !is_form {
            return self.put(place, "file".to_owned(), None);
        }
        self.walk(place, schema, false, &mut Vec::new());
        if is_form && let Some(fact) = self.places.get_mut(place) {
            fact.what = format!("{kind} {}", fact.what);
        }
    }

    fn put(&mut self, place: &str, what: String, schema: Option<String>) {
        let fact = Fact {
            what,
            schema,
            within: None,
        };
        self.places.insert(place.to_owned(), fact);
    }

    /// Adds a value and its contents. `open` are the schemas around the value, and the place where each began.
    fn walk(
        &mut self,
        place: &str,
        schema: &'a Value,
        required: bool,
        open: &mut Vec<(String, String)>,
    ) {
        let flat = Flat::of(self.document, schema);
        let flags = flags(&flat, required);
        let name = flat.name().or_else(|| flat.address.clone());
        let is_nested = flat.has_members() || flat.items.is_some() || flat.values.is_some();
        let opened = open.len();
        if let Some(address) = &flat.address {
            let mut began = open
                .iter()
                .find(|(open, _)| open == address)
                .map(|(_, began)| began);
            if self.places.len() > MANY && is_nested {
                began = began.or_else(|| self.described.get(address));
            }
            if let Some(began) = began {
                let what = format!("as {began}{flags}");
                return self.put(place, what, name);
            }
            open.push((address.clone(), place.to_owned()));
            self.described
                .entry(address.clone())
                .or_insert_with(|| place.to_owned());
        }
        self.put(
            place,
            format!("{}{}{flags}", kind(&flat), lengths(&flat)),
            name,
        );
        if place.matches(['.', '[', '{']).count() < DEEP {
            for (member, schema, required) in flat.members() {
                let inner = format!("{place}.{member}");
                self.walk(&inner, schema, required, open);
                if let Some(fact) = self.places.get_mut(&inner) {
                    fact.within = Some((place.to_owned(), member.to_owned()));
                }
            }
            if let Some(items) = flat.items {
                self.walk(&format!("{place}[]"), items, false, open);
            }
            if let Some(values) = flat.values {
                self.walk(&format!("{place}{{}}"), values, false, open);
            }
        }
        open.truncate(opened);
    }
}

fn flags(flat: &Flat<'_>, required: bool) -> String {
    let all = [
        (required, " required"),
        // An `any` value may be null, whether a document says so or not.
        (flat.nullable && flat.kind() != "any", " nullable"),
        (flat.read_only, " read-only"),
        (flat.deprecated, " deprecated"),
    ];
    all.into_iter()
        .filter_map(|(holds, flag)| holds.then_some(flag))
        .collect()
}

/// Returns the kind of value that a schema describes, with its format and its values.
fn kind(flat: &Flat<'_>) -> String {
    let mut kind = flat.kind();
    // Our descriptions have `x-text` for texts that deviate from the format.
    let format = flat.text("format").or_else(|| match flat.text("x-text")? {
        "time-span" => Some("date-span"),
        other => Some(other),
    });
    if let Some(format) = format {
        kind += &format!("({format})");
    }
    let listed = flat.listed();
    if !listed.is_empty() {
        kind += &format!(" of {}", listed.join("|"));
    }
    kind
}

fn lengths(flat: &Flat<'_>) -> String {
    let mut text = String::new();
    for (name, least, most) in [
        ("length", "minLength", "maxLength"),
        ("items", "minItems", "maxItems"),
        ("range", "minimum", "maximum"),
    ] {
        let number = |key: &str| {
            let number = flat.get(key).filter(|number| **number != 0);
            number.map(Value::to_string)
        };
        let (least, most) = (number(least), number(most));
        if least.is_some() || most.is_some() {
            text += &format!(
                " {name} {}..{}",
                least.unwrap_or_default(),
                most.unwrap_or_default()
            );
        }
    }
    text
}
