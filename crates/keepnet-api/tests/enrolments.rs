//! Enrolments in trainings, over a transport that answers from memory.
#![cfg(feature = "training")]

mod common;

use common::{envelope, over, service};
use keepnet_api::Timestamp;
use keepnet_api::operations::{ENROLLMENTS_CREATE, ENROLLMENTS_LANGUAGES};
use keepnet_api::training::{EnrollmentState, NewEnrollment};
use security_api_transport::FakeTransport;
use serde_json::{Value, json};

/// A service with a training in these languages.
fn training(languages: &[&str]) -> FakeTransport {
    let fake = service();
    let languages = languages.iter().map(|id| json!({"id": id}));
    let languages: Vec<Value> = languages.collect();
    fake.always(&ENROLLMENTS_LANGUAGES, envelope(json!(languages)));
    fake.always(&ENROLLMENTS_CREATE, envelope(json!({"id": "e-1"})));
    fake
}

#[tokio::test]
async fn groups_or_the_people_of_a_campaign_are_enrolled_and_nobody_is_refused() {
    let april = || NewEnrollment::new("April", "t-1");
    let campaign =
        |request: keepnet_api::types::EnrollmentStart| request.phishing_campaign_resource_id("c-1");
    for (new, member, value) in [
        (
            april().groups(["g-1"]),
            "targetGroupResourceIds",
            json!(["g-1"]),
        ),
        (
            april().with(campaign),
            "phishingCampaignResourceId",
            json!("c-1"),
        ),
        (
            april().groups([""; 0]).with(campaign),
            "phishingCampaignResourceId",
            json!("c-1"),
        ),
    ] {
        let fake = training(&["l-1"]);
        let id = over(&fake).enrollments().enroll(new).await;
        assert_eq!(id.unwrap(), "e-1");
        let sent = fake.requests_of(&ENROLLMENTS_CREATE)[0].json();
        assert_eq!(sent[member], value);
    }
    for nobody in [april(), april().groups([""; 0])] {
        let fake = service();
        let error = over(&fake).enrollments().enroll(nobody).await.unwrap_err();
        assert!(error.to_string().contains("has no people"), "{error}");
        assert!(fake.requests().is_empty());
    }
}

#[tokio::test]
async fn an_enrolment_is_in_all_languages_of_its_training_unless_some_are_chosen() {
    let april = || NewEnrollment::new("April", "t-1").groups(["g-1"]);
    let fake = training(&["l-1", "l-2"]);
    over(&fake).enrollments().enroll(april()).await.unwrap();
    let asked = fake.requests_of(&ENROLLMENTS_LANGUAGES);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].uri.path(), "/api/enrollments/t-1/languages");
    let sent = fake.requests_of(&ENROLLMENTS_CREATE)[0].json();
    assert_eq!(sent["languageIds"], json!(["l-1", "l-2"]));

    let fake = training(&["l-1", "l-2"]);
    let chosen = april().languages(["l-2"]);
    over(&fake).enrollments().enroll(chosen).await.unwrap();
    assert!(fake.requests_of(&ENROLLMENTS_LANGUAGES).is_empty());
    let sent = fake.requests_of(&ENROLLMENTS_CREATE)[0].json();
    assert_eq!(sent["languageIds"], json!(["l-2"]));

    let fake = training(&[]);
    let none = over(&fake).enrollments().enroll(april()).await;
    let text = none.unwrap_err().to_string();
    assert!(text.contains("`NewEnrollment::languages`"), "{text}");
    assert!(fake.requests_of(&ENROLLMENTS_CREATE).is_empty());
}

#[tokio::test]
async fn the_time_of_an_enrolment_is_sent_with_its_time_zone() {
    let start: Timestamp = "2026-04-01T09:00:00Z".parse().unwrap();
    let fake = training(&["l-1"]);
    let new = NewEnrollment::new("April", "t-1").groups(["g-1"]);
    let new = new.at(start, Some(start));
    over(&fake).enrollments().enroll(new).await.unwrap();
    let sent = fake.requests_of(&ENROLLMENTS_CREATE)[0].json();
    assert_eq!(
        sent["enrollmentScheduler"],
        json!({
            "scheduledDate": "2026-04-01T09:00:00Z",
            "scheduledTimeZoneId": "UTC",
            "useOwnTimeZone": false,
            "dueDate": "2026-04-01T09:00:00Z",
        })
    );
}

#[test]
fn an_enrolment_is_over_once_everyone_is_done_and_not_before() {
    let state = |done: Option<i32>, people: Option<i32>| {
        let mut state = EnrollmentState::default();
        state.summary.completed_count = done;
        let detail = state.summary.report_detail.get_or_insert_default();
        detail.total_target_user_count = people;
        state
    };
    for (done, people, over) in [
        (Some(3), Some(3), true),
        (Some(1), Some(1), true),
        // People leave the groups meanwhile.
        (Some(4), Some(3), true),
        (Some(2), Some(3), false),
        (Some(0), Some(3), false),
        // Nobody is enrolled yet.
        (Some(0), Some(0), false),
        (Some(1), Some(0), false),
        (Some(0), Some(-1), false),
        (None, Some(3), false),
        (Some(3), None, false),
        (None, None, false),
    ] {
        assert_eq!(
            state(done, people).is_over(),
            over,
            "{done:?} of {people:?}"
        );
    }
    assert!(!EnrollmentState::default().is_over());
    let said = |word: &str| {
        let mut state = state(Some(0), Some(3));
        state.status = Some(word.to_owned());
        (state.is_delivered(), state.is_over())
    };
    for word in [
        "Stopped",
        "stopped",
        "Cancelled",
        "Canceled",
        "Error",
        "Deleted",
    ] {
        assert_eq!(said(word), (true, true), "{word}");
    }
    // All e-mails are delivered, and nobody has read one yet.
    assert_eq!(said("Finished"), (true, false));
    for word in ["Sending", "Scheduled", "Auto-Enroll", "SomethingNew"] {
        assert_eq!(said(word), (false, false), "{word}");
    }
}
