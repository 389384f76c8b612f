//! Follows detections: every one comes once, despite interruptions.
#![cfg(feature = "fake")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use push_security_api::types::Detection;
use push_security_api::{
    Client, Error, FakeRequest, FakeResponse, FakeTransport, Tail, TailCursor, Timestamp,
    operations,
};
use serde_json::{Value, json};

/// 2025-04-01T00:00:00Z.
const START: i64 = 1_743_465_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + second).unwrap()
}

/// A list to which tests add: ids, and seconds after the start, in the service's order. A page has two records.
#[derive(Clone, Default)]
struct List(Arc<Mutex<Vec<(String, i64)>>>);

impl List {
    fn with(records: &[(&str, i64)]) -> Self {
        let list = Self::default();
        for (id, second) in records {
            list.add(*id, *second);
        }
        list
    }

    fn add(&self, id: impl Into<String>, second: i64) {
        self.0.lock().unwrap().push((id.into(), second));
    }

    fn response(&self, request: &FakeRequest) -> FakeResponse {
        let query = |name: &str| {
            let pairs = request
                .uri
                .query()?
                .split('&')
                .filter_map(|pair| pair.split_once('='));
            let mut found = pairs.filter(|(key, _)| *key == name);
            found.next().map(|(_, value)| value.to_owned())
        };
        let after: i64 = query("creationTimestampAfter").unwrap().parse().unwrap();
        let skip: usize = query("nextToken").map_or(0, |token| token.parse().unwrap());
        let mut found = self.0.lock().unwrap().clone();
        found.retain(|(_, second)| START + second > after);
        let rows: Vec<Value> = found
            .iter()
            .skip(skip)
            .take(2)
            .map(|(id, second)| json!({"id": id, "creationTimestamp": START + second}))
            .collect();
        let next = (skip + 2 < found.len()).then(|| (skip + 2).to_string());
        let paging = json!({"moreResults": next.is_some(), "nextToken": next});
        FakeResponse::json(&json!({"result": rows, "paging": paging}))
    }

    fn serve(&self) -> (FakeTransport, Client) {
        let fake = FakeTransport::new();
        let list = self.clone();
        fake.with(&operations::DETECTIONS_LIST, move |request| {
            list.response(request)
        });
        let builder = Client::builder("a-key").transport(fake.clone());
        (fake, builder.build().unwrap())
    }
}

fn tail(push: &Client, start: impl Into<TailCursor>) -> Tail<Detection> {
    push.detections().list().tail(start)
}

async fn take(tail: &mut Tail<Detection>, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(tail.try_next().await.unwrap().unwrap().id);
    }
    ids
}

async fn rest(mut tail: Tail<Detection>) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    while let Some(detection) = tail.try_next().await? {
        ids.push(detection.id);
    }
    Ok(ids)
}

#[tokio::test(start_paused = true)]
async fn every_record_from_the_start_on_comes_once_in_any_order_of_the_service() {
    let list = List::with(&[("c", 30), ("a", 0), ("early", -1), ("d", 400), ("b", 2)]);
    let (_, push) = list.serve();
    let ids = rest(tail(&push, at(0))).await.unwrap();
    assert_eq!(ids, ["c", "a", "d", "b"]);
}

#[tokio::test(start_paused = true)]
async fn new_and_late_records_are_found_and_none_comes_twice() {
    let list = List::with(&[("a", 0), ("b", 1_000)]);
    let (fake, push) = list.serve();
    let mut tail = tail(&push, at(0)).follow(Duration::from_secs(60));
    assert_eq!(take(&mut tail, 2).await, ["a", "b"]);
    list.add("late", 701);
    list.add("new", 1_001);
    assert_eq!(take(&mut tail, 2).await, ["late", "new"]);
    let nothing = tokio::time::timeout(Duration::from_secs(600), tail.try_next()).await;
    assert!(nothing.is_err());
    // The second pass begins an overlap before the newest record of the first pass.
    let asked = fake.requests_of(&operations::DETECTIONS_LIST);
    let begins = format!("creationTimestampAfter={}", START + 1_000 - 300 - 1);
    assert!(
        asked[1].uri.to_string().contains(&begins),
        "{}",
        asked[1].uri
    );
}

/// The order of the list is unknown, so the start advances only after a whole pass.
#[tokio::test(start_paused = true)]
async fn a_cursor_that_was_stored_after_any_record_continues_after_it() {
    let list = List::with(&[("e", 5_000), ("a", 0), ("d", 4_000), ("b", 1), ("c", 2_000)]);
    let (_, push) = list.serve();
    for taken in 0..=5 {
        let mut first = tail(&push, at(0));
        let mut ids = take(&mut first, taken).await;
        let stored = serde_json::to_string(&first.cursor()).unwrap();
        drop(first);
        let cursor: TailCursor = serde_json::from_str(&stored).unwrap();
        ids.extend(rest(tail(&push, cursor)).await.unwrap());
        assert_eq!(ids, ["e", "a", "d", "b", "c"], "stored after {taken}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_does_not_end_it_and_the_page_is_requested_again() {
    let list = List::with(&[("a", 0), ("b", 1), ("c", 2), ("d", 3)]);
    for status in [503, 400] {
        let (fake, push) = list.serve();
        let mut tail = tail(&push, at(0)).retries(0);
        assert_eq!(take(&mut tail, 2).await, ["a", "b"]);
        assert!(tail.at_page_end());
        fake.once(&operations::DETECTIONS_LIST, FakeResponse::status(status));
        let error = tail.try_next().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(rest(tail).await.unwrap(), ["c", "d"]);
        // The service may have lost the place of a refused page, so the pass begins again.
        let asked = fake.requests_of(&operations::DETECTIONS_LIST);
        let third = asked[2].uri.to_string().contains("nextToken");
        assert_eq!(third, status == 503, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_does_not_say_where_it_continues_is_an_error_after_what_was_read() {
    let fake = FakeTransport::new();
    let page = json!({"result": [{"id": "a", "creationTimestamp": START}], "paging": {"moreResults": true}});
    fake.always(&operations::DETECTIONS_LIST, FakeResponse::json(&page));
    let push = Client::builder("a-key").transport(fake).build().unwrap();
    let mut tail = tail(&push, at(0));
    assert_eq!(take(&mut tail, 1).await, ["a"]);
    for _ in 0..2 {
        let error = tail.try_next().await.unwrap_err();
        assert!(error.to_string().contains("incomplete"), "{error}");
    }
    assert_eq!(tail.cursor().time(), at(0));
}

#[tokio::test(start_paused = true)]
async fn a_record_that_cannot_be_decoded_is_an_error_with_the_record_and_only_once() {
    let fake = FakeTransport::new();
    let page = json!({"result": [
        {"id": "a", "creationTimestamp": START},
        {"creationTimestamp": START, "severity": "LOW"},
        {"id": "c", "creationTimestamp": START},
    ]});
    fake.always(&operations::DETECTIONS_LIST, FakeResponse::json(&page));
    let push = Client::builder("a-key").transport(fake).build().unwrap();
    let mut tail = tail(&push, at(0)).follow(Duration::from_secs(60));
    assert_eq!(take(&mut tail, 1).await, ["a"]);
    let error = tail.try_next().await.unwrap_err();
    let json = error.item().unwrap().json();
    assert!(json.starts_with(b"{\"creationTimestamp\""), "{json:?}");
    assert_eq!(error.operation().unwrap().id(), "detections.list");
    assert_eq!(take(&mut tail, 1).await, ["c"]);
    assert!(tail.at_page_end());
    let nothing = tokio::time::timeout(Duration::from_secs(600), tail.try_next()).await;
    assert!(nothing.is_err());
}

#[tokio::test(start_paused = true)]
async fn filters_and_options_of_the_list_apply_to_each_page() {
    let list = List::with(&[("a", 0), ("b", 1), ("c", 2)]);
    let (fake, push) = list.serve();
    let detections = push.detections().list().limit(2).header("x-trace", "42");
    let mut raw = detections.tail(at(0)).extra_query("new", "1").raw();
    let first = raw.try_next().await.unwrap().unwrap();
    assert_eq!(
        first.decode::<Value>().unwrap(),
        json!({"id": "a", "creationTimestamp": START})
    );
    while raw.try_next().await.unwrap().is_some() {}
    let asked = fake.requests_of(&operations::DETECTIONS_LIST);
    assert_eq!(asked.len(), 2);
    for request in asked {
        let query = request.uri.query().unwrap();
        assert!(
            query.contains("limit=2") && query.contains("new=1"),
            "{query}"
        );
        assert_eq!(request.headers["x-trace"], "42");
    }
}

#[tokio::test(start_paused = true)]
async fn findings_and_apps_are_followed_in_the_same_way() {
    let fake = FakeTransport::new();
    let page = FakeResponse::json(&json!({"result": [{"id": "a", "creationTimestamp": START}]}));
    fake.always(&operations::FINDINGS_LIST, page.clone());
    fake.always(&operations::APPS_LIST, page);
    let push = Client::builder("a-key").transport(fake).build().unwrap();
    let mut findings = push.findings().list().tail(at(0));
    assert_eq!(findings.try_next().await.unwrap().unwrap().id, "a");
    let mut apps = push.apps().list().tail(at(1));
    // The app was created before the start.
    assert!(
        apps.try_next().await.unwrap().is_some(),
        "a second is the resolution"
    );
    let mut apps = push.apps().list().tail(at(2));
    assert!(apps.try_next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_page_is_told_once_its_records_are_taken() {
    let list = List::with(&[("a", 0), ("b", 1), ("c", 2)]);
    let (_, push) = list.serve();
    let mut tail = tail(&push, at(0));
    let mut ends = Vec::new();
    while tail.try_next().await.unwrap().is_some() {
        ends.push(tail.at_page_end());
    }
    assert_eq!(ends, [false, true, true]);
}

/// The age of the record is unknown, so it is remembered as long as a new one.
#[tokio::test(start_paused = true)]
async fn a_record_without_a_time_comes_once_however_far_the_others_go() {
    let newest = Arc::new(Mutex::new(0));
    let shown = Arc::clone(&newest);
    let fake = FakeTransport::new();
    fake.with(&operations::DETECTIONS_LIST, move |_| {
        let newest = *shown.lock().unwrap();
        let dated = json!({"id": newest.to_string(), "creationTimestamp": START + newest});
        let rows = [json!({"id": "timeless"}), dated];
        FakeResponse::json(&json!({"result": rows, "paging": {"moreResults": false}}))
    });
    let push = Client::builder("a-key").transport(fake).build().unwrap();
    let mut tail = tail(&push, at(0)).follow(Duration::from_secs(60));
    assert_eq!(take(&mut tail, 2).await, ["timeless", "0"]);
    for second in [100_000, 200_000] {
        *newest.lock().unwrap() = second;
        assert_eq!(take(&mut tail, 1).await, [second.to_string()]);
    }
    let nothing = tokio::time::timeout(Duration::from_secs(600), tail.try_next()).await;
    assert!(nothing.is_err());
}
