//! The journal's size is limited.

mod support;

use http::Method;
use support::keepnet::{JSON, send, start};

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn large_requests_make_room_before_there_are_many() {
    let sandbox = start().await;
    let journal = sandbox.journal();
    let post = async |path: &str, size: usize| {
        send(&sandbox, Method::POST, path, &[JSON], vec![b'x'; size]).await
    };
    for _ in 0..6 {
        let response = post("/api/large", 60 * MIB).await;
        assert_eq!(response.status, 501);
    }
    // Four of them are 240 MiB.
    assert_eq!(journal.count(|entry| entry.path == "/api/large"), 4);
    post("/api/small", 10).await;
    assert_eq!(journal.count(|_| true), 5);
    assert_eq!(journal.entries()[4].status, Some(501));
    journal.clear();
    assert_eq!(journal.count(|_| true), 0);
    for _ in 0..2 {
        post("/api/large", 60 * MIB).await;
    }
    assert_eq!(journal.count(|_| true), 2, "cleared entries take no room");
}
