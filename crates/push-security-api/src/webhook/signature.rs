//! Verifying `X-Signature`.

use std::fmt;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use security_api_transport::{Error, Secret, Timestamp};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use super::event::Event;

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "X-Signature";

/// The length of an HMAC-SHA-256 in bytes.
const LENGTH: usize = 32;

/// The longest header that is read, in bytes. It leaves room for dozens of signatures.
const LONGEST: usize = 4 * 1024;

/// Checks that deliveries come from Push Security and are fresh.
#[derive(Clone)]
pub struct Verifier {
    secrets: Vec<Secret>,
    tolerance: Duration,
}

/// Why a delivery was refused.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The signature header is missing.
    #[error("the header `X-Signature` is missing")]
    MissingSignature,
    /// The header does not have the form `t=<UNIX seconds>,v1=<hex>`.
    #[error("the header `X-Signature` does not have the form `t=<UNIX seconds>,v1=<hex>`")]
    MalformedSignature,
    /// The signature matches this body with none of the secrets.
    #[error(
        "the signature does not fit the body: check the webhook's secret, and that the body is passed as it came"
    )]
    WrongSignature,
    /// The signature is valid, but too old, or from too far in the future.
    #[error("the delivery was signed {} s {}, outside the tolerance of {} s", .age.as_secs(), if *.future { "in the future" } else { "ago" }, .tolerance.as_secs())]
    OutsideTolerance {
        /// The difference between its time and now.
        age: Duration,
        /// Whether its time is in the future. This machine's clock may be slow.
        future: bool,
        /// The tolerance that was exceeded.
        tolerance: Duration,
    },
    /// The body is not an event.
    #[error("the body is not an event")]
    NotAnEvent(#[source] Error),
}

impl Verifier {
    /// The longest age that Push Security's documentation recommends: 35 minutes.
    pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(35 * 60);

    /// Accepts deliveries signed with this secret, which is shown when the webhook is created and begins with `psws_`.
    ///
    /// # Errors
    /// If the secret is empty or blank, so that anybody could sign with it, or was read from a file with its line
    /// break. The secret is not in the error.
    ///
    /// ```
    /// use push_security_api::webhook::Verifier;
    ///
    /// let verifier = Verifier::new("psws_0123456789abcdef0123456789abcdef")?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn new(secret: impl Into<Secret>) -> Result<Self, Error> {
        let verifier = Self {
            secrets: Vec::new(),
            tolerance: Self::DEFAULT_TOLERANCE,
        };
        verifier.or_secret(secret)
    }

    /// Also accepts deliveries signed with this secret, while secrets are being rotated.
    ///
    /// # Errors
    /// Like [`new`](Self::new).
    ///
    /// ```
    /// use push_security_api::webhook::Verifier;
    ///
    /// let verifier = Verifier::new("psws_new")?.or_secret("psws_old")?;
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn or_secret(mut self, secret: impl Into<Secret>) -> Result<Self, Error> {
        let secret = secret.into();
        secret.check("the webhook's secret")?;
        self.secrets.push(secret);
        Ok(self)
    }

    /// Sets the largest accepted difference between the signature's time and now, in either direction.
    ///
    /// ```
    /// use std::time::Duration;
    /// use push_security_api::webhook::Verifier;
    ///
    /// let strict = Verifier::new("psws_secret")?.tolerance(Duration::from_secs(300));
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    #[must_use]
    pub fn tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Verifies a delivery and reads its event. `signature` is the value of the header `X-Signature`, if present.
    ///
    /// # Errors
    /// See [`WebhookError`].
    ///
    /// ```
    /// use push_security_api::webhook::{Verifier, WebhookError};
    ///
    /// let verifier = Verifier::new("psws_secret")?;
    /// let refused = verifier.event(None, b"{}").unwrap_err();
    /// assert!(matches!(refused, WebhookError::MissingSignature));
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn event(&self, signature: Option<&str>, body: &[u8]) -> Result<Event, WebhookError> {
        self.verify(signature, body)?;
        Event::read(body).map_err(WebhookError::NotAnEvent)
    }

    /// Verifies a delivery without reading it.
    ///
    /// # Errors
    /// See [`WebhookError`].
    ///
    /// ```
    /// use push_security_api::webhook::Verifier;
    ///
    /// let verifier = Verifier::new("psws_secret")?;
    /// assert!(verifier.verify(Some("t=1,v1=00"), b"{}").is_err());
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn verify(&self, signature: Option<&str>, body: &[u8]) -> Result<(), WebhookError> {
        self.verify_at(signature, body, Timestamp::now())
    }

    /// Verifies a delivery at another time than now: for stored deliveries, and for tests.
    ///
    /// # Errors
    /// See [`WebhookError`].
    ///
    /// ```
    /// use push_security_api::Timestamp;
    /// use push_security_api::webhook::Verifier;
    ///
    /// let verifier = Verifier::new("psws_secret")?;
    /// let received = Timestamp::from_unix_seconds(1_698_349_494).unwrap();
    /// assert!(verifier.verify_at(Some("t=1698349494,v1=00"), b"{}", received).is_err());
    /// # Ok::<(), push_security_api::Error>(())
    /// ```
    pub fn verify_at(
        &self,
        signature: Option<&str>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), WebhookError> {
        let header = signature.ok_or(WebhookError::MissingSignature)?;
        let signature = Signature::parse(header).ok_or(WebhookError::MalformedSignature)?;
        if !self.is_signed(&signature, body) {
            return Err(WebhookError::WrongSignature);
        }
        // Checked last, so that an unsigned delivery reveals nothing about the clock.
        let signed = signature.seconds;
        let age = Duration::from_secs(now.unix_seconds().abs_diff(signed));
        if age > self.tolerance {
            return Err(WebhookError::OutsideTolerance {
                age,
                future: signed > now.unix_seconds(),
                tolerance: self.tolerance,
            });
        }
        Ok(())
    }

    /// Compares all secrets and signatures in constant time, whichever matches.
    fn is_signed(&self, signature: &Signature<'_>, body: &[u8]) -> bool {
        let mut fits = Choice::from(0);
        for secret in &self.secrets {
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
                continue;
            };
            mac.update(signature.time.as_bytes());
            mac.update(b".");
            mac.update(body);
            let expected: [u8; LENGTH] = mac.finalize().into_bytes().into();
            for given in &signature.hashes {
                fits |= expected.ct_eq(given);
            }
        }
        fits.into()
    }
}

/// Shows no secret.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("secrets", &self.secrets.len())
            .field("tolerance", &self.tolerance)
            .finish()
    }
}

/// The contents of the header.
struct Signature<'a> {
    /// The time exactly as it was signed.
    time: &'a str,
    seconds: i64,
    hashes: Vec<[u8; LENGTH]>,
}

impl<'a> Signature<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        if header.len() > LONGEST {
            return None;
        }
        let header = header.trim();
        // The vendor's examples repeat the header's name in its value.
        let header = match header.split_once(':') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case(SIGNATURE_HEADER) => value,
            _ => header,
        };
        let mut time = None;
        let mut hashes = Vec::new();
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", value) if time.is_none() => time = Some(value.trim()),
                ("t", _) => return None,
                ("v1", value) => hashes.push(decode_hex(value.trim())?),
                // Signatures of other versions are ignored.
                _ => {}
            }
        }
        let time = time?;
        if hashes.is_empty() {
            return None;
        }
        Some(Self {
            time,
            seconds: time.parse().ok()?,
            hashes,
        })
    }
}

fn decode_hex(text: &str) -> Option<[u8; LENGTH]> {
    let digits = text.as_bytes();
    if digits.len() != LENGTH * 2 {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high * 16 + low).ok()?;
    }
    Some(bytes)
}
