//! Samples that exist at the start, created as a caller would create them.

use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde_json::{Value, json};

use super::edition::NEW_HOST;
use super::state::State;

/// Creates so many pushes of the first user, and as many requests in editions that have them. Every second request has
/// a response.
pub(crate) fn make(state: &State, count: usize) {
    let profile = state.profile();
    if profile.api_version().is_none() || !profile.has_users {
        return;
    }
    for number in 1..=count {
        let (kind, payload) = match number % 3 {
            0 => ("url", format!("https://example.com/{number}")),
            1 => ("text", format!("sample secret {number}")),
            _ => ("qr", format!("sample code {number}")),
        };
        let name = format!("Sample {number}");
        let push = json!({ "push": { "kind": kind, "payload": payload, "name": name } });
        send(state, Method::POST, "pushes", &push);
        if profile.is_commercial {
            let request = json!({ "request": { "request": "The key, please.", "name": name } });
            let made = send(state, Method::POST, "requests", &request);
            if let Some(token) = made["url_token"].as_str().filter(|_| number % 2 == 1) {
                let response = json!({ "request": { "response": payload } });
                let path = format!("requests/{token}/respond");
                send(state, Method::PATCH, &path, &response);
            }
        }
    }
}

fn send(state: &State, method: Method, path: &str, body: &Value) -> Value {
    let request = Request::builder()
        .method(method)
        .uri(format!("/api/v2/{path}"))
        .header(HOST, NEW_HOST)
        .header(AUTHORIZATION, format!("Bearer {}", state.users[0].token))
        .header(CONTENT_TYPE, "application/json")
        .body(());
    let Ok((parts, ())) = request.map(Request::into_parts) else {
        return Value::Null;
    };
    let response = state.perform(&parts, &body.to_string().into()).ok();
    let made = response.and_then(|made| serde_json::from_slice(made.body()).ok());
    made.unwrap_or_default()
}
