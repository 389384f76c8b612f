//! What a service says about the members of a request, bounded while it is read.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::shown::{MESSAGE, one_line};
use crate::wire::any_json::{AnyJson, Through};

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
        let before = self.checkpoint();
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let texts = TextsIn {
            messages: self,
            names: &one_line(member, NAMES),
        };
        let read = Through(texts).deserialize(&mut deserializer);
        if read.and_then(|()| deserializer.end()).is_err() {
            self.take_since(before);
        }
    }

    fn is_full(&self) -> bool {
        self.texts.len() >= MOST_MESSAGES || self.bytes >= MOST_BYTES
    }

    /// A point to go back to.
    fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            texts: self.texts.len(),
            bytes: self.bytes,
            more: self.more,
        }
    }

    /// Removes and returns the messages added since the checkpoint.
    fn take_since(&mut self, checkpoint: Checkpoint) -> Self {
        let later = Self {
            texts: self.texts.split_off(checkpoint.texts),
            bytes: self.bytes - checkpoint.bytes,
            more: self.more - checkpoint.more,
        };
        (self.bytes, self.more) = (checkpoint.bytes, checkpoint.more);
        later
    }

    /// Restores messages from `take_since`, if none were added since.
    fn put_back(&mut self, mut later: Self) {
        self.texts.append(&mut later.texts);
        self.bytes += later.bytes;
        self.more += later.more;
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

/// How much of a collection had been found at a time.
#[derive(Clone, Copy, PartialEq)]
struct Checkpoint {
    texts: usize,
    bytes: usize,
    more: usize,
}

/// Reads the texts in a value.
struct TextsIn<'a> {
    messages: &'a mut ValidationMessages,
    /// The names of the members that contain the value, bounded.
    names: &'a str,
}

impl<'de> AnyJson<'de> for TextsIn<'_> {
    fn text(self, text: &str) {
        self.messages.add(self.names, text);
    }

    fn list<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let Self { messages, names } = self;
        while items
            .next_element_seed(Through(TextsIn {
                messages: &mut *messages,
                names,
            }))?
            .is_some()
        {}
        Ok(())
    }

    fn object<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { messages, names } = self;
        let start = messages.checkpoint();
        // How specific the object's own message is, as far as one was found.
        let mut rank = 0;
        while let Some(name) = members.next_key_seed(Name)? {
            let own = own_rank(&name);
            let path = match () {
                () if own > 0 || name.is_empty() => names.to_owned(),
                () if names.is_empty() => name,
                () => one_line(&format!("{names}: {name}"), NAMES),
            };
            // A more specific message replaces the general one, which is removed first to make room.
            let replaced = (own > rank).then(|| messages.take_since(start));
            let before = messages.checkpoint();
            members.next_value_seed(Through(TextsIn {
                messages: &mut *messages,
                names: &path,
            }))?;
            match replaced {
                Some(replaced) if messages.checkpoint() == before => messages.put_back(replaced),
                Some(_) => rank = own,
                None if own < rank => drop(messages.take_since(before)),
                None => {}
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
    fn an_objects_own_message_counts_wherever_it_stands() {
        for (object, expected) in [
            (r#"{"code": "x", "message": "a"}"#, &["a"][..]),
            (r#"{"message": "a", "code": "x"}"#, &["a"]),
            (r#"{"message": "a", "errorMessage": "b"}"#, &["a"]),
            (
                r#"{"errorMessage": "b", "message": "a", "code": "x"}"#,
                &["a"],
            ),
            (
                r#"{"errorMessage": "b", "code": "x", "message": null}"#,
                &["b"],
            ),
            (r#"{"code": "x", "message": ""}"#, &["code: x"]),
            (r#"{"message": "", "code": "x"}"#, &["code: x"]),
            (r#"{"message": "a", "MESSAGE": "b"}"#, &["a", "b"]),
            (
                r#"{"code": "x", "m": {"z": "y", "message": "a"}, "n": "b"}"#,
                &["code: x", "m: a", "n: b"],
            ),
        ] {
            assert_eq!(read(object), expected, "{object}");
            let among = read(&format!(r#"["before", {object}, "after"]"#));
            let expected = [&["before"], expected, &["after"]].concat();
            assert_eq!(among, expected, "{object}");
        }
    }

    #[test]
    fn what_is_replaced_takes_no_room() {
        let own =
            |texts: Vec<String>| format!("{{\"code\": {}, \"message\": \"a\"}}", json!(texts));
        let (many, long) = (vec!["x".to_owned(); 30], vec!["x".repeat(490); 30]);
        for texts in [many, long] {
            assert_eq!(read(&own(texts.clone())), ["a"]);
            let after = json!(vec!["b".repeat(400); 10]);
            let found = read(&format!("[{}, {after}]", own(texts.clone())));
            assert_eq!((found.len(), found[0].as_str()), (11, "a"));
            // The same goes for what comes behind the message.
            let found = read(&format!(
                r#"[{{"message": "a", "code": {}}}, {after}]"#,
                json!(texts)
            ));
            assert_eq!((found.len(), found[0].as_str()), (11, "a"));
            // What is put back counts as before.
            let null = read(&format!(r#"{{"code": {}, "message": null}}"#, json!(texts)));
            assert_eq!(null, read(&json!({"code": texts}).to_string()));
            // What follows after an error in the text was not read.
            let mut messages = ValidationMessages::new();
            messages.add("", "before");
            messages.read_json("", format!("[{}", json!(texts)).as_bytes());
            messages.add("", "after");
            assert_eq!(messages.into_vec(), ["before", "after"]);
        }
        // Behind a line of 400 bytes, four of 496 are put back, which leaves room for four of 400.
        let object = format!(
            r#"{{"code": {}, "message": null}}"#,
            json!(vec!["x".repeat(490); 4])
        );
        let (before, after) = ("b".repeat(400), json!(vec!["b".repeat(400); 10]));
        let found = read(&format!(r#"["{before}", {object}, {after}]"#));
        assert_eq!((found.len(), found[9].as_str()), (10, "and 6 more"));
    }

    #[test]
    fn twenty_messages_of_4_kib_are_kept_and_the_others_counted() {
        let collected = |texts: &[String]| {
            let mut messages = ValidationMessages::new();
            texts.iter().for_each(|text| messages.add("", text));
            messages.into_vec()
        };
        let twenty = vec!["a".to_owned(); 20];
        assert_eq!(collected(&twenty), twenty);
        let found = collected(&[twenty.clone(), twenty.clone()].concat());
        assert_eq!(found[..20], twenty);
        assert_eq!(found[20..], ["and 20 more"]);

        let full = [vec!["a".repeat(500); 8], vec!["b".repeat(96)]].concat();
        assert_eq!(full.concat().len(), MOST_BYTES);
        assert_eq!(collected(&full), full);
        let found = collected(&[full.clone(), vec!["c".to_owned()]].concat());
        assert_eq!(
            (&found[..9], &found[9..]),
            (&full[..], &["and 1 more".to_owned()][..])
        );
        // Those behind one that has no room are not shown either, since they would seem to follow the ones before it.
        let found = collected(&[&full[..8], &["b".repeat(97), "c".to_owned()]].concat());
        assert_eq!(
            (&found[..8], &found[8..]),
            (&full[..8], &["and 2 more".to_owned()][..])
        );
    }

    #[test]
    fn a_message_and_the_names_before_it_are_cut_visibly() {
        let one = |member: &str, text: &str| {
            let mut messages = ValidationMessages::new();
            messages.add(member, text);
            messages.into_vec().remove(0)
        };
        let exact = "ü".repeat(MESSAGE);
        assert_eq!(one("", &exact), exact);
        let cut = format!("{}…", "ü".repeat(MESSAGE - 1));
        assert_eq!(one("", &format!("{exact}x")), cut);
        assert_eq!(one("", &exact.repeat(9)), cut);
        assert_eq!(one("m", &exact).chars().count(), MESSAGE);
        assert!(one("m", &exact).starts_with("m: ü") && one("m", &exact).ends_with('…'));
        let names = "n".repeat(NAMES);
        assert_eq!(one(&names, "a"), format!("{names}: a"));
        assert_eq!(
            one(&format!("{names}n"), "a"),
            format!("{}…: a", &names[1..])
        );
        let nested = read(&json!({"m": {names.clone(): "a"}}).to_string());
        assert_eq!(nested, [format!("m: {}…: a", &names[4..])]);
    }

    #[test]
    fn messages_from_elsewhere_are_bounded_and_otherwise_unchanged() {
        let texts = |count: usize, length: usize| vec!["a".repeat(length); count];
        let most = [texts(8, 500), texts(1, 160)].concat();
        for unchanged in [
            texts(21, 1),
            most.clone(),
            texts(1, 500),
            vec![" ".to_owned()],
        ] {
            assert_eq!(ValidationMessages::bounded(unchanged.clone()), unchanged);
        }
        let found = ValidationMessages::bounded(texts(22, 1));
        assert_eq!((found.len(), found[20].as_str()), (21, "and 2 more"));
        let found = ValidationMessages::bounded([most, texts(1, 1)].concat());
        assert_eq!((found.len(), found[8].as_str()), (9, "and 2 more"));
        let found = ValidationMessages::bounded(texts(1, 501));
        assert_eq!(found, [format!("{}…", "a".repeat(499))]);
    }

    #[test]
    fn the_main_message_is_taken_out() {
        let mut messages = ValidationMessages::new();
        for text in ["a\n", "b", "a\n"] {
            messages.add("", text);
        }
        messages.forget("a\n");
        assert_eq!(messages.take_first().as_deref(), Some("b"));
        assert_eq!(messages.take_first(), None);
        assert!(messages.into_vec().is_empty());
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
