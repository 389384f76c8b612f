//! A delivery: its signature header and its body. None is accepted that is not signed, and nothing is lost.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use push_security_api::webhook::{Event, Payload, Verifier};
use push_security_api::{Timestamp, operations};

#[derive(Debug, Arbitrary)]
struct Delivery<'a> {
    signature: &'a str,
    seconds: i64,
    body: Body<'a>,
}

/// Where in the event the fuzzer writes.
#[derive(Debug, Arbitrary)]
enum Body<'a> {
    Whole(&'a [u8]),
    Members(&'a [u8]),
    /// The members of `new` of one of the described events.
    New(u8, &'a [u8]),
}

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Whole(bytes) => bytes.to_vec(),
            Self::Members(bytes) => [
                br#"{"id":"1","category":"ENTITY","object":"APP","#,
                *bytes,
                b"}",
            ]
            .concat(),
            Self::New(number, bytes) => {
                let events = operations::EVENTS;
                let (category, object) = events[usize::from(*number) % events.len()];
                let head = format!(
                    r#"{{"id":"1","category":"{category}","object":"{object}","new":{{"id":"2","#
                );
                [head.as_bytes(), bytes, b"}}"].concat()
            }
        }
    }
}

fuzz_target!(|delivery: Delivery<'_>| {
    let Delivery {
        signature,
        seconds,
        body,
    } = delivery;
    let body = body.bytes();
    // No input can have been signed with it.
    let verifier = Verifier::new("psws_0123456789abcdef0123456789abcdef")
        .unwrap()
        .or_secret("psws_other")
        .unwrap();
    let now = Timestamp::from_unix_seconds(seconds).unwrap_or_default();
    for header in [
        signature.to_owned(),
        format!("t={seconds},v1={signature}"),
        format!("t={signature},v1={seconds:064x}"),
    ] {
        let refused = verifier.verify_at(Some(&header), &body, now);
        let error = refused.expect_err("nobody signed this");
        assert!(!error.to_string().is_empty());
    }
    if let Ok(event) = Event::read(&body) {
        assert_eq!(event.raw.as_bytes(), body);
        if let Payload::Unreadable(error) = &event.payload {
            assert!(!error.to_string().is_empty());
        }
        let again = Event::read(event.raw.as_bytes()).expect("it was read before");
        assert_eq!(format!("{event:?}"), format!("{again:?}"));
    }
});
