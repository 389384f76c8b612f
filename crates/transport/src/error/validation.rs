//! What a service says about the members of a request, bounded while it is read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::shown::{MESSAGE, one_line};

/// How many messages are kept.
const MOST_MESSAGES: usize = 20;
/// The total size of all messages, in bytes.
const MOST_BYTES: usize = 4096;
/// How much of the names in front of a message is kept, in characters.
const NAMES: usize = 100;

/// Collects what a service says is wrong with each member of a request, for [`ApiError::validation`](crate::ApiError).
///
/// A service may send ten thousand messages. At most 20 of them and 4 KiB in total are kept, and the number of further
/// ones; nothing beyond that is allocated.
///
/// ```
/// use security_api_transport::ValidationMessages;
///
/// let mut messages = ValidationMessages::new();
/// messages.read_json("", br#"{"name": ["is empty", "is short"]}"#);
/// messages.read_json("size", br#""is odd""#);
/// assert_eq!(messages.into_vec(), ["name: is empty", "name: is short", "size: is odd"]);
/// ```
#[derive(Debug, Clone, Default)]
pub struct ValidationMessages {
    texts: Vec<String>,
    bytes: usize,
    more: usize,
}

impl ValidationMessages {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message about this member, or about the whole request if `member` is empty. A blank text is ignored.
    pub fn add(&mut self, member: &str, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if self.is_full() {
            self.more += 1;
            return;
        }
        // One more character than is shown, so that the cut is visible.
        let end = text.char_indices().nth(MESSAGE + 1);
        let text = &text[..end.map_or(text.len(), |(end, _)| end)];
        let line = match member {
            "" => one_line(text, MESSAGE),
            member => one_line(&format!("{}: {text}", one_line(member, NAMES)), MESSAGE),
        };
        if self.bytes + line.len() > MOST_BYTES {
            self.bytes = MOST_BYTES;
            self.more += 1;
            return;
        }
        self.bytes += line.len();
        self.texts.push(line);
    }

    /// Adds the messages about a member in this JSON, in order: its text, the texts of a list, those in the `message`
    /// or `errorMessage` of an object, or else those of an object's members with their names in front. Text that is not
    /// JSON is ignored.
    pub fn read_json(&mut self, member: &str, json: &[u8]) {
        let before = (self.texts.len(), self.bytes, self.more);
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let walk = TextsIn {
            messages: self,
            names: &one_line(member, NAMES),
        };
        let read = walk.deserialize(&mut deserializer);
        if read.and_then(|()| deserializer.end()).is_err() {
            self.texts.truncate(before.0);
            (self.bytes, self.more) = (before.1, before.2);
        }
    }

    fn is_full(&self) -> bool {
        self.texts.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES
    }

    fn found(&self) -> usize {
        self.texts.len() + self.more
    }

    /// Drops the messages from `start` to `end`.
    fn remove(&mut self, start: usize, end: usize) {
        let kept = self.texts.len();
        let gone = self.texts.drain(start.min(kept)..end.min(kept));
        self.bytes -= gone.map(|text| text.len()).sum::<usize>().min(self.bytes);
        self.more -= end.max(kept) - start.max(kept);
    }

    /// Drops this message. Services often repeat their main message among the validation messages.
    pub fn forget(&mut self, text: &str) {
        let text = one_line(text, MESSAGE);
        self.texts.retain(|other| *other != text);
    }

    /// Takes the first message, for a service that sends no main message.
    pub fn take_first(&mut self) -> Option<String> {
        (!self.texts.is_empty()).then(|| self.texts.remove(0))
    }

    /// The messages, and how many more there were.
    #[must_use]
    pub fn into_vec(mut self) -> Vec<String> {
        if self.more > 0 {
            self.texts.push(format!("and {} more", self.more));
        }
        self.texts
    }

    /// Bounds messages that were not collected by [`ValidationMessages`].
    pub(super) fn bounded(texts: Vec<String>) -> Vec<String> {
        let bytes: usize = texts.iter().map(String::len).sum();
        if texts.len() <= MOST_MESSAGES + 1
            && bytes <= MOST_BYTES + 64
            && texts.iter().all(|text| one_line(text, MESSAGE) == *text)
        {
            return texts;
        }
        let mut messages = Self::new();
        for text in &texts {
            messages.add("", text);
        }
        messages.into_vec()
    }
}

/// Reads the texts in a value.
struct TextsIn<'a> {
    messages: &'a mut ValidationMessages,
    /// The names of the members that contain the value, bounded.
    names: &'a str,
}

impl<'de> DeserializeSeed<'de> for TextsIn<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TextsIn<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("texts")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.messages.add(self.names, text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { messages, names } = self;
        while items
            .next_element_seed(TextsIn {
                messages: &mut *messages,
                names,
            })?
            .is_some()
        {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { messages, names } = self;
        let start = messages.found();
        // How specific the object's own message is, as far as one was found.
        let mut rank = 0;
        while let Some(name) = members.next_key_seed(Name)? {
            let own = own_rank(&name);
            let before = messages.found();
            let path = match () {
                () if own > 0 || name.is_empty() => names.to_owned(),
                () if names.is_empty() => name,
                () => one_line(&format!("{names}: {name}"), NAMES),
            };
            members.next_value_seed(TextsIn {
                messages: &mut *messages,
                names: &path,
            })?;
            let after = messages.found();
            if own > rank && after > before {
                rank = own;
                messages.remove(start, before);
            } else if own < rank || (own == 0 && rank > 0) {
                messages.remove(before, after);
            }
        }
        Ok(())
    }
}

fn own_rank(name: &str) -> u8 {
    match () {
        () if name.eq_ignore_ascii_case("message") => 2,
        () if name.eq_ignore_ascii_case("errorMessage") => 1,
        () => 0,
    }
}

/// A member's name, as far as it is shown.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E>(self, name: &str) -> Result<String, E> {
        Ok(one_line(name, NAMES))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &str) -> Vec<String> {
        let mut messages = ValidationMessages::new();
        messages.read_json("", json.as_bytes());
        messages.into_vec()
    }

    #[test]
    fn texts_are_read_in_every_form_and_order() {
        for (value, expected) in [
            (json!(["a", "b"]), vec!["a", "b"]),
            (json!("a"), vec!["a"]),
            (json!(null), vec![]),
            (json!([1, -1, 0.5, true, "", " ", null, "a"]), vec!["a"]),
            (json!([{"message": "a"}, {"Message": "b"}]), vec!["a", "b"]),
            (json!([{"code": "x", "message": "a", "z": "y"}]), vec!["a"]),
            (json!([{"errorMessage": "b", "message": "a"}]), vec!["a"]),
            (json!([{"errorMessage": "b", "message": null}]), vec!["b"]),
            (json!({"m": {"": "a", "n": "b"}}), vec!["m: a", "m: n: b"]),
        ] {
            assert_eq!(read(&value.to_string()), expected, "{value}");
        }
        let unsorted = r#"{"N":["is empty"],"":"x"}"#;
        assert_eq!(read(unsorted), ["N: is empty", "x"]);
        assert!(read("[\"a\"").is_empty() && read("").is_empty() && read("\"a\" x").is_empty());
    }

    #[test]
    fn no_more_is_kept_than_a_person_reads() {
        let texts = |count: usize, text: &str| json!(vec![text; count]).to_string();
        let found = read(&texts(25, "a"));
        assert_eq!((found.len(), found[20].as_str()), (21, "and 5 more"));
        let long = read(&texts(30, &"ü\n".repeat(1000)));
        assert!(long.concat().len() < MOST_BYTES + 100, "{}", long.len());
        assert!(long.iter().all(|text| text.chars().count() <= MESSAGE));
        assert_eq!(ValidationMessages::bounded(long.clone()), long);
        // Each text has a name in front, so the sizes of both multiply.
        let name = "n".repeat(1 << 20);
        let deep = format!("{}{}", r#"{"a":"#.repeat(60), texts(1 << 16, "b"));
        for bomb in [
            format!("{{\"{name}\":{}}}", texts(1 << 16, "a")),
            format!("{deep}{}", "}".repeat(60)),
        ] {
            let found = read(&bomb);
            assert!(found.concat().len() < MOST_BYTES + 100);
            assert!(found.last().unwrap().ends_with(" more"));
        }
        let raw = ValidationMessages::bounded(vec!["a\nb".repeat(1000); 1000]);
        assert!(raw.concat().len() < MOST_BYTES + 100 && !raw.concat().contains('\n'));
    }
}
