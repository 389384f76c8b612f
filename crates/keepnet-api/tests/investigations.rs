//! Investigations, over a fake transport.
#![cfg(feature = "incident_response")]

mod common;

use common::{envelope, over, service};
use keepnet_api::incident_response::NewInvestigation;
use keepnet_api::operations::{INVESTIGATIONS_CREATE, INVESTIGATIONS_SCAN_TYPES};
use security_api_transport::FakeTransport;
use serde_json::json;

fn connected() -> FakeTransport {
    let fake = service();
    let systems = json!([{"type": "O365", "mailConfigurationResourceId": "m-1"}]);
    fake.always(&INVESTIGATIONS_SCAN_TYPES, envelope(systems));
    fake.always(
        &INVESTIGATIONS_CREATE,
        envelope(json!({"resourceId": "i-1"})),
    );
    fake
}

fn wanted() -> NewInvestigation {
    NewInvestigation::new("Wanted").sender("billing@example.net")
}

#[tokio::test]
async fn mailboxes_are_named_by_address_and_groups_by_id() {
    for (search, kind, targets) in [
        (wanted(), "AllUsers", json!([])),
        (
            wanted().in_mailboxes(["ann@example.com"]),
            "SpecificUsers",
            json!(["ann@example.com"]),
        ),
        (wanted().in_groups(["g-1"]), "Groups", json!(["g-1"])),
    ] {
        let fake = connected();
        over(&fake).investigations().start(search).await.unwrap();
        let sent = fake.requests_of(&INVESTIGATIONS_CREATE)[0].json();
        assert_eq!(
            (&sent["targetUserType"], &sent["targetUsers"]),
            (&json!(kind), &targets)
        );
    }
    let fake = connected();
    let ids = wanted().in_mailboxes(["zY8xW6vU4tS2"]);
    let error = over(&fake).investigations().start(ids).await.unwrap_err();
    assert!(error.to_string().contains("`zY8xW6vU4tS2`"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn an_investigation_says_after_how_many_days_it_expires() {
    for (search, days) in [(wanted(), 3), (wanted().days(7), 7)] {
        let fake = connected();
        over(&fake).investigations().start(search).await.unwrap();
        let sent = fake.requests_of(&INVESTIGATIONS_CREATE)[0].json();
        assert_eq!(sent["duration"], json!(days));
    }
    let fake = connected();
    let at_once = over(&fake).investigations().start(wanted().days(0)).await;
    let error = at_once.unwrap_err();
    assert!(error.to_string().contains("`days`"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn copies_of_an_email_are_found_by_sender_and_subject_or_either() {
    for (email, from, subject) in [
        (
            json!({"from": "a@example.net"}),
            json!("a@example.net"),
            json!(null),
        ),
        (
            json!({"from": " ", "subject": "Invoice"}),
            json!(null),
            json!("Invoice"),
        ),
    ] {
        let fake = connected();
        let email = serde_json::from_value(email).unwrap();
        let search = NewInvestigation::of_email("Copies", &email);
        over(&fake).investigations().start(search).await.unwrap();
        let sent = fake.requests_of(&INVESTIGATIONS_CREATE)[0].json();
        let header = sent["headers"][0].clone();
        assert_eq!(
            (&header["from"], &header["subject"]),
            (&from, &subject),
            "{sent}"
        );
    }
}

#[tokio::test]
async fn a_period_may_be_one_moment_and_does_not_end_before_it_begins() {
    let time = |text: &str| text.parse().unwrap();
    let (early, late) = (time("2026-04-01T09:00:00Z"), time("2026-04-01T09:00:01Z"));
    let fake = connected();
    let investigations = over(&fake).investigations();
    let moment = wanted().between(early, early);
    investigations.start(moment).await.unwrap();
    let swapped = wanted().between(late, early);
    let error = investigations.start(swapped).await.unwrap_err();
    assert!(error.is_invalid(), "{error}");
    assert_eq!(fake.requests_of(&INVESTIGATIONS_CREATE).len(), 1);
}
