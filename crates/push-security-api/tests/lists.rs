//! Lists that resume from a stored cursor.
#![cfg(feature = "fake")]

use push_security_api::{
    Client, Cursor, ErrorKind, FakeRequest, FakeResponse, FakeTransport, operations,
};
use serde_json::json;

/// Returns a query parameter as a number.
fn number(request: &FakeRequest, name: &str) -> Option<usize> {
    request.query(name).map(|text| text.parse().unwrap())
}

/// Returns a service with nine browsers and any page size.
fn service() -> Client {
    let fake = FakeTransport::new();
    fake.with(&operations::BROWSERS_LIST, |request| {
        let start = number(request, "nextToken").unwrap_or(0);
        let end = (start + number(request, "limit").unwrap()).min(9);
        let rows: Vec<_> = (start..end).map(|n| json!({"id": n.to_string()})).collect();
        let next = (end < 9).then(|| end.to_string());
        let paging = json!({"moreResults": next.is_some(), "nextToken": next});
        FakeResponse::json(&json!({"result": rows, "paging": paging}))
    });
    let builder = Client::builder("a-key").transport(fake);
    builder.build().expect("a client")
}

#[tokio::test(start_paused = true)]
async fn a_list_resumes_after_the_last_taken_item_with_any_page_size() {
    let push = service();
    for (before, after) in [(4, 4), (4, 2), (4, 1), (2, 5)] {
        for taken in 0..=9 {
            let mut first = push.browsers().list().limit(before).items();
            let mut ids = Vec::new();
            for _ in 0..taken {
                ids.push(first.try_next().await.unwrap().unwrap().id);
            }
            let stored = serde_json::to_string(&first.cursor()).unwrap();
            let cursor: Cursor = serde_json::from_str(&stored).unwrap();
            let mut rest = push.browsers().list().limit(after).items().resume(cursor);
            while let Some(browser) = rest.try_next().await.unwrap() {
                ids.push(browser.id);
            }
            let expected: Vec<_> = (0..9).map(|n| n.to_string()).collect();
            assert_eq!(
                ids, expected,
                "{taken} taken, pages of {before}, then {after}"
            );
        }
    }
}

#[tokio::test]
async fn a_page_that_failed_is_not_the_end_of_a_list() {
    let first =
        json!({"result": [{"id": "b1"}], "paging": {"moreResults": true, "nextToken": "t"}});
    for failed in [
        json!({"result": null, "error": {"message": "timeout"}}),
        json!({"result": null}),
        json!({"result": []}),
        json!({"result": [], "paging": {"hasMore": true, "cursor": "x"}}),
        json!({"result": [], "paging": {"moreResults": false}, "errors": ["timeout"]}),
        json!({"result": [{"id": "b2"}], "paging": {"next": ""}}),
    ] {
        let fake = FakeTransport::new();
        let pages = [first.clone(), failed.clone()].map(|page| FakeResponse::json(&page));
        fake.with(&operations::BROWSERS_LIST, move |request| {
            pages[number_of_page(request)].clone()
        });
        let builder = Client::builder("a-key").transport(fake);
        let push = builder.build().expect("a client");
        let read = push.browsers().list().items().try_collect().await;
        let error = read.expect_err(&failed.to_string());
        assert_eq!(error.kind(), ErrorKind::Decode, "{failed}: {error}");
        let read = push.browsers().list().raw_items().try_collect().await;
        read.expect_err(&failed.to_string());
    }
}

fn number_of_page(request: &FakeRequest) -> usize {
    usize::from(request.query("nextToken").is_some())
}
