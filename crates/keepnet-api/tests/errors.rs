//! Retries and error texts.

mod common;

use common::{envelope, over, service};
use http::Method;
use keepnet_api::{Download, Outcome, Reason, Request};
use security_api_transport::FakeResponse;
use serde_json::{Value, json};

fn broken() -> FakeResponse {
    FakeResponse::status(500).body(
        json!({"data": null, "status": "INTERNAL_SERVER_ERROR", "message": "Oops"}).to_string(),
    )
}

#[tokio::test]
async fn a_5xx_is_sent_again_only_where_that_does_no_harm() {
    for (idempotent, requests) in [(true, 4), (false, 1)] {
        let fake = service();
        fake.path("/api/things", |_| broken());
        let client = over(&fake);
        let mut request = client.request(Method::POST, "/api/things");
        if idempotent {
            request = request.idempotent();
        }
        let error = request.call::<Value>().await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(Reason::ServerError));
        assert_eq!(error.is_retryable(), idempotent);
        // Except the token request.
        assert_eq!(fake.requests().len() - 1, requests);
    }
}

/// The verdict is the same whether or not every byte of a text is UTF-8.
#[tokio::test]
async fn a_byte_that_is_not_utf8_changes_no_verdict() {
    for (status, body) in [
        (200, r#"{"data":null,"message":"caf?","status":"FAILED"}"#),
        (
            200,
            r#"{"data":null,"message":"caf?","status":"INTERNAL_SERVER_ERROR"}"#,
        ),
        (200, r#"{"data":{"name":"caf?"},"status":"SUCCESS"}"#),
        (
            500,
            r#"{"data":null,"message":"caf?","status":"INPUT_ERROR"}"#,
        ),
        (
            500,
            r#"{"data":null,"message":"caf?","status":"INTERNAL_SERVER_ERROR"}"#,
        ),
        (
            400,
            r#"{"data":null,"message":"caf?","status":"INPUT_ERROR"}"#,
        ),
        (
            200,
            r#"{"data":null,"message":"x","caf?":1,"status":"FAILED"}"#,
        ),
    ] {
        let mut told = Vec::new();
        for odd in [&b"e"[..], b"\xe9", b"\\ud83d"] {
            let body = body.as_bytes().split(|byte| *byte == b'?');
            let body = body.collect::<Vec<_>>().join(odd);
            let fake = service();
            fake.path("/api/things", move |_| {
                FakeResponse::status(status).body(body.clone())
            });
            let client = over(&fake);
            let things = || client.request(Method::POST, "/api/things").idempotent();
            let plain = |text: String| text.replace('\u{fffd}', "e");
            let value = things().call::<Value>().await;
            let value = value
                .map(|value| plain(value.to_string()))
                .map_err(|error| {
                    let reason = Reason::of(&error);
                    (plain(error.to_string()), error.outcome(), reason)
                });
            let is_done = things().call::<()>().await.is_ok();
            told.push((value, is_done, fake.requests().len()));
        }
        assert_eq!(told[0], told[1], "{body}");
        assert_eq!(told[0], told[2], "{body}");
    }
}

#[tokio::test]
async fn a_500_that_blames_the_request_is_not_sent_again() {
    let fake = service();
    fake.path("/api/search", |_| {
        let body = json!({
            "Data": null,
            "Status": "INPUT_ERROR",
            "Message": "Invalid request",
            "ValidationMessages": ["orderBy is empty"],
        });
        FakeResponse::status(500).body(body.to_string())
    });
    let client = over(&fake);
    let call = client.request(Method::POST, "/api/search").idempotent();
    let error = call.call::<Value>().await.unwrap_err();
    assert_eq!(fake.requests().len(), 2);
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
    let api = error.api().unwrap();
    assert_eq!(api.code.as_deref(), Some("INPUT_ERROR"));
    assert_eq!(api.validation, ["orderBy is empty"]);
    let text = error.to_string();
    assert!(text.contains("Invalid request") && text.contains("orderBy is empty"));
}

#[tokio::test]
async fn a_repeated_message_is_shown_once() {
    let fake = service();
    fake.path("/api/search", |_| {
        common::refused_with(&["No such column", "Page is 0"])
    });
    let call = over(&fake).request(Method::POST, "/api/search");
    let text = call.call::<Value>().await.unwrap_err().to_string();
    assert_eq!(text.matches("No such column").count(), 1, "{text}");
    assert!(text.contains("Page is 0"), "{text}");
}

#[tokio::test]
async fn the_title_and_the_detail_of_a_problem_are_shown_once_each() {
    for (body, said, times) in [
        (
            json!({"title": "Gone", "detail": "Since May"}),
            "Gone: Since May",
            1,
        ),
        (json!({"title": "Gone", "detail": "Gone"}), "Gone", 1),
        (json!({"title": "Gone"}), "Gone", 1),
        (json!({"title": " ", "detail": "Since May"}), "Since May", 1),
    ] {
        let fake = service();
        let response = FakeResponse::status(400)
            .header("content-type", "application/problem+json")
            .body(body.to_string());
        fake.path("/api/things", move |_| response.clone());
        let call = over(&fake).request(Method::GET, "/api/things");
        let error = call.call::<Value>().await.unwrap_err();
        let message = error.api().unwrap().message.clone().unwrap();
        assert_eq!(message.matches(said).count(), times, "{message}");
        assert_eq!(
            message.matches("Gone").count(),
            said.matches("Gone").count()
        );
    }
}

#[tokio::test]
async fn an_error_within_a_200_tells_the_services_failure_from_other_failures() {
    for (status, reason) in [
        ("INTERNAL_SERVER_ERROR", Reason::ServerError),
        ("internal_server_error", Reason::ServerError),
        ("FAILED", Reason::Failed),
        ("SOMETHING_ELSE", Reason::Failed),
    ] {
        let fake = service();
        let body = json!({"status": status, "message": "No", "data": null});
        fake.path("/api/things", move |_| FakeResponse::json(&body));
        let call = over(&fake).request(Method::POST, "/api/things");
        let error = call.call::<Value>().await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(reason), "{status}");
    }
    // A status without another meaning.
    for (status, reason) in [("FAILED", Some(Reason::Failed)), ("OTHER", None)] {
        let fake = service();
        let body = json!({"status": status, "message": "No", "data": null}).to_string();
        fake.path("/api/things", move |_| {
            FakeResponse::status(409).body(body.clone())
        });
        let call = over(&fake).request(Method::POST, "/api/things");
        let error = call.call::<Value>().await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_the_services_own_failure_within_a_200_is_sent_again_and_only_if_idempotent() {
    for (status, method, sent, outcome) in [
        ("INTERNAL_SERVER_ERROR", Method::GET, 4, Outcome::Unknown),
        ("INTERNAL_SERVER_ERROR", Method::POST, 1, Outcome::Unknown),
        ("FAILED", Method::GET, 1, Outcome::Answered),
    ] {
        let fake = service();
        let body = json!({"status": status, "message": "No", "data": null});
        fake.path("/api/things", move |_| FakeResponse::json(&body));
        let mut request = over(&fake).request(method.clone(), "/api/things");
        if method == Method::GET {
            request = request.idempotent();
        }
        let error = request.call::<Value>().await.unwrap_err();
        assert_eq!(error.outcome(), outcome, "{status} {method}");
        let requests = fake.requests();
        let asked = requests
            .iter()
            .filter(|one| one.uri.path() == "/api/things");
        assert_eq!(asked.count(), sent, "{status} {method}");
    }
}

#[tokio::test]
async fn a_429_makes_everyone_wait_as_long_as_the_service_asks() {
    tokio::time::pause();
    let fake = service();
    let first = std::sync::atomic::AtomicBool::new(true);
    fake.path("/api/things", move |_| {
        if first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            return FakeResponse::status(429).header("retry-after", "7");
        }
        envelope(json!(1))
    });
    let client = over(&fake);
    let start = tokio::time::Instant::now();
    let post =
        |client: &keepnet_api::Client| -> Request { client.request(Method::POST, "/api/things") };
    assert_eq!(post(&client).call::<u32>().await.unwrap(), 1);
    let waited = start.elapsed();
    assert!((7..10).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test]
async fn a_call_whose_value_is_ignored_still_reports_a_failure() {
    let fake = service();
    fake.path("/api/things", |_| {
        FakeResponse::json(&json!({"status": "PRIVACY_ERROR", "message": null, "data": null}))
    });
    let client = over(&fake);
    let call = client.request(Method::DELETE, "/api/things").call::<()>();
    let error = call.await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::PrivacyWindow));
    assert!(error.to_string().contains("privacy period"), "{error}");
}

#[tokio::test]
async fn an_error_instead_of_a_file_is_an_error_and_a_json_file_is_a_file() {
    let fake = service();
    fake.path("/api/export", |_| {
        FakeResponse::json(&json!({"status": "FAILED", "message": "No such export", "data": null}))
    });
    let rows: Vec<u32> = (0..30_000).collect();
    for (path, rows) in [("/api/short", &rows[..10]), ("/api/long", &rows[..])] {
        let response = FakeResponse::json(rows);
        fake.path(path, move |_| response.clone());
    }
    let client = over(&fake);
    let get = |path| client.request(Method::GET, path).call::<Download>();
    let error = get("/api/export").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::Failed));
    assert!(error.to_string().contains("No such export"), "{error}");
    for (path, rows) in [("/api/short", &rows[..10]), ("/api/long", &rows[..])] {
        let file = get(path).await.unwrap().bytes(1 << 20).await.unwrap();
        assert_eq!(file, serde_json::to_vec(rows).unwrap());
    }
}

#[cfg(feature = "phishing")]
#[tokio::test]
async fn the_error_of_a_launch_that_cannot_be_identified_warns_not_to_launch_again() {
    use keepnet_api::operations::{
        PHISHING_CAMPAIGN_JOBS_START, PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS,
    };

    let fake = service();
    fake.once(
        &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS,
        common::page(json!([])),
    );
    fake.always(
        &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS,
        FakeResponse::status(403),
    );
    fake.once(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let campaigns = over(&fake).phishing_campaigns();
    let error = campaigns.launch_to("c-1", ["g-1"]).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Answered);
    assert!(!error.is_retryable());
    let text = error.to_string();
    assert!(text.contains("campaign c-1: it was launched"), "{text}");
}

#[cfg(all(feature = "training", feature = "users"))]
#[tokio::test]
async fn the_error_of_an_incomplete_enrolment_names_its_group() {
    use keepnet_api::operations::{
        ENROLLMENTS_CREATE, TARGET_GROUPS_ADD_USERS, TARGET_GROUPS_CREATE,
    };
    use keepnet_api::training::NewEnrollment;

    for (response, says) in [
        (envelope(json!(null)), "may have been created"),
        (broken(), "may have been created"),
        (FakeResponse::status(403), "no target group was created"),
    ] {
        let fake = service();
        fake.always(&TARGET_GROUPS_CREATE, response);
        let new = NewEnrollment::new("April", "t-1");
        let new = new.languages(["l-1"]).users(["u-1"]);
        let error = over(&fake).enrollments().enroll(new).await.unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("target_groups.create"), "{text}");
        assert!(
            text.contains("nobody is enrolled") && text.contains(says),
            "{text}"
        );
    }

    let fake = service();
    fake.once(
        &TARGET_GROUPS_CREATE,
        envelope(json!({"resourceId": "g-1"})),
    );
    fake.always(&TARGET_GROUPS_ADD_USERS, broken());
    let new = NewEnrollment::new("April", "t-1");
    let new = new.languages(["l-1"]).users(["u-1"]);
    let error = over(&fake).enrollments().enroll(new).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("nobody is enrolled") && text.contains("g-1"),
        "{text}"
    );

    let fake = service();
    fake.once(
        &TARGET_GROUPS_CREATE,
        envelope(json!({"resourceId": "g-1"})),
    );
    fake.always(&TARGET_GROUPS_ADD_USERS, envelope(json!(null)));
    fake.always(&ENROLLMENTS_CREATE, FakeResponse::status(429));
    let new = NewEnrollment::new("April", "t-1");
    let new = new.languages(["l-1"]).users(["u-1"]);
    let enroll = over(&fake).enrollments().enroll(new).retries(0);
    let error = enroll.await.unwrap_err();
    assert!(error.to_string().contains("group g-1"), "{error}");
    assert!(!error.is_retryable(), "a second group would be created");
}

#[test]
fn each_reason_is_shown_on_a_line_of_its_own() {
    let shown = [
        Reason::TokenRefused,
        Reason::ClientRefused,
        Reason::IpRestricted,
        Reason::PrivacyWindow,
        Reason::InvalidInput,
        Reason::Failed,
        Reason::ServerError,
    ]
    .map(|reason| reason.to_string());
    for (index, text) in shown.iter().enumerate() {
        assert!(
            !text.trim().is_empty() && text.lines().count() == 1,
            "{text:?}"
        );
        assert!(!shown[..index].contains(text), "{text:?}");
    }
}
