//! Samples of the service's responses.

use fastrand::Rng;
use serde_json::{Map, Value, json};

use crate::shapes::{Definition, Shape, Shapes};
use crate::types::OWN;

/// The members that a generated object has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fill {
    Whole,
    Null,
    Absent,
    /// Some members, some null, and some unknown.
    Mixed,
}

/// The maximum depth of nested lists.
const DEEPEST: usize = 4;

pub(crate) struct Maker<'a> {
    shapes: &'a Shapes,
    pub(crate) rng: Rng,
    fill: Fill,
    /// Whether values may have any form, or only the documented one.
    wild: bool,
}

impl<'a> Maker<'a> {
    /// Creates a generator. Samples depend only on the seed.
    pub(crate) fn new(shapes: &'a Shapes, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let fill = match rng.u8(..8) {
            0 | 1 => Fill::Whole,
            2 => Fill::Null,
            3 => Fill::Absent,
            _ => Fill::Mixed,
        };
        Self {
            shapes,
            rng,
            fill,
            wild: true,
        }
    }

    /// Restricts values to whole objects of plain words and numbers.
    pub(crate) fn tame(self) -> Self {
        Self {
            fill: Fill::Whole,
            wild: false,
            ..self
        }
    }

    pub(crate) fn value(&mut self, shape: &Shape) -> Value {
        self.within(shape, 0)
    }

    fn within(&mut self, shape: &Shape, depth: usize) -> Value {
        let wild = self.wild && self.rng.u8(..4) == 0;
        match shape {
            Shape::Text if wild => self.scalar(),
            Shape::Time if wild => match self.rng.bool() {
                true => self.rng.i64(..).into(),
                false => self.text().into(),
            },
            Shape::Text => self.text().into(),
            Shape::Time => (*self.pick(&[
                "2026-03-01T09:30:00Z",
                "2026-03-01T09:30:00.1234567",
                "01/03/2026 09:30",
                "9999/99/99 99:99",
                "1.02:03:04.5",
                "",
            ]))
            .into(),
            Shape::Int32 => {
                let number = self.rng.i32(..).into();
                self.whole(number, wild)
            }
            Shape::Int64 => {
                let number = self.rng.i64(..);
                self.whole(number, wild)
            }
            Shape::Float => {
                let number = self.eighths();
                match self.rng.u8(..2) {
                    _ if !wild => number.into(),
                    0 => number.to_string().into(),
                    _ => self.rng.i32(..).into(),
                }
            }
            Shape::Bool => self.rng.bool().into(),
            Shape::Any | Shape::Nothing | Shape::Bytes => self.any(depth),
            Shape::List(inner) => {
                let length = self.length(depth);
                let items = (0..length).map(|_| self.within(inner, depth + 1));
                items.collect()
            }
            Shape::Map(inner) => {
                let length = self.length(depth);
                let entries = (0..length).map(|_| (self.text(), self.within(inner, depth + 1)));
                Value::Object(entries.collect())
            }
            Shape::Envelope(inner) | Shape::Page(inner) => self.within(inner, depth),
            Shape::Named(name) => match self.shapes.definition(name) {
                Definition::Enum(values) => match self.rng.u8(..3) {
                    0 if self.wild => self.text().into(),
                    1 if self.wild => self.rng.i32(-2..12).into(),
                    _ if values.is_empty() => self.text().into(),
                    _ => self.pick(values).clone().into(),
                },
                Definition::Codes(codes) => {
                    let number = match self.rng.u8(..3) {
                        0 if self.wild => self.rng.i32(..).into(),
                        1 if self.wild => self.rng.i64(-2..12),
                        _ => *self.pick(codes),
                    };
                    self.whole(number, wild)
                }
                Definition::Object(members) => self.object(name, members, depth),
            },
        }
    }

    /// Returns a whole number, in any form if it is `wild`.
    fn whole(&mut self, number: i64, wild: bool) -> Value {
        match self.rng.u8(..2) {
            _ if !wild => number.into(),
            0 => number.to_string().into(),
            // With a fraction.
            _ => f64::from(number as i32).into(),
        }
    }

    fn object(&mut self, name: &str, members: &[(String, Shape)], depth: usize) -> Value {
        let mut object = Map::new();
        for (member, shape) in members {
            let value = match (self.fill, self.rng.u8(..6)) {
                (Fill::Absent, _) | (Fill::Mixed, 0) => continue,
                (Fill::Null, _) | (Fill::Mixed, 1) => Value::Null,
                _ if OWN.iter().any(|own| (own.0, own.1) == (name, member)) => self.filter(),
                _ => self.within(shape, depth),
            };
            object.insert(member.clone(), value);
        }
        if self.wild && self.rng.u8(..3) == 0 {
            object.insert(format!("~{}", self.text()), self.any(depth));
        }
        Value::Object(object)
    }

    /// Returns the conditions of a search, which are a hand-written member.
    fn filter(&mut self) -> Value {
        let value = self.scalar();
        let group = json!({"condition": "OR", "filterGroups": null, "filterItems": [
            {"fieldName": self.text(), "operator": "Contains", "value": value},
            {"FieldName": "A", "Operator": "=", "Value": "b"},
        ]});
        json!({"condition": "AND", "searchInputTextValue": self.text(), "filterGroups": [group]})
    }

    fn any(&mut self, depth: usize) -> Value {
        match self.rng.u8(..5) {
            0 => Value::Null,
            1 if depth < DEEPEST => json!([self.any(depth + 1), self.any(depth + 1)]),
            2 if depth < DEEPEST => json!({self.text(): self.any(depth + 1)}),
            _ => self.scalar(),
        }
    }

    /// Returns a text, a number or a boolean.
    fn scalar(&mut self) -> Value {
        match self.rng.u8(..5) {
            0 => self.rng.bool().into(),
            1 => self.rng.i64(..).into(),
            2 => self.rng.u64(..).into(),
            3 => self.eighths().into(),
            _ => self.text().into(),
        }
    }

    /// Returns a number that survives JSON exactly.
    fn eighths(&mut self) -> f64 {
        f64::from(self.rng.i32(..)) / 8.0
    }

    fn text(&mut self) -> String {
        if !self.wild || self.rng.bool() {
            return format!("w{}", self.rng.u16(..));
        }
        match self.rng.u8(..3) {
            0 => (*self.pick(&["", " ", "null", "0", "\u{0}", "a\"b\\c", "{}", "[redacted]"]))
                .to_owned(),
            _ => {
                let length = self.rng.usize(..9);
                (0..length).map(|_| self.rng.char(..)).collect()
            }
        }
    }

    fn length(&mut self, depth: usize) -> usize {
        match depth {
            DEEPEST.. => 0,
            _ => self.rng.usize(..=DEEPEST - depth),
        }
    }

    pub(crate) fn pick<'b, T>(&mut self, of: &'b [T]) -> &'b T {
        &of[self.rng.usize(..of.len())]
    }
}

/// Writes JSON with the members of objects in random order.
pub(crate) fn write(value: &Value, rng: &mut Rng) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| write(item, rng)).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(members) => {
            let members = members.iter();
            let mut members: Vec<_> = members
                .map(|(name, value)| format!("{}:{}", json!(name), write(value, rng)))
                .collect();
            rng.shuffle(&mut members);
            format!("{{{}}}", members.join(","))
        }
        other => other.to_string(),
    }
}

/// Shrinks an object while `has` holds, by removing one member or item after the other.
pub(crate) fn least(value: &Value, has: &dyn Fn(&Value) -> bool) -> Value {
    let mut value = value.clone();
    while let Some(smaller) = smaller(&value).into_iter().find(|smaller| has(smaller)) {
        value = smaller;
    }
    value
}

fn smaller(value: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let mut fewer = items.clone();
                fewer.remove(index);
                found.push(fewer.into());
                for item in smaller(item) {
                    let mut items = items.clone();
                    items[index] = item;
                    found.push(items.into());
                }
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                let mut fewer = members.clone();
                fewer.remove(name);
                found.push(fewer.into());
                for value in smaller(value) {
                    let mut members = members.clone();
                    members.insert(name.clone(), value);
                    found.push(members.into());
                }
            }
        }
        _ => {}
    }
    found
}
