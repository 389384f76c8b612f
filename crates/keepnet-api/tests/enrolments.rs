//! Enrolments in trainings, over a fake transport.
#![cfg(feature = "training")]

mod common;

use std::time::Duration;

use common::{envelope, over, page, service};
use keepnet_api::operations::{
    ENROLLMENTS_CREATE, ENROLLMENTS_LANGUAGES, ENROLLMENTS_SEARCH, ENROLLMENTS_SEARCH_ARCHIVED,
    TRAINING_REPORTS_SUMMARY,
};
use keepnet_api::training::{EnrollmentState, NewEnrollment};
use keepnet_api::types::{CampaignCondition, EnrollmentStart};
use keepnet_api::{Polling, Timestamp};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

/// Returns a service with a training in these languages.
fn training(languages: &[&str]) -> FakeTransport {
    let fake = service();
    let languages = languages.iter().map(|id| json!({"id": id}));
    let languages: Vec<Value> = languages.collect();
    fake.always(&ENROLLMENTS_LANGUAGES, envelope(json!(languages)));
    fake.always(&ENROLLMENTS_CREATE, envelope(json!({"id": "e-1"})));
    fake
}

#[tokio::test]
async fn groups_or_the_people_of_a_campaign_are_enrolled_and_an_empty_set_is_refused() {
    let april = || NewEnrollment::new("April", "t-1");
    let unconditional = |request: EnrollmentStart| request.phishing_campaign_resource_id("c-1");
    let campaign = |request| {
        let clicked = CampaignCondition::PhishingLinkClicked;
        unconditional(request).phishing_campaign_condition_types([clicked])
    };
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
    let unclear = |request| unconditional(request).phishing_campaign_condition_types([]);
    for (refused, says) in [
        (april(), "has no people"),
        (april().groups([""; 0]), "has no people"),
        (
            april().with(unconditional),
            "`phishing_campaign_condition_types`",
        ),
        (april().with(unclear), "`phishing_campaign_condition_types`"),
        (
            april().groups(["g-1"]).with(unconditional),
            "`phishing_campaign_condition_types`",
        ),
    ] {
        let fake = service();
        let error = over(&fake).enrollments().enroll(refused).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert!(fake.requests().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_at_the_archive_and_fails_once_the_enrolment_is_in_no_list() {
    let row = |id: &str, status: &str| json!({"enrollmentId": id, "status": status});
    let others = || page(json!([row("e-2", "Finished"), row("e-3", "Stopped")]));
    let watched = || {
        let fake = service();
        let summary = envelope(json!({"completedCount": 1, "inProgressCount": 2}));
        fake.always(&TRAINING_REPORTS_SUMMARY, summary);
        let sending = page(json!([row("e-2", "Finished"), row("e-1", "Sending")]));
        fake.once(&ENROLLMENTS_SEARCH, sending);
        fake.always(&ENROLLMENTS_SEARCH, others());
        fake
    };
    let wait = |fake: &FakeTransport| {
        let polling = Polling::every(Duration::from_secs(60)).deadline(Duration::from_secs(3600));
        over(fake).enrollments().wait("e-1").polling(polling)
    };
    let fake = watched();
    // The archive keeps the earlier status.
    let archive = page(json!([row("e-4", "Error"), row("e-1", "Sending")]));
    fake.always(&ENROLLMENTS_SEARCH_ARCHIVED, archive);
    let end = wait(&fake).await.unwrap();
    assert_eq!(end.status.as_deref(), Some("Archived"));
    assert!(end.is_over() && end.is_delivered());

    let fake = watched();
    fake.always(&ENROLLMENTS_SEARCH_ARCHIVED, others());
    let begun = tokio::time::Instant::now();
    let error = wait(&fake).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(120), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("enrolment e-1") && text.contains("probably deleted"),
        "{text}"
    );

    // A record that is removed between two pages hides another one, once.
    let fake = watched();
    fake.once(&ENROLLMENTS_SEARCH, others());
    fake.always(&ENROLLMENTS_SEARCH, page(json!([row("e-1", "Stopped")])));
    fake.always(&ENROLLMENTS_SEARCH_ARCHIVED, page(json!([])));
    let end = wait(&fake).await.unwrap();
    assert_eq!(end.status.as_deref(), Some("Stopped"));

    let fake = watched();
    fake.always(&ENROLLMENTS_SEARCH_ARCHIVED, FakeResponse::status(403));
    let text = wait(&fake).await.unwrap_err().to_string();
    assert!(text.contains("the archive cannot be searched"), "{text}");
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
async fn an_enrolment_is_sent_whole_with_its_distribution() {
    let fake = training(&["l-1"]);
    let new = NewEnrollment::new("April", "t-1").groups(["g-1"]);
    over(&fake).enrollments().enroll(new).await.unwrap();
    let sent = fake.requests_of(&ENROLLMENTS_CREATE)[0].json();
    assert_eq!(
        sent,
        json!({
            "trainingId": "t-1",
            "name": "April",
            "targetGroupResourceIds": ["g-1"],
            "languageIds": ["l-1"],
            "distributionDelayEvery": 0,
            "distributionDelayTimeTypeId": 1,
            "sendingLimit": 0,
        })
    );
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
        // Users leave the groups meanwhile.
        (Some(4), Some(3), true),
        (Some(2), Some(3), false),
        (Some(0), Some(3), false),
        // No user is enrolled yet.
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
        "Archived",
    ] {
        assert_eq!(said(word), (true, true), "{word}");
    }
    // All e-mails are delivered, and none is read yet.
    assert_eq!(said("Finished"), (true, false));
    for word in [
        "Sending",
        "Scheduled",
        "Paused",
        "Auto-Enroll",
        "SCORM Proxy",
        "SomethingNew",
    ] {
        assert_eq!(said(word), (false, false), "{word}");
    }
}
