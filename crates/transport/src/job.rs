//! Jobs: several requests as one value, run when awaited.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use tokio::time::Instant;

use crate::call_options::CallOptions;
use crate::client::Client;
use crate::error::Error;
use crate::headers;
use crate::request::Request;

/// The future of a [`Job`].
pub type JobFuture<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Work that takes several requests, run when awaited.
///
/// Like a [`Call`](crate::Call), a job owns everything it needs, so it can be stored, passed on, or spawned. Its
/// options apply to each request of the work; [`timeout`](Self::timeout) bounds all of them together.
///
/// ```
/// use std::time::Duration;
/// use http::Method;
/// use security_api_transport::{Client, Error, Job};
/// use serde_json::Value;
///
/// fn rename(client: &Client, id: &str, name: &str) -> Job<Value> {
///     let (id, name) = (id.to_owned(), name.to_owned());
///     Job::new(client, move |client| async move {
///         let mut record: Value = client.request(Method::GET, "/records").segment(&id).call().await?;
///         record["name"] = name.into();
///         client.request(Method::PUT, "/records").segment(&id).json(&record).call().await
///     })
/// }
///
/// async fn example(client: &Client) -> Result<(), Error> {
///     rename(client, "r1", "April").timeout(Duration::from_secs(20)).await?;
///     Ok(())
/// }
/// ```
#[must_use = "a job does nothing until it is awaited"]
pub struct Job<T> {
    client: Client,
    options: JobOptions,
    work: Box<dyn FnOnce(Client) -> JobFuture<T> + Send>,
}

impl<T: 'static> Job<T> {
    /// A job that runs `work` with a client on which the job's options are set.
    pub fn new<F>(client: &Client, work: impl FnOnce(Client) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        Self {
            client: client.clone(),
            options: JobOptions::default(),
            work: Box::new(move |client| Box::pin(work(client))),
        }
    }
}

/// The options of work that takes several requests.
#[derive(Debug, Clone, Default)]
pub struct JobOptions {
    calls: CallOptions,
    headers: HeaderMap,
    error: Option<Error>,
}

impl JobOptions {
    /// A client on which the options are set. The timeout begins now.
    ///
    /// # Errors
    /// If a header is invalid, or differs from the client's.
    pub fn client(&self, client: &Client) -> Result<Client, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let until = self.calls.timeout;
        let until = until.and_then(|timeout| Instant::now().checked_add(timeout));
        client.for_job(&self.calls, until, &self.headers)
    }

    #[doc(hidden)]
    pub fn set_timeout(&mut self, timeout: Duration) {
        self.calls.timeout = Some(timeout);
    }

    #[doc(hidden)]
    pub fn set_attempt_timeout(&mut self, timeout: Duration) {
        self.calls.attempt_timeout = Some(timeout);
    }

    #[doc(hidden)]
    pub fn set_retries(&mut self, retries: u32) {
        self.calls.retries = Some(retries);
    }

    #[doc(hidden)]
    pub fn set_response_limit(&mut self, bytes: u64) {
        self.calls.response_limit = Some(bytes);
    }

    #[doc(hidden)]
    pub fn set_header(&mut self, name: &str, value: &str) {
        headers::set(&mut self.headers, &mut self.error, name, value);
    }
}

/// The options of work that takes several requests, as methods of a type with a field `options: JobOptions`. The text
/// says what `timeout` bounds.
#[doc(hidden)]
#[macro_export]
macro_rules! __job_options {
    ($type:ident, $timeout:literal) => {
        impl<T> $type<T> {
            #[doc = $timeout]
            pub fn timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.options.set_timeout(timeout);
                self
            }

            /// Bounds each attempt, from the request being fully sent to the head of the response.
            pub fn attempt_timeout(mut self, timeout: ::std::time::Duration) -> Self {
                self.options.set_attempt_timeout(timeout);
                self
            }

            /// How many times each request may be retried; 0 sends each once.
            pub fn retries(mut self, retries: u32) -> Self {
                self.options.set_retries(retries);
                self
            }

            /// The largest response that is accepted, in bytes after decompression.
            pub fn response_limit(mut self, bytes: u64) -> Self {
                self.options.set_response_limit(bytes);
                self
            }

            /// Sets a header of each request. An invalid name or value is an error when the work is awaited, and so is
            /// a header that the client sets by itself: the credential's, and `content-length` and `transfer-encoding`.
            pub fn header(mut self, name: &str, value: &str) -> Self {
                self.options.set_header(name, value);
                self
            }
        }
    };
}

crate::__job_options!(
    Job,
    "Bounds the whole job, including all requests, their attempts, and the waits between them. A request that cannot \
     finish in time fails at once. Each request is also bounded by the client's own timeout."
);

impl<T: 'static> Job<T> {
    /// Starts the job; the same as awaiting it.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn send(self) -> JobFuture<T> {
        self.into_future()
    }
}

impl<T: 'static> IntoFuture for Job<T> {
    type Output = Result<T, Error>;
    type IntoFuture = JobFuture<T>;

    fn into_future(self) -> JobFuture<T> {
        Box::pin(async move {
            let client = self.options.client(&self.client)?;
            (self.work)(client).await
        })
    }
}

/// For a call that takes further requests than its own.
impl Request {
    /// A client for the requests that the call makes before its own: they have its headers and options, and its
    /// timeout, which begins now. Afterwards [`Client::time_left`] is what remains of it.
    ///
    /// # Errors
    /// The error that the request holds, or if a header differs from the client's.
    pub fn job_client(&self) -> Result<Client, Error> {
        let until = self.options.timeout;
        let until = until.and_then(|timeout| Instant::now().checked_add(timeout));
        self.client_with(&self.options, until)
    }

    /// A client for requests that clean up after the call, even if its time has run out: they have its headers, and the
    /// options of the client that the call was made from.
    ///
    /// # Errors
    /// As [`job_client`](Self::job_client).
    pub fn cleanup_client(&self) -> Result<Client, Error> {
        self.client_with(&CallOptions::default(), None)
    }

    fn client_with(&self, options: &CallOptions, until: Option<Instant>) -> Result<Client, Error> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        let mut headers = self.headers.clone();
        for of_the_body in [ACCEPT, CONTENT_TYPE] {
            headers.remove(of_the_body);
        }
        self.client.for_job(options, until, &headers)
    }
}

impl<T> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("client", &self.client)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
