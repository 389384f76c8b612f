//! The place in Keepnet's audit log: it is read as it was written or refused, and never goes back.
#![no_main]

use arbitrary::Arbitrary;
use fuzz::{ServerResponse, keepnet, wait};
use keepnet_api::TailCursor;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Input<'a> {
    cursor: &'a str,
    records: &'a [u8],
}

fuzz_target!(|input: Input<'_>| {
    let Ok(cursor) = serde_json::from_str::<TailCursor>(input.cursor) else {
        return;
    };
    let written = serde_json::to_string(&cursor).expect("JSON");
    assert_eq!(
        serde_json::from_str::<TailCursor>(&written).expect("what was written"),
        cursor
    );

    let (head, tail) = (b"{\"status\":\"SUCCESS\",\"data\":{\"results\":[", b"]}}");
    let keepnet = keepnet(ServerResponse {
        body: [head.as_slice(), input.records, tail].concat().into(),
        ..ServerResponse::default()
    });
    wait(async {
        let mut records = keepnet.audit_logs().tail(cursor.clone());
        // The same page comes again and again; a failure may be followed by more.
        for _ in 0..64 {
            if let Ok(None) = records.try_next().await {
                break;
            }
            assert!(records.cursor().time() >= cursor.time());
        }
    });
});
