use std::collections::BTreeMap;

use crate::wire::foreign_response::whole_response;
use crate::wire::raw::RawJson;
use crate::wire::secret::Secret;
use crate::wire::timestamp::Timestamp;

crate::model! {
    /// A cat.
    #[derive(Default)]
    struct Cat: Received {
        id: String = "id" (required),
        lives: Option<u8> = "lives",
    }
}

fn cat(json: &str) -> Result<Cat, String> {
    serde_json::from_str(json).map_err(|e| e.to_string())
}

#[test]
fn members_may_come_in_any_order_and_unknown_ones_are_ignored() {
    let expected = Ok(Cat {
        id: "tom".into(),
        lives: Some(9),
    });
    assert_eq!(cat(r#"{"id":"tom","lives":9}"#), expected);
    assert_eq!(
        cat(r#"{"x":{"id":1},"lives":9,"y":[],"id":"tom"}"#),
        expected
    );
}

#[test]
fn absent_and_null_optional_members_are_none() {
    assert_eq!(cat(r#"{"id":"a"}"#).unwrap().lives, None);
    assert_eq!(cat(r#"{"id":"a","lives":null}"#).unwrap().lives, None);
}

#[test]
fn an_object_with_members_of_which_none_is_known_is_another_kind_of_response() {
    crate::model! {
        /// A house.
        #[derive(Default)]
        struct House: Received {
            name: Option<String> = "name",
            owner: Option<Owner> = "owner",
            tenants: Option<Vec<Owner>> = "tenants",
        }
    }
    crate::model! {
        /// An owner.
        #[derive(Default)]
        struct Owner: Received {
            name: Option<String> = "name",
        }
    }
    crate::model! {
        /// Nothing that is known.
        #[derive(Default)]
        struct Nothing: Received {}
    }
    let house = |json: &str| {
        let decoded = whole_response(|| serde_json::from_str::<House>(json));
        decoded.map_err(|error| error.to_string())
    };
    for foreign in [r#"{"error":"no"}"#, r#"{"Name":"a","data":{"name":"b"}}"#] {
        let error = house(foreign).unwrap_err();
        assert!(error.starts_with("no member of object House"), "{error}");
        // Within something larger it is only newer than this program.
        assert!(serde_json::from_str::<House>(foreign).is_ok());
    }
    for own in [
        "{}",
        r#"{"name":null,"new":1}"#,
        r#"{"owner":{"new":1}}"#,
        r#"{"tenants":[{"new":1},{}]}"#,
    ] {
        assert!(house(own).is_ok(), "{own}");
    }
    let list = whole_response(|| serde_json::from_str::<Vec<House>>(r#"[{},{"new":1}]"#));
    assert!(list.is_ok());
    assert!(whole_response(|| serde_json::from_str::<Nothing>(r#"{"new":1}"#)).is_ok());
}

#[test]
fn models_are_equal_only_if_all_their_members_are_and_shown_with_their_names() {
    let tom = cat(r#"{"id":"tom","lives":9}"#).unwrap();
    for other in [
        r#"{"id":"tom"}"#,
        r#"{"id":"tom","lives":8}"#,
        r#"{"id":"tim","lives":9}"#,
    ] {
        assert_ne!(cat(other).unwrap(), tom);
    }
    let shown = format!("{tom:?}");
    let parts = ["Cat", "id: \"tom\"", "lives: Some(9)"];
    assert!(parts.iter().all(|part| shown.contains(part)), "{shown}");
}

#[test]
fn a_missing_required_member_is_named() {
    assert!(cat("{}").unwrap_err().contains("missing field `id`"));
}

#[test]
fn a_value_of_another_kind_says_what_was_expected() {
    assert!(cat("[]").unwrap_err().contains("expected object Cat"));
}

crate::model! {
    /// One of each.
    #[derive(Default)]
    struct Loose: Received {
        text: String = "text",
        note: Option<String> = "note",
        secret: Option<Secret> = "secret",
        count: i32 = "count",
        total: Option<i64> = "total",
        size: u32 = "size",
        share: f64 = "share",
        tags: Vec<String> = "tags",
        places: BTreeMap<String, i64> = "places",
        part: Part = "part",
        maybe: Option<Part> = "maybe",
        parts: Vec<Part> = "parts",
        sure: bool = "sure",
        unsure: Option<bool> = "unsure",
        gaps: BTreeMap<String, Option<Vec<Part>>> = "gaps",
        seen: Option<Timestamp> = "seen",
        json: Option<RawJson> = "json" (json),
        jsons: Vec<RawJson> = "jsons",
        value: serde_json::Value = "value" (json),
    }
}

crate::model! {
    /// An object that may be empty.
    #[derive(Default)]
    struct Part: Received {
        name: Option<String> = "name",
    }
}

crate::model! {
    /// An object that may not be empty.
    #[derive(Default)]
    struct Named: Received {
        name: String = "name" (required),
    }
}

fn read(json: &str) -> Result<Loose, String> {
    serde_json::from_str(json).map_err(|error| error.to_string())
}

#[test]
fn text_may_come_as_a_number_or_a_truth_value() {
    for (json, text) in [
        (r#""7""#, "7"),
        ("7", "7"),
        ("-7", "-7"),
        ("18446744073709551615", "18446744073709551615"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("false", "false"),
    ] {
        let read = read(&format!(
            r#"{{"text":{json},"note":{json},"secret":{json},"tags":[{json},"b"]}}"#
        ))
        .unwrap();
        assert_eq!(read.text, text);
        assert_eq!(read.note.as_deref(), Some(text));
        assert_eq!(read.secret.unwrap().expose(), text);
        assert_eq!(read.tags, [text, "b"]);
    }
    for json in ["{}", "[]"] {
        assert!(read(&format!(r#"{{"text":{json}}}"#)).is_err(), "{json}");
    }
}

#[test]
fn numbers_may_come_as_text() {
    let expected = || Loose {
        count: -12,
        total: Some(9_000_000_000),
        size: 5,
        share: 0.25,
        places: BTreeMap::from([("a".to_owned(), 3)]),
        ..Loose::default()
    };
    for json in [
        r#"{"count":-12,"total":9000000000,"size":5,"share":0.25,"places":{"a":3}}"#,
        r#"{"count":"-12","total":" 9000000000 ","size":"5","share":"0.25","places":{"a":"3"}}"#,
        r#"{"count":-12.0,"total":9e9,"size":5.0,"share":2.5e-1,"places":{"a":3.0}}"#,
    ] {
        assert_eq!(read(json), Ok(expected()), "{json}");
    }
    assert_eq!(read(r#"{"share":3}"#).unwrap().share, 3.0);
    for wrong in [
        r#"{"count":"many"}"#,
        r#"{"count":""}"#,
        r#"{"count":3000000000}"#,
        r#"{"count":"3000000000"}"#,
        r#"{"count":1.5}"#,
        r#"{"count":true}"#,
        r#"{"count":null}"#,
        r#"{"size":-1}"#,
        r#"{"size":"-1"}"#,
        r#"{"total":9223372036854775808}"#,
        r#"{"total":1e300}"#,
        r#"{"share":"NaN"}"#,
        r#"{"share":"inf"}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn null_is_an_empty_list_map_or_object_and_none_where_a_value_is_optional() {
    let nothing = read(
        r#"{"note":null,"secret":null,"total":null,"tags":null,"places":null,"part":null,"maybe":null,"parts":null}"#,
    );
    assert_eq!(nothing, Ok(Loose::default()));
    let parts = read(r#"{"parts":[{"name":"a"},{}]}"#).unwrap().parts;
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0].name.as_deref(), Some("a"));
    // Not for an object by itself or in a list, and no value of another kind.
    for wrong in [
        serde_json::from_str::<Part>("null").map(drop),
        serde_json::from_str::<Named>("null").map(drop),
        serde_json::from_str::<Loose>(r#"{"parts":[{},null]}"#).map(drop),
    ] {
        let error = wrong.unwrap_err().to_string();
        assert!(
            error.contains("invalid type: null, expected object"),
            "{error}"
        );
    }
    assert_eq!(
        serde_json::from_str::<Named>(r#"{"name":1}"#).unwrap().name,
        "1"
    );
    for wrong in [
        r#"{"part":[]}"#,
        r#"{"part":""}"#,
        r#"{"tags":{}}"#,
        r#"{"tags":""}"#,
        r#"{"places":""}"#,
        r#"{"places":1}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_truth_value_may_come_as_text_or_as_a_number() {
    for (json, value) in [
        ("true", true),
        ("1", true),
        (r#""true""#, true),
        (r#""True""#, true),
        (r#"" 1 ""#, true),
        ("false", false),
        ("0", false),
        (r#""FALSE""#, false),
        (r#""0""#, false),
    ] {
        let read = read(&format!(r#"{{"sure":{json},"unsure":{json}}}"#)).unwrap();
        assert_eq!((read.sure, read.unsure), (value, Some(value)), "{json}");
    }
    for wrong in ["2", "-1", "1.0", r#""yes""#, r#""""#, "[]", "{}", "null"] {
        assert!(read(&format!(r#"{{"sure":{wrong}}}"#)).is_err(), "{wrong}");
    }
}

#[test]
fn large_numbers_are_rounded_where_a_fraction_could_be_and_never_become_another_number() {
    for (json, share) in [
        ("9007199254740993", 9_007_199_254_740_992.0),
        ("18446744073709551615", 18_446_744_073_709_551_616.0),
        ("-9223372036854775808", -9_223_372_036_854_775_808.0),
        (r#""123456789012345678901234""#, 1.234_567_890_123_456_8e23),
    ] {
        assert_eq!(
            read(&format!(r#"{{"share":{json}}}"#)).unwrap().share,
            share,
            "{json}"
        );
    }
    for wrong in [
        r#"{"share":"1e400"}"#,
        r#"{"total":9007199254740993.0}"#,
        r#"{"total":123456789012345678901234}"#,
        // Its digits are lost before it could be kept as text.
        r#"{"text":123456789012345678901234}"#,
        r#"{"text":1e300}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    let exact = read(r#"{"text":18446744073709551615,"total":-9223372036854775808}"#).unwrap();
    assert_eq!(exact.text, "18446744073709551615");
    assert_eq!(exact.total, Some(i64::MIN));
}

#[test]
fn the_last_of_several_members_of_one_name_counts() {
    let read = read(
        r#"{"text":"a","note":"a","tags":["a"],"places":{"a":1,"b":1},"part":{"name":"a"},"maybe":{"name":"a"},
            "parts":[{},{}],"text":"b","note":null,"tags":["b"],"places":{"b":2,"b":3},"part":{},"maybe":{},"parts":[{}]}"#,
    );
    let expected = Loose {
        text: "b".to_owned(),
        tags: vec!["b".to_owned()],
        places: BTreeMap::from([("b".to_owned(), 3)]),
        maybe: Some(Part::default()),
        parts: vec![Part::default()],
        ..Loose::default()
    };
    assert_eq!(read, Ok(expected));

    crate::model! {
        /// An object, and nothing that is wanted as JSON.
        #[derive(Default)]
        struct Whole: Received {
            part: Part = "part",
        }
    }
    let whole: Whole = serde_json::from_str(r#"{"part":{"name":"a"},"part":{}}"#).unwrap();
    assert_eq!(whole.part, Part::default());
}

#[test]
fn a_map_or_a_list_that_comes_again_as_null_is_empty() {
    let json = r#"{"places":{"a":1},"tags":["a"],"places":null,"tags":null}"#;
    assert_eq!(read(json), Ok(Loose::default()));
}

macro_rules! wide {
    ($($member:ident $wire:literal)*) => {
        crate::model! {
            /// More members than a word has bits.
            #[derive(Default)]
            struct Wide: Received {
                first: String = "first" (required),
                $($member: Option<u8> = $wire,)*
                part: Part = "part",
            }
        }
    };
}

#[test]
fn a_member_after_the_first_64_is_one_of_its_own() {
    wide! {
        b1 "b1" b2 "b2" b3 "b3" b4 "b4" b5 "b5" b6 "b6" b7 "b7" b8 "b8" b9 "b9"
        b10 "b10" b11 "b11" b12 "b12" b13 "b13" b14 "b14" b15 "b15" b16 "b16" b17 "b17" b18 "b18"
        b19 "b19" b20 "b20" b21 "b21" b22 "b22" b23 "b23" b24 "b24" b25 "b25" b26 "b26" b27 "b27"
        b28 "b28" b29 "b29" b30 "b30" b31 "b31" b32 "b32" b33 "b33" b34 "b34" b35 "b35" b36 "b36"
        b37 "b37" b38 "b38" b39 "b39" b40 "b40" b41 "b41" b42 "b42" b43 "b43" b44 "b44" b45 "b45"
        b46 "b46" b47 "b47" b48 "b48" b49 "b49" b50 "b50" b51 "b51" b52 "b52" b53 "b53" b54 "b54"
        b55 "b55" b56 "b56" b57 "b57" b58 "b58" b59 "b59" b60 "b60" b61 "b61" b62 "b62" b63 "b63"
    }
    let read = |json: &str| serde_json::from_str::<Wide>(json);
    let wide = read(r#"{"first":"a","b63":63}"#).unwrap();
    assert_eq!(wide.b63, Some(63));
    let wide = read(r#"{"part":{"name":"b"},"part":{},"first":"a"}"#).unwrap();
    assert_eq!(wide.part, Part::default());
    let error = read(r#"{"part":{}}"#).unwrap_err().to_string();
    assert!(error.contains("missing field `first`"), "{error}");
}

#[test]
fn elements_of_a_list_may_be_null_where_they_are_optional_and_json_where_it_is_kept() {
    crate::model! {
        /// Elements that may be missing, or of any kind.
        #[derive(Default)]
        struct Gaps: Received {
            texts: Vec<Option<String>> = "texts",
            jsons: Vec<Option<RawJson>> = "jsons",
            kept: BTreeMap<String, RawJson> = "kept",
        }
    }
    let json = r#"{"texts":[null,"a"],"jsons":[null,{"b":[1]}],"kept":{"a":{"b" : 1},"b":null}}"#;
    let gaps: Gaps = serde_json::from_str(json).unwrap();
    assert_eq!(gaps.texts, [None, Some("a".to_owned())]);
    let jsons: Vec<_> = gaps.jsons.iter().flatten().map(RawJson::as_str).collect();
    assert_eq!((gaps.jsons.len(), jsons), (2, vec![r#"{"b":[1]}"#]));
    let kept: Vec<_> = gaps.kept.values().map(RawJson::as_str).collect();
    assert_eq!(kept, [r#"{"b" : 1}"#, "null"]);
}

#[test]
fn a_list_of_texts_may_be_longer_than_one_of_objects() {
    let read = |member: &str, element: &str, count: usize| {
        let rest = format!(",{element}").repeat(count - 1);
        read(&format!(r#"{{"{member}":[{element}{rest}]}}"#))
    };
    assert_eq!(read("tags", r#""a""#, 100_001).unwrap().tags.len(), 100_001);
    assert_eq!(read("parts", "{}", 100_000).unwrap().parts.len(), 100_000);
    let error = read("parts", "{}", 100_001).unwrap_err();
    assert!(error.contains("more than 100,000 objects"), "{error}");
}

#[test]
fn values_of_a_map_may_be_null_where_they_are_optional() {
    let read = read(r#"{"gaps":{"A":null,"B":[],"C":[{"name":"c"}]}}"#).unwrap();
    assert_eq!(read.gaps["A"], None);
    assert_eq!(read.gaps["B"], Some(vec![]));
    assert_eq!(
        read.gaps["C"].as_ref().unwrap()[0].name.as_deref(),
        Some("c")
    );
}

#[test]
fn an_optional_time_that_cannot_be_read_is_none() {
    let seen = |json: &str| read(&format!(r#"{{"seen":{json}}}"#)).map(|read| read.seen);
    assert_eq!(
        seen("1698669223"),
        Ok(Timestamp::from_unix_seconds(1_698_669_223).ok())
    );
    for json in [
        "null",
        r#""""#,
        r#"" ""#,
        r#""never""#,
        "1e300",
        "18446744073709551615",
    ] {
        assert_eq!(seen(json), Ok(None), "{json}");
    }
    for wrong in ["true", "[]", "{}"] {
        assert!(seen(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn json_of_any_kind_is_kept_as_it_was_sent() {
    let json = r#"{"b" : [1.50, null], "a":"\u00e9"}"#;
    let read = read(&format!(
        r#"{{"json":{json},"jsons":[null,{json}],"value":{json}}}"#
    ))
    .unwrap();
    assert_eq!(read.json.unwrap().as_str(), json);
    let jsons: Vec<_> = read.jsons.iter().map(RawJson::as_str).collect();
    assert_eq!(jsons, ["null", json]);
    assert_eq!(
        read.value,
        serde_json::from_str::<serde_json::Value>(json).unwrap()
    );
    assert_eq!(
        serde_json::from_str::<Loose>(r#"{"json":null}"#)
            .unwrap()
            .json,
        None
    );
    // Also from another deserializer than that of a text.
    let again: Loose = serde_json::from_value(serde_json::json!({"json": [1], "text": 2})).unwrap();
    assert_eq!(again.json.unwrap().as_str(), "[1]");
}

#[test]
fn an_error_stands_after_the_value_that_does_not_fit() {
    // So that its place is found by line and column.
    for (json, column) in [
        (r#"{"part":[1,2],"text":"a"}"#, 13),
        (r#"{"text":{"a":{}} }"#, 16),
        (r#"{"tags":[["a"],"b"]}"#, 14),
        (r#"{"count":"many" }"#, 15),
    ] {
        let error = serde_json::from_str::<Loose>(json).unwrap_err();
        assert_eq!(
            (error.line(), error.column()),
            (1, column),
            "{json}: {error}"
        );
    }
}
