//! Jobs that change something, over a fake transport: what an error says about the change.
#![cfg(feature = "full")]

mod common;

use std::pin::Pin;

use common::{envelope, over, page, service};
use keepnet_api::api_clients::NewApiClient;
use keepnet_api::incident_response::{Deletion, NewInvestigation};
use keepnet_api::operations::{
    COMPANIES_CREATE_CLIENT, COMPANIES_DELETE_CLIENT, COMPANIES_GENERATE_CLIENT_CREDENTIALS,
    COMPANIES_GET_CLIENT, COMPANIES_UPDATE_CLIENT, ENROLLMENTS_CREATE, ENROLLMENTS_LANGUAGES,
    INVESTIGATION_ACTIONS_CREATE_DELETE, INVESTIGATIONS_CREATE, INVESTIGATIONS_SCAN_TYPES,
    NOTIFIED_EMAILS_GET, NOTIFIED_EMAILS_UPDATE, PHISHING_CAMPAIGN_JOBS_START,
    PHISHING_CAMPAIGN_JOBS_START_INSTANCE, PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS,
    PHISHING_CAMPAIGNS_CREATE, PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING,
    PHISHING_CAMPAIGNS_GET, ROLES_LIST, SYSTEM_USERS_CHANGE_PASSWORD, SYSTEM_USERS_RESET_PASSWORD,
    SYSTEM_USERS_SEND_RESET_PASSWORD_LINK, TARGET_GROUPS_ADD_USERS, TARGET_GROUPS_CREATE,
    TARGET_GROUPS_REMOVE_USERS, TARGET_GROUPS_SEARCH_BY_NAME, TARGET_USERS_CONFIRM_IMPORT,
    TARGET_USERS_CREATE, TARGET_USERS_CREATE_MAPPING, TARGET_USERS_DELETE, TARGET_USERS_GET,
    TARGET_USERS_GET_UPLOAD, TARGET_USERS_LIST_BY_RESOURCE_IDS_INCLUDE_DELETED,
    TARGET_USERS_SEARCH_BY_EMAIL, TARGET_USERS_UPDATE,
};
use keepnet_api::people::{ColumnMapping, ImportRows, UserField};
use keepnet_api::phishing::{Launch, NewCampaign};
use keepnet_api::training::NewEnrollment;
use keepnet_api::types::{CreateTargetUserRequest, NotifiedEmailResult};
use keepnet_api::{Client, Error, ErrorKind, Job, Operation, Outcome};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

type Done = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A request of a job before its change.
struct Step {
    operation: &'static Operation,
    response: FakeResponse,
    /// A response that the job does not go on with.
    useless: Option<FakeResponse>,
}

/// A job that changes something.
struct Case {
    job: &'static str,
    run: fn(&Client) -> Done,
    before: Vec<Step>,
    change: &'static Operation,
}

fn case(
    job: &'static str,
    run: fn(&Client) -> Done,
    before: impl IntoIterator<Item = Step>,
    change: &'static Operation,
) -> Case {
    Case {
        job,
        run,
        before: before.into_iter().collect(),
        change,
    }
}

fn step(operation: &'static Operation, data: Value) -> Step {
    Step {
        operation,
        response: envelope(data),
        useless: None,
    }
}

fn search(operation: &'static Operation, rows: Value) -> Step {
    Step {
        operation,
        response: page(rows),
        useless: None,
    }
}

impl Step {
    fn or(self, useless: Value) -> Self {
        Self {
            useless: Some(envelope(useless)),
            ..self
        }
    }
}

fn done<T: Send + 'static>(job: Job<T>) -> Done {
    Box::pin(async move { job.await.map(drop) })
}

const JANE: &str = "jane@example.com";

fn api_clients() -> Vec<Case> {
    let roles = json!([{"resourceId": "role-1", "name": "Reseller"}]);
    let client = json!({
        "name": "Export",
        "clientId": "id-1",
        "hasIpAddressRestriction": false,
        "roleResourceIdList": ["role-1"],
    });
    let read = || step(&COMPANIES_GET_CLIENT, client.clone()).or(json!({"clientId": "id-1"}));
    let generate = || {
        let pair = json!({"clientId": "id-2", "clientSecret": "s3cret-2"});
        step(&COMPANIES_GENERATE_CLIENT_CREDENTIALS, pair).or(json!({}))
    };
    vec![
        case(
            "create_api_client",
            |keepnet| {
                let new = NewApiClient::new("Export").role("Reseller");
                done(keepnet.companies().create_api_client(&new))
            },
            [
                step(&ROLES_LIST, roles).or(json!([{"name": "Reseller"}])),
                generate(),
            ],
            &COMPANIES_CREATE_CLIENT,
        ),
        case(
            "rotate_api_client",
            |keepnet| done(keepnet.companies().rotate_api_client("r-1")),
            [read(), generate()],
            &COMPANIES_CREATE_CLIENT,
        ),
        case(
            "deactivate_api_client",
            |keepnet| done(keepnet.companies().deactivate_api_client("r-1")),
            [read(), generate()],
            &COMPANIES_UPDATE_CLIENT,
        ),
    ]
}

fn campaigns() -> Vec<Case> {
    const LAUNCHES: &Operation = &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS;
    let groups = json!({"targetGroups": [{"text": "Finance", "value": "g-1"}]});
    vec![
        case(
            "save",
            |keepnet| {
                let april = NewCampaign::new("April", ["s-1"]).groups(["g-1"]);
                done(keepnet.phishing_campaigns().save(april))
            },
            [step(
                &PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING,
                json!({"resourceId": "d-1", "type": 1}),
            )
            .or(json!({"resourceId": "d-1"}))],
            &PHISHING_CAMPAIGNS_CREATE,
        ),
        case(
            "launch, of a launch that waits",
            |keepnet| done(keepnet.phishing_campaigns().launch("c-1")),
            [Step {
                useless: Some(page(json!([{"status": "Idle"}]))),
                ..search(LAUNCHES, json!([{"instanceGroup": 1, "status": "Idle"}]))
            }],
            &PHISHING_CAMPAIGN_JOBS_START_INSTANCE,
        ),
        case(
            "launch, of a campaign without launches",
            |keepnet| done(keepnet.phishing_campaigns().launch("c-1")),
            [
                search(LAUNCHES, json!([])),
                step(&PHISHING_CAMPAIGNS_GET, groups).or(json!({})),
                search(LAUNCHES, json!([])),
            ],
            &PHISHING_CAMPAIGN_JOBS_START,
        ),
        case(
            "launch_to",
            |keepnet| done(keepnet.phishing_campaigns().launch_to("c-1", ["g-1"])),
            [search(LAUNCHES, json!([]))],
            &PHISHING_CAMPAIGN_JOBS_START,
        ),
        case(
            "start, of a launch",
            |keepnet| done(keepnet.phishing_campaigns().start(&Launch::new("c-1", 1))),
            [],
            &PHISHING_CAMPAIGN_JOBS_START_INSTANCE,
        ),
    ]
}

/// Returns the requests that find a person by e-mail address.
fn find_jane() -> [Step; 2] {
    let jane = json!([{"resourceId": "user-1", "email": JANE}]);
    [
        search(&TARGET_USERS_SEARCH_BY_EMAIL, jane),
        step(
            &TARGET_USERS_LIST_BY_RESOURCE_IDS_INCLUDE_DELETED,
            json!([]),
        ),
    ]
}

fn find_group(found: bool) -> Step {
    let groups = match found {
        true => json!([{"resourceId": "g-1", "name": "Finance"}]),
        false => json!([]),
    };
    search(&TARGET_GROUPS_SEARCH_BY_NAME, groups)
}

fn people() -> Vec<Case> {
    let upsert: fn(&Client) -> Done = |keepnet| {
        let jane = CreateTargetUserRequest::new(JANE).department("Finance");
        done(keepnet.target_users().upsert(&jane))
    };
    let add: fn(&Client) -> Done =
        |keepnet| done(keepnet.target_groups().add_people("Finance", [JANE]));
    let jane = json!({"resourceId": "user-1", "email": JANE, "isActive": true});
    vec![
        case(
            "upsert, of a new person",
            upsert,
            [search(&TARGET_USERS_SEARCH_BY_EMAIL, json!([]))],
            &TARGET_USERS_CREATE,
        ),
        case(
            "upsert, of a known person",
            upsert,
            find_jane()
                .into_iter()
                .chain([step(&TARGET_USERS_GET, jane.clone()).or(json!({"email": JANE}))]),
            &TARGET_USERS_UPDATE,
        ),
        case(
            "upsert, of the groups of a known person",
            |keepnet| {
                let jane = CreateTargetUserRequest::new(JANE).target_group_resource_ids(["g-1"]);
                done(keepnet.target_users().upsert(&jane))
            },
            find_jane()
                .into_iter()
                .chain([step(&TARGET_USERS_GET, jane)]),
            &TARGET_GROUPS_ADD_USERS,
        ),
        case(
            "delete_by_email",
            |keepnet| done(keepnet.target_users().delete_by_email(JANE)),
            find_jane(),
            &TARGET_USERS_DELETE,
        ),
        case(
            "find_or_create",
            |keepnet| done(keepnet.target_groups().find_or_create("Finance")),
            [find_group(false)],
            &TARGET_GROUPS_CREATE,
        ),
        case(
            "add_people, to a new group",
            add,
            find_jane().into_iter().chain([find_group(false)]),
            &TARGET_GROUPS_CREATE,
        ),
        case(
            "add_people, to a known group",
            add,
            find_jane().into_iter().chain([find_group(true)]),
            &TARGET_GROUPS_ADD_USERS,
        ),
        case(
            "remove_people",
            |keepnet| done(keepnet.target_groups().remove_people("Finance", [JANE])),
            [find_group(true)].into_iter().chain(find_jane()),
            &TARGET_GROUPS_REMOVE_USERS,
        ),
        case(
            "map",
            |keepnet| {
                let mapping = ColumnMapping::new().column("Mail", UserField::Email);
                let import = keepnet.target_users().resume_import("tx-1");
                done(import.map(&mapping))
            },
            [step(
                &TARGET_USERS_GET_UPLOAD,
                json!({"fileFieldNames": ["Mail"]}),
            )],
            &TARGET_USERS_CREATE_MAPPING,
        ),
        case(
            "confirm",
            |keepnet| {
                let import = keepnet.target_users().resume_import("tx-1");
                done(import.confirm(ImportRows::All))
            },
            [],
            &TARGET_USERS_CONFIRM_IMPORT,
        ),
    ]
}

fn passwords() -> Vec<Case> {
    vec![
        case(
            "send_password_link",
            |keepnet| done(keepnet.system_users().send_password_link(JANE)),
            [],
            &SYSTEM_USERS_SEND_RESET_PASSWORD_LINK,
        ),
        case(
            "set_password_with_token",
            |keepnet| done(keepnet.system_users().set_password_with_token("t", "n3w")),
            [],
            &SYSTEM_USERS_RESET_PASSWORD,
        ),
        case(
            "change_own_password",
            |keepnet| done(keepnet.system_users().change_own_password("old", "n3w")),
            [],
            &SYSTEM_USERS_CHANGE_PASSWORD,
        ),
    ]
}

fn incidents() -> Vec<Case> {
    let systems = json!([{"type": "O365", "mailConfigurationResourceId": "m-1"}]);
    let read = || {
        let email = json!({"result": "Phishing", "status": "Open"});
        step(&NOTIFIED_EMAILS_GET, email)
    };
    vec![
        case(
            "start",
            |keepnet| {
                let new = NewInvestigation::new("Invoices").sender("billing@example.net");
                done(keepnet.investigations().start(new))
            },
            [step(&INVESTIGATIONS_SCAN_TYPES, systems).or(json!([]))],
            &INVESTIGATIONS_CREATE,
        ),
        case(
            "take_up",
            |keepnet| done(keepnet.notified_emails().take_up("m-1")),
            [read().or(json!({}))],
            &NOTIFIED_EMAILS_UPDATE,
        ),
        case(
            "close",
            |keepnet| {
                let emails = keepnet.notified_emails();
                done(emails.close("m-1", NotifiedEmailResult::Phishing, "seen"))
            },
            [read()],
            &NOTIFIED_EMAILS_UPDATE,
        ),
        case(
            "delete_emails",
            |keepnet| {
                let investigations = keepnet.investigations();
                done(investigations.delete_emails("i-1", ["m-1"], Deletion::ToTrash))
            },
            [],
            &INVESTIGATION_ACTIONS_CREATE_DELETE,
        ),
    ]
}

fn enrolments() -> Vec<Case> {
    let languages = || step(&ENROLLMENTS_LANGUAGES, json!([{"id": "l-1"}])).or(json!([]));
    vec![
        case(
            "enroll, of groups",
            |keepnet| {
                let new = NewEnrollment::new("April", "t-1").groups(["g-1"]);
                done(keepnet.enrollments().enroll(new))
            },
            [languages()],
            &ENROLLMENTS_CREATE,
        ),
        case(
            "enroll, of users",
            |keepnet| {
                let new = NewEnrollment::new("April", "t-1").users(["user-1"]);
                done(keepnet.enrollments().enroll(new))
            },
            [languages()],
            &TARGET_GROUPS_CREATE,
        ),
    ]
}

fn cases() -> impl Iterator<Item = Case> {
    [
        api_clients(),
        campaigns(),
        people(),
        passwords(),
        incidents(),
        enrolments(),
    ]
    .into_iter()
    .flatten()
}

impl Case {
    fn ids(&self, count: usize) -> Vec<&'static str> {
        let before = self.before.iter().map(|step| step.operation);
        let all = before.chain([self.change]).map(Operation::id);
        all.take(count).collect()
    }

    /// Returns the error of the job if the request with this index gets that response, and the requests that were sent,
    /// without attempts after the first.
    async fn fail_at(&self, index: usize, last: FakeResponse) -> (Error, Vec<&'static str>) {
        let (done, sent) = self.run_until(index, last).await;
        (done.unwrap_err(), sent)
    }

    async fn run_until(
        &self,
        index: usize,
        last: FakeResponse,
    ) -> (Result<(), Error>, Vec<&'static str>) {
        let fake = service();
        for step in &self.before[..index] {
            fake.once(step.operation, step.response.clone());
        }
        let failing = self.before.get(index);
        fake.always(failing.map_or(self.change, |step| step.operation), last);
        let done = (self.run)(&over(&fake)).await;
        let requests = fake.requests().into_iter();
        let first = requests.filter(|request| request.attempt == 1);
        let sent = first.filter_map(|request| request.operation).collect();
        (done, sent)
    }
}

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

/// Jobs that have changed something before their last change, or have a change of another job before them.
fn later_changes() -> Vec<Case> {
    let group = || step(&TARGET_GROUPS_CREATE, json!({"resourceId": "g-1"}));
    let languages = || step(&ENROLLMENTS_LANGUAGES, json!([{"id": "l-1"}]));
    let client = json!({
        "name": "Export",
        "clientId": "id-1",
        "hasIpAddressRestriction": false,
        "roleResourceIdList": ["role-1"],
    });
    let pair = json!({"clientId": "id-2", "clientSecret": "s3cret-2"});
    let jane = json!({"resourceId": "user-1", "email": JANE, "isActive": true});
    vec![
        case(
            "enroll, of users in the new group",
            |keepnet| {
                let new = NewEnrollment::new("April", "t-1").users(["user-1"]);
                done(keepnet.enrollments().enroll(new))
            },
            [languages(), group()],
            &TARGET_GROUPS_ADD_USERS,
        ),
        case(
            "enroll, of the new group",
            |keepnet| {
                let new = NewEnrollment::new("April", "t-1").users(["user-1"]);
                done(keepnet.enrollments().enroll(new))
            },
            [
                languages(),
                group(),
                step(&TARGET_GROUPS_ADD_USERS, json!([])),
            ],
            &ENROLLMENTS_CREATE,
        ),
        case(
            "upsert, of a known person and the groups",
            |keepnet| {
                let jane = CreateTargetUserRequest::new(JANE)
                    .department("Finance")
                    .target_group_resource_ids(["g-1"]);
                done(keepnet.target_users().upsert(&jane))
            },
            find_jane().into_iter().chain([
                step(&TARGET_USERS_GET, jane),
                step(&TARGET_USERS_UPDATE, json!({})),
            ]),
            &TARGET_GROUPS_ADD_USERS,
        ),
        case(
            "add_people, to the new group",
            |keepnet| done(keepnet.target_groups().add_people("Finance", [JANE])),
            find_jane().into_iter().chain([find_group(false), group()]),
            &TARGET_GROUPS_ADD_USERS,
        ),
        case(
            "delete_old",
            |keepnet| {
                let rotated = keepnet.companies().rotate_api_client("r-1");
                Box::pin(async move { rotated.await?.delete_old().await })
            },
            [
                step(&COMPANIES_GET_CLIENT, client),
                step(&COMPANIES_GENERATE_CLIENT_CREDENTIALS, pair),
                step(&COMPANIES_CREATE_CLIENT, json!({"resourceId": "r-2"})),
            ],
            &COMPANIES_DELETE_CLIENT,
        ),
    ]
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
