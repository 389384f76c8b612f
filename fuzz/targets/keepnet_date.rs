//! Dates, spans of time and formats of dates as Keepnet writes them: read or refused, in every format.
#![no_main]

use fuzz as _;
use keepnet_api::Timestamp;
use keepnet_api::time::{DateFormat, DateTime, TimeSpan};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (text, format) = input;
    let date = serde_json::from_value::<DateTime>(text.into());
    let date = date.expect("any text is a date until it is asked for its time");
    if let Err(error) = date.to_timestamp() {
        assert!(!error.to_string().is_empty());
    }
    if let Ok(format) = format.parse::<DateFormat>() {
        let _ = date.to_timestamp_as(format);
        let time = Timestamp::from_unix_seconds(1_700_000_000).expect("a time");
        let written = DateTime::formatted(time, format);
        let _ = written.to_timestamp_as(format);
    }
    if let Ok(length) = TimeSpan::from(text).to_duration() {
        // What is written of it is read as it was.
        let again = TimeSpan::from(length)
            .to_duration()
            .expect("what was written");
        assert_eq!(again, length);
    }
});
