//! Lists with numbered pages, in the query or in a JSON body.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::over;
use common::paging::ByFullness;
use http::Method;
use proptest::prelude::*;
use security_api_transport::{
    Client, Cursor, Error, ErrorKind, FakeResponse, FakeTransport, List, Next, Operation, Paging,
    Request, Split,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

static NUMBERED: Operation = Operation::new("logs.list", Method::GET, "/logs").idempotent();
static SEARCH: Operation = Operation::new("users.search", Method::POST, "/users").idempotent();

const FULL: u32 = 5;

/// Pages of five items, unless it is the last.
type OfFive = ByFullness<5>;

/// Pages of which nobody knows how long a full one is.
type OfAnySize = ByFullness<1>;

/// The body has the page number and size, and the response has the number of pages.
struct BySearch;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found<T> {
    results: Vec<T>,
    total_number_of_pages: u32,
    total: Option<u64>,
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body_bytes().unwrap()).unwrap()
}

impl<T> Found<T> {
    fn split(self, number: u32) -> Split<T, u32> {
        let next = match number < self.total_number_of_pages {
            true => Next::At(number + 1),
            false => Next::End,
        };
        Split::new(self.results, next).with_total(self.total)
    }
}

impl Paging for BySearch {
    const NUMBERED: bool = true;

    type Wire<T> = Found<T>;
    type Position = u32;

    fn position(text: &str) -> Result<u32, Error> {
        text.parse().map_err(|_| Error::invalid("no page number"))
    }

    fn first(request: &Request) -> Option<u32> {
        let number = body(request)["pageNumber"].as_u64().unwrap();
        Some(number.try_into().unwrap())
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Found<T>, D::Error> {
        Found::deserialize(page)
    }

    fn split<T>(wire: Found<T>, number: Option<&u32>) -> Split<T, u32> {
        wire.split(number.copied().unwrap_or(1))
    }

    fn go(request: Request, number: &u32) -> Request {
        let mut body = body(&request);
        body["pageNumber"] = (*number).into();
        request.json(&body)
    }

    fn page_size<'a>(request: &'a Request, _: Option<&u32>) -> Option<std::borrow::Cow<'a, str>> {
        Some(body(request)["pageSize"].to_string().into())
    }
}

fn numbered(client: &Client) -> List<u32, OfFive> {
    List::new(client.operation(&NUMBERED, &[]))
}

fn search(client: &Client, size: u32) -> List<u32, BySearch> {
    let body = json!({"filter": {"name": "a"}, "pageNumber": 1, "pageSize": size});
    List::new(client.operation(&SEARCH, &[]).json(&body))
}

/// Returns a service with this many items, in both styles.
fn service(items: u32) -> FakeTransport {
    service_without(items, Arc::default())
}

/// Returns a service whose search lacks the page with this number.
fn service_without(items: u32, page: Arc<AtomicU32>) -> FakeTransport {
    let missing = page;
    let fake = FakeTransport::new();
    let of_page = move |number: u32, size: u32| -> Vec<u32> {
        (0..items)
            .skip(((number - 1) * size) as usize)
            .take(size as usize)
            .collect()
    };
    fake.with(&NUMBERED, move |request| {
        let number = request
            .query("page")
            .map_or(1, |page| page.parse().unwrap());
        FakeResponse::json(&of_page(number, FULL))
    });
    fake.with(&SEARCH, move |request| {
        let body = request.json();
        assert_eq!(body["filter"], json!({"name": "a"}));
        let number = |name: &str| u32::try_from(body[name].as_u64().unwrap()).unwrap();
        let (page, size) = (number("pageNumber"), number("pageSize"));
        if page == missing.load(Ordering::Relaxed) {
            return FakeResponse::status(404);
        }
        FakeResponse::json(&json!({
            "results": of_page(page, size),
            "totalNumberOfPages": items.div_ceil(size),
        }))
    });
    fake
}

#[tokio::test]
async fn numbered_pages_end_with_the_first_that_is_not_full() {
    for (items, pages) in [(0, 1), (3, 1), (5, 2), (12, 3)] {
        let fake = service(items);
        let all = numbered(&over(&fake)).items().try_collect().await.unwrap();
        assert_eq!(all, (0..items).collect::<Vec<_>>());
        assert_eq!(fake.requests().len(), pages, "{items}");
    }
}

#[tokio::test]
async fn a_page_has_the_total_that_the_service_gives() {
    for total in [Some(7), None] {
        let fake = FakeTransport::new();
        let found = json!({"results": [1, 2], "totalNumberOfPages": 1, "total": total});
        fake.always(&SEARCH, FakeResponse::json(&found));
        let page = search(&over(&fake), 2).page().await.unwrap();
        assert_eq!(page.total(), total);
        assert!((&page).into_iter().eq(&[1, 2]));
        assert_eq!(
            format!("{page:?}"),
            "Page { items: [1, 2], has_next: false }"
        );
    }
}

#[tokio::test]
async fn a_list_gives_one_page_all_pages_items_or_raw_items_with_its_options() {
    let fake = service(12);
    let client = over(&fake);
    let list = numbered(&client)
        .extra_query("kind", "view")
        .header("x-trace", "7");
    let page = list.clone().page().await.unwrap();
    assert_eq!(page.items(), [0, 1, 2, 3, 4]);
    assert_eq!(
        page.iter().collect::<Vec<_>>(),
        page.items().iter().collect::<Vec<_>>()
    );
    assert_eq!(page.next().unwrap().await.unwrap().items(), [5, 6, 7, 8, 9]);
    let mut pages = list.clone().pages();
    let mut sizes = Vec::new();
    while let Some(page) = pages.try_next().await.unwrap() {
        sizes.push(page.items().len());
    }
    assert_eq!(sizes, [5, 5, 2]);
    let mut raw = list.raw_items();
    let mut last = None;
    while let Some(item) = raw.try_next().await.unwrap() {
        last = Some(item);
    }
    assert_eq!(last.unwrap().as_str(), "11");
    for request in fake.requests() {
        assert_eq!(request.query("kind").as_deref(), Some("view"));
        assert_eq!(request.headers["x-trace"], "7");
    }
}

#[tokio::test]
async fn a_service_that_ignores_the_page_number_is_an_error_and_no_item_comes_twice() {
    let fake = FakeTransport::new();
    fake.always(&NUMBERED, FakeResponse::json(&[1, 2, 3, 4, 5]));
    let client = over(&fake);
    let mut items = numbered(&client).items();
    let mut raw = numbered(&client).raw_items();
    for expected in 1..=5 {
        assert_eq!(items.try_next().await.unwrap(), Some(expected));
        let raw = raw.try_next().await.unwrap().unwrap();
        assert_eq!(raw.as_str(), expected.to_string());
    }
    let mut pages = numbered(&client).pages();
    let page = pages.try_next().await.unwrap().unwrap();
    for error in [
        items.try_next().await.unwrap_err(),
        raw.try_next().await.unwrap_err(),
        pages.try_next().await.unwrap_err(),
        page.next().unwrap().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("the same page"), "{error}");
    }
    assert_eq!(items.try_next().await.unwrap(), None);
}

fn of_any_size(client: &Client) -> List<u32, OfAnySize> {
    List::new(client.operation(&NUMBERED, &[]))
}

#[tokio::test]
async fn a_list_of_pages_of_any_size_ends_with_an_empty_page() {
    for (items, pages) in [(0, 1), (3, 2), (5, 2), (12, 4)] {
        let fake = service(items);
        let list = of_any_size(&over(&fake));
        let mut stream = list.clone().items();
        let mut found = Vec::new();
        while let Some(item) = stream.try_next().await.unwrap() {
            found.push(item);
        }
        assert_eq!(found, (0..items).collect::<Vec<_>>());
        assert!(stream.cursor().is_end());
        assert_eq!(fake.requests().len(), pages, "{items}");
        let mut page = list.page().await.unwrap();
        let mut count = page.items().len();
        while let Some(next) = page.next() {
            page = next.await.unwrap();
            count += page.items().len();
        }
        assert_eq!(count, items as usize);
        assert_eq!(fake.requests().len(), 2 * pages, "{items}");
    }
}

#[tokio::test]
async fn empty_pages_in_a_row_are_not_the_same_page() {
    let fake = FakeTransport::new();
    for results in [vec![0], vec![], vec![], vec![1]] {
        let page = json!({"results": results, "totalNumberOfPages": 4});
        fake.once(&SEARCH, FakeResponse::json(&page));
    }
    let items = search(&over(&fake), 1).items();
    assert_eq!(items.try_collect().await.unwrap(), [0, 1]);
}

#[tokio::test]
async fn a_short_page_that_comes_again_is_an_error_and_not_the_end_of_the_list() {
    let fake = FakeTransport::new();
    fake.always(&NUMBERED, FakeResponse::json(&[1, 2, 3]));
    let list = of_any_size(&over(&fake));
    let mut items = list.clone().items();
    for expected in 1..=3 {
        assert_eq!(items.try_next().await.unwrap(), Some(expected));
    }
    let mut pages = list.clone().pages();
    let page = pages.try_next().await.unwrap().unwrap();
    let resumed = list.items().resume(page.next_cursor().unwrap());
    for error in [
        items.try_next().await.unwrap_err(),
        pages.try_next().await.unwrap_err(),
        page.next().unwrap().await.unwrap_err(),
        resumed.try_collect().await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("may be incomplete"), "{error}");
    }
    assert!(!items.cursor().is_end());
}

#[tokio::test]
async fn a_page_that_is_not_found_is_an_error_and_not_the_end_of_the_list() {
    let fake = FakeTransport::new();
    fake.once(&NUMBERED, FakeResponse::json(&[1, 2, 3]));
    fake.always(&NUMBERED, FakeResponse::status(404));
    let mut items = of_any_size(&over(&fake)).items();
    for expected in 1..=3 {
        assert_eq!(items.try_next().await.unwrap(), Some(expected));
    }
    let error = items.try_next().await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
    assert!(!items.cursor().is_end());
}

/// Numbered pages, of which each but an empty one is followed by another, and whose items have ids.
struct ById;

impl Paging for ById {
    const NUMBERED: bool = true;
    const IDS: &'static [&'static str] = &["id", "key"];

    type Wire<T> = Vec<T>;
    type Position = u32;

    fn position(text: &str) -> Result<u32, Error> {
        OfAnySize::position(text)
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Vec<T>, D::Error> {
        Vec::deserialize(page)
    }

    fn split<T>(items: Vec<T>, number: Option<&u32>) -> Split<T, u32> {
        OfAnySize::split(items, number)
    }

    fn go(request: Request, number: &u32) -> Request {
        OfAnySize::go(request, number)
    }
}

#[tokio::test]
async fn a_page_of_the_same_items_is_the_same_page_whatever_else_they_say() {
    for (first, second, is_same) in [
        (
            json!([{"id": 1, "at": 1}, {"id": 2}]),
            json!([{"id": 1, "at": 2}, {"id": 2}]),
            true,
        ),
        (
            json!([{"key": "a", "at": 1}, {"key": "b"}]),
            json!([{"key": "a", "at": 2}, {"key": "b"}]),
            true,
        ),
        // In another order.
        (
            json!([{"id": 1}, {"id": 2}, {"id": 3}]),
            json!([{"id": 3}, {"id": 1}, {"id": 2}]),
            true,
        ),
        // Another item, or one that moved to this page.
        (
            json!([{"id": 1}, {"id": 2}]),
            json!([{"id": 1}, {"id": 3}]),
            false,
        ),
        (
            json!([{"id": 1}, {"id": 2}]),
            json!([{"id": 2}, {"id": 3}]),
            false,
        ),
        // One alone proves nothing, nor do ids that are not of one item each.
        (
            json!([{"id": 1, "at": 1}]),
            json!([{"id": 1, "at": 2}]),
            false,
        ),
        (
            json!([{"id": 1, "at": 1}, {"id": 1}]),
            json!([{"id": 1, "at": 2}, {"id": 1}]),
            false,
        ),
        (
            json!([{"id": 1, "at": 1}, {"id": null}]),
            json!([{"id": 1, "at": 2}, {"id": null}]),
            false,
        ),
        (
            json!([{"at": 1}, {"at": 2}]),
            json!([{"at": 1}, {"at": 3}]),
            false,
        ),
    ] {
        let fake = FakeTransport::new();
        for page in [&first, &second, &json!([])] {
            fake.once(&NUMBERED, FakeResponse::json(page));
        }
        let client = over(&fake);
        let list: List<Value, ById> = List::new(client.operation(&NUMBERED, &[]));
        let read = list.items().try_collect().await;
        assert_eq!(read.is_err(), is_same, "{first} {second}");
    }
}

#[tokio::test]
async fn a_search_resumes_with_pages_of_another_size() {
    for size in [2, 5, 6, 20] {
        let client = over(&service(20));
        let mut items = search(&client, 10).items();
        for _ in 0..9 {
            items.try_next().await.unwrap().unwrap();
        }
        let stored = serde_json::to_string(&items.cursor()).unwrap();
        let cursor: Cursor = serde_json::from_str(&stored).unwrap();
        let mut rest = search(&client, size).items().resume(cursor);
        assert_eq!(rest.try_next().await.unwrap(), Some(9), "{size}");
        // From here on, the earlier size has no effect.
        let mut fresh = search(&client, size).items();
        while fresh.try_next().await.unwrap() != Some(9) {}
        assert_eq!(rest.cursor(), fresh.cursor(), "{size}");
        let rest = rest.try_collect().await.unwrap();
        assert_eq!(rest, (10..20).collect::<Vec<_>>(), "{size}");
    }
}

#[tokio::test]
async fn a_search_with_pages_of_another_size_resumes_after_any_page_that_it_did_not_get() {
    for page in 1..=4 {
        let missing = Arc::new(AtomicU32::new(0));
        let client = over(&service_without(20, Arc::clone(&missing)));
        let mut items = search(&client, 20).items();
        for _ in 0..13 {
            items.try_next().await.unwrap().unwrap();
        }
        let mut seen: Vec<u32> = (0..13).collect();
        missing.store(page, Ordering::Relaxed);
        let mut smaller = search(&client, 5).items().resume(items.cursor());
        while let Ok(item) = smaller.try_next().await {
            seen.extend(item);
        }
        missing.store(0, Ordering::Relaxed);
        let rest = search(&client, 5).items().resume(smaller.cursor());
        seen.extend(rest.try_collect().await.unwrap());
        assert_eq!(seen, (0..20).collect::<Vec<_>>(), "{page}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn every_item_of_a_numbered_list_comes_once_whatever_its_length(items in 0_u32..40, size in 1_u32..9) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let client = over(&service(items));
            let expected: Vec<u32> = (0..items).collect();
            prop_assert_eq!(&numbered(&client).items().try_collect().await.unwrap(), &expected);
            prop_assert_eq!(&search(&client, size).items().try_collect().await.unwrap(), &expected);
            let mut raw = search(&client, size).raw_items();
            let mut count = 0;
            while let Some(item) = raw.try_next().await.unwrap() {
                prop_assert_eq!(item.decode::<u32>().unwrap(), count);
                count += 1;
            }
            prop_assert_eq!(count, items);
            Ok(())
        })?;
    }
}
