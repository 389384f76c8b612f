//! Credentials: how a client authenticates.

mod oauth2;

use std::any::Any;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

pub use oauth2::{OAuth2, TokenInfo};

use crate::error::Error;
use crate::service::HttpService;
use crate::text::{is_blank, is_padding};
use crate::wire::secret::Secret;

/// The generation of a credential that was applied to a request. Renewing the credential increments it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u64);

/// Obtains a credential and applies it to requests.
///
/// The request path awaits [`ready`](Self::ready) before it takes a permit from the rate limiter, and calls
/// [`apply`](Self::apply), which never waits, right before sending.
#[async_trait]
pub trait Credential: Any + fmt::Debug + Send + Sync + 'static {
    /// Called with the base URL of a client that is built with this credential, without a trailing slash.
    ///
    /// # Errors
    /// If the credential cannot be used there. Building the client fails.
    fn bind(&self, base_url: &str) -> Result<(), Error> {
        let _ = base_url;
        Ok(())
    }

    /// Whether there is a live credential already, so that [`ready`](Self::ready) need not be awaited.
    fn is_ready(&self) -> bool {
        false
    }

    /// Waits until there is a live credential. `transport` sends the requests that fetch one to the connection, without
    /// credential, limit or retry; it adds the client's `User-Agent`. The call gives up at `deadline`, and fails at
    /// once if the wait would take longer.
    ///
    /// # Errors
    /// If no credential can be obtained.
    async fn ready(
        &self,
        transport: &HttpService,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error>;

    /// Whether the live credential should be replaced before it expires, so that [`renew`](Self::renew) is polled
    /// alongside the call.
    fn is_due(&self) -> bool {
        false
    }

    /// Replaces a live credential before it expires. The future is polled while a call uses the live credential, and
    /// dropped when the call is over: the next call continues the renewal. Failures are recorded and not reported.
    async fn renew(&self, transport: &HttpService) {
        let _ = transport;
    }

    /// Sets the current credential on a request, replacing any that is set, and returns its generation. `None` if the
    /// credential was refused since it was ready, so that a new one must be awaited.
    fn apply(&self, headers: &mut HeaderMap) -> Option<Generation>;

    /// The service refused this generation: drop the credential if it is still the current one. Returns whether sending
    /// the request again, with another generation, may help.
    fn rejected(&self, generation: Generation) -> bool;

    /// The service accepted this generation. Called after each successful call, so it must be cheap.
    fn accepted(&self, generation: Generation) {
        let _ = generation;
    }

    /// The credential's secrets, which errors redact if the service quotes them. Called when a call fails.
    ///
    /// By default, these are the header values that [`apply`](Self::apply) sets and marks as sensitive. Implement this
    /// for a credential whose header differs with each request, or whose secret is not what it sends.
    fn secrets(&self) -> Vec<Secret> {
        let mut headers = HeaderMap::new();
        self.apply(&mut headers);
        headers.values().flat_map(secrets_of).collect()
    }

    /// How long to keep a credential that was refused right after the one before it was refused. `None` if it is
    /// replaced at once, or never.
    fn next_renewal(&self) -> Option<Duration> {
        None
    }
}

/// The secret in a header value that is marked sensitive: the whole value, and the value without its scheme.
pub(crate) fn secrets_of(value: &HeaderValue) -> Vec<Secret> {
    let Some(text) = value.to_str().ok().filter(|_| value.is_sensitive()) else {
        return Vec::new();
    };
    let without_scheme = text.split_once(' ').map(|(_, rest)| rest);
    let forms = std::iter::once(text).chain(without_scheme);
    forms.map(Secret::from).collect()
}

impl Secret {
    /// Refuses what cannot be a key or token: a secret that is empty or blank, has a control character, or begins or
    /// ends with a space or a byte order mark, as when it was read from a file with its line break. Do not use it for
    /// texts and passphrases of people, which may be anything.
    ///
    /// # Errors
    /// With `what` and the remedy in the message. The secret is not in it.
    ///
    /// ```
    /// use security_api_transport::Secret;
    ///
    /// let error = Secret::from("psws_0123\n").check("the webhook's secret").unwrap_err();
    /// assert!(error.to_string().contains("without a line break"));
    /// ```
    pub fn check(&self, what: &str) -> Result<(), Error> {
        check_text(what, self.expose())
    }
}

/// Creates a header value that is not shown by `Debug` and not stored in HTTP/2 compression tables.
///
/// `what` names the credential in the error.
fn secret_value(what: &str, prefix: &str, secret: &str) -> Result<HeaderValue, Error> {
    check_secret(
        what,
        secret,
        |c| c.is_ascii_graphic(),
        "be in a header (a space, line break, control or non-ASCII character)",
    )?;
    let text = zeroize::Zeroizing::new(format!("{prefix}{secret}"));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| Error::invalid(format!("{what} cannot be in a header")))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Checks a secret that is not sent in a header.
fn check_text(what: &str, secret: &str) -> Result<(), Error> {
    check_secret(
        what,
        secret,
        |c| !c.is_control(),
        "be in it (a line break or control character)",
    )?;
    if secret.starts_with(is_padding) || secret.ends_with(is_padding) {
        return Err(Error::invalid(format!(
            "{what} begins or ends with a space, a byte order mark or its like; was it copied \
             whole and without one?"
        )));
    }
    Ok(())
}

/// Refuses invalid secrets, such as those with the line break of the file they were read from. The secret is not in the
/// error.
fn check_secret(
    what: &str,
    secret: &str,
    fits: impl Fn(char) -> bool,
    cannot: &str,
) -> Result<(), Error> {
    if is_blank(secret) {
        return Err(Error::invalid(format!("{what} is empty")));
    }
    if let Some(place) = secret.find(|c| !fits(c)) {
        return Err(Error::invalid(format!(
            "{what} has a character that cannot {cannot} after {place} bytes; was it copied whole and without a line break?"
        )));
    }
    Ok(())
}

/// A fixed secret in a header: an API key, or a bearer token.
#[derive(Clone)]
pub struct ApiKey {
    name: HeaderName,
    value: HeaderValue,
}

impl ApiKey {
    /// An API key in the header of this name.
    ///
    /// # Errors
    /// If the key is empty or has characters that are invalid in a header, as when it is read from a file with its line
    /// break. The key is not in the error.
    pub fn new(name: HeaderName, key: &str) -> Result<Self, Error> {
        Ok(Self {
            value: secret_value("the API key", "", key)?,
            name,
        })
    }

    /// A token in the `Authorization` header, with the scheme `Bearer`.
    ///
    /// # Errors
    /// If the token is empty or has characters that are invalid in a header, as when it is read from a file with its
    /// line break. The token is not in the error.
    pub fn bearer(token: &str) -> Result<Self, Error> {
        Ok(Self {
            value: secret_value("the token", "Bearer ", token)?,
            name: AUTHORIZATION,
        })
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({}: [redacted])", self.name)
    }
}

#[async_trait]
impl Credential for ApiKey {
    fn is_ready(&self) -> bool {
        true
    }

    async fn ready(&self, _: &HttpService, _: Option<std::time::Instant>) -> Result<(), Error> {
        Ok(())
    }

    fn apply(&self, headers: &mut HeaderMap) -> Option<Generation> {
        headers.insert(self.name.clone(), self.value.clone());
        Some(Generation::default())
    }

    fn rejected(&self, _: Generation) -> bool {
        false
    }
}

/// No credential: no header is sent at all.
#[derive(Debug, Clone, Copy, Default)]
pub struct Anonymous;

#[async_trait]
impl Credential for Anonymous {
    fn is_ready(&self) -> bool {
        true
    }

    async fn ready(&self, _: &HttpService, _: Option<std::time::Instant>) -> Result<(), Error> {
        Ok(())
    }

    fn apply(&self, _: &mut HeaderMap) -> Option<Generation> {
        Some(Generation::default())
    }

    fn rejected(&self, _: Generation) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_cannot_be_a_header_is_refused_without_showing_it() {
        for (key, says) in [
            ("", "is empty"),
            (" \n", "is empty"),
            ("s3cret\n", "after 6 bytes"),
            ("s3 cret", "after 2 bytes"),
            ("s3crét", "after 4 bytes"),
        ] {
            let error = ApiKey::new(HeaderName::from_static("x-api-key"), key).unwrap_err();
            assert!(error.is_invalid());
            assert!(error.to_string().contains(says), "{error}");
            assert!(!format!("{error} {error:?}").contains("s3c"), "{error}");
        }
    }

    #[test]
    fn an_applied_key_replaces_what_is_there_and_is_marked_sensitive() {
        let key = ApiKey::new(HeaderName::from_static("x-api-key"), "s3cret").unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", HeaderValue::from_static("other"));
        key.apply(&mut headers).unwrap();
        let values: Vec<_> = headers.get_all("x-api-key").iter().collect();
        assert_eq!(values.len(), 1);
        assert!(values[0].is_sensitive());
        assert!(!format!("{headers:?} {key:?}").contains("s3cret"));
    }
}
