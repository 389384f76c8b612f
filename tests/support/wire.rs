//! A server that records the bytes of each request. The tests of the three service crates share this file.

use std::sync::{Arc, Mutex};

use httpmock::{HttpMockRequest, HttpMockResponse, MockServer};

/// A server that records every request and responds to each with the same JSON.
pub(crate) struct Wire {
    pub(crate) server: MockServer,
    pub(crate) seen: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    pub(crate) async fn responding(json: &'static str) -> Self {
        let (server, seen) = (MockServer::start_async().await, Arc::default());
        let noted: Arc<Mutex<Vec<String>>> = Arc::clone(&seen);
        server
            .mock_async(|when, then| {
                when.any_request();
                then.respond_with(move |request: &HttpMockRequest| {
                    noted.lock().unwrap().push(text(request));
                    HttpMockResponse::builder()
                        .status(200)
                        .header("content-type", "application/json")
                        .body(json)
                        .build()
                });
            })
            .await;
        Self { server, seen }
    }

    /// Returns the last request, and checks the number of requests.
    #[track_caller]
    pub(crate) fn last(&self, requests: usize) -> String {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), requests, "{seen:#?}");
        seen[requests - 1].clone()
    }
}

/// Formats a request, with its headers sorted by name and without the host. A placeholder replaces the random boundary
/// of a form.
fn text(request: &HttpMockRequest) -> String {
    let mut headers = request.headers_vec().clone();
    headers.sort();
    let headers: String = headers
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
        .map(|(name, value)| format!("{}: {value}\n", name.to_lowercase()))
        .collect();
    let target = request.uri();
    let target = target
        .path_and_query()
        .map_or("/", |target| target.as_str());
    let body = request.body_string().replace("\r\n", "\n");
    let text = format!("{} {target}\n{headers}\n{body}", request.method_str());
    let boundary = text.split_once("boundary=").map(|(_, rest)| rest.lines());
    match boundary.and_then(|mut lines| lines.next()) {
        Some(boundary) => text.replace(boundary, "BOUNDARY"),
        None => text,
    }
}
