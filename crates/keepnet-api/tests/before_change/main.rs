//! Jobs that change something, over a fake transport: what an error says about the change.
#![cfg(feature = "full")]

#[path = "../common/mod.rs"]
mod common;
mod jobs;

use common::{envelope, over, page, service};
use jobs::{JANE, cases, later_changes};
use keepnet_api::operations::{
    COMPANIES_CREATE_CLIENT, ENROLLMENTS_CREATE, INVESTIGATIONS_CREATE,
    PHISHING_CAMPAIGN_JOBS_START, PHISHING_CAMPAIGNS_CREATE, TARGET_GROUPS_CREATE,
    TARGET_USERS_CREATE, TARGET_USERS_CREATE_MAPPING, TARGET_USERS_GET,
    TARGET_USERS_SEARCH_BY_EMAIL,
};
use keepnet_api::types::CreateTargetUserRequest;
use keepnet_api::{Error, ErrorKind, Operation, Outcome};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::json;

#[tokio::test(start_paused = true)]
async fn a_job_that_fails_before_its_change_has_changed_nothing_and_says_so() {
    for case in cases() {
        for (index, step) in case.before.iter().enumerate() {
            let unreadable = FakeResponse::status(200)
                .header("content-type", "application/json")
                .body("{\"data\":");
            let faults = [
                (FakeResponse::status(503), step.operation.is_idempotent()),
                (FakeResponse::never(), true),
                (FakeResponse::status(403), false),
                (unreadable, false),
            ];
            let useless = step.useless.clone().map(|response| (response, false));
            for (fault, is_retryable) in faults.into_iter().chain(useless) {
                let what = format!("{}: {} gets {fault:?}", case.job, step.operation.id());
                let (error, sent) = case.fail_at(index, fault).await;
                assert_eq!(sent, case.ids(index + 1), "{what}");
                assert_eq!(error.outcome(), Outcome::NotSent, "{what}: {error}");
                assert!(!error.may_be_executed(), "{what}: {error}");
                assert_eq!(error.is_retryable(), is_retryable, "{what}: {error}");
            }
        }
        // From the change on, the outcome is that of the request. This shows as well that no request before it is
        // missing.
        let before = case.before.len();
        let (error, sent) = case.fail_at(before, FakeResponse::status(503)).await;
        assert_eq!(sent[..=before], case.ids(before + 1), "{}", case.job);
        assert_eq!(error.outcome(), Outcome::Unknown, "{}: {error}", case.job);
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_first_change_was_not_sent_or_was_refused_says_so() {
    for case in cases() {
        let change = case.before.len();
        let unreachable = Error::new(ErrorKind::Connect, "connection refused");
        for (fault, outcome) in [
            (FakeResponse::error(unreachable), Outcome::NotSent),
            (FakeResponse::status(429), Outcome::Refused),
        ] {
            let what = format!("{}: {fault:?}", case.job);
            let (error, _) = case.fail_at(change, fault).await;
            assert_eq!(error.outcome(), outcome, "{what}: {error}");
            assert!(!error.may_be_executed(), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn a_search_before_a_change_is_repeated_without_one_and_after_one_its_outcome_counts() {
    let jane = || json!([{"resourceId": "user-1", "email": JANE}]);
    let wanted = CreateTargetUserRequest::new(JANE).department("Finance");
    // Somebody else deletes the person between the search and the read, and nothing was sent by then.
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(jane()));
    fake.once(&TARGET_USERS_GET, FakeResponse::status(404));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, FakeResponse::status(503));
    let upserted = over(&fake).target_users().upsert(&wanted).await;
    assert_eq!(upserted.unwrap_err().outcome(), Outcome::NotSent);

    // The response to the creation is lost: the person may have been created by it.
    let fake = service();
    fake.once(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    fake.always(&TARGET_USERS_CREATE, FakeResponse::status(503));
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(jane()));
    fake.always(&TARGET_USERS_GET, FakeResponse::status(503));
    let upserted = over(&fake).target_users().upsert(&wanted).await;
    assert_eq!(upserted.unwrap_err().outcome(), Outcome::Unknown);
}

#[tokio::test]
async fn an_error_that_says_already_that_nothing_was_sent_stays_as_it_is() {
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| {
        FakeResponse::status(400)
            .header("content-type", "application/json")
            .body(r#"{"error": "invalid_client"}"#)
    });
    let users = over(&fake).target_users();
    let read = users.find_by_email(JANE).await.unwrap_err();
    let change = users.delete_by_email(JANE).await.unwrap_err();
    for error in [read, change] {
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert!(!error.is_retryable(), "{error}");
    }
}

/// Creations return the id of what they have created, without which they fail.
const CREATIONS: [&Operation; 7] = [
    &COMPANIES_CREATE_CLIENT,
    &PHISHING_CAMPAIGNS_CREATE,
    &TARGET_USERS_CREATE,
    &TARGET_GROUPS_CREATE,
    &TARGET_USERS_CREATE_MAPPING,
    &INVESTIGATIONS_CREATE,
    &ENROLLMENTS_CREATE,
];

fn json_body(body: &'static str) -> FakeResponse {
    FakeResponse::status(200)
        .header("content-type", "application/json")
        .body(body)
}

#[tokio::test(start_paused = true)]
async fn a_change_is_made_only_if_the_service_itself_says_so() {
    let mut changes = cases().chain(later_changes()).collect::<Vec<_>>();
    changes.retain(|case| !CREATIONS.iter().any(|one| one.id() == case.change.id()));
    for case in changes {
        let foreign = [
            FakeResponse::status(200)
                .header("content-type", "text/html")
                .body("<!DOCTYPE html><title>Sign in</title>"),
            json_body(r#"{"result":"x"}"#),
            json_body(r#"{"message":"Unauthorized"}"#),
            json_body(r#"{"status":"SUCCESS"}"#),
            json_body(r#"{"data":{}}"#),
            json_body("null"),
            json_body(""),
            FakeResponse::status(204),
        ];
        let change = case.before.len();
        for response in foreign {
            let what = format!("{}: {response:?}", case.job);
            let (error, sent) = case.fail_at(change, response).await;
            assert_eq!(sent, case.ids(change + 1), "{what}");
            assert_eq!(error.kind(), ErrorKind::Decode, "{what}: {error}");
            assert_eq!(error.outcome(), Outcome::Answered, "{what}: {error}");
            assert!(error.may_be_executed(), "{what}: {error}");
            let says = "not from Keepnet's API";
            assert!(error.to_string().contains(says), "{what}: {error}");
        }
        let gateway = json_body(r#"{"error":"no upstream"}"#);
        let (error, sent) = case.fail_at(change, gateway).await;
        assert_eq!(sent, case.ids(change + 1), "{}", case.job);
        assert_eq!(error.kind(), ErrorKind::Api, "{}: {error}", case.job);
        assert_eq!(error.outcome(), Outcome::Unknown, "{}: {error}", case.job);
        assert!(error.to_string().contains("no upstream"), "{error}");
        // These go on: with a search for the new launch, and with the enrolment of the group.
        let goes_on = case.change.id() == PHISHING_CAMPAIGN_JOBS_START.id();
        if goes_on || case.job.starts_with("enroll") {
            continue;
        }
        // The id of the deletion is returned.
        let record = match case.job {
            "delete_emails" => json!({"resourceId": "x"}),
            _ => json!([{"a": 1}]),
        };
        let own = [json!(null), json!({}), record].map(envelope);
        let own = own.into_iter().chain([
            json_body("\u{feff}{\"data\":null,\"status\":\"SUCCESS\"}"),
            json_body(r#"{"Data":{"a":1e400},"Status":"Success","Message":"\ud83d"}"#),
        ]);
        for response in own {
            let what = format!("{}: {response:?}", case.job);
            let (done, _) = case.run_until(change, response).await;
            assert!(done.is_ok(), "{what}: {done:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_that_has_changed_something_never_says_that_nothing_was_sent() {
    for case in later_changes() {
        if case.job == "delete_old" {
            continue;
        }
        let change = case.before.len();
        let refused = Error::new(ErrorKind::Connect, "connection refused");
        for fault in [FakeResponse::error(refused), FakeResponse::status(429)] {
            let what = format!("{}: {fault:?}", case.job);
            let (error, _) = case.fail_at(change, fault).await;
            assert_eq!(error.outcome(), Outcome::Unknown, "{what}: {error}");
            assert!(error.may_be_executed(), "{what}: {error}");
        }
    }
}

#[tokio::test]
async fn nobody_is_created_after_a_search_that_contradicts_its_own_total() {
    let fake = service();
    let none = json!({"totalNumberOfRecords": 50, "results": []});
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, envelope(none));
    let users = over(&fake).target_users();
    let found = users.find_by_email(JANE).await.unwrap_err();
    assert_eq!(found.kind(), ErrorKind::Decode);
    let jane = CreateTargetUserRequest::new(JANE);
    let error = users.upsert(&jane).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    assert!(
        error.to_string().contains("more records than it sent"),
        "{error}"
    );
    assert!(fake.requests_of(&TARGET_USERS_CREATE).is_empty());
}
