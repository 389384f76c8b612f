//! The current forms of events, and possible future ones.

use std::collections::BTreeSet;

use push_security_api::types::{EventCategory, EventType};
use push_security_api::webhook::{Event, Payload};
use push_security_api::{ErrorKind, operations};
use security_api_sandbox::Sandbox;
use serde_json::{Value, json};

use super::support::sandbox;

fn read(event: &Value) -> Event {
    let event = Event::read(event.to_string().as_bytes()).expect("an event");
    assert_eq!(event.raw.decode::<Value>().unwrap()["object"], event.object);
    event
}

fn samples(sandbox: &Sandbox) -> Vec<Value> {
    let push = sandbox.push_security();
    let objects = push.webhook_objects().iter();
    objects.map(|object| push.webhook_payload(object)).collect()
}

/// Returns whether the payload of the event is undocumented, so that there is nothing to decode.
fn says_nothing(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::ControlRuleRemoved | Payload::IgnoredDomainsRemoved | Payload::AdminExportedData
    )
}

fn is_typed(payload: &Payload) -> bool {
    !matches!(payload, Payload::Unknown | Payload::Unreadable(_))
}

#[tokio::test]
async fn the_described_events_are_those_that_the_sandbox_knows() {
    let sandbox = sandbox().await;
    let samples = samples(&sandbox);
    let known: BTreeSet<_> = samples
        .iter()
        .map(|event| {
            let member = |name: &str| event[name].as_str().expect("text").to_owned();
            (member("category"), member("object"))
        })
        .collect();
    let described: BTreeSet<_> = operations::EVENTS
        .iter()
        .map(|(category, object)| ((*category).to_owned(), (*object).to_owned()))
        .collect();
    assert_eq!(described.len(), operations::EVENTS.len());
    assert_eq!(known, described);
}

#[test]
fn every_described_event_has_its_payload_type_even_if_it_is_empty() {
    for (category, object) in operations::EVENTS {
        for event in [
            json!({ "id": "1", "category": category, "object": object }),
            json!({ "id": "1", "category": category, "object": object, "new": null, "old": null }),
        ] {
            let event = read(&event);
            assert!(is_typed(&event.payload), "{event:?}");
            assert_eq!(event.category.to_string(), *category);
            assert!(!matches!(event.category, EventCategory::Unrecognized(_)));
        }
    }
}

#[tokio::test]
async fn every_sample_is_read_and_no_member_of_it_is_overlooked() {
    let sandbox = sandbox().await;
    for sample in samples(&sandbox) {
        let event = read(&sample);
        assert!(is_typed(&event.payload), "{event:?}");
        assert_eq!(event.id, sample["id"]);
        assert_eq!(
            event.timestamp.map(|time| time.unix_seconds()),
            sample["timestamp"].as_i64()
        );
        assert_eq!(
            event.friendly_name.as_deref(),
            sample["friendlyName"].as_str()
        );
        assert_eq!(event.description.as_deref(), sample["description"].as_str());
        assert_eq!(event.actor.is_some(), sample.get("actor").is_some());
        let before = format!("{:?}", event.payload);
        if says_nothing(&event.payload) {
            continue;
        }
        for side in ["new", "old"] {
            let Some(members) = sample.get(side).and_then(Value::as_object) else {
                continue;
            };
            for name in members.keys() {
                let mut changed = sample.clone();
                changed[side][name] = json!([[{ "changed": "type" }]]);
                let after = read(&changed);
                let noticed = matches!(after.payload, Payload::Unreadable(_))
                    || format!("{:?}", after.payload) != before;
                assert!(noticed, "{}: `{side}.{name}` is not read", event.object);
            }
        }
    }
}

#[tokio::test]
async fn the_actor_of_an_audit_event_is_read_member_for_member() {
    let sandbox = sandbox().await;
    for sample in samples(&sandbox) {
        let Some(members) = sample.get("actor").and_then(Value::as_object) else {
            continue;
        };
        let actor = read(&sample).actor.expect("an actor");
        for (member, value) in [
            ("source", actor.source.map(|source| source.to_string())),
            ("email", actor.email),
            ("role", actor.role.map(|role| role.to_string())),
            ("apiKeyName", actor.api_key_name),
            ("apiKeyCreatedBy", actor.api_key_created_by),
            ("sourceIpAddress", actor.source_ip_address),
            ("userAgent", actor.user_agent),
        ] {
            let sent = members.get(member).and_then(Value::as_str);
            assert_eq!(value.as_deref(), sent, "{member}");
        }
    }
}

#[tokio::test]
async fn a_known_event_of_another_type_is_unreadable_and_keeps_its_json() {
    let sandbox = sandbox().await;
    for sample in samples(&sandbox) {
        if says_nothing(&read(&sample).payload) {
            continue;
        }
        for new in [json!("hunter2"), json!(7), json!(["hunter2"]), json!(true)] {
            let mut changed = sample.clone();
            changed["new"] = new;
            let event = read(&changed);
            let Payload::Unreadable(error) = &event.payload else {
                panic!("{event:?}")
            };
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(
                !format!("{error} {error:?}").contains("hunter2"),
                "{error:?}"
            );
            assert_eq!(event.id, sample["id"]);
            assert_eq!(event.raw.decode::<Value>().unwrap(), changed);
        }
    }
}

#[tokio::test]
async fn new_members_and_new_values_change_nothing() {
    let sandbox = sandbox().await;
    for sample in samples(&sandbox) {
        let before = format!("{:?}", read(&sample).payload);
        let mut more = sample.clone();
        more["newMember"] = json!({ "deep": [1, 2.5, null, "x"] });
        for side in ["new", "old", "actor"] {
            if let Some(members) = more.get_mut(side).and_then(Value::as_object_mut) {
                members.insert("newMember".to_owned(), json!([{ "a": null }]));
            }
        }
        assert_eq!(format!("{:?}", read(&more).payload), before);
    }
    let mut login = sandbox.push_security().webhook_payload("LOGIN");
    login["new"]["loginType"] = json!("TELEPATHY");
    login["new"]["browser"] = json!("HORIZON");
    let Payload::Login(login) = read(&login).payload else {
        panic!("a login")
    };
    assert_eq!(
        login.login_type.map(|kind| kind.to_string()).as_deref(),
        Some("TELEPATHY")
    );
    assert_eq!(
        login.browser.map(|kind| kind.to_string()).as_deref(),
        Some("HORIZON")
    );
}

#[test]
fn an_unknown_event_keeps_its_json() {
    for (category, object) in [
        ("AUDIT", "CONTROL_RULE_REPAINTED"),
        ("PREDICTION", "PHISHING"),
        ("ENTITY", "TEAPOT"),
        ("control", "app_banner"),
        ("", ""),
    ] {
        let sample = json!({
            "version": "2", "id": "e1", "timestamp": 1_750_000_000, "category": category,
            "object": object, "friendlyName": null, "new": { "a": [1, "two", null] }, "old": 3,
        });
        let event = read(&sample);
        assert!(matches!(event.payload, Payload::Unknown), "{event:?}");
        assert_eq!(event.raw.decode::<Value>().unwrap(), sample);
        assert_eq!(event.version.as_deref(), Some("2"));
    }
}

#[test]
fn a_detection_of_a_new_type_is_a_detection() {
    let event = read(&json!({
        "id": "e1", "category": "DETECTION", "object": "SESSION_THEFT", "type": "CREATE",
        "new": { "id": "d1", "detectionType": "SESSION_THEFT" }, "old": null,
    }));
    let Payload::Detection(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    let detection = change.new.expect("a detection");
    assert_eq!(
        detection
            .detection_type
            .map(|kind| kind.to_string())
            .as_deref(),
        Some("SESSION_THEFT")
    );
}

#[test]
fn old_and_new_may_be_null_or_absent_and_the_type_is_told_from_them_if_it_is_not_said() {
    let account = json!({ "id": "a1" });
    for (event, kind, new, old) in [
        (
            json!({ "new": account, "old": null }),
            EventType::Create,
            true,
            false,
        ),
        (json!({ "new": account }), EventType::Create, true, false),
        (
            json!({ "new": account, "old": account }),
            EventType::Update,
            true,
            true,
        ),
        (
            json!({ "new": null, "old": account }),
            EventType::Delete,
            false,
            true,
        ),
        (json!({ "old": account }), EventType::Delete, false, true),
        (
            json!({ "type": "DELETE", "old": account }),
            EventType::Delete,
            false,
            true,
        ),
        (
            json!({ "type": "CREATE", "new": account }),
            EventType::Create,
            true,
            false,
        ),
        (
            json!({ "type": "MERGE", "new": account, "old": account }),
            EventType::from("MERGE"),
            true,
            true,
        ),
    ] {
        let mut sample = event.clone();
        sample["id"] = json!("e1");
        sample["category"] = json!("ENTITY");
        sample["object"] = json!("ACCOUNT");
        let Payload::Account(change) = read(&sample).payload else {
            panic!("{sample}")
        };
        assert_eq!(change.kind, kind, "{event}");
        assert_eq!(
            (change.new.is_some(), change.old.is_some()),
            (new, old),
            "{event}"
        );
    }
}

#[test]
fn an_envelope_without_its_members_is_not_an_event() {
    let whole = json!({ "id": "e1", "category": "AUDIT", "object": "LOGIN" });
    assert!(Event::read(whole.to_string().as_bytes()).is_ok());
    for member in ["id", "category", "object"] {
        for value in [None, Some(json!(null)), Some(json!({ "hunter2": 1 }))] {
            let mut event = whole.clone();
            match &value {
                None => drop(event.as_object_mut().unwrap().remove(member)),
                Some(value) => event[member] = value.clone(),
            }
            let error = Event::read(event.to_string().as_bytes()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}

#[test]
fn an_envelope_whose_other_members_changed_their_type_is_still_an_event() {
    let sample = json!({
        "id": "e1", "category": "ENTITY", "object": "ACCOUNT", "type": "CREATE",
        "new": { "id": "a1" }, "old": null,
    });
    for (member, value) in [
        ("version", json!(2)),
        ("timestamp", json!("yesterday")),
        ("timestamp", json!({ "seconds": 1 })),
        ("friendlyName", json!({ "en": "Account" })),
        ("description", json!(["a", "b"])),
        ("actor", json!("somebody")),
        ("type", json!(["CREATE"])),
    ] {
        let mut changed = sample.clone();
        changed[member] = value;
        let event = Event::read(changed.to_string().as_bytes());
        let event = event.unwrap_or_else(|error| panic!("{member}: {error}"));
        assert_eq!(
            (event.id.as_str(), event.object.as_str()),
            ("e1", "ACCOUNT")
        );
        assert_eq!(event.raw.decode::<Value>().unwrap(), changed);
    }
}

#[test]
fn an_error_is_about_the_delivery_and_not_about_a_response() {
    for (body, says) in [
        (&b""[..], "the body is empty where JSON was expected"),
        (b"{\"id\":", "the body is JSON that ends too early"),
        (b"<html></html>", "the body is HTML or XML, not JSON"),
        (b"\xff", "the body is not UTF-8"),
        (b"nonsense", "the body is not JSON"),
        (b"[]", "the event is no JSON object"),
    ] {
        let error = Event::read(body).unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(text.starts_with(says), "{text}");
        assert!(
            !text.contains("response") && !text.contains("URL"),
            "{text}"
        );
    }
    for (member, value) in [
        ("new", json!("x")),
        ("old", json!(1)),
        ("actor", json!("x")),
    ] {
        let mut event = json!({ "id": "e1", "category": "ENTITY", "object": "APP" });
        event[member] = value;
        let Payload::Unreadable(error) = read(&event).payload else {
            panic!("{member} can be read");
        };
        let text = error.to_string();
        let says = format!("the event's `{member}` does not fit");
        assert!(text.starts_with(&says), "{text}");
    }
}
