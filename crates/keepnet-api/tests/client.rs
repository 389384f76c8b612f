//! The client's credentials and companies.

mod common;

use common::{envelope, granting, over, service};
use http::Method;
use httpmock::MockServer;
use keepnet_api::types::AgentAuthLoginRequest;
use keepnet_api::{Client, ErrorKind, Operation, Outcome, Reason, Sibling, operations};
use security_api_transport::{FakeResponse, FakeTransport};
use serde_json::{Value, json};

const COMPANY_HEADERS: [&str; 2] = ["x-keepnet-company-id", "x-ir-company-id"];

#[tokio::test]
async fn a_token_is_fetched_below_the_base_url_and_shared_by_all_clones() {
    let server = MockServer::start_async().await;
    let token = server
        .mock_async(|when, then| {
            when.method("POST")
                .path("/connect/token")
                .header("content-type", "application/x-www-form-urlencoded")
                .form_urlencoded_tuple("grant_type", "client_credentials")
                .form_urlencoded_tuple("client_id", "an-id")
                .form_urlencoded_tuple("client_secret", "s3cret&=+")
                .form_urlencoded_tuple("scope", "api1");
            then.status(200)
                .json_body(json!({"access_token": "token-1", "expires_in": 3600}));
        })
        .await;
    let companies = server
        .mock_async(|when, then| {
            when.method("GET")
                .path("/api/companies/my")
                .header("authorization", "Bearer token-1");
            then.status(200).json_body(json!({
                "data": [], "message": null, "status": "SUCCESS", "validationMessages": null,
            }));
        })
        .await;
    let client = Client::builder("an-id", "s3cret&=+")
        .base_url(server.base_url())
        .build()
        .unwrap();
    client.check().await.unwrap();
    client.clone().check().await.unwrap();
    client.for_company("aB3").unwrap().check().await.unwrap();
    token.assert_calls_async(1).await;
    companies.assert_calls_async(3).await;
}

#[tokio::test]
async fn a_company_is_sent_in_both_headers_and_only_by_its_own_client() {
    let fake = service();
    fake.path("/api/companies/my", |_| envelope(json!([])));
    let client = over(&fake);
    let one = client.for_company("aB3dE5gH7jK9").unwrap();
    let other = one.for_company("zZ9").unwrap();
    for client in [&client, &one, &other] {
        client.check().await.unwrap();
    }
    let mut named = Vec::new();
    for request in fake.requests() {
        let values = COMPANY_HEADERS.map(|name| {
            let values: Vec<_> = request.headers.get_all(name).iter().collect();
            assert!(values.len() < 2, "named twice");
            values
                .first()
                .map(|value| value.to_str().unwrap().to_owned())
        });
        assert_eq!(values[0], values[1]);
        if request.uri.path() == "/connect/token" {
            assert_eq!(values[0], None, "the token is not the company's");
        } else {
            named.push(values[0].clone());
        }
    }
    let expected = [None, Some("aB3dE5gH7jK9"), Some("zZ9")];
    assert_eq!(named, expected.map(|name| name.map(str::to_owned)));
}

#[test]
fn a_company_id_that_a_header_cannot_hold_is_refused() {
    let client = Client::new("an-id", "a-secret").unwrap();
    for (id, says) in [
        ("", "is empty"),
        (" ", "is empty"),
        ("My Company", "not its name"),
        ("a\r\nb", "not its name"),
        ("Ünal", "not its name"),
    ] {
        let error = client.for_company(id).unwrap_err();
        assert!(error.is_invalid());
        assert!(error.to_string().contains(says), "{id:?}: {error}");
    }
}

#[test]
fn an_id_secret_or_base_url_that_cannot_be_used_is_an_error_when_the_client_is_made() {
    assert!(Client::new("", "a-secret").unwrap_err().is_invalid());
    assert!(Client::new("an-id", "").unwrap_err().is_invalid());
    for url in ["http://api.example.com", "https://api.example.com/api"] {
        let made = Client::builder("an-id", "s3cret").base_url(url).build();
        let error = made.unwrap_err();
        assert!(error.to_string().starts_with("base URL:"), "{error}");
    }
}

#[tokio::test]
async fn refused_credentials_are_an_error_that_shows_no_secret() {
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| {
        FakeResponse::status(400).body(r#"{"error":"invalid_client"}"#)
    });
    let client = over(&fake);
    let error = client.check().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credential);
    let shown = format!("{error} {error:?} {error:#?} {client:?}");
    assert!(shown.contains("client id or secret"), "{shown}");
    assert!(!shown.contains("s3cret"), "{shown}");
    assert_eq!(fake.requests().len(), 1, "the endpoint's word is final");
}

#[tokio::test]
async fn a_306_renews_the_token_as_a_401_does() {
    for status in [306, 401] {
        let fake = FakeTransport::new();
        let granted = std::sync::atomic::AtomicU32::new(0);
        fake.path("/connect/token", move |_| {
            let number = granted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let token = format!("token-{number}");
            FakeResponse::json(&json!({"access_token": token, "expires_in": 3600}))
        });
        fake.path("/api/companies/my", move |request| {
            match request.headers["authorization"].to_str().unwrap() {
                "Bearer token-0" => FakeResponse::status(status),
                _ => envelope(json!([])),
            }
        });
        over(&fake).check().await.unwrap();
        assert_eq!(fake.requests().len(), 4, "{status}");
    }
}

#[tokio::test]
async fn a_failure_within_a_200_fails_the_check() {
    let fake = service();
    fake.path("/api/companies/my", |_| {
        FakeResponse::json(&json!({"data": null, "status": "FAILED", "message": "No such client"}))
    });
    let error = over(&fake).check().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::Failed));
    assert_eq!(error.api().unwrap().code.as_deref(), Some("FAILED"));
    assert!(error.to_string().contains("No such client"), "{error}");
}

#[tokio::test]
async fn a_token_tells_its_permissions_and_claims_once_there_is_one() {
    static SEARCH: Operation =
        Operation::new("companies.search", Method::POST, "/api/companies/search");
    static DELETE: Operation = Operation::new(
        "companies.delete",
        Method::DELETE,
        "/api/companies/{resourceId}",
    );
    // {"role":"Reseller","reseller_access":"True"}
    let token = "e30.eyJyb2xlIjoiUmVzZWxsZXIiLCJyZXNlbGxlcl9hY2Nlc3MiOiJUcnVlIn0.c2ln";
    let fake = granting(json!({
        "access_token": token,
        "expires_in": 3600,
        "scope": "api1",
        "permissions": ["companies/search|POST"],
    }));
    fake.path("/api/companies/my", |_| envelope(json!([])));
    let client = over(&fake);
    assert!(client.token_info().is_none());
    client.check().await.unwrap();
    let info = client.token_info().unwrap();
    assert_eq!(info.token().expose(), token);
    assert_eq!(info.scope(), Some("api1"));
    assert!((3500..=3600).contains(&info.expires_in().as_secs()));
    let permissions = info.permissions().unwrap();
    assert!(permissions.allows(&SEARCH));
    assert!(!permissions.allows(&DELETE));
    let claims = info.claims().unwrap();
    assert_eq!(claims.role(), Some("Reseller"));
    assert!(claims.is_reseller());
    let shown = format!("{info:?} {client:?}");
    assert!(!shown.contains(token), "{shown}");
}

#[tokio::test]
async fn a_token_without_permissions_or_claims_has_none() {
    let fake = service();
    fake.path("/api/companies/my", |_| envelope(json!([])));
    let client = over(&fake);
    client.check().await.unwrap();
    let info = client.token_info().unwrap();
    assert!(info.permissions().is_none());
    assert!(info.claims().is_none());
}

#[tokio::test]
async fn a_custom_request_returns_the_content_of_the_envelope() {
    let fake = service();
    fake.path("/api/regions", |_| envelope(json!([{"name": "EU"}])));
    fake.path("/api/bare", |_| FakeResponse::json(&json!([1, 2])));
    fake.path("/api/nothing", |_| {
        FakeResponse::json(&json!({"status": "SUCCESS"}))
    });
    let client = over(&fake);
    let get = |path| client.request(Method::GET, path).call::<Value>();
    assert_eq!(get("/api/regions").await.unwrap(), json!([{"name": "EU"}]));
    assert_eq!(get("/api/bare").await.unwrap(), json!([1, 2]));
    assert_eq!(get("/api/nothing").await.unwrap(), json!(null));
}

#[tokio::test]
async fn a_call_for_another_company_than_the_clients_is_refused() {
    let fake = service();
    fake.path("/api/companies/my", |_| envelope(json!([])));
    let client = over(&fake).for_company("aB3dE5gH7jK9").unwrap();
    for name in COMPANY_HEADERS {
        let call = |company: &str| {
            client
                .request(Method::GET, "/api/companies/my")
                .header(name, company)
                .call::<Value>()
        };
        let error = call("zZ9").await.unwrap_err();
        assert!(
            error.is_invalid() && error.to_string().contains(name),
            "{error}"
        );
        assert!(fake.requests().is_empty());
    }
    let same = client
        .request(Method::GET, "/api/companies/my")
        .header(COMPANY_HEADERS[0], "aB3dE5gH7jK9");
    same.call::<Value>().await.unwrap();
}

#[tokio::test]
async fn the_token_and_the_client_secret_that_the_service_quotes_are_shown_in_no_error() {
    for status in [400, 401, 403] {
        let fake = service();
        let quote = json!({
            "status": "INPUT_ERROR",
            "message": "Bearer token-1 and s3cret",
            "validationMessages": {"clientSecret": ["s3cret\r\n"], "token-1": ["is odd"]},
        });
        let response = FakeResponse::status(status).body(quote.to_string());
        fake.path("/api/companies/my", move |_| response.clone());
        let error = over(&fake).check().await.unwrap_err();
        let api = error.api().unwrap();
        let text = format!("{error} {error:?} {error:#?} {api:?}");
        assert!(
            !text.contains("token-1") && !text.contains("s3cret"),
            "{text}"
        );
        assert!(text.contains("Bearer [redacted] and [redacted]"), "{text}");
    }
}

#[tokio::test]
async fn siblings_are_asked_with_the_token_of_the_client_and_its_company() {
    let fake = service();
    for host in ["vishing-api", "ets-api", "ti-api"] {
        let path = format!("/api/{host}");
        fake.path(&path, |_| envelope(json!({"resourceId": "v-1"})));
    }
    let keepnet = over(&fake).for_company("company-1").unwrap();
    for (sibling, host) in [
        (Sibling::Vishing, "vishing-api"),
        (Sibling::EmailThreatSimulator, "ets-api"),
        (Sibling::ThreatIntelligence, "ti-api"),
    ] {
        let client = keepnet.sibling(sibling).unwrap();
        let call = client.request(Method::GET, &format!("/api/{host}"));
        let found: Value = call.call().await.unwrap();
        assert_eq!(found, json!({"resourceId": "v-1"}), "without its envelope");
        let sent = fake.requests().pop().unwrap();
        let url = format!("https://{host}.keepnetlabs.com/api/{host}");
        assert_eq!(sent.uri.to_string(), url);
        assert_eq!(sent.headers["authorization"], "Bearer token-1");
        assert_eq!(sent.headers["x-keepnet-company-id"], "company-1");
    }
    let tokens = fake.requests().into_iter();
    let tokens = tokens.filter(|one| one.uri.path() == "/connect/token");
    let hosts: Vec<_> = tokens
        .map(|one| one.uri.host().unwrap().to_owned())
        .collect();
    assert_eq!(hosts, ["api.keepnetlabs.com"]);
}

#[test]
fn a_sibling_can_be_given_by_its_url_within_the_domain() {
    let at = |url: &str| {
        Client::builder("an-id", "a-secret")
            .base_url(url)
            .build()
            .unwrap()
    };
    for base in [
        "https://api.awareness.example.com",
        "https://API.awareness.example.com",
    ] {
        let derived = at(base).sibling(Sibling::Vishing);
        let derived = derived.unwrap().base_url();
        assert_eq!(derived, "https://vishing-api.awareness.example.com");
    }
    for base in ["https://test-api.example.com", "http://127.0.0.1:1"] {
        let error = at(base).sibling(Sibling::Vishing).unwrap_err();
        assert!(error.to_string().contains("`sibling_at`"), "{error}");
    }
    let given = "https://test-vishing-api.example.com";
    let keepnet = at("https://test-api.example.com");
    let client = keepnet.sibling_at(Sibling::Vishing, given).unwrap();
    assert_eq!(client.base_url(), given);
    let elsewhere = keepnet.sibling_at(Sibling::Vishing, "https://vishing-api.example.net");
    assert!(
        elsewhere
            .unwrap_err()
            .to_string()
            .contains("not in the domain")
    );
}

#[tokio::test]
async fn a_custom_request_can_ignore_its_value_and_names_its_path_in_errors() {
    let fake = service();
    let keepnet = over(&fake);
    let activity = || {
        let request = keepnet.request(Method::POST, "/api/agentic-ai/activities");
        request.segment("a-1")
    };
    let path = "/api/agentic-ai/activities/a-1";
    for done in [
        envelope(json!({"resourceId": "a-1"})),
        envelope(Value::Null),
        FakeResponse::status(204),
        FakeResponse::json(&json!(["whatever"])),
    ] {
        fake.path(path, move |_| done.clone());
        activity().call::<()>().await.unwrap();
    }
    fake.path(path, |_| {
        FakeResponse::json(&json!({"data": null, "status": "FAILED", "message": "No"}))
    });
    let error = activity().call::<()>().await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::Failed));
    let text = error.to_string();
    assert!(
        text.starts_with("POST /api/agentic-ai/activities/{}: "),
        "{text}"
    );
    fake.path(path, |_| envelope(json!({"resourceId": "a-1"})));
    let wrong = activity().call::<Vec<u32>>().await.unwrap_err().to_string();
    assert!(
        wrong.starts_with("POST /api/agentic-ai/activities/{}: "),
        "{wrong}"
    );
}

#[tokio::test]
async fn a_value_of_any_form_is_read_through_json() {
    #[derive(serde::Deserialize)]
    struct Login {
        url: String,
        attempts: u8,
    }
    for value in [
        json!({"url": "https://id.example.com/?a=1&b=\u{1d11e}", "attempts": 3}),
        json!("https://id.example.com/"),
        json!([1, 2.5, null, {"a": []}]),
        json!(false),
    ] {
        let fake = service();
        fake.always(&operations::AGENT_AUTH_LOGIN_URL, envelope(value.clone()));
        let agents = over(&fake).agent_auth();
        let read = agents.login_url(AgentAuthLoginRequest::new()).await;
        let read = read.unwrap().unwrap();
        assert_eq!(read.decode::<Value>().unwrap(), value);
        assert_eq!(read.as_str(), value.to_string());
        if value.is_object() {
            let login: Login = read.decode().unwrap();
            assert_eq!(
                (login.url.as_str(), login.attempts),
                ("https://id.example.com/?a=1&b=\u{1d11e}", 3)
            );
        }
    }
    let fake = service();
    fake.always(&operations::AGENT_AUTH_LOGIN_URL, envelope(Value::Null));
    let agents = over(&fake).agent_auth();
    let none = agents.login_url(AgentAuthLoginRequest::new()).await;
    assert!(none.unwrap().is_none());
}

#[cfg(all(feature = "identity", feature = "incident_response", feature = "users"))]
#[tokio::test]
async fn a_blank_secret_is_refused_wherever_it_is_given() {
    use keepnet_api::types::{
        AuthTokenForm, CreateLdapSettingRequest, DownloadZipRequest, ResetPasswordRequest,
    };

    let fake = service();
    let client = over(&fake);
    for blank in ["", " \n", "\u{a0}"] {
        let emails = client.notified_emails();
        let token = AuthTokenForm::new("client_credentials", "an-id", blank, "api1");
        let ldap = CreateLdapSettingRequest::new("reader", blank, "dc=example,dc=com");
        let reset = ResetPasswordRequest::new().token(blank);
        let zip = DownloadZipRequest::new().zip_password(blank);
        let oauth = client.google_oauth().callback().code(blank);
        let attachments = emails.download_attachments("m-1").zip_password(blank);
        let messages = emails.download_msg_files("m-1").zip_password(blank);
        for (name, error) in [
            ("client_secret", client.auth().token(&token).await.err()),
            ("password", client.ldap().create(&ldap).await.err()),
            (
                "token",
                client.system_users().reset_password(&reset).await.err(),
            ),
            (
                "zipPassword",
                emails.download_msg_files_zip(&zip).await.err(),
            ),
            ("zipPassword", attachments.await.err()),
            ("zipPassword", messages.await.err()),
            ("Code", oauth.await.err()),
        ] {
            let error = error.unwrap();
            assert_eq!(
                (error.kind(), error.outcome()),
                (ErrorKind::Invalid, Outcome::NotSent),
                "{name}: {error}"
            );
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error} {}", cause.unwrap_or_default());
            let expected = format!("`{name}` is empty or blank");
            assert!(text.contains(&expected), "{text}");
        }
    }
    assert!(fake.requests().is_empty());
}

#[cfg(feature = "callback")]
#[tokio::test]
async fn a_member_of_any_form_is_read_through_json_beside_typed_ones() {
    let events = json!([{"event": "delivered", "tries": [1, 2]}, "opened", 7]);
    let fake = service();
    let activity = envelope(json!({"from": "a@example.com", "events": events, "subject": "Hello"}));
    fake.always(
        &operations::CALLBACK_CAMPAIGN_REPORTS_EMAIL_ACTIVITY,
        activity,
    );
    let reports = over(&fake).callback_campaign_reports();
    let read = reports.email_activity("u-1").await.unwrap();
    assert_eq!(
        (read.from.as_deref(), read.subject.as_deref()),
        (Some("a@example.com"), Some("Hello"))
    );
    let read = read.events.unwrap().into_iter();
    let read: Vec<Value> = read.map(|event| event.decode().unwrap()).collect();
    assert_eq!(json!(read), events);
}

#[tokio::test]
async fn a_check_needs_the_envelope_with_the_list_of_companies() {
    let in_envelope = |data: Value| json!({"data": data, "message": null, "status": "SUCCESS", "validationMessages": null});
    for (body, passes) in [
        (in_envelope(json!([])), true),
        (
            in_envelope(json!([{"name": "Own", "resourceId": "c-1"}])),
            true,
        ),
        (
            json!({"Data": [], "Message": null, "Status": "Success", "ValidationMessages": []}),
            true,
        ),
        (
            json!({"data": [], "message": null, "status": null, "validationMessages": null}),
            true,
        ),
        (in_envelope(json!([{"name": "Own"}])), false),
        (in_envelope(json!([{"resourceId": ""}])), false),
        (in_envelope(json!([{"resourceId": "c-1"}, 7])), false),
        (in_envelope(json!({"message": "hello"})), false),
        (in_envelope(Value::Null), false),
        // Other services.
        (json!([]), false),
        (json!([1]), false),
        (json!([[{"id": "b1"}], null]), false),
        (json!([[], null, "SUCCESS", null]), false),
        (json!({}), false),
        (json!({"data": []}), false),
        (json!({"data": [], "message": null}), false),
        (json!({"data": [], "status": null}), false),
        (json!({"data": [], "status": "success"}), false),
        (
            json!({"data": [], "message": null, "status": "SUCCESS"}),
            false,
        ),
        (json!({"data": [], "status": 200}), false),
        (
            json!({"data": [], "message": null, "status": 200, "validationMessages": null}),
            false,
        ),
        (json!({"status": "SUCCESS"}), false),
        (json!("SUCCESS"), false),
    ] {
        let fake = service();
        let response = FakeResponse::json(&body);
        fake.path("/api/companies/my", move |_| response.clone());
        let checked = over(&fake).check().await;
        assert_eq!(checked.is_ok(), passes, "{body}");
        if let Err(error) = checked {
            assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
            let text = error.to_string();
            assert!(text.contains("companies.list_my"), "{text}");
            // What is no object says what it should have been.
            let expected = "the service's envelope with the list of companies";
            assert!(body.is_object() || text.contains(expected), "{text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_the_service_closed_can_be_reopened_early() {
    let fake = service();
    let closed = std::sync::atomic::AtomicBool::new(true);
    fake.path("/api/companies/my", move |_| {
        match closed.swap(false, std::sync::atomic::Ordering::Relaxed) {
            true => FakeResponse::status(429).header("retry-after", "1800"),
            false => envelope(json!([])),
        }
    });
    let client = over(&fake);
    client.check().await.unwrap_err();
    let error = client.check().await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
    client.reopen_limits();
    client.check().await.unwrap();
}

#[cfg(feature = "companies")]
#[tokio::test]
async fn the_list_that_the_check_reads_is_listed_as_well() {
    let fake = service();
    let list = envelope(json!([{"name": "Own", "resourceId": "c-1"}]));
    fake.path("/api/companies/my", move |_| list.clone());
    let keepnet = over(&fake);
    keepnet.check().await.unwrap();
    let companies = keepnet.companies().list_my().await.unwrap();
    assert_eq!(companies[0].resource_id.as_deref(), Some("c-1"));
}
