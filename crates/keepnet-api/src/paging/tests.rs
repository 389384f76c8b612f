//! Where a list goes on, and where it ends.

use http::Method;
use proptest::prelude::*;
use security_api_transport::{
    Cursor, FakeRequest, FakeResponse, FakeTransport, Items, List, Operation,
};
use serde_json::json;

use super::*;
use crate::search::{self, Filter, SearchRequest, field};
use crate::{Client, ErrorKind};

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
        Next::Maybe(place) => Next::Maybe(place.number.unwrap()),
        Next::Unknown(what) => Next::Unknown(what),
        _ => Next::End,
    }
}

fn totals(records: u64, pages: u64, size: u64) -> Totals {
    let count = |number| (number > 0).then_some(number);
    Totals {
        records: count(records),
        pages: count(pages),
        size: count(size),
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
        // A short page is the end where the size of the pages is known.
        (place(1, 10), 3, totals(0, 0, 10), Next::End),
        (place(2, 10).after(10), 3, totals(0, 0, 0), Next::End),
        // The service may have smaller pages than requested, or ignore the size.
        (place(1, 10), 3, totals(0, 0, 0), Next::Maybe(2)),
        (place(2, 10).after(3), 3, totals(0, 0, 0), Next::Maybe(3)),
        (place(2, 10), 3, totals(0, 0, 0), Next::Maybe(3)),
        (place(1, 10), 37, totals(0, 0, 0), Next::Maybe(2)),
        // Totals that cannot be right.
        (place(2, 10), 10, totals(25, 2, 10), Next::At(3)),
        (place(1, 10), 10, totals(10, 3, 10), Next::At(2)),
        (place(1, 10), 10, totals(7, 1, 10), Next::At(2)),
        (place(1, 10), 10, totals(0, 1, 10), Next::At(2)),
        (place(1, 10), 4, totals(0, 1, 10), Next::End),
        // Fewer on a page than asked for, without a word of it.
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
        (Position::default(), 10, totals(0, 0, 0), Next::Maybe(2)),
    ] {
        assert_eq!(
            number(place.next(found, totals)),
            expected,
            "{place:?} {found} {totals:?}"
        );
    }
}

#[test]
fn pages_and_lists_are_read_alike() {
    for (json, items, expected) in [
        (
            json!({"results": [1, 2], "totalNumberOfRecords": 2, "totalNumberOfPages": 1, "pageNumber": 1, "pageSize": 10}),
            vec![1, 2],
            totals(2, 1, 10),
        ),
        (
            json!({"Results": [1], "TotalNumberOfRecords": "7", "added": {}}),
            vec![1],
            totals(7, 0, 0),
        ),
        (
            json!({"results": null, "pageSize": null}),
            vec![],
            totals(0, 0, 0),
        ),
        // A total of 0 beside items is none.
        (
            json!({"results": [1], "totalNumberOfRecords": 0, "totalNumberOfPages": "0", "pageSize": 0}),
            vec![1],
            totals(0, 0, 0),
        ),
        (json!({"items": [3]}), vec![3], totals(0, 0, 0)),
        (
            json!({"items": [3], "results": []}),
            vec![3],
            totals(0, 0, 0),
        ),
        (
            json!({"items": [], "results": [3]}),
            vec![3],
            totals(0, 0, 0),
        ),
        (
            json!({"items": [3], "results": null}),
            vec![3],
            totals(0, 0, 0),
        ),
        (json!([4, 5]), vec![4, 5], totals(0, 0, 0)),
        (json!(null), vec![], totals(0, 0, 0)),
    ] {
        let page: PageBody<u32> = serde_json::from_str(&json.to_string()).unwrap();
        assert_eq!(page.items, items, "{json}");
        assert_eq!(page.totals, expected, "{json}");
    }
    let error = serde_json::from_str::<PageBody<u32>>(r#"{"name":"x"}"#).unwrap_err();
    assert!(error.to_string().contains("missing field `results`"));
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

static SEARCH: Operation =
    Operation::new("users.search", Method::POST, "/api/users/search").idempotent();
static LEADERBOARD: Operation =
    Operation::new("leaderboard.list", Method::POST, "/api/leaderboard/get-all").idempotent();

fn over(fake: &FakeTransport) -> Client {
    fake.path("/connect/token", |_| {
        FakeResponse::json(&json!({"access_token": "token-1", "expires_in": 3600}))
    });
    Client::builder("an-id", "a-secret")
        .transport(fake.clone())
        .build()
        .unwrap()
}

/// The page of a list from 0 to `items` that this part of a body asks for.
fn page_of(items: u64, place: &Value) -> Value {
    let (number, size) = (&place["pageNumber"], &place["pageSize"]);
    // The service reads numbers that come as text.
    let number_of = |value: &Value| value.to_string().trim_matches('"').parse::<u64>().unwrap();
    let (number, size) = (number_of(number), number_of(size));
    let results: Vec<u64> = (0..items)
        .skip(usize::try_from((number - 1) * size).unwrap())
        .take(usize::try_from(size).unwrap())
        .collect();
    json!({
        "results": results,
        "totalNumberOfRecords": items,
        "totalNumberOfPages": items.div_ceil(size),
        "pageNumber": number,
        "pageSize": size,
    })
}

fn response(data: &Value) -> FakeResponse {
    FakeResponse::json(&json!({"data": data, "message": null, "status": "SUCCESS"}))
}

fn service(items: u64) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.with(&SEARCH, move |request| {
        response(&page_of(items, &request.json()))
    });
    fake.with(&LEADERBOARD, move |request| {
        response(&page_of(items, &request.json()["pagination"]))
    });
    fake
}

fn list(client: &Client, search: SearchRequest) -> List<u64, PageNumber> {
    let request = client.transport().operation(&SEARCH, &[]);
    request.try_json(search::complete(search, "Email")).list()
}

fn sent(fake: &FakeTransport) -> Vec<FakeRequest> {
    let mut requests = fake.requests();
    requests.retain(|request| request.uri.path() != "/connect/token");
    requests
}

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
    assert!(foreign.try_collect().await.unwrap_err().is_invalid());
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
async fn a_bare_list_and_no_value_at_all_are_pages_too() {
    for (data, expected) in [(json!([1, 2]), vec![1, 2]), (json!(null), vec![])] {
        let fake = FakeTransport::new();
        fake.always(&SEARCH, response(&data));
        let list = list(&over(&fake), SearchRequest::new());
        let items = list.clone().items().try_collect().await.unwrap();
        assert_eq!(items, expected);
        let mut raw = list.raw_items();
        for item in expected {
            let raw = raw.try_next().await.unwrap().unwrap();
            assert_eq!(raw.decode::<u64>().unwrap(), item);
        }
        assert_eq!(raw.try_next().await.unwrap(), None);
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

#[tokio::test]
async fn a_service_that_ignores_number_and_size_sends_everything_at_once() {
    for items in [1, 2, 37] {
        let all: Vec<u64> = (0..items).collect();
        let fake = FakeTransport::new();
        fake.always(&SEARCH, response(&json!(all)));
        let list = list(&over(&fake), SearchRequest::new().page_size(10));
        assert_eq!(list.items().try_collect().await.unwrap(), all);
        assert_eq!(sent(&fake).len(), 2);
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
            response(&answers[usize::try_from(number - 1).unwrap()](&body))
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

#[tokio::test]
async fn a_page_in_an_envelope_is_read_although_its_text_is_not_correct_json() {
    for (before, message) in [
        (&b"\xef\xbb\xbf"[..], &b"Done"[..]),
        (b"", b"Termin\xe9"),
        (b"", br"\ud83d"),
    ] {
        let fake = FakeTransport::new();
        let start = [
            before,
            b"{\"message\":\"",
            message,
            b"\",\"status\":\"SUCCESS\",\"data\":",
        ]
        .concat();
        let body = [
            &*start,
            br#"{"results":["a\udc00",1e400,3],"totalNumberOfRecords":3}}"#,
        ]
        .concat();
        fake.with(&SEARCH, move |_| {
            FakeResponse::status(200)
                .header("content-type", "application/json")
                .body(body.clone())
        });
        let client = over(&fake);
        let request = client.transport().operation(&SEARCH, &[]);
        let list = List::<Value, PageNumber>::new(request.json(&json!({"pageNumber": 1})));
        let page = list.page().await.unwrap();
        assert_eq!(page.items(), [json!("a\u{fffd}"), json!("1e400"), json!(3)]);
    }
}

#[tokio::test]
async fn an_envelope_without_data_that_is_not_utf8_is_an_empty_list() {
    let fake = FakeTransport::new();
    fake.path("/connect/token", |_| {
        FakeResponse::json(&json!({"access_token": "t", "expires_in": 3600}))
    });
    let body = b"{\"status\":\"SUCCESS\",\"message\":\"caf\xe9\"}".to_vec();
    fake.always(
        &crate::operations::TAGS_SEARCH,
        FakeResponse::status(200).body(body),
    );
    let client = Client::builder("an-id", "a-secret").transport(fake);
    let client = client.build().unwrap();
    let mut items = client.tags().search(SearchRequest::new()).raw_items();
    assert!(items.try_next().await.unwrap().is_none());
}
