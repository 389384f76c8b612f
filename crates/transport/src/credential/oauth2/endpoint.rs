//! Requests to the token endpoint.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method, Uri};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use tokio::time::Instant;
use tower::ServiceExt;
use zeroize::Zeroize;

use super::limits;
use super::token::TokenResponse;
use crate::body::Body;
use crate::credential::secret_value;
use crate::error::{BoxError, Error, ErrorKind};
use crate::retry_table::Verdict;
use crate::service::HttpService;
use crate::url::encode;
use crate::url::host::{self, is_loopback};
use crate::wire::retry_after::retry_after;
use crate::wire::secret::Secret;

/// The result of a token request.
pub(super) struct Granted {
    pub(super) response: TokenResponse,
    pub(super) header: HeaderValue,
    /// When the token was requested: its life began no earlier.
    pub(super) asked: Instant,
}

/// # Errors
/// If the client secret cannot be sent in this way.
pub(super) fn check_token_url(token_url: &str) -> Result<Uri, Error> {
    let token_url: Uri = token_url
        .parse()
        .map_err(|_| Error::invalid("token URL: it is not a URL"))?;
    let secure = token_url.scheme_str() == Some("https")
        || (token_url.scheme_str() == Some("http") && token_url.host().is_some_and(is_loopback));
    if token_url
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(Error::invalid(
            "token URL: it has a user name or password, which are not sent; leave them out",
        ));
    }
    if let Some(Err(what)) = token_url.authority().map(host::check) {
        return Err(Error::invalid(format!("token URL: {what}")));
    }
    if !secure {
        return Err(Error::invalid(
            "token URL: it must be `https`, since the client secret is sent there",
        ));
    }
    Ok(token_url)
}

/// The form from RFC 6749. The client adds its `User-Agent`.
pub(super) fn form_request(
    token_url: &Uri,
    client_id: &str,
    client_secret: &Secret,
    scope: Option<&str>,
) -> http::Request<Body> {
    let mut pairs = vec![
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose()),
    ];
    pairs.extend(scope.map(|scope| ("scope", scope)));
    let form = encode::pairs(&pairs);
    let mut request = http::Request::new(Body::bytes(Bytes::from_owner(form)));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = token_url.clone();
    let headers = request.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    request
}

/// Requests a token, and retries temporary failures.
pub(super) async fn request_token(
    transport: HttpService,
    request: http::Request<Body>,
    client_secret: Secret,
    mut retries: u32,
) -> Result<Granted, Error> {
    let mut backoff = limits::BACKOFF;
    loop {
        let asked = Instant::now();
        let attempt = request_token_once(transport.clone(), request.clone(), &client_secret);
        let error = match tokio::time::timeout(limits::ATTEMPT, attempt).await {
            Ok(Ok((response, header))) => {
                return Ok(Granted {
                    response,
                    header,
                    asked,
                });
            }
            Ok(Err(error)) => error,
            Err(_) => Error::new(
                ErrorKind::Credential,
                "the token endpoint did not answer in time",
            ),
        };
        // A longer wait that the endpoint asks for is left to the cool-down, because not all callers have the time.
        if retries == 0 || error.is_permanent() || error.retry_after() > Some(backoff) {
            return Err(error);
        }
        retries -= 1;
        let wait = backoff.mul_f64(fastrand::f64());
        tokio::time::sleep(wait.max(error.retry_after().unwrap_or_default())).await;
        backoff *= 2;
    }
}

async fn request_token_once(
    transport: HttpService,
    request: http::Request<Body>,
    client_secret: &Secret,
) -> Result<(TokenResponse, HeaderValue), Error> {
    let response = transport.oneshot(request).await.map_err(|error| {
        let error = Error::from_boxed(error);
        let permanent = is_repeated(&error);
        let failure = Error::new(
            ErrorKind::Credential,
            "the token endpoint could not be reached",
        )
        .with_source(error);
        if permanent {
            failure.permanent()
        } else {
            failure
        }
    })?;
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, limits::RESPONSE_SIZE).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if head.status.is_success() => return Err(unread(error)),
        // An error is judged by its status, whatever became of its body.
        Err(_) => Bytes::new(),
    };
    if head.status.is_success() {
        let Some(response) = TokenResponse::parse(&body) else {
            let refused = serde_json::from_slice::<TokenRefusal>(&body);
            let error = match refused.is_ok_and(|refused| refused.error.is_some()) {
                true => refusal(head.status, &head.headers, &body, client_secret),
                false => Error::new(
                    ErrorKind::Credential,
                    "the token endpoint's response has no `access_token`: check the token URL",
                )
                .permanent(),
            };
            clear(body);
            return Err(error);
        };
        clear(body);
        let header = secret_value(
            "the token that was granted",
            "Bearer ",
            response.access_token.expose(),
        )
        .map_err(|error| error.with_kind(ErrorKind::Credential).permanent())?;
        return Ok((response, header));
    }
    Err(refusal(head.status, &head.headers, &body, client_secret))
}

/// Clears what was received, unless the HTTP library still shares it.
fn clear(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

/// Whether another token request would fail in the same way, from the retry table. A failure of the user's transport
/// counts as temporary as well, because a token request has no side effect.
fn is_repeated(error: &Error) -> bool {
    error.kind() != ErrorKind::Custom && !error.verdict().allows_retry(true)
}

/// A body that could not be read. It is not requested again if it would be the same.
fn unread(error: BoxError) -> Error {
    let failure = |message: &'static str| Error::new(ErrorKind::Credential, message);
    if error.is::<LengthLimitError>() {
        return failure("the token endpoint's response is too large: check the token URL")
            .permanent();
    }
    let error = Error::from_boxed(error);
    match is_repeated(&error) {
        true => failure("the token endpoint's response cannot be read")
            .permanent()
            .with_source(error),
        false => failure("the token endpoint's response broke off").with_source(error),
    }
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: Option<String>,
    error_description: Option<String>,
}

/// The token endpoint's refusal as an error. Only the error members of RFC 6749 are taken from the body, only in the
/// form that it defines, and not if the endpoint echoes the secret.
fn refusal(
    status: http::StatusCode,
    headers: &HeaderMap,
    body: &[u8],
    client_secret: &Secret,
) -> Error {
    let (code, description) = serde_json::from_slice::<TokenRefusal>(body)
        .map_or((None, None), |refusal| {
            (refusal.error, refusal.error_description)
        });
    let code = code.filter(|code| {
        code.len() <= 40
            && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
            && !client_secret.is_shown_in(code)
    });
    let description = description
        .map(|text| text.trim().to_owned())
        .filter(|text| {
            !text.is_empty()
                && text.len() <= 300
                && !text.chars().any(char::is_control)
                && !client_secret.is_shown_in(text)
        });
    // A token request is idempotent.
    let transient = Verdict::of_status(status).is_retryable(true);
    let message = match code.as_deref() {
        Some("invalid_client") => {
            format!("the token endpoint refused the client id or secret ({status}, invalid_client)")
        }
        Some(code) => format!("the token endpoint refused the request ({status}, {code})"),
        None => format!("the token endpoint responded with {status}"),
    };
    let message = match description {
        Some(description) if code.is_some() => format!("{message}: {description}"),
        _ => message,
    };
    let mut error = Error::new(ErrorKind::Credential, message);
    if let Some(wait) = retry_after(headers) {
        error = error.with_retry_after(wait);
    }
    if transient { error } else { error.permanent() }
}
