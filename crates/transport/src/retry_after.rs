//! Reading how long the service asks to wait.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// Numbers above this are points in time, not seconds to wait.
const EPOCH_THRESHOLD: u64 = 1_000_000_000;
/// Points in time above this are in milliseconds.
const MILLISECONDS_THRESHOLD: u64 = 100_000_000_000;

/// The wait in `Retry-After`, as seconds or as an HTTP date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Some(seconds) = seconds(text) {
        return Some(seconds);
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(
        date.duration_since(SystemTime::now())
            .unwrap_or(Duration::ZERO),
    )
}

/// How long the limit is used up, from the RateLimit headers: none if something is left of it.
///
/// Understands the header fields of the IETF draft in both its forms, and their `X-` ancestors.
pub(crate) fn exhausted_for(headers: &HeaderMap) -> Option<Duration> {
    let is_one = |name: &http::HeaderName| {
        let name = name.as_str();
        name.starts_with("ratelimit") || name.starts_with("x-rate")
    };
    if !headers.keys().any(is_one) {
        return None;
    }
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let fields = headers.get_all("ratelimit");
    if fields.iter().next().is_some() {
        let fields = fields.iter().filter_map(|field| field.to_str().ok());
        return fields.filter_map(from_structured_field).max();
    }
    OLDER_FIELDS.iter().find_map(|(remaining, reset)| {
        let remaining = text(remaining)?;
        let reset = text(reset)?;
        (number(remaining)? == 0).then(|| wait_until(number(reset)?))?
    })
}

const OLDER_FIELDS: [(&str, &str); 3] = [
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
];

/// The longest of several limits that are used up, `"second";r=0;t=5, "day";r=900;t=40000`, or the one of the older
/// form, `limit=10, remaining=0, reset=5`.
fn from_structured_field(field: &str) -> Option<Duration> {
    if field.contains(';') {
        field.split(',').filter_map(used_up).max()
    } else {
        used_up(field)
    }
}

fn used_up(limit: &str) -> Option<Duration> {
    let member = |names: [&str; 2]| {
        limit.split([';', ',']).find_map(|part| {
            let (name, value) = part.split_once('=')?;
            let known = names.contains(&name.trim());
            known.then(|| number(value.trim()))?
        })
    };
    if member(["r", "remaining"])? == 0 {
        wait_until(member(["t", "reset"])?)
    } else {
        None
    }
}

fn wait_until(reset: u64) -> Option<Duration> {
    let until = match reset {
        ..EPOCH_THRESHOLD => return Some(Duration::from_secs(reset)),
        EPOCH_THRESHOLD..MILLISECONDS_THRESHOLD => Duration::from_secs(reset),
        MILLISECONDS_THRESHOLD.. => Duration::from_millis(reset),
    };
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    Some(until.saturating_sub(now))
}

fn number(text: &str) -> Option<u64> {
    text.parse().ok()
}

fn seconds(text: &str) -> Option<Duration> {
    let value: f64 = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
        .then(|| text.parse().ok())??;
    Duration::try_from_secs_f64(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    http::HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    #[test]
    fn seconds_and_dates_are_read() {
        let wait = |value: &str| retry_after(&headers(&[("retry-after", value)]));
        assert_eq!(wait("5"), Some(Duration::from_secs(5)));
        assert_eq!(wait("0"), Some(Duration::ZERO));
        assert_eq!(wait("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(wait("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(30));
        let waited = wait(&soon).unwrap();
        assert!((28..=30).contains(&waited.as_secs()), "{waited:?}");
        for nonsense in [
            "",
            "soon",
            "-5",
            "1e3",
            "NaN",
            "99999999999999999999999999",
            ".",
        ] {
            let read = wait(nonsense);
            assert!(
                read.is_none() || read > Some(Duration::from_secs(1 << 40)),
                "{nonsense}"
            );
        }
    }

    #[test]
    fn rate_limit_headers_tell_when_a_limit_is_used_up() {
        for (pairs, expected) in [
            (&[("ratelimit", r#""default";r=0;t=5"#)][..], Some(5)),
            (&[("ratelimit", r#""default";r=1;t=5"#)], None),
            (&[("ratelimit", "limit=10, remaining=0, reset=7")], Some(7)),
            (
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")],
                Some(3),
            ),
            (
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "3")],
                Some(3),
            ),
            (
                &[("x-ratelimit-remaining", "2"), ("x-ratelimit-reset", "3")],
                None,
            ),
            (
                &[
                    ("x-ratelimit-remaining", "0"),
                    ("x-ratelimit-reset", "1400000000"),
                ],
                Some(0),
            ),
            (&[("x-ratelimit-remaining", "0")], None),
            (&[], None),
        ] {
            assert_eq!(
                exhausted_for(&headers(pairs)),
                expected.map(Duration::from_secs),
                "{pairs:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_read_without_panic(text in "[ -~]{0,40}") {
            let map = headers(&[("retry-after", &text), ("ratelimit", &text)]);
            let _ = (retry_after(&map), exhausted_for(&map));
        }
    }
}
