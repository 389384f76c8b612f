//! Dates and time spans in every format that the service uses.

use std::time::Duration;

use keepnet_api::Timestamp;
use keepnet_api::time::{DateFormat, DateTime, InvalidDateTime, TimeSpan};
use proptest::prelude::*;

#[test]
fn an_unambiguous_date_needs_no_format() {
    for (text, expected) in [
        ("2026-04-01T09:00:00Z", "2026-04-01T09:00:00Z"),
        ("2026-04-01T09:00:00+03:00", "2026-04-01T06:00:00Z"),
        ("2026-04-01T09:00:00", "2026-04-01T09:00:00Z"),
        (
            "2026-04-01T09:00:00.1234567",
            "2026-04-01T09:00:00.1234567Z",
        ),
        ("2026-04-01 09:00", "2026-04-01T09:00:00Z"),
        ("2026-04-01", "2026-04-01T00:00:00Z"),
        ("2026/04/01 09:00", "2026-04-01T09:00:00Z"),
        ("2026/04/01 09:00 PM", "2026-04-01T21:00:00Z"),
        ("31/12/2025 23:59", "2025-12-31T23:59:00Z"),
        ("12/31/2025 11:59 pm", "2025-12-31T23:59:00Z"),
        ("05/05/2025", "2025-05-05T00:00:00Z"),
        (" 2026-04-01 ", "2026-04-01T00:00:00Z"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
    ] {
        let time = DateTime::from(text).to_timestamp();
        assert_eq!(
            time.map(|time| time.to_string()),
            Ok(expected.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn an_ambiguous_date_is_an_error_without_a_format() {
    let date = DateTime::from("03/04/2026 12:30 AM");
    assert_eq!(date.to_timestamp(), Err(InvalidDateTime::Ambiguous));
    for (format, expected) in [
        (DateFormat::day_first(), "2026-04-03T00:30:00Z"),
        (DateFormat::month_first(), "2026-03-04T00:30:00Z"),
        (
            DateFormat::month_first().utc_offset_minutes(-330),
            "2026-03-04T06:00:00Z",
        ),
    ] {
        assert_eq!(date.to_timestamp_as(format).unwrap().to_string(), expected);
    }
    // An offset in the text overrides that of the format.
    let date = DateTime::from("2026-04-01T09:00:00Z");
    let format = DateFormat::day_first().utc_offset_minutes(60);
    assert_eq!(date.to_timestamp_as(format), date.to_timestamp());
}

#[test]
fn an_offset_of_a_day_or_more_is_one_minute_less_than_a_day() {
    let noon = DateTime::from("01/04/2026 12:00");
    for (minutes, expected) in [
        (i16::MAX, "2026-03-31T12:01:00Z"),
        (1440, "2026-03-31T12:01:00Z"),
        (1439, "2026-03-31T12:01:00Z"),
        (1438, "2026-03-31T12:02:00Z"),
        (-1438, "2026-04-02T11:58:00Z"),
        (-1439, "2026-04-02T11:59:00Z"),
        (-1440, "2026-04-02T11:59:00Z"),
        (i16::MIN, "2026-04-02T11:59:00Z"),
    ] {
        let format = DateFormat::day_first().utc_offset_minutes(minutes);
        let time = noon.to_timestamp_as(format).unwrap();
        assert_eq!(time.to_string(), expected, "{minutes}");
    }
}

#[test]
fn a_text_that_is_not_a_date_is_kept_and_fails_only_when_converted() {
    for text in [
        "",
        "9999/99/99 99:99",
        "2026-02-30",
        "31/02/2026",
        "32/13/2026",
        "2026-04-01 25:00",
        "2026-04-01 +9:30",
        "2026-04-01 009:30",
        "2026-04-01 13:00 PM",
        "2026-04-01 00:00 AM",
        "1/2/26",
        "2026-04",
        "1-2-3-4",
        "yesterday",
        "٠١/٠٤/٢٠٢٦",
        "2026-04-01Tsoon",
        "+026-04-01",
    ] {
        let json = serde_json::to_string(text).unwrap();
        let date: DateTime = serde_json::from_str(&json).unwrap();
        assert_eq!(date.as_str(), text);
        for converted in [
            date.to_timestamp(),
            date.to_timestamp_as(DateFormat::day_first()),
        ] {
            assert_eq!(converted, Err(InvalidDateTime::NoDate), "{text}");
        }
    }
}

#[test]
fn a_date_that_comes_as_a_number_is_kept_as_text() {
    for json in [
        "1716290202",
        "1.5",
        "18446744073709551615",
        r#""1716290202""#,
    ] {
        let date: DateTime = serde_json::from_str(json).unwrap();
        assert_eq!(date.as_str(), json.trim_matches('"'));
    }
}

#[test]
fn time_spans_are_read_in_the_format_of_dotnet() {
    for (text, expected) in [
        ("00:10:00", Some(Duration::from_secs(600))),
        ("00:10", Some(Duration::from_secs(600))),
        ("1.02:03:04.5", Some(Duration::from_millis(93_784_500))),
        (
            "10675199.02:48:05.4775807",
            Some(Duration::new(922_337_203_685, 477_580_700)),
        ),
        ("3", Some(Duration::from_secs(3 * 86_400))),
        // Digits below 100 ns are truncated.
        ("00:00:00.000500099", Some(Duration::from_micros(500))),
        (
            "00:00:00.00050000000000000000000000001",
            Some(Duration::from_micros(500)),
        ),
        ("-00:10:00", None),
        ("24:00:00", None),
        ("00:60:00", None),
        ("00:00:60", None),
        ("1:2:3:4", None),
        ("00:00:00.", None),
        ("99999999999999999999.00:00:00", None),
        ("", None),
        ("soon", None),
    ] {
        assert_eq!(TimeSpan::from(text).to_duration().ok(), expected, "{text}");
    }
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    // Years with four digits, with room for every offset.
    (-30_610_224_000_i64..253_370_764_800)
        .prop_map(|seconds| Timestamp::from_unix_seconds(seconds).unwrap())
}

fn any_format() -> impl Strategy<Value = DateFormat> {
    let order = prop_oneof![
        Just(DateFormat::day_first()),
        Just(DateFormat::month_first()),
        Just(DateFormat::year_first()),
    ];
    (order, any::<bool>(), -1439_i16..=1439).prop_map(|(format, twelve, offset)| {
        let format = format.utc_offset_minutes(offset);
        if twelve {
            format.twelve_hours()
        } else {
            format
        }
    })
}

proptest! {
    #[test]
    fn a_date_in_a_users_format_is_read_back_to_the_minute(time in any_time(), format in any_format()) {
        let date = DateTime::formatted(time, format);
        let read = date.to_timestamp_as(format).unwrap();
        prop_assert_eq!(read.unix_seconds(), time.unix_seconds().div_euclid(60) * 60, "{}", date);
    }

    #[test]
    fn a_date_made_of_a_timestamp_is_that_timestamp(time in any_time()) {
        prop_assert_eq!(DateTime::from(time).to_timestamp(), Ok(time));
    }

    #[test]
    fn no_text_is_too_strange(text in "\\PC{0,30}", format in any_format()) {
        let date = DateTime::from(text.as_str());
        let _ = (date.to_timestamp(), date.to_timestamp_as(format));
        let _ = TimeSpan::from(text.as_str()).to_duration();
        let _ = text.parse::<DateFormat>();
    }

    #[test]
    fn no_digits_or_signs_make_a_date_panic(text in "[0-9/:. TZAPM+-]{0,30}", format in any_format()) {
        let date = DateTime::from(text.as_str());
        let _ = (date.to_timestamp(), date.to_timestamp_as(format));
        let _ = TimeSpan::from(text.as_str()).to_duration();
    }

    #[test]
    fn a_span_is_read_back_to_100_nanoseconds(seconds in 0_u64..1 << 40, ticks in 0_u32..10_000_000) {
        let duration = Duration::new(seconds, ticks * 100);
        prop_assert_eq!(TimeSpan::from(duration).to_duration(), Ok(duration));
    }
}

#[test]
fn a_format_is_read_as_the_service_writes_it() {
    for (text, expected) in [
        ("DD/MM/YYYY", DateFormat::day_first()),
        ("dd.mm.yyyy HH:mm", DateFormat::day_first()),
        ("MM-DD-YYYY HH:mm:ss", DateFormat::month_first()),
        (
            "MM/DD/YYYY hh:mm A",
            DateFormat::month_first().twelve_hours(),
        ),
        (
            "YYYY/MM/DD hh:mm tt",
            DateFormat::year_first().twelve_hours(),
        ),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }
    for text in ["", "DD/MM", "DD/MM/YYYY noon", "YYYY/DD/MM"] {
        let error = text.parse::<DateFormat>().unwrap_err();
        assert!(error.to_string().contains("`DD/MM/YYYY`"), "{error}");
    }
}

#[test]
fn a_day_has_twice_twelve_hours_that_begin_with_twelve() {
    for (time, expected) in [
        ("2026-04-01T00:05:00Z", "01/04/2026 12:05 AM"),
        ("2026-04-01T11:59:00Z", "01/04/2026 11:59 AM"),
        ("2026-04-01T12:00:00Z", "01/04/2026 12:00 PM"),
        ("2026-04-01T13:00:00Z", "01/04/2026 01:00 PM"),
    ] {
        let date = DateTime::formatted(
            time.parse().unwrap(),
            DateFormat::day_first().twelve_hours(),
        );
        assert_eq!(date.as_str(), expected);
    }
}

#[test]
fn dates_and_spans_convert_and_invalid_ones_name_the_expected_format() {
    let time: Timestamp = "2026-04-01T09:00:00Z".parse().unwrap();
    assert_eq!(Timestamp::try_from(&DateTime::from(time)), Ok(time));
    let error = Timestamp::try_from(&DateTime::from("soon")).unwrap_err();
    assert!(!error.to_string().is_empty());
    let span = TimeSpan::from(Duration::from_secs(93_784));
    assert_eq!(span.as_str(), "1.02:03:04");
    assert_eq!(Duration::try_from(&span), Ok(Duration::from_secs(93_784)));
    assert_eq!(TimeSpan::from(Duration::from_secs(5)).as_str(), "00:00:05");
    for text in ["soon", "+1:00:00", "1:+1:00"] {
        let error = Duration::try_from(&TimeSpan::from(text)).unwrap_err();
        assert!(error.to_string().contains("`HH:mm:ss`"), "{error}");
    }
}
