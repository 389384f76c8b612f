//! A point in time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use crate::model::{self, Scalar};

/// A point in time, from the year -9999 to 9999, to the nanosecond.
///
/// Read from UNIX seconds (numbers) and from RFC 3339 text, whichever the service sends; shown and serialised as RFC
/// 3339 in UTC.
///
/// ```
/// use security_api_transport::Timestamp;
///
/// let seen = Timestamp::from_unix_seconds(1_716_290_202).unwrap();
/// assert_eq!(seen.to_string(), "2024-05-21T11:16:42Z");
/// assert_eq!("2024-05-21T13:16:42+02:00".parse(), Ok(seen));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(jiff::Timestamp);

/// The text or number is no point in time that [`Timestamp`] can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a point in time: expected UNIX seconds or RFC 3339 between the years -9999 and 9999")]
#[non_exhaustive]
pub struct InvalidTimestamp;

impl Timestamp {
    /// The current time of this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        Self(jiff::Timestamp::now())
    }

    /// From whole seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// If the time lies outside the years -9999 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::from_second(seconds)
            .map(Self)
            .map_err(|_| InvalidTimestamp)
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.as_nanosecond().div_euclid(1_000_000_000) as i64
    }

    /// This much earlier; the earliest time there is if that is out of range.
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_sub(duration)
                .unwrap_or(jiff::Timestamp::MIN),
        )
    }

    /// This much later; the latest time there is if that is out of range.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(duration)
                .unwrap_or(jiff::Timestamp::MAX),
        )
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        text.parse().map(Self).map_err(|_| InvalidTimestamp)
    }
}

impl TryFrom<SystemTime> for Timestamp {
    type Error = InvalidTimestamp;

    fn try_from(time: SystemTime) -> Result<Self, InvalidTimestamp> {
        jiff::Timestamp::try_from(time)
            .map(Self)
            .map_err(|_| InvalidTimestamp)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(time: Timestamp) -> Self {
        time.0.into()
    }
}

#[cfg(feature = "jiff-02")]
impl From<jiff::Timestamp> for Timestamp {
    fn from(time: jiff::Timestamp) -> Self {
        Self(time)
    }
}

#[cfg(feature = "jiff-02")]
impl From<Timestamp> for jiff::Timestamp {
    fn from(time: Timestamp) -> Self {
        time.0
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        model::scalar(deserializer)
    }
}

impl Scalar for Timestamp {
    const EXPECTED: &'static str = "UNIX seconds or an RFC 3339 time";

    fn from_text<E: serde::de::Error>(text: &str) -> Result<Self, E> {
        text.parse().map_err(E::custom)
    }

    fn from_integer<E: serde::de::Error>(seconds: i64) -> Result<Self, E> {
        Self::from_unix_seconds(seconds).map_err(E::custom)
    }

    fn from_float<E: serde::de::Error>(seconds: f64) -> Result<Self, E> {
        jiff::SignedDuration::try_from_secs_f64(seconds)
            .and_then(jiff::Timestamp::from_duration)
            .map(Self)
            .map_err(|_| E::custom(InvalidTimestamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_text_are_read() {
        let expected = Timestamp::from_unix_seconds(1_698_669_223).unwrap();
        for json in ["1698669223", "1698669223.0", r#""2023-10-30T12:33:43Z""#] {
            assert_eq!(serde_json::from_str::<Timestamp>(json).unwrap(), expected);
        }
    }

    #[test]
    fn nonsense_is_an_error_not_a_panic() {
        for json in ["18446744073709551615", "1e300", r#""yesterday""#, "true"] {
            assert!(serde_json::from_str::<Timestamp>(json).is_err(), "{json}");
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
