//! Lists that are continued from a stored place.

mod common;

use common::{envelope, over, service};
use keepnet_api::{Client, Cursor, SearchRequest, operations};
use serde_json::json;

/// A service with nine records, and pages as long as they are asked for.
fn nine() -> Client {
    let fake = service();
    fake.with(&operations::AUDIT_LOGS_SEARCH, |request| {
        let asked = request.json();
        let number = |name: &str| usize::try_from(asked[name].as_u64().unwrap()).unwrap();
        let (page, size) = (number("pageNumber"), number("pageSize"));
        let rows: Vec<_> = (0..9)
            .skip((page - 1) * size)
            .take(size)
            .map(|n| json!({"resourceId": n.to_string()}))
            .collect();
        envelope(json!({
            "results": rows,
            "totalNumberOfRecords": 9,
            "totalNumberOfPages": 9_usize.div_ceil(size),
            "pageNumber": page,
            "pageSize": size,
        }))
    });
    over(&fake)
}

#[tokio::test(start_paused = true)]
async fn a_list_goes_on_after_the_last_item_that_was_taken_whatever_the_size_of_its_pages() {
    let keepnet = nine();
    let list = |size| {
        keepnet
            .audit_logs()
            .search(SearchRequest::new().page_size(size))
    };
    for (before, after) in [(4, 4), (4, 2), (4, 1), (2, 5)] {
        for taken in 0..=9 {
            let mut first = list(before).items();
            let mut ids = Vec::new();
            for _ in 0..taken {
                ids.push(
                    first
                        .try_next()
                        .await
                        .unwrap()
                        .unwrap()
                        .resource_id
                        .unwrap(),
                );
            }
            let stored = serde_json::to_string(&first.cursor()).unwrap();
            let cursor: Cursor = serde_json::from_str(&stored).unwrap();
            let mut rest = list(after).items().resume(cursor);
            while let Some(record) = rest.try_next().await.unwrap() {
                ids.push(record.resource_id.unwrap());
            }
            let expected: Vec<_> = (0..9).map(|n| n.to_string()).collect();
            assert_eq!(
                ids, expected,
                "{taken} taken, pages of {before}, then {after}"
            );
        }
    }
}
