//! Where a list goes on, and where it ends.

use std::sync::atomic::{AtomicU32, Ordering};

use proptest::prelude::*;
use security_api_transport::Cursor;

use super::*;
use crate::ErrorKind;

fn place(number: u64, size: u64) -> Position {
    Position {
        number: Some(number),
        size: Some(size),
        ..Position::default()
    }
}

impl Position {
    fn after(self, seen: u64) -> Self {
        Self {
            seen: Some(seen),
            ..self
        }
    }
}

fn number(next: Next<Position>) -> Next<u64> {
    match next {
        Next::At(place) => Next::At(place.number.unwrap()),
        Next::Unknown(what) => Next::Unknown(what),
        _ => Next::End,
    }
}

#[test]
fn a_list_ends_according_to_its_totals_or_where_nothing_follows() {
    const MISSING: Next<u64> = Next::Unknown("the service counts more records than it sent");
    for (place, found, totals, expected) in [
        // Totals that agree with what was found.
        (place(1, 10), 10, totals(25, 3, 10), Next::At(2)),
        (place(3, 10), 5, totals(25, 3, 10), Next::End),
        (place(2, 10), 10, totals(20, 2, 10), Next::End),
        (place(1, 10), 10, totals(10, 0, 0), Next::End),
        // No totals: full pages go on.
        (place(1, 10), 10, totals(0, 0, 0), Next::At(2)),
        // A short page is no end: the service may have smaller pages than requested, ignore the size, or leave records out.
        (place(1, 100), 3, totals(0, 0, 10), Next::At(2)),
        (place(1, 10), 10, totals(0, 0, 1000), Next::At(2)),
        (place(2, 10).after(10), 3, totals(0, 0, 0), Next::At(3)),
        (place(1, 10), 3, totals(0, 0, 0), Next::At(2)),
        (place(1, 10), 3, totals(0, 0, 10), Next::At(2)),
        (place(2, 10).after(3), 3, totals(0, 0, 0), Next::At(3)),
        (place(2, 10), 3, totals(0, 0, 0), Next::At(3)),
        (place(1, 10), 37, totals(0, 0, 0), Next::At(2)),
        // Totals that cannot be right.
        (place(2, 10), 10, totals(25, 2, 10), Next::At(3)),
        (place(1, 10), 10, totals(10, 3, 10), Next::At(2)),
        (place(1, 10), 10, totals(7, 1, 10), Next::At(2)),
        (place(1, 10), 10, totals(0, 1, 10), Next::At(2)),
        (place(1, 10), 4, totals(0, 1, 10), Next::End),
        // Fewer on a page than asked for, without a word of it.
        (place(2, 100).after(50), 50, totals(150, 2, 0), Next::At(3)),
        (place(3, 100).after(100), 50, totals(150, 2, 0), Next::End),
        (place(1, 100), 50, totals(90, 1, 0), Next::At(2)),
        (place(2, 100), 40, totals(90, 1, 0), Next::At(3)),
        (place(3, 100), 0, totals(90, 1, 0), Next::End),
        // An empty page is the end, unless a total says that more follows.
        (place(1, 10), 0, totals(0, 0, 0), Next::End),
        (place(2, 10), 0, totals(10, 1, 10), Next::End),
        (place(2, 10), 0, totals(1000, 100, 10), Next::At(3)),
        (place(2, 10), 0, totals(1000, 0, 0), Next::At(3)),
        (place(2, 10), 0, totals(0, 100, 0), Next::At(3)),
        (place(4, 10), 0, totals(25, 3, 10), Next::End),
        // An empty page that should have had items, and after which no more follow.
        (place(1, 10), 0, totals(7, 1, 10), MISSING),
        (place(1, 100), 0, totals(50, 0, 0), MISSING),
        (place(3, 10), 0, totals(25, 3, 10), MISSING),
        (place(3, 100), 0, totals(90, 0, 30), MISSING),
        (place(100, 10), 0, totals(1000, 100, 10), MISSING),
        (Position::default(), 0, totals(7, 0, 0), MISSING),
        (
            Position {
                number: Some(2),
                ..Position::default()
            },
            0,
            totals(7, 0, 0),
            Next::End,
        ),
        // A request that names neither number nor size.
        (Position::default(), 10, totals(10, 1, 10), Next::End),
        (Position::default(), 10, totals(0, 0, 0), Next::At(2)),
    ] {
        assert_eq!(
            number(place.next(found, totals)),
            expected,
            "{place:?} {found} {totals:?}"
        );
    }
}

proptest! {
    #[test]
    fn every_item_comes_once_and_the_list_ends_whatever_the_totals_say(
        items in 0_u64..60,
        asked in 1_u64..12,
        most in 1_u64..12,
        records in 0_u64..80,
        pages in 0_u64..9,
    ) {
        let size = asked.min(most);
        // The size is the one thing that has to be right, if it is not the one that was asked for.
        let said = totals(records, pages, if most < asked { size } else { 0 });
        let (mut at, mut seen, mut requests) = (place(1, asked), 0, 0);
        let is_complete = loop {
            requests += 1;
            let before = (at.number.unwrap() - 1) * size;
            let found = items.saturating_sub(before).min(size);
            seen += found;
            match at.next(usize::try_from(found).unwrap(), said) {
                Next::At(next) => at = next,
                next => break next == Next::End,
            }
            prop_assert!(requests <= items.max(records).max(pages) + 2);
        };
        match is_complete {
            // A wrong total that is exactly what has come so far cannot be told from a right one.
            true => prop_assert!(seen == items || seen == records, "{seen} of {items}"),
            false => prop_assert!(seen == items && records > items, "{seen} of {items}"),
        }
        // A total that counts a page more than there is ends in an error, unless the number of pages contradicts it.
        let has_pages_to_spare = records > items.div_ceil(size) * size;
        if has_pages_to_spare && pages <= records.div_ceil(size) {
            prop_assert!(!is_complete, "{seen} of {records}");
        }
    }
}

#[tokio::test]
async fn a_service_that_ignores_the_page_number_does_not_cause_an_endless_list() {
    let fake = FakeTransport::new();
    fake.always(&SEARCH, response(&json!([1, 2])));
    let list = list(&over(&fake), SearchRequest::new().page_size(2));
    let error = list.items().try_collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert_eq!(sent(&fake).len(), 2);
}

/// Whatever it is asked for, the service has pages of four, and does not say so.
#[tokio::test]
async fn a_list_without_totals_is_read_to_its_end_whatever_the_size_of_its_pages() {
    for (items, requests) in [(0, 1), (3, 2), (4, 2), (8, 3), (9, 4)] {
        let fake = FakeTransport::new();
        fake.with(&SEARCH, move |request| {
            let place = json!({"pageNumber": request.json()["pageNumber"], "pageSize": 4});
            response(&page_of(items, &place)["results"])
        });
        let list = list(&over(&fake), SearchRequest::new().page_size(10));
        let found = list.items().try_collect().await.unwrap();
        assert_eq!(found, (0..items).collect::<Vec<_>>());
        assert_eq!(sent(&fake).len(), requests, "{items}");
    }
}

/// The service caps the size that it is asked for, and its total has the same number as two full pages.
#[tokio::test]
async fn a_list_of_capped_pages_is_whole_or_an_error_wherever_it_is_resumed() {
    for all in [150, 200, 250] {
        for stop in 1..all {
            let fake = FakeTransport::new();
            fake.with(&SEARCH, move |request| {
                let place = json!({"pageNumber": request.json()["pageNumber"], "pageSize": 50});
                let results = &page_of(all, &place)["results"];
                response(&json!({"results": results, "totalNumberOfRecords": all}))
            });
            let list = list(&over(&fake), SearchRequest::new().page_size(100));
            let mut items = list.clone().items();
            let mut found = 0;
            while found < stop
                && let Ok(Some(_)) = items.try_next().await
            {
                found += 1;
            }
            let stored = serde_json::to_string(&items.cursor()).unwrap();
            let cursor: Cursor = serde_json::from_str(&stored).unwrap();
            let mut rest = list.items().resume(cursor);
            let end = loop {
                match rest.try_next().await {
                    Ok(Some(_)) => found += 1,
                    Ok(None) => break Ok(()),
                    Err(error) => break Err(error),
                }
            };
            assert!(found == all || end.is_err(), "{found} of {all}: {stored}");
        }
    }
}

/// The service sends its whole list whatever it is asked for, and makes it anew each time.
#[tokio::test]
async fn a_page_that_is_made_anew_comes_once_before_an_error() {
    for total in [Value::Null, json!(9)] {
        let fake = FakeTransport::new();
        let made = AtomicU32::new(0);
        fake.with(&SEARCH, move |_| {
            let made = made.fetch_add(1, Ordering::Relaxed);
            let logo = format!("https://files.example/logo?signature={made}");
            response(&json!({
                "results": [
                    {"resourceId": "a", "at": made, "logoUrl": logo},
                    {"resourceId": "b", "at": made, "logoUrl": logo},
                ],
                "totalNumberOfRecords": total,
            }))
        });
        let search = search::complete(SearchRequest::new(), "Email");
        let request = over(&fake).transport().operation(&SEARCH, &[]);
        let list: List<Value, PageNumber> = request.try_json(search).list();
        let mut items = list.items();
        for id in ["a", "b"] {
            let item = items.try_next().await.unwrap().unwrap();
            assert_eq!(item["resourceId"], id);
        }
        let error = items.try_next().await.unwrap_err();
        assert!(error.to_string().contains("the same page"), "{error}");
        assert_eq!(sent(&fake).len(), 2);
    }
}

/// Five of the announced records never come.
#[tokio::test]
async fn a_resumed_list_that_lacks_announced_records_is_an_error() {
    for taken in [10, 14, 20] {
        let fake = FakeTransport::new();
        fake.with(&SEARCH, move |request| {
            let mut page = page_of(25, &request.json());
            page["totalNumberOfRecords"] = 30.into();
            response(&page)
        });
        let list = list(&over(&fake), SearchRequest::new().page_size(10));
        let mut items = list.clone().items();
        for _ in 0..taken {
            items.try_next().await.unwrap().unwrap();
        }
        let stored = serde_json::to_string(&items.cursor()).unwrap();
        let rest = list.items().resume(serde_json::from_str(&stored).unwrap());
        let error = rest.try_collect().await.unwrap_err();
        assert!(error.to_string().contains("more records"), "{error}");
    }
}

/// The rows of a report have the id of a person, and each person has several.
#[tokio::test]
async fn rows_of_the_same_people_in_the_same_order_are_not_the_same_page() {
    let fake = FakeTransport::new();
    fake.with(&SEARCH, |request| {
        let number = request.json()["pageNumber"].as_u64().unwrap();
        let row = |who: &str| json!({"targetUserResourceId": who, "certificate": number});
        let rows = [row("a"), row("b")];
        let total = json!({"results": rows, "totalNumberOfRecords": 4, "pageSize": 2});
        response(&total)
    });
    let search = search::complete(SearchRequest::new().page_size(2), "Email");
    let request = over(&fake).transport().operation(&SEARCH, &[]);
    let list: List<Value, PageNumber> = request.try_json(search).list();
    assert_eq!(list.items().try_collect().await.unwrap().len(), 4);
}

#[tokio::test]
async fn a_bare_list_that_ignores_the_number_of_the_page_is_read_with_page_alone() {
    for items in [1, 2, 10, 37] {
        let all: Vec<u64> = (0..items).collect();
        let fake = FakeTransport::new();
        fake.always(&SEARCH, response(&json!(all)));
        let list = list(&over(&fake), SearchRequest::new().page_size(10));
        let error = list.clone().items().try_collect().await.unwrap_err();
        assert!(error.to_string().contains("with `page()`"), "{error}");
        assert_eq!(list.page().await.unwrap().items(), all);
        assert_eq!(sent(&fake).len(), 3);
    }
}

/// Wherever the service stops sending what it announced.
#[tokio::test]
async fn a_list_whose_pages_have_fewer_records_than_were_announced_is_an_error_after_what_was_read()
{
    let whole = |place: &Value| page_of(25, place);
    let empty = |place: &Value| {
        let mut page = page_of(25, place);
        page["results"] = json!([]);
        page
    };
    let nothing = |_: &Value| Value::Null;
    let no_results = |_: &Value| json!({"results": null});
    let bare = |_: &Value| json!([]);
    type Answer = fn(&Value) -> Value;
    let cases: [([Answer; 3], u64); 6] = [
        ([whole, whole, whole], 25),
        ([whole, nothing, whole], 10),
        ([whole, no_results, whole], 10),
        ([whole, bare, whole], 10),
        ([whole, empty, whole], 15),
        ([whole, whole, nothing], 20),
    ];
    for (answers, read) in cases {
        let fake = FakeTransport::new();
        fake.with(&SEARCH, move |request| {
            let body = request.json();
            let number = body["pageNumber"].as_u64().unwrap();
            let answer = answers.get(usize::try_from(number - 1).unwrap());
            response(&answer.unwrap_or(&answers[0])(&body))
        });
        let mut list = list(&over(&fake), SearchRequest::new().page_size(10)).items();
        let mut count = 0;
        let end = loop {
            match list.try_next().await {
                Ok(Some(_)) => count += 1,
                end => break end,
            }
        };
        assert_eq!(count, read);
        match count {
            25 => assert_eq!(end.unwrap(), None),
            _ => {
                let error = end.unwrap_err();
                assert!(error.to_string().contains("more records"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_ends_before_its_own_total_is_an_error_after_what_was_read() {
    for items in [0, 10] {
        let fake = FakeTransport::new();
        fake.with(&SEARCH, move |request| {
            let mut page = page_of(items, &request.json());
            page["totalNumberOfRecords"] = 50.into();
            page["totalNumberOfPages"] = Value::Null;
            response(&page)
        });
        let mut list = list(&over(&fake), SearchRequest::new().page_size(10)).items();
        for item in 0..items {
            assert_eq!(list.try_next().await.unwrap(), Some(item));
        }
        let error = list.try_next().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode);
        let says = "the service counts more records than it sent";
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(sent(&fake).len(), 5);
    }
}
