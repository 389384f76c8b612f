//! Sending a request through the stack, and what its response means.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderName};
use tokio::time::Instant;

use super::handle::{Client, add_header};
use crate::call::{Received, Sending};
use crate::context::{CallContext, CallLimits, CallTerms, Destination};
use crate::error::{Error, ErrorKind};
use crate::outcome::Outcome;
use crate::protocol::PlainHttp;
use crate::receive::receive;
use crate::request::Request;
use crate::response_parts::ResponseParts;
use crate::retry_table::Verdict;
use crate::runtime::{Bound, Pause, no_runtime, runtime};
use crate::service::{HttpRequest, HttpResponse};
use crate::url::base_url::BaseUrl;
use crate::url::location::is_redirect;
use crate::url::redirect::{self, FileHosts};
use crate::wire::decode;
use crate::wire::media_type::ANYTHING;
use crate::wire::secret::Secrets;

impl Client {
    pub(crate) fn send(self, mut request: Request) -> Sending {
        Box::pin(async move {
            let mut call = CallContext::new(CallTerms {
                operation: request.operation,
                destination: self.destination(&request),
                limits: self.limits(&request),
                secrets: request.secrets.clone(),
                label: request.label.clone(),
                headers: self.headers(&request),
            });
            match self.exchange(&mut request, &mut call).await {
                Ok(response) => Ok(Received::new(request, call, response)),
                Err(error) => {
                    let place = match &request.url {
                        Some(url) => redirect::shown(url),
                        None => self.0.destination.origin.to_string(),
                    };
                    Err(error.in_call(&call).with_place(&place))
                }
            }
        })
    }

    async fn exchange(
        &self,
        request: &mut Request,
        call: &mut CallContext,
    ) -> Result<HttpResponse, Error> {
        if let Some(error) = request.error.take() {
            return Err(error);
        }
        if request.url.is_some() {
            return Box::pin(self.follow(request, call)).await;
        }
        let response = self.send_through_stack(request, call).await?;
        self.succeeded(call, response)
    }

    /// Follows the redirects of a fetch.
    async fn follow(
        &self,
        request: &mut Request,
        call: &mut CallContext,
    ) -> Result<HttpResponse, Error> {
        for _ in 0..=redirect::MOST_REDIRECTS {
            let response = self.send_through_stack(request, call).await?;
            let Some(from) = request
                .url
                .take()
                .filter(|_| is_redirect(response.status()))
            else {
                return self.succeeded(call, response);
            };
            let to = redirect::next(&from, response.headers(), self.file_hosts())?;
            if redirect::shown(&from) != redirect::shown(&to) {
                // The caller's headers were meant for the first URL.
                request.headers.clear();
                request.headers.insert(ACCEPT, ANYTHING);
            }
            request.secrets.add_url(&to);
            request.url = Some(Box::new(to));
            *call = call.redirected(self.destination(request), request.secrets.clone());
        }
        Err(Error::new(
            ErrorKind::Redirect,
            format!(
                "the file's server redirects more than {} times: check the URL",
                redirect::MOST_REDIRECTS
            ),
        ))
    }

    pub(crate) fn file_hosts(&self) -> FileHosts<'_> {
        FileHosts {
            base: &self.0.destination.origin,
            private: self.0.private_files,
        }
    }

    /// Sends the request through the stack. The response comes back with a verdict.
    async fn send_through_stack(
        &self,
        request: &Request,
        call: &CallContext,
    ) -> Result<HttpResponse, Error> {
        let result = loop {
            let runtime = runtime().ok_or_else(no_runtime)?;
            let http_request = self.http_request(request, call.clone())?;
            let mut sending = Bound::of(Some(runtime), self.0.stack.send(http_request));
            if let Some(result) = poll_fn(|cx| sending.poll(cx)).await {
                break result;
            }
            // What the call waits for belongs to the runtime that it was polled in before.
            drop(sending);
            // Boxed, so that other calls need no room for it.
            if let Some(until) = call.send_state().pause() {
                Box::pin(Pause::until(until)).await;
                continue;
            }
            if !call.restart() {
                return Err(Error::new(
                    ErrorKind::Io,
                    "the call was polled in another runtime while it waited for its response",
                ));
            }
        };
        match result {
            Ok(response) if response.body().verdict().is_some() => Ok(response),
            // A layer of the user created this response. Boxed, so that other calls need no room for it.
            Ok(response) => Box::pin(receive(call, response)).await,
            Err(error) => {
                let error = Error::from_boxed(error);
                // A layer of the user may fail before anything is sent.
                Err(match call.attempt() {
                    0 => error.with_outcome(Outcome::NotSent),
                    _ => error,
                })
            }
        }
    }

    fn succeeded(&self, call: &CallContext, response: HttpResponse) -> Result<HttpResponse, Error> {
        match response.body().verdict() {
            Some(Verdict::Executed) | None => Ok(response),
            Some(verdict) => Err(self.error_of(call, verdict, response)),
        }
    }

    /// Where the request goes, and which protocol, credential and limits apply there.
    fn destination(&self, request: &Request) -> Arc<Destination> {
        let own = &self.0.destination;
        let foreign = request
            .url
            .as_ref()
            .filter(|url| !own.origin.is_origin_of(url))
            .and_then(|url| BaseUrl::origin_of(url));
        match foreign {
            None => Arc::clone(own),
            Some(origin) => Arc::new(Destination {
                origin: Arc::new(origin),
                protocol: Arc::new(PlainHttp),
                credential: None,
                secrets: Secrets::default(),
                is_authorized: false,
                is_limited: false,
            }),
        }
    }

    /// The headers that the caller has set, on the call or on the client.
    fn headers(&self, request: &Request) -> Box<[HeaderName]> {
        if request.headers.is_empty() && self.0.headers.is_empty() {
            return Box::default();
        }
        let names = request.headers.keys().chain(self.0.headers.keys());
        let of_the_body = |name: &HeaderName| matches!(*name, ACCEPT | CONTENT_TYPE);
        names.filter(|name| !of_the_body(name)).cloned().collect()
    }

    fn limits(&self, request: &Request) -> CallLimits {
        let defaults = &self.0.defaults;
        let options = &request.options;
        let default_limit = match options.streamed {
            true => defaults.download_limit,
            false => defaults.response_limit,
        };
        let now = Instant::now();
        let ends = |timeout: Option<Duration>| {
            let own = timeout.and_then(|timeout| now.checked_add(timeout));
            own.into_iter().chain(self.0.until).min()
        };
        CallLimits {
            deadline: ends(options.timeout.or(defaults.timeout)),
            stream_deadline: ends(options.timeout),
            attempt_timeout: options.attempt_timeout.unwrap_or(defaults.attempt_timeout),
            idle_timeout: defaults.idle_timeout,
            response_limit: Some(options.response_limit.unwrap_or(default_limit)),
            retries: options.retries.unwrap_or(self.0.retries),
            idempotent: options
                .idempotent
                .unwrap_or_else(|| request.operation.is_idempotent()),
            streamed: options.streamed,
        }
    }

    fn http_request(&self, request: &Request, call: CallContext) -> Result<HttpRequest, Error> {
        let mut http_request = http::Request::new(request.body.clone());
        *http_request.method_mut() = request.method.clone();
        *http_request.uri_mut() = match &request.url {
            Some(url) => Uri::clone(url),
            None => self.0.destination.origin.join(request.target())?,
        };
        let headers = http_request.headers_mut();
        if request.url.is_none() {
            headers.clone_from(&self.0.headers);
        }
        for (name, value) in &request.headers {
            add_header(headers, name, value)?;
        }
        if request.options.streamed {
            headers.entry(ACCEPT).or_insert(ANYTHING);
        }
        http_request.extensions_mut().insert(call);
        Ok(http_request)
    }

    /// The error that a response with this verdict is.
    #[cold]
    fn error_of(&self, call: &CallContext, verdict: Verdict, response: HttpResponse) -> Error {
        let (head, body) = response.into_parts();
        let body = body.as_full().cloned().unwrap_or_default();
        let base = &self.0.destination.origin;
        let repaired = decode::repair(&body);
        let text = repaired.as_ref().map_or(&body[..], |text| text.as_bytes());
        let response = ResponseParts::new(call.operation(), head.status, &head.headers, text)
            .to(base.authority());
        let protocol = call.protocol();
        let redirect = redirect::message(response.status, response.headers, base);
        let mut api = protocol.api_error(&response);
        // A protocol that knows the redirect has a better message; any other error names the status.
        let redirect = redirect.map(|usual| match api.message.take() {
            Some(words) if api.has_reason() => words,
            _ => usual,
        });
        let request_id = protocol.request_id(response.headers).map(str::to_owned);
        let retry_after = protocol.retry_after(&response);
        let next_renewal = match verdict {
            Verdict::StaleCredential if call.is_authorized() => self.0.credential.next_renewal(),
            _ => None,
        };
        let mut error = Error::from_response(head.status, head.headers, request_id, body, api)
            .with_verdict(verdict);
        if let Some(wait) = retry_after {
            error = error.with_retry_after(wait);
        }
        if let Some(wait) = next_renewal {
            error = error.with_retry_after(wait).with_hint(
                "new tokens were refused as well, right after they were granted: check that this client has the permission",
            );
        }
        if let Some(message) = redirect {
            error = error.with_kind(ErrorKind::Redirect).with_message(message);
        }
        error
    }
}
