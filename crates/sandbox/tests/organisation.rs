//! The seeded organisation.

mod support;

use std::collections::HashMap;

use security_api_sandbox::{PushSecurityOptions, Sandbox};
use serde_json::Value;
use support::{everything, get, sizes, small, small_builder};

#[tokio::test]
async fn the_same_seed_gives_the_same_bytes_and_another_one_does_not() {
    let (one, same) = (small().await, small().await);
    let other = small_builder().seed(2).start().await.expect("a sandbox");
    let (first, second) = (one.push_security(), same.push_security());
    assert_eq!(first.api_key(), second.api_key());
    assert_eq!(first.read_only_key(), second.read_only_key());
    assert_eq!(first.webhook_secret(), second.webhook_secret());
    assert_ne!(first.api_key(), other.push_security().api_key());
    assert_ne!(
        first.webhook_secret(),
        other.push_security().webhook_secret()
    );
    for (list, _) in sizes(&one) {
        let path = format!("/v1/{list}?limit=30");
        let (here, there) = (get(&one, &path).await, get(&same, &path).await);
        assert_eq!(here.body, there.body, "{list}");
        assert_eq!(
            here.headers["x-amzn-requestid"],
            there.headers["x-amzn-requestid"]
        );
        assert_ne!(here.body, get(&other, &path).await.body, "{list}");
    }
    for object in first.webhook_objects() {
        assert_eq!(
            first.webhook_payload(object),
            second.webhook_payload(object)
        );
    }
}

#[tokio::test]
async fn ids_read_as_version_4_uuids() {
    let sandbox = small().await;
    for id in sandbox.push_security().employee_ids() {
        let groups: Vec<_> = id.split('-').map(str::len).collect();
        assert_eq!(groups, [8, 4, 4, 4, 12], "{id}");
        let is_version_4 = id[14..].starts_with('4') && "89ab".contains(&id[19..20]);
        assert!(is_version_4, "{id}");
    }
}

#[tokio::test]
async fn the_organisation_is_coherent() {
    let sandbox = Sandbox::builder()
        .rate_limits(false)
        .start()
        .await
        .expect("a sandbox");
    let mut tables: HashMap<&str, HashMap<String, Value>> = HashMap::new();
    for (list, _) in sizes(&sandbox) {
        let records = everything(&sandbox, list, "").await;
        let keyed = records
            .into_iter()
            .map(|record| (record["id"].as_str().expect("an id").to_owned(), record));
        tables.insert(list, keyed.collect());
    }
    let find = |list: &str, id: &Value| {
        let id = id.as_str().unwrap_or_else(|| panic!("no id for {list}"));
        tables[list]
            .get(id)
            .unwrap_or_else(|| panic!("no {id} in {list}"))
            .clone()
    };
    for browser in tables["browsers"].values() {
        let employee = find("employees", &browser["employeeId"]);
        assert_eq!(browser["email"], employee["email"]);
        assert!(browser["lastOnlineTimestamp"].as_i64() >= browser["creationTimestamp"].as_i64());
        assert!(browser["creationTimestamp"].as_i64() >= employee["creationTimestamp"].as_i64());
    }
    for account in tables["accounts"].values() {
        find("employees", &account["employeeId"]);
        assert_eq!(find("apps", &account["appId"])["type"], account["appType"]);
        let by_password = account["loginMethods"]["passwordLogin"] == true;
        assert_eq!(account["passwordId"].is_string(), by_password);
    }
    for account in tables["accountsOther"].values() {
        find("employees", &account["employeeId"]);
        find("appsOther", &account["otherAppId"]);
    }
    for app in tables["apps"]
        .values()
        .filter(|app| !app["ownerId"].is_null())
    {
        find("employees", &app["ownerId"]);
    }
    for extension in tables["browserExtensions"].values() {
        let browser = find("browsers", &extension["browserId"]);
        assert_eq!(browser["employeeId"], extension["employeeId"]);
    }
    for detection in tables["detections"].values() {
        let mut employee = find("employees", &detection["employeeId"]);
        employee
            .as_object_mut()
            .expect("an object")
            .remove("groups");
        assert_eq!(detection["employee"], employee);
        let browser = find("browsers", &detection["browserId"]);
        assert_eq!(browser["employeeId"], detection["employeeId"]);
    }
    for finding in tables["findings"].values() {
        if finding["type"] != "SHARED_ACCOUNT" {
            find("employees", &finding["employeeId"]);
        }
        if finding["accountId"].is_null() {
            let users = tables["accounts"].values();
            let users = users.filter(|account| account["passwordId"] == finding["passwordId"]);
            assert!(users.count() > 1, "{finding}");
            continue;
        }
        let account = find("accounts", &finding["accountId"]);
        assert_eq!(account["appId"], finding["appId"]);
        if finding["type"] == "MFA_NOT_REGISTERED" {
            assert_eq!(account["mfaRegistered"], false);
        }
        if !finding["passwordId"].is_null() {
            assert_eq!(account["passwordId"], finding["passwordId"]);
        }
    }
}

#[tokio::test]
async fn without_people_there_is_nothing_that_belongs_to_people() {
    let sandbox = small_builder()
        .push_security(PushSecurityOptions::default().employees(0))
        .start()
        .await
        .expect("a sandbox");
    let counts = sandbox.push_security().counts();
    assert_eq!(
        (counts.employees, counts.browsers, counts.accounts),
        (0, 0, 0)
    );
    assert_eq!(
        (counts.findings, counts.detections, counts.apps),
        (0, 0, 120)
    );
    // Samples are there all the same.
    for object in sandbox.push_security().webhook_objects() {
        assert_eq!(
            sandbox.push_security().webhook_payload(object)["object"],
            *object
        );
    }
}
