//! A stored cursor: it is read as it was written or refused, and resuming from it never gives more than there is.
#![no_main]

use fuzz::{ServerResponse, client, wait};
use libfuzzer_sys::fuzz_target;
use push_security_api::Cursor;

const PAGE: &[u8] =
    br#"{"result":[{"id":"1"},{"id":"2"},{"id":"3"}],"paging":{"moreResults":false}}"#;

fuzz_target!(|json: &[u8]| {
    let Ok(cursor) = serde_json::from_slice::<Cursor>(json) else {
        return;
    };
    let written = serde_json::to_string(&cursor).expect("JSON");
    let read: Cursor = serde_json::from_str(&written).expect("what was written");
    assert_eq!(read, cursor);

    let push = client(ServerResponse {
        body: PAGE.into(),
        ..ServerResponse::default()
    });
    wait(async {
        let mut items = push.apps().list().items().resume(cursor.clone());
        let place = items.cursor();
        assert_eq!(
            (place.token(), place.taken()),
            (cursor.token(), cursor.taken())
        );
        let mut found = 0;
        while items.try_next().await.expect("no error").is_some() {
            found += 1;
        }
        let expected = match cursor.is_end() {
            true => 0,
            false => 3_usize.saturating_sub(cursor.taken()),
        };
        assert_eq!(found, expected);
        assert!(items.cursor().is_end());

        let mut raw = push.apps().list().raw_items().resume(cursor.clone());
        for _ in 0..expected {
            assert!(raw.try_next().await.expect("no error").is_some());
        }
        assert!(raw.try_next().await.expect("no error").is_none());
        let mut pages = push.apps().list().pages().resume(cursor);
        while pages.try_next().await.expect("no error").is_some() {}
    });
});
