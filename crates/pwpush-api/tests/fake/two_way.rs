//! Requests for secrets.

use pwpush_api::types::RequestState;
use pwpush_api::{
    Expiry, FakeResponse, FakeTransport, Fate, NewRequest, NotAsAsked, Reason, Upload, operations,
};
use serde_json::json;

use super::support::{created, shown, with_token};

#[tokio::test]
async fn a_request_is_sent_as_it_was_put_together() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::REQUESTS_CREATE,
        created(&json!({
            "url_token": "abc", "state": "open", "close_after_duration": 12, "account_id": 12,
            "include_requestor": false,
        })),
    );
    let request = NewRequest::new("The key, please.")
        .close_after(Expiry::weeks(1))
        .passphrase("umbrella")
        .include_requestor(false);
    let made = with_token(&fake)
        .requests()
        .create(request)
        .account_id("12")
        .await
        .unwrap();
    assert_eq!(made.state, Some(RequestState::Open));
    let expected = json!({
        "request": {
            "request": "The key, please.", "close_after_duration": 12, "passphrase": "umbrella", "include_requestor": false,
        },
        "account_id": "12",
    });
    assert_eq!(fake.requests()[0].json(), expected);
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_request_that_would_stay_open_longer_is_closed_again() {
    for response in [
        json!({"url_token": "l1vet0ken", "close_after_duration": 17}),
        json!({"url_token": "l1vet0ken"}),
    ] {
        let fake = FakeTransport::new();
        fake.always(&operations::REQUESTS_CREATE, created(&response));
        fake.always(
            &operations::REQUESTS_CLOSE,
            FakeResponse::json(&json!({"url_token": "l1vet0ken", "state": "closed"})),
        );
        let request = NewRequest::new("The key, please.").close_after(Expiry::hours(1));
        let error = with_token(&fake)
            .requests()
            .create(request)
            .await
            .unwrap_err();
        assert_eq!(NotAsAsked::of(&error).unwrap().fate(), &Fate::Withdrawn);
        assert!(!shown(&error).contains("l1vet0ken"));
        assert_eq!(fake.requests_of(&operations::REQUESTS_CLOSE).len(), 1);
    }
}

#[tokio::test]
async fn a_request_that_still_waits_after_closing_is_named_in_the_reason_alone() {
    for state in ["open", "ready"] {
        let fake = FakeTransport::new();
        fake.always(
            &operations::REQUESTS_CREATE,
            created(&json!({"url_token": "l1vet0ken", "close_after_duration": 17})),
        );
        fake.always(
            &operations::REQUESTS_CLOSE,
            FakeResponse::json(&json!({"url_token": "l1vet0ken", "state": state})),
        );
        let request = NewRequest::new("The key, please.").close_after(Expiry::hours(1));
        let call = with_token(&fake).requests().create(request);
        let error = call.await.unwrap_err();
        let not = NotAsAsked::of(&error).expect("what became of it");
        let Fate::StillLive { token: Some(token) } = not.fate() else {
            panic!("{error}");
        };
        assert_eq!(token.expose(), "l1vet0ken");
        assert!(!shown(&error).contains("l1vet0ken"));
    }
}

#[tokio::test]
async fn impossible_requests_are_refused_before_sending() {
    let fake = FakeTransport::new();
    let requests = with_token(&fake).requests();
    let request = NewRequest::new("The key, please.").close_after(Expiry::hours(2));
    let error = requests.create(request).await.unwrap_err();
    assert!(error.to_string().contains("`close_after`"), "{error}");
    let error = requests.create(NewRequest::new(" ")).await.unwrap_err();
    assert!(error.to_string().contains("`request` is blank"), "{error}");
    let request = NewRequest::new("The key, please.").notify_locale("fr");
    let error = requests.create(request).await.unwrap_err();
    assert!(error.to_string().contains("`notify_locale`"), "{error}");
    let error = requests.respond("abc", "").await.unwrap_err();
    assert!(error.to_string().contains("`response` is blank"), "{error}");
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn the_text_of_a_request_or_a_response_may_be_as_long_as_that_of_a_push() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::REQUESTS_CREATE,
        created(&json!({"url_token": "abc", "state": "open"})),
    );
    fake.always(
        &operations::REQUESTS_RESPOND,
        FakeResponse::json(&json!({"url_token": "abc", "state": "ready"})),
    );
    let requests = with_token(&fake).requests();
    let longest = "é".repeat(1_048_576);
    requests.create(NewRequest::new(&longest)).await.unwrap();
    requests.respond("abc", longest.as_str()).await.unwrap();
    assert_eq!(fake.requests().len(), 2);
    let longer = format!("{longest}é");
    for error in [
        requests.create(NewRequest::new(&longer)).await.unwrap_err(),
        requests.respond("abc", longer.as_str()).await.unwrap_err(),
    ] {
        let says = "has 1048577 characters; at most 1048576 can be sent";
        assert!(
            error.is_invalid() && error.to_string().contains(says),
            "{error}"
        );
    }
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test]
async fn a_response_goes_as_json_or_with_files_as_a_form_and_is_not_shown() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::REQUESTS_RESPOND,
        FakeResponse::json(&json!({"url_token": "abc", "state": "ready"})),
    );
    let requests = with_token(&fake).requests();
    let call = requests.respond("abc", "hunter2");
    assert!(!format!("{call:?}").contains("hunter2"));
    call.await.unwrap();
    requests
        .respond("abc", "hunter2")
        .file(Upload::bytes("a.txt", "content"))
        .await
        .unwrap();
    let sent = fake.requests();
    assert_eq!(sent[0].json(), json!({"request": {"response": "hunter2"}}));
    // Files need no text.
    let files = requests.respond("abc", "");
    files.file(Upload::bytes("a.txt", "x")).await.unwrap();
    let form = String::from_utf8_lossy(&sent[1].body).into_owned();
    assert!(form.contains("name=\"request[response]\"\r\n\r\nhunter2"));
    assert!(form.contains("name=\"request[files][]\"; filename=\"a.txt\""));
}

#[tokio::test]
async fn a_request_is_read_and_responded_to_with_its_passphrase() {
    let fake = FakeTransport::new();
    let refused = r#"{"error":"Falsch.","message":"?passphrase=mysecret","status":"unauthorized"}"#;
    let refused = FakeResponse::status(401).body(refused);
    fake.always(&operations::REQUESTS_SHOW, refused.clone());
    fake.always(&operations::REQUESTS_RESPOND, refused);
    let requests = with_token(&fake).requests();
    let show = requests.show("abc").passphrase("plain & yellow\n");
    let respond = requests
        .respond("abc", "hunter2")
        .passphrase("plain & yellow\n");
    let calls = format!("{show:?} {respond:?}");
    let errors = [show.await.unwrap_err(), respond.await.unwrap_err()];
    for (error, sent) in errors.iter().zip(fake.requests()) {
        assert_eq!(Reason::of(error), Some(Reason::PassphraseRefused));
        assert_eq!(
            sent.query("passphrase").as_deref(),
            Some("plain & yellow\n")
        );
        let shown = format!("{calls} {}", shown(error));
        assert!(!shown.contains("yellow"), "{shown}");
    }
}

#[tokio::test]
async fn a_blank_passphrase_opens_no_request_and_is_not_sent() {
    let fake = FakeTransport::new();
    let requests = with_token(&fake).requests();
    for blank in ["", " ", "\t\r\n", "\u{a0}", "\u{2003}\u{3000}"] {
        let show = requests.show("abc").passphrase(blank);
        let respond = requests.respond("abc", "x").passphrase(blank);
        for error in [show.await.unwrap_err(), respond.await.unwrap_err()] {
            assert!(error.is_invalid(), "{error}");
            let says = "`passphrase` is empty or blank, which opens no request";
            assert!(error.to_string().contains(says), "{error}");
        }
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_a_call_with_a_passphrase_can_meet_the_lock_of_a_request() {
    let fake = FakeTransport::new();
    let locked = FakeResponse::status(429).body(r#"{"error":"Zu oft."}"#);
    fake.always(&operations::REQUESTS_SHOW, locked.clone());
    fake.always(&operations::REQUESTS_RESPOND, locked);
    let requests = with_token(&fake).requests();
    for (error, reason) in [
        (requests.show("abc").await.unwrap_err(), None),
        (
            requests.show("abc").passphrase("x").await.unwrap_err(),
            Some(Reason::PassphraseLocked),
        ),
        (requests.respond("abc", "x").await.unwrap_err(), None),
        (
            requests
                .respond("abc", "x")
                .passphrase("x")
                .await
                .unwrap_err(),
            Some(Reason::PassphraseLocked),
        ),
    ] {
        assert_eq!(Reason::of(&error), reason, "{error}");
        assert_eq!(error.attempts(), 1);
    }
}

#[tokio::test]
async fn an_edition_without_requests_is_reported() {
    let fake = FakeTransport::new();
    let missing = FakeResponse::status(404).body(r#"{"status":404,"error":"Not Found"}"#);
    fake.always(&operations::REQUESTS_OPEN, missing.clone());
    fake.always(&operations::ACCOUNTS_LIST, missing);
    let pwpush = with_token(&fake);
    let error = pwpush.requests().open().page().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotInThisEdition));
    let error = pwpush.accounts().list().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotInThisEdition));
    assert!(error.to_string().contains("commercial"), "{error}");
}
