//! Decoding into a type that is known only by name.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Decodes an object and returns its `Debug` output.
pub(crate) type Read = fn(&str) -> Result<String, String>;

/// Decodes an enumeration and returns its `Debug` output and its JSON.
pub(crate) type ReadEnum = fn(&str) -> Result<(String, String), String>;

pub(crate) fn reads<T: DeserializeOwned + Debug>(json: &str) -> Result<String, String> {
    match serde_json::from_str::<T>(json) {
        Ok(value) => Ok(format!("{value:?}")),
        Err(error) => Err(error.to_string()),
    }
}

pub(crate) fn reads_enum<T: DeserializeOwned + Serialize + Debug>(
    json: &str,
) -> Result<(String, String), String> {
    let value: T = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let json = serde_json::to_string(&value).map_err(|error| error.to_string())?;
    Ok((format!("{value:?}"), json))
}

/// A decoded value, parsed from its `Debug` output. `Some` is represented by its content.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    Nothing,
    /// A text, as `Debug` writes it.
    Text(String),
    /// A number, a boolean or a variant.
    Word(String),
    Redacted,
    /// Any JSON, by its length.
    Raw(usize),
    List(Vec<Seen>),
    Map(Vec<(String, Seen)>),
    /// Members in order.
    Object(Vec<Seen>),
    /// A variant or type around other values.
    Around(String, Vec<Seen>),
}

impl Seen {
    /// Parses `Debug` output.
    pub(crate) fn parse(text: &str) -> Self {
        let mut parser = Parser { rest: text };
        let seen = parser.value();
        assert_eq!(parser.rest, "", "not understood in {text}");
        seen
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn eat(&mut self, text: &str) -> bool {
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn until(&mut self, is_end: impl Fn(char) -> bool) -> &'a str {
        self.take(self.rest.find(is_end).unwrap_or(self.rest.len()))
    }

    fn text(&mut self) -> String {
        let mut escaped = false;
        let end = self.rest[1..].find(|found| {
            let ends = found == '"' && !escaped;
            escaped = found == '\\' && !escaped;
            ends
        });
        self.take(end.expect("an end of the text") + 2).to_owned()
    }

    /// Parses values up to the closing mark.
    fn values(&mut self, close: &str) -> Vec<Seen> {
        self.each(close, Self::value)
    }

    fn each<T>(&mut self, close: &str, read: impl Fn(&mut Self) -> T) -> Vec<T> {
        let mut found = Vec::new();
        while !self.eat(close) {
            found.push(read(self));
            self.eat(", ");
        }
        found
    }

    fn value(&mut self) -> Seen {
        if self.eat("[redacted]") {
            return Seen::Redacted;
        }
        if self.rest.starts_with('"') {
            return Seen::Text(self.text());
        }
        if self.eat("[") {
            return Seen::List(self.values("]"));
        }
        if self.eat("{") {
            return Seen::Map(self.each("}", |parser| {
                let key = parser.text();
                assert!(parser.eat(": "), "no value of {key}");
                (key, parser.value())
            }));
        }
        let word = self.until(|found| " ,(){}[]".contains(found));
        assert_ne!(word, "", "nothing before {}", self.rest);
        if word == "RawJson" && self.eat("(") {
            let length = self.until(|found| found == ' ');
            assert!(self.eat(" bytes)"));
            return Seen::Raw(length.parse().expect("a length"));
        }
        if self.eat("(") {
            let mut values = self.values(")");
            return match (word, values.len()) {
                ("Some", 1) => values.remove(0),
                _ => Seen::Around(word.to_owned(), values),
            };
        }
        if self.eat(" { ") {
            return Seen::Object(self.each(" }", |parser| {
                parser.until(|found| found == ':');
                assert!(parser.eat(": "));
                parser.value()
            }));
        }
        match word {
            "None" => Seen::Nothing,
            word => Seen::Word(word.to_owned()),
        }
    }
}

#[test]
fn debug_output_is_parsed() {
    #[derive(Debug)]
    #[expect(dead_code, reason = "shown by `Debug`")]
    struct Cat {
        name: Option<&'static str>,
        lives: Option<i32>,
        kittens: Vec<Cat>,
    }
    let cat = Cat {
        name: Some("a\"}, \\"),
        lives: None,
        kittens: vec![Cat {
            name: None,
            lives: Some(-9),
            kittens: vec![],
        }],
    };
    let seen = Seen::parse(&format!("{cat:?}"));
    let kitten = Seen::Object(vec![
        Seen::Nothing,
        Seen::Word("-9".to_owned()),
        Seen::List(vec![]),
    ]);
    let text = format!("{:?}", "a\"}, \\");
    assert_eq!(
        seen,
        Seen::Object(vec![
            Seen::Text(text),
            Seen::Nothing,
            Seen::List(vec![kitten])
        ])
    );
}
