//! How often a service's paging is asked for what a cursor has to contain.

mod common;

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Duration;

use common::over;
use futures_util::StreamExt;
use http::Method;
use security_api_transport::{
    Client, Error, FakeResponse, FakeTransport, Items, Next, Operation, Paging, RawItems, RawJson,
    Request, Split, Stamp, Tail, Timeline, Timestamp,
};
use serde_json::json;
use serde_json::value::RawValue;

static LIST: Operation = Operation::new("things.list", Method::GET, "/things").idempotent();

const PAGES: u32 = 3;
const SIZE: u32 = 20;

thread_local! {
    static REQUESTS_MADE: Cell<u32> = const { Cell::new(0) };
    static SIZES_READ: Cell<u32> = const { Cell::new(0) };
}

/// How many requests were made for a position, and how often a size was read, since the last time.
fn asked() -> (u32, u32) {
    (REQUESTS_MADE.take(), SIZES_READ.take())
}

/// Bare arrays, of which there are three. Counts its calls.
struct Counted;

impl Paging for Counted {
    type Wire<T> = Vec<T>;
    type Position = u32;

    fn position(text: &str) -> Result<u32, Error> {
        text.parse().map_err(|_| Error::invalid("no page number"))
    }

    fn split<T>(items: Vec<T>, number: Option<&u32>) -> Split<T, u32> {
        let next = match number.copied().unwrap_or(1) {
            PAGES.. => Next::End,
            number => Next::At(number + 1),
        };
        Split::new(items, next)
    }

    fn split_raw<'a>(
        page: &'a str,
        position: Option<&u32>,
    ) -> serde_json::Result<Split<&'a RawValue, u32>> {
        Ok(Self::split(serde_json::from_str(page)?, position))
    }

    fn go(request: Request, number: &u32) -> Request {
        REQUESTS_MADE.set(REQUESTS_MADE.get() + 1);
        request.set_query("page", number.to_string())
    }

    fn page_size(request: &Request) -> Option<Cow<'_, str>> {
        SIZES_READ.set(SIZES_READ.get() + 1);
        request.query_value("size").map(Cow::Borrowed)
    }
}

fn client() -> Client {
    let fake = FakeTransport::new();
    fake.with(&LIST, |request| {
        let number: u32 = request
            .query("page")
            .map_or(1, |page| page.parse().unwrap());
        let items: Vec<_> = ((number - 1) * SIZE..number * SIZE)
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
    let items = Items::<serde_json::Value, Counted>::new(request(&client));
    assert_eq!(items.try_collect().await.unwrap().len(), 60);
    assert_eq!(asked(), (PAGES - 1, 0));
}

#[tokio::test]
async fn a_cursor_after_every_item_asks_for_the_page_size_once_a_page() {
    let client = client();
    let mut items = RawItems::<Counted>::new(request(&client));
    for page in 1..=PAGES {
        for taken in 1..=SIZE {
            items.try_next().await.unwrap().expect("an item");
            let cursor = items.cursor();
            assert_eq!(cursor, items.cursor());
            let stored = serde_json::to_value(&cursor).unwrap();
            assert_eq!(stored["size"], "20", "{stored}");
            assert_eq!(stored["taken"], taken, "{stored}");
        }
        // One request to send, of pages after the first, and one to read the size from.
        let made = if page == 1 { 0 } else { 2 };
        assert_eq!(asked(), (made, 1), "page {page}");
    }
    assert!(items.try_next().await.unwrap().is_none());
    assert!(items.cursor().is_end());
    assert_eq!(asked(), (0, 0));
}

#[tokio::test]
async fn a_resumed_list_reads_the_page_size_of_where_it_continues() {
    let client = client();
    let cursor = serde_json::from_value(json!({"page": "2", "taken": 5, "size": "10"})).unwrap();
    let mut items = RawItems::<Counted>::new(request(&client));
    assert_eq!(serde_json::to_value(items.cursor()).unwrap()["size"], "20");
    assert_eq!(asked(), (0, 1));
    items = items.resume(cursor);
    assert_eq!(asked(), (1, 1));
    for _ in 0..5 {
        items.try_next().await.unwrap().expect("an item");
        let _ = items.cursor();
    }
    assert_eq!(asked(), (1, 0));
}

struct Log;

impl Timeline for Log {
    type Paging = Counted;

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
    assert_eq!(tail.count().await, 60);
    assert_eq!(asked(), (PAGES - 1, 0));
}
