//! Tests of a user's program without a socket, with `FakeTransport`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use push_security_api::http::Method;
use push_security_api::types::{AppUpdate, ApprovalStatus};
use push_security_api::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Outcome, Patch, RateLimiter, Reason,
    operations,
};
use serde_json::json;

use super::support::short_waits;

/// A user's program: approves every app without a decision.
async fn approve_new_apps(push: &Client) -> Result<usize, Error> {
    let mut apps = push.apps().list().items();
    let mut approved = 0;
    while let Some(app) = apps.try_next().await? {
        if app.approval_status.is_none() {
            let update = AppUpdate::new()
                .approval_status(ApprovalStatus::Approved)
                .notes(Patch::Clear);
            push.apps().update(&app.id, update).await?;
            approved += 1;
        }
    }
    Ok(approved)
}

fn client(fake: &FakeTransport) -> Client {
    Client::builder("test-key")
        .transport(fake.clone())
        .limiter(RateLimiter::unlimited())
        .retry(short_waits())
        .build()
        .expect("a client")
}

#[tokio::test]
async fn a_program_is_tested_by_what_it_sends() {
    let fake = FakeTransport::new();
    fake.with(&operations::APPS_LIST, |request| {
        let page = match request.query("nextToken").as_deref() {
            None => json!({
                "result": [{ "id": "a1" }, { "id": "a2", "approvalStatus": "APPROVED" }],
                "paging": { "moreResults": true, "nextToken": "t 2" },
            }),
            Some("t 2") => json!({
                "result": [{ "id": "a/3", "approvalStatus": null }],
                "paging": { "moreResults": false, "nextToken": null },
            }),
            Some(other) => panic!("no token of this list: {other}"),
        };
        FakeResponse::json(&page)
    });
    fake.always(
        &operations::APPS_UPDATE,
        FakeResponse::json(&json!({ "id": "a1" })),
    );
    assert_eq!(approve_new_apps(&client(&fake)).await.unwrap(), 2);

    let updates = fake.requests_of(&operations::APPS_UPDATE);
    let paths: Vec<_> = updates.iter().map(|request| request.uri.path()).collect();
    assert_eq!(paths, ["/v1/apps/a1", "/v1/apps/a%2F3"]);
    for request in &updates {
        assert_eq!(request.method, Method::PATCH);
        assert_eq!(request.operation, Some("apps.update"));
        assert_eq!(request.attempt, 1);
        assert_eq!(
            request.json(),
            json!({ "approvalStatus": "APPROVED", "notes": null })
        );
        assert_eq!(request.headers["x-api-key"], "test-key");
        assert_eq!(request.uri.host(), Some("api.pushsecurity.com"));
    }
    let order: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.operation)
        .collect();
    let (list, update) = (Some("apps.list"), Some("apps.update"));
    assert_eq!(order, [list, update, list, update]);
    assert!(!format!("{fake:?} {:?}", fake.requests()).contains("test-key"));
}

#[tokio::test]
async fn responses_can_be_queued_and_everything_above_the_transport_works_as_it_does_over_a_network()
 {
    let fake = FakeTransport::new();
    fake.once(&operations::APPS_GET, FakeResponse::status(503))
        .once(
            &operations::APPS_GET,
            FakeResponse::status(200).body("{\"id\":").cut(),
        )
        .once(&operations::APPS_GET, FakeResponse::status(429))
        .always(
            &operations::APPS_GET,
            FakeResponse::json(&json!({ "id": "a1" })),
        );
    let push = client(&fake);
    let response = push.apps().get("a1").send_with_response().await.unwrap();
    assert_eq!(
        (response.attempts(), response.value().id.as_str()),
        (4, "a1")
    );
    let attempts: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.attempt)
        .collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert_eq!(
        push.apps()
            .get("a1")
            .send_with_response()
            .await
            .unwrap()
            .attempts(),
        1
    );
}

#[tokio::test]
async fn a_programs_way_with_refusals_is_tested_by_responses_that_refuse() {
    let fake = FakeTransport::new();
    fake.always(
        &operations::APPS_LIST,
        FakeResponse::json(&json!({ "result": [{ "id": "1" }] })),
    );
    fake.with(&operations::APPS_UPDATE, |_| {
        FakeResponse::status(403).body(r#"{"message":"Forbidden"}"#)
    });
    let error = approve_new_apps(&client(&fake)).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::ReadOnlyKey));
    let broken = Error::new(ErrorKind::Connect, "no route").with_outcome(Outcome::NotSent);
    fake.always(&operations::APPS_LIST, FakeResponse::error(broken));
    let error = approve_new_apps(&client(&fake)).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 4));
    assert!(
        error.to_string().starts_with("apps.list: no route"),
        "{error}"
    );
}

#[tokio::test]
async fn an_operation_without_a_response_is_an_error() {
    let fake = FakeTransport::new();
    let error = client(&fake).employees().get("e1").await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("FakeTransport") && text.contains("employees.get"),
        "{text}"
    );
    assert_eq!(fake.requests().len(), 1);
}

#[tokio::test]
async fn a_response_can_be_late_or_never_come() {
    let fake = FakeTransport::new();
    fake.once(&operations::BROWSERS_LIST, FakeResponse::never());
    fake.always(
        &operations::BROWSERS_LIST,
        FakeResponse::json(&json!({ "result": [], "paging": { "moreResults": false } }))
            .delay(Duration::from_millis(5)),
    );
    let push = client(&fake);
    let list = push
        .browsers()
        .list()
        .attempt_timeout(Duration::from_millis(300));
    assert!(list.page().await.unwrap().items().is_empty());
    assert!(fake.requests().len() > 1);
}

#[tokio::test]
async fn a_response_can_count_how_often_it_was_asked_for() {
    let fake = FakeTransport::new();
    let asked = std::sync::Arc::new(AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&asked);
    fake.with(&operations::EMPLOYEES_GET, move |request| {
        count.fetch_add(1, Ordering::Relaxed);
        let id = request.uri.path().rsplit('/').next().unwrap_or_default();
        FakeResponse::json(&json!({ "id": id }))
    });
    let push = client(&fake);
    for id in ["e1", "e2"] {
        assert_eq!(push.employees().get(id).await.unwrap().id, id);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn the_last_of_several_results_of_a_page_is_used_even_if_others_cannot_be_decoded() {
    for first in [r#"[1,2]"#, r#"[{"id":[]}]"#] {
        let page = format!(r#"{{"result":{first},"result":[{{"id":"e1"}}]}}"#);
        let fake = FakeTransport::new();
        fake.always(
            &operations::EMPLOYEES_LIST,
            FakeResponse::status(200).body(page),
        );
        let push = Client::builder("a-key").transport(fake).build().unwrap();
        let found = push.employees().list().items().try_collect().await.unwrap();
        assert_eq!(found[0].id, "e1", "{first}");
    }
}
