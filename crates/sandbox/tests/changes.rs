//! Operations that change records.

mod support;

use http::Method;
use security_api_sandbox::Sandbox;
use serde_json::{Value, json};
use support::{Receiver, call, everything, get, small, with_receiver};

fn id(record: &Value) -> &str {
    record["id"].as_str().expect("an id")
}

async fn changed(sandbox: &Sandbox, method: Method, path: &str, body: Value) -> Value {
    let body = (!body.is_null()).then(|| body.to_string());
    let response = call(sandbox, method, path, &body.unwrap_or_default()).await;
    assert_eq!(response.status, 200, "{path}: {:?}", response.body);
    response.json()
}

/// The first record of a list that `wanted` says yes to.
async fn find(sandbox: &Sandbox, list: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let records = everything(sandbox, list, "").await;
    records
        .into_iter()
        .find(|record| wanted(record))
        .expect("a record")
}

#[tokio::test]
async fn patching_an_app_leaves_what_is_absent_and_clears_what_is_null() {
    let sandbox = small().await;
    let app = find(&sandbox, "apps", |app| {
        app["approvalStatus"].is_string() && app["notes"].is_string() && app["ownerId"].is_string()
    })
    .await;
    let path = format!("/v1/apps/{}", id(&app));

    let mut expected = app.clone();
    let level = if app["sensitivityLevel"] == "HIGH" {
        "LOW"
    } else {
        "HIGH"
    };
    expected["sensitivityLevel"] = json!(level);
    let body = json!({ "sensitivityLevel": level });
    assert_eq!(
        changed(&sandbox, Method::PATCH, &path, body).await,
        expected
    );

    expected["approvalStatus"] = Value::Null;
    expected["ownerId"] = Value::Null;
    expected.as_object_mut().expect("an object").remove("notes");
    let body = json!({ "approvalStatus": null, "ownerId": null, "notes": null });
    assert_eq!(
        changed(&sandbox, Method::PATCH, &path, body).await,
        expected
    );

    let owner = sandbox.push_security().employee_ids().swap_remove(3);
    expected["ownerId"] = json!(owner);
    expected["notes"] = json!("Reviewed \u{1f44d}");
    let body = json!({ "ownerId": owner, "notes": "Reviewed \u{1f44d}" });
    assert_eq!(
        changed(&sandbox, Method::PATCH, &path, body).await,
        expected
    );

    assert_eq!(
        changed(&sandbox, Method::PATCH, &path, json!({})).await,
        expected
    );
    assert_eq!(get(&sandbox, &path).await.json(), expected);
    let listed = find(&sandbox, "apps", |listed| listed["id"] == app["id"]).await;
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn bodies_that_do_not_fit_are_refused_by_name_and_change_nothing() {
    let sandbox = small().await;
    let app = find(&sandbox, "apps", |_| true).await;
    let employee = find(&sandbox, "employees", |_| true).await;
    let detection = find(&sandbox, "detections", |_| true).await;
    let account = find(&sandbox, "accounts", |_| true).await;
    let app_path = format!("/v1/apps/{}", id(&app));
    let employee_path = format!("/v1/employees/{}", id(&employee));
    let detection_path = format!("/v1/detections/{}", id(&detection));
    let account_path = format!("/v1/accounts/{}", id(&account));
    let groups = format!("{employee_path}/groups");
    let login_methods = format!("{account_path}/loginMethods");
    for (method, path, body, field) in [
        (
            Method::PATCH,
            &app_path,
            r#"{"approvalStatus":"MAYBE"}"#,
            "approvalStatus",
        ),
        (
            Method::PATCH,
            &app_path,
            r#"{"approvalStatus":1}"#,
            "approvalStatus",
        ),
        (
            Method::PATCH,
            &app_path,
            r#"{"sensitivityLevel":"CRITICAL"}"#,
            "sensitivityLevel",
        ),
        (Method::PATCH, &app_path, r#"{"notes":true}"#, "notes"),
        (
            Method::PATCH,
            &app_path,
            r#"{"notes":"x","ownerId":"nobody"}"#,
            "ownerId",
        ),
        (Method::PATCH, &app_path, r#"{"ownerId":7}"#, "ownerId"),
        (
            Method::PATCH,
            &detection_path,
            r#"{"archived":"true"}"#,
            "archived",
        ),
        (
            Method::PATCH,
            &detection_path,
            r#"{"archived":null}"#,
            "archived",
        ),
        (
            Method::PATCH,
            &employee_path,
            r#"{"licensed":1}"#,
            "licensed",
        ),
        (Method::POST, &groups, "{}", "groups"),
        (Method::POST, &groups, r#"{"groups":[]}"#, "groups"),
        (
            Method::DELETE,
            &groups,
            r#"{"groups":"Engineering"}"#,
            "groups",
        ),
        (Method::DELETE, &groups, r#"{"groups":[1]}"#, "groups"),
        (Method::DELETE, &login_methods, "{}", "loginMethod"),
        (
            Method::DELETE,
            &login_methods,
            r#"{"loginMethod":null}"#,
            "loginMethod",
        ),
        (
            Method::DELETE,
            &login_methods,
            r#"{"loginMethod":"PASSWORD"}"#,
            "loginMethod",
        ),
    ] {
        let (status, message) = call(&sandbox, method.clone(), path, body).await.refusal();
        assert_eq!(status, 400, "{method} {path} {body}");
        assert!(message.contains(field), "{method} {path} {body}: {message}");
    }
    for (method, path) in [(Method::PATCH, &app_path), (Method::DELETE, &login_methods)] {
        for body in ["", "[]", "null", "{", "{\"notes\":"] {
            let response = call(&sandbox, method.clone(), path, body).await;
            response.is_not_played("a change with a body that is no JSON object");
        }
    }
    for (path, before) in [
        (app_path, app),
        (employee_path, employee),
        (detection_path, detection),
        (account_path, account),
    ] {
        assert_eq!(get(&sandbox, &path).await.json(), before);
    }
}

#[tokio::test]
async fn a_member_of_which_nothing_is_known_is_not_played() {
    let sandbox = small().await;
    let app = everything(&sandbox, "apps", "").await.swap_remove(0);
    let employee = everything(&sandbox, "employees", "").await.swap_remove(0);
    let account = everything(&sandbox, "accounts", "").await.swap_remove(0);
    let groups = format!("/v1/employees/{}/groups", id(&employee));
    let methods = format!("/v1/accounts/{}/loginMethods", id(&account));
    for (method, path, mut body) in [
        (
            Method::PATCH,
            format!("/v1/apps/{}", id(&app)),
            json!({"notes": "n"}),
        ),
        (Method::POST, groups.clone(), json!({"groups": ["g"]})),
        (Method::DELETE, groups, json!({"groups": ["g"]})),
        (Method::DELETE, methods, json!({"loginMethod": "OIDC"})),
    ] {
        body["colour"] = json!("red");
        let refused = call(&sandbox, method, &path, &body.to_string()).await;
        let collection = path.split('/').nth(2).expect("a collection");
        refused.is_not_played(&format!("a change of {collection} with colour in the body"));
    }
    let path = format!("/v1/accounts/{}", id(&account));
    let refused = call(&sandbox, Method::DELETE, &path, "{}").await;
    refused.is_not_played("a deletion with a body");
    assert_eq!(get(&sandbox, &path).await.json(), account);
    assert_eq!(
        get(&sandbox, &format!("/v1/apps/{}", id(&app)))
            .await
            .json(),
        app
    );
}

#[tokio::test]
async fn a_detection_is_archived_and_brought_back() {
    let sandbox = small().await;
    let mut detection = find(&sandbox, "detections", |one| one["archived"] == false).await;
    let path = format!("/v1/detections/{}", id(&detection));
    for archived in [true, false] {
        detection["archived"] = json!(archived);
        let body = json!({ "archived": archived });
        assert_eq!(
            changed(&sandbox, Method::PATCH, &path, body).await,
            detection
        );
    }
}

#[tokio::test]
async fn groups_are_added_once_and_removed() {
    let sandbox = small().await;
    let employee = find(&sandbox, "employees", |_| true).await;
    let path = format!("/v1/employees/{}/groups", id(&employee));
    let groups = employee["groups"].as_array().expect("groups").clone();
    let body = json!({ "groups": ["Red team", "Blue team", "Red team"] });
    for _ in 0..2 {
        let response = changed(&sandbox, Method::POST, &path, body.clone()).await;
        let expected = [groups.clone(), vec![json!("Red team"), json!("Blue team")]].concat();
        assert_eq!(response["groups"], json!(expected));
    }
    let body = json!({ "groups": ["Red team", "Blue team", "No such group"] });
    let response = changed(&sandbox, Method::DELETE, &path, body).await;
    assert_eq!(response, employee);
}

#[tokio::test]
async fn a_deleted_account_is_gone() {
    let sandbox = small().await;
    for list in ["accounts", "accountsOther"] {
        let account = find(&sandbox, list, |_| true).await;
        let path = format!("/v1/{list}/{}", id(&account));
        let before = everything(&sandbox, list, "").await.len();
        let response = call(&sandbox, Method::DELETE, &path, "").await;
        assert_eq!((response.status, response.json()), (200, json!({})));
        assert_eq!(get(&sandbox, &path).await.status, 404);
        assert_eq!(call(&sandbox, Method::DELETE, &path, "").await.status, 404);
        let after = everything(&sandbox, list, "").await;
        assert_eq!(after.len(), before - 1);
        assert!(after.iter().all(|one| one["id"] != account["id"]));
    }
}

#[tokio::test]
async fn a_deleted_login_method_is_gone_from_its_account() {
    let sandbox = small().await;
    for (method, member) in [
        ("OIDC", "oidcLogin"),
        ("SAML", "samlLogin"),
        ("FEDCM", "fedCmLogin"),
    ] {
        let account = find(&sandbox, "accounts", |one| {
            one["loginMethods"][member].is_string()
        })
        .await;
        let path = format!("/v1/accounts/{}/loginMethods", id(&account));
        let mut expected = account.clone();
        expected["loginMethods"][member] = Value::Null;
        let body = json!({ "loginMethod": method });
        assert_eq!(
            changed(&sandbox, Method::DELETE, &path, body).await,
            expected
        );
    }
    let account = find(&sandbox, "accounts", |one| one["passwordId"].is_string()).await;
    let path = format!("/v1/accounts/{}/loginMethods", id(&account));
    let body = json!({ "loginMethod": "USERNAME_PASSWORD" });
    let after = changed(&sandbox, Method::DELETE, &path, body).await;
    assert_eq!(after["loginMethods"]["passwordLogin"], false);
    assert!(
        after["loginMethods"]
            .get("lastPasswordLoginTimestamp")
            .is_none()
    );
    assert_eq!(after["passwordId"], Value::Null);
}

/// Performs a change and checks the webhook that tells of it.
async fn told(sandbox: &Sandbox, receiver: &mut Receiver, change: (Method, &str, Value)) -> Value {
    let (method, path, body) = change;
    changed(sandbox, method, path, body).await;
    let event = receiver.next().await.json();
    assert_eq!(event["version"], "1");
    event
}

#[tokio::test]
async fn every_change_is_told_with_its_old_and_its_new_state() {
    let (sandbox, mut receiver) = with_receiver().await;

    let app = find(&sandbox, "apps", |app| app["approvalStatus"] != "APPROVED").await;
    let employee = find(&sandbox, "employees", |one| one["licensed"] == true).await;
    let detection = find(&sandbox, "detections", |one| one["archived"] == false).await;
    let account = find(&sandbox, "accounts", |one| one["passwordId"].is_string()).await;
    let kind = detection["detectionType"]
        .as_str()
        .expect("text")
        .to_owned();
    let app_path = format!("/v1/apps/{}", id(&app));
    let employee_path = format!("/v1/employees/{}", id(&employee));
    let detection_path = format!("/v1/detections/{}", id(&detection));
    let account_path = format!("/v1/accounts/{}", id(&account));
    for (method, path, body, category, object) in [
        (
            Method::PATCH,
            app_path.clone(),
            json!({"approvalStatus": "APPROVED"}),
            "ENTITY",
            "APP",
        ),
        (
            Method::PATCH,
            employee_path.clone(),
            json!({"licensed": false}),
            "ENTITY",
            "EMPLOYEE",
        ),
        (
            Method::POST,
            format!("{employee_path}/groups"),
            json!({"groups": ["New"]}),
            "ENTITY",
            "EMPLOYEE",
        ),
        (
            Method::DELETE,
            format!("{employee_path}/groups"),
            json!({"groups": ["New"]}),
            "ENTITY",
            "EMPLOYEE",
        ),
        (
            Method::PATCH,
            detection_path.clone(),
            json!({"archived": true}),
            "DETECTION",
            &kind,
        ),
        (
            Method::DELETE,
            format!("{account_path}/loginMethods"),
            json!({"loginMethod": "USERNAME_PASSWORD"}),
            "ENTITY",
            "ACCOUNT",
        ),
    ] {
        let record = path
            .strip_suffix("/groups")
            .or(path.strip_suffix("/loginMethods"));
        let record = record.unwrap_or(&path).to_owned();
        let before = get(&sandbox, &record).await.json();
        let event = told(&sandbox, &mut receiver, (method, &path, body)).await;
        assert_eq!(event["category"], category);
        assert_eq!(event["object"], object);
        assert_eq!(event["type"], "UPDATE");
        assert_eq!(event["old"], before);
        assert_eq!(event["new"], get(&sandbox, &record).await.json());
        assert_ne!(event["new"], event["old"]);
    }

    let before = get(&sandbox, &account_path).await.json();
    let event = told(
        &sandbox,
        &mut receiver,
        (Method::DELETE, &account_path, Value::Null),
    )
    .await;
    assert_eq!(
        (&event["object"], &event["type"]),
        (&json!("ACCOUNT"), &json!("DELETE"))
    );
    assert_eq!(event["old"], before);
    assert!(event.get("new").is_none());
}

#[tokio::test]
async fn what_changes_nothing_and_what_changes_notes_only_is_not_told() {
    let (sandbox, mut receiver) = with_receiver().await;
    let app = find(&sandbox, "apps", |_| true).await;
    let path = format!("/v1/apps/{}", id(&app));
    for body in [
        json!({ "notes": "Something new" }),
        json!({ "notes": null }),
        json!({}),
    ] {
        changed(&sandbox, Method::PATCH, &path, body).await;
    }
    let employee = find(&sandbox, "employees", |_| true).await;
    let body = json!({ "licensed": employee["licensed"] });
    changed(
        &sandbox,
        Method::PATCH,
        &format!("/v1/employees/{}", id(&employee)),
        body,
    )
    .await;
    receiver.nothing().await;
}
