//! A point in time.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::ser::{Serialize, Serializer};

use crate::wire::model::{Scalar, Shape, Shaped, Token, Unfit};

/// A point in time, from the year -9999 to 9999, to the nanosecond.
///
/// Responses may contain UNIX seconds or RFC 3339 text, with the tolerances of [`model`](crate::model). It is displayed
/// and serialised as RFC 3339 in UTC.
///
/// ```
/// use security_api_transport::Timestamp;
///
/// let seen = Timestamp::from_unix_seconds(1_716_290_202).unwrap();
/// assert_eq!(seen.to_string(), "2024-05-21T11:16:42Z");
/// assert_eq!("2024-05-21T13:16:42+02:00".parse(), Ok(seen));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds since 1970, rounded down.
    seconds: i64,
    /// Nanoseconds since then, plus one: so `Option<Timestamp>` needs no more room than `Timestamp`. Records have many.
    nanoseconds: NonZeroU32,
}

/// The text or number is not a point in time that [`Timestamp`] can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a point in time: expected UNIX seconds or RFC 3339 between the years -9999 and 9999")]
#[non_exhaustive]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The earliest time: the start of the year -9999, as jiff has it.
    const MIN: Self = Self::new(-377_705_023_201, 0);

    /// The latest time: the end of the year 9999, as jiff has it.
    const MAX: Self = Self::new(253_402_207_200, 999_999_999);

    /// The current time of this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Self::from_jiff(jiff::Timestamp::now())
    }

    /// From whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// If the time is outside the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidTimestamp> {
        match (Self::MIN.seconds..=Self::MAX.seconds).contains(&seconds) {
            true => Ok(Self::new(seconds, 0)),
            false => Err(InvalidTimestamp),
        }
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub const fn unix_seconds(self) -> i64 {
        self.seconds
    }

    /// This much earlier. Saturates at the earliest time.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        let earlier = self.to_jiff().saturating_sub(duration);
        earlier.map_or(Self::MIN, Self::from_jiff)
    }

    /// This much later. Saturates at the latest time.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let later = self.to_jiff().saturating_add(duration);
        later.map_or(Self::MAX, Self::from_jiff)
    }

    const fn new(seconds: i64, nanoseconds: u32) -> Self {
        Self {
            seconds,
            nanoseconds: NonZeroU32::MIN.saturating_add(nanoseconds),
        }
    }

    fn from_jiff(time: jiff::Timestamp) -> Self {
        // Before 1970 jiff's nanoseconds are negative.
        match time.subsec_nanosecond() {
            nanoseconds @ ..0 => {
                Self::new(time.as_second() - 1, (nanoseconds + 1_000_000_000) as u32)
            }
            nanoseconds => Self::new(time.as_second(), nanoseconds as u32),
        }
    }

    fn to_jiff(self) -> jiff::Timestamp {
        let nanoseconds = (self.nanoseconds.get() - 1) as i32;
        // No value outside of jiff's range is ever held.
        jiff::Timestamp::new(self.seconds, nanoseconds).unwrap_or_default()
    }
}

impl Default for Timestamp {
    /// 1970-01-01T00:00:00Z.
    fn default() -> Self {
        Self::new(0, 0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.to_jiff(), f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse()
            .map(Self::from_jiff)
            .map_err(|_| InvalidTimestamp)
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(time: SystemTime) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::try_from(time)
            .map(Self::from_jiff)
            .map_err(|_| InvalidTimestamp)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        time.to_jiff().into()
    }
}

#[cfg(feature = "jiff-02")]
impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        Self::from_jiff(time)
    }
}

#[cfg(feature = "jiff-02")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        time.to_jiff()
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Shaped for Timestamp {
    fn shape(&self) -> Shape<'_> {
        Shape::Text(self.to_string().into())
    }
}

crate::__scalar!(Timestamp);

impl Scalar for Timestamp {
    const EXPECTED: &'static str = "UNIX seconds or an RFC 3339 time";

    fn blank() -> Self {
        Self::default()
    }

    #[inline]
    fn read(token: Token<'_>) -> Result<Self, Unfit> {
        match token {
            Token::Integer(number) => Self::from_whole(number),
            other => Self::from_other(other),
        }
        .ok_or(Unfit)
    }

    /// An invalid time is decoded as `None`, so that one wrong time does not lose the whole object.
    fn read_optional(token: Token<'_>) -> Result<Option<Self>, Unfit> {
        match (Self::read(token), token) {
            (Ok(time), _) => Ok(Some(time)),
            (Err(_), Token::Text(text)) if text.trim().is_empty() => Ok(None),
            (Err(_), Token::Text(_) | Token::Integer(_) | Token::Unsigned(_) | Token::Float(_)) => {
                tracing::debug!("a time of the response could not be read and is left out");
                Ok(None)
            }
            (Err(unfit), _) => Err(unfit),
        }
    }
}

/// Numbers from here on are milliseconds: as seconds they would be after the year 5138, as milliseconds they are after
/// March 1973.
const MILLISECONDS: i64 = 100_000_000_000;

impl Timestamp {
    /// From UNIX seconds or milliseconds, distinguished by their size.
    fn from_whole(number: i64) -> Option<Self> {
        if number.abs_diff(0) < MILLISECONDS as u64 {
            return Self::from_unix_seconds(number).ok();
        }
        let time = jiff::Timestamp::from_millisecond(number).ok()?;
        Some(Self::from_jiff(time))
    }

    /// The same for numbers that have a fraction.
    fn from_float(number: f64) -> Option<Self> {
        let seconds = match number.abs() >= MILLISECONDS as f64 {
            true => number / 1000.0,
            false => number,
        };
        jiff::SignedDuration::try_from_secs_f64(seconds)
            .and_then(jiff::Timestamp::from_duration)
            .ok()
            .map(Self::from_jiff)
    }

    #[inline(never)]
    fn from_other(token: Token<'_>) -> Option<Self> {
        match token {
            Token::Text(text) => Self::from_service(text),
            Token::Float(number) => Self::from_float(number),
            _ => None,
        }
    }

    /// From text as services write it: RFC 3339, with or without an offset, or a number.
    fn from_service(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(time) = text.parse() {
            return Some(time);
        }
        if let Ok(number) = text.parse() {
            return Self::from_whole(number);
        }
        if let Ok(number) = text.parse() {
            return Self::from_float(number);
        }
        let (local, has_offset) = without_offset(text);
        let local: jiff::civil::DateTime = local.parse().ok()?;
        if !has_offset && let Ok(time) = jiff::tz::Offset::UTC.to_timestamp(local) {
            return Some(Self::from_jiff(time));
        }
        // A day within the calendar, and less than a day from the first or last time that can be held.
        match local.year() {
            9999 => Some(Self::MAX),
            -9999 => Some(Self::MIN),
            _ => None,
        }
    }
}

/// The text without `Z` or an offset such as `+02:00` at its end, and whether it had one.
fn without_offset(text: &str) -> (&str, bool) {
    if let Some(local) = text.strip_suffix(['Z', 'z']) {
        return (local, true);
    }
    let offset = text
        .len()
        .checked_sub(6)
        .and_then(|start| text.get(start..));
    match offset.map(str::as_bytes) {
        Some([b'+' | b'-', _, _, b':', _, _]) => (&text[..text.len() - 6], true),
        _ => (text, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<Timestamp> {
        serde_json::from_str(json).ok()
    }

    #[test]
    fn numbers_and_text_are_read() {
        let expected = Timestamp::from_unix_seconds(1_698_669_223).unwrap();
        for json in [
            "1698669223",
            "1698669223.0",
            "1698669223000",
            r#""1698669223""#,
            r#"" 1698669223.0 ""#,
            r#""1698669223000""#,
            r#""2023-10-30T12:33:43Z""#,
            r#""2023-10-30T14:33:43+02:00""#,
            r#""2023-10-30T12:33:43""#,
            r#""2023-10-30 12:33:43""#,
        ] {
            assert_eq!(read(json), Some(expected), "{json}");
        }
        assert_eq!(read(r#""2023-10-30""#), "2023-10-30T00:00:00Z".parse().ok());
        assert_eq!(read("1698669223.5"), "2023-10-30T12:33:43.5Z".parse().ok());
        assert_eq!(
            read("1698669223123"),
            "2023-10-30T12:33:43.123Z".parse().ok()
        );
        assert_eq!(
            read("1698669223500.0"),
            "2023-10-30T12:33:43.5Z".parse().ok()
        );
    }

    #[test]
    fn milliseconds_begin_where_seconds_would_be_after_the_year_5138() {
        for (json, expected) in [
            ("99999999999", "5138-11-16T09:46:39Z"),
            ("100000000000", "1973-03-03T09:46:40Z"),
            ("-99999999999", "-001199-02-15T14:13:21Z"),
            ("-100000000000", "1966-10-31T14:13:20Z"),
            ("253402207200000", "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(read(json), expected.parse().ok(), "{json}");
            assert!(read(json).is_some(), "{json}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_the_first_and_last_time() {
        for json in [
            r#""9999-12-31T23:59:59Z""#,
            r#""9999-12-31T23:59:59.9999999Z""#,
            r#""9999-12-31T23:59:59""#,
            r#""9999-12-31T23:59:59-05:00""#,
            r#""9999-12-31""#,
        ] {
            assert_eq!(read(json), Some(Timestamp::MAX), "{json}");
        }
        assert_eq!(read(r#""-009999-01-01T00:00:00Z""#), Some(Timestamp::MIN));
        assert_eq!(
            read(r#""0001-01-01T00:00:00""#).unwrap().to_string(),
            "0001-01-01T00:00:00Z"
        );
    }

    #[test]
    fn nonsense_is_an_error_not_a_panic() {
        for json in [
            "18446744073709551615",
            "1e300",
            r#""yesterday""#,
            r#""""#,
            r#""é+0é:00""#,
            r#""2024-05-21T11:16:42+99:99""#,
            r#""NaN""#,
            r#""inf""#,
            "true",
            "null",
        ] {
            assert_eq!(read(json), None, "{json}");
        }
    }

    #[test]
    fn an_optional_time_needs_no_more_room() {
        assert_eq!(size_of::<Option<Timestamp>>(), size_of::<Timestamp>());
    }

    #[test]
    fn times_are_ordered_and_kept_to_the_nanosecond_on_both_sides_of_1970() {
        let texts = [
            "-009999-01-02T01:59:59Z",
            "-009999-01-02T01:59:59.000000001Z",
            "1969-12-31T23:59:58.5Z",
            "1969-12-31T23:59:59.000000001Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.000000001Z",
            "9999-12-30T22:00:00.999999999Z",
        ];
        assert_eq!(Timestamp::MIN.to_jiff(), jiff::Timestamp::MIN);
        assert_eq!(Timestamp::MAX.to_jiff(), jiff::Timestamp::MAX);
        let times: Vec<Timestamp> = texts.map(|text| text.parse().unwrap()).to_vec();
        assert!(times.is_sorted());
        for (time, text) in times.into_iter().zip(texts) {
            assert_eq!(time.to_string(), text);
            assert_eq!(Timestamp::from_jiff(time.to_jiff()), time);
        }
    }

    #[cfg(feature = "jiff-02")]
    #[test]
    fn times_of_jiff_round_trip_to_the_nanosecond_on_both_sides_of_1970() {
        for text in [
            "-009999-01-02T01:59:59Z",
            "1969-12-31T23:59:58.5Z",
            "1969-12-31T23:59:59.999999999Z",
            "1970-01-01T00:00:00Z",
            "2024-05-21T11:16:42.000000001Z",
            "9999-12-30T22:00:00.999999999Z",
        ] {
            let theirs: jiff::Timestamp = text.parse().unwrap();
            let ours = Timestamp::from(theirs);
            assert_eq!(ours, text.parse().unwrap());
            assert_eq!(jiff::Timestamp::from(ours), theirs);
        }
    }

    #[test]
    fn system_time_round_trips_on_both_sides_of_1970() {
        for seconds in [-5_i64, 0, 1_698_669_223] {
            let time = Timestamp::from_unix_seconds(seconds).unwrap();
            assert_eq!(Timestamp::try_from(SystemTime::from(time)), Ok(time));
            assert_eq!(time.unix_seconds(), seconds);
        }
    }
}
