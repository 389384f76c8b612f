//! The static facts of one API operation.

use http::Method;

/// The static facts of an operation: a row of the API description.
///
/// Generated code declares one `static` for each operation. The request path reads them to decide whether a request may
/// be sent again and which limit applies.
///
/// ```
/// use http::Method;
/// use security_api_transport::Operation;
///
/// static LIST_BROWSERS: Operation =
///     Operation::new("browsers.list", Method::GET, "/v1/browsers").idempotent();
/// assert!(LIST_BROWSERS.is_idempotent());
/// ```
#[derive(Debug)]
pub struct Operation {
    id: &'static str,
    method: Method,
    path: &'static str,
    idempotent: bool,
    limit: &'static str,
    refusing: &'static [u16],
    secret_path: &'static [&'static str],
    no_response_body: bool,
    list: bool,
    paged: bool,
    edition_specific: bool,
    anonymous: bool,
}

impl Operation {
    /// The limit of operations that name no other: the service's general request rate.
    pub const GENERAL_LIMIT: &'static str = "general";

    /// An operation that is not idempotent, counts against the general limit, and returns JSON.
    ///
    /// `id` is `resource.method`, `path` the template with `{name}` placeholders.
    #[must_use]
    pub const fn new(id: &'static str, method: Method, path: &'static str) -> Self {
        Self {
            id,
            method,
            path,
            idempotent: false,
            limit: Self::GENERAL_LIMIT,
            refusing: &[],
            secret_path: &[],
            no_response_body: false,
            list: false,
            paged: false,
            edition_specific: false,
            anonymous: false,
        }
    }

    /// Marks the operation as idempotent: sending it twice has the same effect as sending it once. It is retried even
    /// if an earlier attempt may have been executed.
    #[must_use]
    pub const fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Puts the operation under the limit of this name instead of the general one.
    #[must_use]
    pub const fn limit(mut self, name: &'static str) -> Self {
        self.limit = name;
        self
    }

    /// The statuses that mean the service refused the request and did nothing.
    #[must_use]
    pub const fn refusing(mut self, statuses: &'static [u16]) -> Self {
        self.refusing = statuses;
        self
    }

    /// The placeholders of the path whose values are secret. Like a secret in the query, such a value is shown by
    /// nothing, and is not in the URL that layers see, which has the placeholder instead: it is put in below them,
    /// right before sending.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::{Call, Client, Operation, Secret};
    ///
    /// static SHOW: Operation =
    ///     Operation::new("pushes.show", Method::GET, "/pushes/{token}").secret_path(&["token"]);
    ///
    /// fn show(client: &Client, token: &Secret) -> Call<serde_json::Value> {
    ///     client.operation(&SHOW, &[token.expose()]).call()
    /// }
    /// ```
    #[must_use]
    pub const fn secret_path(mut self, names: &'static [&'static str]) -> Self {
        self.secret_path = names;
        self
    }

    /// The response has no body to decode. Any body is ignored.
    #[must_use]
    pub const fn no_response_body(mut self) -> Self {
        self.no_response_body = true;
        self
    }

    /// Sends the request without the credential, which is neither awaited nor applied.
    ///
    /// ```
    /// use http::Method;
    /// use security_api_transport::Operation;
    ///
    /// static VERSION: Operation = Operation::new("server.version", Method::GET, "/version")
    ///     .idempotent()
    ///     .anonymous();
    /// assert!(VERSION.is_anonymous());
    /// ```
    #[must_use]
    pub const fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The response is a list; `null` is read as an empty list.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
        self
    }

    /// The response is one page of a list.
    #[must_use]
    pub const fn paged(mut self) -> Self {
        self.paged = true;
        self
    }

    /// The service has several editions, and not all of them are known to have the operation.
    #[must_use]
    pub const fn edition_specific(mut self) -> Self {
        self.edition_specific = true;
        self
    }

    /// `resource.method`, for example `browsers.list`.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The HTTP method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The path template, for example `/v1/browsers/{id}`.
    #[must_use]
    pub const fn path(&self) -> &'static str {
        self.path
    }

    /// Whether the operation may be sent again if an earlier attempt may have been executed.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// The name of the rate limit that the operation counts against.
    #[must_use]
    pub const fn limit_name(&self) -> &'static str {
        self.limit
    }

    /// Whether `status` means for this operation that the request was refused and had no effect.
    #[must_use]
    pub fn refuses_with(&self, status: http::StatusCode) -> bool {
        self.refusing.contains(&status.as_u16())
    }

    /// Whether the value of this placeholder of the path is secret.
    #[must_use]
    pub fn is_secret_in_path(&self, name: &str) -> bool {
        self.secret_path.contains(&name)
    }

    /// Whether the response is a list for which `null` is read as empty.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        self.list
    }

    /// Whether the response is one page of a list.
    #[must_use]
    pub const fn is_paged(&self) -> bool {
        self.paged
    }

    /// Whether not all editions of the service are known to have the operation.
    #[must_use]
    pub const fn is_edition_specific(&self) -> bool {
        self.edition_specific
    }

    /// Whether the response has no body to decode.
    #[must_use]
    pub const fn has_no_response_body(&self) -> bool {
        self.no_response_body
    }

    /// Whether the operation is sent without the credential.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        self.anonymous
    }
}
