//! The contents of a request: forms, secrets in the query, and no credential.

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use common::tokens::{TOKEN_URL, oauth2};
use common::{builder, over, settings};
use http::Method;
use http::header::HeaderName;
use security_api_transport::middleware::HttpRequest;
use security_api_transport::model::urlencoded;
use security_api_transport::{
    Anonymous, ApiKey, Client, ClientBuilder, FakeResponse, FakeTransport, Form, Job, OAuth2,
    Operation, Outcome, RetryPolicy, Secret, ServiceSettings, Upload, model,
};
use serde_json::{Value, json};
use tower::util::MapRequestLayer;

static SUBMIT: Operation = Operation::new("things.submit", Method::POST, "/submit");
static OPEN: Operation = Operation::new("things.open", Method::GET, "/open")
    .idempotent()
    .anonymous();

fn fake() -> FakeTransport {
    let fake = FakeTransport::new();
    fake.always(&SUBMIT, FakeResponse::json("done"));
    fake
}

#[tokio::test]
async fn a_form_arrives_with_its_fields_in_order_each_time_it_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("upload.pdf");
    tokio::fs::write(&path, b"on disk").await.unwrap();
    let fake = fake();
    fake.once(
        &SUBMIT,
        FakeResponse::status(429).header("retry-after", "0"),
    );
    let form = Form::new()
        .text("push[kind]", "file")
        .text("push[note]", "line\nbreak, 100 % \"quoted\"")
        .upload(
            "push[files][]",
            Upload::bytes("a \"b\"\r\n.txt", "in memory"),
        )
        .upload(
            "push[files][]",
            Upload::file(&path)
                .await
                .unwrap()
                .file_name("Bericht 計画.pdf")
                .content_type("application/pdf"),
        );
    let client = over(&fake);
    let call = client.operation(&SUBMIT, &[]).form(form).call::<Value>();
    call.await.unwrap();

    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].body == requests[1].body);
    let content_type = requests[1].headers["content-type"].to_str().unwrap();
    let boundary = content_type
        .strip_prefix("multipart/form-data; boundary=")
        .unwrap();
    let body = futures_util::stream::iter([Ok::<Bytes, std::io::Error>(requests[1].body.clone())]);
    let mut received = multer::Multipart::new(body, boundary);
    let mut fields = Vec::new();
    while let Some(field) = received.next_field().await.unwrap() {
        let name = field.name().unwrap().to_owned();
        let file = field.file_name().map(str::to_owned);
        let kind = field.content_type().map(ToString::to_string);
        fields.push((name, file, kind, field.text().await.unwrap()));
    }
    let field = |name: &str, file: Option<&str>, kind: Option<&str>, text: &str| {
        let owned = |text: &str| text.to_owned();
        (owned(name), file.map(owned), kind.map(owned), owned(text))
    };
    assert_eq!(
        fields,
        [
            field("push[kind]", None, None, "file"),
            field("push[note]", None, None, "line\nbreak, 100 % \"quoted\""),
            field(
                "push[files][]",
                Some("a %22b%22%0D%0A.txt"),
                Some("application/octet-stream"),
                "in memory"
            ),
            field(
                "push[files][]",
                Some("Bericht 計画.pdf"),
                Some("application/pdf"),
                "on disk"
            ),
        ]
    );
}

#[tokio::test]
async fn a_urlencoded_form_keeps_every_character_and_the_order_of_its_pairs() {
    let fake = fake();
    let pairs = [("a", "1 & 2 = 3"), ("push[payload]", "ü\r\n+%"), ("a", "")];
    over(&fake)
        .operation(&SUBMIT, &[])
        .urlencoded(pairs)
        .call::<Value>()
        .await
        .unwrap();
    let sent = &fake.requests()[0];
    assert_eq!(
        sent.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(
        sent.body,
        "a=1%20%26%202%20%3D%203&push%5Bpayload%5D=%C3%BC%0D%0A%2B%25&a="
    );
}

#[tokio::test]
async fn a_secret_in_the_query_is_sent_and_shown_nowhere() {
    let fake = fake();
    fake.always(&SUBMIT, FakeResponse::status(400));
    let request = over(&fake)
        .operation(&SUBMIT, &[])
        .query("passphrase", "an older one")
        .set_secret_query("passphrase", &Secret::from("s3cret &?"));
    let shown = format!("{request:?}");
    let error = request.call::<Value>().await.unwrap_err();
    assert_eq!(
        fake.requests()[0].uri.query(),
        Some("passphrase=s3cret%20%26%3F")
    );
    let shown = format!("{shown} {error} {error:?} {error:#?} {:?}", fake.requests());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn no_layer_sees_a_secret_of_the_query_and_each_attempt_sends_it() {
    let fake = fake();
    fake.once(
        &SUBMIT,
        FakeResponse::status(429).header("retry-after", "0"),
    );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let layer = || {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: HttpRequest| {
            seen.lock().unwrap().push(format!("{request:?}"));
            request
        })
    };
    let client = builder()
        .transport(fake.clone())
        .call_layer(layer())
        .attempt_layer(layer())
        .build()
        .unwrap();
    let request = |client: &Client| {
        client
            .operation(&SUBMIT, &[])
            .set_secret_query("passphrase", &Secret::from("s3cret"))
            .query("page", "1")
    };
    let once = request(&client);
    assert!(once.has_query("passphrase"));
    assert_eq!(once.query_value("passphrase"), Some("s3cret"));
    once.call::<Value>().await.unwrap();
    let sent: Vec<_> = fake.requests().into_iter().map(|sent| sent.uri).collect();
    assert_eq!(sent.len(), 2);
    for uri in sent {
        assert_eq!(uri.query(), Some("page=1&passphrase=s3cret"));
    }
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 3);
    for text in seen {
        assert!(
            text.contains("page=1") && !text.contains("s3cret"),
            "{text}"
        );
    }

    let mut without = request(&client);
    without.remove_query("passphrase");
    without.call::<Value>().await.unwrap();
    let replaced = request(&client).set_query("passphrase", "open");
    replaced.call::<Value>().await.unwrap();
    let sent = fake.requests();
    assert_eq!(sent[2].uri.query(), Some("page=1"));
    assert_eq!(sent[3].uri.query(), Some("page=1&passphrase=open"));

    let long = request(&client).set_secret_query("q", &Secret::from("s3cret".repeat(20_000)));
    let error = long.call::<Value>().await.unwrap_err();
    assert!(
        error.is_invalid() && error.outcome() == Outcome::NotSent,
        "{error:?}"
    );
    assert_eq!((error.attempts(), fake.requests().len()), (1, 4));
}

static SHOW: Operation = Operation::new("things.show", Method::GET, "/things/{id}/{key}/views")
    .idempotent()
    .secret_path(&["key"]);

#[tokio::test(start_paused = true)]
async fn no_layer_sees_a_secret_of_the_path_and_each_attempt_sends_it() {
    let fake = fake();
    fake.always(&SHOW, FakeResponse::json(&json!(null)));
    fake.once(&SHOW, FakeResponse::status(429).header("retry-after", "0"));
    let seen = Arc::new(Mutex::new(String::new()));
    let layer = || {
        let seen = Arc::clone(&seen);
        MapRequestLayer::new(move |request: HttpRequest| {
            seen.lock().unwrap().push_str(&format!("{request:?}\n"));
            request
        })
    };
    let settings = ServiceSettings {
        base_url: "https://api.test/{key}".to_owned(),
        base_path: true,
        ..settings()
    };
    let client = ClientBuilder::<Client>::new(Ok(settings))
        .transport(fake.clone())
        .call_layer(layer())
        .attempt_layer(layer())
        .build()
        .unwrap();
    let request = client
        .operation(&SHOW, &["{key}", "s3cret/?"])
        .query("page", "1")
        .set_secret_query("passphrase", &Secret::from("s3cret &?"));
    let mut shown = format!("{request:?}");
    request.clone().call::<Value>().await.unwrap();
    let sent: Vec<_> = fake.requests().into_iter().map(|sent| sent.uri).collect();
    assert_eq!(sent.len(), 2);
    for uri in sent {
        assert_eq!(
            uri,
            "https://api.test/{key}/things/%7Bkey%7D/s3cret%2F%3F/views?page=1&passphrase=s3cret%20%26%3F"
        );
    }
    fake.always(&SHOW, FakeResponse::status(400));
    let error = request.call::<Value>().await.unwrap_err();
    shown.push_str(&format!("{error} {error:?} {:?}", fake.requests()));
    let seen = seen.lock().unwrap().clone();
    assert_eq!(
        seen.matches("/things/%7Bkey%7D/{key}/views?page=1,")
            .count(),
        5,
        "{seen}"
    );
    shown.push_str(&seen);
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[tokio::test]
async fn a_secret_of_the_path_that_has_lost_its_place_is_not_sent() {
    let fake = fake();
    let client = builder()
        .transport(fake.clone())
        .attempt_layer(MapRequestLayer::new(|mut request: HttpRequest| {
            *request.uri_mut() = "https://api.test/things/1/x/views".parse().unwrap();
            request
        }))
        .build()
        .unwrap();
    let call = client.operation(&SHOW, &["1", "s3cret"]).call::<Value>();
    let error = call.await.unwrap_err();
    assert!(
        error.is_invalid() && error.outcome() == Outcome::NotSent,
        "{error:?}"
    );
    assert!(error.to_string().contains("`{key}`"), "{error}");
    assert_eq!((error.attempts(), fake.requests().len()), (1, 0));
    for key in ["", "..", "s3cret/../x"] {
        let call = client.operation(&SHOW, &["1", key]).call::<Value>();
        let error = call.await.unwrap_err();
        assert!(error.is_invalid() && error.attempts() == 0, "{error:?}");
        assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    }
}

#[tokio::test]
async fn errors_of_own_requests_show_no_segment() {
    let fake = FakeTransport::new();
    fake.path("/pushes/t0ken/views/a%2Fb", |_| FakeResponse::status(404));
    let client = over(&fake);
    for path in ["/pushes", "/pushes/"] {
        let request = client.request(Method::GET, path);
        let request = request.segment("t0ken").segment("views").segment("a/b");
        let error = request.call::<Value>().await.unwrap_err();
        assert!(error.is_not_found());
        let text = error.to_string();
        assert!(text.starts_with("GET /pushes/{}/{}/{}: 404"), "{text}");
    }
}

#[tokio::test]
async fn an_anonymous_operation_neither_awaits_nor_carries_nor_renews_the_credential() {
    let fake = FakeTransport::new();
    fake.path("/token", |_| {
        FakeResponse::json(&json!({"access_token": "t"}))
    });
    fake.always(&OPEN, FakeResponse::json("open"));
    let oauth2 = oauth2();
    let client = builder()
        .transport(fake.clone())
        .credential(oauth2.clone())
        .retry(RetryPolicy::default())
        .build()
        .unwrap();
    let open = || client.operation(&OPEN, &[]).call::<Value>();
    open().await.unwrap();
    fake.once(&OPEN, FakeResponse::status(401));
    let error = open().await.unwrap_err();
    assert!(error.is_unauthorized());
    assert_eq!((error.attempts(), fake.requests_of(&OPEN).len()), (1, 2));
    for request in fake.requests() {
        assert!(!TOKEN_URL.ends_with(request.uri.path()));
        assert!(!request.headers.contains_key("authorization"));
        // The headers of every request are present.
        assert_eq!(request.headers["user-agent"], "tests/1.0");
    }
    assert!(oauth2.current().is_none());
    // Other operations of the same client send the credential.
    fake.always(&SUBMIT, FakeResponse::json("done"));
    client
        .operation(&SUBMIT, &[])
        .call::<Value>()
        .await
        .unwrap();
    let sent = &fake.requests_of(&SUBMIT)[0];
    assert_eq!(sent.headers["authorization"], "Bearer t");
}

#[tokio::test(start_paused = true)]
async fn a_client_without_a_credential_sends_none_and_is_refused_once() {
    let fake = FakeTransport::new();
    fake.once(&SUBMIT, FakeResponse::json("done"));
    fake.always(&SUBMIT, FakeResponse::status(401));
    let builder = builder().transport(fake.clone()).credential(Anonymous);
    let client = builder.build().unwrap();
    let submit = || client.operation(&SUBMIT, &[]).call::<Value>();
    submit().await.unwrap();
    let error = submit().await.unwrap_err();
    assert_eq!((error.attempts(), error.is_unauthorized()), (1, true));
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    for name in ["authorization", "x-api-key"] {
        assert!(!requests[0].headers.contains_key(name), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn default_headers_go_to_the_services_own_origin_and_nowhere_else() {
    let fake = fake();
    for path in ["/own", "/foreign"] {
        fake.path(path, |_| FakeResponse::status(200).body("a file"));
    }
    fake.path("/token", |_| {
        FakeResponse::json(&json!({"access_token": "t"}))
    });
    let credential = |url: &str| OAuth2::client_credentials(url, "id", "a-secret").unwrap();
    let client = |token_url: &str| {
        builder()
            .transport(fake.clone())
            .credential(credential(token_url))
            .default_header("x-access-id", "an-id")
            .default_secret_header("x-access-secret", &Secret::from("MARKED secret"))
            .build()
            .unwrap()
    };
    let own = client("/token");
    let submit = |client: &Client| client.operation(&SUBMIT, &[]);
    submit(&own).call::<Value>().await.unwrap();
    let _ = own.fetch(&format!("{}/own", common::ORIGIN)).await.unwrap();
    let call = submit(&own).header("x-access-id", "another");
    call.call::<Value>().await.unwrap();
    for (request, id) in fake
        .requests()
        .iter()
        .zip(["an-id", "an-id", "an-id", "another"])
    {
        assert_eq!(request.headers["x-access-id"], id, "{}", request.uri);
        assert_eq!(request.headers["x-access-secret"], "MARKED secret");
        assert!(!format!("{:?}", request.headers).contains("MARKED"));
    }
    let count = fake.requests().len();
    assert_eq!(count, 4);

    let _ = own.fetch("https://files.test/foreign").await.unwrap();
    let foreign = client("https://login.test/token");
    submit(&foreign).call::<Value>().await.unwrap();
    let sent = &fake.requests()[count..];
    assert_eq!(sent.len(), 3);
    for request in &sent[..2] {
        assert!(
            !request.headers.contains_key("x-access-id"),
            "{}",
            request.uri
        );
        assert!(!request.headers.contains_key("x-access-secret"));
    }
    assert_eq!(sent[2].headers["x-access-id"], "an-id");

    let quote = json!({"message": "no MARKED secret"}).to_string();
    fake.always(&SUBMIT, FakeResponse::status(403).body(quote));
    let error = submit(&own).call::<Value>().await.unwrap_err();
    assert!(error.to_string().ends_with("no [redacted]"), "{error}");
    for (name, value) in [
        ("x y", "MARKED"),
        ("x-y", "MARKED\n"),
        ("x-y", ""),
        ("x-y", " \u{a0}"),
    ] {
        let built = builder().default_secret_header(name, &value.into()).build();
        let error = built.unwrap_err();
        assert!(
            error.is_invalid() && !format!("{error:?}").contains("MARKED"),
            "{error}"
        );
    }
}

model! {
    /// A form with members that are not plain texts.
    #[derive(Clone, Default)]
    pub struct Safe: Form {
        /// By their names.
        codes: Option<BTreeMap<String, Secret>> = "codes",
        /// From top to bottom.
        rows: Option<Vec<Vec<Secret>>> = "rows",
        /// In kilograms.
        weight: Option<f64> = "weight",
    }
}

model! {
    /// The same as JSON.
    #[derive(Clone, Default)]
    pub struct Scale: Sent {
        /// In kilograms.
        weight: Option<f64> = "weight",
    }
}

#[tokio::test]
async fn secrets_within_maps_and_lists_of_a_form_are_sent_and_redacted() {
    let quoted = r#"{"message":"no s3cret-one, no s3cret-two"}"#;
    let codes = BTreeMap::from([("a".to_owned(), Secret::from("s3cret-one"))]);
    let safe = Safe::new()
        .codes(codes)
        .rows(vec![vec![Secret::from("s3cret-two")]])
        .weight(2.5);
    let fake = FakeTransport::new();
    fake.always(&SUBMIT, FakeResponse::status(400).body(quoted));
    let client = over(&fake);
    let request = || client.operation(&SUBMIT, &[]);
    for request in [
        request().form(Form::from(safe.clone())),
        urlencoded(request(), &safe),
    ] {
        let error = request.call::<Value>().await.unwrap_err();
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
    }
    let [form, pairs] = &fake.requests()[..] else {
        panic!("two requests");
    };
    let form = String::from_utf8_lossy(&form.body);
    for text in [r#"{"a":"s3cret-one"}"#, r#"["s3cret-two"]"#, "2.5"] {
        assert!(form.contains(text), "{form}");
    }
    assert_eq!(
        pairs.body,
        "codes=%7B%22a%22%3A%22s3cret-one%22%7D&rows=%5B%22s3cret-two%22%5D&weight=2.5"
    );
}

model! {
    /// A door.
    #[derive(Clone)]
    pub struct Door: Sent {
        /// On the plate.
        name: Option<String> = "name",
        /// What opens it.
        code: Secret = "code" (into),
        /// What opens it as well.
        spare: Option<Secret> = "spare" (into),
    }
}

#[tokio::test]
async fn a_secret_that_is_blank_is_refused_in_a_body() {
    for (door, refused) in [
        (Door::new("x"), None),
        (Door::new(" x ").spare("y").name(""), None),
        (Door::new(""), Some("code")),
        (Door::new(" \t\n"), Some("code")),
        (Door::new("x").spare(""), Some("spare")),
        (Door::new("x").spare("\u{a0}"), Some("spare")),
    ] {
        let fake = fake();
        let client = over(&fake);
        let request = || client.operation(&SUBMIT, &[]);
        for request in [
            request().json(&door),
            request().form(model::form(&door)),
            urlencoded(request(), &door),
        ] {
            let result = request.call::<Value>().await;
            let Some(name) = refused else {
                result.unwrap();
                continue;
            };
            let error = result.unwrap_err();
            assert!(error.is_invalid(), "{error}");
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let text = format!("{error} {}", cause.unwrap_or_default());
            let expected = format!("`{name}` is empty or blank");
            assert!(text.contains(&expected), "{text}");
        }
        let sent = if refused.is_some() { 0 } else { 3 };
        assert_eq!(fake.requests().len(), sent, "{door:?}");
    }
}

#[test]
fn a_secret_is_blank_if_nothing_in_it_can_be_seen() {
    for blank in [
        "",
        " \t",
        "\u{a0}\u{3000}",
        "\u{200b}",
        "\u{feff}",
        "\u{feff}\u{2060}\u{200d}",
        "\u{ad}\u{34f}\u{3164}\u{ffa0}\u{2800}",
        "\u{fe0f}\u{e0001}\u{e0fff}",
    ] {
        let error = Secret::from(blank).check("the key").unwrap_err();
        assert!(error.to_string().contains("the key is empty"), "{error}");
    }
    for seen in [
        ".",
        "x\u{200b}\u{feff}y",
        "\u{915}\u{94d}\u{200d}\u{937}",
        "\u{1f469}\u{200d}\u{1f52c}",
        "\u{2764}\u{fe0f}",
        "\u{fff9}",
        "\u{2801}",
    ] {
        assert!(Secret::from(seen).check("the key").is_ok(), "{seen:?}");
    }
}

#[tokio::test]
async fn a_secret_that_is_blank_is_refused_in_the_query() {
    let fake = fake();
    for blank in ["", " ", "\u{a0}\n"] {
        let request = over(&fake).operation(&SUBMIT, &[]);
        let request = request.set_secret_query("passphrase", &Secret::from(blank));
        let error = request.call::<Value>().await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
        assert!(
            error.to_string().contains("`passphrase` is empty or blank"),
            "{error}"
        );
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_number_that_json_cannot_express_is_refused_and_not_sent_as_null() {
    let fake = fake();
    let client = over(&fake);
    let request = || client.operation(&SUBMIT, &[]);
    for weight in [f64::NAN, f64::INFINITY] {
        let safe = Safe::new().weight(weight);
        for request in [
            request().form(Form::from(safe.clone())),
            urlencoded(request(), &safe),
            request().json(&Scale::new().weight(weight)),
        ] {
            let error = request.call::<Value>().await.unwrap_err();
            assert_eq!(
                (error.is_invalid(), error.outcome()),
                (true, Outcome::NotSent)
            );
        }
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test]
async fn a_header_that_the_client_sets_by_itself_is_refused_and_not_replaced() {
    let fake = fake();
    let key = |name| ApiKey::new(HeaderName::from_static(name), "s3cret-key").unwrap();
    let client = |name| {
        let builder = builder().transport(fake.clone()).credential(key(name));
        builder.build().unwrap()
    };
    let refused = async |client: &Client, name: &str| {
        let call = client.operation(&SUBMIT, &[]).header(name, "5");
        let error = call.call::<Value>().await.unwrap_err();
        assert_eq!(
            (error.is_invalid(), error.outcome()),
            (true, Outcome::NotSent),
            "{name}"
        );
        assert!(error.to_string().contains(name), "{error}");
    };
    for name in ["x-api-key", "authorization"] {
        refused(&client(name), name).await;
        let by_client = client(name).with_header(name, "5").unwrap();
        let call = by_client.operation(&SUBMIT, &[]).call::<Value>();
        assert!(call.await.unwrap_err().is_invalid());
        let by_default = builder().transport(fake.clone()).credential(key(name));
        let by_default = by_default.default_header(name, "5").build().unwrap();
        let call = by_default.operation(&SUBMIT, &[]).call::<Value>();
        assert!(call.await.unwrap_err().is_invalid());
    }
    for name in ["content-length", "transfer-encoding"] {
        refused(&client("x-api-key"), name).await;
        assert!(client("x-api-key").with_header(name, "5").is_err());
        assert!(builder().default_header(name, "5").build().is_err());
        let job = Job::new(&client("x-api-key"), |client| async move {
            client.operation(&SUBMIT, &[]).call::<Value>().await
        });
        assert!(job.header(name, "5").await.unwrap_err().is_invalid());
    }
    assert!(fake.requests().is_empty());
    // Without a credential the caller sets the header.
    let call = client("x-api-key").operation(&SUBMIT, &[]);
    call.header("authorization", "5")
        .call::<Value>()
        .await
        .unwrap();
    assert_eq!(fake.requests().len(), 1);
}
