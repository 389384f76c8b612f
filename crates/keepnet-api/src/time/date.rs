//! Dates in the various formats of the service.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use security_api_transport::Timestamp;

/// A date, or a date and time, as the service sent it.
///
/// The service writes dates in several formats: RFC 3339, with or without an offset from UTC, the display format of the
/// signed-in user, and placeholders such as `9999/99/99 99:99`. The text is kept and converted on demand, so a response
/// never fails because of a date.
///
/// ```
/// use keepnet_api::time::{DateFormat, DateTime};
/// use keepnet_api::Timestamp;
///
/// // An unambiguous date needs no format.
/// let sent = DateTime::from("2026-04-01T09:00:00Z");
/// assert_eq!(sent.to_timestamp()?, "2026-04-01T09:00:00Z".parse()?);
///
/// // 4 January or 1 April? The user's settings decide.
/// let shown = DateTime::from("01/04/2026 09:00");
/// assert!(shown.to_timestamp().is_err());
/// assert_eq!(shown.to_timestamp_as(DateFormat::day_first())?, "2026-04-01T09:00:00Z".parse()?);
///
/// // In a request, RFC 3339.
/// let now = DateTime::from(Timestamp::now());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct DateTime(String);

/// The text is not a date, or an ambiguous one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidDateTime {
    /// The text is not an existing date, but for example a placeholder.
    NoDate,
    /// The order of day and month is ambiguous: give the format.
    Ambiguous,
}

impl fmt::Display for InvalidDateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDate => "the text is not an existing date",
            Self::Ambiguous => {
                "the order of day and month is ambiguous: convert the text with a `DateFormat`"
            }
        })
    }
}

impl std::error::Error for InvalidDateTime {}

/// Which part of a date comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum First {
    Day,
    Month,
    Year,
}

/// A user's date format: order of the parts, 12 or 24 hours, and the offset from UTC.
///
/// It can be parsed from the settings of the signed-in user (`dateFormat` and `timeFormat`), such as `DD/MM/YYYY
/// HH:mm`.
///
/// ```
/// use keepnet_api::time::DateFormat;
///
/// assert_eq!("DD/MM/YYYY".parse(), Ok(DateFormat::day_first()));
/// assert_eq!("MM/DD/YYYY hh:mm A".parse(), Ok(DateFormat::month_first().twelve_hours()));
/// assert!("whenever".parse::<DateFormat>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateFormat {
    first: First,
    twelve_hours: bool,
    offset_minutes: i16,
}

impl DateFormat {
    const fn new(first: First) -> Self {
        Self {
            first,
            twelve_hours: false,
            offset_minutes: 0,
        }
    }

    /// `DD/MM/YYYY HH:mm`, in UTC.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let date = DateTime::from("31/12/2025 23:59");
    /// assert_eq!(date.to_timestamp_as(DateFormat::day_first())?.to_string(), "2025-12-31T23:59:00Z");
    /// # Ok::<(), keepnet_api::time::InvalidDateTime>(())
    /// ```
    #[must_use]
    pub const fn day_first() -> Self {
        Self::new(First::Day)
    }

    /// `MM/DD/YYYY HH:mm`, in UTC.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let date = DateTime::from("12/31/2025 11:59 PM");
    /// assert_eq!(date.to_timestamp_as(DateFormat::month_first())?.to_string(), "2025-12-31T23:59:00Z");
    /// # Ok::<(), keepnet_api::time::InvalidDateTime>(())
    /// ```
    #[must_use]
    pub const fn month_first() -> Self {
        Self::new(First::Month)
    }

    /// `YYYY/MM/DD HH:mm`, in UTC.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let date = DateTime::from("2025/12/31");
    /// assert_eq!(date.to_timestamp_as(DateFormat::year_first())?.to_string(), "2025-12-31T00:00:00Z");
    /// # Ok::<(), keepnet_api::time::InvalidDateTime>(())
    /// ```
    #[must_use]
    pub const fn year_first() -> Self {
        Self::new(First::Year)
    }

    /// Writes hours from 1 to 12 with AM and PM. Both forms are read, regardless of this setting.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let evening = "2026-04-01T21:05:00Z".parse()?;
    /// let format = DateFormat::day_first().twelve_hours();
    /// assert_eq!(DateTime::formatted(evening, format).as_str(), "01/04/2026 09:05 PM");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn twelve_hours(mut self) -> Self {
        self.twelve_hours = true;
        self
    }

    /// Sets the offset of times without one, in minutes ahead of UTC, from -23:59 to 23:59 hours. Values beyond are
    /// clamped.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let istanbul = DateFormat::day_first().utc_offset_minutes(180);
    /// let date = DateTime::from("01/04/2026 09:00");
    /// assert_eq!(date.to_timestamp_as(istanbul)?.to_string(), "2026-04-01T06:00:00Z");
    /// # Ok::<(), keepnet_api::time::InvalidDateTime>(())
    /// ```
    #[must_use]
    pub const fn utc_offset_minutes(mut self, minutes: i16) -> Self {
        const MOST: i16 = 23 * 60 + 59;
        self.offset_minutes = if minutes > MOST {
            MOST
        } else if minutes < -MOST {
            -MOST
        } else {
            minutes
        };
        self
    }

    /// The offset in the format of RFC 3339.
    fn offset(self) -> String {
        let sign = if self.offset_minutes < 0 { '-' } else { '+' };
        let minutes = self.offset_minutes.unsigned_abs();
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

/// The text is not one of the formats that users can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidDateFormat;

impl fmt::Display for InvalidDateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a date format: expected `DD/MM/YYYY`, `MM/DD/YYYY` or `YYYY/MM/DD`, optionally followed by `HH:mm` or `hh:mm A`",
        )
    }
}

impl std::error::Error for InvalidDateFormat {}

impl FromStr for DateFormat {
    type Err = InvalidDateFormat;

    fn from_str(text: &str) -> Result<Self, InvalidDateFormat> {
        let (date, time) = match text.trim().split_once(' ') {
            Some((date, time)) => (date, time.trim()),
            None => (text.trim(), ""),
        };
        let format = match date.to_ascii_uppercase().replace(['-', '.'], "/").as_str() {
            "DD/MM/YYYY" => Self::day_first(),
            "MM/DD/YYYY" => Self::month_first(),
            "YYYY/MM/DD" => Self::year_first(),
            _ => return Err(InvalidDateFormat),
        };
        match time {
            "" | "HH:mm" | "HH:mm:ss" => Ok(format),
            "hh:mm A" | "hh:mm a" | "hh:mm tt" | "hh:mm:ss A" => Ok(format.twelve_hours()),
            _ => Err(InvalidDateFormat),
        }
    }
}

impl DateTime {
    /// The text.
    ///
    /// ```
    /// assert_eq!(keepnet_api::DateTime::from("9999/99/99 99:99").as_str(), "9999/99/99 99:99");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Formats a timestamp in a user's format, for the few requests that expect it.
    ///
    /// These formats have a resolution of one minute.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let start = "2026-04-01T09:00:00Z".parse()?;
    /// let format = DateFormat::month_first().utc_offset_minutes(-300);
    /// assert_eq!(DateTime::formatted(start, format).as_str(), "04/01/2026 04:00");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn formatted(time: Timestamp, format: DateFormat) -> Self {
        let shift = Duration::from_secs(u64::from(format.offset_minutes.unsigned_abs()) * 60);
        let local = if format.offset_minutes < 0 {
            time.saturating_sub(shift)
        } else {
            time.saturating_add(shift)
        };
        // RFC 3339 in UTC: the parts are at fixed offsets from the end of the date.
        let text = local.to_string();
        let (date, time) = text.split_once('T').unwrap_or((&text, "00:00"));
        let (year_month, day) = date.rsplit_once('-').unwrap_or((date, "01"));
        let (year, month) = year_month.rsplit_once('-').unwrap_or((year_month, "01"));
        let date = match format.first {
            First::Day => format!("{day}/{month}/{year}"),
            First::Month => format!("{month}/{day}/{year}"),
            First::Year => format!("{year}/{month}/{day}"),
        };
        let (hour, minute) = (&time[..2], &time[3..5]);
        Self(match (format.twelve_hours, hour.parse::<u8>()) {
            (true, Ok(hour)) => {
                let half = if hour < 12 { "AM" } else { "PM" };
                format!("{date} {:02}:{minute} {half}", (hour + 11) % 12 + 1)
            }
            _ => format!("{date} {hour}:{minute}"),
        })
    }

    /// Converts the text to a timestamp if it is unambiguous: RFC 3339, ISO 8601 without an offset or a time, or
    /// `YYYY/MM/DD`.
    ///
    /// Without an offset, UTC is assumed; [`to_timestamp_as`](Self::to_timestamp_as) accepts another.
    ///
    /// # Errors
    /// If the text is not a date, or the order of day and month is ambiguous.
    ///
    /// ```
    /// use keepnet_api::time::{DateTime, InvalidDateTime};
    ///
    /// for text in ["2026-04-01T09:00:00", "2026-04-01T11:00:00+02:00", "2026/04/01 09:00"] {
    ///     assert_eq!(DateTime::from(text).to_timestamp()?.to_string(), "2026-04-01T09:00:00Z");
    /// }
    /// assert_eq!(DateTime::from("9999/99/99 99:99").to_timestamp(), Err(InvalidDateTime::NoDate));
    /// assert_eq!(DateTime::from("01/04/2026").to_timestamp(), Err(InvalidDateTime::Ambiguous));
    /// # Ok::<(), InvalidDateTime>(())
    /// ```
    pub fn to_timestamp(&self) -> Result<Timestamp, InvalidDateTime> {
        self.convert(None)
    }

    /// Converts the text to a timestamp. The format decides the order of day and month, and the offset from UTC if the
    /// text has none.
    ///
    /// A text that begins with the year, or ends with an offset, is read as written.
    ///
    /// # Errors
    /// If the text is not a date.
    ///
    /// ```
    /// use keepnet_api::time::{DateFormat, DateTime};
    ///
    /// let date = DateTime::from("04/01/2026 02:30 PM");
    /// assert_eq!(date.to_timestamp_as("MM/DD/YYYY".parse()?)?.to_string(), "2026-04-01T14:30:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_timestamp_as(&self, format: DateFormat) -> Result<Timestamp, InvalidDateTime> {
        self.convert(Some(format))
    }

    fn convert(&self, format: Option<DateFormat>) -> Result<Timestamp, InvalidDateTime> {
        let text = self.0.trim();
        if let Ok(time) = text.parse() {
            return Ok(time);
        }
        let (date, time) = match text.find([' ', 'T', 't']) {
            Some(end) => (&text[..end], text[end + 1..].trim()),
            None => (text, ""),
        };
        let date = iso_date(date, format.map(|format| format.first))?;
        let time = iso_time(time).ok_or(InvalidDateTime::NoDate)?;
        let offset = format.map_or("Z".to_owned(), DateFormat::offset);
        let iso = format!("{date}T{time}{offset}");
        iso.parse().map_err(|_| InvalidDateTime::NoDate)
    }
}

/// `YYYY-MM-DD` from three numbers. `first` resolves ambiguity.
fn iso_date(date: &str, first: Option<First>) -> Result<String, InvalidDateTime> {
    let mut parts = date.split(['/', '-', '.']);
    let (Some(a), Some(b), Some(c), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(InvalidDateTime::NoDate);
    };
    let number = |text: &str, longest: usize| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        (digits && text.len() <= longest)
            .then(|| text.parse::<u16>().ok())
            .flatten()
            .ok_or(InvalidDateTime::NoDate)
    };
    let (year, month, day) = if a.len() == 4 {
        (a, b, c)
    } else if c.len() == 4 {
        match first {
            Some(First::Day) => (c, b, a),
            Some(First::Month) => (c, a, b),
            Some(First::Year) | None => match (number(a, 2)?, number(b, 2)?) {
                // A number above 12 is the day.
                (13..=31, 1..=12) => (c, b, a),
                (1..=12, 13..=31) => (c, a, b),
                (one, other) if one == other && one <= 12 => (c, a, b),
                (1..=12, 1..=12) => return Err(InvalidDateTime::Ambiguous),
                _ => return Err(InvalidDateTime::NoDate),
            },
        }
    } else {
        return Err(InvalidDateTime::NoDate);
    };
    let (year, month, day) = (number(year, 4)?, number(month, 2)?, number(day, 2)?);
    Ok(format!("{year:04}-{month:02}-{day:02}"))
}

/// `HH:mm:ss` with any fraction, from 24 or 12 hours; midnight if there is no time.
fn iso_time(time: &str) -> Option<String> {
    if time.is_empty() {
        return Some("00:00:00".to_owned());
    }
    let upper = time.to_ascii_uppercase();
    let (clock, afternoon) = match (upper.strip_suffix("AM"), upper.strip_suffix("PM")) {
        (Some(clock), _) => (clock.trim_end(), Some(false)),
        (_, Some(clock)) => (clock.trim_end(), Some(true)),
        _ => (upper.as_str(), None),
    };
    let (hour, rest) = clock.split_once(':')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !(1..=2).contains(&hour.len()) || !digits(hour) {
        return None;
    }
    let hour: u8 = hour.parse().ok()?;
    let hour = match afternoon {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
        None => hour,
    };
    // Values such as `24:00` are left to the final parser, and so are times without seconds.
    Some(format!("{hour:02}:{rest}"))
}

impl From<Timestamp> for DateTime {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
    }
}

impl TryFrom<&DateTime> for Timestamp {
    type Error = InvalidDateTime;

    fn try_from(date: &DateTime) -> Result<Self, InvalidDateTime> {
        date.to_timestamp()
    }
}

text!(DateTime, "a date as text");
