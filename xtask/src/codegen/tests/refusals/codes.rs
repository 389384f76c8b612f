//! Integers whose values have names.

use super::*;

const LIVES: &str = "/components/schemas/Toy/properties/number";
const FINISH: &str = "/components/schemas/Finish";
const NEWEST: &str = "/paths/~1photos/get/parameters/2";

#[test]
fn wrong_codes_are_refused_with_place_and_remedy() {
    let table: &[Row] = &[
        (
            "a number that is none",
            |d| set(d, "/components/schemas/Finish/x-codes", "01", json!("Raw")),
            "/components/schemas/Finish/x-codes/01",
            "write it as a number",
        ),
        (
            "a number that is called as another",
            |d| set(d, "/components/schemas/Finish/x-codes", "3", json!("matt")),
            "/components/schemas/Finish/x-codes/3",
            "call it otherwise",
        ),
        (
            "a number that stands for one without a name",
            |d| set(d, "/components/schemas/Finish/x-codes", "3", json!("4")),
            "/components/schemas/Finish/x-codes/3",
            "name the number that it stands for",
        ),
        (
            "a number that stands for one that stands for another",
            |d| set(d, "/components/schemas/Finish/x-codes", "3", json!("0")),
            "/components/schemas/Finish/x-codes/3",
            "name the number that it stands for",
        ),
        (
            "the meaning of a number that is not listed",
            |d| {
                set(
                    d,
                    "/components/schemas/Finish/x-value-docs",
                    "3",
                    json!("It is raw."),
                )
            },
            "/components/schemas/Finish/x-value-docs/3",
            "remove it",
        ),
        (
            "integers that are listed without names",
            |d| {
                remove(d, FINISH, "x-codes");
                set(d, FINISH, "enum", json!(["1", "2"]));
            },
            FINISH,
            "give integers names in `x-codes`",
        ),
        (
            "a parameter that tells what its numbers mean",
            |d| {
                set(d, NEWEST, "schema", json!({"type": "integer"}));
                set(
                    d,
                    NEWEST,
                    "description",
                    json!("How printed: 1 matt, 2 shiny."),
                );
            },
            NEWEST,
            "`x-codes` of a schema",
        ),
        (
            "a list that tells what its numbers mean",
            |d| {
                let list = json!({
                    "description": "How it is printed: 1 matt, 2 shiny.",
                    "type": "array",
                    "items": {"type": "integer"},
                });
                set(d, "/components/schemas/Photo/properties", "finishes", list);
            },
            "/components/schemas/Photo/properties/finishes",
            "`x-codes` of a schema",
        ),
        (
            "a schema without a type that tells what its numbers mean",
            |d| {
                remove(d, FINISH, "x-codes");
                remove(d, FINISH, "x-value-docs");
                set(d, FINISH, "description", json!("1 matt, 2 shiny."));
            },
            FINISH,
            "`x-codes` of a schema",
        ),
    ];
    check(table, |change| refusals(change));
}

#[test]
fn an_integer_whose_description_lists_what_its_numbers_mean_is_refused() {
    for (description, lists) in [
        ("1 public, 2 private, 3 hidden.", true),
        ("1 is active; 0 or 2 is inactive.", true),
        ("When to send: 1 now, 2 later.", true),
        ("1: now, 2: later.", true),
        ("0 = off, 1 = on.", true),
        ("Whether it is on (0 off, 1 on).", true),
        ("1 switches it on and 2 switches it off.", true),
        ("Of which system: 1 `Exchange`, 2 `Google`.", true),
        ("Which of the fixed durations; 0 ends the period.", false),
        ("The days. The vendor's front end offers 1, 3 and 7.", false),
        ("The number of the page, from 1.", false),
        ("From 1 to 3 days, 24 hours each.", false),
        ("Its place, from 1 on.", false),
        ("", false),
    ] {
        let refused = refusals(|d| set(d, LIVES, "description", json!(description)));
        let found = refused
            .iter()
            .any(|refusal| refusal.pointer == LIVES && refusal.remedy.contains("`x-codes`"));
        assert_eq!(found, lists, "{description}: {refused:#?}");
    }
}
