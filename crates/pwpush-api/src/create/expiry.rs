//! How long a secret lives, in units of time, independent of the edition.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use security_api_transport::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How long a push or request lives.
///
/// The editions represent lifetimes differently, and neither can express all of them: the open-source server counts
/// whole days, by default 1 to 90, and the commercial edition has the steps of [`Expiry::STEPS`]. A lifetime that the
/// edition cannot express is refused before anything is sent, with the nearest shorter one in the message. It is never
/// rounded silently.
///
/// It is displayed and parsed as a number and a unit, such as `12 hours`. Units are minutes, hours, days, weeks and
/// months, singular or plural, or abbreviated as `min`, `h`, `d`, `w` and `mo`. In serde formats it is that text. It is
/// ordered by length, with a month as 30 days, although the two are not equal.
///
/// ```
/// use pwpush_api::Expiry;
///
/// assert_eq!(Expiry::hours(48), Expiry::days(2));
/// assert_eq!(Expiry::weeks(1).to_string(), "7 days");
/// assert_eq!(Expiry::minutes(90).to_string(), "90 minutes");
/// assert_eq!("7 days".parse(), Ok(Expiry::weeks(1)));
/// assert_eq!("12h".parse(), Ok(Expiry::hours(12)));
/// assert!(Expiry::hours(1) < Expiry::days(1));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Expiry(Span);

#[derive(Debug, Clone, Copy)]
enum Span {
    Minutes(u64),
    Months(u32),
}

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;
/// A month where the service expects days, as clients of the service count it.
const MONTH: u64 = 30 * DAY;

impl Expiry {
    /// The lifetimes of the commercial edition, shortest first. The service identifies them by their index: 7 days is
    /// number 12.
    pub const STEPS: [Self; 18] = [
        Self::minutes(15),
        Self::minutes(30),
        Self::minutes(45),
        Self::hours(1),
        Self::hours(6),
        Self::hours(12),
        Self::days(1),
        Self::days(2),
        Self::days(3),
        Self::days(4),
        Self::days(5),
        Self::days(6),
        Self::weeks(1),
        Self::weeks(2),
        Self::weeks(3),
        Self::months(1),
        Self::months(2),
        Self::months(3),
    ];

    /// The most days that the open-source server can store.
    const MOST_DAYS: u64 = i32::MAX as u64;

    /// A lifetime of this many minutes.
    ///
    /// ```
    /// use pwpush_api::Expiry;
    ///
    /// assert_eq!(Expiry::minutes(15), Expiry::STEPS[0]);
    /// ```
    #[must_use]
    pub const fn minutes(minutes: u32) -> Self {
        Self(Span::Minutes(minutes as u64))
    }

    /// A lifetime of this many hours.
    ///
    /// ```
    /// use pwpush_api::Expiry;
    ///
    /// assert_eq!(Expiry::hours(1), Expiry::minutes(60));
    /// ```
    #[must_use]
    pub const fn hours(hours: u32) -> Self {
        Self(Span::Minutes(hours as u64 * HOUR))
    }

    /// A lifetime of this many days of 24 hours.
    ///
    /// ```
    /// use pwpush_api::Expiry;
    ///
    /// assert_eq!(Expiry::days(7), Expiry::STEPS[12]);
    /// ```
    #[must_use]
    pub const fn days(days: u32) -> Self {
        Self(Span::Minutes(days as u64 * DAY))
    }

    /// A lifetime of this many weeks.
    ///
    /// ```
    /// use pwpush_api::Expiry;
    ///
    /// assert_eq!(Expiry::weeks(2), Expiry::days(14));
    /// ```
    #[must_use]
    pub const fn weeks(weeks: u32) -> Self {
        Self::days(weeks.saturating_mul(7))
    }

    /// A lifetime of this many months. The commercial edition has 1, 2 and 3, where a month may be as long as the
    /// longest in the calendar; where days are counted, a month has 30.
    ///
    /// ```
    /// use pwpush_api::Expiry;
    ///
    /// assert_eq!(Expiry::months(1).to_string(), "1 month");
    /// ```
    #[must_use]
    pub const fn months(months: u32) -> Self {
        Self(Span::Months(months))
    }

    const fn whole_minutes(self) -> u64 {
        match self.0 {
            Span::Minutes(minutes) => minutes,
            Span::Months(months) => months as u64 * MONTH,
        }
    }

    /// The sort key.
    const fn sorted(self) -> (u64, bool) {
        (self.whole_minutes(), matches!(self.0, Span::Months(1..)))
    }

    /// The seconds that this means if a month has 30 days.
    pub(crate) const fn nominal_seconds(self) -> u64 {
        self.whole_minutes().saturating_mul(60)
    }

    /// The most seconds that a secret may live without exceeding this.
    pub(crate) fn most_seconds(self) -> u64 {
        let minutes = match self.0 {
            Span::Minutes(minutes) => minutes,
            Span::Months(months) => u64::from(months) * 31 * DAY,
        };
        minutes.saturating_mul(60)
    }

    /// The fewest seconds that a secret may live without falling short of this: a month can have 28 days.
    pub(crate) fn least_seconds(self) -> u64 {
        let minutes = match self.0 {
            Span::Minutes(minutes) => minutes,
            Span::Months(months) => u64::from(months) * 28 * DAY,
        };
        minutes.saturating_mul(60)
    }

    /// The commercial edition's number for this lifetime.
    ///
    /// # Errors
    /// If there is none. `field` is what the caller set.
    pub(crate) fn step(self, field: &str) -> Result<u8, Error> {
        let minutes = self.whole_minutes();
        let shorter = Self::STEPS
            .iter()
            .rposition(|step| step.whole_minutes() <= minutes);
        match shorter {
            Some(step) if Self::STEPS[step].whole_minutes() == minutes => {
                Ok(u8::try_from(step).unwrap_or(u8::MAX))
            }
            Some(step) => Err(self.refused(field, "the commercial edition", Ok(Self::STEPS[step]))),
            None => Err(self.refused(field, "the commercial edition", Err(Self::STEPS[0]))),
        }
    }

    /// The days that the open-source server counts.
    ///
    /// # Errors
    /// If the lifetime is not a number of whole days, or more than any instance can store. `field` is what the caller
    /// set.
    pub(crate) fn whole_days(self, field: &str) -> Result<u32, Error> {
        const EDITION: &str = "the open-source edition, which counts whole days";
        let minutes = self.whole_minutes();
        let days = (minutes / DAY).min(Self::MOST_DAYS);
        let expressed = u32::try_from(days).unwrap_or(u32::MAX);
        if days == 0 {
            Err(self.refused(field, EDITION, Err(Self::days(1))))
        } else if days * DAY == minutes {
            Ok(expressed)
        } else {
            Err(self.refused(field, EDITION, Ok(Self::days(expressed))))
        }
    }

    /// `instead` is the nearest shorter lifetime, or the shortest if all are longer.
    fn refused(self, field: &str, edition: &str, instead: Result<Self, Self>) -> Error {
        let remedy = match instead {
            Ok(shorter) => format!("the nearest shorter one is {shorter}"),
            Err(shortest) => format!("its shortest is {shortest}"),
        };
        Error::invalid(format!(
            "`{field}`: {self} cannot be expressed by {edition}; {remedy}"
        ))
    }
}

impl PartialEq for Expiry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Expiry {}

impl PartialOrd for Expiry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares by length. A month is 30 days long, and greater than 30 days.
impl Ord for Expiry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.sorted().cmp(&other.sorted())
    }
}

impl Hash for Expiry {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.sorted().hash(state);
    }
}

/// A text that is not a lifetime.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidExpiry;

impl fmt::Display for InvalidExpiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a lifetime is a number and a unit: minutes, hours, days, weeks or months, such as `12 hours`",
        )
    }
}

impl std::error::Error for InvalidExpiry {}

impl FromStr for Expiry {
    type Err = InvalidExpiry;

    fn from_str(text: &str) -> Result<Self, InvalidExpiry> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: u32 = count.parse().map_err(|_| InvalidExpiry)?;
        let of = |unit: fn(u32) -> Self| Ok(unit(count));
        match unit.trim().to_ascii_lowercase().as_str() {
            "minute" | "minutes" | "min" => of(Self::minutes),
            "hour" | "hours" | "h" => of(Self::hours),
            "day" | "days" | "d" => of(Self::days),
            "week" | "weeks" | "w" if count.checked_mul(7).is_some() => of(Self::weeks),
            "month" | "months" | "mo" => of(Self::months),
            _ => Err(InvalidExpiry),
        }
    }
}

impl Serialize for Expiry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Expiry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Uses the largest of minutes, hours, days and months that gives a whole number.
impl fmt::Display for Expiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, unit) = match self.0 {
            Span::Months(months) => (months.into(), "month"),
            Span::Minutes(minutes) if minutes > 0 && minutes % DAY == 0 => (minutes / DAY, "day"),
            Span::Minutes(minutes) if minutes > 0 && minutes % HOUR == 0 => {
                (minutes / HOUR, "hour")
            }
            Span::Minutes(minutes) => (minutes, "minute"),
        };
        write!(f, "{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

    #[test]
    fn every_step_of_the_commercial_edition_has_its_own_number() {
        for (index, step) in Expiry::STEPS.iter().enumerate() {
            assert_eq!(usize::from(step.step("expire_after").unwrap()), index);
        }
        for (days, index) in [
            (1, 6),
            (6, 11),
            (7, 12),
            (14, 13),
            (21, 14),
            (30, 15),
            (60, 16),
            (90, 17),
        ] {
            assert_eq!(
                Expiry::days(days).step("expire_after").unwrap(),
                index,
                "{days}"
            );
        }
    }

    #[test]
    fn every_whole_day_that_can_be_stored_is_expressed_to_the_open_source_edition() {
        for days in [1, 2, 89, 90, 91, 400, 2_147_483_647] {
            assert_eq!(Expiry::days(days).whole_days("expire_after").unwrap(), days);
        }
        assert_eq!(Expiry::months(3).whole_days("expire_after").unwrap(), 90);
        assert_eq!(Expiry::weeks(2).whole_days("expire_after").unwrap(), 14);
    }

    #[test]
    fn what_an_edition_cannot_express_is_refused_with_the_nearest_shorter_or_the_shortest() {
        for (expiry, commercial, open_source) in [
            (
                Expiry::minutes(0),
                "its shortest is 15 minutes",
                "its shortest is 1 day",
            ),
            (
                Expiry::minutes(14),
                "its shortest is 15 minutes",
                "its shortest is 1 day",
            ),
            (
                Expiry::minutes(59),
                "the nearest shorter one is 45 minutes",
                "its shortest is 1 day",
            ),
            (
                Expiry::hours(2),
                "the nearest shorter one is 1 hour",
                "its shortest is 1 day",
            ),
            (
                Expiry::hours(25),
                "the nearest shorter one is 1 day",
                "the nearest shorter one is 1 day",
            ),
            (
                Expiry::months(u32::MAX),
                "the nearest shorter one is 3 months",
                "the nearest shorter one is 2147483647 days",
            ),
        ] {
            let error = expiry.step("expire_after").unwrap_err();
            assert!(error.is_invalid());
            let text = error.to_string();
            assert!(
                text.contains(commercial) && text.contains("`expire_after`"),
                "{text}"
            );
            let text = expiry.whole_days("expire_after").unwrap_err().to_string();
            assert!(text.contains(open_source), "{text}");
        }
        assert!(Expiry::hours(1).whole_days("expire_after").is_err());
        assert!(Expiry::days(10).step("expire_after").is_err());
    }

    #[test]
    fn a_month_may_be_as_long_as_the_longest_or_the_shortest_and_days_are_exact() {
        assert_eq!(Expiry::months(2).most_seconds(), 2 * 31 * 86_400);
        assert_eq!(Expiry::months(2).least_seconds(), 2 * 28 * 86_400);
        assert_eq!(Expiry::days(30).most_seconds(), 30 * 86_400);
        assert_eq!(Expiry::days(30).least_seconds(), 30 * 86_400);
    }

    #[test]
    fn what_is_written_parses_and_is_ordered_by_length() {
        for step in Expiry::STEPS {
            assert_eq!(step.to_string().parse(), Ok(step));
            let json = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<Expiry>(&json).unwrap(), step);
        }
        for (text, expiry) in [
            ("12h", Expiry::hours(12)),
            (" 1 Week ", Expiry::days(7)),
            ("30min", Expiry::minutes(30)),
            ("3mo", Expiry::months(3)),
        ] {
            assert_eq!(text.parse(), Ok(expiry), "{text}");
        }
        for text in [
            "",
            "7",
            "days",
            "-1 days",
            "1.5 days",
            "1 m",
            "4294967296 days",
            "4294967295 weeks",
        ] {
            assert_eq!(text.parse::<Expiry>(), Err(InvalidExpiry), "{text}");
        }
        assert!(InvalidExpiry.to_string().contains("`12 hours`"));
        assert_eq!(Expiry::days(0).to_string(), "0 minutes");
        assert!(Expiry::STEPS.is_sorted_by(|a, b| a < b));
        assert!(Expiry::days(30) < Expiry::months(1) && Expiry::months(1) < Expiry::days(31));
        assert_eq!(Expiry::months(0), Expiry::minutes(0));
    }

    #[test]
    fn lifetimes_that_are_equal_have_the_same_hash_and_others_have_another() {
        let hash = |expiry: Expiry| BuildHasherDefault::<DefaultHasher>::default().hash_one(expiry);
        for (one, other) in [
            (Expiry::days(7), Expiry::weeks(1)),
            (Expiry::hours(24), Expiry::days(1)),
            (Expiry::months(0), Expiry::minutes(0)),
        ] {
            assert_eq!(one, other);
            assert_eq!(hash(one), hash(other), "{one}");
        }
        let hashes: BTreeSet<u64> = Expiry::STEPS.into_iter().map(hash).collect();
        assert_eq!(hashes.len(), Expiry::STEPS.len());
        assert_ne!(hash(Expiry::days(30)), hash(Expiry::months(1)));
    }
}
