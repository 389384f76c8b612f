//! Representative requests, byte for byte.
#![cfg(feature = "users")]

#[path = "../../../tests/support/wire.rs"]
mod support;

use keepnet_api::types::{CreateTargetUserRequest, ExportRequest, TargetUsersUploadForm};
use keepnet_api::{Client, SearchRequest, Upload};
use support::Wire;

/// A response that suits token requests and all others.
const ANSWER: &str = r#"{"access_token":"token-1","expires_in":3600,"data":{"resourceId":"1","results":[]},"status":"SUCCESS"}"#;
const COMPANIES: &str = r#"{"access_token":"token-1","expires_in":3600,"data":[],"message":null,"status":"SUCCESS","validationMessages":null}"#;
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn client(wire: &Wire) -> Client {
    Client::builder("an-id", "s3cret&=+ü")
        .base_url(wire.server.base_url())
        .no_proxy()
        .user_agent("tests/1.0")
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_token_is_requested_with_a_form_and_without_credentials_in_headers() {
    let wire = Wire::responding(COMPANIES).await;
    client(&wire).check().await.unwrap();
    let seen = wire.seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 2);
    assert_eq!(
        seen[0],
        format!(
            "\
POST /connect/token
accept: application/json
accept-encoding: gzip
content-length: 92
content-type: application/x-www-form-urlencoded
user-agent: tests/1.0 keepnet-api/{VERSION}

grant_type=client_credentials&client_id=an-id&client_secret=s3cret%26%3D%2B%C3%BC&scope=api1"
        )
    );
    assert_eq!(
        seen[1],
        format!(
            "\
GET /api/companies/my
accept: application/json
accept-encoding: gzip
authorization: Bearer token-1
user-agent: tests/1.0 keepnet-api/{VERSION}

"
        )
    );
}

#[tokio::test]
async fn a_search_is_a_post_with_all_members_that_the_service_requires() {
    let wire = Wire::responding(ANSWER).await;
    let search = SearchRequest::new()
        .page_size(20)
        .page_number(2)
        .order_by("FirstName")
        .ascending(true)
        .text("jane");
    let company = client(&wire).for_company("company-1").unwrap();
    company.target_users().search(search).page().await.unwrap();
    assert_eq!(wire.last(2), format!("\
POST /api/target-users/search
accept: application/json
accept-encoding: gzip
authorization: Bearer token-1
content-length: 254
content-type: application/json
user-agent: tests/1.0 keepnet-api/{VERSION}
x-ir-company-id: company-1
x-keepnet-company-id: company-1

{{\"filter\":{{\"condition\":\"AND\",\"searchInputTextValue\":\"jane\",\"filterGroups\":[{{\"condition\":\"AND\",\"filterItems\":[],\"filterGroups\":[]}},{{\"condition\":\"OR\",\"filterItems\":[],\"filterGroups\":[]}}]}},\"pageNumber\":2,\"pageSize\":20,\"orderBy\":\"FirstName\",\"ascending\":true}}"));
}

#[tokio::test]
async fn a_post_has_the_members_that_were_given_and_no_others() {
    let wire = Wire::responding(ANSWER).await;
    let user = CreateTargetUserRequest::new("jane@example.com")
        .first_name("Jane")
        .is_active(true);
    client(&wire).target_users().create(&user).await.unwrap();
    assert_eq!(
        wire.last(2),
        format!(
            "\
POST /api/target-users
accept: application/json
accept-encoding: gzip
authorization: Bearer token-1
content-length: 63
content-type: application/json
user-agent: tests/1.0 keepnet-api/{VERSION}

{{\"email\":\"jane@example.com\",\"firstName\":\"Jane\",\"isActive\":true}}"
        )
    );
}

#[tokio::test]
async fn an_upload_is_a_form_with_an_exact_length() {
    let wire = Wire::responding(ANSWER).await;
    let file = Upload::bytes("people.csv", "email\nkate@example.com\n").content_type("text/csv");
    let form = TargetUsersUploadForm::new().file(file);
    client(&wire).target_users().upload(form).await.unwrap();
    assert_eq!(
        wire.last(2),
        format!(
            "\
POST /api/target-users/upload
accept: application/json
accept-encoding: gzip
authorization: Bearer token-1
content-length: 203
content-type: multipart/form-data; boundary=BOUNDARY
user-agent: tests/1.0 keepnet-api/{VERSION}

--BOUNDARY
Content-Disposition: form-data; name=\"File\"; filename=\"people.csv\"
Content-Type: text/csv

email
kate@example.com

--BOUNDARY--
"
        )
    );
}

#[tokio::test]
async fn an_export_asks_for_all_pages_unless_it_is_told_otherwise() {
    let wire = Wire::responding(ANSWER).await;
    let users = client(&wire).target_users();
    let _file = users.export(SearchRequest::new()).await.unwrap();
    assert!(wire.last(2).ends_with("\"reportAllPages\":true}"));
    let one = ExportRequest::new().report_all_pages(false);
    let _file = users.export(one).await.unwrap();
    assert!(wire.last(3).ends_with("\"reportAllPages\":false}"));
}

#[cfg(feature = "training")]
#[tokio::test]
async fn a_map_has_values_that_are_null() {
    let wire = Wire::responding(
        r#"{"access_token":"token-1","expires_in":3600,"data":{"A":null,"B":[]},"status":"SUCCESS"}"#,
    )
    .await;
    let choices = client(&wire).training_reports().form_details().await;
    let choices = choices.unwrap();
    assert_eq!(choices["A"], None);
    assert_eq!(choices["B"].as_deref(), Some(&[][..]));
}

#[cfg(feature = "reporting")]
#[tokio::test]
async fn numbers_with_a_meaning_are_sent_as_numbers() {
    use keepnet_api::types::{LookupRequest, LookupType, ScheduleState};

    let wire = Wire::responding(COMPANIES).await;
    let client = client(&wire);
    let lookups = client.lookups();
    let asked = LookupRequest::new().type_id_list([LookupType::Countries, LookupType::from(99)]);
    lookups.list_many(&asked).await.unwrap();
    assert!(wire.last(2).ends_with("{\"typeIdList\":[1,99]}"));
    lookups.list(LookupType::SmtpSettings).await.unwrap();
    assert!(wire.last(3).starts_with("GET /api/lookups/12\n"));
    let reports = client.scheduled_reports();
    let _id = reports.update_status("r-1", ScheduleState::Off).await;
    let sent = wire.last(4);
    assert!(
        sent.starts_with("PUT /api/report-scheduling/r-1/status/2\n"),
        "{sent}"
    );
}

#[tokio::test]
async fn numbers_that_the_vendor_describes_as_text_are_sent_in_digits() {
    use keepnet_api::types::{Frequency, ReportSchedulingRequest, ReportType};

    let wire = Wire::responding(COMPANIES).await;
    let client = client(&wire);
    let report = ReportSchedulingRequest::new()
        .report_type(ReportType::ExecutiveReport)
        .frequency(Frequency::from(9));
    let _id = client.scheduled_reports().create(report).await;
    let sent = wire.last(2);
    let body = sent.lines().last().unwrap_or_default();
    assert_eq!(body, r#"{"reportType":"2","frequency":"9"}"#, "{sent}");
}
