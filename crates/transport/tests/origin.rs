//! The destinations of requests and of their credential.

mod common;

use common::wire::{Act, Server, response};
use common::{READ, builder, create, hurried, over, read};
use http::{HeaderValue, Method, Uri};
use security_api_transport::middleware::{BoxError, CallContext, HttpRequest};
use security_api_transport::{
    Client, ErrorKind, FakeResponse, FakeTransport, Outcome, Rate, RateLimiter,
};
use tower::util::MapRequestLayer;

fn rewriting(
    target: &'static str,
) -> MapRequestLayer<impl Fn(HttpRequest) -> HttpRequest + Clone + Send + Sync + 'static> {
    MapRequestLayer::new(move |mut request: HttpRequest| {
        *request.uri_mut() = Uri::from_static(target);
        request
    })
}

#[tokio::test(start_paused = true)]
async fn a_layer_cannot_take_the_request_with_its_credential_to_another_origin() {
    for (target, allowed) in [
        ("https://evil.test/things/7", false),
        ("https://api.test.evil.test/things/7", false),
        ("https://api.test:444/things/7", false),
        ("http://api.test/things/7", false),
        ("https://evil.test@api.test.evil.test/", false),
        ("/things/7", false),
        ("https://api.test/other?x=1", true),
        ("https://API.test:443/other", true),
    ] {
        for builder in [
            builder().call_layer(rewriting(target)),
            builder().attempt_layer(rewriting(target)),
        ] {
            let fake = FakeTransport::new();
            fake.always(&READ, FakeResponse::json("good"));
            let client: Client = builder.transport(fake.clone()).build().unwrap();
            let result = read(&client).await;
            assert_eq!(
                (result.is_ok(), fake.requests().len()),
                (allowed, usize::from(allowed)),
                "{target}"
            );
            if let Err(error) = result {
                assert_eq!(
                    (error.kind(), error.outcome()),
                    (ErrorKind::Credential, Outcome::NotSent),
                    "{target}"
                );
                assert!(!error.is_retryable() && error.attempts() <= 1);
                assert!(
                    error
                        .to_string()
                        .contains("another origin than https://api.test"),
                    "{error}"
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_an_error_that_names_the_new_host_and_nothing_else_of_it() {
    for (location, says, not) in [
        (
            "https://eu.api.test/things/7",
            "redirects to https://eu.api.test,",
            "things/7",
        ),
        (
            "https://eu.api.test:8443/x?token=MARK",
            "redirects to https://eu.api.test:8443,",
            "MARK",
        ),
        (
            "https://user:MARK@eu.api.test/",
            "redirects to https://eu.api.test,",
            "MARK",
        ),
        (
            "//eu.api.test/things/7?MARK",
            "redirects to https://eu.api.test,",
            "MARK",
        ),
        (
            "https://eu.api.test/a path with spaces?MARK",
            "redirects to https://eu.api.test,",
            "MARK",
        ),
        (
            "http://api.test/things/7",
            "redirects to http://api.test,",
            "things/7",
        ),
        ("/MARK?MARK", "redirects to another path", "MARK"),
        ("MARK", "redirects to another path", "MARK"),
        ("https://api.test/MARK", "redirects to another path", "MARK"),
        (
            "https://API.test:443/MARK",
            "redirects to another path",
            "MARK",
        ),
        ("https://[MARK/", "redirects", "MARK"),
    ] {
        for status in [301, 302, 303, 307, 308] {
            let fake = FakeTransport::new();
            fake.always(
                &READ,
                FakeResponse::status(status)
                    .header("location", location)
                    .body(r#"{"message":"MARK"}"#),
            );
            let error = read(&over(&fake)).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.status().unwrap().as_u16()),
                (ErrorKind::Redirect, status)
            );
            assert_eq!((fake.requests().len(), error.is_retryable()), (1, false));
            let text = format!("{error} {error:?}");
            assert!(
                text.contains(says) && !text.contains(not),
                "{location}: {text}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_that_says_nowhere_is_still_one() {
    for response in [
        FakeResponse::status(302),
        FakeResponse::status(302).header("location", ""),
    ] {
        let fake = FakeTransport::new();
        fake.always(&READ, response);
        let error = read(&over(&fake)).await.unwrap_err();
        assert_eq!(
            (error.kind(), fake.requests().len()),
            (ErrorKind::Redirect, 1),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_transport_follows_no_redirect() {
    let elsewhere = Server::start(vec![Act::Send(response(200, "", b"\"stolen\""))]).await;
    let location = format!("location: {}/x\r\n", elsewhere.url());
    for location in [location.as_str(), "location: /other\r\n"] {
        let server = Server::start(vec![Act::Send(response(307, location, b""))]).await;
        let client = builder()
            .base_url(server.url())
            .retry(hurried())
            .build()
            .unwrap();
        for call in [read(&client), create(&client)] {
            assert_eq!(call.await.unwrap_err().kind(), ErrorKind::Redirect);
        }
        assert_eq!((server.requests(), elsewhere.requests()), (2, 0));
    }
}

#[tokio::test]
async fn the_transport_puts_the_credential_on_the_request_to_its_origin() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = std::sync::Arc::clone(&seen);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        while let Some(request) = common::wire::read_request(&mut stream).await {
            heard
                .lock()
                .unwrap()
                .push(String::from_utf8(request).unwrap());
            let bytes = response(200, "", b"\"good\"");
            tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes)
                .await
                .unwrap();
        }
    });
    let client = builder()
        .base_url(&url)
        .user_agent("night-watch/1.0")
        .build()
        .unwrap();
    let call = client
        .operation(&READ, &["a/b c"])
        .query("q", "x&y=z")
        .query("q", "ü")
        .call::<serde_json::Value>();
    call.await.unwrap();
    let request = seen.lock().unwrap()[0].to_lowercase();
    assert!(
        request.starts_with("get /things/a%2fb%20c?q=x%26y%3dz&q=%c3%bc http/1.1\r\n"),
        "{request}"
    );
    for line in [
        "x-api-key: a-key",
        "user-agent: night-watch/1.0 tests/1.0",
        "accept: application/json",
        "accept-encoding: gzip",
    ] {
        assert!(
            request.contains(&format!("\r\n{line}\r\n")),
            "{line}: {request}"
        );
    }
}

#[tokio::test]
async fn a_file_is_fetched_from_public_hosts_and_elsewhere_only_where_that_is_wanted() {
    for (target, usual, private) in [
        ("https://files.test/blob", true, true),
        ("https://API.test.:8443/blob", true, true),
        ("https://10.0.0.7/blob", false, true),
        ("https://minio.internal:9000/blob", false, true),
        ("https://[fd12::1]/blob", false, true),
        ("https://0.0.0.0/blob", false, false),
        ("https://0/blob", false, false),
        ("https://[::]/blob", false, false),
        ("https://[::ffff:127.0.0.1]/blob", false, false),
        ("https://localhost./blob", false, false),
        ("https://x.localhost/blob", false, false),
        ("https://169.254.169.254/blob", false, false),
        ("https://[fd00:ec2::254]/blob", false, false),
    ] {
        for (builder, good) in [
            (builder(), usual),
            (builder().fetch_from_private_networks(), private),
        ] {
            let fake = FakeTransport::new();
            let file = FakeResponse::status(200).header("content-type", "text/csv");
            fake.path("/blob", move |_| file.clone());
            fake.path("/moved", |_| {
                FakeResponse::status(302).header("location", target)
            });
            let client: Client = builder.transport(fake.clone()).build().unwrap();
            let given = client.fetch(target).await;
            assert_eq!(given.is_ok(), good, "{target}");
            assert_eq!(fake.requests().len(), usize::from(good), "{target}");
            let moved = client.fetch("https://files.test/moved").await;
            assert_eq!(moved.is_ok(), good, "{target}");
            let sent = fake.requests();
            assert_eq!(sent.len(), 1 + 2 * usize::from(good), "{target}");
            if let (Err(given), Err(moved)) = (given, moved) {
                assert_eq!(
                    (given.kind(), given.outcome()),
                    (ErrorKind::Invalid, Outcome::NotSent)
                );
                assert_eq!(moved.kind(), ErrorKind::Redirect);
            }
        }
    }
}

#[test]
#[cfg_attr(not(feature = "_tls"), ignore = "it asks for https")]
fn plain_http_is_for_this_machine_only() {
    for (url, good) in [
        ("https://api.example.com", true),
        ("http://127.0.0.1:8080", true),
        ("http://localhost", true),
        ("http://[::1]:80", true),
        ("http://api.example.com", false),
        ("http://10.0.0.1", false),
        ("http://0.0.0.0", false),
        ("http://localhost.evil.test", false),
        ("http://127.0.0.1@evil.test", false),
        ("https://user:MARK@api.example.com", false),
    ] {
        let result = builder().base_url(url).build();
        assert_eq!(result.is_ok(), good, "{url}");
        if let Err(error) = result {
            assert!(
                error.is_invalid() && !format!("{error:?}").contains("MARK"),
                "{error:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_sees_only_the_configured_origin() {
    let transport = tower::service_fn(|request: HttpRequest| async move {
        assert_eq!(request.uri().scheme_str(), Some("https"));
        assert_eq!(request.uri().authority().unwrap(), "api.test");
        Ok::<_, BoxError>(http::Response::new(
            security_api_transport::middleware::ResponseBody::full("1"),
        ))
    });
    let client = builder().transport(transport).build().unwrap();
    read(&client).await.unwrap();
    for path in [
        "//evil.test/x",
        "/\\evil.test",
        "/x@evil.test",
        "/..//evil.test",
    ] {
        // The path is refused or harmless. The transport checks.
        let _ = client
            .request(http::Method::GET, path)
            .call::<serde_json::Value>()
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn layers_can_ask_whether_a_request_leaves_the_origin() {
    let marking = |name: &'static str| {
        MapRequestLayer::new(move |mut request: HttpRequest| {
            let call = request.extensions().get::<CallContext>().unwrap();
            if !call.leaves_origin() {
                let secret = HeaderValue::from_static("secret");
                request.headers_mut().insert(name, secret);
            }
            request
        })
    };
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    fake.path("/file", |request| match request.uri.host() {
        Some("api.service.test") => {
            FakeResponse::status(302).header("location", "https://files.test/file")
        }
        _ => FakeResponse::status(200).body("a file"),
    });
    let client = builder()
        .base_url("https://api.service.test")
        .call_layer(marking("x-call"))
        .attempt_layer(marking("x-attempt"))
        .transport(fake.clone())
        .build()
        .unwrap();
    read(&client).await.unwrap();
    read(&client.sibling("https://voice.service.test").unwrap())
        .await
        .unwrap();
    let file = client.fetch("https://api.service.test/file").await;
    assert_eq!(file.unwrap().bytes(9).await.unwrap(), "a file");
    let seen: Vec<_> = fake
        .requests()
        .iter()
        .map(|request| {
            let has = |name| request.headers.contains_key(name);
            assert_eq!(has("x-call"), has("x-attempt"));
            (request.uri.host().unwrap().to_owned(), has("x-call"))
        })
        .collect();
    let seen: Vec<_> = seen.iter().map(|(host, has)| (&**host, *has)).collect();
    assert_eq!(
        seen,
        [
            ("api.service.test", true),
            ("voice.service.test", true),
            ("api.service.test", true),
            ("files.test", false),
        ]
    );
}

fn of_service(fake: &FakeTransport) -> Client {
    let client = builder().base_url("https://api.service.test");
    client.transport(fake.clone()).build().unwrap()
}

#[tokio::test]
async fn a_sibling_is_sent_the_credential_at_a_host_of_its_own() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let client = of_service(&fake).with_header("x-company", "c-1").unwrap();
    let sibling = client.sibling("https://voice-api.service.test").unwrap();
    assert_eq!(sibling.base_url(), "https://voice-api.service.test");
    read(&sibling).await.unwrap();
    read(&client).await.unwrap();
    let requests = fake.requests();
    assert_eq!(requests[0].uri, "https://voice-api.service.test/things/7");
    assert_eq!(requests[1].uri, "https://api.service.test/things/7");
    for request in &requests {
        assert_eq!(request.headers["x-api-key"], "a-key");
        assert_eq!(request.headers["x-company"], "c-1");
    }
}

#[test]
fn a_sibling_lives_in_the_domain_of_the_client_or_is_refused() {
    let fake = FakeTransport::new();
    let at = |url: &'static str| {
        let client = builder().base_url(url).transport(fake.clone());
        client.build().unwrap()
    };
    for (own, other, allowed) in [
        (
            "https://api.service.test",
            "https://voice.service.test",
            true,
        ),
        (
            "https://api.service.test",
            "https://VOICE.Service.test.",
            true,
        ),
        (
            "https://api.service.test",
            "https://voice.service.test:8443",
            true,
        ),
        (
            "https://api.eu.service.test",
            "https://voice.eu.service.test",
            true,
        ),
        ("http://127.0.0.1:1", "http://localhost:2", true),
        ("https://api.service.test", "https://service.test", false),
        (
            "https://api.service.test",
            "https://a.voice.service.test",
            false,
        ),
        ("https://api.service.test", "https://voice.evil.test", false),
        (
            "https://api.service.test",
            "https://api.service.test.evil.test",
            false,
        ),
        ("https://api.service.test", "http://127.0.0.1:1", false),
        (
            "https://api.service.test",
            "http://voice.service.test",
            false,
        ),
        (
            "https://api.service.test",
            "https://voice.service.test/path",
            false,
        ),
        ("https://service.test", "https://other.test", false),
        ("https://192.0.2.1", "https://198.0.2.1", false),
        (
            "https://[2001:db8::1.2.3.4]",
            "https://[2001:db9::1.2.3.4]",
            false,
        ),
        ("http://127.0.0.1:1", "https://voice.service.test", false),
    ] {
        let sibling = at(own).sibling(other);
        assert_eq!(sibling.is_ok(), allowed, "{own} and {other}");
        if let Err(error) = sibling {
            assert!(error.is_invalid(), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_sibling_has_no_part_in_the_limits_of_the_client() {
    let limiter = RateLimiter::new(Rate::per_second(0.001, 1).unwrap());
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("good"));
    let client = builder().base_url("https://api.service.test");
    let client: Client = client
        .limiter(limiter)
        .transport(fake.clone())
        .build()
        .unwrap();
    let sibling = client.sibling("https://voice-api.service.test").unwrap();
    // A fetch takes no permit, and its rate limit headers close no limit.
    let start = tokio::time::Instant::now();
    for _ in 0..3 {
        read(&sibling).await.unwrap();
    }
    let used_up = FakeResponse::status(429).header("retry-after", "500");
    fake.once(&READ, used_up);
    read(&sibling).retries(0).await.unwrap_err();
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), std::time::Duration::ZERO);
}

#[tokio::test]
async fn unit_takes_any_success_and_what_fails_is_named_by_its_path() {
    let fake = FakeTransport::new();
    let client = over(&fake);
    let request = || client.request(Method::POST, "/things").segment("secret-id");
    for body in [
        r#"{"id":"7"}"#,
        "[1]",
        "\"x\"",
        "7",
        "null",
        "",
        "<html>",
        "\u{feff}{}",
        "{",
    ] {
        fake.path("/things/secret-id", move |_| {
            FakeResponse::status(200).body(body)
        });
        request().call::<()>().await.unwrap();
    }
    fake.path("/things/secret-id", |_| FakeResponse::json("text"));
    let wrong = request().call::<Vec<u32>>().await.unwrap_err();
    let wrong = wrong.to_string();
    assert!(wrong.starts_with("POST /things/{}: "), "{wrong}");
    assert!(request().call::<Option<u32>>().await.is_err());
    fake.path("/things/secret-id", |_| {
        FakeResponse::status(200).body("{\"ok\":false")
    });
    assert!(
        request().call::<()>().await.is_err(),
        "the service says that it failed"
    );
    fake.path("/things/secret-id", |_| FakeResponse::status(404));
    let missing = request().call::<()>().await.unwrap_err().to_string();
    assert!(missing.starts_with("POST /things/{}: 404"), "{missing}");
}
