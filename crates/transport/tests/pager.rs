//! Lists over pages: every item exactly once, despite failures.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::capture::Capture;
use common::{over, seconds};
use futures_util::StreamExt;
use http::{HeaderMap, Method};
use proptest::prelude::*;
use security_api_transport::{
    ApiError, Client, ClientBuilder, Cursor, Error, ErrorKind, FakeRequest, FakeResponse,
    FakeTransport, Items, Next, Operation, Outcome, Page, PageItems, Pages, Paging, Protocol,
    RawItems, Request, ResponseParts, ServiceSettings, Split,
};
use serde::{Deserialize, Deserializer};
use serde_json::json;

static LIST: Operation = Operation::new("things.list", Method::GET, "/things").idempotent();

/// Pages with a token for the next one.
struct Tokens;

#[derive(Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Wire<T> {
    items: PageItems<T>,
    next: Option<String>,
}

impl Paging for Tokens {
    type Wire<T> = Wire<T>;
    type Position = String;

    fn position(text: &str) -> Result<String, Error> {
        Ok(text.to_owned())
    }

    fn read<'de, T: Deserialize<'de>, D: Deserializer<'de>>(page: D) -> Result<Wire<T>, D::Error> {
        Wire::deserialize(page)
    }

    fn split<T>(wire: Wire<T>, _: Option<&String>) -> Split<T, String> {
        let next = match wire.next.as_deref() {
            Some("somewhere") => Next::Unknown(
                "the service says that there are more items, but not the token of the next page",
            ),
            _ => wire.next.into(),
        };
        Split::new(wire.items.into_vec(), next)
    }

    fn go(request: Request, token: &String) -> Request {
        request.set_query("page", token)
    }
}

fn page(items: std::ops::Range<u32>, next: Option<&str>) -> FakeResponse {
    FakeResponse::json(&json!({"items": items.collect::<Vec<_>>(), "next": next}))
}

/// Returns a service with pages of these sizes, whose tokens are `p1`, `p2` and so on. Items count up.
fn service(sizes: &[u32]) -> FakeTransport {
    let fake = FakeTransport::new();
    let sizes = sizes.to_vec();
    fake.with(&LIST, move |request| good(&sizes, request));
    fake
}

fn good(sizes: &[u32], request: &FakeRequest) -> FakeResponse {
    let number = request
        .query("page")
        .map_or(0, |page| page[1..].parse().unwrap());
    let start = sizes[..number].iter().sum();
    let next = (number + 1 < sizes.len()).then(|| format!("p{}", number + 1));
    page(start..start + sizes[number], next.as_deref())
}

fn list(client: &Client) -> Request {
    client.operation(&LIST, &[]).query("os", "MACOS")
}

fn items(fake: &FakeTransport) -> Items<u32, Tokens> {
    Items::new(list(&over(fake)))
}

fn raw_items(fake: &FakeTransport) -> RawItems<Tokens> {
    RawItems::new(list(&over(fake)))
}

fn pages(fake: &FakeTransport) -> Pages<u32, Tokens> {
    Pages::new(list(&over(fake)))
}

const SIZES: [&[u32]; 7] = [
    &[0],
    &[1],
    &[3, 3, 1],
    &[2, 0, 2],
    &[0, 0, 5],
    &[5, 0, 0],
    &[1, 0, 0, 0, 1, 0],
];

#[tokio::test(start_paused = true)]
async fn every_item_comes_once_and_empty_pages_do_not_end_the_list() {
    for sizes in SIZES {
        let all: Vec<u32> = (0..sizes.iter().sum()).collect();
        let fake = service(sizes);
        assert_eq!(items(&fake).try_collect().await.unwrap(), all);
        assert_eq!(fake.requests().len(), sizes.len());

        let raw: Vec<_> = raw_items(&fake)
            .map(|item| item.unwrap().as_str().to_owned())
            .collect()
            .await;
        assert_eq!(raw, all.iter().map(u32::to_string).collect::<Vec<_>>());

        let mut stream = pages(&fake);
        let mut count = 0;
        let mut found = Vec::new();
        while let Some(page) = stream.try_next().await.unwrap() {
            count += 1;
            assert_eq!(page.has_next(), count < sizes.len());
            found.extend(page);
        }
        assert_eq!((found, count), (all, sizes.len()));
    }
}

#[tokio::test(start_paused = true)]
async fn filters_and_options_hold_for_each_page_and_pages_are_asked_for_only_when_needed() {
    let fake = service(&[2, 2, 2]);
    let mut stream = Items::<u32, Tokens>::new(
        list(&over(&fake))
            .header("x-note", "n")
            .timeout(seconds(9.0)),
    );
    for (item, requests) in [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)] {
        assert_eq!(stream.try_next().await.unwrap(), Some(item));
        assert_eq!(fake.requests().len(), requests);
    }
    assert_eq!(stream.try_next().await.unwrap(), None);
    assert_eq!(stream.try_next().await.unwrap(), None);
    let requests = fake.requests();
    assert_eq!(requests.len(), 3);
    assert!(
        requests
            .iter()
            .all(|request| request.query("os").as_deref() == Some("MACOS"))
    );
    assert!(
        requests
            .iter()
            .all(|request| request.headers["x-note"] == "n")
    );
    let tokens: Vec<_> = requests
        .iter()
        .map(|request| request.query("page"))
        .collect();
    assert_eq!(tokens, [None, Some("p1".to_owned()), Some("p2".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_come_round_again_are_an_error_and_no_endless_loop() {
    // After the first page, these tokens repeat.
    for (tokens, requests) in [
        (&["a"][..], 2),
        (&["a", "b"], 3),
        (&["a", "b", "c", "d", "e"], 6),
    ] {
        let cycle = tokens.to_vec();
        let next_of = move |request: &FakeRequest| {
            let place = request
                .query("page")
                .and_then(|page| cycle.iter().position(|token| *token == page));
            page(
                0..2,
                Some(cycle[place.map_or(0, |place| (place + 1) % cycle.len())]),
            )
        };
        let fake = FakeTransport::new();
        fake.with(&LIST, next_of);
        let error = items(&fake).try_collect().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), fake.requests().len()),
            (ErrorKind::Decode, Outcome::Answered, requests)
        );
        assert!(
            error.to_string().contains("never end") && !error.is_retryable(),
            "{error}"
        );

        let mut stream = raw_items(&fake);
        while let Ok(Some(_)) = stream.try_next().await {}
        let mut stream = pages(&fake);
        let mut count = 0;
        let error = loop {
            match stream.try_next().await {
                Ok(page) => count += page.unwrap().items().len(),
                Err(error) => break error,
            }
        };
        assert_eq!((count, error.kind()), (requests * 2, ErrorKind::Decode));
        assert_eq!(fake.requests().len(), 3 * requests);
    }
}

#[tokio::test(start_paused = true)]
async fn after_an_error_a_stream_is_over_and_its_cursor_says_where() {
    for response in [
        FakeResponse::status(404),
        FakeResponse::status(200).body("nonsense"),
        FakeResponse::status(200).body(r#"{"items":[3],"next":{}}"#),
        FakeResponse::status(200).body("{\"ok\":false}"),
    ] {
        let fake = service(&[3, 3]);
        let mut stream = items(&fake);
        for item in 0..3 {
            assert_eq!(
                stream.cursor(),
                serde_json::from_value(json!({"taken": item})).unwrap()
            );
            assert_eq!(stream.try_next().await.unwrap(), Some(item));
        }
        fake.once(&LIST, response.clone());
        stream.try_next().await.unwrap_err();
        let stored = serde_json::to_string(&stream.cursor()).unwrap();
        assert_eq!(stored, r#"{"page":"p1","taken":0}"#);
        for _ in 0..3 {
            assert!(
                stream.try_next().await.unwrap().is_none(),
                "the stream is over"
            );
        }
        assert_eq!(fake.requests().len(), 2);
        let resumed = items(&fake).resume(serde_json::from_str(&stored).unwrap());
        assert_eq!(resumed.try_collect().await.unwrap(), [3, 4, 5]);
        assert_eq!(fake.requests().len(), 3);
    }
}

/// Returns a page whose second item is not a number.
fn odd_page() -> FakeResponse {
    FakeResponse::status(200).body(r#"{"items":[0, {"wrong": "type"} ,2],"next":"p1"}"#)
}

#[tokio::test(start_paused = true)]
async fn an_item_that_cannot_be_decoded_is_an_error_with_the_item_and_the_stream_goes_on() {
    let fake = service(&[3, 3]);
    fake.once(&LIST, odd_page());
    let mut stream = items(&fake);
    assert_eq!(stream.try_next().await.unwrap(), Some(0));
    let error = stream.try_next().await.unwrap_err();
    let item = error.item().expect("an error about an item");
    assert_eq!(item.json(), r#"{"wrong": "type"}"#);
    assert_eq!(item.cursor().taken(), 1);
    assert_eq!(
        (error.kind(), error.outcome(), error.is_retryable()),
        (ErrorKind::Decode, Outcome::Answered, false)
    );
    let text = error.to_string();
    assert!(
        text.starts_with("things.list: item 2 of the page"),
        "{text}"
    );
    assert!(
        text.contains("at `items[1]`: expected u32, found map"),
        "{text}"
    );
    assert!(!format!("{error:?} {error:#?} {item:?}").contains("wrong"));
    // The error for the bad item was returned, so the cursor is behind it.
    assert_eq!(stream.cursor().taken(), 2);
    for item in 2..6 {
        assert_eq!(stream.try_next().await.unwrap(), Some(item));
    }
    assert_eq!(stream.try_next().await.unwrap(), None);
    assert!(stream.cursor().is_end());

    // A stream that resumes at the item returns it first.
    fake.once(&LIST, odd_page());
    let mut resumed = items(&fake).resume(item.cursor().clone());
    assert!(resumed.try_next().await.unwrap_err().item().is_some());
    assert_eq!(resumed.try_next().await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_item_that_is_not_utf_8_is_repaired_beside_one_that_cannot_be_decoded() {
    let fake = FakeTransport::new();
    let body = b"{\"items\":[\"caf\xe9\",{\"wrong\":\"type\"},\"caf\xe9\"],\"next\":null}";
    let (capture, _guard) = Capture::start();
    fake.always(&LIST, FakeResponse::status(200).body(&body[..]));
    let mut stream = Items::<String, Tokens>::new(list(&over(&fake)));
    let first = stream.try_next().await.unwrap();
    assert_eq!(first.as_deref(), Some("caf\u{fffd}"));
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(error.item().unwrap().json(), r#"{"wrong":"type"}"#);
    assert!(error.to_string().contains("at `items[1]`"), "{error}");
    let last = stream.try_next().await.unwrap();
    assert_eq!(last.as_deref(), Some("caf\u{fffd}"));
    // A log has it once.
    let told = capture.text().matches("decoded after a repair").count();
    assert_eq!(told, 1);
}

#[tokio::test(start_paused = true)]
async fn a_page_with_an_item_that_cannot_be_decoded_is_an_error_and_the_next_page_follows() {
    let fake = service(&[3, 3]);
    fake.once(&LIST, odd_page());
    let mut stream = pages(&fake);
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(error.item().unwrap().json(), r#"{"wrong": "type"}"#);
    assert!(error.body().unwrap().starts_with(br#"{"items":[0,"#));
    assert_eq!(stream.cursor(), Cursor::page("p1"));
    assert_eq!(stream.try_next().await.unwrap().unwrap().items(), [3, 4, 5]);
    assert!(stream.try_next().await.unwrap().is_none());
    assert!(stream.cursor().is_end());

    fake.once(&LIST, odd_page());
    let call = list(&over(&fake)).call::<Page<u32, Tokens>>();
    assert!(call.await.unwrap_err().item().is_some());
}

#[tokio::test(start_paused = true)]
async fn raw_items_are_returned_unchanged_and_those_that_are_not_text_are_errors() {
    let mut body = br#"{"items":["\ud800", 1e999, "XX" ,3],"next":null}"#.to_vec();
    let place = body.windows(2).position(|pair| pair == b"XX").unwrap();
    body[place..place + 2].copy_from_slice(b"\xc3\x28");
    let fake = FakeTransport::new();
    fake.always(&LIST, FakeResponse::status(200).body(body));
    let mut stream = raw_items(&fake);
    for expected in [r#""\ud800""#, "1e999"] {
        let item = stream.try_next().await.unwrap().unwrap();
        assert_eq!(item.as_str(), expected);
    }
    let error = stream.try_next().await.unwrap_err();
    assert_eq!(error.item().unwrap().json()[..], b"\"\xc3\x28\""[..]);
    assert!(
        error
            .to_string()
            .contains("item 3 of the page: it is not UTF-8"),
        "{error}"
    );
    assert_eq!(stream.try_next().await.unwrap().unwrap().as_str(), "3");
    assert!(stream.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn damage_beside_the_items_hides_no_item() {
    for next in [r#""a\ud83d""#, r#"null,"total":1e400"#] {
        for (list, is_odd) in [("0,1,2", false), (r#"0,"x",2"#, true)] {
            let body = format!(r#"{{"items":[{list}],"next":{next}}}"#);
            let fake = FakeTransport::new();
            fake.once(&LIST, FakeResponse::status(200).body(body.clone()));
            let mut typed = items(&fake);
            fake.once(&LIST, FakeResponse::status(200).body(body));
            let mut raw = raw_items(&fake);
            for item in 0..3 {
                let odd = is_odd && item == 1;
                match typed.try_next().await {
                    Ok(found) => assert!(!odd && found == Some(item), "{next}"),
                    Err(error) => assert!(odd && error.item().is_some(), "{error}"),
                }
                let expected = if odd {
                    r#""x""#.to_owned()
                } else {
                    item.to_string()
                };
                assert_eq!(raw.try_next().await.unwrap().unwrap().as_str(), expected);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_incomplete_list_is_an_error_after_what_was_read_and_never_its_end() {
    for (next, words) in [
        ("\"\"", "the token of the next page is empty"),
        ("\"somewhere\"", "says that there are more items"),
    ] {
        let body = format!(r#"{{"items":[0,1],"next":{next}}}"#);
        let fake = FakeTransport::new();
        fake.always(&LIST, FakeResponse::status(200).body(body));

        let mut stream = items(&fake);
        assert_eq!(stream.try_next().await.unwrap(), Some(0));
        assert_eq!(stream.try_next().await.unwrap(), Some(1));
        let error = stream.try_next().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.item().is_none()),
            (ErrorKind::Decode, true)
        );
        assert!(
            error
                .to_string()
                .starts_with("things.list: the list is incomplete"),
            "{error}"
        );
        assert!(error.to_string().contains(words), "{error}");
        assert!(stream.try_next().await.unwrap().is_none());
        assert!(!stream.cursor().is_end());

        let mut stream = raw_items(&fake);
        assert!(stream.try_next().await.unwrap().is_some());
        assert!(stream.try_next().await.unwrap().is_some());
        assert!(stream.try_next().await.is_err());
        assert!(!stream.cursor().is_end());

        let mut stream = pages(&fake);
        let page = stream.try_next().await.unwrap().unwrap();
        assert!(page.has_next() && page.next_cursor().is_none());
        let error = page.next().unwrap().await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
        assert!(stream.try_next().await.is_err());
        assert!(!stream.cursor().is_end());
        assert_eq!(fake.requests().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_names_itself_as_the_next_one_has_no_next_page() {
    let fake = FakeTransport::new();
    let page = json!({"items": [1], "next": "again"});
    fake.always(&LIST, FakeResponse::json(&page));
    let first = pages(&fake).try_next().await.unwrap().unwrap();
    let second = first.next().unwrap().await.unwrap();
    let error = second.next().unwrap().await.unwrap_err();
    assert!(error.to_string().contains("named this page"), "{error}");
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_page_has_at_most_100_000_items_however_it_is_read() {
    let body = |items: usize| format!(r#"{{"items":[{}0],"next":null}}"#, "0,".repeat(items - 1));
    for (count, is_fine) in [(100_000, true), (100_001, false)] {
        let fake = FakeTransport::new();
        fake.always(&LIST, FakeResponse::status(200).body(body(count)));
        let typed = items(&fake).try_collect().await;
        let raw = raw_items(&fake).try_collect().await;
        assert_eq!((typed.is_ok(), raw.is_ok()), (is_fine, is_fine), "{count}");
    }
}

/// Counts the errors that are made of responses: each has the id of its request.
#[derive(Debug, Default)]
struct Counting(AtomicUsize);

impl Protocol for Counting {
    fn api_error(&self, _: &ResponseParts<'_>) -> ApiError {
        ApiError::new()
    }

    fn request_id<'a>(&self, _: &'a HeaderMap) -> Option<&'a str> {
        self.0.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_items_that_cannot_be_decoded_is_not_made_a_list_of_errors() {
    const BAD: usize = 10_000;
    let body = |item: &[u8], last: &str| {
        let items = [item, b","].concat().repeat(BAD);
        [b"{\"items\":[", &items[..], last.as_bytes(), b"]}"].concat()
    };
    let client = |body: Vec<u8>| {
        let (fake, counting) = (FakeTransport::new(), Arc::<Counting>::default());
        fake.always(&LIST, FakeResponse::status(200).body(body));
        let settings = ServiceSettings {
            protocol: Arc::clone(&counting) as _,
            ..common::settings()
        };
        let client = ClientBuilder::new(Ok(settings)).transport(fake).build();
        (client.unwrap(), counting)
    };
    /// Reads a few errors, and then to the end, where there is a good item. Returns how many errors were made by then.
    macro_rules! read {
        ($stream:expr, $counting:expr) => {{
            let mut stream = $stream;
            for number in 0..3 {
                let error = stream.try_next().await.unwrap_err();
                assert_eq!(error.item().unwrap().cursor().taken(), number);
            }
            let few = $counting.0.load(Ordering::Relaxed);
            for _ in 3..BAD {
                stream.try_next().await.unwrap_err();
            }
            assert!(stream.try_next().await.unwrap().is_some());
            assert!(stream.try_next().await.unwrap().is_none());
            few
        }};
    }
    let (raw, counting) = client(body(b"\"\xff\"", "7"));
    let made = read!(RawItems::<Tokens>::new(list(&raw)), counting);
    assert_eq!(made, 3);
    // Typed, one error is about the page.
    let (typed, counting) = client(body(b"null", "7"));
    let made = read!(Items::<u32, Tokens>::new(list(&typed)), counting);
    assert_eq!(made, 1 + 3);
    let before = counting.0.load(Ordering::Relaxed);
    let mut pages = Pages::<u32, Tokens>::new(list(&typed));
    assert!(pages.try_next().await.unwrap_err().item().is_some());
    assert_eq!(counting.0.load(Ordering::Relaxed) - before, 1 + 1);
}

#[tokio::test(start_paused = true)]
async fn empty_pages_without_end_are_an_error() {
    let fake = FakeTransport::new();
    fake.with(&LIST, |request| {
        let number: u32 = request
            .query("page")
            .map_or(0, |page| page.parse().unwrap());
        page(0..0, Some(&(number + 1).to_string()))
    });
    let error = items(&fake).try_next().await.unwrap_err();
    assert!(
        error.to_string().contains("empty pages in a row"),
        "{error}"
    );
    assert_eq!(fake.requests().len(), 1001);
    // Whether a page is empty is known even if it is not text.
    for (list, is_empty) in [("", true), ("0", false)] {
        let fake = FakeTransport::new();
        fake.with(&LIST, move |request| {
            let number = request
                .query("page")
                .map_or(0, |page| page.parse().unwrap());
            let next = number + 1;
            let page = format!(r#"{{"items":[{list}],"next":"{next}","name":"#);
            let page = [page.as_bytes(), b"\"\xff\"}"].concat();
            FakeResponse::status(200).body(if next < 1002 {
                page
            } else {
                b"no page".to_vec()
            })
        });
        let mut items = raw_items(&fake);
        let error = loop {
            if let Err(error) = items.try_next().await {
                break error;
            }
        };
        let says = error.to_string().contains("empty pages in a row");
        assert_eq!(says, is_empty, "{error}");
    }
    // A service that filters after reading a page may send many empty pages.
    let mut sizes = [0; 900];
    sizes[899] = 1;
    assert_eq!(items(&service(&sizes)).try_collect().await.unwrap(), [0]);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_read_to_its_end_resumes_at_the_end() {
    let fake = service(&[2, 2]);
    let mut stream = items(&fake);
    while stream.try_next().await.unwrap().is_some() {}
    let cursor: Cursor =
        serde_json::from_str(&serde_json::to_string(&stream.cursor()).unwrap()).unwrap();
    assert!(cursor.is_end());
    let before = fake.requests().len();
    assert!(
        items(&fake)
            .resume(cursor.clone())
            .try_collect()
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        raw_items(&fake)
            .resume(cursor.clone())
            .try_next()
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        pages(&fake)
            .resume(cursor)
            .try_next()
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(fake.requests().len(), before);

    let mut stream = pages(&fake);
    while let Some(page) = stream.try_next().await.unwrap() {
        assert_eq!(stream.cursor().is_end(), !page.has_next());
    }
    assert!(stream.cursor().is_end());
}

#[tokio::test(start_paused = true)]
async fn a_page_knows_its_items_and_the_call_for_the_next_one() {
    let fake = service(&[2, 0, 1]);
    let first: Page<u32, Tokens> = list(&over(&fake)).call().await.unwrap();
    assert_eq!((first.items(), first.has_next()), (&[0, 1][..], true));
    assert_eq!(first.next_cursor().unwrap().token(), Some("p1"));
    let second = first
        .next()
        .unwrap()
        .send_with_response()
        .await
        .unwrap()
        .into_value();
    assert_eq!((second.items(), second.has_next()), (&[][..], true));
    let third = second.next().unwrap().await.unwrap();
    assert!(!third.has_next() && third.next().is_none() && third.next_cursor().is_none());
    assert_eq!(third.into_items(), [2]);
    assert!(
        fake.requests()
            .iter()
            .all(|request| request.query("os").as_deref() == Some("MACOS"))
    );
    // The rest can be read as a stream.
    let rest = items(&fake).resume(first.next_cursor().unwrap());
    assert_eq!(rest.try_collect().await.unwrap(), [2]);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_for_the_moment_is_sent_again_within_its_own_call() {
    let fake = service(&[2, 2]);
    let mut stream = items(&fake);
    stream.try_next().await.unwrap();
    stream.try_next().await.unwrap();
    fake.once(&LIST, FakeResponse::status(503))
        .once(&LIST, FakeResponse::status(429));
    assert_eq!(stream.try_next().await.unwrap(), Some(2));
    assert_eq!(fake.requests().len(), 4);
}

#[tokio::test(start_paused = true)]
async fn the_cursor_after_a_page_leaves_out_none_of_the_next() {
    let fake = service(&[2, 2]);
    let cursor = serde_json::from_value(json!({"taken": 1})).unwrap();
    let mut stream = pages(&fake).resume(cursor);
    stream.try_next().await.unwrap().unwrap();
    let rest = items(&fake).resume(stream.cursor());
    assert_eq!(rest.try_collect().await.unwrap(), [2, 3]);
}

#[tokio::test(start_paused = true)]
async fn a_cursor_beyond_a_page_that_has_shrunk_goes_on_with_the_next() {
    let fake = service(&[2, 2]);
    let cursor = serde_json::from_value(json!({"taken": 5})).unwrap();
    assert_eq!(
        items(&fake).resume(cursor).try_collect().await.unwrap(),
        [2, 3]
    );
}

/// Reads the list in several runs, each from the previous cursor, which is stored as text in between.
async fn in_runs(sizes: Vec<u32>, fails: Vec<bool>, stops: Vec<usize>, raw: bool) -> Vec<u32> {
    let fake = FakeTransport::new();
    let fails = std::sync::Mutex::new(fails.into_iter());
    fake.with(&LIST, move |request| match fails.lock().unwrap().next() {
        Some(true) => FakeResponse::status(404),
        _ => good(&sizes, request),
    });
    let mut stops = stops.into_iter();
    let mut stored = serde_json::to_string(&Cursor::default()).unwrap();
    let mut found = Vec::new();
    loop {
        let cursor: Cursor = serde_json::from_str(&stored).unwrap();
        if cursor.is_end() {
            return found;
        }
        let most = stops.next().unwrap_or(usize::MAX);
        let mut count = 0;
        stored = if raw {
            let mut stream = raw_items(&fake).resume(cursor);
            while count < most
                && let Ok(Some(item)) = stream.try_next().await
            {
                found.push(item.decode().unwrap());
                count += 1;
            }
            serde_json::to_string(&stream.cursor()).unwrap()
        } else {
            let mut stream = items(&fake).resume(cursor);
            while count < most
                && let Ok(Some(item)) = stream.try_next().await
            {
                found.push(item);
                count += 1;
            }
            serde_json::to_string(&stream.cursor()).unwrap()
        };
    }
}

proptest! {
    #[test]
    fn however_often_an_export_breaks_it_brings_every_item_exactly_once(
        sizes in proptest::collection::vec(0..5_u32, 1..8),
        fails in proptest::collection::vec(any::<bool>(), 0..20),
        stops in proptest::collection::vec(1..6_usize, 0..10),
        raw in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let all: Vec<u32> = (0..sizes.iter().sum()).collect();
        prop_assert_eq!(runtime.block_on(in_runs(sizes, fails, stops, raw)), all);
    }
}

/// Awaits a stream's next element in a runtime that ends or stops before the page arrives. Then reads all elements in
/// another runtime.
fn in_two_runtimes<S: futures_util::Stream + Unpin>(mut stream: S, ends: bool) -> Vec<S::Item> {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    let first = runtime();
    first.block_on(async {
        let begun = tokio::time::timeout(std::time::Duration::ZERO, stream.next());
        assert!(begun.await.is_err());
    });
    if ends {
        drop(first);
        runtime().block_on(stream.collect())
    } else {
        let all = runtime().block_on(stream.collect());
        drop(first);
        all
    }
}

#[test]
fn a_stream_goes_on_in_another_runtime_than_the_one_that_a_page_was_requested_in() {
    for ends in [true, false] {
        let fake = FakeTransport::new();
        fake.with(&LIST, |request| good(&[2, 1], request).delay(seconds(1.0)));
        let found = in_two_runtimes(items(&fake), ends);
        let found: Vec<_> = found.into_iter().map(Result::unwrap).collect();
        assert_eq!(found, [0, 1, 2]);
        let raw = in_two_runtimes(raw_items(&fake), ends);
        assert!(raw.iter().all(Result::is_ok));
        assert_eq!(raw.len(), 3);
        let pages = in_two_runtimes(pages(&fake), ends);
        assert!(pages.iter().all(Result::is_ok));
        assert_eq!(pages.len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_of_too_many_items_says_so_whichever_way_it_is_read() {
    let fake = FakeTransport::new();
    fake.always(&LIST, page(0..100_001, None));
    let error = items(&fake).try_next().await.unwrap_err();
    assert!(error.to_string().contains("100,000 items"), "{error}");
    let error = raw_items(&fake).try_next().await.unwrap_err();
    assert!(error.to_string().contains("100,000 items"), "{error}");
}
