//! Webhooks: what they say, how they are signed, and when they are sent.

mod support;

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use http::Method;
use serde_json::{Value, json};
use sha2::Sha256;
use support::{Received, Receiver, call, deliveries_ended, get, small, with_receiver};

const MINUTE: Duration = Duration::from_secs(60);

/// Whether a webhook is signed with that secret.
fn is_signed(received: &Received, secret: &str) -> bool {
    let (time, hex) = received.signature();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{time}.").as_bytes());
    mac.update(&received.body);
    let expected: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    hex == expected
}

#[tokio::test]
async fn a_raised_detection_is_listed_and_told_of() {
    let (sandbox, mut receiver) = with_receiver().await;
    let push = sandbox.push_security();
    let employee = push.employee_ids().swap_remove(5);
    let before = sandbox.clock().unix();
    let id = push.raise_detection(&employee).expect("an employee");

    let detection = get(&sandbox, &format!("/v1/detections/{id}")).await.json();
    assert_eq!(detection["detectionType"], "STOLEN_CREDENTIALS");
    assert_eq!(detection["employeeId"], employee);
    assert_eq!(detection["employee"]["id"], employee);
    assert!(detection["creationTimestamp"].as_i64() >= Some(before));
    let path = format!("/v1/detections?creationTimestampAfter={before}");
    assert_eq!(
        get(&sandbox, &path).await.json()["result"],
        json!([detection])
    );

    let event = receiver.next().await.json();
    assert_eq!(event["category"], "DETECTION");
    assert_eq!(event["object"], "STOLEN_CREDENTIALS");
    assert_eq!(event["type"], "CREATE");
    assert_eq!(event["new"], detection);
    assert_eq!(event.get("old"), Some(&Value::Null));
}

#[tokio::test]
async fn there_is_no_detection_for_nobody() {
    let sandbox = small().await;
    let before = sandbox.push_security().counts();
    for nobody in ["nobody", "00000000-0000-4000-8000-000000000000"] {
        assert_eq!(sandbox.push_security().raise_detection(nobody), None);
    }
    assert_eq!(sandbox.push_security().counts(), before);
}

#[tokio::test]
async fn a_webhook_is_posted_as_signed_json() {
    let (sandbox, mut receiver) = with_receiver().await;
    let push = sandbox.push_security();
    let id = push.emit("LOGIN");
    let received = receiver.next().await;
    assert_eq!(received.path, "/hooks?from=push");
    assert_eq!(received.headers["content-type"], "application/json");
    assert!(is_signed(&received, push.webhook_secret()));
    assert!(!is_signed(
        &received,
        "psws_00000000000000000000000000000000"
    ));
    let (time, hex) = received.signature();
    assert_eq!(
        push.sign(time, &received.body),
        format!("t={time},v1={hex}")
    );
    let event = received.json();
    assert_eq!(event["id"], id);
    assert_eq!(event["new"], push.webhook_payload("LOGIN")["new"]);
    assert!((event["timestamp"].as_i64().expect("a time") - sandbox.clock().unix()).abs() < 60);
}

#[tokio::test]
async fn the_secret_has_its_documented_shape() {
    let sandbox = small().await;
    let secret = sandbox.push_security().webhook_secret();
    let digits = secret.strip_prefix("psws_").expect("its prefix");
    assert_eq!(digits.len(), 32);
    assert!(
        digits
            .bytes()
            .all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    );
}

#[tokio::test]
async fn a_refused_webhook_comes_again_after_one_five_and_fifteen_minutes_and_then_never() {
    let (sandbox, mut receiver) = with_receiver().await;
    let push = sandbox.push_security();
    for status in [500, 404, 302, 503] {
        receiver.response(status, Duration::ZERO);
    }
    let id = push.emit("FINDING");
    let mut seen = vec![receiver.next().await];
    for (attempt, minutes) in [(1, 1), (2, 4), (3, 10)] {
        deliveries_ended(&sandbox, attempt).await;
        sandbox
            .clock()
            .advance(MINUTE * minutes - Duration::from_secs(20));
        receiver.nothing().await;
        sandbox.clock().advance(Duration::from_secs(20));
        seen.push(receiver.next().await);
    }
    deliveries_ended(&sandbox, 4).await;
    sandbox.clock().advance(MINUTE * 600);
    receiver.nothing().await;

    let times: Vec<_> = seen.iter().map(|received| received.signature().0).collect();
    let waits: Vec<_> = times.iter().map(|time| time - times[0]).collect();
    for (wait, minutes) in waits.iter().zip([0, 1, 5, 15]) {
        assert!(
            (minutes * 60..minutes * 60 + 15).contains(wait),
            "{waits:?}"
        );
    }
    for received in &seen {
        assert!(is_signed(received, push.webhook_secret()));
        assert_eq!(received.body, seen[0].body);
        assert_eq!(received.json()["id"], id);
    }
    let deliveries = push.deliveries();
    let statuses: Vec<_> = deliveries.iter().map(|delivery| delivery.status).collect();
    assert_eq!(statuses, [Some(500), Some(404), Some(302), Some(503)]);
    let attempts: Vec<_> = deliveries.iter().map(|delivery| delivery.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4]);
    assert!(
        deliveries
            .iter()
            .all(|one| one.event_id == id && one.object == "FINDING")
    );
}

#[tokio::test]
async fn a_webhook_that_was_taken_does_not_come_again() {
    let (sandbox, mut receiver) = with_receiver().await;
    receiver.response(500, Duration::ZERO);
    receiver.response(204, Duration::ZERO);
    sandbox.push_security().emit("BROWSER");
    receiver.next().await;
    deliveries_ended(&sandbox, 1).await;
    sandbox.clock().advance(MINUTE);
    receiver.next().await;
    deliveries_ended(&sandbox, 2).await;
    sandbox.clock().advance(MINUTE * 60);
    receiver.nothing().await;
}

#[tokio::test]
async fn a_receiver_that_takes_more_than_five_seconds_is_tried_again() {
    let (sandbox, mut receiver) = with_receiver().await;
    receiver.response(200, Duration::from_secs(8));
    sandbox.push_security().emit("APP");
    receiver.next().await;
    deliveries_ended(&sandbox, 1).await;
    assert_eq!(sandbox.push_security().deliveries()[0].status, None);
    sandbox.clock().advance(MINUTE);
    receiver.next().await;
}

#[tokio::test]
async fn without_a_receiver_events_are_lost() {
    let sandbox = small().await;
    sandbox.push_security().emit("LOGIN");
    let mut receiver = Receiver::start().await;
    sandbox
        .push_security()
        .deliver_webhooks_to(&receiver.url)
        .expect("a receiver");
    sandbox.clock().advance(MINUTE * 60);
    receiver.nothing().await;
}

#[tokio::test]
async fn a_receiver_elsewhere_is_refused() {
    let sandbox = small().await;
    for url in [
        "http://203.0.113.9/",
        "https://127.0.0.1/",
        "ftp://127.0.0.1/",
        "http://example.com/",
        "/hook",
        "nonsense",
        "",
    ] {
        let refused = sandbox.push_security().deliver_webhooks_to(url);
        let kind = refused.expect_err("refused").kind();
        assert_eq!(kind, std::io::ErrorKind::InvalidInput, "{url}");
    }
    for url in [
        "http://127.0.0.1:9/hook?x=1",
        "http://localhost",
        "http://[::1]:9/",
    ] {
        let accepted = sandbox.push_security().deliver_webhooks_to(url);
        assert!(accepted.is_ok(), "{url}");
    }
}

#[tokio::test]
async fn events_are_sent_while_the_api_is_used() {
    let (sandbox, mut receiver) = with_receiver().await;
    let accounts = get(&sandbox, "/v1/accounts?limit=20").await.json();
    let accounts = accounts["result"].as_array().expect("accounts").clone();
    for account in &accounts {
        let path = format!("/v1/accounts/{}", account["id"].as_str().expect("an id"));
        assert_eq!(call(&sandbox, Method::DELETE, &path, "").await.status, 200);
    }
    let mut told = Vec::new();
    for _ in &accounts {
        told.push(receiver.next().await.json()["old"].clone());
    }
    assert!(accounts.iter().all(|account| told.contains(account)));
}

fn names(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

#[tokio::test]
async fn there_is_a_sample_of_every_documented_event_with_the_members_of_its_category() {
    let sandbox = small().await;
    let push = sandbox.push_security();
    let objects = push.webhook_objects();
    let count = |category| {
        let of_it = |object: &&&str| push.webhook_payload(object)["category"] == category;
        objects.iter().filter(of_it).count()
    };
    assert_eq!(count("ENTITY"), 8);
    assert_eq!(count("ACTIVITY"), 1);
    // 34 events in all; one control event has four values of `object`.
    assert_eq!(count("CONTROL"), 10 + 3);
    assert_eq!(count("DETECTION"), 4);
    assert_eq!(count("AUDIT"), 11);

    for object in objects {
        let event = push.webhook_payload(object);
        let mut expected = vec!["category", "description", "friendlyName", "id"];
        let more: &[&str] = match event["category"].as_str().expect("a category") {
            "ENTITY" | "DETECTION" if event["type"] == "DELETE" => {
                &["object", "old", "timestamp", "type", "version"]
            }
            "ENTITY" | "DETECTION" => &["new", "object", "old", "timestamp", "type", "version"],
            "AUDIT" => &["new", "object", "timestamp", "version"],
            _ => &["new", "object", "timestamp", "version"],
        };
        expected.extend(more);
        if event["category"] == "AUDIT" {
            expected.insert(0, "actor");
        }
        assert_eq!(names(&event), expected, "{object}");
        if event["category"] == "CONTROL" {
            for member in ["browser", "employee", "os", "sourceIpAddress", "userAgent"] {
                assert!(
                    event["new"].get(member).is_some(),
                    "{object} lacks {member}"
                );
            }
            assert!(event["new"]["employee"]["email"].is_string());
        }
        if event["category"] == "DETECTION" {
            assert_eq!(event["new"]["detectionType"], *object);
        }
    }
    let types: Vec<_> = objects
        .iter()
        .map(|object| push.webhook_payload(object)["type"].clone())
        .collect();
    for kind in ["CREATE", "UPDATE", "DELETE"] {
        assert!(types.contains(&json!(kind)), "no sample of {kind}");
    }
}

#[tokio::test]
async fn audit_samples_say_who_did_what() {
    let sandbox = small().await;
    let push = sandbox.push_security();
    for (object, source, members) in [
        ("STOLEN_CREDENTIALS_ADDED", "API", &["count"][..]),
        ("STOLEN_CREDENTIALS_REMOVED", "API", &["count"]),
        (
            "EMPLOYEE_REMOVED_FROM_GROUP",
            "UI",
            &["employee_id", "group"],
        ),
        (
            "APP_BANNER_CONFIGURED",
            "UI",
            &[
                "allowReasonSubmission",
                "buttonText",
                "mode",
                "subtext",
                "title",
            ],
        ),
        ("CONTROL_RULE_ADDED", "UI", &["ruleId"]),
        (
            "MALICIOUS_BROWSER_EXTENSION_DETECTION_EXCLUDED_EXTENSIONS_REMOVED",
            "UI",
            &["excludedExtensions"],
        ),
        ("ADMIN_LOADED_DATA", "UI", &["arguments", "query"]),
        ("API_KEY_ADDED", "UI", &["name", "permissions"]),
    ] {
        let event = push.webhook_payload(object);
        assert_eq!(event["actor"]["source"], source, "{object}");
        assert_eq!(names(&event["new"]), members, "{object}");
    }
}

#[tokio::test]
#[should_panic(expected = "no events about")]
async fn an_unknown_object_has_no_sample() {
    let sandbox = small().await;
    let _ = sandbox.push_security().webhook_payload("TEAPOT");
}
