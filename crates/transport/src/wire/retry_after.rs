//! How long the service asks to wait.

use std::time::{Duration, SystemTime};

use http::header::{DATE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue};

use crate::clock::FOR_EVER;

/// The wait in `Retry-After`: the first of several values that can be read.
///
/// The value is a number of seconds or an HTTP date. Some services send a UNIX timestamp instead, which is recognised
/// by its size.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let read = |text: &str| {
        if let Some(number) = number(text) {
            return Some(wait(number, headers));
        }
        let Ok(date) = httpdate::parse_http_date(text) else {
            // A proxy joins several headers to one, whose parts are separated by commas.
            let first = text.split(',').find_map(|part| self::number(part.trim()));
            return first.map(|number| wait(number, headers));
        };
        let wait = date.duration_since(now(headers)).unwrap_or_default();
        Some(wait.min(FOR_EVER))
    };
    texts(headers, &RETRY_AFTER).find_map(read)
}

/// How long until the used-up limit resets, from the RateLimit headers. `None` if some of it is left.
///
/// Supports both forms of the header fields in the IETF draft, and their older `X-` forms.
pub(crate) fn exhausted_for(headers: &HeaderMap) -> Option<Duration> {
    let is_one = |name: &HeaderName| {
        let name = name.as_str();
        name.starts_with("ratelimit") || name.starts_with("x-rate")
    };
    if !headers.keys().any(is_one) {
        return None;
    }
    if headers.contains_key(&FIELD) {
        return texts(headers, &FIELD)
            .filter_map(|field| from_structured_field(field, headers))
            .max();
    }
    OLDER_FIELDS.iter().find_map(|(remaining, reset)| {
        let first = |name| texts(headers, name).find_map(number);
        (first(remaining)? == 0.0).then(|| first(reset).map(|reset| wait(reset, headers)))?
    })
}

const FIELD: HeaderName = HeaderName::from_static("ratelimit");

const OLDER_FIELDS: [(HeaderName, HeaderName); 3] = [
    (
        HeaderName::from_static("ratelimit-remaining"),
        HeaderName::from_static("ratelimit-reset"),
    ),
    (
        HeaderName::from_static("x-ratelimit-remaining"),
        HeaderName::from_static("x-ratelimit-reset"),
    ),
    (
        HeaderName::from_static("x-rate-limit-remaining"),
        HeaderName::from_static("x-rate-limit-reset"),
    ),
];

/// The longest of several used-up limits, `"second";r=0;t=5, "day";r=900;t=40000`, or the one limit of the older form,
/// `limit=10, remaining=0, reset=5`.
fn from_structured_field(field: &str, headers: &HeaderMap) -> Option<Duration> {
    if pieces(field, ";").nth(1).is_some() {
        let limits = pieces(field, ",");
        limits.filter_map(|limit| used_up(limit, headers)).max()
    } else {
        used_up(field, headers)
    }
}

fn used_up(limit: &str, headers: &HeaderMap) -> Option<Duration> {
    let member = |names: [&str; 2]| {
        pieces(limit, ";,").find_map(|piece| {
            let (name, value) = piece.split_once('=')?;
            let known = names.contains(&name.trim());
            known.then(|| number(value.trim()))?
        })
    };
    if member(["r", "remaining"])? == 0.0 {
        Some(wait(member(["t", "reset"])?, headers))
    } else {
        None
    }
}

/// The text between separators, except those within quotes.
fn pieces<'a>(text: &'a str, separators: &'static str) -> impl Iterator<Item = &'a str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        if escaped {
            escaped = false;
        } else if quoted && c == '\\' {
            escaped = true;
        } else if c == '"' {
            quoted = !quoted;
        }
        !quoted && separators.contains(c)
    })
}

/// The wait that a number means. From 10⁹ on, which would be 31 years, it is a UNIX timestamp: in seconds, or, if that
/// were thousands of years away, in milliseconds, microseconds or nanoseconds.
fn wait(number: f64, headers: &HeaderMap) -> Duration {
    let seconds = |seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    let since_epoch = match number {
        ..1e9 => return seconds(number).min(FOR_EVER),
        ..1e11 => number,
        ..1e14 => number / 1e3,
        ..1e17 => number / 1e6,
        _ => number / 1e9,
    };
    let now = now(headers).duration_since(SystemTime::UNIX_EPOCH);
    let wait = seconds(since_epoch).saturating_sub(now.unwrap_or_default());
    wait.min(FOR_EVER)
}

/// The service's current time, since its clock may be hours off from ours.
fn now(headers: &HeaderMap) -> SystemTime {
    let date = || httpdate::parse_http_date(headers.get(DATE)?.to_str().ok()?.trim()).ok();
    date().unwrap_or_else(SystemTime::now)
}

fn texts<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let text = |value: &'a HeaderValue| value.to_str().ok().map(str::trim);
    headers.get_all(name).iter().filter_map(text)
}

/// Digits, optionally with a fraction. A number that is too large for any clock is still a number.
fn number(text: &str) -> Option<f64> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 21 October 2015, 07:28:00, on the service's clock.
    const NOW: u64 = 1_445_412_480;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_str(value).unwrap(),
                )
            })
            .collect()
    }

    fn dated(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = headers(pairs);
        let date = HeaderValue::from_static("Wed, 21 Oct 2015 07:28:00 GMT");
        headers.insert(DATE, date);
        headers
    }

    fn seconds(seconds: f64) -> Option<Duration> {
        Some(Duration::from_secs_f64(seconds))
    }

    #[test]
    fn seconds_and_dates_are_read_and_nonsense_is_not() {
        let wait = |value: &str| retry_after(&dated(&[("retry-after", value)]));
        for (text, expected) in [
            ("5", seconds(5.0)),
            ("0", seconds(0.0)),
            (" 2.5 ", seconds(2.5)),
            ("90000", seconds(90_000.0)),
            ("Wed, 21 Oct 2015 07:28:30 GMT", seconds(30.0)),
            ("Wed, 21 Oct 2015 07:27:59 GMT", seconds(0.0)),
            ("Wednesday, 21-Oct-15 07:29:00 GMT", seconds(60.0)),
            ("Sat, 01 Jan 2400 00:00:00 GMT", Some(FOR_EVER)),
            ("", None),
            ("soon", None),
            ("-5", None),
            ("1e3", None),
            ("NaN", None),
            ("inf", None),
            ("1.2.3", None),
            (".", None),
        ] {
            assert_eq!(wait(text), expected, "{text}");
        }
    }

    #[test]
    fn points_in_time_are_told_from_waits_by_their_size_in_whichever_unit() {
        let soon = NOW + 90;
        for text in [
            format!("{soon}"),
            format!("{soon}.0"),
            format!("{soon}000"),
            format!("{soon}000000"),
            format!("{soon}000000000"),
        ] {
            for headers in [
                dated(&[("retry-after", &text)]),
                dated(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &text)]),
                dated(&[("ratelimit", &format!("\"a\";r=0;t={text}"))]),
            ] {
                let wait = retry_after(&headers).or_else(|| exhausted_for(&headers));
                let wait = wait.unwrap().as_secs_f64();
                assert!((wait - 90.0).abs() < 0.001, "{text}: {wait}");
            }
        }
        // Times in the past mean no wait, in every unit.
        for text in ["1000000000", "1445412479999", "1445412479999999"] {
            assert_eq!(retry_after(&dated(&[("retry-after", text)])), seconds(0.0));
        }
    }

    #[test]
    fn a_wait_beyond_any_clock_is_a_long_one_and_not_none() {
        for text in [
            "999999999".to_owned(),
            "10000000000000000000".to_owned(),
            u64::MAX.to_string(),
            format!("1{}", "0".repeat(30)),
            "9".repeat(400),
        ] {
            let wait = retry_after(&dated(&[("retry-after", &text)]));
            assert!(wait > seconds(86_400.0 * 3650.0), "{text}: {wait:?}");
            assert!(wait <= Some(FOR_EVER));
        }
    }

    #[test]
    fn a_date_is_read_by_the_clock_of_the_service() {
        let at = |date: &str, until: &str| {
            retry_after(&headers(&[("date", date), ("retry-after", until)]))
        };
        // The service's clock is decades behind or ahead of ours.
        assert_eq!(
            at(
                "Wed, 21 Oct 1987 07:28:00 GMT",
                "Wed, 21 Oct 1987 07:28:07 GMT"
            ),
            seconds(7.0)
        );
        assert_eq!(
            at(
                "Sun, 21 Oct 2085 07:28:00 GMT",
                "Sun, 21 Oct 2085 07:28:07 GMT"
            ),
            seconds(7.0)
        );
        // Without the service's clock, ours is used.
        let until = |until| retry_after(&headers(&[("retry-after", until)]));
        assert_eq!(until("Wed, 21 Oct 2015 07:28:07 GMT"), seconds(0.0));
        assert!(until("Sun, 21 Oct 2085 07:28:07 GMT") > seconds(86_400.0));
        assert_eq!(
            at("yesterday", "Wed, 21 Oct 2015 07:28:07 GMT"),
            seconds(0.0)
        );
    }

    #[test]
    fn of_several_headers_the_first_that_can_be_read_counts() {
        let repeated = headers(&[
            ("retry-after", "later"),
            ("retry-after", "7"),
            ("retry-after", "9"),
        ]);
        assert_eq!(retry_after(&repeated), seconds(7.0));
        for (joined, wait) in [
            ("later, 7, 9", seconds(7.0)),
            ("1, 5", seconds(1.0)),
            ("Thu, 32 Foo 1970 25:61:61 GMT", None),
        ] {
            let joined = headers(&[("retry-after", joined)]);
            assert_eq!(retry_after(&joined), wait);
        }
        let repeated = headers(&[
            ("x-ratelimit-remaining", "none"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "?"),
            ("x-ratelimit-reset", "2.5"),
        ]);
        assert_eq!(exhausted_for(&repeated), seconds(2.5));
    }

    #[test]
    fn rate_limit_headers_tell_when_a_limit_is_used_up() {
        for (pairs, expected) in [
            (&[("ratelimit", r#""default";r=0;t=5"#)][..], Some(5.0)),
            (&[("ratelimit", r#""default";r=1;t=5"#)], None),
            (&[("ratelimit", r#""default"; r=0; t=2.5"#)], Some(2.5)),
            (
                &[("ratelimit", "limit=10, remaining=0, reset=7")],
                Some(7.0),
            ),
            (
                &[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")],
                Some(3.0),
            ),
            (
                &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "2.5")],
                Some(2.5),
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
                Some(0.0),
            ),
            (&[("x-ratelimit-remaining", "0")], None),
            (&[], None),
        ] {
            assert_eq!(
                exhausted_for(&dated(pairs)),
                expected.and_then(seconds),
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn what_is_quoted_in_a_limits_name_means_nothing() {
        for (field, expected) in [
            (r#""a;r=0;t=3,";r=7;t=60"#, None),
            (r#""a;r=9;t=9,";r=0;t=60"#, Some(60.0)),
            (r#""a\";r=0;t=3,";r=7;t=60"#, None),
            (r#""a\\";r=0;t=3"#, Some(3.0)),
            (r#""a, remaining=0, reset=3""#, None),
            (r#""x;r=0;t=3", "y";r=0;t=4"#, Some(4.0)),
            (r#""never closed;r=0;t=3"#, None),
        ] {
            let headers = headers(&[("ratelimit", field)]);
            let expected = expected.and_then(seconds);
            assert_eq!(exhausted_for(&headers), expected, "{field}");
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_sends_is_read_without_panic_and_in_bounds(
            text in "[ -~]{0,40}|[0-9]{1,400}(\\.[0-9]{0,9})?",
            date in "[ -~]{0,30}",
        ) {
            let map = headers(&[
                ("date", &date),
                ("retry-after", &text),
                ("ratelimit", &text),
                ("x-ratelimit-remaining", "0"),
                ("x-ratelimit-reset", &text),
            ]);
            prop_assert!(retry_after(&map) <= Some(FOR_EVER));
            prop_assert!(exhausted_for(&map) <= Some(FOR_EVER));
        }

        #[test]
        fn a_quoted_name_is_skipped_whatever_is_in_it(name in "[ -~]{0,20}", left in 0..3_u32, wait in 0..1000_u32) {
            let quoted = name.replace('\\', "\\\\").replace('"', "\\\"");
            let field = format!("\"{quoted}\";r={left};t={wait}");
            let expected = (left == 0).then(|| Duration::from_secs(u64::from(wait)));
            prop_assert_eq!(exhausted_for(&headers(&[("ratelimit", &field)])), expected);
        }
    }
}
