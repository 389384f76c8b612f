//! The JSON path of a decoding error.
//!
//! `serde_json` errors have a line and a column. The text up to there is parsed again, and where that ends is the
//! place.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess};

use crate::text::is_disruptive;
use crate::wire::any_json::{AnyJson, Through};

/// A name longer than this is cut, in characters.
const LONGEST_NAME: usize = 40;

/// A path longer than this is cut, in characters.
const LONGEST_PATH: usize = 240;

/// The path to the value that an error is about, for example `result[2].email`. Empty for the whole text.
///
/// Names come from the text, so they are escaped and bounded.
#[cold]
#[inline(never)]
pub(super) fn path(place: &str, text: &str, error: &serde_json::Error) -> String {
    let cut = match error.is_eof() {
        true => Cow::Borrowed(text),
        false => cut(text, offset(text, error.line(), error.column()), error),
    };
    shown(place, &steps(&cut))
}

/// The path to the value that begins at `offset`.
#[cold]
pub(crate) fn path_at(text: &str, offset: usize) -> String {
    shown("", &steps(&unclosed(text, offset)))
}

/// The steps to where the text is cut.
fn steps(cut: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(cut);
    // Parsing fails at the cut; the steps to it remain.
    let _ = Through(StepsTo(&mut steps)).deserialize(&mut deserializer);
    steps
}

/// The text up to `end`, followed by an invalid value.
fn unclosed(text: &str, end: usize) -> Cow<'_, str> {
    Cow::Owned(format!("{}\"", text.get(..end).unwrap_or_default()))
}

/// The byte offset of a line and column. Columns count the bytes of the line that were read.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let Some(breaks) = line.checked_sub(1) else {
        return 0;
    };
    let start = match breaks {
        0 => 0,
        nth => text
            .match_indices('\n')
            .nth(nth - 1)
            .map_or(0, |(index, _)| index + 1),
    };
    (start + column).min(text.len())
}

/// The text cut within the value last read at `offset`, so that parsing fails in that value.
fn cut<'a>(text: &'a str, offset: usize, error: &serde_json::Error) -> Cow<'a, str> {
    let bytes = text.as_bytes();
    // A list or object where the type expects something else is refused before it is entered.
    let refused = match bytes.get(offset) {
        Some(b'{') => Some("invalid type: map"),
        Some(b'[') => Some("invalid type: sequence"),
        _ => None,
    };
    if refused.is_some_and(|refused| error.to_string().starts_with(refused)) {
        return unclosed(text, offset);
    }
    let read = bytes[..offset].trim_ascii_end();
    let end = match read.last() {
        Some(b'"' | b'}' | b']') => read.len() - 1,
        Some(b'0'..=b'9' | b'a'..=b'z') => {
            let before = read.iter().rposition(
                |byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.'),
            );
            return unclosed(text, before.map_or(0, |before| before + 1));
        }
        _ => read.len(),
    };
    Cow::Borrowed(text.get(..end).unwrap_or_default())
}

enum Step {
    Member(String),
    Element(usize),
}

fn shown(place: &str, steps: &[Step]) -> String {
    let mut path = place.to_owned();
    for step in steps {
        match step {
            Step::Member(name) => {
                if !path.is_empty() {
                    path.push('.');
                }
                push_name(&mut path, name);
            }
            Step::Element(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    let length = path.chars().count();
    if length <= LONGEST_PATH {
        return path;
    }
    let half = LONGEST_PATH / 2;
    let start: String = path.chars().take(half).collect();
    let end: String = path.chars().skip(length - half).collect();
    format!("{start}…{end}")
}

fn push_name(path: &mut String, name: &str) {
    for (place, letter) in name.chars().enumerate() {
        if place == LONGEST_NAME {
            path.push('…');
            break;
        }
        match letter {
            letter if is_disruptive(letter) => path.extend(letter.escape_default()),
            letter => path.push(letter),
        }
    }
}

/// Parses any value and records the steps to where it is.
struct StepsTo<'a>(&'a mut Vec<Step>);

impl<'de> AnyJson<'de> for StepsTo<'_> {
    fn text(self, _: &str) {}

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(()) = items.next_element_seed(Within(self.0, Step::Element(index)))? {
            index += 1;
        }
        Ok(())
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key()? {
            map.next_value_seed(Within(self.0, Step::Member(name)))?;
        }
        Ok(())
    }
}

/// Parses the value that is this step away; the step stays if that fails.
struct Within<'a>(&'a mut Vec<Step>, Step);

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.push(self.1);
        Through(StepsTo(self.0)).deserialize(deserializer)?;
        self.0.pop();
        Ok(())
    }
}
