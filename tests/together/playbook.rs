//! The playbook of the demo, with a fault in every step: a stolen credential is detected, its owner gets a new password
//! by a link that opens once, and is enrolled in a training. In the end, the services have recorded each event once.

use std::time::Duration;

use keepnet_api::SearchRequest;
use keepnet_api::training::NewEnrollment;
use keepnet_api::types::CreateTargetUserRequest;
use push_security_api::http::Method;
use push_security_api::types::Employee;
use push_security_api::{Outcome, RateLimiter, Timestamp};
use pwpush_api::types::AuditKind;
use pwpush_api::{Expiry, NewPush, Secret};
use security_api_sandbox::{Fault, Sandbox};
use serde_json::Value;

use crate::services;

/// Returns the number of requests with this method and path, whatever their outcome.
fn received(sandbox: &Sandbox, method: Method, path: &str) -> usize {
    let is_it =
        |entry: &security_api_sandbox::JournalEntry| entry.method == method && entry.path == path;
    sandbox.journal().count(is_it)
}

/// Reads the detection over broken connections and a busy service.
async fn detect(sandbox: &Sandbox, detection: &str) -> (Employee, String) {
    let url = sandbox.push_security().base_url();
    let push = services::push(sandbox, url, &RateLimiter::unlimited());
    sandbox.faults().queue(Fault::status(503).times(2));
    let found = push
        .detections()
        .get(detection)
        .send_with_response()
        .await
        .unwrap();
    assert_eq!(found.attempts(), 3);
    let id = found.value().employee_id.clone().expect("an employee");
    sandbox.faults().queue(Fault::cut_body(10));
    sandbox.faults().queue(Fault::reset());
    let employee = push.employees().get(&id).await.unwrap();
    sandbox
        .faults()
        .queue(Fault::status(429).header("retry-after", "0"));
    let accounts = push.accounts().list().employee_id(&id).limit(2).items();
    for account in accounts.try_collect().await.unwrap() {
        assert_eq!(account.employee_id.as_deref(), Some(&*id));
    }
    assert_eq!(sandbox.faults().pending(), 0);
    let email = employee.email.clone().expect("an address");
    (employee, email)
}

/// Sends the password. A refusal is retried. A request with an unknown outcome is not.
async fn send(sandbox: &Sandbox, name: &str) -> (pwpush_api::Client, Secret) {
    let pusher = sandbox.password_pusher();
    let pwpush = services::pusher(sandbox, pusher.base_url(), &RateLimiter::unlimited());
    let new = || {
        let push = NewPush::text("a fresh password")
            .expire_after(Expiry::days(1))
            .views(1);
        push.name(name)
    };
    pwpush.edition().await.unwrap();
    let create = |fault: Fault| {
        sandbox
            .faults()
            .queue(fault.on(Method::POST, "/api/v2/pushes"))
    };
    // The service executes the request, and its response is lost.
    create(Fault::cut_body(10));
    let error = pwpush.pushes().create(new()).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert!(error.may_be_executed() && !error.is_retryable(), "{error}");
    assert_eq!(pusher.pushes(), 1);
    // A caller that checks first, as the error says, finds the push and expires it.
    let active = pwpush
        .pushes()
        .active()
        .items()
        .try_collect()
        .await
        .unwrap();
    let lost: Vec<_> = active
        .iter()
        .filter(|push| push.name.as_deref() == Some(name))
        .collect();
    assert_eq!(lost.len(), 1);
    pwpush.pushes().expire(&lost[0].token).await.unwrap();
    create(Fault::status(429).header("retry-after", "0"));
    let push = pwpush.pushes().create(new()).await.unwrap();
    assert_eq!(pusher.pushes(), 2);
    assert_eq!(sandbox.faults().pending(), 0);
    (pwpush, push.token.clone())
}

/// Opens the link. A request that the service never received has used no view, and the client did not retry it.
async fn open(sandbox: &Sandbox, token: &Secret) {
    let visitor = services::visitor(sandbox);
    sandbox.faults().queue(Fault::reset());
    let error = visitor.pushes().show(token).await.unwrap_err();
    assert_eq!((error.outcome(), error.attempts()), (Outcome::Unknown, 1));
    assert!(error.to_string().contains("view may be used up"), "{error}");
    let shown = visitor.pushes().show(token).await.unwrap();
    assert_eq!(
        shown.payload().map(|secret| secret.expose()),
        Some("a fresh password")
    );
    assert!(visitor.pushes().show(token).await.unwrap().is_expired());
}

/// Enrols the employee while the token endpoint fails and tokens are revoked.
async fn enrol(sandbox: &Sandbox, employee: &Employee, email: &str) -> keepnet_api::Client {
    let platform = sandbox.keepnet();
    let keepnet = services::keepnet(sandbox, platform.base_url(), &RateLimiter::unlimited());
    sandbox
        .faults()
        .queue(Fault::status(503).on(Method::POST, "/connect/token"));
    let mut user = CreateTargetUserRequest::new(email).is_active(true);
    user.first_name.clone_from(&employee.first_name);
    user.last_name.clone_from(&employee.last_name);
    let person = keepnet.target_users().upsert(&user).await.unwrap();
    assert_eq!(received(sandbox, Method::POST, "/connect/token"), 2);

    platform.revoke_tokens();
    sandbox.faults().queue(Fault::status(502));
    let search = SearchRequest::new().text("phishing");
    let training = keepnet
        .trainings()
        .search(search)
        .items()
        .try_next()
        .await
        .unwrap();
    let training = training
        .and_then(|training| training.training_id)
        .expect("a training");
    let enrolment = NewEnrollment::new(format!("After a stolen credential: {email}"), training);
    let enrolment = enrolment.users([person.id]);
    let enrolment = keepnet.enrollments().enroll(enrolment).await.unwrap();
    sandbox.faults().queue(Fault::cut_body(20));
    let state = keepnet.enrollments().state(&enrolment).await.unwrap();
    assert!(state.status.is_some());
    assert_eq!(platform.tokens_issued(), 2);
    assert_eq!(sandbox.faults().pending(), 0);
    keepnet
}

#[tokio::test]
async fn a_stolen_credential_is_followed_up_once_whatever_goes_wrong_on_the_way() {
    let start = Timestamp::now().saturating_sub(Duration::from_secs(1));
    let sandbox = services::sandbox().await;
    let victim = sandbox.push_security().employee_ids().swap_remove(3);
    let detection = sandbox
        .push_security()
        .raise_detection(&victim)
        .expect("an employee");

    let (employee, email) = detect(&sandbox, &detection).await;
    let name = format!("Fresh password of {email}");
    let (pwpush, token) = send(&sandbox, &name).await;
    open(&sandbox, &token).await;
    let keepnet = enrol(&sandbox, &employee, &email).await;

    // Collect the trail from services that fail once more.
    sandbox.faults().queue(Fault::status(504));
    let entries = pwpush
        .pushes()
        .audit(&token)
        .items()
        .try_collect()
        .await
        .unwrap();
    let kinds: Vec<_> = entries.into_iter().filter_map(|entry| entry.kind).collect();
    assert_eq!(
        kinds,
        [AuditKind::Creation, AuditKind::View, AuditKind::FailedView]
    );

    sandbox.faults().queue(Fault::reset());
    let mut records = keepnet.audit_logs().tail(start).raw();
    let mut about = Vec::new();
    while let Some(record) = records.try_next().await.unwrap() {
        let text = record.as_str().to_owned();
        if text.contains(&email) {
            let record: Value = record.decode().unwrap();
            about
                .push(format!("{} {}", record["operation"], record["entityName"]).replace('"', ""));
        }
    }
    let once = [
        "Create TargetUser",
        "Create TargetGroup",
        "Create Enrollment",
    ];
    assert_eq!(about, once);
}
