//! Tokens, companies and permissions of Keepnet.

mod support;

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use support::keepnet::{FORM, JSON, Session, ask_token, builder, search, send, start};

fn is(seen: &(u16, String), status: u16, token: &str) -> bool {
    (seen.0, seen.1.as_str()) == (status, token)
}

#[tokio::test]
async fn a_token_has_what_is_documented() {
    let sandbox = start().await;
    let keepnet = sandbox.keepnet();
    let response = ask_token(&sandbox, keepnet.client_id(), keepnet.client_secret()).await;
    let token = response.json();
    assert_eq!(token["expires_in"], 3600);
    assert_eq!(token["token_type"], "Bearer");
    assert_eq!(token["scope"], "api1");
    let permissions = token["permissions"].as_array().expect("a list");
    assert!(permissions.contains(&json!("companies/search|POST")));
    assert!(permissions.contains(&json!("target-users/{}|GET")));
}

#[tokio::test]
async fn a_token_request_that_is_wrong_says_what_is_wrong() {
    let sandbox = start().await;
    let keepnet = sandbox.keepnet();
    let refused = ask_token(&sandbox, keepnet.client_id(), "wrong").await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.json()["error"], "invalid_client");
    assert!(refused.json()["error_description"].is_string());
    let body = json!({
        "grant_type": "client_credentials",
        "client_id": keepnet.client_id(),
        "client_secret": keepnet.client_secret(),
        "scope": "api1",
    });
    let path = "/connect/token";
    let refused = send(&sandbox, Method::POST, path, &[JSON], body.to_string()).await;
    assert!(is(&refused.refused(), 500, "INTERNAL_SERVER_ERROR"));
    for (grant, scope, error) in [
        ("password", "api1", "unsupported_grant_type"),
        ("client_credentials", "api2", "invalid_scope"),
    ] {
        let (id, secret) = (keepnet.client_id(), keepnet.client_secret());
        let form =
            format!("grant_type={grant}&client_id={id}&client_secret={secret}&scope={scope}");
        let refused = send(&sandbox, Method::POST, path, &[FORM], form).await;
        assert_eq!(
            (refused.status, &refused.json()["error"]),
            (400, &json!(error))
        );
    }
    let form = "grant_type=client_credentials&client_id=i&client_secret=s&scope=api1";
    let other = |path: &'static str, form: String, headers: &'static [(&str, &str)]| {
        send(&sandbox, Method::POST, path, headers, form)
    };
    for (refused, what) in [
        (
            other(path, format!("{form}&audience=a"), &[FORM]),
            "audience",
        ),
        (
            other("/connect/token?a=b", form.to_owned(), &[FORM]),
            "a query",
        ),
        (
            other(path, form.to_owned(), &[]),
            "a body that is not a form",
        ),
    ] {
        let what = format!("a token request with {what}");
        refused.await.is_not_played(&what);
    }
    assert_eq!(keepnet.tokens_issued(), 0);
}

#[tokio::test]
async fn a_token_ends_with_its_time_or_when_it_is_revoked() {
    let sandbox = start().await;
    let keepnet = sandbox.keepnet();
    let path = "/api/companies/my";
    let session = Session::reseller(&sandbox).await;
    let other = Session::reseller(&sandbox).await;
    assert_ne!(session.token, other.token);
    session.get(path).await.data();
    other.get(path).await.data();

    assert_eq!(keepnet.revoke_tokens(), 2);
    assert_eq!(session.get(path).await.status, 401);

    let session = Session::reseller(&sandbox).await;
    sandbox.clock().advance(Duration::from_secs(3_590));
    session.get(path).await.data();
    sandbox.clock().advance(Duration::from_secs(11));
    let refused = session.get(path).await;
    assert_eq!(refused.status, 401);
    assert!(refused.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_request_without_a_valid_token_is_refused() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let basic = format!("Basic {}", session.token);
    for headers in [
        vec![],
        vec![("authorization", "Bearer wrong")],
        vec![("authorization", basic.as_str())],
    ] {
        let refused = send(&sandbox, Method::GET, "/api/companies/my", &headers, "").await;
        assert_eq!(refused.status, 401);
    }
    for path in ["/api/nothing", "/api/companies/my/x/y"] {
        let refused = session.delete(path).await;
        refused.is_not_played(&format!("DELETE {path}"));
    }
}

#[tokio::test]
async fn literal_segments_win_and_their_case_does_not_matter() {
    let sandbox = start().await;
    let session = Session::reseller(&sandbox).await;
    let mine = session.get("/api/Companies/MY").await.data();
    assert!(mine.is_array(), "{mine}");
    let nobody = session.get("/api/companies/nobody").await;
    assert!(is(&nobody.refused(), 404, "FAILED"));
    let no_items = session.delete("/api/target-users/bulk-delete").await;
    no_items.is_not_played("DELETE /api/target-users/bulk-delete without a body");
    let patched = session.call(Method::PATCH, "/api/companies/my", Value::Null);
    patched.await.is_not_played("PATCH /api/companies/my");
}

#[tokio::test]
async fn data_belongs_to_one_company() {
    let sandbox = start().await;
    let ids = sandbox.keepnet().company_ids();
    let first = Session::reseller(&sandbox).await;
    let second = Session::reseller(&sandbox).await.at(&ids[1]);
    let body = json!({"email": "new@first.example", "firstName": "New"});
    let id = first.post("/api/target-users", body).await.id();
    let path = format!("/api/target-users/{id}");
    assert_eq!(first.get(&path).await.data()["email"], "new@first.example");
    assert!(is(&second.get(&path).await.refused(), 404, "FAILED"));
    assert_eq!(sandbox.keepnet().target_users(&ids[0]), 31);
    assert_eq!(sandbox.keepnet().target_users(&ids[1]), 30);

    // Either header names the company.
    let bearer = format!("Bearer {}", first.token);
    for name in ["X-KEEPNET-Company-Id", "X-IR-COMPANY-ID"] {
        let headers = [("authorization", bearer.as_str()), (name, &ids[0])];
        assert_eq!(
            send(&sandbox, Method::GET, &path, &headers, "")
                .await
                .status,
            200
        );
    }
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(
        send(&sandbox, Method::GET, &path, &headers, "")
            .await
            .status,
        404
    );
    let both = [
        ("authorization", bearer.as_str()),
        ("x-keepnet-company-id", &ids[0]),
        ("x-ir-company-id", &ids[1]),
    ];
    let refused = send(&sandbox, Method::GET, &path, &both, "").await;
    assert!(is(&refused.refused(), 400, "INPUT_ERROR"));
}

#[tokio::test]
async fn a_foreign_company_is_forbidden_and_an_unknown_one_not_found() {
    let sandbox = start().await;
    let keepnet = sandbox.keepnet();
    let (id, secret) = (keepnet.company_client_id(), keepnet.company_client_secret());
    let path = "/api/target-users/count-summary";
    for (company, status) in [
        (&keepnet.company_ids()[0], 200),
        (&keepnet.company_ids()[1], 403),
        (&"nobody".to_owned(), 404),
    ] {
        let session = Session::of(&sandbox, id, secret).await.at(company);
        assert_eq!(session.get(path).await.status, status, "{company}");
    }
    let own = Session::of(&sandbox, id, secret).await;
    assert_eq!(
        own.get("/api/companies/my")
            .await
            .data()
            .as_array()
            .map(Vec::len),
        Some(1)
    );
    let body = search("CreateTime", true);
    let refused = own.post("/api/companies/search", body.clone()).await;
    assert!(is(&refused.refused(), 403, "FAILED"));

    let reseller = Session::reseller(&sandbox).await;
    let found = reseller.post("/api/companies/search", body).await.data();
    assert_eq!(found["totalNumberOfRecords"], 3);
    assert_eq!(found["limitExceededCompanyCount"], 0);
    assert_eq!(
        found["results"][0]["companyResourceId"],
        keepnet.company_ids()[0].as_str()
    );
    assert_eq!(found["results"][0]["targetUserCount"], 30);
    let mine = reseller.get("/api/companies/my").await.data();
    assert_eq!(mine[0]["children"].as_array().map(Vec::len), Some(3));
}

#[tokio::test]
async fn the_journal_shows_no_credential() {
    let sandbox = builder().start().await.expect("a sandbox");
    let keepnet = sandbox.keepnet();
    let session = Session::reseller(&sandbox).await;
    let body = json!({
        "currentPassword": keepnet.password(),
        "newPassword": "correct horse",
        "confirmNewPassword": "correct horse",
    });
    session
        .put("/api/system-users/change-password", body)
        .await
        .data();
    assert_eq!(keepnet.password(), "correct horse");
    let entries = sandbox.journal().entries();
    assert_eq!(entries[1].headers["authorization"], "[token 1 of reseller]");
    let shown = format!("{sandbox:?} {keepnet:?} {entries:?}");
    assert!(shown.contains("/connect/token"));
    for secret in [keepnet.client_secret(), &session.token, "correct horse"] {
        assert!(!shown.contains(secret));
    }
}
