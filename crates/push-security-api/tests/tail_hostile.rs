//! Follows a list with malformed records: no record is lost or repeated, wherever the program is restarted.
#![cfg(feature = "fake")]

use push_security_api::{
    Client, Error, FakeRequest, FakeResponse, FakeTransport, RawJson, Tail, TailCursor, Timestamp,
    operations,
};
use serde_json::{Value, json};

/// 2025-04-01T00:00:00Z.
const START: i64 = 1_743_465_600;

/// Longer than the overlap.
const HOUR: i64 = 3600;

/// A second in the far future.
const FUTURE: i64 = 900 * 365 * 24 * HOUR;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + second).unwrap()
}

/// The records of a list in the service's order, each with the second by which the service filters it.
type Records = Vec<(i64, Value)>;

fn record(id: &str, second: i64) -> (i64, Value) {
    dated(second, json!({ "id": id }))
}

fn dated(second: i64, mut record: Value) -> (i64, Value) {
    record["creationTimestamp"] = json!(START + second);
    (second, record)
}

/// Returns a page of this size. Two empty pages follow each page.
fn response(records: &Records, size: usize, request: &FakeRequest) -> FakeResponse {
    let query = |name: &str| {
        let mut pairs = request.uri.query()?.split('&');
        let value = pairs.find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.parse::<i64>().unwrap())
    };
    let after = query("creationTimestampAfter").unwrap();
    let found = records.iter().filter(|(second, _)| START + second > after);
    let found: Vec<&Value> = found.map(|(_, record)| record).collect();
    let page = usize::try_from(query("nextToken").unwrap_or(0)).unwrap();
    let skip = page / 3 * size;
    let shown = match page % 3 {
        0 => &found[skip.min(found.len())..(skip + size).min(found.len())],
        _ => &[],
    };
    let next = (skip + size < found.len()).then(|| (page + 1).to_string());
    let paging = json!({"moreResults": next.is_some(), "nextToken": next});
    FakeResponse::json(&json!({"result": shown, "paging": paging}))
}

fn client(records: &Records, size: usize) -> Client {
    let fake = FakeTransport::new();
    let builder = Client::builder("a-key").transport(fake.clone());
    for operation in [
        &operations::DETECTIONS_LIST,
        &operations::FINDINGS_LIST,
        &operations::APPS_LIST,
    ] {
        let records = records.clone();
        fake.with(operation, move |request| response(&records, size, request));
    }
    builder.build().unwrap()
}

/// The tails of all lists that support them.
const LISTS: [fn(&Client, TailCursor) -> Tail<RawJson>; 3] = [
    |push, start| push.detections().list().tail(start).raw(),
    |push, start| push.findings().list().tail(start).raw(),
    |push, start| push.apps().list().tail(start).raw(),
];

async fn rest(mut tail: Tail<RawJson>) -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    while let Some(record) = tail.try_next().await? {
        lines.push(record.to_line().into_owned());
    }
    lines.sort();
    Ok(lines)
}

/// Returns the records that a program reads if it is restarted after each of them.
async fn restarted(tail: impl Fn(TailCursor) -> Tail<RawJson>) -> Vec<String> {
    let mut lines = Vec::new();
    let mut stored = serde_json::to_string(&TailCursor::from(at(0))).unwrap();
    loop {
        let mut tail = tail(serde_json::from_str(&stored).unwrap());
        match tail.try_next().await.unwrap() {
            Some(record) => lines.push(record.to_line().into_owned()),
            None => break,
        }
        stored = serde_json::to_string(&tail.cursor()).unwrap();
        assert!(lines.len() < 1000, "{lines:?}");
    }
    lines.sort();
    lines
}

/// Checks that each record comes once from each list, with every page size.
async fn each_comes_once(what: &str, records: Records) {
    let mut expected: Vec<String> = records
        .iter()
        .map(|(_, record)| record.to_string())
        .collect();
    expected.sort();
    expected.dedup();
    for size in [1, 2, 3, 100] {
        let push = client(&records, size);
        for list in LISTS {
            let lines = rest(list(&push, at(0).into())).await.unwrap();
            assert_eq!(lines, expected, "{what}, pages of {size}");
            let lines = restarted(|cursor| list(&push, cursor)).await;
            assert_eq!(lines, expected, "{what}, restarted, pages of {size}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_ids_or_times_are_told_apart_by_their_content() {
    let untimed = |second, time: Value| {
        let record = json!({"id": format!("untimed {time}"), "creationTimestamp": time});
        (second, record)
    };
    each_comes_once(
        "no ids, no times",
        vec![
            dated(0, json!({"type": "A"})),
            dated(0, json!({"type": "B", "id": null})),
            dated(0, json!({"type": "C", "id": ""})),
            dated(0, json!({"type": "D", "id": ""})),
            dated(0, json!({"type": "E", "id": "\t"})),
            dated(HOUR, json!({"type": "F", "id": {"of": "another type"}})),
            untimed(1, json!(null)),
            untimed(1, json!("")),
            untimed(1, json!("soon")),
            untimed(HOUR, json!([1])),
            (2, json!({"id": "none"})),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn malformed_records_are_returned_unchanged_and_hide_no_other() {
    let records = vec![
        record("a", 0),
        (0, json!(null)),
        (0, json!("text")),
        (1, json!([1, 2])),
        record("b", 1),
        (1, json!(7)),
        (1, json!({})),
    ];
    each_comes_once("odd items", records).await;
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_not_utf_8_is_repaired_unless_it_is_returned_raw() {
    let body =
        b"{\"result\":[{\"id\":\"a\",\"name\":\"caf\xe9\",\"creationTimestamp\":1743465600},7],\"paging\":null}";
    let fake = FakeTransport::new();
    fake.always(
        &operations::APPS_LIST,
        FakeResponse::status(200).body(&body[..]),
    );
    let push = Client::builder("a-key").transport(fake).build().unwrap();
    let mut typed = push.apps().list().tail(at(0));
    assert_eq!(typed.try_next().await.unwrap().unwrap().id, "a");
    let error = typed.try_next().await.unwrap_err();
    assert_eq!(error.item().unwrap().json(), "7");

    let mut raw = push.apps().list().tail(at(0)).raw();
    let error = raw.try_next().await.unwrap_err();
    let item = error.item().unwrap().json();
    assert!(item.windows(4).any(|bytes| bytes == b"caf\xe9"));
    assert_eq!(raw.try_next().await.unwrap().unwrap().as_str(), "7");
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_dropped_and_any_order_is_read_to_its_end() {
    each_comes_once(
        "duplicates, any order",
        vec![
            record("z", 9 * HOUR),
            record("a", 0),
            record("z", 9 * HOUR),
            record("b", 0),
            record("m", 5 * HOUR),
            record("a", 0),
            record("n", 5 * HOUR),
            record("c", 0),
            record("m", 5 * HOUR),
            record("o", 5 * HOUR),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_record_of_the_far_future_hides_none_that_is_added_later() {
    for filed in [0, FUTURE] {
        let future = |id: &str| {
            let record = json!({"id": id, "creationTimestamp": START + FUTURE});
            (filed, record)
        };
        let mut records = vec![
            future("future 1"),
            record("a", 0),
            future("future 2"),
            record("b", HOUR),
        ];
        each_comes_once("future", records.clone()).await;
        let push = client(&records, 2);
        let mut before = push.detections().list().tail(at(0)).raw();
        while before.try_next().await.unwrap().is_some() {}
        records.push(record("added", HOUR));
        records.push(record("added later", 2 * HOUR));
        let after = client(&records, 2);
        let lines = rest(after.detections().list().tail(before.cursor()).raw()).await;
        assert_eq!(lines.unwrap().len(), 2, "{filed}");
    }
}
