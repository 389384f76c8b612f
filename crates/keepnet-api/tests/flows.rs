//! Whole flows against the sandbox: triage, campaigns and enrolments.
#![cfg(all(
    feature = "incident_response",
    feature = "phishing",
    feature = "training",
    feature = "users"
))]

use std::time::Duration;

use keepnet_api::incident_response::{Deletion, NewInvestigation, ReportedEmails};
use keepnet_api::people::ImportRows;
use keepnet_api::phishing::{LaunchState, NewCampaign};
use keepnet_api::training::NewEnrollment;
use keepnet_api::types::{
    CampaignCondition, CreateTargetGroupRequest, CreateTargetGroupUsersRequest,
    CreateTargetUserRequest, EnrollmentStart, LaunchActivity, NotifiedEmailResult,
    NotifiedEmailStatus, Priority, UpdateNotifiedEmailRequest,
};
use keepnet_api::{Call, Client, Download, ErrorKind, Polling, SearchRequest, Timestamp};
use security_api_sandbox::{KeepnetOptions, Sandbox};

async fn start() -> (Sandbox, Client) {
    let options = KeepnetOptions::default()
        .target_users(20)
        .notified_emails(30);
    let sandbox = Sandbox::builder().keepnet(options).start().await.unwrap();
    let keepnet = sandbox.keepnet();
    let client = Client::builder(keepnet.company_client_id(), keepnet.company_client_secret())
        .base_url(keepnet.base_url())
        .build()
        .unwrap();
    (sandbox, client)
}

fn often() -> Polling {
    Polling::every(Duration::from_millis(10))
}

/// Returns the ids and addresses of active target users.
async fn people(client: &Client, count: usize) -> Vec<(String, String)> {
    let mut users = client.target_users().search(SearchRequest::new()).items();
    let mut found = Vec::new();
    while let Some(user) = users.try_next().await.unwrap() {
        if user.status.as_deref() != Some("Active") {
            continue;
        }
        found.push((user.resource_id.unwrap(), user.email.unwrap()));
    }
    found.truncate(count);
    found
}

async fn group_of(client: &Client, users: &[(String, String)]) -> String {
    let groups = client.target_groups();
    let new = CreateTargetGroupRequest::new("Chosen", Priority::Medium);
    let group = groups.create(&new).await.unwrap().resource_id.unwrap();
    let members = CreateTargetGroupUsersRequest::new()
        .target_user_resource_ids(users.iter().map(|(id, _)| id))
        .target_group_resource_ids([&group]);
    groups.add_users(&members).await.unwrap();
    group
}

#[tokio::test]
async fn a_reported_email_is_triaged_its_copies_found_deleted_and_the_report_closed() {
    let (sandbox, client) = start().await;
    let emails = client.notified_emails();
    let open = emails
        .search(ReportedEmails::open())
        .items()
        .try_collect()
        .await
        .unwrap();
    assert!(!open.is_empty());
    for row in &open {
        assert_eq!(row.status.as_deref(), Some("Open"));
    }
    let row = open
        .iter()
        .find(|row| row.attachment_count > Some(0))
        .unwrap();
    let id = row.resource_id.clone().unwrap();

    let seen = UpdateNotifiedEmailRequest::new()
        .result(NotifiedEmailResult::Malicious)
        .status(NotifiedEmailStatus::BeingAnalyzed)
        .note("Seen")
        .tag("invoice,fraud")
        .custom_message("We are looking into it")
        .notification_template_resource_id("aB3dE5gH7jK9")
        .is_notify_user(false);
    emails.update(&id, &seen).await.unwrap();
    // An update replaces the record, so all members are sent.
    let mut expected = emails.get(&id).await.unwrap();
    assert_eq!(expected.result, Some(NotifiedEmailResult::Malicious));
    assert_eq!(expected.note.as_deref(), Some("Seen"));
    assert_eq!(
        expected.tags.as_deref(),
        Some(&["invoice", "fraud"].map(str::to_owned)[..])
    );
    assert_eq!(
        expected.custom_message.as_deref(),
        Some("We are looking into it")
    );
    let template = expected.notification_template_resource_id.as_deref();
    assert_eq!(template, Some("aB3dE5gH7jK9"));
    emails.take_up(&id).await.unwrap();
    let email = emails.get(&id).await.unwrap();
    expected.status = Some(NotifiedEmailStatus::InProgress);
    expected.last_update_date = email.last_update_date.clone();
    assert_eq!(email, expected);
    let message = emails.download_msg_files(&id).send().await.unwrap();
    let message = message.bytes(1 << 20).await.unwrap();
    assert!(message.starts_with(b"From: "));
    let files = emails.download_attachments(&id).send().await.unwrap();
    assert!(!files.bytes(1 << 20).await.unwrap().is_empty());

    let people = people(&client, 6).await;
    let investigations = client.investigations();
    let search = NewInvestigation::of_email("Copies", &email)
        .in_mailboxes(people.iter().map(|(_, address)| address));
    let investigation = investigations.start(search).await.unwrap();
    let mut progress = investigations.wait(&investigation).polling(often());
    let (mut scanned, mut states) = (0, 0);
    let mut end = None;
    while let Some(state) = progress.try_next().await.unwrap() {
        let now = state.scanned_user_count.unwrap();
        assert!(now >= scanned);
        (scanned, states) = (now, states + 1);
        sandbox.clock().advance(Duration::from_secs(2));
        end = Some(state);
    }
    let end = end.unwrap();
    assert!(end.is_finished() && states > 2, "{states}");
    assert_eq!(scanned, 6);

    let results = client.investigation_results();
    let found = results.search_emails(&investigation, SearchRequest::new());
    let found = found.items().try_collect().await.unwrap();
    assert_eq!(found.len(), 2);
    let ids: Vec<_> = found
        .iter()
        .filter_map(|one| one.resource_id.clone())
        .collect();
    investigations
        .delete_emails(&investigation, ids, Deletion::ToTrash)
        .await
        .unwrap();
    sandbox.clock().advance(Duration::from_secs(5));
    let found = results.search_emails(&investigation, SearchRequest::new());
    for copy in found.items().try_collect().await.unwrap() {
        let action = copy.email_last_action.unwrap();
        assert_eq!(action.action_type.as_deref(), Some("MoveToTrash"));
        assert_eq!(action.status.as_deref(), Some("Completed"));
    }

    emails
        .close(&id, NotifiedEmailResult::Phishing, "Removed")
        .await
        .unwrap();
    let email = emails.get(&id).await.unwrap();
    expected.status = Some(NotifiedEmailStatus::Closed);
    expected.result = Some(NotifiedEmailResult::Phishing);
    expected.note = Some("Removed".to_owned());
    expected.last_update_date = email.last_update_date.clone();
    assert_eq!(email, expected);
    let left = emails
        .search(ReportedEmails::open())
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(left.len(), open.len() - 1);
}

#[tokio::test]
async fn a_cancelled_investigation_ends_the_wait_and_is_not_finished() {
    let (_sandbox, client) = start().await;
    let investigations = client.investigations();
    let search = NewInvestigation::new("Wanted").sender("sender1@mail.example");
    let id = investigations.start(search).await.unwrap();
    investigations.cancel(&id).await.unwrap();
    let end = investigations.wait(&id).polling(often()).await.unwrap();
    assert!(end.is_over() && !end.is_finished());
}

#[tokio::test]
async fn invalid_input_is_refused_before_anything_is_sent() {
    let (sandbox, client) = start().await;
    let investigations = client.investigations();
    let now = Timestamp::now();
    let earlier = now.saturating_sub(Duration::from_secs(1));
    let nobody: [&str; 0] = [];
    let errors = [
        investigations
            .start(NewInvestigation::new("All"))
            .await
            .unwrap_err(),
        investigations
            .start(
                NewInvestigation::new("None")
                    .subject("a")
                    .in_mailboxes(nobody),
            )
            .await
            .unwrap_err(),
        investigations
            .start(
                NewInvestigation::new("Back")
                    .subject("a")
                    .between(now, earlier),
            )
            .await
            .unwrap_err(),
        investigations
            .delete_emails("i1", nobody, Deletion::Permanent)
            .await
            .unwrap_err(),
        client
            .phishing_campaigns()
            .save(NewCampaign::new("No group", ["s1"]))
            .await
            .unwrap_err(),
        client
            .phishing_campaigns()
            .save(NewCampaign::new("No scenario", nobody).groups(["g1"]))
            .await
            .unwrap_err(),
        client
            .enrollments()
            .enroll(NewEnrollment::new("Nobody", "t1"))
            .await
            .unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(sandbox.journal().count(|_| true), 0);
}

#[tokio::test]
async fn a_blank_id_in_a_list_is_refused_before_anything_is_sent() {
    let (sandbox, client) = start().await;
    let campaigns = client.phishing_campaigns();
    let enrolled = || NewEnrollment::new("April", "t1").groups(["g1"]);
    for blank in ["", " "] {
        let april = |scenario, group| NewCampaign::new("April", [scenario]).groups([group]);
        let user = CreateTargetUserRequest::new("a@example.com").target_group_resource_ids([blank]);
        let import = client.target_users().resume_import("tx-1");
        let rows = ImportRows::Selected(vec!["row-1".to_owned(), blank.to_owned()]);
        let enrollments = client.enrollments();
        let campaign = |request: EnrollmentStart| {
            let clicked = CampaignCondition::PhishingLinkClicked;
            let request = request.phishing_campaign_condition_types([clicked]);
            request.phishing_campaign_resource_id(blank)
        };
        let errors = [
            client
                .investigations()
                .delete_emails("i1", ["m1", blank], Deletion::Permanent)
                .await
                .err(),
            campaigns.save(april(blank, "g1")).await.err(),
            campaigns.save(april("s1", blank)).await.err(),
            campaigns.launch_to("c1", ["g1", blank]).await.err(),
            enrollments.enroll(enrolled().groups([blank])).await.err(),
            enrollments.enroll(enrolled().users([blank])).await.err(),
            enrollments
                .enroll(enrolled().languages([blank]))
                .await
                .err(),
            enrollments.enroll(enrolled().with(campaign)).await.err(),
            enrollments
                .enroll(NewEnrollment::new("April", blank).groups(["g1"]))
                .await
                .err(),
            client.target_users().upsert(&user).await.err(),
            import.confirm(rows).await.err(),
        ];
        for (at, error) in errors.into_iter().enumerate() {
            let text = error.map(|error| (error.kind(), error.to_string()));
            let (kind, text) = text.unwrap_or_else(|| panic!("{at} was sent"));
            assert_eq!(kind, ErrorKind::Invalid, "{at}: {text}");
            assert!(text.contains("is empty or blank"), "{at}: {text}");
        }
        assert_eq!(sandbox.journal().count(|_| true), 0);
    }
}

#[tokio::test]
async fn a_campaign_goes_from_its_scenario_to_its_report() {
    let (sandbox, client) = start().await;
    let people = people(&client, 8).await;
    let group = group_of(&client, &people).await;
    let scenarios = client.phishing_scenarios();
    let search = SearchRequest::new().text("Password");
    let scenario = scenarios
        .search(search)
        .items()
        .try_next()
        .await
        .unwrap()
        .unwrap();

    let campaigns = client.phishing_campaigns();
    let new = NewCampaign::new("April", [scenario.resource_id.unwrap()]).groups([&group]);
    let id = campaigns.save(new).await.unwrap();
    let saved = campaigns
        .search(SearchRequest::new())
        .items()
        .try_collect()
        .await
        .unwrap();
    let saved = saved
        .iter()
        .find(|one| one.resource_id.as_deref() == Some(&id))
        .unwrap();
    assert_eq!(saved.status.as_deref(), Some("Idle"));

    let first = campaigns.launch(&id).await.unwrap();
    assert_eq!(first.campaign_id(), id);
    let mut delivery = campaigns.delivered(&first).polling(often());
    while let Some(state) = delivery.try_next().await.unwrap() {
        assert!(!state.is_over());
        sandbox.clock().advance(Duration::from_secs(40));
    }
    let opened = |state: &LaunchState| {
        let stats = state.summary.scenario_stats.as_ref().unwrap();
        stats.opened_email.unwrap()
    };
    let mut progress = campaigns.wait(&first).polling(often());
    let mut states = Vec::new();
    while let Some(state) = progress.try_next().await.unwrap() {
        states.push(state);
        sandbox.clock().advance(Duration::from_secs(86_400));
    }
    let (delivered, end) = (&states[0], states.last().unwrap());
    assert_eq!(delivered.status.as_deref(), Some("Completed"));
    assert_eq!(states.len(), 8, "seven days");
    assert!(
        opened(delivered) < opened(end),
        "what people do comes later"
    );
    let info = end.summary.campaign_info.as_ref().unwrap();
    assert_eq!(info.total_target_user_count, Some(8));
    let recipients = campaigns
        .recipients(&first)
        .items()
        .try_collect()
        .await
        .unwrap();
    let counted = recipients.iter().filter(|one| one.opened_count > Some(0));
    assert_eq!(counted.count(), usize::try_from(opened(end)).unwrap());
    let mut addresses: Vec<_> = recipients
        .iter()
        .filter_map(|one| one.email.clone())
        .collect();
    let mut expected: Vec<_> = people.into_iter().map(|(_, address)| address).collect();
    addresses.sort();
    expected.sort();
    assert_eq!(addresses, expected);

    // A month later the final report is unchanged.
    sandbox.clock().advance(Duration::from_secs(30 * 86_400));
    let later = campaigns.wait(&first).await.unwrap();
    assert_eq!(opened(&later), opened(end));

    let again = campaigns.launch(&id).await.unwrap_err();
    assert!(again.to_string().contains("`launch_to`"), "{again}");
    let second = campaigns.launch_to(&id, [&group]).await.unwrap();
    assert_eq!(second.instance_group(), first.instance_group() + 1);
}

async fn a_training(client: &Client) -> String {
    let search = SearchRequest::new().text("phishing");
    let mut trainings = client.trainings().search(search).items();
    let training = trainings.try_next().await.unwrap().unwrap();
    training.training_id.unwrap()
}

#[tokio::test]
async fn target_users_are_enrolled_and_followed_until_the_enrolment_is_over() {
    let (sandbox, client) = start().await;
    let people = people(&client, 3).await;
    let enrollments = client.enrollments();
    let new = NewEnrollment::new("After the incident", a_training(&client).await);
    let id = enrollments
        .enroll(new.users(people.iter().map(|(id, _)| id)))
        .await
        .unwrap();
    let state = enrollments.state(&id).await.unwrap();
    assert_eq!(state.status.as_deref(), Some("Sending"));
    let detail = state.summary.report_detail.as_ref().unwrap();
    assert_eq!(detail.total_target_user_count, Some(3));

    let mut progress = enrollments.wait(&id).polling(often());
    let (mut last, mut finished) = (None, 0);
    while let Some(state) = progress.try_next().await.unwrap() {
        if state.status.as_deref() == Some("Finished") {
            finished += 1;
        }
        sandbox.clock().advance(Duration::from_secs(86_400));
        last = Some(state);
    }
    assert!(last.unwrap().is_over());
    assert!(
        finished > 2,
        "it is followed on after its e-mails are delivered"
    );
    let rows = enrollments
        .participants(&id)
        .items()
        .try_collect()
        .await
        .unwrap();
    assert_eq!(rows.len(), 3);
    for person in &rows {
        assert_eq!(person.status.as_deref(), Some("Completed"));
    }
}

#[tokio::test]
async fn an_enrolment_in_the_archive_is_over_and_one_that_was_deleted_is_an_error() {
    let (sandbox, client) = start().await;
    let people = people(&client, 3).await;
    let enrollments = client.enrollments();
    let new = NewEnrollment::new("Withdrawn", a_training(&client).await);
    let new = new.users(people.iter().map(|(id, _)| id));
    let id = enrollments.enroll(new).await.unwrap();

    let mut progress = enrollments.wait(&id).polling(often());
    progress.try_next().await.unwrap().unwrap();
    sandbox.clock().advance(Duration::from_secs(86_400));
    enrollments.archive(&id).await.unwrap();
    let end = progress.try_next().await.unwrap().unwrap();
    assert_eq!(end.status.as_deref(), Some("Archived"));
    assert!(end.is_over());
    assert!(progress.try_next().await.unwrap().is_none());
    // In the archive no user can do the training.
    sandbox.clock().advance(Duration::from_secs(30 * 86_400));
    let later = enrollments.wait(&id).await.unwrap();
    assert_eq!(later.summary.completed_count, end.summary.completed_count);

    enrollments.restore_archived(&id).await.unwrap();
    let back = enrollments.state(&id).await.unwrap();
    assert_eq!(back.status.as_deref(), Some("Finished"));
    enrollments.archive(&id).await.unwrap();
    enrollments.delete_archived(&id).await.unwrap();
    let gone = enrollments.wait(&id).polling(often()).await.unwrap_err();
    assert!(gone.is_not_found(), "{gone}");
}

async fn text_of(file: Call<Download>) -> String {
    let bytes = file.await.unwrap().bytes(1 << 20).await.unwrap();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn an_export_has_the_records_of_all_pages() {
    let (_sandbox, client) = start().await;
    let users = client.target_users();
    let mut listed = users.search(SearchRequest::new()).items();
    let mut count = 0;
    while listed.try_next().await.unwrap().is_some() {
        count += 1;
    }
    let file = text_of(users.export(SearchRequest::new().page_size(3))).await;
    // The first line has the names of the columns.
    assert_eq!(file.lines().count(), count + 1);
    assert!(count > 3);

    // The reports of recipients are files, too.
    let reports = client.phishing_campaign_reports();
    let mut launches = reports.search(SearchRequest::new()).items();
    let launch = launches.try_next().await.unwrap().unwrap();
    let id = launch.phishing_campaign_resource_id.unwrap();
    let group = launch.instance_group.unwrap();
    let all = LaunchActivity::All;
    let file = text_of(reports.export_users(all, id, group, SearchRequest::new())).await;
    assert!(file.starts_with("activityType,"), "{file}");
}

#[cfg(feature = "quishing")]
#[tokio::test]
async fn an_export_of_the_recipients_of_a_quishing_campaign_is_a_file() {
    let (sandbox, client) = start().await;
    let reports = client.quishing_campaign_reports();
    let mut launches = reports.search(SearchRequest::new()).items();
    let launch = launches.try_next().await.unwrap().unwrap();
    let id = launch.quishing_campaign_resource_id.unwrap();
    let group = launch.instance_group.unwrap();
    let all = LaunchActivity::All;
    let text = text_of(reports.export_users(all, &id, group, SearchRequest::new())).await;
    // The names of the columns, and the sandbox's sample of each list.
    let mut lines = text.lines();
    let columns = lines.next().unwrap();
    assert!(columns.split(',').any(|name| name == "email"), "{columns}");
    assert_eq!(lines.count(), 1, "{text}");
    let path = "/api/quishing-simulator/quishing-campaign-job-report/All/search/export/";
    let exports = sandbox
        .journal()
        .count(|entry| entry.path.starts_with(path));
    assert_eq!(exports, 1);
}
