//! A small client for the imitation of Keepnet.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use security_api_sandbox::{KeepnetOptions, PushSecurityOptions, Sandbox, SandboxBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Response, exchange};

/// A sandbox that is quick to start.
pub(crate) fn builder() -> SandboxBuilder {
    let none = PushSecurityOptions::default()
        .employees(0)
        .browsers(0)
        .accounts(0)
        .apps(0)
        .apps_other(0)
        .accounts_other(0)
        .browser_extensions(0)
        .findings(0)
        .detections(0);
    let options = KeepnetOptions::default()
        .target_users(30)
        .audit_records(20)
        .notified_emails(12);
    Sandbox::builder().push_security(none).keepnet(options)
}

pub(crate) async fn start() -> Sandbox {
    builder().start().await.expect("a sandbox")
}

pub(crate) async fn send(
    sandbox: &Sandbox,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Response {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Full::new(body.into())).expect("a request");
    let response = exchange(sandbox.keepnet().base_url(), request).await;
    response.expect("a response")
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

pub(crate) async fn ask_token(sandbox: &Sandbox, id: &str, secret: &str) -> Response {
    let form =
        format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=api1");
    send(sandbox, Method::POST, "/connect/token", &[FORM], form).await
}

/// Somebody with a token, looking at one company.
pub(crate) struct Session<'a> {
    pub(crate) sandbox: &'a Sandbox,
    pub(crate) token: String,
    pub(crate) company: Option<String>,
}

impl<'a> Session<'a> {
    pub(crate) async fn of(sandbox: &'a Sandbox, id: &str, secret: &str) -> Self {
        let response = ask_token(sandbox, id, secret).await;
        assert_eq!(response.status, 200, "{:?}", response.body);
        let token = response.json()["access_token"]
            .as_str()
            .expect("a token")
            .to_owned();
        Self {
            sandbox,
            token,
            company: None,
        }
    }

    /// The reseller, looking at the first of its companies.
    pub(crate) async fn reseller(sandbox: &'a Sandbox) -> Self {
        let keepnet = sandbox.keepnet();
        let session = Self::of(sandbox, keepnet.client_id(), keepnet.client_secret()).await;
        session.at(&keepnet.company_ids()[0])
    }

    pub(crate) fn at(mut self, company: &str) -> Self {
        self.company = Some(company.to_owned());
        self
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        content: &str,
        body: Bytes,
    ) -> Response {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("authorization", bearer.as_str())];
        if let Some(company) = &self.company {
            headers.push(("x-keepnet-company-id", company));
            headers.push(("X-IR-COMPANY-ID", company));
        }
        if !content.is_empty() {
            headers.push(("content-type", content));
        }
        send(self.sandbox, method, path, &headers, body).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: Value) -> Response {
        if body.is_null() {
            return self.send(method, path, "", Bytes::new()).await;
        }
        let bytes = Bytes::from(body.to_string());
        self.send(method, path, "application/json", bytes).await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.call(Method::GET, path, Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Response {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Response {
        self.call(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.call(Method::DELETE, path, Value::Null).await
    }

    /// All rows of a search, page by page.
    pub(crate) async fn all(&self, path: &str, order_by: &str, filter: Value) -> Vec<Value> {
        let mut rows = Vec::new();
        for number in 1.. {
            let mut body = search(order_by, true);
            body["pageNumber"] = json!(number);
            body["pageSize"] = json!(7);
            if !filter.is_null() {
                body["filter"] = filter.clone();
            }
            let page = self.post(path, body).await.data();
            rows.extend(page["results"].as_array().cloned().expect("results"));
            if page["totalNumberOfPages"].as_u64().expect("pages") <= number {
                assert_eq!(page["totalNumberOfRecords"], rows.len());
                return rows;
            }
        }
        unreachable!("the last page ends it");
    }
}

/// What an operation takes and returns, as `shapes.json` has it.
#[derive(Deserialize)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) response: String,
    pub(crate) body: String,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) segments: BTreeMap<String, String>,
    pub(crate) status: u16,
}

/// The description of the operations.
#[derive(Deserialize)]
pub(crate) struct Description {
    pub(crate) types: HashMap<String, Value>,
    pub(crate) bodies: HashMap<String, BTreeMap<String, String>>,
    pub(crate) operations: Vec<Operation>,
}

/// An id that the description has as an example.
const EXAMPLE_ID: &str = "UYdY2XtFcZT6";

impl Operation {
    /// The path with a value for each parameter.
    pub(crate) fn any_path(&self) -> String {
        let parameters = self.segments.iter();
        parameters.fold(self.path.clone(), |path, (name, of)| {
            let value = match of.as_str() {
                "boolean" => "true",
                "string" if name.ends_with("Id") => EXAMPLE_ID,
                _ => "1",
            };
            path.replace(&format!("{{{name}}}"), value)
        })
    }
}

impl Description {
    pub(crate) fn read() -> Self {
        let document = include_str!("../../src/keepnet/shapes.json");
        serde_json::from_str(document).expect("the description keeps to its form")
    }

    /// The required members of an object and their types.
    fn required<'a>(&'a self, of: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let members = self.bodies.get(of).into_iter().flatten();
        members.filter_map(|(name, of)| Some((name.strip_suffix('*')?, of.as_str())))
    }

    pub(crate) fn has(&self, of: &str, name: &str) -> bool {
        let members = self.bodies.get(of);
        members.is_some_and(|members| members.contains_key(name))
    }

    /// A value of this type, with its required members only.
    pub(crate) fn sample(&self, of: &str) -> Value {
        match of.split(['|', '<', '(']).next().expect("a type") {
            "string" => json!("sample"),
            "date_time" => json!("2026-01-15T09:30:00Z"),
            "time_span" => json!("09:30:00"),
            "email" => json!("person@example.com"),
            "integer" | "i32" => json!(1),
            "number" => json!(1.5),
            "boolean" => json!(true),
            "list" => json!([]),
            "any" | "map" => json!({}),
            name => {
                let sample = |(name, of): (&str, &str)| {
                    let value = match name {
                        "selectAll" => json!(false),
                        _ if name.to_lowercase().ends_with("resourceid") => json!(EXAMPLE_ID),
                        _ => self.sample(of),
                    };
                    (name.to_owned(), value)
                };
                self.required(name).map(sample).collect()
            }
        }
    }

    /// A form with the required parts and some more, which replace those of the same name. Its boundary is `x`.
    pub(crate) fn form(&self, of: &str, more: &[(&str, &str)]) -> String {
        let required = self.required(of);
        let required = required.filter(|(name, _)| more.iter().all(|(other, _)| other != name));
        let required = required.map(|(name, of)| match self.sample(of) {
            _ if of == "file" => part(&format!("{name}\"; filename=\"sample.bin"), "1"),
            Value::String(text) => part(name, &text),
            _ => part(name, "1"),
        });
        let more = more.iter().map(|(name, content)| part(name, content));
        required.chain(more).collect::<String>() + "--x--\r\n"
    }
}

fn part(name: &str, content: &str) -> String {
    format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

pub(crate) const MULTIPART: &str = "multipart/form-data; boundary=x";

/// A complete search body.
pub(crate) fn search(order_by: &str, ascending: bool) -> Value {
    json!({
        "pageNumber": 1,
        "pageSize": 10,
        "orderBy": order_by,
        "ascending": ascending,
        "filter": {"Condition": "AND", "SearchInputTextValue": "", "FilterGroups": [
            {"Condition": "AND", "FilterItems": [], "FilterGroups": []},
            {"Condition": "OR", "FilterItems": [], "FilterGroups": []},
        ]},
    })
}

/// A filter with one condition.
pub(crate) fn filter(field: &str, operator: &str, value: &str) -> Value {
    json!({
        "Condition": "AND",
        "SearchInputTextValue": "",
        "FilterGroups": [{
            "Condition": "AND",
            "FilterItems": [{"FieldName": field, "Operator": operator, "Value": value}],
            "FilterGroups": [],
        }],
    })
}

impl Response {
    /// The data in the envelope of a success.
    pub(crate) fn data(&self) -> Value {
        assert!(
            matches!(self.status, 200 | 201),
            "{}: {:?}",
            self.status,
            self.body
        );
        let mut json = self.json();
        assert_eq!(json["status"], "SUCCESS", "{json}");
        assert!(json["validationMessages"].is_array(), "{json}");
        json["data"].take()
    }

    pub(crate) fn id(&self) -> String {
        let data = self.data();
        data["resourceId"]
            .as_str()
            .expect("a resourceId")
            .to_owned()
    }

    /// The HTTP status of a refusal, and the one in the envelope.
    pub(crate) fn refused(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["data"].is_null(), "{json}");
        assert!(json["message"].is_string(), "{json}");
        (
            self.status,
            json["status"].as_str().expect("a status").to_owned(),
        )
    }
}
