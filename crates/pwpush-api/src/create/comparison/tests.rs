use super::*;
use serde_json::json;

fn found(differences: Vec<Difference>) -> Vec<(String, bool)> {
    let found = differences.iter();
    found
        .map(|found| (found.to_string(), found.is_less()))
        .collect()
}

#[test]
fn views_are_as_asked_fewer_more_or_not_said() {
    for (response, expected) in [
        (json!({"expire_after_views": 2}), None),
        (json!({"expire_after_views": "2"}), None),
        (
            json!({"expire_after_views": 1}),
            Some(("`views`: 1 instead of 2", true)),
        ),
        (
            json!({"expire_after_views": 5}),
            Some(("`views`: 5 instead of 2", false)),
        ),
        (
            json!({"expire_after_views": 0}),
            Some(("`views`: any number instead of 2", false)),
        ),
        (
            json!({"expire_after_views": null}),
            Some(("`views`: the response does not say whether it is 2", false)),
        ),
    ] {
        let differences = Comparison::new(&response, None)
            .views(Some(2))
            .differences();
        let expected = expected.map(|(text, less)| (text.to_owned(), less));
        assert_eq!(found(differences), Vec::from_iter(expected), "{response}");
    }
}

#[test]
fn a_difference_names_the_option_and_both_values() {
    let response = json!({"expire_after_views": 1});
    let differences = Comparison::new(&response, None)
        .views(Some(2))
        .flag("retrieval_step", Some(true), false)
        .differences();
    let found: Vec<_> = differences
        .iter()
        .map(|found| (found.option(), found.asked(), found.kept()))
        .collect();
    assert_eq!(
        found,
        [("views", "2", Some("1")), ("retrieval_step", "true", None)]
    );
}

#[test]
fn a_flag_may_be_text_and_null_is_false_only_for_kinds_without_it() {
    for (value, asked, null_is_false, expected) in [
        (json!("true"), true, false, None),
        (json!("false"), true, false, Some("false instead of true")),
        (json!(null), true, true, Some("false instead of true")),
        (json!(null), false, true, None),
        (json!(null), false, false, Some("does not say")),
    ] {
        let response = json!({"retrieval_step": value});
        let differences = Comparison::new(&response, None)
            .flag("retrieval_step", Some(asked), null_is_false)
            .differences();
        let found = found(differences);
        assert_eq!(found.len(), usize::from(expected.is_some()), "{found:?}");
        if let Some(expected) = expected {
            assert!(found[0].0.contains(expected), "{found:?}");
        }
    }
}

#[test]
fn only_the_commercial_edition_may_leave_out_who_is_told_and_in_which_language() {
    let response = json!({});
    let differences = |edition| {
        let comparison = Comparison::new(&response, Some(edition));
        let asked = ["a@example.com".to_owned()];
        comparison.mail(&asked, Some("fr")).differences()
    };
    assert_eq!(differences(&Edition::Commercial), []);
    assert_eq!(differences(&Edition::Oss).len(), 2);
    assert_eq!(differences(&Edition::Unrecognized("new".into())).len(), 2);
}

#[test]
fn a_language_that_the_response_names_is_shown_only_if_it_is_a_code() {
    for (kept, shown) in [
        ("de", "de"),
        ("fil", "fil"),
        ("pt-BR", "pt-BR"),
        // Each of these could be a secret.
        ("swordfish", "another language"),
        ("pt-swordfish", "another language"),
        ("42", "another language"),
        ("42-BR", "another language"),
    ] {
        let response =
            json!({"notify_emails_to": "a@example.com", "notify_emails_to_locale": kept});
        let asked = ["a@example.com".to_owned()];
        let differences = Comparison::new(&response, None)
            .mail(&asked, Some("fr"))
            .differences();
        let found: Vec<_> = differences.iter().map(Difference::kept).collect();
        assert_eq!(found, [Some(shown)], "{kept}");
    }
}

#[test]
fn mail_that_is_denied_is_not_kept_in_any_edition() {
    let response = json!({"notify_emails_to": false, "notify_emails_to_locale": false});
    let comparison = Comparison::new(&response, Some(&Edition::Commercial));
    let asked = ["a@example.com".to_owned()];
    assert_eq!(comparison.mail(&asked, Some("fr")).differences().len(), 2);
}

#[test]
fn files_that_the_response_lists_are_all_there_under_the_names_that_the_service_gives_them() {
    let names = |names: &[&str]| -> Value {
        let files = names.iter().map(|name| json!({"filename": name}));
        json!({"files": files.collect::<Vec<_>>()})
    };
    let asked = [
        Upload::bytes("50% \"off\".txt", "x"),
        Upload::bytes("C:\\plans\\a|b?.txt", "x"),
    ];
    for (response, expected) in [
        (json!({}), None),
        (json!({"files": null}), None),
        (json!({"files": [{}, {}]}), None),
        (names(&["50- -off-.txt", "a-b-.txt"]), None),
        (names(&["a-b-.txt", "50- -off-.txt"]), None),
        (names(&[]), Some("none instead of the 2 given files")),
        (
            names(&["a-b-.txt"]),
            Some("1 file instead of the 2 given files"),
        ),
        (
            names(&["a", "b", "c"]),
            Some("3 files instead of the 2 given files"),
        ),
        (
            names(&["a-b-.txt", "a-b-.txt"]),
            Some("other files instead of the 2 given files"),
        ),
        (
            names(&["a-b-.txt", "hunter2"]),
            Some("other files instead of the 2 given files"),
        ),
        (
            json!({"files": 2}),
            Some("the response does not say whether it is the 2 given files"),
        ),
    ] {
        let differences = Comparison::new(&response, None).files(&asked).differences();
        let expected = expected.map(|text| (format!("`file`: {text}"), false));
        assert_eq!(found(differences), Vec::from_iter(expected), "{response}");
    }
    let response = names(&["a"]);
    assert_eq!(
        Comparison::new(&response, None).files(&[]).differences(),
        []
    );
}

#[test]
fn what_every_edition_echoes_is_not_kept_if_it_is_not_echoed() {
    let response = json!({});
    for edition in [None, Some(Edition::Oss), Some(Edition::Commercial)] {
        let comparison = Comparison::new(&response, edition.as_ref());
        let differences = comparison
            .text("name", Some("depot"))
            .text("note", Some("for John"))
            .account(Some("7"))
            .differences();
        let kept: Vec<_> = differences
            .iter()
            .map(|it| (it.option(), it.kept(), it.is_less()))
            .collect();
        let not_said = ["name", "note", "account_id"].map(|option| (option, None, false));
        assert_eq!(kept, not_said, "{edition:?}");
    }
    let nothing = Comparison::new(&response, None).text("name", Some(""));
    assert_eq!(nothing.differences(), []);
}

#[test]
fn a_text_of_another_type_is_another_text() {
    let response = json!({"name": 7, "account_id": {}});
    let differences = Comparison::new(&response, None)
        .text("name", Some("7"))
        .account(Some("7"))
        .differences();
    let kept: Vec<_> = differences.iter().map(Difference::kept).collect();
    assert_eq!(kept, [Some("another text"), Some("another account")]);
}

#[test]
fn an_account_is_the_same_as_text_and_as_a_number() {
    for (kept, expected) in [
        (json!("7"), None),
        (json!(7), None),
        (json!("8"), Some("another account")),
        (json!(8), Some("another account")),
        (json!(null), Some("none")),
    ] {
        let response = json!({"account_id": kept});
        let differences = Comparison::new(&response, None).account(Some("7"));
        let differences = differences.differences();
        let found = differences.first().and_then(Difference::kept);
        assert_eq!(found, expected, "{response}");
    }
}

#[test]
fn a_passphrase_that_is_not_echoed_is_kept_only_where_the_edition_is_known_to_hide_it() {
    let not_said = "`passphrase`: the response does not say whether it is the given one";
    let none = "`passphrase`: none instead of the given one";
    for (response, edition, expected) in [
        (json!({"passphrase": null}), Some(Edition::Commercial), None),
        (json!({}), Some(Edition::Commercial), None),
        (
            json!({"passphrase": false}),
            Some(Edition::Commercial),
            Some(not_said),
        ),
        (
            json!({"passphrase": 0}),
            Some(Edition::Commercial),
            Some(not_said),
        ),
        (
            json!({"passphrase": null}),
            Some(Edition::Oss),
            Some(not_said),
        ),
        (json!({"passphrase": null}), None, Some(not_said)),
        (json!({}), None, Some(not_said)),
        (
            json!({"passphrase": ""}),
            Some(Edition::Commercial),
            Some(none),
        ),
        (json!({"passphrase": " "}), None, Some(none)),
        (json!({"passphrase": "umbrella"}), None, None),
    ] {
        let differences = Comparison::new(&response, edition.as_ref())
            .passphrase(Some("umbrella"))
            .differences();
        let expected = expected.map(|text| (text.to_owned(), false));
        let context = format!("{response} {edition:?}");
        assert_eq!(found(differences), Vec::from_iter(expected), "{context}");
    }
}

#[test]
fn what_was_not_asked_for_is_not_compared() {
    let response = json!({
        "expire_after_views": 5, "retrieval_step": true, "deletable_by_viewer": true, "passphrase": "x",
        "notify_emails_to": "a@example.com", "account_id": 3, "name": "x",
    });
    let comparison = Comparison::new(&response, Some(&Edition::Oss))
        .views(None)
        .flag("retrieval_step", None, false)
        .flag("deletable_by_viewer", None, false)
        .passphrase(None)
        .mail(&[], None)
        .account(None)
        .text("name", None);
    assert_eq!(comparison.differences(), []);
}

#[test]
fn no_secret_and_no_address_is_in_a_difference() {
    let response = json!({
        "passphrase": "MARKED", "notify_emails_to": "MARKED@example.com", "account_id": "MARKED", "note": "MARKED",
    });
    let differences = Comparison::new(&response, Some(&Edition::Oss))
        .passphrase(Some("SECRET"))
        .mail(&["SECRET@example.com".to_owned()], Some("fr"))
        .account(Some("SECRET"))
        .text("note", Some("SECRET"))
        .differences();
    assert_eq!(differences.len(), 5);
    let shown = format!("{differences:?} {:?}", found(differences.clone()));
    assert!(
        !shown.contains("MARKED") && !shown.contains("SECRET"),
        "{shown}"
    );
}
