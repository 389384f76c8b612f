//! Campaigns, trainings and investigations of Keepnet, which take time.

mod support;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::keepnet::{Session, filter, search, start};

const REPORT: &str = "/api/phishing-simulator/phishing-campaign-job-report";

async fn first(session: &Session<'_>, path: &str, order_by: &str, id: &str) -> String {
    let rows = session.all(path, order_by, Value::Null).await;
    rows[0][id].as_str().expect("an id").to_owned()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name]
        .as_u64()
        .unwrap_or_else(|| panic!("{name} in {value}"))
}

/// The ids of a scenario and of a target group.
async fn scenario_and_group(session: &Session<'_>) -> (String, String) {
    let scenarios = "/api/phishing-simulator/phishing-scenario/search";
    let scenario = first(session, scenarios, "Name", "resourceId").await;
    let groups = "/api/target-groups/search";
    let group = first(session, groups, "CreateTime", "resourceId").await;
    (scenario, group)
}

async fn campaign(session: &Session<'_>, schedule: Value) -> String {
    let (scenario, group) = scenario_and_group(session).await;
    let mut body = json!({"name": "Autumn", "phishingScenarioResourceIds": [scenario],
        "targetGroupResourceIds": [group], "duration": 7, "emailDeliverySettingType": 1});
    for (name, value) in schedule.as_object().expect("an object") {
        body[name] = value.clone();
    }
    session
        .post("/api/phishing-simulator/phishing-campaign", body)
        .await
        .id()
}

#[tokio::test]
async fn a_campaign_runs_and_its_numbers_add_up() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let id = campaign(&session, json!({"scheduleTypeId": "2"})).await;
    let one = format!("/api/phishing-simulator/phishing-campaign/{id}");
    assert_eq!(session.get(&one).await.data()["scheduleTypeId"], 2);
    let path = "/api/phishing-simulator/phishing-campaign/search";
    let status = || async {
        let rows = session
            .all(path, "Name", filter("resourceId", "=", &id))
            .await;
        rows[0]["status"].as_str().expect("a status").to_owned()
    };
    assert_eq!(status().await, "Idle");
    let path = format!("/api/phishing-simulator/phishing-campaign-job/start/{id}");
    let to_nobody = session.post(&path, json!({"scheduleTypeId": 1})).await;
    assert_eq!(to_nobody.refused(), (400, "INPUT_ERROR".to_owned()));
    let saved = format!("{path}/1");
    session.post(&saved, Value::Null).await.data();
    assert_eq!(session.post(&saved, Value::Null).await.status, 400);
    assert_eq!(status().await, "Running");
    sandbox.clock().advance(Duration::from_secs(61));
    assert_eq!(status().await, "Completed");

    let summary = format!("{REPORT}/summary/{id}/1");
    let mut before = 0;
    for day in 1..=7 {
        sandbox.clock().advance(Duration::from_secs(86_400));
        let session = Session::reseller(&sandbox).await;
        let summary = session.get(&summary).await.data();
        assert_eq!(summary["campaignDurationExpired"], day == 7);
        let (info, stats) = (&summary["campaignInfo"], &summary["scenarioStats"]);
        let sent = number(info, "emailDeliveredUserCount");
        let all = number(info, "totalTargetUserCount");
        assert_eq!(sent + number(info, "emailNotDeliveredUserCount"), all);
        let opened = number(stats, "openedEmail");
        assert_eq!(opened + number(stats, "noResponseEmail"), sent);
        assert!(number(stats, "clickedEmail") <= opened);
        assert!(number(stats, "submittedEmail") <= number(stats, "clickedEmail"));
        assert!(opened >= before);
        before = opened;
    }
    assert!(before > 0);

    let session = Session::reseller(&sandbox).await;
    let rows = session
        .all(
            &format!("{REPORT}/search"),
            "Name",
            filter("name", "=", "Autumn"),
        )
        .await;
    assert_eq!(number(&rows[0], "totalOpenedCount"), before);
    for (kind, name) in [
        ("All", "totalTargetUserCount"),
        ("opened", "totalOpenedCount"),
        ("Clicked", "totalClickedCount"),
        ("SubmittedData", "totalSubmittedCount"),
        ("noresponse", "totalNoResponseCount"),
    ] {
        let path = format!("{REPORT}/{kind}/search/{id}/1");
        let people = session.all(&path, "Email", Value::Null).await;
        assert_eq!(people.len() as u64, number(&rows[0], name), "{kind}");
    }
    let path = format!("{REPORT}/Submitted/search/{id}/1");
    assert_eq!(session.post(&path, search("Email", true)).await.status, 400);
}

#[tokio::test]
async fn a_campaign_waits_for_its_time_and_can_be_stopped() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let (scenario, group) = scenario_and_group(&session).await;
    let path = "/api/phishing-simulator/phishing-campaign";
    for (body, word) in [
        (json!({"scheduleTypeId": 1}), "name"),
        (json!({"name": "x", "scheduleTypeId": 1}), "target group"),
        (
            json!({"name": "x", "scheduleTypeId": 1, "phishingScenarioResourceIds": ["no"]}),
            "scenario",
        ),
        (
            json!({"name": "x", "scheduleTypeId": 2, "phishingScenarioResourceIds": [scenario],
                "targetGroupResourceIds": [group], "smtpSettingResourceId": "s"}),
            "emailDeliverySettingType",
        ),
    ] {
        let refused = session.post(path, body).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
        assert!(
            refused.json()["message"]
                .as_str()
                .expect("text")
                .contains(word)
        );
    }
    let filtered = json!({"name": "x", "scheduleTypeId": 1, "categoryFilter": {}});
    let refused = session.post(path, filtered).await;
    refused.is_not_played("POST /api/phishing-simulator/phishing-campaign with categoryFilter");
    let undated = json!({"name": "x", "scheduleTypeId": 3, "phishingScenarioResourceIds": [scenario],
        "targetGroupResourceIds": [group], "emailDeliverySettingType": 2});
    let refused = session.post(path, undated).await.json();
    let message = refused["message"].as_str().expect("text");
    assert!(message.contains("ScheduledDate"), "{message}");
    let schedule = json!({"scheduleTypeId": 3, "scheduledDate": "2100-01-01T00:00:00Z"});
    let id = campaign(&session, schedule).await;
    let runs = format!("{REPORT}/{id}/search");
    let rows = session.all(&runs, "CreatedDate", Value::Null).await;
    assert_eq!(rows[0]["status"], "Idle");
    let again = format!("/api/phishing-simulator/phishing-campaign-job/start/{id}/1");
    session.post(&again, Value::Null).await.data();
    sandbox.clock().advance(Duration::from_secs(90));
    let stop = format!("/api/phishing-simulator/phishing-campaign-job/stop/{id}/1");
    session.call(Method::PATCH, &stop, Value::Null).await.data();
    assert_eq!(
        session.call(Method::PATCH, &stop, Value::Null).await.status,
        400
    );
    let summary = format!("{REPORT}/summary/{id}/1");
    // Nobody gets an e-mail any more, and those who have one go on until the campaign's days have passed.
    let numbers = async |session: &Session<'_>| {
        let summary = session.get(&summary).await.data();
        let sent = number(&summary["campaignInfo"], "emailDeliveredUserCount");
        (sent, number(&summary["scenarioStats"], "openedEmail"))
    };
    let (sent, opened) = numbers(&session).await;
    assert!(sent > 0);
    sandbox.clock().advance(Duration::from_secs(8 * 86_400));
    let session = Session::reseller(&sandbox).await;
    let (sent_later, opened_later) = numbers(&session).await;
    assert_eq!(sent_later, sent);
    assert!(opened_later > opened, "{opened_later} after {opened}");
    sandbox.clock().advance(Duration::from_secs(1_000));
    assert_eq!(numbers(&session).await, (sent, opened_later));
    let rows = session.all(&runs, "CreatedDate", Value::Null).await;
    assert_eq!(rows[0]["status"], "Canceled");
    session
        .delete(&format!(
            "/api/phishing-simulator/phishing-campaign-job/{id}/1"
        ))
        .await
        .data();
    assert_eq!(session.get(&summary).await.status, 404);
}

#[tokio::test]
async fn an_enrolment_is_worked_through() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let training = first(&session, "/api/trainings/search", "Name", "trainingId").await;
    let group = first(
        &session,
        "/api/target-groups/search",
        "CreateTime",
        "resourceId",
    )
    .await;
    let path = "/api/enrollments";
    let body = json!({"trainingId": training, "name": "Autumn"});
    assert_eq!(session.post(path, body).await.status, 400);
    let of_campaign =
        json!({"trainingId": training, "name": "Autumn", "phishingCampaignResourceId": "c"});
    session
        .post(path, of_campaign)
        .await
        .is_not_played("POST /api/enrollments with phishingCampaignResourceId");
    let body = json!({"trainingId": "no", "name": "Autumn", "targetGroupResourceIds": [group]});
    assert_eq!(session.post(path, body).await.status, 404);
    let mut body =
        json!({"trainingId": training, "name": "Autumn", "targetGroupResourceIds": [group]});
    let without_language = session.post(path, body.clone()).await;
    assert_eq!(without_language.status, 400);
    let languages = session.get(&format!("{path}/{training}/languages")).await;
    body["languageIds"] = json!([languages.data()[0]["id"]]);
    let response = session.post(path, body).await;
    assert_eq!(response.status, 201);
    let made = response.data();
    assert_eq!(made["status"], "Sending");
    let id = made["id"].as_str().expect("an id");
    let people = number(&made, "totalTargetUserCount");
    sandbox.clock().advance(Duration::from_secs(5 * 86_400));
    let session = Session::reseller(&sandbox).await;
    let users = format!("/api/training-reports/{id}/users/search");
    let summary = format!("/api/training-reports/{id}/summary");
    let halfway = number(&session.get(&summary).await.data(), "completedCount");
    assert!(0 < halfway && halfway < people);
    // Nobody does a training in the archive.
    session.delete(&format!("{path}/{id}")).await.data();
    sandbox.clock().advance(Duration::from_secs(10 * 86_400));
    let session = Session::reseller(&sandbox).await;
    let archived = number(&session.get(&summary).await.data(), "completedCount");
    assert_eq!(archived, halfway);
    let restore = format!("{path}/archive/{id}/restore");
    session.post(&restore, Value::Null).await.data();
    let session = Session::reseller(&sandbox).await;
    let summary = session.get(&summary).await.data();
    let done = number(&summary, "completedCount");
    assert_eq!(done, people);
    let detail = &summary["reportDetail"];
    assert_eq!(number(detail, "totalTargetUserCount"), people);
    assert_eq!(
        number(detail, "onlyOpenedCount")
            + number(&summary, "inProgressCount")
            + done
            + number(detail, "noResponseCount"),
        people
    );
    assert_eq!(
        session.all(&users, "Email", Value::Null).await.len() as u64,
        people
    );
    let completed = session
        .all(&users, "Email", filter("status", "=", "completed"))
        .await;
    assert_eq!(completed.len() as u64, done);
    let rows = session
        .all(
            "/api/enrollments/search",
            "CreateTime",
            filter("name", "=", "autumn"),
        )
        .await;
    assert_eq!(
        (&rows[0]["enrollmentId"], &rows[0]["status"]),
        (&json!(id), &json!("Finished"))
    );
    let not_a_training = session.get(&format!("{path}/{id}/languages")).await;
    assert_eq!(not_a_training.status, 404);
    let one = format!("{path}/{id}");
    let in_archive = format!("{path}/archive/{id}");
    assert_eq!(session.delete(&in_archive).await.status, 404);
    let lists = async || {
        let mut found = Vec::new();
        for list in ["search", "archive/search"] {
            let list = format!("{path}/{list}");
            let rows = session.all(&list, "CreateTime", filter("name", "=", "autumn"));
            let rows = rows.await;
            found.push(rows.first().map(|row| row["status"].clone()));
        }
        found
    };
    session.delete(&one).await.data();
    assert_eq!(lists().await, [None, Some(json!("Archived"))]);
    // The report is kept, and nothing can be done with the enrolment any more.
    assert_eq!(
        session.all(&users, "Email", Value::Null).await.len() as u64,
        people
    );
    assert_eq!(session.delete(&one).await.status, 404);
    let stop = format!("{one}/stop");
    assert_eq!(session.post(&stop, Value::Null).await.status, 404);
    session.post(&restore, Value::Null).await.data();
    assert_eq!(session.post(&restore, Value::Null).await.status, 404);
    assert_eq!(lists().await, [Some(json!("Finished")), None]);
    session.delete(&one).await.data();
    session.delete(&in_archive).await.data();
    assert_eq!(lists().await, [None, None]);
    assert_eq!(
        session.post(&users, search("Email", true)).await.status,
        404
    );
}

#[tokio::test]
async fn an_enrolment_begins_before_its_time_and_is_stopped() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/enrollments";
    let training = first(&session, "/api/trainings/search", "Name", "trainingId").await;
    let (_, group) = scenario_and_group(&session).await;
    let languages = session.get(&format!("{path}/{training}/languages")).await;
    let body = json!({"trainingId": training, "name": "Later", "targetGroupResourceIds": [group],
        "languageIds": [languages.data()[1]["id"]],
        "enrollmentScheduler": {"scheduledDate": "2100-01-01T00:00:00Z"}});
    let made = session.post(path, body).await.data();
    assert_eq!(made["status"], "Scheduled");
    let one = format!("{path}/{}", made["id"].as_str().expect("an id"));
    let search = format!("{path}/search");
    let status = async || {
        let rows = session.all(&search, "CreateTime", filter("name", "=", "Later"));
        rows.await[0]["status"].clone()
    };
    for (action, expected) in [
        ("send", "Sending"),
        ("send", "Sending"),
        ("stop", "Stopped"),
    ] {
        session
            .post(&format!("{one}/{action}"), Value::Null)
            .await
            .data();
        assert_eq!(status().await, expected);
    }
    let again = session.post(&format!("{one}/stop"), Value::Null).await;
    assert_eq!(again.refused(), (400, "INPUT_ERROR".to_owned()));
}

#[tokio::test]
async fn reported_emails_are_triaged() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/notified-emails";
    let rows = session
        .all(&format!("{path}/search"), "CreateTime", Value::Null)
        .await;
    assert_eq!(rows.len(), 12);
    let ids: Vec<_> = rows
        .iter()
        .map(|row| row["resourceId"].as_str().expect("an id"))
        .collect();
    let one = format!("{path}/{}", ids[0]);
    let body = json!({"result": "phishing", "status": 2, "tag": "invoice", "note": "Known"});
    session.put(&one, body).await.data();
    let email = session.get(&one).await.data();
    assert_eq!(
        (&email["result"], &email["status"]),
        (&json!("Phishing"), &json!("Closed"))
    );
    assert_eq!(
        (&email["tags"], &email["note"]),
        (&json!(["invoice"]), &json!("Known"))
    );
    assert_eq!(
        session.put(&one, json!({"result": "Odd"})).await.status,
        400
    );
    let many = format!("{path}/bulk-update");
    let body =
        |ids: &[&str]| json!({"resourceIdList": ids, "result": "Malicious", "status": "Open"});
    session.put(&many, body(&ids[1..3])).await.data();
    let unknown = session.put(&many, body(&[ids[3], "nothing"])).await;
    assert_eq!(unknown.refused(), (404, "FAILED".to_owned()));
    let search = format!("{path}/search");
    let rows = session.all(&search, "CreateTime", Value::Null).await;
    for (id, is_changed) in [(ids[1], true), (ids[2], true), (ids[3], false)] {
        let mut rows = rows.iter();
        let row = rows.find(|row| row["resourceId"] == id).expect("that row");
        assert_eq!(row["result"] == "Malicious", is_changed, "{row}");
    }

    for kind in ["attachments", "msg-files"] {
        let file = session.get(&format!("{path}/{kind}/{}", ids[0])).await;
        assert_eq!(file.headers["content-type"], "application/octet-stream");
        assert!(
            file.headers["content-disposition"]
                .to_str()
                .expect("text")
                .contains(ids[0])
        );
        assert!(!file.body.is_empty());
        let refused = session.get(&format!("{path}/{kind}/nothing")).await;
        assert_eq!(refused.refused(), (404, "FAILED".to_owned()));
    }
}

fn investigation() -> Value {
    json!({"name": "Invoices", "duration": 1, "startDate": "2026-01-01", "endDate": "2026-02-01",
        "targetUserType": "SpecificUsers",
        "targetUsers": ["a@b.example", "b@b.example", "c@b.example", "d@b.example"],
        "scanTypes": [{"type": "O365", "mailConfigurationResourceId": "mailconfig00"}],
        "autoAction": {"type": "NoAction"}})
}

#[tokio::test]
async fn an_investigation_finds_emails_as_time_passes() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/investigations";
    let mut backwards = investigation();
    backwards["endDate"] = json!("2025-01-01");
    assert_eq!(session.post(path, backwards).await.status, 400);
    let mut by_id = investigation();
    by_id["targetUsers"] = json!(["zQbQLNKyaDXf"]);
    assert_eq!(session.post(path, by_id).await.status, 400);
    let mut endless = investigation();
    endless["duration"] = json!(-5);
    let endless = session.post(path, endless).await;
    endless.is_not_played("POST /api/investigations with a duration that is not from 1 to 365");
    let mut by_number = investigation();
    by_number["targetUserType"] = json!(2);
    session.post(path, by_number).await.data();
    let id = session.post(path, investigation()).await.id();
    let one = format!("{path}/{id}");
    let summary = format!("{one}/summary");
    assert_eq!(session.get(&summary).await.data()["status"], "Queued");
    for (seconds, status, scanned) in [(6, "Running", 2), (1, "Finished", 4)] {
        sandbox.clock().advance(Duration::from_secs(seconds));
        let summary = session.get(&summary).await.data();
        assert!(number(&summary, "scannedUserCount") >= scanned);
        let sum = number(&summary, "scannedUserCount") + number(&summary, "notScannedUserCount");
        assert_eq!((sum, number(&summary, "totalUserCount")), (4, 4));
        assert!(summary["status"] == status || summary["status"] == "Finished");
    }
    assert_eq!(session.get(&one).await.data()["progress"], 100);
    let emails = session
        .all(&format!("{one}/search-email"), "ReceivedTime", Value::Null)
        .await;
    assert_eq!(emails.len(), 2);
    let email = emails[0]["resourceId"].as_str().expect("an id");
    let delete = format!("{one}/actions-delete");
    let unknown = json!({"items": ["no"], "isPermanentDelete": false});
    assert_eq!(session.post(&delete, unknown).await.status, 400);
    let body = json!({"items": [email], "isPermanentDelete": true});
    session.post(&delete, body).await.data();
    sandbox.clock().advance(Duration::from_secs(5));
    let wanted = filter("resourceId", "=", email);
    let emails = session
        .all(&format!("{one}/search-email"), "ReceivedTime", wanted)
        .await;
    assert_eq!(emails[0]["emailLastAction"]["actionType"], "Delete");
    assert_eq!(emails[0]["emailLastAction"]["status"], "Completed");
    let body = json!({"items": [email], "warningMessage": "Do not open it"});
    let warn = format!("{one}/actions-warning");
    session.post(&warn, body).await.data();
    let search = format!("{one}/search-email");
    let emails = session.all(&search, "ReceivedTime", Value::Null).await;
    let warned = emails.iter().find(|row| row["resourceId"] == email);
    let action = &warned.expect("that e-mail")["emailLastAction"];
    assert_eq!(action["actionType"], "Warning");
    assert_eq!(
        session
            .put(&format!("{one}/cancel"), Value::Null)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_cancelled_investigation_goes_no_further() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let mut body = investigation();
    body["targetUserType"] = json!("AllUsers");
    let id = session.post("/api/investigations", body).await.id();
    let one = format!("/api/investigations/{id}");
    session
        .put(&format!("{one}/cancel"), Value::Null)
        .await
        .data();
    sandbox.clock().advance(Duration::from_secs(600));
    let summary = session.get(&format!("{one}/summary")).await.data();
    assert_eq!(
        (&summary["status"], &summary["scannedUserCount"]),
        (&json!("Canceled"), &json!(0))
    );
    let rows = session
        .all(
            "/api/investigations/search",
            "CreateTime",
            filter("resourceId", "=", &id),
        )
        .await;
    assert_eq!(rows[0]["status"], "Canceled");
}

#[tokio::test]
async fn faults_speak_the_services_language() {
    use security_api_sandbox::Fault;
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    sandbox
        .faults()
        .queue(Fault::status(429).header("retry-after", "2"));
    sandbox
        .faults()
        .queue(Fault::status(500).on(Method::GET, "/api/companies/my"));
    let limited = session.get("/api/companies/my").await;
    assert_eq!(limited.refused(), (429, "FAILED".to_owned()));
    assert_eq!(limited.headers["retry-after"], "2");
    let failed = session.get("/api/companies/my").await;
    assert_eq!(failed.refused(), (500, "INTERNAL_SERVER_ERROR".to_owned()));
    session.get("/api/companies/my").await.data();
}
