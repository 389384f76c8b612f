//! Faults between client and service.

use std::time::Duration;

use push_security_api::http::Method;
use push_security_api::types::{AppUpdate, EmployeeUpdate};
use push_security_api::{Call, Client, ErrorKind, Outcome};
use security_api_sandbox::{Fault, Sandbox};
use serde_json::{Value, json};

use super::support::{builder, client, sandbox, statuses, unlimited, world};

const PAGE: &str = "<!DOCTYPE html><html><body>upstream connect error hunter2</body></html>";

/// A write that is not marked as idempotent.
fn write(push: &Client, sandbox: &Sandbox) -> Call<Value> {
    let id = sandbox.push_security().employee_ids().swap_remove(0);
    push.request(Method::PATCH, "/v1/employees")
        .segment(id)
        .json(&json!({ "licensed": false }))
        .call()
}

#[tokio::test]
async fn a_transient_failure_of_a_read_is_sent_again_and_succeeds() {
    for status in [408, 425, 500, 502, 503, 504] {
        let (sandbox, push) = world().await;
        sandbox.faults().queue(Fault::status(status).times(2));
        let call = push.apps().list().page();
        let response = call.send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 3);
        assert_eq!(statuses(&sandbox), [Some(status), Some(status), Some(200)]);
    }
}

#[tokio::test]
async fn after_three_retries_a_read_fails_with_the_error_of_the_service() {
    let (sandbox, push) = world().await;
    sandbox.faults().queue(Fault::status(503).times(10));
    let error = push.apps().list().page().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!((error.attempts(), error.outcome()), (4, Outcome::Unknown));
    assert!(error.is_retryable());
    assert!(error.to_string().ends_with("after 4 attempts"), "{error}");
    assert_eq!(statuses(&sandbox), [Some(503); 4]);
    // An option of the call overrides this.
    let error = push.apps().list().retries(0).page().await.unwrap_err();
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn a_write_that_may_not_be_repeated_is_not_sent_again_after_a_503() {
    let (sandbox, push) = world().await;
    sandbox.faults().queue(Fault::status(503).times(10));
    let error = write(&push, &sandbox).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(503));
    assert_eq!(error.attempts(), 1);
    assert!(!error.is_retryable());
    assert_eq!(statuses(&sandbox), [Some(503)]);
    // Calls that the caller marks as not idempotent are not retried, either.
    let id = sandbox.push_security().employee_ids().swap_remove(0);
    let update = EmployeeUpdate::new().licensed(true);
    let call = push.employees().update(id, update).assume_idempotent(false);
    assert_eq!(call.await.unwrap_err().attempts(), 1);
    assert_eq!(statuses(&sandbox).len(), 2);
}

#[cfg(feature = "unconfirmed")]
#[tokio::test]
async fn changes_of_groups_are_not_sent_again_once_they_may_have_been_made() {
    let (sandbox, push) = world().await;
    let id = sandbox.push_security().employee_ids().swap_remove(0);
    let faults = [
        Fault::status(503),
        Fault::reset(),
        Fault::cut_body(10),
        Fault::status(500),
    ];
    for fault in faults {
        sandbox.journal().clear();
        sandbox.faults().queue(fault.times(2));
        let add = push.employees().add_to_groups(&id, ["Night watch"]);
        assert_eq!(add.await.unwrap_err().attempts(), 1);
        let remove = push.employees().remove_from_groups(&id, ["Night watch"]);
        assert_eq!(remove.await.unwrap_err().attempts(), 1);
        assert_eq!(sandbox.journal().count(|_| true), 2);
    }
}

#[tokio::test]
async fn a_write_whose_repetition_changes_nothing_is_sent_again() {
    let (sandbox, push) = world().await;
    let page = push.apps().list().limit(1).page().await.unwrap();
    let id = &page.items()[0].id;
    let faults = [Fault::status(503), Fault::reset(), Fault::cut_body(20)];
    for (number, fault) in faults.into_iter().enumerate() {
        sandbox.faults().queue(fault);
        let notes = format!("try {number}");
        let call = push
            .apps()
            .update(id, AppUpdate::new().notes(notes.as_str()));
        let response = call.send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 2);
        assert_eq!(response.value().notes, Some(notes));
    }
    let patches = sandbox
        .journal()
        .count(|entry| entry.method == Method::PATCH);
    assert_eq!(patches, 6);
}

#[tokio::test]
async fn a_429_of_any_operation_is_sent_again() {
    let (sandbox, push) = world().await;
    sandbox.faults().queue(Fault::status(429).times(2));
    let response = write(&push, &sandbox).send_with_response().await.unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(response.value()["licensed"], false);
    assert_eq!(statuses(&sandbox), [Some(429), Some(429), Some(200)]);
}

#[tokio::test]
async fn a_reset_connection_is_made_again_for_a_read_and_told_of_for_a_write() {
    let (sandbox, push) = world().await;
    // Once with a new connection, and once with an idle one.
    for _ in 0..2 {
        sandbox.faults().queue(Fault::reset());
        let call = push.browsers().list().limit(1).page();
        assert_eq!(call.send_with_response().await.unwrap().attempts(), 2);
    }
    sandbox.journal().clear();
    sandbox.faults().queue(Fault::reset());
    let error = write(&push, &sandbox).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Io, Outcome::Unknown)
    );
    assert!(!error.is_retryable());
    assert_eq!(error.attempts(), 1);
    assert_eq!(statuses(&sandbox), [None]);
}

#[tokio::test]
async fn a_body_that_is_cut_is_asked_for_again_if_that_is_safe() {
    let (sandbox, push) = world().await;
    sandbox.faults().queue(Fault::cut_body(1_000));
    sandbox.faults().queue(Fault::cut_body(0));
    let response = push
        .accounts()
        .list()
        .page()
        .send_with_response()
        .await
        .unwrap();
    assert_eq!(response.attempts(), 3);
    assert_eq!(
        response.value().items().len(),
        sandbox.push_security().counts().accounts
    );
    sandbox.journal().clear();
    sandbox.faults().queue(Fault::cut_body(5));
    let error = write(&push, &sandbox).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Io, Outcome::Unknown)
    );
    assert_eq!(statuses(&sandbox), [Some(200)]);
}

#[tokio::test]
async fn a_stalled_attempt_ends_in_time_and_a_read_is_tried_again() {
    let (sandbox, push) = world().await;
    push.check().await.unwrap();
    sandbox.journal().clear();
    let short = Duration::from_millis(600);
    sandbox.faults().queue(Fault::stall());
    let call = push.findings().list().attempt_timeout(short).page();
    assert!(call.send_with_response().await.unwrap().attempts() > 1);
    sandbox.journal().clear();

    sandbox.faults().queue(Fault::stall());
    let error = write(&push, &sandbox)
        .attempt_timeout(short)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Timeout, Outcome::Unknown)
    );
    assert!(error.is_timeout() && !error.is_retryable());
    assert_eq!(statuses(&sandbox), [None]);
}

#[tokio::test]
async fn a_deadline_ends_all_attempts_and_all_waits() {
    let (sandbox, push) = world().await;
    push.check().await.unwrap();
    sandbox.journal().clear();
    sandbox.faults().queue(Fault::stall().times(100));
    let list = push.findings().list().timeout(Duration::from_millis(800));
    let error = list.page().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Timeout, Outcome::Unknown)
    );
    assert_eq!(sandbox.journal().count(|_| true), 1);
    sandbox.faults().clear();
    // A wait that exceeds the deadline does not begin.
    let patient = Fault::status(503).header("retry-after", "40");
    sandbox.faults().queue(patient);
    let list = push.findings().list().timeout(Duration::from_secs(30));
    let error = list.page().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(40)));
    assert_eq!(error.attempts(), 1);
}

#[tokio::test]
async fn an_error_page_is_kept_out_of_the_message_and_in_the_body() {
    let (sandbox, push) = world().await;
    let page = |status| {
        Fault::status(status)
            .header("content-type", "text/html")
            .body(PAGE)
    };
    sandbox.faults().queue(page(500).times(4));
    let error = push.apps().list().page().await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(500));
    assert_eq!(error.body().map(|body| &body[..]), Some(PAGE.as_bytes()));
    assert!(
        !format!("{error} {error:?}").contains("hunter2"),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("500 Internal Server Error"),
        "{error}"
    );

    // A false success, as captive portals send it.
    sandbox.faults().queue(page(200));
    let error = push.apps().list().page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!((error.attempts(), error.is_retryable()), (1, false));
    let text = error.to_string();
    assert!(text.contains("HTML") && text.contains("base URL"), "{text}");
    assert!(!format!("{error:?}").contains("hunter2"));
    assert!(error.body().is_some());
}

#[tokio::test]
async fn a_response_that_does_not_fit_says_where_and_keeps_its_values_out_of_the_message() {
    let (sandbox, push) = world().await;
    let response = |body: &'static str| Fault::status(200).body(body);
    for (body, says) in [
        (
            r#"{"result":[{"id":"1"},{"id":{"hunter2":1}}]}"#,
            "result[1].id",
        ),
        (r#"{"result":[{"email":"hunter2"}]}"#, "missing field `id`"),
        (r#"{"result":"hunter2"}"#, "`result`"),
        (r#"["hunter2"]"#, "does not fit"),
        (r#"{"result":[{"id":"hunter2"#, "ends too early"),
        ("", "empty"),
        ("hunter2", "not JSON"),
    ] {
        sandbox.faults().queue(response(body));
        let error = push.browsers().list().items().try_collect().await;
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
        let text = format!("{error} {error:?}");
        assert!(text.contains(says), "{body}: {text}");
        assert!(!text.contains("hunter2"), "{text}");
        assert_eq!(error.status().map(|status| status.as_u16()), Some(200));
    }
}

#[tokio::test]
async fn a_page_that_names_itself_as_the_next_one_ends_the_list_with_an_error() {
    let (sandbox, push) = world().await;
    let page = r#"{"result":[{"id":"1"}],"paging":{"moreResults":true,"nextToken":"again"}}"#;
    sandbox
        .faults()
        .queue(Fault::status(200).body(page).times(100));
    let mut items = push.apps().list().items();
    let mut found = 0;
    let error = loop {
        match items.try_next().await {
            Ok(item) => found += usize::from(item.expect("no end without an error").id == "1"),
            Err(error) => break error,
        }
    };
    assert_eq!((found, error.kind()), (2, ErrorKind::Decode));
    assert!(items.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn a_response_above_the_limit_is_refused() {
    let (_sandbox, push) = world().await;
    let list = push.accounts().list().response_limit(2_000);
    let error = list.page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("response_limit"), "{error}");
    assert!(!error.is_retryable());
}

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_error_names_the_host() {
    let (sandbox, push) = world().await;
    let location = "https://name:hunter2@eu.example.com/v1/apps?key=hunter2";
    sandbox
        .faults()
        .queue(Fault::status(302).header("location", location));
    let error = push.apps().list().page().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Redirect);
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("https://eu.example.com") && !text.contains("hunter2"),
        "{text}"
    );
    assert_eq!(statuses(&sandbox), [Some(302)]);
}

#[tokio::test]
async fn a_closed_port_is_distinguished_from_a_service_that_does_not_respond() {
    // Port 1 is reserved, and no program listens on it.
    let sandbox = sandbox().await;
    let push = builder(&sandbox, "key")
        .base_url("http://127.0.0.1:1")
        .build()
        .unwrap();
    let error = push.check().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Connect, Outcome::NotSent)
    );
    assert!(error.is_retryable());
    // The request was not executed, so a write is retried, too.
    let error = write(&push, &sandbox).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));
    assert_eq!(sandbox.journal().count(|_| true), 0);
}

#[tokio::test]
async fn a_client_outlives_a_service_that_went_away_and_came_back() {
    let first = sandbox().await;
    let push = client(&first);
    push.check().await.unwrap();
    let url = first.push_security().base_url().to_owned();
    let address = url.strip_prefix("http://").unwrap().parse().unwrap();
    drop(first);
    let second = match unlimited().push_security_address(address).start().await {
        Ok(second) => second,
        // Another program has taken the port meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => return,
        Err(error) => panic!("{error}"),
    };
    push.check().await.unwrap();
    assert_eq!(second.journal().count(|entry| entry.status == Some(200)), 1);
}
