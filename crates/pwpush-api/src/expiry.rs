//! How long a secret lives, in units of time, whatever the edition calls it.

use std::fmt;

use security_api_transport::Error;

/// How long a push or request lives.
///
/// The editions say it in different ways, and none can say everything: the open-source server counts whole days from 1
/// to 90, the commercial edition has the steps of [`Expiry::STEPS`]. A lifetime that the instance cannot express is
/// refused before anything is sent, with the nearest shorter one in the message; it is never rounded silently.
///
/// ```
/// use pwpush_api::Expiry;
///
/// assert_eq!(Expiry::hours(48), Expiry::days(2));
/// assert_eq!(Expiry::weeks(1).to_string(), "7 days");
/// assert_eq!(Expiry::minutes(90).to_string(), "90 minutes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Expiry(Span);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Span {
    Minutes(u64),
    Months(u32),
}

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;
/// A month where the service wants days, as clients of the service count it.
const MONTH: u64 = 30 * DAY;

impl Expiry {
    /// The lifetimes that the commercial edition has, from the shortest. Their places are the numbers it calls them by:
    /// 7 days is number 12.
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

    /// The days that the open-source server can count.
    pub(crate) const DAYS: std::ops::RangeInclusive<u64> = 1..=90;

    /// This many minutes.
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

    /// This many hours.
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

    /// This many days of 24 hours.
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

    /// This many weeks.
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

    /// This many months. The commercial edition has 1, 2 and 3, and a month may be as long there as the longest in the
    /// calendar; where days are counted, a month has 30.
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

    /// The least seconds that this can mean.
    pub(crate) const fn least_seconds(self) -> u64 {
        self.whole_minutes().saturating_mul(60)
    }

    /// The most seconds that a secret may live and still keep to this.
    pub(crate) fn most_seconds(self) -> u64 {
        let minutes = match self.0 {
            Span::Minutes(minutes) => minutes,
            Span::Months(months) => u64::from(months) * 31 * DAY,
        };
        minutes.saturating_mul(60)
    }

    /// The commercial edition's number for it.
    ///
    /// # Errors
    /// If it has none. `field` is what the caller set.
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
    /// If they are not whole, or too many. `field` is what the caller set.
    pub(crate) fn whole_days(self, field: &str) -> Result<u8, Error> {
        const EDITION: &str = "the open-source edition, which counts whole days from 1 to 90";
        let minutes = self.whole_minutes();
        let days = (minutes / DAY).min(*Self::DAYS.end());
        let expressed = u8::try_from(days).unwrap_or(u8::MAX);
        if days * DAY == minutes && Self::DAYS.contains(&days) {
            Ok(expressed)
        } else if days == 0 {
            Err(self.refused(field, EDITION, Err(Self::days(1))))
        } else {
            Err(self.refused(field, EDITION, Ok(Self::days(expressed.into()))))
        }
    }

    /// `instead` is the nearest shorter lifetime, or the shortest if all are longer.
    fn refused(self, field: &str, edition: &str, instead: Result<Self, Self>) -> Error {
        let remedy = match instead {
            Ok(shorter) => format!("the nearest shorter one is {shorter}"),
            Err(shortest) => format!("its shortest is {shortest}"),
        };
        Error::invalid(format!(
            "`{field}`: {self} is no lifetime of {edition}; {remedy}"
        ))
    }
}

/// In the largest of minutes, hours, days and months that gives a whole number.
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
    fn every_whole_day_from_1_to_90_can_be_said_to_the_open_source_edition() {
        for days in 1..=90 {
            assert_eq!(
                u32::from(Expiry::days(days).whole_days("expire_after").unwrap()),
                days
            );
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
                Expiry::days(91),
                "the nearest shorter one is 3 months",
                "the nearest shorter one is 90 days",
            ),
            (
                Expiry::months(u32::MAX),
                "the nearest shorter one is 3 months",
                "the nearest shorter one is 90 days",
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
    fn a_month_may_be_as_long_as_the_longest_and_days_are_exact() {
        assert_eq!(Expiry::months(1).most_seconds(), 31 * 86_400);
        assert_eq!(Expiry::days(30).most_seconds(), 30 * 86_400);
    }
}
