//! Every response that Keepnet may send is decoded by its type, without loss.
//!
//! Responses are generated from the sandbox's list of shapes. They depend only on a seed.

mod check;
mod operations;
mod read;
mod sample;
mod shapes;
mod types;

use sample::{Maker, least, write};
use serde_json::{Value, json};
use shapes::{Definition, Shape, Shapes};
use types::{ENUMS, MODELS};

/// The number of samples of each object.
const ROUNDS: u64 = 24;

#[test]
fn every_type_of_a_response_is_tried() {
    let shapes = Shapes::load();
    let mut tried: Vec<_> = MODELS.iter().map(|(name, _)| *name).collect();
    tried.extend(ENUMS.iter().map(|(name, _)| *name));
    tried.sort_unstable();
    let mut named: Vec<_> = shapes.types.iter().map(|(name, _)| name.as_str()).collect();
    named.sort_unstable();
    assert_eq!(tried, named);
}

#[test]
fn every_object_is_read_however_its_members_are_written() {
    let shapes = Shapes::load();
    let mut failures = Vec::new();
    for (number, (name, _)) in MODELS.iter().enumerate() {
        for round in 0..ROUNDS {
            let seed = number as u64 * ROUNDS + round;
            let mut maker = Maker::new(&shapes, seed);
            let value = maker.value(&Shape::Named((*name).to_owned()));
            let json = write(&value, &mut maker.rng);
            if let Err(problem) = shapes.decode(name, &json) {
                let fails = |value: &Value| shapes.decode(name, &value.to_string()).is_err();
                let value = match fails(&value) {
                    true => least(&value, &fails).to_string(),
                    false => json,
                };
                failures.push(format!("{name}, seed {seed}: {problem}\n  {value}"));
                break;
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {} types fail:\n{}",
        failures.len(),
        MODELS.len(),
        failures.join("\n")
    );
}

#[test]
fn every_enumeration_knows_its_values_and_keeps_others() {
    let shapes = Shapes::load();
    let mut rng = fastrand::Rng::with_seed(1);
    for (name, read) in ENUMS {
        let values = match shapes.definition(name) {
            Definition::Enum(values) => values,
            Definition::Codes(_) => continue,
            Definition::Object(_) => panic!("{name} is an object"),
        };
        for value in values {
            let json = json!(value).to_string();
            let (shown, written) = read(&json).unwrap();
            assert!(!shown.starts_with("Unrecognized"), "{name}: {value}");
            assert_eq!(written, json, "{name}");
        }
        for _ in 0..20 {
            let length = rng.usize(..12);
            let unknown: String = (0..length).map(|_| rng.char(..)).collect();
            let json = json!(unknown).to_string();
            let (shown, written) = read(&json).unwrap();
            assert!(
                shown.starts_with("Unrecognized") || values.contains(&unknown),
                "{name}: {unknown:?}"
            );
            assert_eq!(written, json, "{name}");
            // A number that is the code of a value, or its digits as text.
            let code = rng.i64(-3..40);
            let (_, written) = read(&code.to_string()).unwrap();
            let written: String = serde_json::from_str(&written).unwrap();
            assert!(
                written == code.to_string() || values.contains(&written),
                "{name}: {code} became {written}"
            );
        }
    }
}

#[test]
fn every_enumeration_of_numbers_knows_its_values_and_keeps_others() {
    let shapes = Shapes::load();
    let mut tried = 0;
    for (name, read) in ENUMS {
        let Definition::Codes(codes) = shapes.definition(name) else {
            continue;
        };
        tried += 1;
        for code in -3..40 {
            for json in [code.to_string(), format!("\"{code}\""), format!("{code}.0")] {
                let (shown, written) = read(&json).unwrap();
                let known = !shown.starts_with("Unrecognized");
                let written: i64 = serde_json::from_str(&written).unwrap();
                // A number that stands for another is written as that one.
                let same = written == code || known && codes.contains(&written);
                assert!(same, "{name}: {json} became {written}");
                assert!(known || !codes.contains(&code), "{name}: {json}");
            }
        }
        for json in ["\"Unknown\"", "\"\"", "1.5", "true", "{}", "2147483648"] {
            assert!(read(json).is_err(), "{name}: {json}");
        }
    }
    assert!(tried > 0, "there is no such enumeration");
}
