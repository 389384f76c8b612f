//! How pages are asked for, and how a list is resumed.

use security_api_transport::{Cursor, Form, Items};

use super::*;
use crate::search::{Filter, field};

#[tokio::test]
async fn an_empty_search_is_sent_whole_with_the_default_order_of_the_list() {
    let fake = service(3);
    let items = list(&over(&fake), SearchRequest::new()).items();
    assert_eq!(items.try_collect().await.unwrap(), [0, 1, 2]);
    let requests = sent(&fake);
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].headers["content-type"], "application/json");
    assert_eq!(
        requests[0].json(),
        json!({
            "filter": serde_json::to_value(crate::Filter::new()).unwrap(),
            "pageNumber": 1,
            "pageSize": 100,
            "orderBy": "Email",
            "ascending": false,
        })
    );
}

#[tokio::test]
async fn each_page_is_asked_for_once_with_the_same_search() {
    let fake = service(20);
    let search = SearchRequest::new()
        .order_by("Name")
        .ascending(true)
        .page_size(10)
        .filter(Filter::all([field("Email").contains("@example.com")]));
    let all = list(&over(&fake), search.clone())
        .items()
        .try_collect()
        .await;
    assert_eq!(all.unwrap(), (0..20).collect::<Vec<_>>());
    let bodies: Vec<Value> = sent(&fake).iter().map(FakeRequest::json).collect();
    let expected = |number| serde_json::to_value(search.clone().page_number(number)).unwrap();
    assert_eq!(bodies, [expected(1), expected(2)]);
}

#[tokio::test]
async fn a_list_begins_at_the_given_page_and_reports_its_total() {
    let fake = service(25);
    let search = SearchRequest::new().page_size(10).page_number(2);
    let list = list(&over(&fake), search);
    let page = list.clone().page().await.unwrap();
    assert_eq!(page.items()[0], 10);
    assert_eq!(page.total(), Some(25));
    let last = page.next().unwrap().await.unwrap();
    assert_eq!(last.items(), [20, 21, 22, 23, 24]);
    assert!(last.next().is_none());
    let mut raw = list.raw_items();
    assert_eq!(raw.try_next().await.unwrap().unwrap().as_str(), "10");
}

#[tokio::test]
async fn a_list_resumes_at_a_stored_cursor() {
    let fake = service(25);
    let client = over(&fake);
    let search = SearchRequest::new().page_size(10);
    let mut items = list(&client, search.clone()).items();
    for _ in 0..13 {
        items.try_next().await.unwrap();
    }
    let stored = serde_json::to_string(&items.cursor()).unwrap();
    let cursor: Cursor = serde_json::from_str(&stored).unwrap();
    let rest = list(&client, search).items().resume(cursor);
    assert_eq!(
        rest.try_collect().await.unwrap(),
        (13..25).collect::<Vec<_>>()
    );
    // A page's number means nothing without its size: the pages under way keep theirs.
    let stored = serde_json::to_string(&items.cursor()).unwrap();
    let cursor: Cursor = serde_json::from_str(&stored).unwrap();
    let rest = list(&client, SearchRequest::new().page_size(3))
        .items()
        .resume(cursor);
    assert_eq!(
        rest.try_collect().await.unwrap(),
        (13..25).collect::<Vec<_>>()
    );
    let foreign = list(&client, SearchRequest::new())
        .items()
        .resume(Cursor::page("0b9972aa"));
    let error = foreign.try_collect().await.unwrap_err();
    assert!(error.is_invalid());
    assert!(
        error.to_string().contains("start the list without it"),
        "{error}"
    );
}

#[tokio::test]
async fn the_leaderboard_counts_its_pages_in_pagination() {
    for body in [
        json!({"pagination": {"pageNumber": "1", "pageSize": "4"}}),
        json!({"pagination": {"pageNumber": 1, "pageSize": 4, "orderBy": "Rank"}}),
        json!({"datePeriod": "LastMonth", "pagination": {"pageNumber": 1, "pageSize": 4}}),
    ] {
        let fake = service(10);
        let request = over(&fake).transport().operation(&LEADERBOARD, &[]);
        let items = Items::<u64, PageNumber>::new(request.json(&body));
        let all = items.try_collect().await.unwrap();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        for (request, number) in sent(&fake).iter().zip(1_u64..) {
            let mut expected = body.clone();
            if number > 1 {
                expected["pagination"]["pageNumber"] = number.into();
                expected["pagination"]["pageSize"] = 4.into();
            }
            assert_eq!(request.json(), expected);
        }
    }
    let client = over(&service(0));
    let request = client.transport().operation(&LEADERBOARD, &[]);
    let open = request.json(&json!({"pagination": {}}));
    let second = PageNumber::go(open, &"2/9".parse().unwrap());
    assert_eq!(
        second.body_bytes().unwrap(),
        r#"{"pagination":{"pageNumber":2,"pageSize":9}}"#
    );
}

#[tokio::test]
async fn a_list_without_a_search_gets_the_default_page() {
    for (operation, body, expected) in [
        (
            &SEARCH,
            json!({"email": "ann@example.com", "pageSize": 7}),
            json!({"email": "ann@example.com", "pageNumber": 1, "pageSize": 7, "ascending": false}),
        ),
        (
            &LEADERBOARD,
            json!({"pagination": {"orderBy": "Rank", "ascending": true}}),
            json!({"pagination": {"orderBy": "Rank", "pageNumber": 1, "pageSize": 100, "ascending": true}}),
        ),
        (
            &LEADERBOARD,
            json!({"pagination": {}}),
            json!({"pagination": {"pageNumber": 1, "pageSize": 100, "ascending": false}}),
        ),
    ] {
        let fake = service(3);
        let request = over(&fake).transport().operation(operation, &[]);
        let list = List::<u64, PageNumber>::new(request.json(&body));
        assert_eq!(list.items().try_collect().await.unwrap(), [0, 1, 2]);
        let bodies: Vec<Value> = sent(&fake).iter().map(FakeRequest::json).collect();
        assert_eq!(bodies, [expected]);
    }
}

#[tokio::test]
async fn a_list_that_has_its_page_is_sent_as_it_is() {
    for (operation, body) in [
        (&SEARCH, json!({"pageNumber": 1, "pageSize": 7})),
        (
            &LEADERBOARD,
            json!({"pagination": {"pageNumber": 1, "pageSize": 7}}),
        ),
    ] {
        let fake = service(3);
        let request = over(&fake).transport().operation(operation, &[]);
        let list = List::<u64, PageNumber>::new(request.json(&body));
        assert_eq!(list.items().try_collect().await.unwrap(), [0, 1, 2]);
        let bodies: Vec<Value> = sent(&fake).iter().map(FakeRequest::json).collect();
        assert_eq!(bodies, [body]);
    }
}

#[tokio::test]
async fn a_list_that_is_asked_for_with_a_form_keeps_it() {
    let fake = FakeTransport::new();
    fake.always(&SEARCH, response(&json!([4, 5])));
    let request = over(&fake).transport().operation(&SEARCH, &[]);
    let request = request.form(Form::new().text("email", "ann@example.com"));
    let list = List::<u64, PageNumber>::new(request);
    assert_eq!(list.page().await.unwrap().items(), [4, 5]);
    let sent = String::from_utf8(sent(&fake)[0].body.to_vec()).unwrap();
    assert!(sent.contains("ann@example.com"), "{sent}");
    assert!(!sent.contains("pageNumber"), "{sent}");
}

#[tokio::test]
async fn an_invalid_search_is_not_sent() {
    let fake = service(1);
    let client = over(&fake);
    for (search, says) in [
        (SearchRequest::new().page_size(0), "`page_size`"),
        (SearchRequest::new().page_size(100_000), "from 1 to 99,999"),
        (SearchRequest::new().page_number(0), "`page_number`"),
        (
            SearchRequest::new().filter(field("Status").one_of(["a,b"])),
            "`Status` with a comma",
        ),
        (
            SearchRequest::new().filter(field("").is(1)),
            "without a field name",
        ),
    ] {
        let error = list(&client, search).page().await.unwrap_err();
        assert!(error.is_invalid());
        assert!(error.to_string().contains(says), "{error}");
    }
    assert!(fake.requests().is_empty());
}
