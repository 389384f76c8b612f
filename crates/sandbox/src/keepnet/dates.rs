//! Times as the service writes and reads them.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Milliseconds since 1970 as `2026-04-01T09:00:00.125Z`.
pub(crate) fn iso(millis: i64) -> String {
    format!("{:.3}", timestamp(millis))
}

/// What is beyond the years that can be written is the start of 1970.
fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or_default()
}

/// When everything seeded was made.
pub(crate) const LONG_AGO: &str = "2026-01-05T08:00:00.000Z";

/// The same in milliseconds since 1970.
pub(crate) const LONG_AGO_MILLIS: i64 = 1_767_600_000_000;

/// The formats in which times are displayed, as the settings of a system user name them.
pub(crate) const DISPLAY: (&str, &str) = ("DD/MM/YYYY", "HH:mm");

/// Writes the times in a response, which are in ISO 8601, as they are displayed: `01/04/2026 09:00`.
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

/// Milliseconds since 1970 of a date, with or without a time and an offset: ISO 8601, or one of the display formats of
/// the vendor's front end, which differ in whether the year is first or last; the day is before the month.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    // Most texts are no dates, and need no further look.
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

/// A date with slashes as ISO 8601 writes it.
fn from_displayed(text: &str) -> String {
    let (date, time) = text.split_once(' ').unwrap_or((text, "00:00"));
    let mut parts: Vec<_> = date.split('/').collect();
    if parts[0].len() < 4 {
        parts.reverse();
    }
    format!("{}T{time}", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [
            0,
            1,
            951_782_400_000,
            1_709_164_800_123,
            -1,
            4_102_444_799_999,
        ] {
            assert_eq!(parse(&iso(millis)), Some(millis), "{}", iso(millis));
        }
        assert_eq!(iso(1_775_034_000_000), "2026-04-01T09:00:00.000Z");
    }

    #[test]
    fn the_formats_in_use_are_read() {
        let at = Some(1_775_034_000_000);
        for text in [
            "2026-04-01T09:00:00Z",
            "2026-04-01T09:00:00",
            "2026-04-01 09:00",
            "2026-04-01T11:00:00+02:00",
            "2026-04-01T04:30:00.000-04:30",
            "01/04/2026 09:00",
            "2026/04/01 09:00",
        ] {
            assert_eq!(parse(text), at, "{text}");
        }
        assert_eq!(parse("2026-04-01"), Some(1_775_001_600_000));
    }

    #[test]
    fn what_is_displayed_is_read_back_to_the_minute() {
        let mut value = serde_json::json!([{"at": iso(1_775_034_012_345)}, "text", 1]);
        show(&mut value);
        let expected = serde_json::json!([{"at": "01/04/2026 09:00"}, "text", 1]);
        assert_eq!(value, expected);
        assert_eq!(parse("01/04/2026 09:00"), Some(1_775_034_000_000));
    }

    #[test]
    fn what_is_no_date_is_not_read() {
        for text in [
            "",
            "x",
            "10",
            "2026-13-01",
            "2026-04",
            "a-b-c",
            "12-34-56",
            "2026-04-01Tnine",
            "2026-02-30",
            "20260401",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
