//! Responses of every operation, decoded by the client.

use std::env::consts::EXE_SUFFIX;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use keepnet_api::http::Method;
use keepnet_api::{Client, FakeResponse, FakeTransport, RateLimiter, RawItems, RawJson};
use serde_json::{Map, Value, json};

use crate::sample::{Maker, write};
use crate::shapes::{OperationShape, Shape, Shapes};

fn token() -> Value {
    json!({"access_token": "token", "expires_in": 3600, "token_type": "Bearer"})
}

/// The payload of an envelope.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Data {
    Sent,
    Null,
    Absent,
}

/// Returns the name of a member in a spelling that the service may use.
fn spelled(maker: &mut Maker<'_>, name: &str) -> String {
    let (first, rest) = name.split_at(1);
    match maker.rng.u8(..3) {
        0 => name.to_owned(),
        1 => name.to_uppercase(),
        _ => format!("{}{rest}", first.to_uppercase()),
    }
}

/// Returns an envelope around this JSON.
fn envelope(maker: &mut Maker<'_>, data: Data, inner: &str) -> String {
    let mut members = vec![("status", r#""SUCCESS""#)];
    for (name, value) in [("message", r#""Done""#), ("validationMessages", "[]")] {
        match maker.rng.u8(..3) {
            0 => {}
            1 => members.push((name, "null")),
            _ => members.push((name, value)),
        }
    }
    match data {
        Data::Sent => members.push(("data", inner)),
        Data::Null => members.push(("data", "null")),
        Data::Absent => {}
    }
    maker.rng.shuffle(&mut members);
    let members = members
        .into_iter()
        .map(|(name, value)| format!("{}:{value}", json!(spelled(maker, name))));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Returns a single page with these items.
fn page(maker: &mut Maker<'_>, items: &Value) -> String {
    let count = items.as_array().map_or(0, Vec::len);
    let mut page = Map::new();
    page.insert(spelled(maker, "results"), items.clone());
    for (name, value) in [
        ("totalNumberOfRecords", count),
        ("totalNumberOfPages", 1),
        ("pageNumber", 1),
        ("pageSize", 100),
    ] {
        let value = match maker.rng.u8(..4) {
            0 => continue,
            1 => Value::Null,
            2 => value.to_string().into(),
            _ => value.into(),
        };
        page.insert(spelled(maker, name), value);
    }
    page.insert("totalSandBoxActivityCount".to_owned(), Value::Null);
    write(&Value::Object(page), &mut maker.rng)
}

/// Calls an operation and returns its value, or its list of items, as JSON.
async fn given(
    fake: &FakeTransport,
    operation: &OperationShape,
    paged: bool,
    body: String,
) -> Vec<RawJson> {
    let path = format!("/fake{}", operation.path.replace(['{', '}'], ""));
    let method: Method = operation.method.parse().unwrap();
    let pages = AtomicU32::new(0);
    fake.path(&path, move |_| {
        let body = match pages.fetch_add(1, Ordering::Relaxed) {
            0 => body.clone(),
            // The page after it is empty.
            _ => r#"{"data":[]}"#.to_owned(),
        };
        FakeResponse::status(200)
            .header("content-type", "application/json")
            .body(body)
    });
    let client = Client::builder("an-id", "s3cret")
        .transport(fake.clone())
        .limiter(RateLimiter::unlimited())
        .build()
        .unwrap();
    let request = client.request(method, &path);
    if !paged {
        return vec![request.call::<RawJson>().await.unwrap()];
    }
    let mut found = Vec::new();
    let mut items = RawItems::new(request.json(&json!({"pageNumber": 1, "pageSize": 100})));
    while let Some(item) = items.try_next().await.unwrap() {
        found.push(item);
    }
    found
}

#[tokio::test]
async fn every_response_comes_out_of_its_envelope_and_page_as_it_went_in() {
    let shapes = Shapes::load();
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| FakeResponse::json(&token()));
    let mut tried = 0;
    for (seed, operation) in shapes.operations.iter().enumerate() {
        let Shape::Envelope(shape) = &operation.shape else {
            continue;
        };
        for data in [Data::Sent, Data::Null, Data::Absent] {
            tried += 1;
            let mut maker = Maker::new(&shapes, seed as u64);
            let name = format!(
                "{} {}, seed {seed}, {data:?}",
                operation.method, operation.path
            );
            let (item, items) = match &**shape {
                Shape::Page(item) => {
                    let items = maker.value(&Shape::List(item.clone()));
                    (item, items)
                }
                other => (shape, json!([maker.value(other)])),
            };
            let paged = matches!(**shape, Shape::Page(_));
            let inner = match paged {
                true => page(&mut maker, &items),
                false => write(&items[0], &mut maker.rng),
            };
            let body = envelope(&mut maker, data, &inner);
            let found = given(&fake, operation, paged, body.clone()).await;
            if data != Data::Sent {
                let nothing = match paged {
                    true => found.is_empty(),
                    false => found[0].as_str() == "null",
                };
                assert!(nothing, "{name}: {body}");
                continue;
            }
            let values = found.iter().map(|item| item.decode::<Value>().unwrap());
            assert_eq!(Value::from_iter(values), items, "{name}: {body}");
            if let Shape::Named(of) = &**item {
                for item in &found {
                    let decoded = shapes.decode(of, item.as_str());
                    assert!(decoded.is_ok(), "{name}: {decoded:?}\n  {}", item.as_str());
                }
            }
        }
    }
    assert!(tried > 2000, "{tried}");
}

/// A service with a generated response for every operation.
struct Service {
    shapes: Shapes,
    data: Data,
    seed: AtomicU64,
}

async fn response(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    // Read the body to its end, since a client may ignore a response that comes earlier.
    if axum::body::to_bytes(body, usize::MAX).await.is_err() {
        return axum::http::StatusCode::BAD_REQUEST.into_response();
    }
    let (method, path) = (head.method.as_str(), head.uri.path());
    if path == "/connect/token" {
        return json_of(token().to_string());
    }
    let operations = service.shapes.operations.iter();
    let found = operations
        .filter_map(|operation| Some((operation.fits(method, path)?, operation)))
        .max_by_key(|(same, _)| *same);
    let Some((_, operation)) = found else {
        return axum::http::StatusCode::NOT_FOUND.into_response();
    };
    let seed = service.seed.fetch_add(1, Ordering::Relaxed);
    let mut maker = Maker::new(&service.shapes, seed).tame();
    match &operation.shape {
        Shape::Bytes => ([(CONTENT_TYPE, "text/csv")], "a,b\n").into_response(),
        Shape::Envelope(inner) => {
            let inner = match &**inner {
                Shape::Page(item) => {
                    let items = maker.value(&Shape::List(item.clone()));
                    page(&mut maker, &items)
                }
                other => {
                    let value = maker.value(other);
                    write(&value, &mut maker.rng)
                }
            };
            json_of(envelope(&mut maker, service.data, &inner))
        }
        Shape::Nothing => json_of(envelope(&mut maker, Data::Null, "")),
        other => json_of(maker.value(other).to_string()),
    }
}

fn json_of(text: String) -> Response {
    ([(CONTENT_TYPE, "application/json")], text).into_response()
}

/// Returns the lines of the exerciser's report on such a service.
async fn exercised(data: Data) -> Vec<String> {
    let service = Arc::new(Service {
        shapes: Shapes::load(),
        data,
        seed: AtomicU64::new(0),
    });
    let router = Router::new().fallback(response).with_state(service);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let output = tokio::task::spawn_blocking(move || {
        // The target folder of `cargo xtask exercise`.
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let exerciser = format!("debug/exercise{EXE_SUFFIX}");
        Command::new(target.join(exerciser))
            .args(["keepnet", &address])
            .output()
            .expect("the exerciser runs; `cargo xtask exercise` builds it")
    });
    let output = output.await.unwrap();
    server.abort();
    let report = String::from_utf8(output.stdout).expect("text");
    report.lines().map(str::to_owned).collect()
}

#[tokio::test]
#[ignore = "needs the exerciser, which `cargo xtask exercise` builds; a step of `cargo xtask ci`"]
async fn every_operation_decodes_its_response() {
    for data in [Data::Sent, Data::Null, Data::Absent] {
        let lines = exercised(data).await;
        let failed: Vec<_> = lines
            .iter()
            .filter(|line| line.starts_with("FAILED"))
            .collect();
        assert!(failed.is_empty(), "{data:?}: {failed:#?}");
        let last = lines.last().map(String::as_str);
        assert_eq!(last, Some("949 operations called, 0 failed"), "{data:?}");
    }
}
