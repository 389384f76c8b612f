//! Keepnet's responses: envelopes, lists and errors are read or refused; a failure within a 200 is a failure.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, keepnet, wait};
use http::{Method, StatusCode};
use keepnet_api::{RawJson, Reason, SearchRequest};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Body<'a> {
    Whole(&'a [u8]),
    /// The value within an envelope.
    Data(&'a [u8]),
    /// What stands beside the value.
    Members(&'a [u8]),
    /// The records of a list.
    Results(&'a [u8]),
    /// What a list says of its size.
    Totals(&'a [u8]),
}

impl Body<'_> {
    fn bytes(&self) -> Vec<u8> {
        let (head, bytes, tail): (&[u8], _, &[u8]) = match self {
            Self::Whole(bytes) => (b"", bytes, b""),
            Self::Data(bytes) => (b"{\"status\":\"SUCCESS\",\"data\":", bytes, b"}"),
            Self::Members(bytes) => (b"{\"data\":null,", bytes, b"}"),
            Self::Results(bytes) => (
                b"{\"status\":\"SUCCESS\",\"data\":{\"results\":[",
                bytes,
                b"]}}",
            ),
            Self::Totals(bytes) => (
                b"{\"status\":\"SUCCESS\",\"data\":{\"results\":[{}],",
                bytes,
                b"}}",
            ),
        };
        [head, *bytes, tail].concat()
    }
}

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    /// An index into `STATUSES`.
    status: u8,
    body: Body<'a>,
}

/// Statuses that are not retried, so that one input is one request; most inputs are responses that are read.
const STATUSES: [u16; 8] = [200, 200, 200, 200, 400, 403, 404, 409];

fuzz_target!(|input: Input<'_>| {
    let status = STATUSES[usize::from(input.status) % STATUSES.len()];
    let keepnet = keepnet(ServerResponse {
        status: StatusCode::from_u16(status).expect("a status"),
        body: input.body.bytes().into(),
        ..ServerResponse::default()
    });
    wait(async {
        let request = keepnet.request(Method::GET, "/api/companies/my");
        let value = request.call::<RawJson>().await;
        assert!(status == 200 || value.is_err());
        let page = keepnet
            .audit_logs()
            .search(SearchRequest::new())
            .page()
            .await;
        assert!(status == 200 || page.is_err());
        for error in [value.err(), page.err()].into_iter().flatten() {
            assert!(!error.to_string().is_empty() && !format!("{error:?}").is_empty());
            let _ = (Reason::of(&error), error.retry_after());
        }
    });
});
