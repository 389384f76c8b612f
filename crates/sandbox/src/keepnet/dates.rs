//! Times in the service's formats.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Milliseconds since 1970 as `2026-04-01T09:00:00.125Z`.
pub(crate) fn iso(millis: i64) -> String {
    format!("{:.3}", timestamp(millis))
}

/// A time beyond the years that can be written becomes the start of 1970.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// The time at which the sandbox's own records were made.
pub(crate) const LONG_AGO: &str = "2026-01-05T08:00:00.000Z";

/// [`LONG_AGO`] in milliseconds since 1970.
pub(crate) const LONG_AGO_MILLIS: i64 = 1_767_600_000_000;

/// The formats in which times are displayed, in the words of a system user's settings.
pub(crate) const DISPLAY: (&str, &str) = ("DD/MM/YYYY", "HH:mm");

/// Turns the times in a response from ISO 8601 into those that are displayed: `01/04/2026 09:00`.
pub(crate) fn show(value: &mut Value) {
    match value {
        // No other text ends like a time that this sandbox wrote.
        Value::String(text) if text.len() == 24 && text.ends_with('Z') => {
            if let Some(millis) = parse(text) {
                *text = timestamp(millis).strftime("%d/%m/%Y %H:%M").to_string();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Object(members) => members.values_mut().for_each(show),
        _ => {}
    }
}

/// The milliseconds since 1970 of a date, with or without a time and an offset. The date is in ISO 8601, or in a display
/// format of the vendor's front end. There the year comes first or last, and the day is taken to come before the month.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    // Most texts are not dates, and this is quick to see.
    if !text.starts_with(|first: char| first.is_ascii_digit()) || !text.contains(['-', '/']) {
        return None;
    }
    let displayed = text.contains('/').then(|| from_displayed(text));
    let text = displayed.as_deref().unwrap_or(text);
    let timestamp = text.parse::<Timestamp>().or_else(|_| {
        let local = text.parse::<DateTime>()?.to_zoned(TimeZone::UTC)?;
        Ok::<_, jiff::Error>(local.timestamp())
    });
    Some(timestamp.ok()?.as_millisecond())
}

/// A date with slashes, in ISO 8601.
fn from_displayed(text: &str) -> String {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let mut parts: Vec<_> = date.split('/').collect();
    if parts[0].len() < 4 {
        parts.reverse();
    }
    format!("{}T{time}", parts.join("-"))
}
