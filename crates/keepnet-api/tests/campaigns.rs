//! Phishing campaigns, over a fake transport.
#![cfg(feature = "phishing")]

mod common;

use std::time::Duration;

use common::{envelope, over, page, refused, service};
use keepnet_api::operations::{
    PHISHING_CAMPAIGN_JOBS_START, PHISHING_CAMPAIGN_JOBS_START_INSTANCE,
    PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS, PHISHING_CAMPAIGN_REPORTS_SUMMARY,
    PHISHING_CAMPAIGNS_CREATE, PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING,
    PHISHING_CAMPAIGNS_GET,
};
use keepnet_api::phishing::{Launch, LaunchState, NewCampaign};
use keepnet_api::types::{CreatePhishingCampaignRequest, EmailDelivery};
use keepnet_api::{ErrorKind, Outcome, Polling};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

fn saving(default: Value) -> FakeTransport {
    let fake = service();
    let setting = &PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING;
    fake.always(setting, envelope(default));
    let created = envelope(json!({"resourceId": "c-1"}));
    fake.always(&PHISHING_CAMPAIGNS_CREATE, created);
    fake
}

fn april() -> NewCampaign {
    NewCampaign::new("April", ["s-1"]).groups(["g-1"])
}

/// Returns the delivery of a campaign: its kind, and the ids of the SMTP and direct settings.
fn delivery(fake: &FakeTransport) -> [Value; 3] {
    let sent = fake.requests_of(&PHISHING_CAMPAIGNS_CREATE)[0].json();
    [
        "emailDeliverySettingType",
        "smtpSettingResourceId",
        "directEmailSettingResourceId",
    ]
    .map(|member| sent[member].clone())
}

#[tokio::test]
async fn a_campaign_without_a_delivery_uses_the_default_of_the_platform() {
    for (default, expected) in [
        (
            json!({"resourceId": "d-1", "type": 1}),
            [json!(1), json!("d-1"), Value::Null],
        ),
        (
            json!({"resourceId": "d-1", "type": 2}),
            [json!(2), Value::Null, json!("d-1")],
        ),
    ] {
        let fake = saving(default.clone());
        let id = over(&fake).phishing_campaigns().save(april()).await;
        assert_eq!(id.unwrap(), "c-1");
        assert_eq!(delivery(&fake), expected, "{default}");
    }
    for unclear in [
        json!({"resourceId": "d-1"}),
        json!({"resourceId": "d-1", "type": null}),
        json!({"resourceId": "d-1", "type": 0}),
        json!({"resourceId": "d-1", "type": 3}),
    ] {
        let fake = saving(unclear.clone());
        let saved = over(&fake).phishing_campaigns().save(april()).await;
        let error = saved.unwrap_err();
        assert!(error.is_invalid(), "{unclear}: {error}");
        let remedy = "set `email_delivery_setting_type`";
        assert!(error.to_string().contains(remedy), "{unclear}: {error}");
        assert!(fake.requests_of(&PHISHING_CAMPAIGNS_CREATE).is_empty());
    }
}

#[tokio::test]
async fn a_delivery_that_was_set_is_kept_and_sent_with_its_kind() {
    let both = |request: CreatePhishingCampaignRequest| {
        let request = request.smtp_setting_resource_id("mine");
        request.direct_email_setting_resource_id("mine")
    };
    let chosen = [
        (
            april().with(|request| request.email_delivery_setting_type(EmailDelivery::Direct)),
            [json!(2), Value::Null, Value::Null],
        ),
        (
            april().with(|request| request.smtp_setting_resource_id("mine")),
            [json!(1), json!("mine"), Value::Null],
        ),
        (
            april().with(|request| request.direct_email_setting_resource_id("mine")),
            [json!(2), Value::Null, json!("mine")],
        ),
        (
            april()
                .with(|request| both(request).email_delivery_setting_type(EmailDelivery::Direct)),
            [json!(2), json!("mine"), json!("mine")],
        ),
    ];
    for (campaign, expected) in chosen {
        let fake = saving(json!({"resourceId": "d-1", "type": 1}));
        let campaigns = over(&fake).phishing_campaigns();
        campaigns.save(campaign).await.unwrap();
        assert_eq!(delivery(&fake), expected);
        let asked = fake.requests_of(&PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING);
        assert!(asked.is_empty(), "the default was asked for");
    }
    let fake = saving(json!({"resourceId": "d-1", "type": 1}));
    let saved = over(&fake).phishing_campaigns().save(april().with(both));
    let text = saved.await.unwrap_err().to_string();
    assert!(
        text.contains("choose with `email_delivery_setting_type`"),
        "{text}"
    );
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_campaign_is_sent_with_duration_and_distribution_and_refused_without_a_duration() {
    for (campaign, days) in [(april(), 7), (april().days(1), 1), (april().days(30), 30)] {
        let fake = saving(json!({"resourceId": "d-1", "type": 1}));
        let saved = over(&fake).phishing_campaigns().save(campaign);
        saved.await.unwrap();
        let sent = fake.requests_of(&PHISHING_CAMPAIGNS_CREATE)[0].json();
        for (member, value) in [
            ("scheduleTypeId", json!(2)),
            ("duration", json!(days)),
            ("distributionTypeId", json!(1)),
            ("distributionDelayEvery", json!(0)),
            ("distributionDelayTimeTypeId", json!(1)),
            ("sendingLimit", json!(0)),
            ("excludeFromReports", json!(false)),
            ("sendOnlyActiveUsers", json!(true)),
        ] {
            assert_eq!(sent[member], value, "{member}");
        }
    }
    let unsaid = april().with(|mut request| {
        request.duration = None;
        request
    });
    for campaign in [april().days(0), unsaid] {
        let fake = saving(json!({"resourceId": "d-1", "type": 1}));
        let saved = over(&fake).phishing_campaigns().save(campaign);
        let error = saved.await.unwrap_err();
        assert!(error.to_string().contains("set it with `days`"), "{error}");
        assert!(fake.requests().is_empty());
    }
}

/// Returns a list of launches: their numbers and their states.
fn launches(rows: &[(i32, &str)]) -> FakeResponse {
    let rows = rows
        .iter()
        .map(|(number, status)| json!({"instanceGroup": number, "status": status}));
    page(rows.collect())
}

fn running(numbers: &[i32]) -> FakeResponse {
    let rows: Vec<_> = numbers.iter().map(|number| (*number, "Running")).collect();
    launches(&rows)
}

const LIST: &keepnet_api::Operation = &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS;

#[tokio::test]
async fn the_launch_that_was_saved_is_started_and_no_other() {
    let fake = service();
    fake.always(
        LIST,
        launches(&[(1, "Completed"), (2, "idle"), (3, "Running")]),
    );
    fake.always(&PHISHING_CAMPAIGN_JOBS_START_INSTANCE, envelope(json!({})));
    let launch = over(&fake).phishing_campaigns().launch("c-1").await;
    assert_eq!(launch.unwrap().instance_group(), 2);
    let started = fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START_INSTANCE);
    assert_eq!(started.len(), 1);
    assert!(started[0].uri.path().ends_with("/start/c-1/2"));

    for (rows, remedy) in [
        (
            &[(1, "Completed"), (2, "Running")][..],
            "(they are Completed, Running), so nothing was sent: send it again with `launch_to`",
        ),
        (&[(1, "Idle"), (4, "Idle")], "launches [1, 4] wait"),
    ] {
        let fake = service();
        fake.always(LIST, launches(rows));
        let launch = over(&fake).phishing_campaigns().launch("c-1").await;
        let error = launch.unwrap_err();
        assert!(
            error.is_invalid() && error.to_string().contains(remedy),
            "{error}"
        );
        assert_eq!(fake.requests().len(), 2, "the token and the list");
    }
}

#[tokio::test]
async fn a_saved_launch_without_a_number_is_not_started() {
    let fake = service();
    let rows = json!([{"instanceGroup": 1, "status": "Running"}, {"status": "Idle"}]);
    fake.always(LIST, page(rows));
    let launch = over(&fake).phishing_campaigns().launch("c-1").await;
    let error = launch.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Decode, Outcome::NotSent)
    );
    assert!(error.to_string().contains("no number"), "{error}");
    assert_eq!(fake.requests().len(), 2, "the token and the list");
}

#[tokio::test(start_paused = true)]
async fn an_old_launch_is_never_mistaken_for_the_new_one() {
    let fake = service();
    for old in [&[2, 1][..], &[2, 1], &[1, 2]] {
        fake.once(LIST, running(old));
    }
    fake.always(LIST, running(&[1, 3, 2]));
    fake.once(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let campaigns = over(&fake).phishing_campaigns();
    let launch = campaigns.launch_to("c-1", ["g-1", "g-2"]).await.unwrap();
    assert_eq!(launch.instance_group(), 3);
    let started = fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START);
    assert_eq!(started.len(), 1);
    assert_eq!(
        started[0].json(),
        json!({
            "scheduleTypeId": 1,
            "targetGroupResourceIds": ["g-1", "g-2"],
            "excludeFromReports": false,
            "sendingLimit": 0,
            "distributionDelayEvery": 0,
            "distributionDelayTimeTypeId": 1,
            "useTargetUserTimeZone": false,
        })
    );
    let nobody = campaigns.launch_to("c-1", [""; 0]).await.unwrap_err();
    assert!(nobody.to_string().contains("no target group"), "{nobody}");
}

#[tokio::test(start_paused = true)]
async fn a_campaign_without_launches_is_launched_to_its_own_groups() {
    for never in [FakeResponse::status(404), launches(&[])] {
        let fake = service();
        fake.once(LIST, never.clone());
        fake.once(LIST, never);
        fake.always(LIST, running(&[1]));
        let groups = json!({"targetGroups": [{"text": "Finance", "value": "g-1"}]});
        fake.always(&PHISHING_CAMPAIGNS_GET, envelope(groups));
        fake.once(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
        let launch = over(&fake).phishing_campaigns().launch("c-1").await;
        assert_eq!(launch.unwrap().instance_group(), 1);
        let sent = fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START)[0].json();
        assert_eq!(sent["targetGroupResourceIds"], json!(["g-1"]));
    }
    let fake = service();
    fake.always(LIST, launches(&[]));
    fake.always(&PHISHING_CAMPAIGNS_GET, envelope(json!({"name": "April"})));
    let launch = over(&fake).phishing_campaigns().launch("c-1").await;
    let error = launch.unwrap_err();
    assert!(
        error.to_string().contains("give them to `launch_to`"),
        "{error}"
    );
    assert!(fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START).is_empty());
}

#[tokio::test]
async fn an_error_of_the_list_of_launches_stops_a_launch_before_it_is_sent() {
    for failure in [FakeResponse::status(403), refused("Wrong order")] {
        let fake = service();
        fake.always(LIST, failure);
        // A launch would succeed.
        let groups = json!({"targetGroups": [{"text": "Finance", "value": "g-1"}]});
        fake.always(&PHISHING_CAMPAIGNS_GET, envelope(groups));
        fake.always(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
        let campaigns = over(&fake).phishing_campaigns();
        for launch in [campaigns.launch("c-1"), campaigns.launch_to("c-1", ["g-1"])] {
            let error = launch.await.unwrap_err();
            assert!(!error.to_string().contains("was launched"), "{error}");
        }
        assert!(fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START).is_empty());
        assert!(
            fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START_INSTANCE)
                .is_empty()
        );
    }
}

/// Otherwise the saved launch would be overlooked, and all users would get two e-mails.
#[tokio::test]
async fn an_error_of_the_list_of_launches_is_not_taken_for_a_campaign_without_launches() {
    let fake = service();
    fake.once(LIST, FakeResponse::status(403));
    fake.always(LIST, launches(&[(1, "Idle")]));
    let groups = json!({"targetGroups": [{"text": "Finance", "value": "g-1"}]});
    fake.always(&PHISHING_CAMPAIGNS_GET, envelope(groups));
    fake.always(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let launch = over(&fake).phishing_campaigns().launch("c-1").await;
    assert!(launch.unwrap_err().is_forbidden());
    assert!(fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START).is_empty());
    assert!(fake.requests_of(&PHISHING_CAMPAIGNS_GET).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_wait_fails_once_the_launch_is_not_in_the_list() {
    let watched = || {
        let fake = service();
        let summary = envelope(json!({"campaignDurationExpired": false}));
        fake.always(&PHISHING_CAMPAIGN_REPORTS_SUMMARY, summary);
        fake.once(LIST, running(&[1, 2]));
        fake
    };
    let wait = |fake: &FakeTransport| {
        let polling = Polling::every(Duration::from_secs(60)).deadline(Duration::from_secs(3600));
        let campaigns = over(fake).phishing_campaigns();
        campaigns.wait(&Launch::new("c-1", 2)).polling(polling)
    };
    let fake = watched();
    fake.always(LIST, running(&[1]));
    let begun = tokio::time::Instant::now();
    let error = wait(&fake).await.unwrap_err();
    assert!(begun.elapsed() < Duration::from_secs(120), "{error}");
    let text = error.to_string();
    assert!(
        text.contains("launch 2 of campaign c-1") && text.contains("probably deleted"),
        "{text}"
    );

    // A launch that was removed while pages were read hides another once.
    let fake = watched();
    fake.once(LIST, running(&[1]));
    fake.always(LIST, launches(&[(2, "Stopped")]));
    let end = wait(&fake).await.unwrap();
    assert_eq!(end.status.as_deref(), Some("Stopped"));

    let fake = service();
    let summary = envelope(json!({"campaignDurationExpired": true}));
    fake.always(&PHISHING_CAMPAIGN_REPORTS_SUMMARY, summary);
    fake.always(LIST, running(&[1]));
    assert_eq!(wait(&fake).await.unwrap().status, None);
}

#[test]
fn a_launch_is_over_after_its_days_not_after_its_delivery() {
    let state = |status: Option<&str>, expired| {
        let mut state = LaunchState::default();
        state.status = status.map(str::to_owned);
        state.summary.campaign_duration_expired = expired;
        (state.is_delivered(), state.is_over())
    };
    for status in [
        None,
        Some("Running"),
        Some("Idle"),
        Some("Paused"),
        Some("SomethingNew"),
    ] {
        assert_eq!(state(status, Some(true)), (true, true), "{status:?}");
        assert_eq!(state(status, Some(false)), (false, false), "{status:?}");
        assert_eq!(state(status, None), (false, false), "{status:?}");
    }
    for status in ["Completed", "completed", "Finished"] {
        assert_eq!(state(Some(status), Some(false)), (true, false), "{status}");
        assert_eq!(state(Some(status), Some(true)), (true, true), "{status}");
    }
    for status in [
        "Canceled",
        "cancelled",
        "Stopped",
        "Expired",
        "Failed",
        "Error",
    ] {
        assert_eq!(state(Some(status), Some(false)), (true, true), "{status}");
    }
}
