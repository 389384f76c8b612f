//! Which signatures of deliveries are accepted.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use push_security_api::Timestamp;
use push_security_api::webhook::{Verifier, WebhookError};
use sha2::Sha256;

/// The longest header that is read, in bytes.
const LONGEST: usize = 4 * 1024;

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
    let padded = |length: usize| format!("{header},v0={}", "0".repeat(length - header.len() - 4));
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
