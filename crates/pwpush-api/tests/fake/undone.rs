//! Whether a push that differs from the request was taken back, judged by the service's response to that.

use pwpush_api::{
    Error, ErrorKind, Expiry, FakeResponse, Fate, NewPush, NewRequest, NotAsAsked, Outcome,
    operations,
};
use serde_json::{Value, json};

use super::support::{created, instance, shown, with_token};

fn is_withdrawn(error: &Error) -> bool {
    match NotAsAsked::of(error).expect("what became of it").fate() {
        Fate::Withdrawn => true,
        Fate::StillLive { token: Some(_) } => false,
        fate => panic!("{fate:?}"),
    }
}

/// Creates a push with this token that is kept for longer than requested.
async fn kept_for_longer(token: Value, expired: &Value) -> (Error, String) {
    let fake = instance("oss");
    let push = json!({"url_token": token, "expire_after_days": 7});
    fake.always(&operations::PUSHES_CREATE, created(&push));
    fake.always(&operations::PUSHES_EXPIRE, FakeResponse::json(expired));
    let push = NewPush::text("x").expire_after(Expiry::days(1));
    let error = with_token(&fake).pushes().create(push).await.unwrap_err();
    let expired = fake.requests_of(&operations::PUSHES_EXPIRE);
    (error, expired[0].uri.path().to_owned())
}

#[tokio::test]
async fn a_push_is_gone_if_the_service_says_that_it_expired_or_was_deleted() {
    for (expired, is_gone) in [
        (json!({"expired": true}), true),
        (json!({"expired": "true"}), true),
        (json!({"deleted": true}), true),
        (json!({"expired": false, "deleted": "true"}), true),
        (json!({"expired": true, "deleted": false}), true),
        (json!({"expired": "yes"}), false),
        (json!({"expired": 1}), true),
        (json!({"expired": true, "url_token": "T0KEN"}), true),
        (json!({"expired": true, "url_token": "other"}), false),
        (
            json!({"expired": true, "success": false, "error": "x"}),
            false,
        ),
        (json!({"expired": {}, "deleted": []}), false),
        (json!({"state": "closed"}), false),
        (json!({}), false),
        (json!([]), false),
    ] {
        let (error, _) = kept_for_longer(json!("t0ken"), &expired).await;
        assert_eq!(is_withdrawn(&error), is_gone, "{expired}: {error}");
    }
}

#[tokio::test]
async fn a_request_is_gone_only_if_its_state_is_closed() {
    for (closed, is_gone) in [
        (json!({"state": "closed"}), true),
        (json!({"state": "closed", "url_token": "other"}), false),
        (json!({"state": "a new one"}), false),
        (json!({}), false),
        (json!({"error": "x"}), false),
        (json!({"state": "open"}), false),
        (json!({"state": "ready"}), false),
        (json!(null), false),
        (json!([]), false),
        (json!("closed"), false),
    ] {
        let fake = instance("commercial");
        let made = json!({"url_token": "t0ken", "close_after_duration": 12});
        fake.always(&operations::REQUESTS_CREATE, created(&made));
        fake.always(&operations::REQUESTS_CLOSE, FakeResponse::json(&closed));
        let new = NewRequest::new("The key, please.").close_after(Expiry::days(6));
        let error = with_token(&fake).requests().create(new).await.unwrap_err();
        assert_eq!(is_withdrawn(&error), is_gone, "{closed}: {error}");
    }
}

/// The state of something that was to be withdrawn, with this token.
fn state(members: &Value) -> FakeResponse {
    let mut state = members.clone();
    if state.get("url_token").is_none() {
        state["url_token"] = "l1vet0ken".into();
    }
    FakeResponse::json(&state)
}

fn assert_still_live(error: &Error) {
    assert_eq!(error.kind(), ErrorKind::Api, "{error}");
    assert_eq!(error.outcome(), Outcome::Answered, "{error}");
    assert!(!error.is_retryable(), "{error}");
    let not = NotAsAsked::of(error).expect("what became of it");
    assert_eq!(not.differences(), []);
    let Fate::StillLive { token: Some(token) } = not.fate() else {
        panic!("{error}");
    };
    assert_eq!(token.expose(), "l1vet0ken");
    assert!(!shown(error).contains("l1vet0ken"), "{error:?}");
    assert!(error.to_string().contains("still"), "{error}");
}

#[tokio::test]
async fn expiring_a_push_fails_unless_the_response_says_that_it_is_expired() {
    for (members, is_gone) in [
        (json!({"expired": true, "deleted": true}), true),
        (json!({"expired": true}), true),
        (json!({"deleted": true}), true),
        (json!({"expired": false, "deleted": false}), false),
        (json!({"expired": null}), false),
        (json!({"expired": 1}), true),
        (json!({"expired": 0}), false),
        (json!({"expired": true, "url_token": "OTHER"}), false),
        (
            json!({"expired": true, "success": false, "error": "x"}),
            false,
        ),
        (json!({"expired": true, "status": 500}), false),
        (
            json!({"expired": true, "error": null, "success": true, "status": "ok"}),
            true,
        ),
        (json!({}), false),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_EXPIRE, state(&members));
        let expired = with_token(&fake).pushes().expire("l1vet0ken").await;
        match expired {
            Ok(push) => assert!(is_gone && push.token.expose() == "l1vet0ken", "{members}"),
            Err(error) => {
                assert!(!is_gone, "{members}: {error}");
                assert_still_live(&error);
                assert!(error.to_string().starts_with("pushes.expire: "), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn closing_a_request_fails_unless_the_response_says_that_it_is_closed() {
    for (members, is_gone) in [
        (json!({"state": "closed"}), true),
        (
            json!({"state": "closed", "closed": true, "error": null}),
            true,
        ),
        (json!({"state": "closed", "closed": false}), false),
        (json!({"state": "closed", "url_token": "OTHER"}), false),
        (json!({"state": "closed", "error": "x"}), false),
        (json!({"state": "a new one"}), false),
        (json!({"state": "OPEN"}), false),
        (json!({"state": "active"}), false),
        (json!({"state": "waiting"}), false),
        (json!({"state": 0}), false),
        (json!({"state": null}), false),
        (json!({"state": "open"}), false),
        (json!({"state": "ready"}), false),
        (json!({"status": "error", "code": 500}), false),
        (json!({"error": "x"}), false),
        (json!({}), false),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_CLOSE, state(&members));
        let requests = with_token(&fake).requests();
        match requests.close("l1vet0ken").await {
            Ok(request) => assert!(
                is_gone && request.token.expose() == "l1vet0ken",
                "{members}"
            ),
            Err(error) => {
                assert!(!is_gone, "{members}: {error}");
                assert_still_live(&error);
            }
        }
        match requests.close("l1vet0ken").without_value().await {
            Ok(()) => assert!(is_gone, "{members}"),
            Err(error) => {
                assert!(!is_gone, "{members}: {error}");
                assert_still_live(&error);
            }
        }
    }
}

#[tokio::test]
async fn a_response_that_says_nothing_is_not_said_to_deny_it() {
    for response in [
        FakeResponse::json(&json!(null)),
        FakeResponse::json(&json!({})),
        FakeResponse::json(&json!({"error": "x"})),
        FakeResponse::status(204),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_CLOSE, response);
        let requests = with_token(&fake).requests();
        let close = requests.close("l1vet0ken");
        let error = close.clone().without_value().await.unwrap_err();
        assert_still_live(&error);
        assert!(error.to_string().contains("does not say"), "{error}");
        // An empty response has no record either, and the error says so.
        let error = close.await.unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("does not say") || text.contains("is empty"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_token_that_comes_as_a_number_is_one_all_the_same() {
    let (error, path) = kept_for_longer(json!(4711), &json!({"expired": true})).await;
    assert!(is_withdrawn(&error), "{error}");
    assert!(path.ends_with("/4711"), "{path}");
}

#[tokio::test]
async fn what_was_created_is_taken_back_if_the_response_reports_a_failure_beside_it() {
    for (members, is_failure) in [
        (json!({"error": "not saved"}), true),
        (json!({"errors": ["not saved"]}), true),
        (json!({"success": false}), true),
        (json!({"ok": false}), true),
        (json!({"status": "failed"}), true),
        (json!({"status": 500}), true),
        (
            json!({"error": null, "errors": [], "success": true, "ok": 1, "status": "ok"}),
            false,
        ),
    ] {
        for is_expired in [true, false] {
            let fake = instance("oss");
            let mut made = json!({"url_token": "t0ken"});
            for (name, value) in members.as_object().unwrap() {
                made[name] = value.clone();
            }
            fake.always(&operations::PUSHES_CREATE, created(&made));
            let expired = FakeResponse::json(&json!({"expired": is_expired}));
            fake.always(&operations::PUSHES_EXPIRE, expired);
            let create = with_token(&fake).pushes().create(NewPush::text("x"));
            match create.await {
                Ok(_) => assert!(!is_failure, "{members}"),
                Err(error) => {
                    assert!(is_failure, "{members}: {error}");
                    assert_eq!(is_withdrawn(&error), is_expired, "{members}: {error}");
                    assert!(error.to_string().contains("reports a failure"), "{error}");
                    assert_eq!(error.outcome(), Outcome::Answered);
                    assert!(!shown(&error).contains("t0ken"), "{error:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_failure_without_a_token_leaves_open_whether_something_was_created() {
    let fake = instance("commercial");
    let failure = FakeResponse::json(&json!({"error": "x"}));
    fake.always(&operations::REQUESTS_CREATE, failure);
    let create = with_token(&fake)
        .requests()
        .create(NewRequest::new("The key?"));
    let error = create.await.unwrap_err();
    let not = NotAsAsked::of(&error).expect("what became of it");
    assert_eq!(not.fate(), &Fate::StillLive { token: None });
    assert!(error.to_string().contains("may still be live"), "{error}");
}

#[tokio::test]
async fn a_response_to_a_request_counts_only_if_no_failure_is_reported_beside_it() {
    for (members, is_failure) in [
        (json!({"error": "not saved"}), true),
        (json!({"success": false}), true),
        (json!({"ok": "false"}), true),
        (json!({"success": 0}), true),
        (json!({"success": 1}), false),
        (json!({"error": null, "success": true}), false),
    ] {
        let fake = instance("commercial");
        let mut members = members;
        members["state"] = "ready".into();
        fake.always(&operations::REQUESTS_RESPOND, state(&members));
        let respond = with_token(&fake).requests().respond("l1vet0ken", "here");
        match respond.await {
            Ok(_) => assert!(!is_failure, "{members}"),
            Err(error) => {
                assert!(is_failure, "{members}: {error}");
                assert!(
                    error.may_be_executed() && !error.is_retryable(),
                    "{error:?}"
                );
                assert!(error.to_string().contains("reports a failure"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_response_to_a_request_counts_unless_it_is_of_another_or_of_one_without_a_response() {
    for (members, is_ready) in [
        (json!({"state": "ready"}), true),
        (json!({"state": "ready", "closed": false}), true),
        (json!({"state": "ready", "url_token": "L1VET0KEN"}), true),
        (json!({"state": "ready", "url_token": "an0ther"}), false),
        (json!({"state": "ready", "url_token": 7}), false),
        (json!({"state": "open"}), false),
        (json!({"state": "closed"}), false),
        // The words for states are known from routes alone, so others count.
        (json!({"state": "new"}), true),
        (json!({"state": null}), true),
        (json!({}), true),
        (json!({"url_token": null}), false),
        (json!({"expired": true}), false),
        (json!({"state": "ready", "expired": true}), false),
        (json!({"state": "ready", "deleted": "true"}), false),
        (json!({"state": "ready", "closed": true}), false),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_RESPOND, state(&members));
        let respond = with_token(&fake).requests().respond("l1vet0ken", "here");
        match respond.await {
            Ok(_) => assert!(is_ready, "{members}"),
            Err(error) => {
                assert!(!is_ready, "{members}: {error}");
                assert_eq!(error.outcome(), Outcome::Unknown, "{members}: {error}");
                assert!(!error.is_retryable(), "{error:?}");
                assert!(error.to_string().contains("may not be saved"), "{error}");
                let text = shown(&error);
                assert!(
                    !text.contains("l1vet0ken") && !text.contains("an0ther"),
                    "{text}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_response_that_is_saved_is_not_said_to_be_lost_because_its_record_cannot_be_read() {
    for (members, is_saved) in [
        (json!({"state": "ready", "days_remaining": "x"}), true),
        (json!({"days_remaining": "x"}), true),
        (json!({"state": "ready", "url_token": null}), true),
        (json!({"state": "open", "days_remaining": "x"}), false),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_RESPOND, state(&members));
        let respond = with_token(&fake).requests().respond("l1vet0ken", "here");
        let error = respond.await.unwrap_err();
        let is_lost = error.to_string().contains("may not be saved");
        assert_eq!(is_lost, !is_saved, "{members}: {error}");
        assert_eq!(error.kind() == ErrorKind::Decode, is_saved, "{error}");
        assert!(!error.is_retryable(), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_is_said_to_exist_after_a_refusal() {
    for refusal in [
        FakeResponse::status(401),
        FakeResponse::status(422).body(r#"{"payload":["is too long"]}"#),
        FakeResponse::error(Error::new(ErrorKind::Connect, "no connection")),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_CREATE, refusal);
        let pwpush = with_token(&fake);
        let error = pwpush
            .pushes()
            .create(NewPush::text("x"))
            .retries(0)
            .await
            .unwrap_err();
        assert!(!error.may_be_executed(), "{error:?}");
        assert!(!error.to_string().contains("created"), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_read_as_json_and_not_as_it_is_written() {
    let fake = instance("oss");
    let body =
        r#"{"url_token":"t\u0030ken","expire_after_days":7,"html_url":"https://x.test/p/t0ken"}"#;
    let made = FakeResponse::status(201).body(body);
    fake.always(&operations::PUSHES_CREATE, made);
    let expired = FakeResponse::json(&json!({"expired": true}));
    fake.always(&operations::PUSHES_EXPIRE, expired);
    let push = NewPush::text("x").expire_after(Expiry::days(1));
    let error = with_token(&fake).pushes().create(push).await.unwrap_err();
    assert!(is_withdrawn(&error), "{error}");
    let expired = fake.requests_of(&operations::PUSHES_EXPIRE);
    assert!(expired[0].uri.path().ends_with("/t0ken"));
}

#[tokio::test]
async fn a_withdrawal_without_its_record_is_confirmed_all_the_same() {
    for (response, is_expired) in [
        (FakeResponse::json(&json!({"expired": true})), true),
        (
            FakeResponse::json(&json!({"deleted": true, "views": "x"})),
            true,
        ),
        (FakeResponse::json(&json!({"expired": 1})), true),
        (state(&json!({"expired": false})), false),
        (
            state(&json!({"expired": true, "url_token": "OTHER"})),
            false,
        ),
        (state(&json!({"expired": true, "error": "x"})), false),
        (state(&json!({})), false),
    ] {
        let fake = instance("oss");
        fake.always(&operations::PUSHES_EXPIRE, response);
        let expire = with_token(&fake).pushes().expire("l1vet0ken");
        match expire.without_value().await {
            Ok(()) => assert!(is_expired),
            Err(error) => {
                assert!(!is_expired, "{error}");
                assert_still_live(&error);
            }
        }
    }
    for (state, is_closed) in [
        (FakeResponse::json(&json!({"state": "closed"})), true),
        (state(&json!({"state": "ready"})), false),
    ] {
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_CLOSE, state);
        let close = with_token(&fake).requests().close("l1vet0ken");
        match close.without_value().await {
            Ok(()) => assert!(is_closed),
            Err(error) => {
                assert!(!is_closed, "{error}");
                assert_still_live(&error);
            }
        }
    }
}

#[tokio::test]
async fn what_is_gone_is_not_said_to_be_live_because_its_record_cannot_be_read() {
    let check = |error: Error, is_gone: bool, says: &str| {
        assert_eq!(error.kind() == ErrorKind::Decode, is_gone, "{error}");
        assert_eq!(NotAsAsked::of(&error).is_none(), is_gone, "{error}");
        assert!(is_gone || error.to_string().contains(says), "{error}");
    };
    for expired in [true, false] {
        let fake = instance("oss");
        let response = FakeResponse::json(&json!({"expired": expired}));
        fake.always(&operations::PUSHES_EXPIRE, response);
        let expire = with_token(&fake).pushes().expire("l1vet0ken");
        check(expire.await.unwrap_err(), expired, "this push is expired");
    }
    for (state, is_gone) in [("closed", true), ("open", false)] {
        let fake = instance("commercial");
        let response = FakeResponse::json(&json!({"state": state}));
        fake.always(&operations::REQUESTS_CLOSE, response);
        let close = with_token(&fake).requests().close("l1vet0ken");
        check(close.await.unwrap_err(), is_gone, "this request is closed");
    }
}

#[tokio::test]
async fn an_empty_response_confirms_no_withdrawal() {
    let fake = instance("oss");
    fake.always(&operations::PUSHES_EXPIRE, FakeResponse::status(204));
    let expire = with_token(&fake).pushes().expire("t0ken").without_value();
    let error = expire.await.unwrap_err();
    let not = NotAsAsked::of(&error).expect("what became of it");
    let token = Some("t0ken".into());
    assert_eq!(not.fate(), &Fate::StillLive { token });
}

#[tokio::test]
async fn mail_counts_as_queued_only_if_the_response_says_so() {
    for (status, body, is_queued) in [
        (
            201,
            r#"{"message":"Recipient(s) are added to the queue to be sent."}"#,
            true,
        ),
        (
            201,
            r#"{"message":"Les destinataires sont ajout\u00e9s.","error":null}"#,
            true,
        ),
        (201, r#"{"message":"queued","error":"x"}"#, false),
        (201, r#"{"message":" "}"#, false),
        (201, "{}", false),
        (201, "null", false),
        (200, r#"{"message":"forbidden"}"#, false),
        (
            200,
            r#"{"message":"Recipient(s) are added to the queue to be sent."}"#,
            true,
        ),
        (
            202,
            r#"{"message":"1 recipient was added to the queue.","error":null}"#,
            true,
        ),
        (
            202,
            r#"{"message":"1 recipient was added to the queue.","error":"x"}"#,
            false,
        ),
        (200, r#"{"message":"Mail is queued."}"#, true),
        (200, r#"{"message":"the mail was not queued"}"#, false),
        (200, r#"{"message":"The mail wasn't queued"}"#, false),
        (200, r#"{"message":"The mail wasn\u2019t queued"}"#, false),
        (200, r#"{"message":"Cannot add it to the queue"}"#, false),
        (
            200,
            r#"{"message":"No mail was added to the queue."}"#,
            false,
        ),
        (200, r#"{"message":"It failed to be queued."}"#, false),
        (200, r#"{"message":"The queue is full."}"#, false),
        (200, r#"{"message":"The mail is unqueued."}"#, false),
        (200, r#"{"error":"x"}"#, false),
        (200, "{}", false),
        (204, "", false),
    ] {
        let fake = instance("oss");
        let response = FakeResponse::status(status).body(body);
        fake.always(&operations::PUSHES_NOTIFY, response);
        let pushes = with_token(&fake).pushes();
        match pushes.notify("l1vet0ken", ["a@example.com"]).await {
            Ok(()) => assert!(is_queued, "{status} {body}"),
            Err(error) => {
                assert!(!is_queued, "{status} {body}: {error}");
                assert!(error.may_be_executed(), "{error}");
                assert!(
                    error.to_string().contains("mail may have been sent"),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_is_closed_from_the_start_is_not_a_success() {
    for members in [
        json!({"state": "closed"}),
        json!({"state": "open", "closed": true}),
        json!({"state": "open", "expired": true}),
        json!({"deleted": true}),
    ] {
        let mut made = members;
        made["url_token"] = "t0ken".into();
        let fake = instance("commercial");
        fake.always(&operations::REQUESTS_CREATE, created(&made));
        let closed = json!({"url_token": "t0ken", "state": "closed"});
        fake.always(&operations::REQUESTS_CLOSE, FakeResponse::json(&closed));
        let create = with_token(&fake).requests().create(NewRequest::new("x"));
        let error = create.or_less().await.unwrap_err();
        assert!(is_withdrawn(&error), "{made}: {error}");
        assert!(
            error.to_string().contains("already expired or closed"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_request_without_files_or_requestor_is_less_than_asked() {
    let fake = instance("commercial");
    let made = json!({
        "url_token": "t0ken", "state": "open", "include_requestor": false, "response_file_attachments": false,
    });
    fake.always(&operations::REQUESTS_CREATE, created(&made));
    let closed = json!({"url_token": "t0ken", "state": "closed"});
    fake.always(&operations::REQUESTS_CLOSE, FakeResponse::json(&closed));
    let requests = with_token(&fake).requests();
    let asked = NewRequest::new("x")
        .include_requestor(true)
        .response_file_attachments(true);
    let made = requests.create(asked.clone()).or_less().await.unwrap();
    let less: Vec<_> = made.less().iter().map(|it| it.option()).collect();
    assert_eq!(less, ["include_requestor", "response_file_attachments"]);
    let error = requests.create(asked).await.unwrap_err();
    assert!(is_withdrawn(&error), "{error}");
}
