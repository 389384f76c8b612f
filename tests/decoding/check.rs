//! Comparison of decoded values with the JSON that was sent.

use serde_json::Value;

use crate::read::Seen;
use crate::shapes::{Definition, Shape, Shapes};
use crate::types::{ENUMS, MODELS, OWN};

impl Shapes {
    /// Decodes an object and compares it with the JSON.
    pub(crate) fn decode(&self, name: &str, json: &str) -> Result<(), String> {
        let (_, read) = MODELS
            .iter()
            .find(|(own, _)| *own == name)
            .ok_or_else(|| format!("no type {name}"))?;
        let sent = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let seen = Seen::parse(&read(json)?);
        self.compare(&Shape::Named(name.to_owned()), &sent, &seen)
            .map_err(|(path, problem)| format!("at `{path}`: {problem}"))
    }

    fn compare(&self, shape: &Shape, sent: &Value, seen: &Seen) -> Result<(), (String, String)> {
        let within = |place: String, result: Result<(), (String, String)>| {
            result.map_err(|(path, problem)| (format!("{place}{path}"), problem))
        };
        let is_same = match (shape, sent, seen) {
            (Shape::List(inner), Value::Array(sent), Seen::List(seen)) => {
                for (index, (sent, seen)) in sent.iter().zip(seen).enumerate() {
                    within(format!("[{index}]"), self.compare(inner, sent, seen))?;
                }
                sent.len() == seen.len()
            }
            (Shape::Map(inner), Value::Object(sent), Seen::Map(seen)) => {
                for (key, value) in sent {
                    let shown = format!("{key:?}");
                    let found = seen.iter().find(|(name, _)| *name == shown);
                    let found = found.map_or(&Seen::Nothing, |(_, seen)| seen);
                    within(format!("[{shown}]"), self.compare(inner, value, found))?;
                }
                sent.len() == seen.len()
            }
            (Shape::Named(name), Value::Object(sent), Seen::Object(seen)) => {
                let Definition::Object(members) = self.definition(name) else {
                    return Err((String::new(), format!("{name} is not an object")));
                };
                for ((member, shape), seen) in members.iter().zip(seen) {
                    let is_own = OWN.iter().any(|own| (own.0, own.1) == (name, member));
                    let result = match sent.get(member).filter(|value| !value.is_null()) {
                        None if *seen == Seen::Nothing => Ok(()),
                        None => Err((String::new(), format!("{seen:?} of nothing"))),
                        Some(_) if is_own && matches!(seen, Seen::Object(_)) => Ok(()),
                        Some(sent) => self.compare(shape, sent, seen),
                    };
                    within(format!(".{member}"), result)?;
                }
                members.len() == seen.len()
            }
            // `Debug` shows a struct without fields as its name.
            (Shape::Named(_), Value::Object(_), Seen::Word(_)) => true,
            (Shape::Named(name), sent, seen) => {
                let read = ENUMS.iter().find(|(own, _)| own == name);
                let shown = read.and_then(|(_, read)| read(&sent.to_string()).ok());
                shown.is_some_and(|(shown, _)| Seen::parse(&shown) == *seen)
            }
            (Shape::Any, sent, Seen::Raw(length)) => sent.to_string().len() == *length,
            (Shape::Text | Shape::Time, sent, Seen::Text(seen)) => {
                let sent = match sent {
                    Value::String(text) => text.clone(),
                    Value::Number(number) => match number.as_f64() {
                        Some(float) if number.is_f64() => float.to_string(),
                        _ => number.to_string(),
                    },
                    other => other.to_string(),
                };
                *seen == format!("{sent:?}")
            }
            (Shape::Text, _, Seen::Redacted) => true,
            (Shape::Int32 | Shape::Int64, sent, Seen::Word(seen)) => match sent {
                Value::String(text) => text == seen,
                sent if sent.is_f64() => sent.as_f64() == seen.parse().ok(),
                sent => sent.is_i64() && sent.as_i64() == seen.parse().ok(),
            },
            (Shape::Float, sent, Seen::Word(seen)) => {
                let sent = match sent {
                    Value::String(text) => text.parse().ok(),
                    sent => sent.as_f64(),
                };
                sent.is_some() && sent == seen.parse().ok()
            }
            (Shape::Bool, sent, Seen::Word(seen)) => {
                sent.is_boolean() && sent.as_bool() == seen.parse().ok()
            }
            _ => false,
        };
        match is_same {
            true => Ok(()),
            false => Err((String::new(), format!("{sent} became {seen:?}"))),
        }
    }
}
