//! System users, roles, API clients, companies, settings and the audit log.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::keepnet::{Session, ask_token, builder, filter, search, start};

async fn role(session: &Session<'_>, name: &str) -> String {
    let roles = session.get("/api/roles").await.data();
    let mut roles = roles.as_array().expect("roles").iter();
    let role = roles.find(|role| role["name"] == name).expect("that role");
    role["resourceId"].as_str().expect("an id").to_owned()
}

#[tokio::test]
async fn system_users_are_kept() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let mut body = json!({"firstName": "Ada", "lastName": "Lovelace", "email": "ada@b.example",
        "phoneNumber": "+31612345678"});
    let path = "/api/system-users";
    let refused = session.post(path, body.clone()).await;
    assert_eq!(refused.json()["message"], "Role should be selected");
    body["roleResourceIdList"] = json!([role(&session, "Company Admin").await]);
    let id = session.post(path, body).await.id();
    let search = "/api/system-users/search";
    let wanted = filter("email", "=", "ada@b.example");
    let found = session.all(search, "Email", wanted).await;
    assert_eq!(found[0]["roles"], "Company Admin");
    let body = json!({"name": "Readers", "description": "Readers", "permissionResourceIdList": []});
    let other = session.post("/api/roles", body).await.id();
    let roles = format!("{path}/{id}/role");
    let added = json!({ "roleResourceId": other });
    session.post(&roles, added.clone()).await.data();
    session.post(&roles, added).await.data();
    let roles = format!("{roles}/{}", role(&session, "Company Admin").await);
    session.delete(&roles).await.data();
    let wanted = filter("email", "=", "ada@b.example");
    let found = session.all(search, "Email", wanted).await;
    assert_eq!(found[0]["roles"], "Readers");
    let last = format!("{path}/{id}/role/{other}");
    let refused = session.delete(&last).await;
    assert_eq!(refused.json()["message"], "Role should be selected");
    session.delete(&format!("{path}/{id}")).await.data();
    assert_eq!(session.all(search, "Email", Value::Null).await.len(), 2);
}

#[tokio::test]
async fn a_password_is_reset_with_the_token_of_the_link_once() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let users = session
        .all("/api/system-users/search", "Email", Value::Null)
        .await;
    let email = users[0]["email"].as_str().expect("text");
    let path = "/api/system-users/send-reset-password-link";
    session.post(path, json!({"email": email})).await.data();
    session
        .post(path, json!({"email": "nobody@b.example"}))
        .await
        .data();
    assert_eq!(
        sandbox.keepnet().password_reset_token("nobody@b.example"),
        None
    );
    let token = sandbox
        .keepnet()
        .password_reset_token(email)
        .expect("a link was sent");
    let path = "/api/system-users/reset-password";
    let body = |token: &str, first: &str, second: &str| json!({"token": token, "newPassword": first, "confirmNewPassword": second});
    for (token, first, second) in [
        ("wrong", "long enough", "long enough"),
        (&token, "long enough", "not the same"),
    ] {
        let refused = session.post(path, body(token, first, second)).await;
        assert_eq!(refused.refused(), (400, "INPUT_ERROR".to_owned()));
    }
    let right = body(&token, "long enough", "long enough");
    session.post(path, right.clone()).await.data();
    assert_eq!(session.post(path, right).await.status, 400);
}

#[tokio::test]
async fn an_api_client_gets_tokens_until_it_is_deactivated() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/companies/clients";
    let made = session
        .get(&format!("{path}/generate-client-credentials"))
        .await
        .data();
    let (id, secret) = (made["clientId"].as_str(), made["clientSecret"].as_str());
    let (id, secret) = (id.expect("an id"), secret.expect("a secret"));
    assert_eq!(ask_token(&sandbox, id, secret).await.status, 400);
    let mut body = json!({"name": "forwarder", "clientId": id, "clientSecret": secret,
        "statusId": 1, "roleResourceIdList": []});
    let refused = session.post(path, body.clone()).await;
    assert_eq!(refused.json()["message"], "Role should be selected");
    body["roleResourceIdList"] = json!([role(&session, "Company Admin").await]);
    body["allowedIpAddresses"] = json!([""]);
    let refused = session.post(path, body.clone()).await;
    assert_eq!(refused.json()["message"], "Invalid ip address");
    body["allowedIpAddresses"] = json!([]);
    let client = session.post(path, body.clone()).await.id();
    let own = Session::of(&sandbox, id, secret).await;
    own.get("/api/target-users/count-summary").await.data();
    let other = Session::of(&sandbox, id, secret)
        .await
        .at(&sandbox.keepnet().company_ids()[1]);
    assert_eq!(other.get("/api/companies/my").await.status, 403);

    let one = format!("{path}/{client}");
    let shown = session.get(&one).await;
    assert_eq!(shown.data()["statusName"], "Active");
    assert!(!String::from_utf8_lossy(&shown.body).contains(secret));
    let found = session
        .all(
            &format!("{path}/search"),
            "CreateTime",
            filter("clientName", "=", "forwarder"),
        )
        .await;
    assert_eq!(found[0]["clientId"], id);

    body["hasIpAddressRestriction"] = json!(true);
    body["allowedIpAddresses"] = json!(["203.0.113.9"]);
    session.put(&one, body.clone()).await.data();
    let refused = own.get("/api/companies/my").await;
    assert_eq!(refused.refused(), (403, "IP_RESTRICTED".to_owned()));
    assert_eq!(ask_token(&sandbox, id, secret).await.status, 403);
    sandbox
        .keepnet()
        .set_client_address("203.0.113.9".parse().expect("an address"));
    own.get("/api/companies/my").await.data();

    body["statusId"] = json!(2);
    session.put(&one, body).await.data();
    let refused = ask_token(&sandbox, id, secret).await;
    assert_eq!(
        (refused.status, &refused.json()["error"]),
        (400, &json!("invalid_client"))
    );
    session.delete(&one).await.data();
    assert_eq!(session.get(&one).await.status, 404);
}

#[tokio::test]
async fn a_test_of_a_connection_fails_inside_a_200() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let path = "/api/companies/siem-settings/test";
    session
        .post(path, json!({"typeId": 1, "apiUrl": "https://siem.example"}))
        .await
        .data();
    for address in ["nowhere", "https://siem.invalid/collector"] {
        let failed = session
            .post(path, json!({"typeId": 1, "apiUrl": address}))
            .await;
        assert_eq!(failed.refused(), (200, "FAILED".to_owned()), "{address}");
    }
    let path = "/api/analysis-engines-types/engine/test-connection";
    let failed = session.put(path, json!({"apiUrl": "nowhere"})).await;
    assert_eq!(failed.refused(), (200, "FAILED".to_owned()));
}

#[tokio::test]
async fn times_can_be_written_as_people_read_them() {
    let options = security_api_sandbox::KeepnetOptions::default().display_dates(true);
    let sandbox = builder().keepnet(options).start().await.expect("a sandbox");
    let session = Session::reseller(&sandbox).await;
    let path = "/api/system-users/settings";
    let zone = session.put(path, json!({ "timeZoneId": "Europe/Amsterdam" }));
    zone.await.data();
    let settings = session.get(path).await.data();
    assert_eq!(settings["timeZoneId"], "Europe/Amsterdam");
    assert_eq!(settings["dateFormat"], "DD/MM/YYYY");
    let page = session
        .post("/api/audit-logs/search", search("LogDate", true))
        .await
        .data();
    assert_eq!(page["results"][0]["logDate"], "05/01/2026 08:00");
    let since = filter("logDate", ">=", "05/01/2026 08:05");
    let mut body = search("LogDate", true);
    body["filter"] = since;
    let page = session.post("/api/audit-logs/search", body).await.data();
    assert_eq!(page["results"][0]["logDate"], "05/01/2026 08:05");
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_of_its_company() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let body = json!({"email": "new@b.example"});
    let id = session.post("/api/target-users", body.clone()).await.id();
    session
        .put(&format!("/api/target-users/{id}"), body)
        .await
        .data();
    session
        .delete(&format!("/api/target-users/{id}"))
        .await
        .data();
    // Changes of records that are not kept are in the log as well, without secrets.
    let certificate = session.post("/api/certificates", json!({})).await.id();
    let path = format!("/api/certificates/{certificate}");
    session.delete(&path).await.data();
    let siem = json!({"name": "SIEM", "typeId": 1, "statusId": 1,
        "isForwardHistoricalAuditLog": false, "token": "hec-secret"});
    session
        .post("/api/companies/siem-settings", siem)
        .await
        .data();
    let log = session
        .all("/api/audit-logs/search", "LogDate", Value::Null)
        .await;
    assert_eq!(log.len(), 20 + 6);
    let shown = log[25]["newValue"].as_str().expect("JSON");
    assert!(shown.contains(r#""token":"[hidden]""#), "{shown}");
    let seen = log[20..25].iter().map(|entry| {
        let text = |name: &str| entry[name].as_str().expect("text");
        (text("operation"), text("entityResourceId"))
    });
    let expected = [
        ("Create", &*id),
        ("Update", &id),
        ("Delete", &id),
        ("Create", &certificate),
        ("Delete", &certificate),
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    let other = Session::reseller(&sandbox)
        .await
        .at(&sandbox.keepnet().company_ids()[1]);
    assert_eq!(
        other
            .all("/api/audit-logs/search", "LogDate", Value::Null)
            .await
            .len(),
        20
    );
}

#[tokio::test]
async fn a_long_audit_log_is_read_whole_while_it_grows() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let keepnet = sandbox.keepnet();
    let company = &keepnet.company_ids()[0];
    keepnet.add_audit_records(company, 5_000);
    let (mut ids, mut number) = (std::collections::HashSet::new(), 0);
    loop {
        number += 1;
        let mut body = search("LogDate", true);
        body["pageNumber"] = json!(number);
        body["pageSize"] = json!(500);
        body["filter"] = filter("logDate", ">=", "2026-01-01T00:00:00Z");
        let page = session.post("/api/audit-logs/search", body).await.data();
        let rows = page["results"].as_array().expect("rows");
        ids.extend(
            rows.iter()
                .map(|row| row["resourceId"].as_str().expect("an id").to_owned()),
        );
        if rows.len() < 500 {
            break;
        }
        sandbox.clock().advance(Duration::from_millis(5));
        keepnet.add_audit_records(company, 3);
    }
    assert_eq!(ids.len(), keepnet.audit_records(company));
    assert!(ids.len() > 5_020);
    let later = filter("logDate", ">", "2100-01-01");
    assert_eq!(
        session
            .all("/api/audit-logs/search", "LogDate", later)
            .await
            .len(),
        0
    );
}
