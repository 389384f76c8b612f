//! What proves to the service who is calling.

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
use crate::wire::secret::Secret;

/// Which edition of a credential a request was stamped with. Renewing it gives a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Generation(pub u64);

/// Obtains a credential and puts it on requests.
///
/// The request path awaits [`ready`](Self::ready) before it takes a permit from the rate limiter, and calls
/// [`stamp`](Self::stamp), which never waits, right before sending.
#[async_trait]
pub trait Credential: Any + fmt::Debug + Send + Sync + 'static {
    /// Learns the base URL of a client that is being built with it, without a slash at its end.
    ///
    /// # Errors
    /// If it cannot be used there; building the client fails.
    fn bind(&self, base_url: &str) -> Result<(), Error> {
        let _ = base_url;
        Ok(())
    }

    /// Whether there is a live credential already, so that [`ready`](Self::ready) need not be awaited.
    fn is_ready(&self) -> bool {
        false
    }

    /// Waits until there is a live credential. `leaf` sends requests without credential, limit or retry, for those that
    /// must be fetched; it adds the client's `User-Agent`. The call gives up at `deadline`; what would take longer fails at once.
    ///
    /// # Errors
    /// If none can be obtained.
    async fn ready(
        &self,
        leaf: &HttpService,
        deadline: Option<std::time::Instant>,
    ) -> Result<(), Error>;

    /// Whether the live credential should be replaced ahead of its end, so that [`renew`](Self::renew) is polled beside the
    /// call.
    fn is_due(&self) -> bool {
        false
    }

    /// Replaces a live credential ahead of its end. It is polled while a call uses the live one, and dropped when that is
    /// over: the next call goes on with what this one began. Failures are noted and not reported.
    async fn renew(&self, leaf: &HttpService) {
        let _ = leaf;
    }

    /// Puts the current credential on a request, in place of any that is there, and says which generation it is; none
    /// if it was refused since it was ready, so that a new one must be awaited.
    fn stamp(&self, headers: &mut HeaderMap) -> Option<Generation>;

    /// The service refused this generation: forget it if it is still the current one. Returns whether sending the
    /// request again, with another generation, may help.
    fn rejected(&self, generation: Generation) -> bool;

    /// The service accepted this generation. It is called after each call that succeeded, so it must be cheap.
    fn accepted(&self, generation: Generation) {
        let _ = generation;
    }

    /// The secrets it has, which errors must not show if the service quotes them. They are asked for when a call fails.
    ///
    /// Without an implementation of one's own, these are the header values of a [`stamp`](Self::stamp) that are marked
    /// sensitive. A credential whose stamps are all different, or that proves itself by another secret than it sends, says
    /// itself which they are.
    fn secrets(&self) -> Vec<Secret> {
        let mut headers = HeaderMap::new();
        self.stamp(&mut headers);
        headers.values().flat_map(secrets_of).collect()
    }

    /// How long a credential that the service refuses is used nevertheless, since another one was refused as well; `None` if
    /// it is replaced at once, or never.
    fn next_renewal(&self) -> Option<Duration> {
        None
    }
}

/// The secret in a header's value, if it is marked as one: as it is, and without the scheme that it is sent by.
pub(crate) fn secrets_of(value: &HeaderValue) -> Vec<Secret> {
    let Some(text) = value.to_str().ok().filter(|_| value.is_sensitive()) else {
        return Vec::new();
    };
    let without_scheme = text.split_once(' ').map(|(_, rest)| rest);
    let forms = std::iter::once(text).chain(without_scheme);
    forms.map(Secret::from).collect()
}

impl Secret {
    /// Refuses what cannot be meant as a key or token: one that is empty or blank, has a control character, or begins or
    /// ends with a space, as when it was read from a file with its line break. Texts and passphrases of people can be
    /// anything, and are not checked by this.
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

/// Makes a header value that is not shown by `Debug` and not compressed into HTTP/2 tables.
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

/// Checks what proves who is calling and is not sent in a header.
fn check_text(what: &str, secret: &str) -> Result<(), Error> {
    check_secret(
        what,
        secret,
        |c| !c.is_control(),
        "be in it (a line break or control character)",
    )?;
    if secret.trim() != secret {
        return Err(Error::invalid(format!(
            "{what} begins or ends with a space; was it copied whole and without one?"
        )));
    }
    Ok(())
}

/// Refuses what cannot be meant, such as the line break at the end of a file that was read whole. The secret is not in the
/// error.
fn check_secret(
    what: &str,
    secret: &str,
    fits: impl Fn(char) -> bool,
    cannot: &str,
) -> Result<(), Error> {
    if secret.trim().is_empty() {
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
    /// If the key is empty or has characters that no header can have, as when it is read from a file with its line break.
    /// The key is not in the error.
    pub fn new(name: HeaderName, key: &str) -> Result<Self, Error> {
        Ok(Self {
            value: secret_value("the API key", "", key)?,
            name,
        })
    }

    /// A token in the `Authorization` header, by the scheme `Bearer`.
    ///
    /// # Errors
    /// If the token is empty or has characters that no header can have, as when it is read from a file with its line break.
    /// The token is not in the error.
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

    fn stamp(&self, headers: &mut HeaderMap) -> Option<Generation> {
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

    fn stamp(&self, _: &mut HeaderMap) -> Option<Generation> {
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
    fn a_stamp_replaces_what_is_there_and_is_marked_sensitive() {
        let key = ApiKey::new(HeaderName::from_static("x-api-key"), "s3cret").unwrap();
        let mut headers = HeaderMap::new();
        headers.append("x-api-key", HeaderValue::from_static("other"));
        key.stamp(&mut headers).unwrap();
        let values: Vec<_> = headers.get_all("x-api-key").iter().collect();
        assert_eq!(values.len(), 1);
        assert!(values[0].is_sensitive());
        assert!(!format!("{headers:?} {key:?}").contains("s3cret"));
    }
}
