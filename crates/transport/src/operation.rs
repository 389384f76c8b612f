//! The static facts of one API operation.

use http::Method;

/// What is known of an operation before it is called: a row of the API description.
///
/// Generated code declares one `static` for each operation; the request path reads them to decide what may be sent
/// again and which limit applies.
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
    empty: bool,
    list: bool,
    anonymous: bool,
}

impl Operation {
    /// The limit that applies to operations which name no other: the service's general request rate.
    pub const GENERAL_LIMIT: &'static str = "general";

    /// An operation that is not idempotent, under the general limit, with a JSON answer.
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
            empty: false,
            list: false,
            anonymous: false,
        }
    }

    /// Marks the operation as idempotent: sending it twice has the same effect as sending it once, so it is retried even
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

    /// Statuses by which the service says that it refused the request and did nothing.
    #[must_use]
    pub const fn refusing(mut self, statuses: &'static [u16]) -> Self {
        self.refusing = statuses;
        self
    }

    /// The answer carries nothing to decode; whatever body comes is ignored.
    #[must_use]
    pub const fn empty(mut self) -> Self {
        self.empty = true;
        self
    }

    /// The request is sent without the credential, which is neither awaited nor put on it.
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

    /// The answer is a list, which is empty if the service gives `null` in its place.
    #[must_use]
    pub const fn list(mut self) -> Self {
        self.list = true;
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

    /// Whether it may be sent again although an earlier attempt may have been executed.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        self.idempotent
    }

    /// The name of the rate limit it counts against.
    #[must_use]
    pub const fn limit_name(&self) -> &'static str {
        self.limit
    }

    /// Whether `status` means for this operation that the request was refused and had no effect.
    #[must_use]
    pub fn refuses_with(&self, status: http::StatusCode) -> bool {
        self.refusing.contains(&status.as_u16())
    }

    /// Whether the answer is a list, even if the service says `null`.
    #[must_use]
    pub const fn is_list(&self) -> bool {
        self.list
    }

    /// Whether the answer carries nothing to decode.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.empty
    }

    /// Whether it is sent without the credential.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        self.anonymous
    }
}
