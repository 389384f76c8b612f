//! A token endpoint, and a service that accepts its tokens.

use std::sync::Mutex;

use security_api_transport::{
    Client, Error, FakeRequest, FakeResponse, FakeTransport, OAuth2, RateLimiter,
};
use serde_json::json;
use tokio::task::JoinSet;

use super::{READ, builder, read, seconds};

pub(crate) const TOKEN_URL: &str = "https://login.test/token";

pub(crate) fn oauth2() -> OAuth2 {
    OAuth2::client_credentials(TOKEN_URL, "the id", "s3cret&=+ü").unwrap()
}

pub(crate) fn client(fake: &FakeTransport, credential: &OAuth2) -> Client {
    let builder = builder()
        .transport(fake.clone())
        .credential(credential.clone());
    builder.limiter(RateLimiter::unlimited()).build().unwrap()
}

pub(crate) fn tokens(fake: &FakeTransport) -> Vec<FakeRequest> {
    let mut requests = fake.requests();
    requests.retain(|request| request.uri.path() == "/token");
    requests
}

pub(crate) fn bearer(request: &FakeRequest) -> String {
    request.headers["authorization"]
        .to_str()
        .unwrap()
        .to_owned()
}

/// Grants `token-1`, `token-2` and so on, with this delay and lifetime in seconds.
pub(crate) fn granting(fake: &FakeTransport, delay: f64, life: u64) {
    let granted = Mutex::new(0);
    fake.path("/token", move |_| {
        let mut granted = granted.lock().unwrap();
        *granted += 1;
        FakeResponse::json(&json!({"access_token": format!("token-{granted}"), "expires_in": life}))
            .delay(seconds(delay))
    });
}

/// Returns a service that accepts any token, its credential, and a client.
pub(crate) fn good(delay: f64, life: u64) -> (FakeTransport, OAuth2, Client) {
    let (fake, credential) = (FakeTransport::new(), oauth2());
    granting(&fake, delay, life);
    fake.always(&READ, FakeResponse::json("good"));
    let client = client(&fake, &credential);
    (fake, credential, client)
}

/// Makes concurrent calls. Returns the number of successes, and the errors.
pub(crate) async fn crowd(client: &Client, count: usize) -> (usize, Vec<Error>) {
    let mut calls = JoinSet::new();
    for _ in 0..count {
        calls.spawn(read(client).send());
    }
    let (good, bad): (Vec<_>, Vec<_>) = calls.join_all().await.into_iter().partition(Result::is_ok);
    (
        good.len(),
        bad.into_iter().filter_map(Result::err).collect(),
    )
}
