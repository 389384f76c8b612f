//! Investigations and reported e-mails, over a fake transport.
#![cfg(feature = "incident_response")]

mod common;

use common::{envelope, over, service};
use keepnet_api::ErrorKind;
use keepnet_api::incident_response::NewInvestigation;
use keepnet_api::operations::{
    INVESTIGATIONS_CREATE, INVESTIGATIONS_SCAN_TYPES, NOTIFIED_EMAILS_GET, NOTIFIED_EMAILS_UPDATE,
};
use keepnet_api::types::{
    InvestigationAttachment, InvestigationBody, InvestigationHeader, ScanConfiguration,
};
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

#[tokio::test]
async fn an_indicator_that_every_email_could_match_is_refused() {
    let new = || NewInvestigation::new("Wanted");
    let (header, body) = (InvestigationHeader::new, InvestigationBody::new);
    let attachment = InvestigationAttachment::new;
    for blank in ["", " ", "\u{a0}\n", "\u{2060}\u{3164}"] {
        for (search, member) in [
            (new().sender(blank), "header has a `from`"),
            (new().sender_ip(blank), "header has a `ip`"),
            (new().subject(blank), "header has a `subject`"),
            (new().header(header().to(blank)), "`to`"),
            (new().header(header().cc(blank)), "`cc`"),
            (new().header(header().bcc(blank)), "`bcc`"),
            (new().header(header().sender_name(blank)), "`sender_name`"),
            // Others of the same header are no excuse.
            (
                new().header(header().from("a@example.net").subject(blank)),
                "`subject`",
            ),
            (new().url(blank), "body has a `url`"),
            (new().keyword(blank), "body has a `keyword`"),
            (new().body(body().regex(blank)), "`regex`"),
            (new().attachment_sha512(blank), "attachment has a `sha512`"),
            (new().attachment(attachment().name(blank)), "`name`"),
            (new().attachment(attachment().md5(blank)), "`md5`"),
            (
                new().attachment(attachment().extension(blank)),
                "`extension`",
            ),
            (wanted().keyword(blank), "`keyword`"),
            (wanted().in_groups(["g-1", blank]), "list of groups"),
            (wanted().in_systems([system(blank)]), "list of mail systems"),
        ] {
            refuse(search, member).await;
        }
    }
    for (search, what) in [
        (new(), "no indicator"),
        (new().header(header()), "header looks for nothing"),
        (new().body(body()), "body looks for nothing"),
        (
            new().attachment(attachment()),
            "attachment looks for nothing",
        ),
        (wanted().header(header()), "header looks for nothing"),
        (wanted().in_systems([]), "list of mail systems is empty"),
    ] {
        refuse(search, what).await;
    }
    let fake = connected();
    let large = new().attachment(attachment().size(4096));
    over(&fake).investigations().start(large).await.unwrap();
}

fn system(id: &str) -> ScanConfiguration {
    ScanConfiguration::new().mail_configuration_resource_id(id)
}

async fn refuse(search: NewInvestigation, text: &str) {
    let fake = connected();
    let error = over(&fake).investigations().start(search).await;
    let error = error.unwrap_err();
    assert!(
        error.is_invalid() && error.to_string().contains(text),
        "{text}: {error}"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn an_email_whose_verdict_or_state_is_not_known_is_not_written() {
    use keepnet_api::types::NotifiedEmailResult;

    let read = |email: serde_json::Value| {
        let fake = service();
        fake.always(&NOTIFIED_EMAILS_GET, envelope(email));
        fake.always(&NOTIFIED_EMAILS_UPDATE, envelope(json!({})));
        fake
    };
    let fake = read(json!({"status": "Open"}));
    let emails = over(&fake).notified_emails();
    let error = emails.take_up("m-1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("no `result`"), "{error}");
    assert!(fake.requests_of(&NOTIFIED_EMAILS_UPDATE).is_empty());
    // What is set need not be read.
    let closed = emails.close("m-1", NotifiedEmailResult::Phishing, "Seen");
    closed.await.unwrap();

    // A response without an e-mail would empty its tags and its message.
    for nothing in [json!(null), json!({}), json!({"tags": ["a"]})] {
        let fake = read(nothing);
        let emails = over(&fake).notified_emails();
        for done in [
            emails
                .close("m-1", NotifiedEmailResult::Phishing, "Seen")
                .await,
            emails.take_up("m-1").await,
        ] {
            let error = done.unwrap_err();
            assert!(error.to_string().contains("no reported e-mail"), "{error}");
        }
        assert!(fake.requests_of(&NOTIFIED_EMAILS_UPDATE).is_empty());
    }

    let fake = read(json!({"result": "Phishing"}));
    let emails = over(&fake).notified_emails();
    emails.take_up("m-1").await.unwrap();
    let sent = fake.requests_of(&NOTIFIED_EMAILS_UPDATE)[0].json();
    assert_eq!(
        (&sent["result"], &sent["status"]),
        (&json!("Phishing"), &json!("InProgress"))
    );
}
