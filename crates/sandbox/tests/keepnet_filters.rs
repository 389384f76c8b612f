//! The filters of Keepnet's searches.

mod support;

use security_api_sandbox::{KeepnetOptions, Sandbox};
use serde_json::{Value, json};
use support::keepnet::{Session, builder, filter, search};

const PATH: &str = "/api/notified-emails";

/// A sandbox with one reported e-mail in each company.
async fn with_one_email() -> Sandbox {
    let options = KeepnetOptions::default().notified_emails(1);
    let sandbox = builder().keepnet(options).start().await;
    sandbox.expect("a sandbox")
}

/// Whether a filter keeps the e-mail.
async fn keeps(session: &Session<'_>, filter: Value) -> bool {
    let mut body = search("CreateTime", true);
    body["filter"] = filter;
    let page = session.post(&format!("{PATH}/search"), body).await.data();
    match page["totalNumberOfRecords"].as_u64() {
        Some(0) => false,
        Some(1) => true,
        other => panic!("{other:?} e-mails"),
    }
}

#[tokio::test]
async fn operators_compare_text_numbers_and_times() {
    let sandbox = with_one_email().await;
    let session = Session::reseller(&sandbox).await;
    let found = session
        .post(&format!("{PATH}/search"), search("CreateTime", true))
        .await;
    let email = found.data()["results"][0].take();
    assert_eq!(email["createTime"], "2026-01-05T08:00:00.000Z");
    assert_eq!(
        (&email["source"], &email["total"]),
        (&json!("Outlook"), &json!(1))
    );
    assert!(email["note"].is_null());
    let one = format!("{PATH}/{}", email["resourceId"].as_str().expect("an id"));
    session.put(&one, json!({ "tag": "red,Blue" })).await.data();
    for (field, operator, value, expected) in [
        ("Source", "Contains", json!("look"), true),
        ("source", "=", json!("OUTLOOK"), true),
        ("source", "Equal", json!("Out"), false),
        ("SOURCE", "!=", json!("Out"), true),
        ("source", "Include", json!("Gmail, outlook"), true),
        ("total", "=", json!("1.0"), true),
        ("total", "<", json!("0.9"), false),
        ("total", ">", json!("0.9"), true),
        ("total", ">=", json!("1"), true),
        ("total", "Include", json!("2, 1"), true),
        ("total", "Include", json!("2,10"), false),
        ("tags", "Contains", json!("blu"), true),
        ("tags", "!=", json!("red"), false),
        ("tags", "!=", json!("green"), true),
        ("note", "=", json!(""), true),
        ("note", "<", json!("x"), false),
        ("note", "!=", json!("x"), true),
    ] {
        let mut filter = filter(field, operator, "");
        filter["FilterGroups"][0]["FilterItems"][0]["Value"] = value.clone();
        assert_eq!(
            keeps(&session, filter).await,
            expected,
            "{field} {operator} {value}"
        );
    }
}

#[tokio::test]
async fn times_are_read_in_every_format_in_use() {
    let sandbox = with_one_email().await;
    let session = Session::reseller(&sandbox).await;
    for (operator, value, expected) in [
        ("=", "2026-01-05T08:00:00.000Z", true),
        ("=", "2026-01-05T08:00:00", true),
        ("=", "2026-01-05 08:00", true),
        ("=", "2026-01-05T10:00:00+02:00", true),
        ("=", "2026-01-05T03:30:00.000-04:30", true),
        ("=", "05/01/2026 08:00", true),
        ("=", "2026/01/05 08:00", true),
        (">", "2026-01-05", true),
        (">", "1969-12-31T23:59:59.999Z", true),
        (">=", "2026-01-05T08:00:00.001Z", false),
        ("<", "2026-01-06", true),
        // What is no time is compared as text.
        (">", "2026-01-05Tnine", false),
        ("<", "2026-13-01", true),
        (">", "20260105", false),
    ] {
        let kept = keeps(&session, filter("createTime", operator, value)).await;
        assert_eq!(kept, expected, "{operator} {value}");
    }
}

#[tokio::test]
async fn conditions_combine_and_empty_groups_do_not_matter() {
    let sandbox = with_one_email().await;
    let session = Session::reseller(&sandbox).await;
    let item = |value: &str| json!({"fieldName": "source", "operator": "=", "value": value});
    let both = |top: &str, below: &str| {
        json!({"condition": top, "searchInputTextValue": "", "filterGroups": [
            {"condition": below, "filterItems": [item("Gmail"), item("Outlook")]},
            {"condition": "AND", "filterItems": []},
        ]})
    };
    for top in ["AND", "or"] {
        assert!(keeps(&session, both(top, "OR")).await);
        assert!(!keeps(&session, both(top, "AND")).await);
    }
    for (text, expected) in [(" OUTLOOK ", true), ("nowhere to be found", false)] {
        let mut free = search("CreateTime", true)["filter"].take();
        free["SearchInputTextValue"] = json!(text);
        assert_eq!(keeps(&session, free).await, expected, "{text}");
    }
}

#[tokio::test]
async fn what_is_missing_or_unknown_in_a_filter_is_named() {
    let sandbox = with_one_email().await;
    let session = Session::reseller(&sandbox).await;
    for (wrong, word) in [
        (json!({"SearchInputTextValue": ""}), "Condition"),
        (json!({"Condition": "AND"}), "SearchInputTextValue"),
        (
            json!({"Condition": "AND", "SearchInputTextValue": null}),
            "SearchInputTextValue",
        ),
        (
            json!({"Condition": "AND", "SearchInputTextValue": ""}),
            "FilterGroups",
        ),
        (
            json!({"Condition": "AND", "SearchInputTextValue": "", "FilterGroups": []}),
            "FilterGroups",
        ),
        (filter("source", "Like", "x"), "Like"),
        (filter("", "=", "x"), "FieldName"),
    ] {
        let mut body = search("CreateTime", true);
        body["filter"] = wrong;
        let refused = session.post(&format!("{PATH}/search"), body).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
        let messages = refused.json()["validationMessages"].take();
        assert!(
            messages[0].as_str().is_some_and(|text| text.contains(word)),
            "{messages}"
        );
    }
}
