//! How a page is read, and the service that the tests of lists ask.

mod ends;
mod requests;

use http::Method;
use security_api_transport::{
    ErrorKind, FakeRequest, FakeResponse, FakeTransport, List, Operation,
};
use serde_json::json;

use super::*;
use crate::Client;
use crate::search::{self, SearchRequest};

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

fn totals(records: u64, pages: u64, size: u64) -> Totals {
    let count = |number| (number > 0).then_some(number);
    Totals {
        records: count(records),
        pages: count(pages),
        size: count(size),
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

#[tokio::test]
async fn a_response_of_null_alone_is_no_list() {
    for body in ["null", " null\n", ""] {
        let fake = FakeTransport::new();
        fake.always(&SEARCH, FakeResponse::status(200).body(body));
        let list = list(&over(&fake), SearchRequest::new());
        let error = list.clone().page().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{error:?}");
        list.clone().items().try_next().await.unwrap_err();
        list.raw_items().try_next().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_bare_list_and_no_value_at_all_are_pages_too() {
    for (data, expected) in [(json!([1, 2]), vec![1, 2]), (json!(null), vec![])] {
        let fake = FakeTransport::new();
        for page in [&data, &data, &json!([])] {
            fake.once(&SEARCH, response(page));
        }
        let list = list(&over(&fake), SearchRequest::new());
        let page = list.clone().page().await.unwrap();
        assert_eq!(page.items(), expected);
        let mut raw = list.raw_items();
        for item in expected {
            let raw = raw.try_next().await.unwrap().unwrap();
            assert_eq!(raw.decode::<u64>().unwrap(), item);
        }
        assert_eq!(raw.try_next().await.unwrap(), None);
    }
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
