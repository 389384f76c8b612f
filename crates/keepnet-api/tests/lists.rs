//! Lists that resume from a stored cursor.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{envelope, over, service};
use keepnet_api::{Client, Cursor, SearchRequest, operations};
use serde_json::json;

/// Returns a service with nine records and any page size.
fn nine() -> Client {
    without(Arc::default())
}

/// Returns the same service without the record of this id, which shortens its page.
fn without(gone: Arc<AtomicUsize>) -> Client {
    let fake = service();
    fake.with(&operations::AUDIT_LOGS_SEARCH, move |request| {
        let asked = request.json();
        let number = |name: &str| usize::try_from(asked[name].as_u64().unwrap()).unwrap();
        let (page, size) = (number("pageNumber"), number("pageSize"));
        let gone = gone.load(Ordering::Relaxed);
        let rows: Vec<_> = (0..9)
            .skip((page - 1) * size)
            .take(size)
            .filter(|n| *n == 0 || *n != gone)
            .map(|n| json!({"resourceId": n.to_string()}))
            .collect();
        envelope(json!({
            "results": rows,
            "totalNumberOfRecords": 9 - usize::from(gone > 0),
            "totalNumberOfPages": 9_usize.div_ceil(size),
            "pageNumber": page,
            "pageSize": size,
        }))
    });
    over(&fake)
}

#[tokio::test(start_paused = true)]
async fn a_list_resumes_after_the_last_taken_item_with_any_page_size() {
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

#[tokio::test(start_paused = true)]
async fn a_page_that_became_shorter_costs_no_record_of_the_next_with_any_page_size() {
    for after in [4, 2, 5] {
        let gone = Arc::new(AtomicUsize::new(0));
        let keepnet = without(Arc::clone(&gone));
        let list = |size| {
            keepnet
                .audit_logs()
                .search(SearchRequest::new().page_size(size))
        };
        let mut first = list(4).items();
        for _ in 0..8 {
            first.try_next().await.unwrap().unwrap();
        }
        gone.store(6, Ordering::Relaxed);
        // The second page is requested with its page size.
        let again = list(after).items().resume(first.cursor()).cursor();
        assert_eq!(again, first.cursor(), "{after}");
        let rest = list(after).items().resume(again).try_collect().await;
        let ids: Vec<_> = rest
            .unwrap()
            .into_iter()
            .map(|one| one.resource_id.unwrap())
            .collect();
        assert_eq!(ids, ["8"], "{after}");
    }
}

#[cfg(feature = "reporting")]
#[tokio::test]
async fn the_lists_of_the_leaderboard_ask_for_their_pages_in_pagination() {
    use keepnet_api::types::{
        LeaderboardSearchRequest, LeaderboardUserTimelineRequest, PaginationRequest,
    };

    let fake = service();
    for operation in [
        &operations::LEADERBOARD_LIST,
        &operations::LEADERBOARD_TOP_PERFORMERS,
        &operations::LEADERBOARD_USER_TIMELINE,
    ] {
        fake.with(operation, move |request| {
            let number = &request.json()["pagination"]["pageNumber"];
            envelope(json!({"results": [{}], "totalNumberOfPages": 2, "pageNumber": number}))
        });
    }
    let leaderboard = over(&fake).leaderboard();
    let any = LeaderboardSearchRequest::new;
    let last = || any().pagination(PaginationRequest::new().order_by("Rank"));
    let timeline = LeaderboardUserTimelineRequest::new();
    assert_eq!(
        leaderboard
            .list(any())
            .items()
            .try_collect()
            .await
            .unwrap()
            .len(),
        2
    );
    leaderboard.list(last()).page().await.unwrap();
    leaderboard.top_performers(any()).page().await.unwrap();
    leaderboard.user_timeline(&timeline).page().await.unwrap();
    let requests = fake.requests().into_iter();
    let bodies = requests.filter(|request| request.operation.is_some());
    let bodies: Vec<_> = bodies.map(|request| request.json()).collect();
    let page = |number: u8| json!({"pagination": {"pageNumber": number, "pageSize": 100, "ascending": false}});
    let mut ordered = page(1);
    ordered["pagination"]["orderBy"] = json!("Rank");
    assert_eq!(bodies, [page(1), page(2), ordered, page(1), page(1)]);
}
