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
    /// If the secret is empty or blank, so that anybody could sign with it, or was read from a file with its line break. The
    /// secret is not in the error.
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

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "psws_0123456789abcdef0123456789abcdef";
    const BODY: &[u8] = br#"{"id":"e1","object":"LOGIN"}"#;
    const TIME: i64 = 1_698_349_494;
    // Created with `openssl dgst -sha256 -hmac`.
    const HASH: &str = "fb5009724ab6c61fabfb943e86078e89552145e296af05ca65875cf6925853ea";

    fn at(offset: i64) -> Timestamp {
        Timestamp::from_unix_seconds(TIME + offset).unwrap()
    }

    fn check(header: &str) -> Result<(), WebhookError> {
        Verifier::new(SECRET)
            .unwrap()
            .verify_at(Some(header), BODY, at(0))
    }

    #[test]
    fn a_signature_made_by_another_program_is_accepted_in_either_case() {
        for header in [
            format!("t={TIME},v1={HASH}"),
            format!("t={TIME},v1={}", HASH.to_uppercase()),
            format!(" t = {TIME} , v1={HASH} ").replace("t = ", "t="),
            format!("v1={HASH},t={TIME}"),
            format!("X-Signature: t={TIME},v1={HASH}"),
            format!("t={TIME},v0=abc,v1={},v1={HASH}", "0".repeat(64)),
        ] {
            assert!(check(&header).is_ok(), "{header}");
        }
    }

    #[test]
    fn the_tolerance_and_the_longest_header_are_accepted_and_nothing_beyond() {
        let header = format!("t={TIME},v1={HASH}");
        let verifier = Verifier::new(SECRET).unwrap();
        let verifier = verifier.tolerance(Duration::from_secs(60));
        for (offset, fits) in [(60, true), (-60, true), (61, false), (-61, false)] {
            let result = verifier.verify_at(Some(&header), BODY, at(offset));
            assert_eq!(result.is_ok(), fits, "{offset}: {result:?}");
        }
        let padded =
            |length: usize| format!("{header},v0={}", "0".repeat(length - header.len() - 4));
        assert!(check(&padded(LONGEST)).is_ok());
        let result = check(&padded(LONGEST + 1));
        assert!(matches!(result, Err(WebhookError::MalformedSignature)));
        // Nothing but the header's own name may precede the value.
        let result = check(&format!("X-Other: {header}"));
        assert!(matches!(result, Err(WebhookError::MalformedSignature)));
    }

    #[test]
    fn a_verifier_shows_its_settings_and_no_secret() {
        let shown = format!("{:?}", Verifier::new(SECRET).unwrap());
        assert!(shown.contains("secrets: 1"), "{shown}");
        assert!(!shown.contains(SECRET), "{shown}");
    }

    #[test]
    fn anything_else_is_refused() {
        let wrong = format!(
            "{}{}",
            &HASH[..63],
            if HASH.ends_with('0') { '1' } else { '0' }
        );
        for header in [
            format!("t={TIME},v1={wrong}"),
            format!("t={},v1={HASH}", TIME + 1),
            format!("t=0{TIME},v1={HASH}"),
        ] {
            assert!(
                matches!(check(&header), Err(WebhookError::WrongSignature)),
                "{header}"
            );
        }
        for header in [
            String::new(),
            "nonsense".to_owned(),
            format!("t={TIME}"),
            format!("v1={HASH}"),
            format!("t=now,v1={HASH}"),
            format!("t={TIME},v1={}", &HASH[..62]),
            format!("t={TIME},v1={}zz", &HASH[..62]),
            format!("t={TIME},t={TIME},v1={HASH}"),
        ] {
            assert!(
                matches!(check(&header), Err(WebhookError::MalformedSignature)),
                "{header}"
            );
        }
        let missing = Verifier::new(SECRET).unwrap().verify(None, BODY);
        assert!(matches!(missing, Err(WebhookError::MissingSignature)));
        let header = format!("t={TIME},v1={HASH}");
        let other_body = Verifier::new(SECRET)
            .unwrap()
            .verify_at(Some(&header), b"{}", at(0));
        assert!(matches!(other_body, Err(WebhookError::WrongSignature)));
    }

    /// A header for this time, with the signature that belongs to it.
    fn signed(time: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        let hash = mac.finalize().into_bytes();
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("t={time},v1={hex}")
    }

    #[test]
    fn a_time_is_a_whole_number_even_if_something_else_is_signed() {
        let time = TIME.to_string();
        let right = signed(&time, BODY);
        assert_eq!(right, format!("t={TIME},v1={HASH}"));
        for fine in [
            &right,
            &right.replace("t=", "t= "),
            &signed("01698349494", BODY),
        ] {
            assert!(check(fine).is_ok(), "{fine}");
        }
        for odd in [
            format!("{TIME}.0"),
            format!("{TIME}s"),
            format!("{} {}", &time[..5], &time[5..]),
            format!("{TIME}.{}", &time[..4]),
            "1.698349494e9".to_owned(),
            "0x653a8ff6".to_owned(),
            "١٦٩٨٣٤٩٤٩٤".to_owned(),
            "9223372036854775808".to_owned(),
            "9".repeat(400),
            String::new(),
            " ".to_owned(),
        ] {
            let header = signed(&odd, BODY);
            assert!(
                matches!(check(&header), Err(WebhookError::MalformedSignature)),
                "{header}"
            );
        }
    }

    #[test]
    fn a_time_that_no_clock_has_is_outside_of_any_tolerance() {
        for (time, is_future) in [
            ("0", false),
            ("-1698349494", false),
            ("-9223372036854775808", false),
            ("9223372036854775807", true),
        ] {
            let error = check(&signed(time, BODY)).unwrap_err();
            let WebhookError::OutsideTolerance { future, .. } = error else {
                panic!("{error:?}");
            };
            assert_eq!(future, is_future, "{time}");
            assert!(error.to_string().contains("outside the tolerance"));
        }
        let patient = Verifier::new(SECRET).unwrap().tolerance(Duration::MAX);
        assert!(
            patient
                .verify_at(Some(&signed("0", BODY)), BODY, at(0))
                .is_ok()
        );
        let exact = Verifier::new(SECRET).unwrap().tolerance(Duration::ZERO);
        let header = signed(&TIME.to_string(), BODY);
        assert!(exact.verify_at(Some(&header), BODY, at(0)).is_ok());
        assert!(exact.verify_at(Some(&header), BODY, at(1)).is_err());
    }

    #[test]
    fn a_signature_in_another_encoding_is_none() {
        let base64 = "+1AJckq2xh+r+5Q+hgeOiVUhReKWrwXKZYdc9pJYU+o=";
        for other in [
            base64.to_owned(),
            base64.replace('+', "-"),
            format!("0x{HASH}"),
            format!("sha256={HASH}"),
            format!("\"{HASH}\""),
            format!("{HASH}00"),
            format!("%{}", &HASH[..63]),
            HASH.replace('f', "ｆ"),
        ] {
            let header = format!("t={TIME},v1={other}");
            assert!(
                matches!(check(&header), Err(WebhookError::MalformedSignature)),
                "{header}"
            );
        }
        // A kind that this version does not know is no signature, and spoils none.
        let unknown = format!("t={TIME},v2={HASH}");
        assert!(matches!(
            check(&unknown),
            Err(WebhookError::MalformedSignature)
        ));
        assert!(check(&format!("{unknown},v1={HASH}")).is_ok());
    }

    #[test]
    fn two_headers_that_were_joined_are_refused_whichever_of_them_is_right() {
        let right = signed(&TIME.to_string(), BODY);
        let wrong = format!("t={TIME},v1={}", "0".repeat(64));
        for (first, second) in [(&right, &right), (&wrong, &right), (&right, &wrong)] {
            for separator in [",", ", ", "; ", "\n", "\0"] {
                let header = format!("{first}{separator}{second}");
                assert!(
                    matches!(check(&header), Err(WebhookError::MalformedSignature)),
                    "{header:?}"
                );
            }
        }
        // Several signatures of one time are how secrets are changed.
        let hash = right.split_once(',').unwrap().1;
        for header in [
            format!("{wrong},{hash}"),
            format!("{right},{}", &wrong[13..]),
        ] {
            assert!(check(&header).is_ok(), "{header}");
        }
    }

    #[test]
    fn the_bytes_of_the_body_are_what_is_signed_whatever_they_are() {
        let verifier = Verifier::new(SECRET).unwrap();
        let large = vec![b'x'; 8 << 20];
        let marked = [b"\xef\xbb\xbf", BODY].concat();
        for body in [&b""[..], b"\0", b"\xff\xfe", b".", &marked, &large] {
            let header = signed(&TIME.to_string(), body);
            assert!(verifier.verify_at(Some(&header), body, at(0)).is_ok());
            let more = [body, b"\n"].concat();
            let refused = verifier.verify_at(Some(&header), &more, at(0));
            assert!(matches!(refused, Err(WebhookError::WrongSignature)));
        }
        // Nothing of the time can be moved into the body.
        let header = signed("169834949", &[b"4.", BODY].concat()).replace("t=", "t=169834949.4");
        assert!(check(&header).is_err());
    }

    #[test]
    fn either_secret_serves_while_they_are_being_changed() {
        let header = format!("t={TIME},v1={HASH}");
        for verifier in [
            Verifier::new("psws_other")
                .unwrap()
                .or_secret(SECRET)
                .unwrap(),
            Verifier::new(SECRET)
                .unwrap()
                .or_secret("psws_other")
                .unwrap(),
        ] {
            assert!(verifier.verify_at(Some(&header), BODY, at(0)).is_ok());
        }
        let other = Verifier::new("psws_other")
            .unwrap()
            .verify_at(Some(&header), BODY, at(0));
        assert!(matches!(other, Err(WebhookError::WrongSignature)));
    }

    #[test]
    fn a_delivery_is_fresh_for_35_minutes_unless_told_otherwise() {
        let header = format!("t={TIME},v1={HASH}");
        let verifier = Verifier::new(SECRET).unwrap();
        for (offset, fresh) in [
            (0, true),
            (2_100, true),
            (2_101, false),
            (-2_100, true),
            (-2_101, false),
        ] {
            let verdict = verifier.verify_at(Some(&header), BODY, at(offset));
            assert_eq!(verdict.is_ok(), fresh, "{offset}");
        }
        let strict = verifier.tolerance(Duration::from_secs(10));
        let refused = strict.verify_at(Some(&header), BODY, at(11)).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the delivery was signed 11 s ago, outside the tolerance of 10 s"
        );
    }

    #[test]
    fn no_secret_is_shown() {
        let verifier = Verifier::new(SECRET).unwrap();
        let error = check("t=1,v1=2").unwrap_err();
        assert!(!format!("{verifier:?} {error} {error:?}").contains("0123456789"));
    }
}
