//! Single records: reads, updates and deletions.

use std::collections::BTreeSet;

use push_security_api::types::{
    AppUpdate, ApprovalStatus, DetectionUpdate, EmployeeUpdate, LoginMethodName, SensitivityLevel,
};
use push_security_api::{Client, Patch, Response, operations};
use security_api_sandbox::Sandbox;
use serde_json::{Value, json};

use super::support::{calls_on, licensed_employee, open_detection, world};

/// Returns the body of the last request.
fn sent(sandbox: &Sandbox) -> Value {
    let entries = sandbox.journal().entries();
    let entry = entries.last().expect("a request");
    assert_eq!(entry.headers["content-type"], "application/json");
    serde_json::from_slice(&entry.body).expect("JSON")
}

#[tokio::test]
async fn a_record_by_its_id_is_the_record_in_the_list() {
    let (_sandbox, push) = world().await;
    macro_rules! check {
        ($($(#[$cfg:meta])? $resource:ident),+ $(,)?) => {$(
            $(#[$cfg])?
            {
                let page = push.$resource().list().limit(3).page().await.unwrap();
                assert_eq!(page.items().len(), 3);
                for item in page {
                    assert_eq!(push.$resource().get(&item.id).await.unwrap(), item);
                }
            }
        )+};
    }
    check!(accounts, apps, browsers, detections, employees, findings);
    #[cfg(feature = "unconfirmed")]
    check!(accounts_other, apps_other, browser_extensions);
}

#[test]
fn every_operation_on_one_object_is_among_the_calls_of_this_suite() {
    // No request is sent.
    let nowhere = Client::builder("key").base_url("http://127.0.0.1:1");
    let push = nowhere.build().unwrap();
    let called: BTreeSet<_> = calls_on(&push, "1")
        .iter()
        .map(|(operation, _)| operation.id())
        .collect();
    let described: BTreeSet<_> = operations::ALL
        .iter()
        .filter(|operation| operation.path().contains("{id}"))
        .map(|operation| operation.id())
        .collect();
    assert_eq!(called, described);
}

#[tokio::test]
async fn a_response_tells_its_status_headers_request_id_and_attempts() {
    let (_sandbox, push) = world().await;
    let page = push.apps().list().limit(1).page().await.unwrap();
    let id = &page.items()[0].id;
    let response = push.apps().get(id).send_with_response().await.unwrap();
    assert_eq!(response.status().as_u16(), 200);
    assert_eq!(response.attempts(), 1);
    assert_eq!(response.headers()["content-type"], "application/json");
    let request_id = response.request_id().expect("a request id").to_owned();
    assert_eq!(response.headers()["x-amzn-requestid"], request_id.as_str());
    assert_eq!(Response::into_value(response).id, *id);
}

#[tokio::test]
async fn members_of_an_app_are_set_left_and_cleared_and_nothing_else_is_sent() {
    let (sandbox, push) = world().await;
    let owner = sandbox.push_security().employee_ids().swap_remove(3);
    let page = push.apps().list().limit(1).page().await.unwrap();
    let before = page.items()[0].clone();
    let id = before.id.as_str();

    let set = AppUpdate::new()
        .approval_status(ApprovalStatus::NotApproved)
        .sensitivity_level(SensitivityLevel::High)
        .notes("Seen by the help desk: \"ok\"\n€")
        .owner_id(owner.as_str());
    let response = push.apps().update(id, &set).await.unwrap();
    assert_eq!(
        sent(&sandbox),
        json!({
            "approvalStatus": "NOT_APPROVED",
            "sensitivityLevel": "HIGH",
            "notes": "Seen by the help desk: \"ok\"\n€",
            "ownerId": owner,
        })
    );
    let mut expected = before.clone();
    expected.approval_status = Some(ApprovalStatus::NotApproved);
    expected.sensitivity_level = Some(SensitivityLevel::High);
    expected.notes = Some("Seen by the help desk: \"ok\"\n€".to_owned());
    expected.owner_id = Some(owner.clone());
    assert_eq!(response, expected);
    assert_eq!(push.apps().get(id).await.unwrap(), expected);

    // All members are unchanged.
    let response = push.apps().update(id, AppUpdate::new()).await.unwrap();
    assert_eq!(sent(&sandbox), json!({}));
    assert_eq!(response, expected);

    // One member cleared, one set, two unchanged.
    let some = AppUpdate::new()
        .notes(Patch::Clear)
        .approval_status(Patch::Set(ApprovalStatus::UnderReview));
    push.apps().update(id, some).await.unwrap();
    assert_eq!(
        sent(&sandbox),
        json!({ "approvalStatus": "UNDER_REVIEW", "notes": null })
    );
    expected.notes = None;
    expected.approval_status = Some(ApprovalStatus::UnderReview);
    assert_eq!(push.apps().get(id).await.unwrap(), expected);

    // All members are cleared. An `Option` can express that, too.
    let clear = AppUpdate::new()
        .approval_status(None::<ApprovalStatus>)
        .sensitivity_level(Patch::Clear)
        .notes(None::<String>)
        .owner_id(Patch::Clear);
    push.apps().update(id, clear).await.unwrap();
    let app = push.apps().get(id).await.unwrap();
    assert_eq!(
        (
            app.approval_status,
            app.sensitivity_level,
            app.notes,
            app.owner_id
        ),
        (None, None, None, None)
    );
    assert_eq!((app.kind, app.created), (before.kind, before.created));
}

#[tokio::test]
async fn a_detection_is_archived_and_brought_back() {
    let (sandbox, push) = world().await;
    let before = open_detection(&push).await;
    for archived in [true, false] {
        let update = DetectionUpdate::new().archived(archived);
        let response = push.detections().update(&before.id, update).await.unwrap();
        assert_eq!(sent(&sandbox), json!({ "archived": archived }));
        assert_eq!(response.archived, Some(archived));
        assert_eq!(push.detections().get(&before.id).await.unwrap(), response);
    }
    assert_eq!(push.detections().get(&before.id).await.unwrap(), before);
}

#[tokio::test]
async fn a_licence_is_taken_and_given() {
    let (sandbox, push) = world().await;
    let before = licensed_employee(&push).await;
    for licensed in [false, true] {
        let update = EmployeeUpdate::new().licensed(licensed);
        let response = push.employees().update(&before.id, update).await.unwrap();
        assert_eq!(sent(&sandbox), json!({ "licensed": licensed }));
        assert_eq!(response.licensed, Some(licensed));
        assert_eq!(push.employees().get(&before.id).await.unwrap(), response);
    }
    assert_eq!(push.employees().get(&before.id).await.unwrap(), before);
    let nothing = push.employees().update(&before.id, EmployeeUpdate::new());
    assert_eq!(nothing.await.unwrap(), before);
    assert_eq!(sent(&sandbox), json!({}));
}

#[tokio::test]
async fn a_deleted_account_is_gone() {
    let (sandbox, push) = world().await;
    let before = sandbox.push_security().counts().accounts;
    let page = push.accounts().list().limit(2).page().await.unwrap();
    let [first, second] = page.items() else {
        panic!("two accounts")
    };
    let response = push
        .accounts()
        .delete(&first.id)
        .send_with_response()
        .await
        .unwrap();
    assert_eq!((response.status().as_u16(), response.value()), (200, &()));
    assert_eq!(sandbox.push_security().counts().accounts, before - 1);
    for gone in [
        push.accounts().get(&first.id).await.map(drop),
        push.accounts().delete(&first.id).await,
    ] {
        let error = gone.unwrap_err();
        assert!(error.is_not_found() && !error.is_retryable());
    }
    assert_eq!(push.accounts().get(&second.id).await.unwrap(), *second);
}

#[tokio::test]
async fn each_login_method_is_removed_alone() {
    use LoginMethodName::{Fedcm, Oidc, OktaSwa, Saml, UsernamePassword};
    let (sandbox, push) = world().await;
    let accounts = push.accounts().list().items().try_collect().await.unwrap();
    for method in [UsernamePassword, OktaSwa, Oidc, Saml, Fedcm] {
        let uses = |account: &push_security_api::types::Account| {
            let methods = account.login_methods.clone().unwrap_or_default();
            match method {
                UsernamePassword => methods.password_login == Some(true),
                OktaSwa => methods.okta_swa_login == Some(true),
                Oidc => methods.oidc_login.is_some(),
                Saml => methods.saml_login.is_some(),
                _ => methods.fed_cm_login.is_some(),
            }
        };
        let account = accounts.iter().find(|account| uses(account)).expect("one");
        // Earlier rounds may have removed another method of this account.
        let account = push.accounts().get(&account.id).await.unwrap();
        let call = push
            .accounts()
            .remove_login_method(&account.id, method.clone());
        let after = call.await.unwrap();
        assert_eq!(sent(&sandbox), json!({ "loginMethod": method.to_string() }));

        let mut expected = account.clone();
        let methods = expected.login_methods.as_mut().expect("methods");
        match method {
            UsernamePassword => {
                methods.password_login = Some(false);
                methods.last_password_login = None;
                expected.password_id = None;
            }
            OktaSwa => methods.okta_swa_login = Some(false),
            Oidc => methods.oidc_login = None,
            Saml => methods.saml_login = None,
            _ => methods.fed_cm_login = None,
        }
        assert_eq!(after, expected, "{method}");
        assert_eq!(push.accounts().get(&account.id).await.unwrap(), expected);
    }
    let unknown = LoginMethodName::from("CARRIER_PIGEON");
    let call = push
        .accounts()
        .remove_login_method(&accounts[0].id, unknown);
    let error = call.await.unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(
        error.to_string().contains("loginMethod must be one of"),
        "{error}"
    );
}

#[tokio::test]
async fn a_request_of_ones_own_takes_the_same_way() {
    use push_security_api::http::Method;
    let (sandbox, push) = world().await;
    let page = push.apps().list().limit(1).page().await.unwrap();
    let id = &page.items()[0].id;
    let response: Value = push
        .request(Method::PATCH, "/v1/apps")
        .segment(id)
        .json(&json!({ "notes": "by hand" }))
        .call()
        .await
        .unwrap();
    assert_eq!(response["notes"], "by hand");
    assert_eq!(
        push.apps().get(id).await.unwrap().notes.as_deref(),
        Some("by hand")
    );
    let page: Value = push
        .request(Method::GET, "/v1/apps")
        .query("limit", "1")
        .query("type", "A&B=C d")
        .call()
        .await
        .unwrap();
    assert_eq!(page["result"], Value::Null);
    let entries = sandbox.journal().entries();
    let last = entries.last().unwrap();
    assert_eq!(last.query.as_deref(), Some("limit=1&type=A%26B%3DC%20d"));
    assert_eq!(last.headers["x-api-key"], "[full access key]");
}

#[cfg(feature = "unconfirmed")]
mod unconfirmed {
    use super::*;

    #[tokio::test]
    async fn groups_are_joined_and_left() {
        let (sandbox, push) = world().await;
        let page = push.employees().list().limit(1).page().await.unwrap();
        let before = page.items()[0].clone();
        let groups = before.groups.clone().expect("groups");
        let call = push
            .employees()
            .add_to_groups(&before.id, ["Night watch", "Émigrés"]);
        let after = call.await.unwrap();
        assert_eq!(
            sent(&sandbox),
            json!({ "groups": ["Night watch", "Émigrés"] })
        );
        let mut more = groups.clone();
        more.extend(["Night watch".to_owned(), "Émigrés".to_owned()]);
        assert_eq!(after.groups, Some(more));
        assert_eq!(push.employees().get(&before.id).await.unwrap(), after);

        let left = vec!["Émigrés".to_owned(), "Night watch".to_owned()];
        let after = push
            .employees()
            .remove_from_groups(&before.id, left)
            .await
            .unwrap();
        assert_eq!(after, before);
        assert_eq!(push.employees().get(&before.id).await.unwrap(), before);

        let none: [&str; 0] = [];
        let error = push
            .employees()
            .add_to_groups(&before.id, none)
            .await
            .unwrap_err();
        assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    }

    #[tokio::test]
    async fn a_deleted_account_on_another_app_is_gone() {
        let (sandbox, push) = world().await;
        let before = sandbox.push_security().counts().accounts_other;
        let page = push.accounts_other().list().limit(1).page().await.unwrap();
        let id = &page.items()[0].id;
        push.accounts_other().delete(id).await.unwrap();
        assert_eq!(sandbox.push_security().counts().accounts_other, before - 1);
        assert!(
            push.accounts_other()
                .get(id)
                .await
                .unwrap_err()
                .is_not_found()
        );
    }
}
