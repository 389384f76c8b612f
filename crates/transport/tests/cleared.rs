//! Remains of secrets in the memory of this process. The only test of its file, since it reads all memory.
#![cfg(target_os = "linux")]

mod common;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::os::unix::fs::FileExt;

use http::Method;
use http_body_util::BodyExt;
use security_api_transport::middleware::{Credential, HttpResponse, HttpService, ResponseBody};
use security_api_transport::model::urlencoded;
use security_api_transport::{Body, Form, OAuth2, Secret, model};
use serde::{Serialize, Serializer};

use common::builder;

const LENGTH: usize = 40;

/// Returns the letters of a secret that the executable does not contain.
fn letters(seed: u8) -> impl Iterator<Item = u8> {
    (0..LENGTH as u8).map(move |i| b'a' + (i.wrapping_mul(7) ^ seed) % 26)
}

fn secret(seed: u8) -> Secret {
    let mut text = String::with_capacity(LENGTH);
    text.extend(letters(seed).map(char::from));
    text.into()
}

/// Returns how often each secret occurs in writable memory. The search pattern is masked, so that it does not match
/// itself.
fn found(seeds: [u8; 7]) -> [usize; 7] {
    const MASK: u8 = 0x80;
    let memory = File::open("/proc/self/mem").unwrap();
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let masked = seeds.map(|seed| {
        letters(seed)
            .map(|letter| letter ^ MASK)
            .collect::<Vec<_>>()
    });
    let is = |part: &[u8], masked: &[u8]| part.iter().zip(masked).all(|(a, b)| a ^ MASK == *b);
    let mut count = [0; 7];
    let mut buffer = vec![0; 64 * 1024];
    for line in maps.lines().filter(|line| line.contains(" rw")) {
        let (range, _) = line.split_once(' ').unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [mut at, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        while at < end {
            let length = memory.read_at(&mut buffer, at).unwrap_or(0);
            for (masked, count) in masked.iter().zip(&mut count) {
                *count += buffer[..length]
                    .windows(LENGTH)
                    .filter(|part| is(part, masked))
                    .count();
            }
            // Blocks overlap, so that no secret is cut in two.
            at += match length {
                0..=LENGTH => buffer.len() as u64,
                _ => (length - LENGTH) as u64,
            };
        }
    }
    count
}

/// Reads each request and drops it. Token requests get a token.
async fn serve(request: http::Request<Body>) -> Result<HttpResponse, Infallible> {
    let is_token = request.uri().path() == "/token";
    let (mut body, mut received) = (request.into_body(), 0);
    // Collecting the body would make another copy.
    while let Some(frame) = body.frame().await {
        received += frame.unwrap().into_data().map_or(0, |data| data.len());
    }
    assert!(received > LENGTH);
    let mut body = String::with_capacity(256);
    if is_token {
        body.push_str(r#"{"expires_in":3600,"access_token":""#);
        body.push_str(secret(3).expose());
        body.push_str(r#"","refresh_token":""#);
        body.push_str(secret(4).expose());
        body.push_str(r#""}"#);
        // Others make a request meanwhile.
        tokio::task::yield_now().await;
    } else {
        body.push_str("{}");
    }
    Ok(http::Response::new(ResponseBody::full(body)))
}

model! {
    /// A form with a secret.
    #[derive(Clone)]
    pub struct LogIn: Form {
        /// Before the secret.
        before: String = "before",
        /// The secret.
        password: Secret = "password",
        /// After the secret.
        after: String = "after",
        /// By their names.
        codes: Option<BTreeMap<String, Secret>> = "codes",
    }
}

#[derive(Serialize)]
struct Message {
    padding: String,
    payload: Secret,
    obstacles: Obstacles,
    after: String,
}

/// Occupies memory after the buffer that it is written into, so that the buffer moves when it grows.
#[derive(Default)]
struct Obstacles(RefCell<Vec<Vec<u8>>>);

impl Serialize for Obstacles {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let sizes = (16..4096).step_by(16);
        self.0.borrow_mut().extend(sizes.map(|size| vec![1; size]));
        serializer.serialize_unit()
    }
}

#[test]
fn secrets_of_requests_and_of_token_grants_are_cleared_when_they_are_dropped() {
    let seeds = [1, 2, 3, 4, 5, 6, 7];
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let client = builder()
            .base_url("https://api.test")
            .credential(OAuth2::client_credentials("/token", "id", secret(1)).unwrap())
            .transport(tower::service_fn(serve))
            .build()
            .unwrap();
        // Long enough that the buffer grows before and after the secret.
        let message = |before| Message {
            padding: "x".repeat(before),
            payload: secret(2),
            obstacles: Obstacles::default(),
            after: "y".repeat(5000),
        };
        let request = client
            .request(Method::POST, "/messages")
            .json(&message(1000));
        let [client_secret, payload, ..] = found(seeds);
        assert!(
            client_secret > 0 && payload > 1,
            "the search finds what is there"
        );
        request.call::<serde_json::Value>().await.unwrap();
        let form = Form::new().secret("field", &secret(5));
        let request = client.request(Method::POST, "/forms").form(form);
        assert!(found(seeds)[4] > 0, "the search finds what is there");
        request.call::<serde_json::Value>().await.unwrap();
        let codes = BTreeMap::from([("x".repeat(150), secret(7))]);
        let form = LogIn::new("x".repeat(1000), secret(6), "y".repeat(5000)).codes(codes);
        // Several requests, so that not all of their memory is reused.
        let requests: Vec<_> = (0..8)
            .map(|_| urlencoded(client.request(Method::POST, "/log-in"), &form))
            .collect();
        let [.., member, code] = found(seeds);
        assert!(member > 0 && code > 0, "the search finds what is there");
        for request in requests {
            request.call::<serde_json::Value>().await.unwrap();
        }
        let leaf = HttpService::new(tower::service_fn(serve));
        let token_url = "https://api.test/token";
        let renewals = (0..8).map(|_| {
            let credential = OAuth2::client_credentials(token_url, "id", secret(1)).unwrap();
            let leaf = leaf.clone();
            async move { credential.ready(&leaf, None).await.unwrap() }
        });
        futures_util::future::join_all(renewals).await;
        // Last, because memory of their sizes is not reused after that.
        drop(client.request(Method::POST, "/messages").json(&message(20)));
        drop(urlencoded(client.request(Method::POST, "/log-in"), &form));
    });
    drop(runtime);
    assert_eq!(
        found(seeds),
        [0; 7],
        "client secret, payload, token, refresh token, field, member, code"
    );
}
