//! Hand-written calls are values: they own their data, can be stored and spawned, and have the options of a call.
#![cfg(all(
    feature = "companies",
    feature = "incident_response",
    feature = "phishing",
    feature = "training",
    feature = "users"
))]

mod common;
#[path = "../../../tests/support/values.rs"]
mod support;

use std::future::IntoFuture;
use std::time::Duration;

use common::{envelope, over, page, service};
use keepnet_api::api_clients::{ApiClientRotation, NewApiClient};
use keepnet_api::incident_response::{Deletion, NewInvestigation};
use keepnet_api::operations::{
    TARGET_USERS_CREATE, TARGET_USERS_GET, TARGET_USERS_SEARCH_BY_EMAIL,
};
use keepnet_api::people::{ColumnMapping, ImportRows, Upsert};
use keepnet_api::phishing::{Launch, NewCampaign};
use keepnet_api::training::NewEnrollment;
use keepnet_api::types::{CreateTargetUserRequest, NotifiedEmailResult};
use keepnet_api::{Client, Job, Progress, SearchRequest, Upload};
use security_api_transport::FakeResponse;
use serde_json::json;
use support::{value, with_options};

fn job<T: Send + 'static>(job: Job<T>) {
    drop(value(with_options!(job)));
}

fn progress<T: Send + 'static>(progress: Progress<T>) {
    drop(value(with_options!(progress)));
}

/// Each handle is dropped before its call is awaited.
#[allow(dead_code, reason = "it only has to compile")]
fn all_of_them(keepnet: &Client, rotation: &ApiClientRotation) {
    job(keepnet.check());

    job(keepnet.target_users().find_by_email("a@example.com"));
    job(keepnet
        .target_users()
        .upsert(&CreateTargetUserRequest::new("a@example.com")));
    job(keepnet.target_users().delete_by_email("a@example.com"));
    job(keepnet
        .target_users()
        .import(Upload::bytes("a.csv", "Email")));
    let import = keepnet.target_users().resume_import("t-1");
    job(import.column_names());
    job(import.map(&ColumnMapping::new()));
    job(import.renew());
    job(import.preview(SearchRequest::new()));
    job(import.rejected());
    job(import.confirm(ImportRows::All));
    job(import.reading("j-1").status());
    job(import.reading("j-1").finished());
    progress(import.reading("j-1").progress());

    job(keepnet.target_groups().find_by_name("Finance"));
    job(keepnet.target_groups().find_or_create("Finance"));
    job(keepnet
        .target_groups()
        .add_people("Finance", ["a@example.com"]));
    job(keepnet
        .target_groups()
        .remove_people("Finance", ["a@example.com"]));

    job(keepnet.system_users().send_password_link("a@example.com"));
    job(keepnet
        .system_users()
        .set_password_with_token("token", "new"));
    job(keepnet.system_users().change_own_password("old", "new"));

    job(keepnet.companies().find_api_client("id"));
    job(keepnet
        .companies()
        .create_api_client(&NewApiClient::new("SIEM")));
    job(keepnet.companies().deactivate_api_client("r-1"));
    job(keepnet.companies().rotate_api_client("r-1"));
    job(rotation.delete_old());
    job(rotation.undo());

    let launch = Launch::new("c-1", 1);
    job(keepnet
        .phishing_campaigns()
        .save(NewCampaign::new("April", ["s-1"])));
    job(keepnet.phishing_campaigns().launch("c-1"));
    job(keepnet.phishing_campaigns().launch_to("c-1", ["g-1"]));
    job(keepnet.phishing_campaigns().start(&launch));
    progress(keepnet.phishing_campaigns().wait(&launch));
    progress(keepnet.phishing_campaigns().delivered(&launch));

    job(keepnet
        .enrollments()
        .enroll(NewEnrollment::new("April", "t-1")));
    job(keepnet.enrollments().state("e-1"));
    progress(keepnet.enrollments().wait("e-1"));
    progress(keepnet.enrollments().delivered("e-1"));

    job(keepnet
        .investigations()
        .start(NewInvestigation::new("Copies")));
    progress(keepnet.investigations().wait("i-1"));
    job(keepnet
        .investigations()
        .delete_emails("i-1", ["m-1"], Deletion::ToTrash));
    let closed = NotifiedEmailResult::Phishing;
    job(keepnet.notified_emails().close("n-1", closed, "note"));
    job(keepnet.notified_emails().take_up("n-1"));
}

#[tokio::test]
async fn jobs_are_kept_spawned_and_joined_and_their_options_hold_for_each_request() {
    let fake = service();
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(json!([])));
    let created = envelope(json!({"resourceId": "u-1"}));
    fake.always(&TARGET_USERS_CREATE, created);
    let keepnet = over(&fake);
    let jane = CreateTargetUserRequest::new("jane@example.com");
    let kept = keepnet.target_users().upsert(&jane).header("x-trace", "42");
    drop(jane);
    let user = tokio::spawn(kept.into_future()).await.unwrap().unwrap();
    assert_eq!((user.id.as_str(), user.change), ("u-1", Upsert::Created));
    for operation in [&TARGET_USERS_SEARCH_BY_EMAIL, &TARGET_USERS_CREATE] {
        let sent = &fake.requests_of(operation)[0];
        assert_eq!(sent.headers["x-trace"], "42", "{}", operation.id());
    }
    let (one, other) = tokio::join!(
        keepnet.target_users().find_by_email("a@example.com"),
        keepnet.target_users().find_by_email("b@example.com"),
    );
    assert_eq!((one.unwrap(), other.unwrap()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn the_options_of_a_job_end_with_it() {
    let fake = service();
    let uploaded = json!({"transactionId": "t-1", "rowCount": 1});
    fake.always(
        &keepnet_api::operations::TARGET_USERS_UPLOAD,
        envelope(uploaded),
    );
    let columns = envelope(json!({"fileFieldNames": ["Email"]}));
    let file = &keepnet_api::operations::TARGET_USERS_GET_UPLOAD;
    fake.always(file, columns.delay(Duration::from_secs(30)));
    let upload = over(&fake)
        .target_users()
        .import(Upload::bytes("a.csv", "Email"));
    let upload = upload
        .timeout(Duration::from_secs(1))
        .header("x-trace", "42");
    let import = upload.await.unwrap();
    // The import outlives the upload's timeout of a second, and polling omits the upload's header.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let columns = import
        .column_names()
        .attempt_timeout(Duration::from_secs(60));
    assert_eq!(columns.await.unwrap(), ["Email"]);
    let asked = &fake.requests_of(file)[0];
    assert!(!asked.headers.contains_key("x-trace"));
    let late = import.column_names().timeout(Duration::from_secs(1));
    assert!(late.await.unwrap_err().is_timeout());
}

#[tokio::test(start_paused = true)]
async fn a_job_that_waits_keeps_to_its_timeout() {
    let fake = service();
    let job = &keepnet_api::operations::TARGET_USERS_GET_MAPPING_JOB;
    fake.always(job, envelope(json!({"status": "InProgress"})));
    let import = over(&fake).target_users().resume_import("t-1");
    let start = tokio::time::Instant::now();
    let finished = import
        .reading("j-1")
        .finished()
        .timeout(Duration::from_secs(20));
    assert!(finished.await.unwrap_err().is_timeout());
    assert!(start.elapsed() <= Duration::from_secs(20));

    use keepnet_api::operations::{
        PHISHING_CAMPAIGN_JOBS_START, PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS,
    };
    fake.always(&PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS, page(json!([])));
    fake.always(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let start = tokio::time::Instant::now();
    let launch = over(&fake).phishing_campaigns().launch_to("c-1", ["g-1"]);
    let error = launch.timeout(Duration::from_secs(20)).await.unwrap_err();
    assert!(error.to_string().contains("it was launched"), "{error}");
    assert!(start.elapsed() <= Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn the_options_of_a_progress_apply_to_each_poll() {
    let fake = service();
    let summary = &keepnet_api::operations::INVESTIGATION_RESULTS_SUMMARY;
    let done = envelope(json!({"status": "Finished"}));
    fake.once(summary, done.clone().delay(Duration::from_secs(5)));
    fake.always(summary, done);
    let wait = over(&fake).investigations().wait("i-1").retries(0);
    let mut wait = wait.timeout(Duration::from_secs(1)).header("x-trace", "42");
    // A request that times out is repeated at the next interval.
    assert!(wait.try_next().await.unwrap().is_some());
    let requests = fake.requests_of(summary);
    assert_eq!(requests.len(), 2);
    for request in requests {
        assert_eq!(request.headers["x-trace"], "42");
    }
}

#[tokio::test]
async fn the_error_of_a_job_is_that_of_its_failed_call() {
    let fake = service();
    let found = json!([{"resourceId": "u-1", "email": "a@example.com"}]);
    fake.always(&TARGET_USERS_SEARCH_BY_EMAIL, page(found));
    fake.always(&TARGET_USERS_GET, FakeResponse::status(403));
    let user = CreateTargetUserRequest::new("a@example.com");
    let error = over(&fake).target_users().upsert(&user).await.unwrap_err();
    assert_eq!(error.operation().unwrap().id(), TARGET_USERS_GET.id());
}
