//! Descriptions that mention members, and enumerations that another one repeats.

use super::*;

const BORN: &str = "/components/schemas/Cat/properties/born";
const MOOD: &str = "/components/schemas/Cat/properties/mood";
const SCHEMAS: &str = "/components/schemas";

fn describe(description: &mut Value, pointer: &str, text: &str) {
    set(description, pointer, "description", json!(text));
}

#[test]
fn names_of_members_that_do_not_exist_and_twins_are_refused() {
    let table: &[Row] = &[
        (
            "a member mentions one that its object does not have",
            |d| describe(d, BORN, "Before `firstSeen`."),
            "/components/schemas/Cat/properties/born/description",
            "name a member of the same object",
        ),
        (
            "an object mentions a member that it does not have",
            |d| describe(d, CAT, "A cat, since `firstSeen`."),
            "/components/schemas/Cat/description",
            "name a member of the same object",
        ),
        (
            "an enumeration mentions a member",
            |d| describe(d, "/components/schemas/Mood", "As of `lastSeen`."),
            "/components/schemas/Mood/description",
            "write in words what is meant",
        ),
        (
            "an enumeration of numbers mentions a member",
            |d| describe(d, "/components/schemas/Finish", "As of `lastSeen`."),
            "/components/schemas/Finish/description",
            "write in words what is meant",
        ),
        (
            "an enumeration has the values of another one in another order",
            |d| {
                let twin = json!({
                    "type": "string", "description": "How a cat sleeps.",
                    "x-known-values": ["ANGRY", "1ST", "HAPPY"],
                    "x-rust-names": {"1ST": "First"},
                });
                set(d, SCHEMAS, "Sleep", twin);
                set(d, BORN, "$ref", json!("#/components/schemas/Sleep"));
                remove(d, BORN, "type");
                remove(d, BORN, "format");
            },
            "/components/schemas/Sleep",
            "refer to one schema from all places",
        ),
    ];
    check(table, refusals);
}

#[test]
fn what_is_no_name_of_a_missing_member_is_accepted() {
    let accepted: &[(&str, Change)] = &[
        ("a member of the same object", |d| {
            describe(d, BORN, "Before `lastSeen`.");
        }),
        ("a member of its own object", |d| {
            describe(d, CAT, "A cat, as it was at `lastSeen`.");
        }),
        ("single words, values and code", |d| {
            describe(d, BORN, "`null`, `HAPPY`, `a.firstSeen` or `first_seen`.");
        }),
        ("no quotation", |d| {
            describe(d, BORN, "As firstSeen, but before.");
        }),
        ("a value of the member's own enumeration", |d| {
            set(
                d,
                "/components/schemas/Mood",
                "enum",
                json!(["HAPPY", "1ST", "veryAngry"]),
            );
            describe(d, MOOD, "If it is not `veryAngry`.");
        }),
        ("numbers that mean something else", |d| {
            let other = json!({
                "type": "integer", "description": "How a cat sleeps.",
                "x-codes": {"1": "Deeply", "2": "Lightly"},
            });
            set(d, SCHEMAS, "Sleep", other);
            set(d, BORN, "$ref", json!("#/components/schemas/Sleep"));
            remove(d, BORN, "type");
            remove(d, BORN, "format");
        }),
    ];
    for (what, change) in accepted {
        let refusals = refusals(*change);
        assert!(refusals.is_empty(), "{what}: {refusals:#?}");
    }
}
