//! Webhooks over real HTTP, from a change to the receiver's verdict.

use std::collections::BTreeSet;
use std::time::Duration;

use push_security_api::types::{
    AppUpdate, ApprovalStatus, DetectionType, DetectionUpdate, EmployeeUpdate, EventCategory,
    EventType, LoginMethodName,
};
use push_security_api::webhook::{Event, Payload, Verifier, WebhookError};
use push_security_api::{Client, Patch, Timestamp};
use security_api_sandbox::Sandbox;

use super::receiver::{Delivered, Receiver};
use super::support::{licensed_employee, open_detection, world};

struct Scene {
    sandbox: Sandbox,
    push: Client,
    verifier: Verifier,
    receiver: Receiver,
}

async fn scene() -> Scene {
    let (sandbox, push) = world().await;
    let receiver = Receiver::of(&sandbox).await;
    let verifier = Verifier::new(sandbox.push_security().webhook_secret()).unwrap();
    Scene {
        sandbox,
        push,
        verifier,
        receiver,
    }
}

impl Scene {
    async fn event(&mut self) -> Event {
        let delivered = self.receiver.next().await;
        let event = delivered
            .read(&self.verifier, &self.sandbox)
            .expect("verified");
        assert_eq!(event.raw.as_bytes(), &delivered.body[..]);
        assert_eq!(event.version.as_deref(), Some("1"));
        event
    }
}

#[tokio::test]
async fn a_raised_detection_arrives_as_the_detection_that_the_api_has() {
    let mut scene = scene().await;
    let employee = scene.sandbox.push_security().employee_ids().swap_remove(7);
    let before = Timestamp::from_unix_seconds(scene.sandbox.clock().unix()).unwrap();
    let id = scene
        .sandbox
        .push_security()
        .raise_detection(&employee)
        .unwrap();
    let event = scene.event().await;
    assert_eq!(event.category, EventCategory::Detection);
    assert_eq!(event.object, "STOLEN_CREDENTIALS");
    assert!(event.timestamp >= Some(before));
    let Payload::Detection(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!(change.kind, EventType::Create);
    // The value was null.
    assert_eq!(change.old, None);
    let detection = change.new.expect("the new one");
    assert_eq!(
        detection.detection_type,
        Some(DetectionType::StolenCredentials)
    );
    assert_eq!(detection.employee_id.as_deref(), Some(employee.as_str()));
    assert_eq!(scene.push.detections().get(id).await.unwrap(), detection);
    let list = scene.push.detections().list().created_after(before);
    assert_eq!(list.items().try_collect().await.unwrap(), [detection]);
}

#[tokio::test]
async fn a_change_by_patch_arrives_with_the_record_before_and_after() {
    let mut scene = scene().await;
    let page = scene.push.apps().list().limit(1).page().await.unwrap();
    let before = page.items()[0].clone();
    let update = AppUpdate::new()
        .approval_status(match before.approval_status {
            Some(ApprovalStatus::Approved) => ApprovalStatus::NotApproved,
            _ => ApprovalStatus::Approved,
        })
        .owner_id(Patch::Clear);
    let after = scene.push.apps().update(&before.id, update).await.unwrap();
    let event = scene.event().await;
    assert_eq!(
        (event.category, event.object.as_str()),
        (EventCategory::Entity, "APP")
    );
    let Payload::App(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!(change.kind, EventType::Update);
    assert_eq!((change.old, change.new), (Some(before), Some(after)));

    let before = open_detection(&scene.push).await;
    let update = DetectionUpdate::new().archived(true);
    let after = scene
        .push
        .detections()
        .update(&before.id, update)
        .await
        .unwrap();
    let event = scene.event().await;
    let Payload::Detection(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!((change.old, change.new), (Some(before), Some(after)));

    let before = licensed_employee(&scene.push).await;
    let update = EmployeeUpdate::new().licensed(false);
    let after = scene
        .push
        .employees()
        .update(&before.id, update)
        .await
        .unwrap();
    let event = scene.event().await;
    let Payload::Employee(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!((change.old, change.new), (Some(before), Some(after)));
}

#[tokio::test]
async fn a_deletion_arrives_without_a_new_record() {
    let mut scene = scene().await;
    let accounts = scene
        .push
        .accounts()
        .list()
        .items()
        .try_collect()
        .await
        .unwrap();
    let by_password = |account: &&push_security_api::types::Account| account.password_id.is_some();
    let account = accounts.iter().find(by_password).unwrap();

    let method = LoginMethodName::UsernamePassword;
    let call = scene
        .push
        .accounts()
        .remove_login_method(&account.id, method);
    let changed = call.await.unwrap();
    let event = scene.event().await;
    let Payload::Account(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!(change.old.as_ref(), Some(account));
    assert_eq!(change.new.as_ref(), Some(&changed));

    scene.push.accounts().delete(&account.id).await.unwrap();
    let event = scene.event().await;
    let raw: serde_json::Value = event.raw.decode().unwrap();
    assert!(raw.get("new").is_none(), "the sandbox sends it otherwise");
    let Payload::Account(change) = event.payload else {
        panic!("{:?}", event.payload)
    };
    assert_eq!(change.kind, EventType::Delete);
    assert_eq!((change.new, change.old), (None, Some(changed)));
}

#[tokio::test]
async fn every_documented_event_is_delivered_verified_and_read_as_what_it_is() {
    let mut scene = scene().await;
    let objects = scene.sandbox.push_security().webhook_objects();
    let mut sent = BTreeSet::new();
    for object in objects {
        let id = scene.sandbox.push_security().emit(object);
        sent.insert((id, (*object).to_owned()));
    }
    assert_eq!(sent.len(), objects.len(), "an id came twice");
    for _ in objects {
        let event = scene.event().await;
        assert!(
            !matches!(event.payload, Payload::Unknown | Payload::Unreadable(_)),
            "{event:?}"
        );
        assert!(
            sent.remove(&(event.id.clone(), event.object.clone())),
            "{event:?}"
        );
    }
    assert!(sent.is_empty());
}

#[tokio::test]
async fn a_delivery_that_was_not_taken_comes_again_with_the_same_id_and_a_new_signature() {
    let mut scene = scene().await;
    scene.receiver.response([500, 404]);
    let id = scene.sandbox.push_security().emit("LOGIN");
    let mut seen: Vec<Delivered> = Vec::new();
    for minutes in [1, 4, 0] {
        let delivered = scene.receiver.next().await;
        let event = delivered.read(&scene.verifier, &scene.sandbox).unwrap();
        assert_eq!(event.id, id);
        seen.push(delivered);
        // Wait until the sandbox has recorded the response: the delay of the next delivery counts from then.
        while scene.sandbox.push_security().deliveries().len() < seen.len() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        scene
            .sandbox
            .clock()
            .advance(Duration::from_secs(60 * minutes));
    }
    assert!(seen.iter().all(|delivered| delivered.body == seen[0].body));
    let signatures: BTreeSet<_> = seen.iter().map(|delivered| &delivered.signature).collect();
    assert_eq!(signatures.len(), 3);
    let statuses: Vec<_> = scene
        .sandbox
        .push_security()
        .deliveries()
        .iter()
        .map(|delivery| delivery.status)
        .collect();
    assert_eq!(statuses, [Some(500), Some(404), Some(204)]);
}

#[tokio::test]
async fn a_delivery_that_was_tampered_with_is_refused() {
    let mut scene = scene().await;
    scene.sandbox.push_security().emit("API_KEY_ADDED");
    let delivered = scene.receiver.next().await;
    let now = Timestamp::now();
    let signature = delivered.signature.as_deref().unwrap();
    scene
        .verifier
        .verify_at(Some(signature), &delivered.body, now)
        .unwrap();

    let wrong = |signature: Option<&str>, body: &[u8]| {
        let refused = scene.verifier.verify_at(signature, body, now);
        assert!(
            matches!(refused, Err(WebhookError::WrongSignature)),
            "{refused:?}"
        );
        assert!(scene.verifier.event(signature, body).is_err());
    };
    // Every byte of the body matters.
    for index in 0..delivered.body.len() {
        let mut body = delivered.body.to_vec();
        body[index] ^= 1;
        wrong(Some(signature), &body);
    }
    wrong(Some(signature), &delivered.body[1..]);
    wrong(Some(signature), b"");
    let mut longer = delivered.body.to_vec();
    longer.push(b' ');
    wrong(Some(signature), &longer);
    // So does the time.
    let (time, hash) = signature.split_once(",v1=").unwrap();
    let seconds: i64 = time.strip_prefix("t=").unwrap().parse().unwrap();
    for other in [seconds + 1, seconds - 1, 0] {
        wrong(Some(&format!("t={other},v1={hash}")), &delivered.body);
    }
    wrong(Some(&format!("t=+{seconds},v1={hash}")), &delivered.body);
    // So does every digit of the hash.
    for index in 0..hash.len() {
        let mut digits = hash.as_bytes().to_vec();
        digits[index] = if digits[index] == b'0' { b'1' } else { b'0' };
        let digits = String::from_utf8(digits).unwrap();
        wrong(Some(&format!("{time},v1={digits}")), &delivered.body);
    }
    let other = Verifier::new("psws_00000000000000000000000000000000").unwrap();
    let refused = other.verify_at(Some(signature), &delivered.body, now);
    assert!(matches!(refused, Err(WebhookError::WrongSignature)));
    let refused = scene.verifier.event(None, &delivered.body);
    assert!(matches!(refused, Err(WebhookError::MissingSignature)));
}

#[tokio::test]
async fn an_old_delivery_and_one_from_the_future_are_refused() {
    let mut scene = scene().await;
    scene.sandbox.push_security().emit("FINDING");
    let delivered = scene.receiver.next().await;
    let hour = Duration::from_secs(3_600);
    // Replayed an hour later.
    let later = Timestamp::now().saturating_add(hour);
    let signature = delivered.signature.as_deref();
    let refused = scene.verifier.verify_at(signature, &delivered.body, later);
    assert!(
        matches!(
            refused,
            Err(WebhookError::OutsideTolerance { future: false, .. })
        ),
        "{refused:?}"
    );
    let patient = scene.verifier.clone().tolerance(2 * hour);
    patient
        .verify_at(signature, &delivered.body, later)
        .unwrap();
    // Signed by a service whose clock is an hour fast.
    scene.sandbox.clock().advance(hour);
    scene.sandbox.push_security().emit("FINDING");
    let delivered = scene.receiver.next().await;
    let refused = scene
        .verifier
        .event(delivered.signature.as_deref(), &delivered.body);
    assert!(
        matches!(
            refused,
            Err(WebhookError::OutsideTolerance { future: true, .. })
        ),
        "{refused:?}"
    );
}

#[tokio::test]
async fn while_secrets_change_deliveries_signed_with_either_are_accepted() {
    let mut scene = scene().await;
    scene.sandbox.push_security().emit("BROWSER");
    let delivered = scene.receiver.next().await;
    let secret = scene.sandbox.push_security().webhook_secret();
    let newer = "psws_ffffffffffffffffffffffffffffffff";
    for verifier in [
        Verifier::new(newer).unwrap().or_secret(secret).unwrap(),
        Verifier::new(secret).unwrap().or_secret(newer).unwrap(),
    ] {
        delivered.read(&verifier, &scene.sandbox).unwrap();
    }
    let after = Verifier::new(newer).unwrap();
    assert!(matches!(
        delivered.read(&after, &scene.sandbox),
        Err(WebhookError::WrongSignature)
    ));
}

#[tokio::test]
async fn a_signed_body_that_is_not_an_event_differs_from_a_forged_one() {
    let (sandbox, _push) = world().await;
    let push = sandbox.push_security();
    let verifier = Verifier::new(push.webhook_secret()).unwrap();
    for body in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"id":"1"}"#,
        "<html>",
        "\u{feff}{}",
        "{\"id\":1}",
    ] {
        let signature = push.sign(sandbox.clock().unix(), body);
        verifier.verify(Some(&signature), body.as_bytes()).unwrap();
        let refused = verifier.event(Some(&signature), body.as_bytes());
        assert!(
            matches!(refused, Err(WebhookError::NotAnEvent(_))),
            "{body}"
        );
    }
    let not_text = [0xff, 0xfe];
    let signature = push.sign(sandbox.clock().unix(), not_text);
    let refused = verifier.event(Some(&signature), &not_text);
    assert!(matches!(refused, Err(WebhookError::NotAnEvent(_))));
}
