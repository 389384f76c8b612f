//! How often a service's paging is asked for what a cursor has to contain.

mod common;

use std::time::Duration;

use common::over;
use common::paging::{ByFullness, asked};
use futures_util::StreamExt;
use http::Method;
use security_api_transport::{
    Client, Error, FakeResponse, FakeTransport, Items, Operation, RawItems, RawJson, Request,
    Stamp, Tail, Timeline, Timestamp,
};
use serde_json::json;

static LIST: Operation = Operation::new("things.list", Method::GET, "/things").idempotent();

const PAGES: u32 = 3;
const SIZE: u32 = 20;
const ALL: u32 = 50;

type OfSize = ByFullness<{ SIZE as usize }>;

fn client() -> Client {
    let fake = FakeTransport::new();
    fake.with(&LIST, |request| {
        let number: u32 = request
            .query("page")
            .map_or(1, |page| page.parse().unwrap());
        let items: Vec<_> = ((number - 1) * SIZE..(number * SIZE).min(ALL))
            .map(|id| json!({ "id": id }))
            .collect();
        FakeResponse::json(&items)
    });
    over(&fake)
}

fn request(client: &Client) -> Request {
    client.operation(&LIST, &[]).query("size", "20")
}

#[tokio::test]
async fn a_list_that_stores_no_cursor_is_never_asked_for_its_page_size() {
    let client = client();
    let items = Items::<serde_json::Value, OfSize>::new(request(&client));
    assert_eq!(items.try_collect().await.unwrap().len(), 50);
    assert_eq!(asked(), (PAGES - 1, 0));
}

#[tokio::test]
async fn a_cursor_after_every_item_asks_for_the_page_size_once_a_page() {
    let client = client();
    let mut items = RawItems::<OfSize>::new(request(&client));
    for page in 1..=PAGES {
        for taken in 1..=SIZE.min(ALL - (page - 1) * SIZE) {
            items.try_next().await.unwrap().expect("an item");
            let cursor = items.cursor();
            assert_eq!(cursor, items.cursor());
            let stored = serde_json::to_value(&cursor).unwrap();
            assert_eq!(stored["size"], "20", "{stored}");
            assert_eq!(stored["taken"], taken, "{stored}");
        }
        // The first request is there already.
        assert_eq!(asked(), (u32::from(page > 1), 1), "page {page}");
    }
    assert!(items.try_next().await.unwrap().is_none());
    assert!(items.cursor().is_end());
    assert_eq!(asked(), (0, 0));
}

#[tokio::test]
async fn a_resumed_list_reads_the_page_size_of_where_it_continues() {
    let client = client();
    let cursor = serde_json::from_value(json!({"page": "2", "taken": 5, "size": "10"})).unwrap();
    let mut items = RawItems::<OfSize>::new(request(&client));
    assert_eq!(serde_json::to_value(items.cursor()).unwrap()["size"], "20");
    assert_eq!(asked(), (0, 1));
    items = items.resume(cursor);
    assert_eq!(asked(), (0, 1));
    for _ in 0..5 {
        items.try_next().await.unwrap().expect("an item");
        let _ = items.cursor();
    }
    assert_eq!(asked(), (1, 0));
}

struct Log;

impl Timeline for Log {
    type Paging = OfSize;

    const ASCENDING: bool = false;
    const RESOLUTION: Duration = Duration::ZERO;

    fn since(&self, request: Request, _: Timestamp) -> Request {
        request
    }

    fn stamp(&self, record: &RawJson) -> Result<Stamp, Error> {
        Ok(Stamp {
            id: Some(record.to_line().into_owned()),
            time: None,
        })
    }
}

#[tokio::test]
async fn a_tail_that_meets_no_failure_reads_no_page_size() {
    let client = client();
    let tail = Tail::<RawJson, Log>::new(request(&client), Log, Timestamp::now());
    assert_eq!(tail.count().await, 50);
    assert_eq!(asked(), (PAGES - 1, 0));
}
