//! Enumerations whose values are numbers on the wire.

use std::collections::BTreeMap;

use security_api_transport::model::{Shaped, deserialize};
use security_api_transport::open_enum;

open_enum! {
    /// A lamp.
    pub enum Lamp: i32 {
        On = 1,
        Off = 2 | 0,
        Broken = -1,
    }
}

#[test]
fn numbers_known_and_unknown_survive_a_round_trip() {
    for (json, value, back) in [
        ("1", Lamp::On, "1"),
        ("2", Lamp::Off, "2"),
        ("0", Lamp::Off, "2"),
        ("-1", Lamp::Broken, "-1"),
        ("7", Lamp::Unrecognized(7), "7"),
        ("2147483647", Lamp::Unrecognized(i32::MAX), "2147483647"),
    ] {
        let read: Lamp = serde_json::from_str(json).unwrap();
        assert_eq!(read, value, "{json}");
        assert_eq!(serde_json::to_string(&read).unwrap(), back);
        assert_eq!(read.to_string(), back);
        assert_eq!(Lamp::from(i32::from(read)), value);
    }
}

#[test]
fn a_numbered_value_is_read_exactly_where_a_number_is() {
    for json in [
        "1",
        "1.0",
        "\"1\"",
        "\" 2 \"",
        "1.5",
        "\"on\"",
        "\"\"",
        "true",
        "null",
        "{}",
        "[1]",
        "2147483648",
        "1e400",
    ] {
        let number: Result<i32, _> = deserialize(&mut serde_json::Deserializer::from_str(json));
        let value: Result<Lamp, _> = serde_json::from_str(json);
        match (number, value) {
            (Ok(number), Ok(value)) => assert_eq!(Lamp::from(number), value, "{json}"),
            (Err(number), Err(value)) => assert_eq!(number.to_string(), value.to_string()),
            (number, value) => panic!("{json}: {number:?} and {value:?}"),
        }
    }
}

#[test]
fn lists_maps_and_optional_values_hold_numbered_values() {
    let list: Vec<Option<Lamp>> = serde_json::from_str("[1, null, 7]").unwrap();
    assert_eq!(list, [Some(Lamp::On), None, Some(Lamp::Unrecognized(7))]);
    let map = BTreeMap::from([("a".to_owned(), Lamp::Off)]);
    let shape = Shaped::shape(&map);
    assert_eq!(serde_json::to_string(&shape).unwrap(), r#"{"a":2}"#);
    let shape = Shaped::shape(&list);
    assert_eq!(serde_json::to_string(&shape).unwrap(), "[1,null,7]");
}
