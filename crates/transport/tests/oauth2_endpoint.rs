//! The requests to a token endpoint, its possible responses, and callers that go away meanwhile.

mod common;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::tokens::{TOKEN_URL, bearer, client, crowd, good, oauth2, tokens};
use common::{READ, read, seconds};
use proptest::prelude::*;
use security_api_transport::middleware::{Credential, HttpService};
use security_api_transport::{
    ApiKey, Client, ClientBuilder, Error, ErrorKind, FakeResponse, FakeTransport, OAuth2,
    ServiceSettings,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn the_token_request_is_exactly_the_form_of_the_standard() {
    for (scope, form) in [
        (
            None,
            "grant_type=client_credentials&client_id=the%20id&client_secret=s3cret%26%3D%2B%C3%BC",
        ),
        (
            Some("api read"),
            "grant_type=client_credentials&client_id=the%20id&client_secret=s3cret%26%3D%2B%C3%BC&scope=api%20read",
        ),
    ] {
        let (fake, mut credential, _) = good(0.0, 3600);
        if let Some(scope) = scope {
            credential = credential.scope(scope);
        }
        read(&client(&fake, &credential)).await.unwrap();
        let request = &tokens(&fake)[0];
        assert_eq!(
            (request.method.as_str(), request.uri.to_string().as_str()),
            ("POST", TOKEN_URL)
        );
        assert_eq!(
            request.headers["content-type"],
            "application/x-www-form-urlencoded"
        );
        assert_eq!(request.headers["user-agent"], "tests/1.0");
        assert!(
            !request.headers.contains_key("authorization")
                && !request.headers.contains_key("x-api-key")
        );
        assert_eq!(request.body, form);
    }
}

#[tokio::test(start_paused = true)]
async fn token_requests_name_the_client_that_they_are_made_for() {
    let (fake, credential, client) = good(0.0, 20);
    read(&client).await.unwrap();
    tokio::time::sleep(seconds(20.0)).await;
    let other = common::builder()
        .user_agent("night-watch/2.1")
        .credential(credential)
        .transport(fake.clone());
    read(&other.build().unwrap()).await.unwrap();
    let names: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| request.headers["user-agent"].clone())
        .collect();
    let (own, others) = ("tests/1.0", "night-watch/2.1 tests/1.0");
    assert_eq!(names, [own, own, others, others]);
}

#[tokio::test(start_paused = true)]
async fn the_life_of_a_token_is_read_in_every_form_it_comes_in() {
    for (expires_in, life) in [
        (json!(3600), 3595.0),
        (json!("3600"), 3595.0),
        (json!(3600.0), 3595.0),
        (json!(20), 18.0),
        (Value::Null, 595.0),
        (json!(0), 595.0),
        (json!(-1), 595.0),
        (json!("never"), 595.0),
        (json!({"seconds": 5}), 595.0),
        (json!(u64::MAX), 30.0 * 365.0 * 86400.0 - 5.0),
        (json!(1e300), 30.0 * 365.0 * 86400.0 - 5.0),
    ] {
        let (fake, credential, client) = good(0.0, 0);
        let response = FakeResponse::json(
            &json!({"access_token": "t", "expires_in": expires_in, "scope": "api"}),
        );
        fake.path("/token", move |_| response.clone());
        assert_eq!(crowd(&client, 100).await.0, 100, "{expires_in}");
        assert_eq!(tokens(&fake).len(), 1);
        let token = credential.current().unwrap();
        assert_eq!(
            (token.expires_in, token.scope.as_deref()),
            (seconds(life), Some("api")),
            "{expires_in}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_responses_of_a_token_endpoint_are_clear_errors_without_a_storm() {
    let json = |body: &str| FakeResponse::status(200).body(body.to_owned());
    let invalid = |error: &str| FakeResponse::status(400).body(format!(r#"{{"error":"{error}"}}"#));
    for (response, says, asked, retryable) in [
        (
            invalid("invalid_client"),
            "refused the client id or secret",
            1,
            false,
        ),
        (invalid("invalid_scope"), "invalid_scope", 1, false),
        (
            FakeResponse::status(400).body(
                r#"{"error":"invalid_grant","error_description":" The client is disabled. "}"#,
            ),
            "(400 Bad Request, invalid_grant): The client is disabled.",
            1,
            false,
        ),
        (
            FakeResponse::status(400)
                .body(r#"{"error":"invalid_grant","error_description":"s3cret\nline"}"#),
            "(400 Bad Request, invalid_grant)",
            1,
            false,
        ),
        (
            FakeResponse::status(400)
                .body(r#"{"error":"invalid_client","error_description":"no s3cret&=+ü here"}"#),
            "refused the client id or secret (400 Bad Request, invalid_client)",
            1,
            false,
        ),
        (
            FakeResponse::status(400).body(
                r#"{"error":"invalid_grant","error_description":"got client_secret=s3cret%26%3d%2B%C3%BC&scope="}"#,
            ),
            "(400 Bad Request, invalid_grant)",
            1,
            false,
        ),
        (
            FakeResponse::status(400).body(
                r#"{"error":"invalid_grant","error_description":"got \"s3cret&=+\\u00fc\""}"#,
            ),
            "(400 Bad Request, invalid_grant)",
            1,
            false,
        ),
        (
            FakeResponse::error(Error::new(ErrorKind::Custom, "sent client_secret=s3cret%26%3D%2B%C3%BC")),
            "the token request failed",
            3,
            true,
        ),
        (
            FakeResponse::status(400).body(r#"{"error_description":"s3cret"}"#),
            "responded with 400",
            1,
            false,
        ),
        (invalid("s3cret S3CRET"), "responded with 400", 1, false),
        (FakeResponse::status(401), "responded with 401", 1, false),
        (
            FakeResponse::status(302).header("location", "https://elsewhere.test/"),
            "responded with 302",
            1,
            false,
        ),
        (
            FakeResponse::status(404).body("<html>"),
            "responded with 404",
            1,
            false,
        ),
        (FakeResponse::status(500), "responded with 500", 3, true),
        (
            FakeResponse::status(503).header("retry-after", "0"),
            "responded with 503",
            3,
            true,
        ),
        (
            FakeResponse::status(429).header("retry-after", "9"),
            "responded with 429",
            3,
            true,
        ),
        // The status counts, whatever became of the body.
        (
            FakeResponse::status(503)
                .body("this is no gzip, and longer than its head")
                .header("content-encoding", "gzip"),
            "responded with 503",
            3,
            true,
        ),
        (
            FakeResponse::status(503).body("x").header("content-encoding", "rot13"),
            "responded with 503",
            3,
            true,
        ),
        (FakeResponse::status(500).body("{").cut(), "responded with 500", 3, true),
        (
            FakeResponse::status(400).body("x".repeat(100_000)),
            "responded with 400",
            1,
            false,
        ),
        (
            json(r#"{"error":"invalid_client"}"#),
            "refused the client id or secret (200 OK, invalid_client)",
            1,
            false,
        ),
        (json("<html>"), "has no `access_token`", 1, false),
        (json("{}"), "has no `access_token`", 1, false),
        (
            json(r#"{"access_token":7}"#),
            "has no `access_token`",
            1,
            false,
        ),
        (json(r#"{"access_token":""}"#), "is empty", 1, false),
        (
            json(r#"{"access_token":"s3cret\n"}"#),
            "cannot be in a header",
            1,
            false,
        ),
        (json("{").cut(), "broke off", 3, true),
        (json(&"x".repeat(100_000)), "is too large", 1, false),
        (
            json("this is no gzip, and longer than its head").header("content-encoding", "gzip"),
            "cannot be read",
            1,
            false,
        ),
        (FakeResponse::never(), "did not answer in time", 3, true),
        (
            FakeResponse::error(Error::new(ErrorKind::Connect, "x")),
            "could not be reached",
            3,
            true,
        ),
        (
            FakeResponse::error(Error::new(ErrorKind::Connect, "x").permanent()),
            "could not be reached",
            1,
            false,
        ),
    ] {
        let (fake, _, client) = good(0.0, 3600);
        fake.path("/token", move |_| response.clone());
        let error = read(&client).await.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::Credential, 0),
            "{error:?}"
        );
        assert!(error.to_string().contains(says), "{error}");
        assert!(
            !format!("{error:?}").to_lowercase().contains("s3cret"),
            "{error:?}"
        );
        assert_eq!(
            (tokens(&fake).len(), error.is_retryable()),
            (asked, retryable),
            "{error}"
        );
        assert!(fake.requests_of(&READ).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_damaged_token_response_is_read_like_any_other() {
    for body in [
        "\u{feff}{\"access_token\":\"good\",\"expires_in\":10}".to_owned(),
        r#"{"name":"\ud83d","access_token":"good","expires_in":10}"#.to_owned(),
        r#"{"access_token":"good","expires_in":1e400}"#.to_owned(),
    ] {
        let (fake, _, client) = good(0.0, 3600);
        let response = FakeResponse::status(200).body(body.clone());
        fake.path("/token", move |_| response.clone());
        let result = read(&client).await;
        assert!(result.is_ok(), "{body}: {result:?}");
        let sent = &fake.requests_of(&READ)[0].headers["authorization"];
        assert_eq!(sent, "Bearer good");
    }
}

/// Returns the seconds between token requests while calls are repeated and the endpoint sends this response.
async fn gaps(response: FakeResponse, calls: usize) -> Vec<f64> {
    let (fake, _, client) = good(0.0, 3600);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    fake.path("/token", move |_| {
        noted.lock().unwrap().push(Instant::now());
        response.clone()
    });
    for _ in 0..calls {
        read(&client).await.unwrap_err();
    }
    let asked = asked.lock().unwrap();
    asked
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_request_that_failed_for_the_moment_is_sent_again_after_waits_that_double() {
    let mut longest = [0.0_f64; 2];
    for _ in 0..200 {
        let gaps = gaps(FakeResponse::status(503), 1).await;
        for (longest, gap) in longest.iter_mut().zip(gaps) {
            *longest = longest.max(gap);
        }
    }
    for (longest, bound) in longest.into_iter().zip([0.2, 0.4]) {
        assert!((0.8 * bound..bound + 0.002).contains(&longest), "{longest}");
    }
    // A `Retry-After` within the first wait is part of it.
    let response = FakeResponse::status(503).header("retry-after", "0.2");
    let gaps = gaps(response, 1).await;
    assert!(
        gaps.len() == 2 && gaps.iter().all(|gap| *gap >= 0.2),
        "{gaps:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn after_each_fetch_that_fails_the_pause_before_the_next_doubles_up_to_half_a_minute() {
    for _ in 0..20 {
        let gaps = gaps(FakeResponse::status(400), 10).await;
        assert_eq!(gaps.len(), 9);
        for (number, gap) in gaps.iter().enumerate() {
            let bound = (0.5 * f64::from(1 << number)).min(30.0);
            assert!((0.5 * bound..bound + 0.002).contains(gap), "{gaps:?}");
        }
    }
    // A longer `Retry-After` of the endpoint is observed, up to a minute.
    for (asked, waited) in [("7", 7.0), ("1000", 60.0)] {
        let response = FakeResponse::status(400).header("retry-after", asked);
        let gaps = gaps(response, 3).await;
        assert!(
            gaps.iter()
                .all(|gap| (waited..waited + 0.002).contains(gap)),
            "{gaps:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn further_members_of_a_token_response_can_be_read_and_are_not_shown() {
    let (fake, credential, client) = good(0.0, 0);
    fake.path("/token", move |_| {
        FakeResponse::json(&json!({
            "access_token": "t", "permissions": ["read", "write"], "refresh_token": "s3cret"
        }))
    });
    read(&client).await.unwrap();
    let token = client.credential::<OAuth2>().unwrap().current().unwrap();
    assert_eq!(token.token.expose(), "t");
    assert_eq!(token.member("permissions"), Some(&json!(["read", "write"])));
    assert_eq!(token.member("access_token"), None);
    assert!(!format!("{token:?} {credential:?}").contains("s3cret"));
    assert!(client.credential::<ApiKey>().is_none());
}

#[tokio::test(start_paused = true)]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
async fn a_token_path_is_below_the_final_base_url_of_the_client() {
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| {
        FakeResponse::json(&json!({"access_token": "t"}))
    });
    fake.always(&READ, FakeResponse::json("good"));
    let credential = OAuth2::client_credentials("/connect/token", "id", "secret").unwrap();
    let settings = ServiceSettings {
        credential: Arc::new(credential.clone()),
        ..common::settings()
    };
    let client = ClientBuilder::<Client>::new(Ok(settings))
        .transport(fake.clone())
        .base_url("https://eu.api.test");
    read(&client.build().unwrap()).await.unwrap();
    assert_eq!(fake.requests()[0].uri, "https://eu.api.test/connect/token");
    // The clones of a credential share its token, so all its clients need the same base URL.
    let again = |url: &str| {
        common::builder()
            .credential(credential.clone())
            .base_url(url)
            .build()
    };
    assert!(again("https://eu.api.test/").is_ok());
    let error = again("https://us.api.test").unwrap_err();
    assert!(error.to_string().contains("another base URL"), "{error}");
    // A client that fails to build does not count.
    let fresh = OAuth2::client_credentials("/connect/token", "id", "secret").unwrap();
    let build = |url: &str, proxy: &str| {
        let builder = common::builder().credential(fresh.clone()).base_url(url);
        match proxy {
            "" => builder.build(),
            proxy => builder.proxy(proxy).build(),
        }
    };
    assert!(build("https://eu.api.test", "no proxy").is_err());
    assert!(build("https://us.api.test", "").is_ok());
    // Without a base URL there is no endpoint.
    let loose = OAuth2::client_credentials("/connect/token", "id", "secret").unwrap();
    let error = loose
        .ready(&HttpService::new(fake.clone()), None)
        .await
        .unwrap_err();
    assert!(error.is_invalid(), "{error}");
    for wrong in ["/connect/token?x=1", "/a/../b", "/a b"] {
        let error = OAuth2::client_credentials(wrong, "id", "secret").unwrap_err();
        assert!(
            error.is_invalid() && error.to_string().starts_with("token URL"),
            "{error}"
        );
    }
}

#[test]
fn a_token_url_that_would_show_the_secret_is_refused() {
    for (url, good) in [
        (TOKEN_URL, true),
        ("http://127.0.0.1:9/token", true),
        ("http://localhost/token", true),
        ("http://login.test/token", false),
        ("ftp://login.test/token", false),
        ("", false),
        ("https://user:hunter2@login.test/token", false),
        ("https://login.test:99999/token", false),
        ("https://login..test/token", false),
        ("https://*/token", false),
    ] {
        let result = OAuth2::client_credentials(url, "id", "secret");
        assert_eq!(result.is_ok(), good, "{url}");
        if let Err(error) = result {
            assert!(
                error.is_invalid() && !error.to_string().contains("hunter2"),
                "{error}"
            );
        }
    }
}

#[test]
fn an_id_or_secret_that_was_read_from_a_file_with_its_line_break_is_refused_in_the_words_of_an_api_key()
 {
    for (text, says) in [
        ("", "is empty"),
        (" \t", "is empty"),
        ("\n", "is empty"),
        (
            "s3cret\n",
            "after 6 bytes; was it copied whole and without a line break?",
        ),
        (
            "s3cret\r\n",
            "after 6 bytes; was it copied whole and without a line break?",
        ),
        (
            "s3\u{0}cret",
            "after 2 bytes; was it copied whole and without a line break?",
        ),
        ("s3cret ", "begins or ends with a space"),
        (" s3cret", "begins or ends with a space"),
        (
            "\u{feff}s3cret",
            "begins or ends with a space, a byte order mark",
        ),
        ("s3cret\u{200b}", "begins or ends with a space"),
    ] {
        let key = http::HeaderName::from_static("x-api-key");
        for (result, what) in [
            (
                OAuth2::client_credentials(TOKEN_URL, "id", text).map(drop),
                "the client secret",
            ),
            (
                OAuth2::client_credentials(TOKEN_URL, text, "secret").map(drop),
                "the client id",
            ),
            (ApiKey::new(key, text).map(drop), "the API key"),
            (ApiKey::bearer(text).map(drop), "the token"),
        ] {
            let error = result.unwrap_err();
            assert!(
                error.is_invalid() && !format!("{error:?}").contains("s3"),
                "{error:?}"
            );
            let said = error.to_string();
            assert!(said.starts_with(what), "{said}");
            // A header takes no such character wherever it is.
            let is_of_header = says.starts_with("begins") && !what.contains("client");
            let says = if is_of_header {
                "cannot be in a header"
            } else {
                says
            };
            assert!(said.contains(says), "{said}");
        }
    }
    // Values that a form can encode are accepted.
    assert!(OAuth2::client_credentials(TOKEN_URL, "an id", "s3 cret+ü").is_ok());
}

/// An event after a pause in milliseconds.
#[derive(Clone, Debug)]
enum Event {
    Call,
    CallAndGoAwayAfter(u64),
    Revoke,
}

/// The service: the valid token, and the number of token requests that overlapped with another one.
#[derive(Default)]
struct Issuer {
    issued: u64,
    /// The expiry of each token.
    good_until: HashMap<String, Instant>,
    asked: Option<Instant>,
    overlapped: usize,
    revoked: usize,
}

async fn play(
    events: Vec<(u64, Event)>,
    delay: Duration,
    life: Duration,
) -> (Arc<Mutex<Issuer>>, usize, Vec<Error>) {
    let fake = FakeTransport::new();
    let issuer = Arc::new(Mutex::new(Issuer::default()));
    let for_tokens = Arc::clone(&issuer);
    fake.path("/token", move |_| {
        let (now, mut issuer) = (Instant::now(), for_tokens.lock().unwrap());
        let overlaps = issuer.asked.is_some_and(|asked| now < asked + delay);
        issuer.overlapped += usize::from(overlaps);
        issuer.asked = Some(now);
        issuer.issued += 1;
        let number = issuer.issued.to_string();
        issuer
            .good_until
            .insert(format!("Bearer {number}"), now + life);
        let token = json!({"access_token": number, "expires_in": life.as_secs()});
        FakeResponse::json(&token).delay(delay)
    });
    let for_calls = Arc::clone(&issuer);
    fake.with(&READ, move |request| {
        let issuer = for_calls.lock().unwrap();
        let good = issuer
            .good_until
            .get(&bearer(request))
            .is_some_and(|until| Instant::now() < *until);
        if good {
            FakeResponse::json("good")
        } else {
            FakeResponse::status(401)
        }
    });
    let client = client(&fake, &oauth2());
    let mut calls = JoinSet::new();
    for (pause, event) in events {
        tokio::time::sleep(Duration::from_millis(pause)).await;
        let patience = match event {
            Event::Revoke => {
                let mut issuer = issuer.lock().unwrap();
                issuer.good_until.clear();
                issuer.revoked += 1;
                continue;
            }
            Event::Call => u64::MAX,
            Event::CallAndGoAwayAfter(patience) => patience,
        };
        let call = read(&client).send();
        calls.spawn(async move {
            match tokio::time::timeout(Duration::from_millis(patience), call).await {
                Ok(result) => result.err(),
                Err(_) => None,
            }
        });
        tokio::task::yield_now().await;
    }
    let errors = calls.join_all().await.into_iter().flatten().collect();
    (issuer, tokens(&fake).len(), errors)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn callers_that_go_away_block_no_other_and_no_token_is_requested_in_vain(
        events in proptest::collection::vec((
            prop_oneof![2 => Just(0), 2 => 0..600_u64, 1 => 0..20_000_u64],
            prop_oneof![
                5 => Just(Event::Call),
                4 => (0..1500_u64).prop_map(Event::CallAndGoAwayAfter),
                1 => Just(Event::Revoke),
            ],
        ), 1..60),
        delay in 0..1000_u64,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let total: u64 = events.iter().map(|(pause, _)| pause).sum();
        let life = Duration::from_secs(60);
        let (issuer, asked, errors) = runtime.block_on(play(events, Duration::from_millis(delay), life));
        let issuer = issuer.lock().unwrap();
        // Only a revocation makes a pending token request useless.
        prop_assert!(issuer.overlapped <= issuer.revoked);
        // Each lifetime needs one token, and each revocation one more. Renewals come at most a fifth of a lifetime
        // early.
        let lives = usize::try_from(total / 47_000).unwrap() + 1;
        prop_assert!(asked <= lives + issuer.revoked, "{asked} for {lives} lives and {} revocations", issuer.revoked);
        // A caller whose token is revoked twice within one call gets an error, and so does the next one. There are no
        // other errors.
        let unlucky = errors.iter().filter(|error| !error.is_unauthorized()).count();
        prop_assert_eq!(unlucky, 0);
        prop_assert!(issuer.revoked > 1 || errors.is_empty(), "{:?}", errors);
    }
}

#[tokio::test(start_paused = true)]
async fn a_description_of_a_refusal_is_shown_up_to_its_bound() {
    for (length, is_shown) in [(300, true), (301, false)] {
        let description = "x".repeat(length);
        let body = json!({"error": "invalid_grant", "error_description": description});
        let (fake, _, client) = good(0.0, 3600);
        fake.path("/token", move |_| {
            FakeResponse::status(400).body(body.to_string())
        });
        let error = read(&client).await.unwrap_err().to_string();
        assert_eq!(error.contains(&description), is_shown, "{error}");
        assert_eq!(error.contains("xx"), is_shown, "{error}");
    }
}
