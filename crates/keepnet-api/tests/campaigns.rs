//! Phishing campaigns, over a transport that answers from memory.
#![cfg(feature = "phishing")]

mod common;

use common::{envelope, over, page, refused, service};
use keepnet_api::operations::{
    PHISHING_CAMPAIGN_JOBS_START, PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS, PHISHING_CAMPAIGNS_CREATE,
    PHISHING_CAMPAIGNS_DEFAULT_EMAIL_DELIVERY_SETTING,
};
use keepnet_api::phishing::{LaunchState, NewCampaign};
use security_api_transport::{FakeAnswer, FakeTransport};
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

/// What a campaign says of its delivery: its kind, and the ids of the SMTP and of the direct setting.
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
async fn a_campaign_that_does_not_say_how_it_is_delivered_is_delivered_as_the_platform_does() {
    for (default, expected) in [
        (
            json!({"resourceId": "d-1", "type": 1}),
            [json!(1), json!("d-1"), Value::Null],
        ),
        (
            json!({"resourceId": "d-1", "type": 2}),
            [json!(2), Value::Null, json!("d-1")],
        ),
        (
            json!({"resourceId": "d-1"}),
            [Value::Null, json!("d-1"), Value::Null],
        ),
    ] {
        let fake = saving(default.clone());
        let id = over(&fake).phishing_campaigns().save(april()).await;
        assert_eq!(id.unwrap(), "c-1");
        assert_eq!(delivery(&fake), expected, "{default}");
    }
    let fake = saving(json!({"resourceId": "d-1", "type": 3}));
    let saved = over(&fake).phishing_campaigns().save(april()).await;
    assert!(saved.unwrap_err().is_invalid());
    assert!(fake.requests_of(&PHISHING_CAMPAIGNS_CREATE).is_empty());
}

#[tokio::test]
async fn a_delivery_that_was_chosen_stays_as_it_is() {
    let chosen = [
        (
            april().with(|request| request.email_delivery_setting_type(2)),
            [json!(2), Value::Null, Value::Null],
        ),
        (
            april().with(|request| request.smtp_setting_resource_id("mine")),
            [Value::Null, json!("mine"), Value::Null],
        ),
        (
            april().with(|request| request.direct_email_setting_resource_id("mine")),
            [Value::Null, Value::Null, json!("mine")],
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
}

fn launches(numbers: &[i32]) -> FakeAnswer {
    let rows = numbers
        .iter()
        .map(|number| json!({"instanceGroup": number, "status": "InProgress"}));
    page(rows.collect())
}

#[tokio::test(start_paused = true)]
async fn an_old_launch_is_never_taken_for_the_new_one() {
    let list = &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS;
    let fake = service();
    for old in [&[2, 1][..], &[2, 1], &[1, 2]] {
        fake.once(list, launches(old));
    }
    fake.always(list, launches(&[1, 3, 2]));
    fake.once(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let campaigns = over(&fake).phishing_campaigns();
    let launch = campaigns.launch("c-1").await.unwrap();
    assert_eq!(launch.instance_group(), 3);
    assert_eq!(fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_launch_needs_no_list_and_another_error_stops_it_before_anything_is_sent() {
    let list = &PHISHING_CAMPAIGN_REPORTS_SEARCH_JOBS;
    let fake = service();
    fake.once(list, FakeAnswer::status(404));
    fake.always(list, launches(&[1]));
    fake.once(&PHISHING_CAMPAIGN_JOBS_START, envelope(json!({})));
    let campaigns = over(&fake).phishing_campaigns();
    let launch = campaigns.launch("c-1").await.unwrap();
    assert_eq!(launch.instance_group(), 1);

    for failure in [FakeAnswer::status(403), refused("Wrong order")] {
        let fake = service();
        fake.always(list, failure);
        let campaigns = over(&fake).phishing_campaigns();
        let error = campaigns.launch("c-1").await.unwrap_err();
        assert!(!error.to_string().contains("was launched"), "{error}");
        assert!(fake.requests_of(&PHISHING_CAMPAIGN_JOBS_START).is_empty());
    }
}

#[test]
fn a_launch_whose_time_is_up_is_over_whatever_its_status() {
    let state = |status: Option<&str>, expired| {
        let mut state = LaunchState::default();
        state.status = status.map(str::to_owned);
        state.summary.campaign_duration_expired = expired;
        state.is_over()
    };
    for status in [None, Some("InProgress"), Some("SomethingNew")] {
        assert!(state(status, Some(true)), "{status:?}");
        assert!(!state(status, Some(false)), "{status:?}");
        assert!(!state(status, None), "{status:?}");
    }
    for status in ["Stopped", "stopped", "Cancelled", "Canceled", "Failed"] {
        assert!(state(Some(status), Some(false)), "{status}");
    }
}
