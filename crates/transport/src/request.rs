//! A request under construction.

mod options;

use std::any::Any;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Uri};
use serde::Serialize;

use crate::body::Body;
use crate::body::multipart::Form;
use crate::call_options::CallOptions;
use crate::client::Client;
use crate::error::Error;
use crate::operation::Operation;
use crate::url::{encode, path};
use crate::wire::secret::{self, Secret, Secrets, WipedBuffer};

/// A request under construction. Generated calls are made of it, and it reaches whatever a client does not model.
///
/// An invalid argument is kept and returned as an error when the request is sent, so that calls can be written in one
/// expression.
#[derive(Clone)]
#[must_use = "a request does nothing until it is turned into a call and awaited"]
pub struct Request {
    pub(crate) client: Client,
    pub(crate) operation: &'static Operation,
    pub(crate) method: Method,
    pub(crate) path: String,
    /// The URL to send the request to, if that is not a path of the service.
    pub(crate) url: Option<Box<Uri>>,
    pub(crate) query: Vec<(Cow<'static, str>, String)>,
    pub(crate) headers: HeaderMap,
    /// The secrets of the request, which no error may show.
    pub(crate) secrets: Secrets,
    pub(crate) body: Body,
    pub(crate) options: CallOptions,
    pub(crate) error: Option<Error>,
    /// The name that errors use for a request without an operation: its method and path, with `{}` for each added
    /// segment.
    pub(crate) label: Option<Arc<str>>,
    /// The page before the requested one, if this is the request for the next page of a numbered list.
    pub(crate) previous: Option<Bytes>,
    /// The position of the requested page, if the request was made from a position of a list.
    pub(crate) position: Option<Arc<dyn Any + Send + Sync>>,
}

impl Client {
    /// A request of an operation, with these values for the placeholders of its path, in order. Those that the
    /// operation calls secret ([`Operation::secret_path`]) appear in no error, span or `Debug`.
    pub fn operation(&self, operation: &'static Operation, values: &[&str]) -> Request {
        let mut secrets = Secrets::default();
        let path = path::expand(operation, values, |name, value| {
            secrets.add_segment(name, value.into());
        });
        let mut request = Request::new(self.clone(), operation, operation.method().clone(), path);
        request.secrets = secrets;
        match self.protocol().prepare(operation, values) {
            Ok(query) => query.iter().fold(request, |request, (name, value)| {
                request.set_query(name, *value)
            }),
            Err(error) => request.fail(error),
        }
    }

    /// A request to any path, for what has no method yet. It goes through the same request path as every other call.
    ///
    /// `path` begins with `/` and is below the base URL. Errors show it as it is written here, so add ids, which may be
    /// secret, with [`Request::segment`]: errors show `{}` instead. The request is not retried if it may have been
    /// executed, unless it is marked [`idempotent`](Request::idempotent).
    pub fn request(&self, method: Method, path: &str) -> Request {
        let checked = path::check_path(path).map(|()| path.to_owned());
        let label = checked
            .as_ref()
            .ok()
            .map(|path| format!("{method} {path}").into());
        let mut request = Request::new(self.clone(), own_operation(&method), method, checked);
        request.label = label;
        request
    }
}

/// The operation of requests that have none.
fn own_operation(method: &Method) -> &'static Operation {
    const fn own(method: Method) -> Operation {
        Operation::new("request", method, "(own path)")
    }
    static OWN: [Operation; 8] = [
        own(Method::GET),
        own(Method::POST),
        own(Method::PUT),
        own(Method::PATCH),
        own(Method::DELETE),
        own(Method::HEAD),
        own(Method::OPTIONS),
        own(Method::TRACE),
    ];
    OWN.iter()
        .find(|operation| operation.method() == method)
        .unwrap_or(&OWN[1])
}

impl Request {
    pub(crate) fn new(
        client: Client,
        operation: &'static Operation,
        method: Method,
        path: Result<String, Error>,
    ) -> Self {
        let (path, error) = match path {
            Ok(path) => (path, None),
            Err(error) => (String::new(), Some(error)),
        };
        Self {
            client,
            operation,
            method,
            path,
            url: None,
            query: Vec::new(),
            headers: HeaderMap::new(),
            secrets: Secrets::default(),
            body: Body::empty(),
            options: CallOptions::default(),
            error,
            label: None,
            previous: None,
            position: None,
        }
    }

    /// Keeps the first error.
    pub fn fail(mut self, error: Error) -> Self {
        self.error.get_or_insert(error);
        self
    }

    /// Adds a path segment, encoded. Errors and spans do not show it: the path of a [`Client::request`] has `{}`
    /// instead.
    ///
    /// An empty segment, `.` and `..` are refused when the request is sent.
    pub fn segment(mut self, value: impl AsRef<str>) -> Self {
        if !self.path.ends_with('/') {
            self.path.push('/');
        }
        if let Some(label) = &mut self.label {
            let literal = label.trim_end_matches('/');
            *label = format!("{literal}/{{}}").into();
        }
        match path::push_segment(&mut self.path, "segment", value.as_ref()) {
            Ok(()) => self,
            Err(error) => self.fail(error),
        }
    }

    /// Adds a query parameter, encoded. Earlier parameters of the same name stay.
    pub fn query(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.push_query(name.into(), value.into());
        self
    }

    fn push_query(&mut self, name: Cow<'static, str>, value: String) {
        if self.url.is_some() {
            self.error.get_or_insert_with(|| {
                Error::invalid(
                    "a file's URL is fetched with the query it has; nothing can be added",
                )
            });
            return;
        }
        self.query.push((name, value));
    }

    /// Sets a query parameter, replacing all earlier ones of this name.
    pub fn set_query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.remove_query(name);
        self.query(name, value)
    }

    /// Sets a query parameter to a secret, replacing all earlier ones of this name. Like every query, it never appears
    /// in errors, spans or `Debug`. Unlike the rest of the query, it is not in the URL that layers see: it is appended
    /// below them, right before sending. Servers and proxies may still log it. One that is empty or blank is refused:
    /// the service would take it for none.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Call, Client, Secret};
    ///
    /// fn show(client: &Client, passphrase: &Secret) -> Call<serde_json::Value> {
    ///     client
    ///         .request(Method::GET, "/pushes")
    ///         .segment("fk27vnslkd")
    ///         .set_secret_query("passphrase", passphrase)
    ///         .call()
    /// }
    /// ```
    pub fn set_secret_query(mut self, name: &'static str, value: &Secret) -> Self {
        self.remove_query(name);
        if self.url.is_some() {
            return self.query(name, "");
        }
        if let Some(reason) = value.refusal(name) {
            return self.fail(Error::invalid(reason));
        }
        self.secrets.add_query(name, value);
        self
    }

    /// Redacts this secret in errors of the call if the service quotes it. Secrets in the path
    /// ([`Operation::secret_path`]), in the query ([`set_secret_query`](Self::set_secret_query)), in a
    /// [`json`](Self::json) body and in a form ([`Form::secret`]) are redacted already; this is for secrets elsewhere,
    /// such as in a header.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Call, Client, Secret};
    ///
    /// fn push(client: &Client, payload: &Secret) -> Call<serde_json::Value> {
    ///     client
    ///         .request(Method::POST, "/pushes")
    ///         .header("x-payload", payload.expose())
    ///         .hide(payload)
    ///         .call()
    /// }
    /// ```
    pub fn hide(mut self, secret: &Secret) -> Self {
        self.secrets.add([secret.clone()]);
        self
    }

    /// Removes the query parameters of this name.
    pub fn remove_query(&mut self, name: &str) {
        self.query.retain(|(key, _)| key != name);
        self.secrets.remove_query(name);
    }

    /// Whether there is a query parameter of this name.
    #[must_use]
    pub fn has_query(&self, name: &str) -> bool {
        self.query_value(name).is_some()
    }

    /// The value of the first query parameter of this name.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        let found = found.map(|(_, value)| value.as_str());
        found.or_else(|| self.secrets.query(name))
    }

    /// Sets a query parameter to these values, replacing all earlier ones.
    pub fn set_query_list(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.remove_query(name);
        let values = values.into_iter();
        values.fold(self, |request, value| request.query(name, value))
    }

    /// Sets a query parameter to a number, which must be between `least` and `most`.
    pub fn query_in_range(self, name: &'static str, value: i64, least: i64, most: i64) -> Self {
        if !(least..=most).contains(&value) {
            return self.fail(Error::invalid(format!(
                "`{name}` must be between {least} and {most}, not {value}"
            )));
        }
        self.set_query(name, value.to_string())
    }

    /// Sends this value as a JSON body. The [`Secret`]s in it are written in plain text.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Self {
        let mut json = WipedBuffer::default();
        let (written, secrets) = secret::on_the_wire(|| serde_json::to_writer(&mut json, value));
        match written {
            Ok(()) => {
                let json = json.into_bytes(!secrets.is_empty());
                self.secrets.add(secrets);
                self.headers
                    .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                self.body = Body::bytes(json);
                self
            }
            Err(error) => self.fail(
                Error::invalid("the request body cannot be written as JSON").with_source(error),
            ),
        }
    }

    /// Sends this value as a JSON body, or fails the request with the error.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Call, Client, Error};
    ///
    /// fn checked(names: &[&str]) -> Result<Vec<String>, Error> {
    ///     match names {
    ///         [] => Err(Error::invalid("`names` is empty: give at least one name")),
    ///         names => Ok(names.iter().map(|name| (*name).to_owned()).collect()),
    ///     }
    /// }
    ///
    /// fn create(client: &Client, names: &[&str]) -> Call<()> {
    ///     client.request(Method::POST, "/groups").try_json(checked(names)).call()
    /// }
    /// ```
    pub fn try_json<T: Serialize>(self, value: Result<T, Error>) -> Self {
        match value {
            Ok(value) => self.json(&value),
            Err(error) => self.fail(error),
        }
    }

    /// Sends these pairs as an `application/x-www-form-urlencoded` body, in order. Names may repeat.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Call, Client};
    ///
    /// fn report(client: &Client) -> Call<serde_json::Value> {
    ///     client
    ///         .request(Method::POST, "/reports")
    ///         .urlencoded([("kind", "weekly"), ("to", "a@example.com & b@example.com")])
    ///         .call()
    /// }
    /// ```
    pub fn urlencoded<N, V>(self, pairs: impl IntoIterator<Item = (N, V)>) -> Self
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(n, v)| (n.as_ref(), v.as_ref()))
            .collect();
        let body = Body::bytes(Bytes::from_owner(encode::pairs(&pairs)));
        self.body("application/x-www-form-urlencoded", body)
    }

    /// The body, if it is in memory: JSON as it will be sent, for code that changes the body before sending.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Client, Request};
    /// use serde_json::Value;
    ///
    /// fn of_page(request: Request, page: u32) -> Request {
    ///     let mut body: Value = request
    ///         .body_bytes()
    ///         .and_then(|json| serde_json::from_slice(json).ok())
    ///         .unwrap_or_default();
    ///     body["page"] = page.into();
    ///     request.json(&body)
    /// }
    ///
    /// fn example(client: &Client) {
    ///     let request = client.request(Method::POST, "/search").json(&serde_json::json!({"page": 1}));
    ///     assert_eq!(of_page(request, 2).body_bytes().unwrap(), r#"{"page":2}"#);
    /// }
    /// ```
    #[must_use]
    pub fn body_bytes(&self) -> Option<&Bytes> {
        self.body.as_bytes()
    }

    /// Sends this body, with its content type.
    pub fn body(mut self, content_type: &'static str, body: impl Into<Body>) -> Self {
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = body.into();
        self
    }

    /// Sends this form.
    pub fn form(mut self, form: Form) -> Self {
        if let Ok(content_type) = HeaderValue::try_from(form.content_type()) {
            self.headers.insert(CONTENT_TYPE, content_type);
        }
        self.secrets.add(form.secrets());
        self.body = form.into_body();
        self
    }

    /// The operation of the request.
    #[must_use]
    pub fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The client that will send the request.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Path and query, encoded, without what is secret in them.
    pub(crate) fn target(&self) -> String {
        let mut target = self.path.clone();
        for (index, (name, value)) in self.query.iter().enumerate() {
            target.push(if index == 0 { '?' } else { '&' });
            encode::encode_into(&mut target, name);
            target.push('=');
            encode::encode_into(&mut target, value);
        }
        target
    }
}

/// Shows method and path, never the query, headers or body.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("operation", &self.operation.id())
            .field("method", &self.method)
            .field("path", &self.operation.path())
            .field("body", &self.body)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
