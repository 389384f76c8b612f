//! The client that generated code expects in its crate, over a transport that answers from memory.

use std::sync::Arc;

use security_api_transport::__private::http::HeaderName;
use security_api_transport::{
    ApiKey, FakeResponse, FakeTransport, Operation, Protocol, Rate, RateLimiter, ServiceSettings,
};
use serde_json::Value;

/// The header of the credential.
pub(crate) const KEY: &str = "x-key";

/// The client.
#[derive(Debug, Clone)]
pub struct Client(security_api_transport::Client);

impl Client {
    pub(crate) fn transport(&self) -> &security_api_transport::Client {
        &self.0
    }
}

impl From<security_api_transport::Client> for Client {
    fn from(client: security_api_transport::Client) -> Self {
        Self(client)
    }
}

/// A client of a service that speaks so and has one response to this operation.
pub(crate) fn client(
    protocol: impl Protocol,
    operation: &'static Operation,
    response: FakeResponse,
) -> (Client, FakeTransport) {
    let fake = FakeTransport::new();
    fake.always(operation, response);
    let settings = ServiceSettings {
        user_agent: "test",
        base_url: "https://api.example.com".to_owned(),
        base_path: false,
        protocol: Arc::new(protocol),
        credential: Arc::new(ApiKey::new(HeaderName::from_static(KEY), "key").unwrap()),
        limiter: Arc::new(RateLimiter::new(Rate::per_second(1e3, 100).unwrap())),
        state: Arc::new(()),
    };
    let builder = security_api_transport::ClientBuilder::<Client>::new(Ok(settings));
    (builder.transport(fake.clone()).build().unwrap(), fake)
}

/// Path and query of the one request that was sent, and its body.
pub(crate) fn sent(fake: &FakeTransport) -> (String, Value) {
    let requests = fake.requests();
    assert_eq!(requests.len(), 1);
    let target = requests[0].uri.path_and_query().unwrap().to_string();
    (target, requests[0].json())
}
