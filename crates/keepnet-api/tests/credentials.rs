//! Passwords of system users and REST clients, against the sandbox.
#![cfg(all(feature = "companies", feature = "users"))]

mod common;

use common::{envelope, over, page, service};
use keepnet_api::api_clients::NewApiClient;
use keepnet_api::operations::{
    COMPANIES_CREATE_CLIENT, COMPANIES_DELETE_CLIENT, COMPANIES_GENERATE_CLIENT_CREDENTIALS,
    COMPANIES_GET_CLIENT, COMPANIES_SEARCH_CLIENTS, COMPANIES_UPDATE_CLIENT,
    SYSTEM_USERS_CHANGE_PASSWORD, SYSTEM_USERS_RESET_PASSWORD,
};
use keepnet_api::types::ActivationStatus;
use keepnet_api::{ApiKey, Client, Error, ErrorKind, Outcome, Reason, SearchRequest, Secret};
use security_api_sandbox::Sandbox;
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

async fn reseller() -> (Sandbox, Client) {
    let sandbox = Sandbox::start().await.unwrap();
    let service = sandbox.keepnet();
    let keepnet = with(
        &sandbox,
        service.client_id(),
        service.client_secret().into(),
    );
    (sandbox, keepnet)
}

fn with(sandbox: &Sandbox, id: &str, secret: Secret) -> Client {
    let builder = Client::builder(id, secret).base_url(sandbox.keepnet().base_url());
    builder.build().unwrap()
}

#[tokio::test]
async fn a_password_is_reset_with_the_token_of_the_link_once() {
    let (sandbox, keepnet) = reseller().await;
    let users = keepnet.system_users();
    let page = users
        .search(SearchRequest::new().page_size(1))
        .page()
        .await
        .unwrap();
    let email = page.items()[0].email.clone().unwrap();
    users.send_password_link(&email).await.unwrap();
    let token = sandbox.keepnet().password_reset_token(&email).unwrap();
    users
        .set_password_with_token(token.as_str(), "correct horse")
        .await
        .unwrap();
    let error = users
        .set_password_with_token(token.as_str(), "correct horse")
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
    assert!(!format!("{error:?}").contains("correct horse"));
    // The response does not reveal whether the address has a user.
    users
        .send_password_link("nobody@example.com")
        .await
        .unwrap();
}

#[tokio::test]
async fn a_person_changes_their_own_password() {
    let (sandbox, keepnet) = reseller().await;
    let users = keepnet.system_users();
    let current = Secret::from(sandbox.keepnet().password());
    assert!(
        users
            .change_own_password(current.clone(), current.clone())
            .await
            .unwrap_err()
            .is_invalid()
    );
    users
        .change_own_password(current.clone(), "battery staple")
        .await
        .unwrap();
    assert_eq!(sandbox.keepnet().password(), "battery staple");
    let error = users
        .change_own_password(current, "another one")
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::InvalidInput));
}

#[tokio::test]
async fn the_token_of_a_person_replaces_client_id_and_secret() {
    let fake = FakeTransport::new();
    fake.always(&SYSTEM_USERS_CHANGE_PASSWORD, envelope(json!(null)));
    let keepnet = Client::builder("unused", "unused")
        .credential(ApiKey::bearer("her-token").unwrap())
        .transport(fake.clone())
        .build()
        .unwrap();
    let users = keepnet.system_users();
    users.change_own_password("old", "new").await.unwrap();
    let sent = fake.requests();
    assert_eq!(sent.len(), 1, "a token was fetched: {sent:?}");
    assert_eq!(sent[0].headers["authorization"], "Bearer her-token");
}

#[tokio::test]
async fn nothing_is_sent_without_a_password() {
    let fake = service();
    let users = over(&fake).system_users();
    for blank in ["", " ", "\u{a0}\t", "hunter2\n", "hunter2\u{7}"] {
        for (job, name) in [
            (
                users.set_password_with_token("token", blank),
                "`new_password`",
            ),
            (users.set_password_with_token(blank, "new"), "`token`"),
            (users.change_own_password("old", blank), "`new_password`"),
            (
                users.change_own_password(blank, "new"),
                "`current_password`",
            ),
        ] {
            let error = job.await.unwrap_err();
            assert!(error.is_invalid(), "{blank:?}: {error}");
            let text = error.to_string();
            assert!(text.starts_with(name), "{blank:?}: {text}");
            assert!(!format!("{error:?}").contains("hunter2"));
        }
    }
    let same = users.change_own_password("same", "same").await.unwrap_err();
    assert!(same.to_string().starts_with("`new_password` "), "{same}");
    assert!(
        users
            .send_password_link(" ")
            .await
            .unwrap_err()
            .is_invalid()
    );
    assert!(fake.requests().is_empty());
    // A password may begin and end with spaces.
    fake.always(&SYSTEM_USERS_RESET_PASSWORD, envelope(Value::Null));
    let spaced = users.set_password_with_token("token", " correct horse ");
    spaced.await.unwrap();
    let sent = fake.requests_of(&SYSTEM_USERS_RESET_PASSWORD)[0].json();
    assert_eq!(sent["newPassword"], " correct horse ");
}

#[tokio::test]
async fn a_client_is_made_by_role_name_and_deactivated() {
    let (sandbox, keepnet) = reseller().await;
    let companies = keepnet.companies();
    let new = NewApiClient::new("SIEM export")
        .role("companyadmin")
        .allow_from(["127.0.0.1"]);
    let made = companies.create_api_client(&new).await.unwrap();
    assert!(!format!("{made:?}").contains(made.client_secret.expose()));
    let siem = with(&sandbox, &made.client_id, made.client_secret.clone());
    siem.check().await.unwrap();
    sandbox
        .keepnet()
        .set_client_address("203.0.113.9".parse().unwrap());
    let error = with(&sandbox, &made.client_id, made.client_secret.clone())
        .check()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    sandbox
        .keepnet()
        .set_client_address("127.0.0.1".parse().unwrap());

    companies
        .deactivate_api_client(&made.resource_id)
        .await
        .unwrap();
    let again = with(&sandbox, &made.client_id, made.client_secret);
    assert_eq!(
        again.check().await.unwrap_err().kind(),
        ErrorKind::Credential
    );
    let found = companies
        .find_api_client(&made.client_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (found.resource_id, found.status_id),
        (
            Some(made.resource_id.clone()),
            Some(ActivationStatus::Inactive)
        )
    );
    let kept = companies.get_client(&made.resource_id).await.unwrap();
    assert_eq!(kept.name.as_deref(), Some("SIEM export"));
    assert_eq!(
        kept.allowed_ip_addresses,
        Some(vec!["127.0.0.1".to_owned()])
    );

    let error = companies
        .create_api_client(&NewApiClient::new("x").role("Barista"))
        .await
        .unwrap_err();
    assert!(
        error.is_invalid() && error.to_string().contains("Company Admin"),
        "{error}"
    );
}

#[tokio::test]
async fn a_secret_is_rotated_while_both_clients_work() {
    let (sandbox, keepnet) = reseller().await;
    let companies = keepnet.companies();
    let new = NewApiClient::new("Export")
        .role("Company Admin")
        .allow_from(["127.0.0.1"]);
    let old = companies.create_api_client(&new).await.unwrap();

    let rotation = companies.rotate_api_client(&old.resource_id).await.unwrap();
    let client = rotation.client.clone();
    assert_ne!(
        (&client.client_id, &client.client_secret),
        (&old.client_id, &old.client_secret)
    );
    let rights = companies.get_client(&client.resource_id).await.unwrap();
    let before = companies.get_client(&old.resource_id).await.unwrap();
    assert_eq!(rights.role_resource_id_list, before.role_resource_id_list);
    assert_eq!(rights.allowed_ip_addresses, before.allowed_ip_addresses);
    let reach = |client: &keepnet_api::api_clients::CreatedApiClient| {
        with(&sandbox, &client.client_id, client.client_secret.clone())
    };
    reach(&old).check().await.unwrap();
    reach(&client).check().await.unwrap();

    rotation.delete_old().await.unwrap();
    rotation.delete_old().await.unwrap();
    assert_eq!(
        reach(&old).check().await.unwrap_err().kind(),
        ErrorKind::Credential
    );
    reach(&client).check().await.unwrap();

    let second = companies
        .rotate_api_client(&client.resource_id)
        .await
        .unwrap();
    second.undo().await.unwrap();
    assert!(
        companies
            .find_api_client(&second.client.client_id)
            .await
            .unwrap()
            .is_none()
    );
    reach(&client).check().await.unwrap();
}

#[tokio::test]
async fn a_client_is_found_if_the_response_to_its_creation_is_lost() {
    let fake = service();
    let generated = json!({"clientId": "id-2", "clientSecret": "s3cret-2"});
    fake.always(&COMPANIES_GENERATE_CLIENT_CREDENTIALS, envelope(generated));
    fake.path("/api/roles", |_| {
        envelope(json!([{"resourceId": "role-1", "name": "Reseller"}]))
    });
    let broken = Error::new(ErrorKind::Io, "reset").with_outcome(Outcome::Unknown);
    fake.always(&COMPANIES_CREATE_CLIENT, FakeResponse::error(broken));
    let rows = json!([{"resourceId": "r-1", "clientId": "id-1"}, {"resourceId": "r-2", "clientId": "id-2"}]);
    fake.once(&COMPANIES_SEARCH_CLIENTS, page(rows));
    let companies = over(&fake).companies();
    let new = NewApiClient::new("Export").role("role-1");
    let made = companies.create_api_client(&new).await.unwrap();
    assert_eq!(
        (made.resource_id.as_str(), made.client_secret.expose()),
        ("r-2", "s3cret-2")
    );
    let sent = fake.requests_of(&COMPANIES_CREATE_CLIENT);
    assert_eq!(sent[0].json()["roleResourceIdList"], json!(["role-1"]));

    fake.once(&COMPANIES_SEARCH_CLIENTS, FakeResponse::status(403));
    let error = companies.create_api_client(&new).await.unwrap_err();
    assert!(error.to_string().contains("delete it"), "{error}");

    // The client is created, but the response has no id, and the search for it fails.
    fake.always(&COMPANIES_CREATE_CLIENT, envelope(json!({})));
    fake.once(&COMPANIES_SEARCH_CLIENTS, FakeResponse::status(403));
    let error = companies.create_api_client(&new).await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("id-2") && text.contains("delete it"),
        "{text}"
    );
    assert!(!text.contains("s3cret-2"), "{text}");
}

/// Returns a client as the service sends it, with these members changed. Null removes a member.
fn client_with(changes: Value) -> Value {
    let mut client = json!({
        "resourceId": "r-1",
        "name": "Export",
        "clientId": "id-1",
        "clientSecret": null,
        "statusId": 1,
        "hasIpAddressRestriction": true,
        "allowedIpAddresses": ["203.0.113.7"],
        "roleResourceIdList": ["role-1"],
    });
    for (name, value) in changes.as_object().unwrap() {
        client[name] = value.clone();
    }
    client
}

fn with_client(client: Value) -> FakeTransport {
    let fake = service();
    let generated = json!({"clientId": "id-2", "clientSecret": "s3cret-2"});
    fake.always(&COMPANIES_GENERATE_CLIENT_CREDENTIALS, envelope(generated));
    fake.always(&COMPANIES_GET_CLIENT, envelope(client));
    let done = envelope(json!({"resourceId": "r-2"}));
    fake.always(&COMPANIES_CREATE_CLIENT, done.clone());
    fake.always(&COMPANIES_UPDATE_CLIENT, done);
    fake
}

#[tokio::test]
async fn nothing_is_changed_if_the_rights_of_a_client_are_incomplete() {
    let incomplete = [
        (json!({"allowedIpAddresses": null}), "allowedIpAddresses"),
        (json!({"allowedIpAddresses": []}), "allowedIpAddresses"),
        (
            json!({"allowedIpAddresses": ["", " "]}),
            "allowedIpAddresses",
        ),
        (
            json!({"hasIpAddressRestriction": null}),
            "hasIpAddressRestriction",
        ),
        (
            json!({"hasIpAddressRestriction": null, "allowedIpAddresses": null}),
            "hasIpAddressRestriction",
        ),
        (json!({"name": null}), "name"),
        (json!({"name": " "}), "name"),
        (json!({"roleResourceIdList": null}), "roleResourceIdList"),
        (json!({"roleResourceIdList": [""]}), "roleResourceIdList"),
    ];
    let mut cases: Vec<_> = incomplete
        .into_iter()
        .map(|(changes, member)| (client_with(changes), member))
        .collect();
    cases.push((json!({}), ""));
    for (client, member) in cases {
        let fake = with_client(client.clone());
        let companies = over(&fake).companies();
        let rotated = companies.rotate_api_client("r-1").await.map(drop);
        let deactivated = companies.deactivate_api_client("r-1").await;
        for result in [rotated, deactivated] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Decode, "{client}");
            let text = error.to_string();
            assert!(text.contains(member), "{text}");
            assert!(text.contains("delete"), "there is no remedy: {text}");
        }
        for operation in [
            &COMPANIES_CREATE_CLIENT,
            &COMPANIES_UPDATE_CLIENT,
            &COMPANIES_GENERATE_CLIENT_CREDENTIALS,
        ] {
            assert!(fake.requests_of(operation).is_empty(), "{client}");
        }
    }
    let fake = with_client(client_with(json!({"clientId": null})));
    let deactivated = over(&fake).companies().deactivate_api_client("r-1").await;
    assert!(deactivated.unwrap_err().to_string().contains("clientId"));
    assert!(fake.requests_of(&COMPANIES_UPDATE_CLIENT).is_empty());
}

#[tokio::test]
async fn a_secret_that_is_known_is_kept_and_one_that_is_not_is_replaced() {
    for (known, sent) in [
        (json!("s3cret-1"), "s3cret-1"),
        (json!(""), "s3cret-2"),
        (json!(null), "s3cret-2"),
    ] {
        let fake = with_client(client_with(json!({"clientSecret": known})));
        let companies = over(&fake).companies();
        companies.deactivate_api_client("r-1").await.unwrap();
        let update = fake.requests_of(&COMPANIES_UPDATE_CLIENT)[0].json();
        assert_eq!(update["clientSecret"], sent, "{known}");
    }
}

#[tokio::test]
async fn a_client_without_an_id_or_a_secret_is_not_created() {
    for generated in [
        json!({"clientId": "", "clientSecret": "s3cret-2"}),
        json!({"clientId": "id-2", "clientSecret": ""}),
        json!({"clientId": "id-2"}),
    ] {
        let fake = with_client(client_with(json!({})));
        let shown = generated.to_string();
        fake.always(&COMPANIES_GENERATE_CLIENT_CREDENTIALS, envelope(generated));
        let rotated = over(&fake).companies().rotate_api_client("r-1").await;
        assert_eq!(rotated.unwrap_err().kind(), ErrorKind::Decode, "{shown}");
        assert!(fake.requests_of(&COMPANIES_CREATE_CLIENT).is_empty());
    }
}

#[tokio::test]
async fn a_client_that_the_service_refused_to_create_is_not_looked_for() {
    let fake = with_client(client_with(json!({})));
    fake.always(&COMPANIES_CREATE_CLIENT, FakeResponse::status(403));
    let rows = json!([{"resourceId": "r-2", "clientId": "id-2"}]);
    fake.always(&COMPANIES_SEARCH_CLIENTS, page(rows));
    let rotated = over(&fake).companies().rotate_api_client("r-1").await;
    assert!(rotated.unwrap_err().is_forbidden());
    assert!(fake.requests_of(&COMPANIES_SEARCH_CLIENTS).is_empty());
}

#[tokio::test]
async fn a_client_that_is_gone_counts_as_deleted_and_one_that_is_kept_does_not() {
    for (status, is_deleted) in [(200, true), (404, true), (403, false)] {
        let fake = with_client(client_with(json!({})));
        let response = match status {
            200 => envelope(json!({})),
            status => FakeResponse::status(status),
        };
        fake.always(&COMPANIES_DELETE_CLIENT, response);
        let companies = over(&fake).companies();
        let rotation = companies.rotate_api_client("r-1").await.unwrap();
        for deleted in [rotation.delete_old().await, rotation.undo().await] {
            assert_eq!(deleted.is_ok(), is_deleted, "{status}: {deleted:?}");
        }
    }
}

#[tokio::test]
async fn the_rights_of_a_client_are_copied_unchanged() {
    let kept = [
        (json!({}), true, json!(["203.0.113.7"])),
        (
            json!({"hasIpAddressRestriction": false}),
            false,
            json!(["203.0.113.7"]),
        ),
        (
            json!({"hasIpAddressRestriction": false, "allowedIpAddresses": null}),
            false,
            json!([]),
        ),
    ];
    for (changes, restricted, addresses) in kept {
        let fake = with_client(client_with(changes));
        let companies = over(&fake).companies();
        companies.rotate_api_client("r-1").await.unwrap();
        companies.deactivate_api_client("r-1").await.unwrap();
        let created = fake.requests_of(&COMPANIES_CREATE_CLIENT)[0].json();
        let changed = fake.requests_of(&COMPANIES_UPDATE_CLIENT)[0].json();
        for (sent, id, status) in [(created, "id-2", 1), (changed, "id-1", 0)] {
            let expected = json!({
                "name": "Export",
                "clientId": id,
                "clientSecret": "s3cret-2",
                "statusId": status,
                "hasIpAddressRestriction": restricted,
                "allowedIpAddresses": addresses,
                "roleResourceIdList": ["role-1"],
            });
            assert_eq!(sent, expected);
        }
    }
}

#[tokio::test]
async fn an_exact_role_name_wins_over_similar_ones() {
    let fake = with_client(json!({}));
    fake.path("/api/roles", |_| {
        envelope(json!([
            {"resourceId": "r1", "name": "companyadmin"},
            {"resourceId": "r2", "name": "Company Admin"},
            {"resourceId": "r3", "name": "Auditor"},
            {"resourceId": "r4", "name": "Auditor"},
            {"resourceId": "r5", "name": "\u{212a}iosk"},
            {"resourceId": "Auditor2", "name": "Reader"},
            {"resourceId": "r6", "name": "Auditor2"},
        ]))
    });
    let companies = over(&fake).companies();
    for (wanted, id) in [
        ("Company Admin", "r2"),
        ("companyadmin", "r1"),
        ("READER", "Auditor2"),
        ("Auditor2", "Auditor2"),
        ("r4", "r4"),
    ] {
        let new = NewApiClient::new("Export").role(wanted);
        companies.create_api_client(&new).await.unwrap();
        let sent = fake.requests_of(&COMPANIES_CREATE_CLIENT);
        let roles = &sent.last().unwrap().json()["roleResourceIdList"];
        assert_eq!(roles, &json!([id]), "{wanted}");
    }
    let before = fake.requests_of(&COMPANIES_CREATE_CLIENT).len();
    for (wanted, said) in [
        ("COMPANY ADMIN", "(r2)"),
        ("Auditor", "(r4)"),
        // U+212A is a `k` in Unicode's lower case, but not in ASCII's.
        ("kiosk", "has no role"),
    ] {
        let new = NewApiClient::new("Export").role(wanted);
        let error = companies.create_api_client(&new).await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
        assert!(error.to_string().contains(said), "{error}");
    }
    assert_eq!(fake.requests_of(&COMPANIES_CREATE_CLIENT).len(), before);
}

/// URLs that grant access, and keys that read the data of others, are not plain text.
#[cfg(all(feature = "identity", feature = "phishing", feature = "reporter"))]
#[test]
fn secret_urls_and_keys_are_never_shown() {
    use keepnet_api::types;
    use std::fmt::Debug;

    fn shown<T: serde::de::DeserializeOwned + Debug>(member: &str) -> String {
        let value = serde_json::from_value::<T>(json!({ member: "s3cret-mark" }));
        format!("{:?}", value.unwrap())
    }
    for (shown, member) in [
        (
            shown::<types::DefaultSamlSetting>("bypassSSOLoginUrl"),
            "bypass_sso_login_url",
        ),
        (
            shown::<types::TeamsAppAuthorizeLinkResponse>("authorizationUrl"),
            "authorization_url",
        ),
        (
            shown::<types::TeamsOboAuthorizeLinkResponse>("authorizationUrl"),
            "authorization_url",
        ),
        (
            shown::<types::PhishingReporterSetting>("appPermissionAuthorizationUrl"),
            "app_permission_authorization_url",
        ),
        (
            shown::<types::TranslateLandingPageContentResponse>("temporaryKey"),
            "temporary_key",
        ),
    ] {
        assert!(shown.contains(member), "{shown}");
        assert!(!shown.contains("s3cret-mark"), "{shown}");
    }
}
