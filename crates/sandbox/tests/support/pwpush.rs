//! What the tests of Password Pusher have in common.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use security_api_sandbox::{PasswordPusherEdition, PasswordPusherOptions, Sandbox};
use serde_json::{Value, json};

use super::{Response, exchange, small_builder};

/// A sandbox of that edition.
pub(crate) async fn edition(edition: PasswordPusherEdition) -> Sandbox {
    with(PasswordPusherOptions::default().edition(edition)).await
}

pub(crate) async fn with(options: PasswordPusherOptions) -> Sandbox {
    let builder = small_builder().password_pusher(options);
    builder.start().await.expect("a sandbox")
}

/// A request that is being put together.
#[derive(Clone)]
pub(crate) struct Call {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(method: Method, path: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            headers: Vec::new(),
            body: Bytes::new(),
        }
        .header("accept", "application/json")
    }

    pub(crate) fn get(path: &str) -> Self {
        Self::new(Method::GET, path)
    }

    pub(crate) fn post(path: &str, body: &Value) -> Self {
        Self::new(Method::POST, path).json(body)
    }

    pub(crate) fn delete(path: &str) -> Self {
        Self::new(Method::DELETE, path)
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", kind)
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) async fn send(self, base_url: &str) -> Response {
        let mut request = Request::builder().method(self.method).uri(self.path);
        let has_host = self.headers.iter().any(|(name, _)| *name == "host");
        if !has_host {
            request = request.header("host", base_url.trim_start_matches("http://"));
        }
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(self.body)).expect("a request");
        exchange(base_url, request).await.expect("a response")
    }

    /// Sends it to the sandbox without a token.
    pub(crate) async fn to(self, sandbox: &Sandbox) -> Response {
        self.send(sandbox.password_pusher().base_url()).await
    }

    /// Sends it as the first user.
    pub(crate) async fn by_owner(self, sandbox: &Sandbox) -> Response {
        self.token(sandbox.password_pusher().token())
            .to(sandbox)
            .await
    }
}

/// Makes a push as the first user; its token.
pub(crate) async fn push(sandbox: &Sandbox, fields: Value) -> String {
    made(create(fields).by_owner(sandbox).await)
}

/// Makes a push as nobody; its token.
pub(crate) async fn anonymous_push(sandbox: &Sandbox, fields: Value) -> String {
    made(create(fields).to(sandbox).await)
}

pub(crate) fn create(fields: Value) -> Call {
    Call::post("/api/v2/pushes", &json!({ "push": fields }))
}

pub(crate) fn made(response: Response) -> String {
    assert_eq!(response.status, 201, "{:?}", response.body);
    let token = response.json()["url_token"].as_str().map(str::to_owned);
    token.expect("a token")
}

/// `/api/v2/pushes/` and what follows.
pub(crate) fn at(rest: &str) -> String {
    format!("/api/v2/pushes/{rest}")
}

/// Reads a push as nobody.
pub(crate) async fn read(sandbox: &Sandbox, token: &str) -> Value {
    let response = Call::get(&at(token)).to(sandbox).await;
    assert_eq!(response.status, 200, "{:?}", response.body);
    response.json()
}

/// The kinds of a push's events, oldest first.
pub(crate) async fn events(sandbox: &Sandbox, token: &str) -> Vec<String> {
    let path = at(&format!("{token}/audit"));
    let audit = Call::get(&path).by_owner(sandbox).await.json();
    let logs = audit["logs"].as_array().expect("logs");
    let kinds = logs.iter().map(|log| log["kind"].as_str().expect("a kind"));
    kinds.map(str::to_owned).collect()
}

/// The members of an object, sorted.
pub(crate) fn members(value: &Value) -> Vec<&str> {
    let object = value.as_object().expect("an object");
    let mut names: Vec<_> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

/// A part of a form: its `Content-Disposition` after `form-data; `, and its
/// content.
pub(crate) type Part<'a> = (&'a str, &'a [u8]);

pub(crate) const BOUNDARY: &str = "multipart/form-data; boundary=cut-here";

pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, content) in parts {
        body.extend_from_slice(b"--cut-here\r\nContent-Disposition: form-data; ");
        body.extend_from_slice(disposition.as_bytes());
        if disposition.contains("filename") {
            body.extend_from_slice(b"\r\nContent-Type: application/octet-stream");
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--cut-here--\r\n");
    body
}

/// Makes a push of a form as the first user.
pub(crate) async fn push_form(sandbox: &Sandbox, parts: &[Part<'_>]) -> Response {
    Call::new(Method::POST, "/api/v2/pushes")
        .body(BOUNDARY, form(parts))
        .by_owner(sandbox)
        .await
}
