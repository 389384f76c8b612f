//! Times as the service writes and reads them.

use serde_json::Value;

const DAY: i64 = 86_400_000;

/// Milliseconds since 1970 as `2026-04-01T09:00:00.125Z`.
pub(crate) fn iso(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let time = millis.rem_euclid(DAY);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        time / 3_600_000,
        time / 60_000 % 60,
        time / 1_000 % 60,
        time % 1_000,
    )
}

/// The formats of [`display`], as the settings of a system user name them.
pub(crate) const DISPLAY: (&str, &str) = ("DD/MM/YYYY", "HH:mm");

/// Milliseconds since 1970 as `01/04/2026 09:00`.
fn display(millis: i64) -> String {
    let (year, month, day) = civil(millis.div_euclid(DAY));
    let minutes = millis.rem_euclid(DAY) / 60_000;
    let (hour, minute) = (minutes / 60, minutes % 60);
    format!("{day:02}/{month:02}/{year:04} {hour:02}:{minute:02}")
}

/// Writes the times in a response, which are in ISO 8601, as they are displayed.
pub(crate) fn show(value: &mut Value) {
    match value {
        // No other text ends like a time that this sandbox wrote.
        Value::String(text) if text.len() == 24 && text.ends_with('Z') => {
            if let Some(millis) = parse(text) {
                *text = display(millis);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(show),
        Value::Object(members) => members.values_mut().for_each(show),
        _ => {}
    }
}

/// Milliseconds since 1970 of a date, with or without a time and an offset:
/// ISO 8601, or one of the display formats, where the year first or last tells
/// them apart and the day stands before the month.
pub(crate) fn parse(text: &str) -> Option<i64> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', ' ']).unwrap_or((text, ""));
    let mut parts = date.split(['-', '/']);
    let first = parts.next()?;
    let second: i64 = number(parts.next()?)?;
    let third = parts.next()?;
    if parts.next().is_some() {
        return None;
    }
    let (year, month, day) = match (first.len(), third.len()) {
        (4, 1..=2) => (number(first)?, second, number(third)?),
        (1..=2, 4) => (number(third)?, second, number(first)?),
        _ => return None,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    Some(days(year, month, day) * DAY + time_of_day(time)?)
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// `09:30[:15[.125]]` with `Z`, an offset or nothing behind it.
fn time_of_day(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let (clock, offset) = match text.find(['Z', 'z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let offset = match offset.as_bytes() {
        [] | [b'Z' | b'z'] => 0,
        [sign, ..] => {
            let (hours, minutes) = offset[1..].split_once(':')?;
            let minutes = number(hours)? * 60 + number(minutes)?;
            minutes * 60_000 * if *sign == b'-' { -1 } else { 1 }
        }
    };
    let mut parts = clock.split(':');
    let hours = number(parts.next()?)?;
    let minutes = number(parts.next()?)?;
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    let mut millis = 0;
    for at in 0..3 {
        let digit = fraction.as_bytes().get(at).copied().unwrap_or(b'0');
        millis = millis * 10 + i64::from(char::from(digit).to_digit(10)?);
    }
    Some((hours * 60 + minutes) * 60_000 + number(seconds)? * 1_000 + millis - offset)
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years that start in March put the leap day at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days`].
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month, day)
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
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
