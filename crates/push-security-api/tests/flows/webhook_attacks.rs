//! Deliveries that an attacker forged, cut, replayed or inflated.

use std::time::Duration;

use push_security_api::Timestamp;
use push_security_api::webhook::{Event, Verifier, WebhookError};
use security_api_sandbox::Sandbox;
use serde_json::json;

use super::support::sandbox;

/// Returns a verifier of the sandbox's webhook, and a body that the sandbox signed.
async fn signed() -> (Sandbox, Verifier, String, Vec<u8>) {
    let sandbox = sandbox().await;
    let push = sandbox.push_security();
    let body = push.webhook_payload("LOGIN").to_string().into_bytes();
    let signature = push.sign(sandbox.clock().unix(), &body);
    let verifier = Verifier::new(push.webhook_secret()).unwrap();
    verifier.event(Some(&signature), &body).expect("a good one");
    (sandbox, verifier, signature, body)
}

#[tokio::test]
async fn a_delivery_that_was_cut_anywhere_is_refused() {
    let (_sandbox, verifier, signature, body) = signed().await;
    for end in 0..body.len() {
        let refused = verifier.event(Some(&signature), &body[..end]);
        assert!(
            matches!(refused, Err(WebhookError::WrongSignature)),
            "{end}: {refused:?}"
        );
    }
    for end in 0..signature.len() {
        let refused = verifier.event(Some(&signature[..end]), &body);
        assert!(
            matches!(refused, Err(WebhookError::MalformedSignature)),
            "{end}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_signature_serves_no_other_delivery() {
    let (sandbox, verifier, signature, _) = signed().await;
    let objects = sandbox.push_security().webhook_objects();
    for object in objects.iter().filter(|object| **object != "LOGIN") {
        let other = sandbox.push_security().webhook_payload(object).to_string();
        let refused = verifier.event(Some(&signature), other.as_bytes());
        assert!(
            matches!(refused, Err(WebhookError::WrongSignature)),
            "{object}: {refused:?}"
        );
    }
}

#[tokio::test]
async fn a_delivery_that_is_repeated_has_the_id_of_the_first_and_is_refused_once_it_is_old() {
    let (_sandbox, verifier, signature, body) = signed().await;
    let first = verifier.event(Some(&signature), &body).unwrap();
    let again = verifier.event(Some(&signature), &body).unwrap();
    assert_eq!(first.id, again.id);
    let later =
        Timestamp::now().saturating_add(Verifier::DEFAULT_TOLERANCE + Duration::from_secs(60));
    let refused = verifier.verify_at(Some(&signature), &body, later);
    assert!(matches!(
        refused,
        Err(WebhookError::OutsideTolerance { future: false, .. })
    ));
}

/// Anyone can sign with an empty secret, and a secret with the line break of its file never matches.
#[test]
fn a_secret_that_cannot_be_meant_is_refused_where_it_is_given() {
    for secret in [
        "",
        " ",
        "\u{a0}",
        "\u{feff}\u{200b}",
        "\n",
        "psws_0\n",
        "psws_0\r\n",
        " psws_0",
    ] {
        for result in [
            Verifier::new(secret),
            Verifier::new("psws_1").and_then(|verifier| verifier.or_secret(secret)),
        ] {
            let error = result.unwrap_err();
            assert!(error.is_invalid(), "{secret:?}: {error}");
            assert!(
                error.to_string().contains("the webhook's secret"),
                "{error}"
            );
            assert!(!format!("{error} {error:?}").contains("psws_0"), "{error}");
        }
    }
    let secrets = "real,".split(',').map(Verifier::new);
    assert_eq!(secrets.filter(Result::is_ok).count(), 1);
}

/// A header that is too long is refused although the right signature is in it, so it was not searched.
#[tokio::test]
async fn a_header_of_any_size_costs_nothing() {
    let (_sandbox, verifier, signature, body) = signed().await;
    let (time, right) = signature.split_once(',').unwrap();
    let wrong = format!(",v1={}", "0".repeat(64));
    for header in [
        &|size: usize| format!("{time}{},{right}", wrong.repeat(size / wrong.len())) as String,
        &|size| format!("{signature},v2={}", "0".repeat(size)),
        &|size| format!("{signature}{}", ",x=y".repeat(size / 4)),
    ] as [&dyn Fn(usize) -> String; 3]
    {
        verifier.event(Some(&header(2_000)), &body).unwrap();
        for size in [5_000, 10_000_000] {
            let refused = verifier.event(Some(&header(size)), &body);
            assert!(
                matches!(refused, Err(WebhookError::MalformedSignature)),
                "{refused:?}"
            );
        }
    }
    // There is room for a change of secrets, and for signatures of other kinds.
    let several = format!(
        "{time}{},{}",
        wrong.repeat(4),
        signature.split_once(',').unwrap().1
    );
    verifier
        .event(Some(&format!("{several},v2=abc")), &body)
        .unwrap();
}

#[tokio::test]
async fn a_large_body_is_read_only_if_it_is_signed() {
    let (sandbox, verifier, signature, _) = signed().await;
    let push = sandbox.push_security();
    let large =
        json!({ "id": "e1", "category": "AUDIT", "object": "NEW", "new": "x".repeat(4_000_000) });
    let large = large.to_string().into_bytes();
    let refused = verifier.event(Some(&signature), &large);
    assert!(matches!(refused, Err(WebhookError::WrongSignature)));
    let signature = push.sign(sandbox.clock().unix(), &large);
    assert_eq!(verifier.event(Some(&signature), &large).unwrap().id, "e1");
    // A byte order mark is not a part of the event, and an empty body is not an event.
    let event = br#"{"id":"e1","category":"AUDIT","object":"NEW"}"#;
    let marked = [b"\xef\xbb\xbf", &event[..]].concat();
    let signature = push.sign(sandbox.clock().unix(), &marked);
    assert_eq!(verifier.event(Some(&signature), &marked).unwrap().id, "e1");
    for none in [&b""[..], b" ", b"null", b"[]", b"\xff"] {
        let signature = push.sign(sandbox.clock().unix(), none);
        let refused = verifier.event(Some(&signature), none);
        assert!(
            matches!(refused, Err(WebhookError::NotAnEvent(_))),
            "{refused:?}"
        );
    }
    let deep = [br#"{"id":"e1","new":"#.as_slice(), &[b'['; 1_000_000]].concat();
    let signature = push.sign(sandbox.clock().unix(), &deep);
    let refused = verifier.event(Some(&signature), &deep);
    assert!(
        matches!(refused, Err(WebhookError::NotAnEvent(_))),
        "{refused:?}"
    );
}

#[test]
fn an_event_without_an_id_is_refused_since_all_such_would_look_like_one() {
    for id in ["", " ", "\u{200b}"] {
        let event = json!({ "id": id, "category": "ENTITY", "object": "APP" });
        assert!(Event::read(event.to_string().as_bytes()).is_err());
    }
}
