//! Representative requests, byte for byte.

#[path = "../../../tests/support/wire.rs"]
mod support;

use push_security_api::http::Method;
use push_security_api::types::{AppUpdate, ApprovalStatus, BrowserType, OsType};
use push_security_api::{Client, Timestamp};
use serde_json::{Value, json};
use support::Wire;

fn client(wire: &Wire) -> Client {
    Client::builder("a-key")
        .base_url(wire.server.base_url())
        .no_proxy()
        .user_agent("tests/1.0")
        .build()
        .unwrap()
}

const PAGE: &str = r#"{"result":[],"paging":{"moreResults":false}}"#;
const VERSION: &str = env!("CARGO_PKG_VERSION");

#[tokio::test]
async fn a_get_with_filters_has_them_in_its_query_and_the_key_in_its_header() {
    let wire = Wire::responding(PAGE).await;
    let list = client(&wire)
        .browsers()
        .list()
        .email("a+b&c=d@example.com")
        .browser(BrowserType::Chrome)
        .os(OsType::Macos)
        .last_online_after(Timestamp::from_unix_seconds(1_700_000_000).unwrap())
        .limit(3);
    list.page().await.unwrap();
    assert_eq!(wire.last(1), format!("\
GET /v1/browsers?email=a%2Bb%26c%3Dd%40example.com&browser=CHROME&os=MACOS&lastOnlineTimestampAfter=1700000000&limit=3
accept: application/json
accept-encoding: gzip
user-agent: tests/1.0 push-security-api/{VERSION}
x-api-key: a-key

"));
}

#[tokio::test]
async fn a_post_has_its_json_and_what_it_is() {
    let wire = Wire::responding("{}").await;
    let call = client(&wire)
        .request(Method::POST, "/v1/things")
        .segment("a/b c")
        .json(&json!({ "name": "Ünï", "number": 1.5 }));
    call.call::<Value>().await.unwrap();
    assert_eq!(
        wire.last(1),
        format!(
            "\
POST /v1/things/a%2Fb%20c
accept: application/json
accept-encoding: gzip
content-length: 29
content-type: application/json
user-agent: tests/1.0 push-security-api/{VERSION}
x-api-key: a-key

{{\"name\":\"Ünï\",\"number\":1.5}}"
        )
    );
}

#[tokio::test]
async fn a_patch_has_null_for_what_is_cleared_and_nothing_for_what_stays() {
    let wire = Wire::responding(r#"{"id":"1"}"#).await;
    let update = AppUpdate::new()
        .approval_status(ApprovalStatus::Approved)
        .notes("a \"note\"")
        .owner_id(None);
    client(&wire).apps().update("1", update).await.unwrap();
    assert_eq!(
        wire.last(1),
        format!(
            "\
PATCH /v1/apps/1
accept: application/json
accept-encoding: gzip
content-length: 65
content-type: application/json
user-agent: tests/1.0 push-security-api/{VERSION}
x-api-key: a-key

{{\"approvalStatus\":\"APPROVED\",\"notes\":\"a \\\"note\\\"\",\"ownerId\":null}}"
        )
    );
}
