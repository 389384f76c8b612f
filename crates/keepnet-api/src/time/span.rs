//! Durations in the format of .NET.

use std::fmt;
use std::time::Duration;

/// A duration in the service's format: `HH:mm:ss`, optionally with days in front and a fraction at the end.
///
/// ```
/// use std::time::Duration;
/// use keepnet_api::TimeSpan;
///
/// assert_eq!(TimeSpan::from("01:30:00").to_duration()?, Duration::from_secs(5400));
/// assert_eq!(TimeSpan::from("2.00:00:01").to_duration()?, Duration::from_secs(172_801));
/// assert_eq!(TimeSpan::from(Duration::from_millis(1500)).as_str(), "00:00:01.5000000");
/// # Ok::<(), keepnet_api::time::InvalidTimeSpan>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct TimeSpan(String);

/// The text is not a duration, or a negative one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidTimeSpan;

impl fmt::Display for InvalidTimeSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a duration: expected `HH:mm:ss`, optionally with days and a fraction, such as `1.02:03:04.5`")
    }
}

impl std::error::Error for InvalidTimeSpan {}

impl TimeSpan {
    /// The text.
    ///
    /// ```
    /// assert_eq!(keepnet_api::TimeSpan::from("00:10").as_str(), "00:10");
    /// ```
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Converts the text to a duration. The service's unit is 100 ns; further digits are truncated.
    ///
    /// # Errors
    /// If the text is not a duration, or a negative one.
    ///
    /// ```
    /// use keepnet_api::TimeSpan;
    ///
    /// assert!(TimeSpan::from("-00:10:00").to_duration().is_err());
    /// assert!(TimeSpan::from("soon").to_duration().is_err());
    /// ```
    pub fn to_duration(&self) -> Result<Duration, InvalidTimeSpan> {
        duration(self.0.trim()).ok_or(InvalidTimeSpan)
    }
}

fn duration(text: &str) -> Option<Duration> {
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse().ok()).flatten()
    };
    let (hours, rest) = match text.split_once(':') {
        Some(split) => split,
        // A single number is a number of days.
        None => return Some(Duration::from_secs(number(text)?.checked_mul(86_400)?)),
    };
    let (days, hours) = hours.split_once('.').unwrap_or(("0", hours));
    let (minutes, seconds) = rest.split_once(':').unwrap_or((rest, "0"));
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
    if hours > 23 || minutes > 59 || seconds > 59 {
        return None;
    }
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || fraction.is_empty() {
        return None;
    }
    let ticks: u32 = format!("{fraction:0<7.7}").parse().ok()?;
    let days = number(days)?.checked_mul(86_400)?;
    let whole = days.checked_add(hours * 3600 + minutes * 60 + seconds)?;
    Some(Duration::new(whole, ticks * 100))
}

impl From<Duration> for TimeSpan {
    fn from(duration: Duration) -> Self {
        let seconds = duration.as_secs();
        let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
        let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
        let mut text = match days {
            0 => String::new(),
            _ => format!("{days}."),
        };
        text += &format!("{hours:02}:{minutes:02}:{seconds:02}");
        match duration.subsec_nanos() / 100 {
            0 => {}
            ticks => text += &format!(".{ticks:07}"),
        }
        Self(text)
    }
}

impl TryFrom<&TimeSpan> for Duration {
    type Error = InvalidTimeSpan;

    fn try_from(span: &TimeSpan) -> Result<Self, InvalidTimeSpan> {
        span.to_duration()
    }
}

text!(TimeSpan, "a span of time as text");
