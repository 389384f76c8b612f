//! The jobs, with the requests that come before their change.

use std::pin::Pin;

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
use keepnet_api::{Client, Error, Job, Operation};
use security_api_transport::FakeResponse;
use serde_json::{Value, json};

use super::common::{envelope, over, page, service};

type Done = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A request of a job before its change.
pub(crate) struct Step {
    pub(crate) operation: &'static Operation,
    pub(crate) response: FakeResponse,
    /// A response that the job does not go on with.
    pub(crate) useless: Option<FakeResponse>,
}

/// A job that changes something.
pub(crate) struct Case {
    pub(crate) job: &'static str,
    pub(crate) run: fn(&Client) -> Done,
    pub(crate) before: Vec<Step>,
    pub(crate) change: &'static Operation,
}

pub(crate) fn case(
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

pub(crate) fn step(operation: &'static Operation, data: Value) -> Step {
    Step {
        operation,
        response: envelope(data),
        useless: None,
    }
}

pub(crate) fn search(operation: &'static Operation, rows: Value) -> Step {
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

pub(crate) fn done<T: Send + 'static>(job: Job<T>) -> Done {
    Box::pin(async move { job.await.map(drop) })
}

pub(crate) const JANE: &str = "jane@example.com";

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
pub(crate) fn find_jane() -> [Step; 2] {
    let jane = json!([{"resourceId": "user-1", "email": JANE}]);
    [
        search(&TARGET_USERS_SEARCH_BY_EMAIL, jane),
        step(
            &TARGET_USERS_LIST_BY_RESOURCE_IDS_INCLUDE_DELETED,
            json!([]),
        ),
    ]
}

pub(crate) fn find_group(found: bool) -> Step {
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

pub(crate) fn cases() -> impl Iterator<Item = Case> {
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

/// Jobs that have changed something before their last change, or have a change of another job before them.
pub(crate) fn later_changes() -> Vec<Case> {
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

impl Case {
    pub(crate) fn ids(&self, count: usize) -> Vec<&'static str> {
        let before = self.before.iter().map(|step| step.operation);
        let all = before.chain([self.change]).map(Operation::id);
        all.take(count).collect()
    }

    /// Returns the error of the job if the request with this index gets that response, and the requests that were sent,
    /// without attempts after the first.
    pub(crate) async fn fail_at(
        &self,
        index: usize,
        last: FakeResponse,
    ) -> (Error, Vec<&'static str>) {
        let (done, sent) = self.run_until(index, last).await;
        (done.unwrap_err(), sent)
    }

    pub(crate) async fn run_until(
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
