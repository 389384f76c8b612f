//! The tail of an audit log with malformed records: no record is lost or repeated, wherever the program is restarted.

mod common;

use std::time::Duration;

use common::{envelope, over, service};
use keepnet_api::{Client, Tail, TailCursor, Timestamp, operations};
use security_api_transport::{FakeRequest, FakeResponse, RawJson};
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

/// The rows of a log in the service's order, each with the second by which the service filters it.
type Rows = Vec<(i64, Value)>;

fn row(id: &str, second: i64) -> (i64, Value) {
    dated(second, json!({ "resourceId": id }))
}

/// Returns a row that shows the second by which the service filters it.
fn dated(second: i64, mut row: Value) -> (i64, Value) {
    row["logDate"] = json!(at(second).to_string());
    (second, row)
}

/// How the service compares the time of a record with that of the filter.
type Filter = fn(&Timestamp, &Timestamp) -> bool;

fn response(rows: &Rows, filter: Filter, request: &FakeRequest) -> FakeResponse {
    let body = request.json();
    let from = &body["filter"]["filterGroups"][0]["filterItems"][0]["value"];
    let from: Timestamp = from.as_str().unwrap().parse().unwrap();
    let number = |name: &str| usize::try_from(body[name].as_u64().unwrap()).unwrap();
    let (page, size) = (number("pageNumber"), number("pageSize"));
    let found: Vec<&Value> = rows
        .iter()
        .filter(|(second, _)| filter(&at(*second), &from))
        .map(|(_, row)| row)
        .collect();
    let shown: Vec<&&Value> = found.iter().skip((page - 1) * size).take(size).collect();
    envelope(json!({
        "results": shown,
        "totalNumberOfRecords": found.len(),
        "totalNumberOfPages": found.len().div_ceil(size),
        "pageNumber": page,
        "pageSize": size,
    }))
}

fn client(rows: &Rows) -> Client {
    filtered(rows, Timestamp::ge)
}

fn filtered(rows: &Rows, filter: Filter) -> Client {
    let fake = service();
    let rows = rows.clone();
    fake.with(&operations::AUDIT_LOGS_SEARCH, move |request| {
        response(&rows, filter, request)
    });
    over(&fake)
}

fn tail(client: &Client, start: impl Into<TailCursor>, size: u32) -> Tail<RawJson> {
    client.audit_logs().tail(start).page_size(size).raw()
}

async fn rest(mut tail: Tail<RawJson>) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(record) = tail.try_next().await.unwrap() {
        lines.push(record.to_line().into_owned());
    }
    lines
}

/// Returns the records that a program reads if it is restarted after each of them.
async fn restarted(client: &Client, size: u32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut stored = serde_json::to_string(&TailCursor::from(at(0))).unwrap();
    loop {
        let cursor: TailCursor = serde_json::from_str(&stored).unwrap();
        let mut tail = tail(client, cursor, size);
        match tail.try_next().await.unwrap() {
            Some(record) => lines.push(record.to_line().into_owned()),
            None => return lines,
        }
        stored = serde_json::to_string(&tail.cursor()).unwrap();
        assert!(lines.len() < 1000, "{lines:?}");
    }
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort();
    lines
}

/// Checks that each row comes once with every page size.
async fn each_comes_once(what: &str, rows: Rows) {
    each_comes_once_in(&[1, 2, 3, 4, 100], what, rows).await;
}

async fn each_comes_once_in(sizes: &[u32], what: &str, rows: Rows) {
    let mut expected: Vec<String> = rows.iter().map(|(_, row)| row.to_string()).collect();
    expected.sort();
    expected.dedup();
    for &size in sizes {
        let client = client(&rows);
        let lines = rest(tail(&client, at(0), size)).await;
        assert_eq!(sorted(lines), expected, "{what}, pages of {size}");
        let lines = restarted(&client, size).await;
        assert_eq!(
            sorted(lines),
            expected,
            "{what}, restarted, pages of {size}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn records_without_ids_or_dates_are_told_apart_by_their_content() {
    each_comes_once(
        "no ids",
        vec![
            dated(0, json!({"userName": "a"})),
            dated(0, json!({"userName": "b", "resourceId": null})),
            dated(0, json!({"userName": "c", "resourceId": ""})),
            dated(0, json!({"userName": "d", "resourceId": ""})),
            dated(0, json!({"userName": "e", "resourceId": " "})),
            dated(1, json!({"userName": "a"})),
            dated(
                1,
                json!({"userName": "f", "resourceId": {"of": "another type"}}),
            ),
            dated(2, json!({"userName": "g", "resourceId": ["another"]})),
        ],
    )
    .await;
    let undated = |second, date: Value| {
        let row = json!({"resourceId": format!("undated {date}"), "logDate": date});
        (second, row)
    };
    each_comes_once(
        "no dates",
        vec![
            row("first", 0),
            undated(1, json!(null)),
            undated(1, json!("")),
            undated(2, json!("yesterday")),
            undated(3, json!("2025-13-45T99:00:00")),
            undated(3, json!({"not": "a date"})),
            row("last", 4),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn malformed_records_are_returned_unchanged_and_hide_no_other() {
    each_comes_once(
        "odd items",
        vec![
            row("a", 0),
            (0, json!(null)),
            (0, json!("text")),
            row("b", 1),
            (1, json!([1, 2])),
            (1, json!(7)),
            (1, json!({})),
            row("c", 2),
        ],
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_dropped_and_runs_of_one_time_are_read_to_their_end() {
    let mut rows = vec![row("a", 0), row("a", 0), row("b", 0), row("a", 0)];
    rows.extend((0..9).map(|number| row(&format!("same {number}"), 5)));
    rows.extend([row("same 3", 5), row("same 8", 5)]);
    rows.extend((0..9).map(|number| row(&format!("next {number}"), 6)));
    each_comes_once("duplicates", rows).await;
}

#[tokio::test(start_paused = true)]
async fn a_log_that_is_not_in_the_order_that_was_asked_for_is_read_to_its_end() {
    for unit in [1, 60, HOUR] {
        let seconds = [100, 0, 299, 7, 150, 300, 1, 298, 0, 150].map(|second| second * unit);
        let rows = seconds.iter().enumerate();
        let rows = rows.map(|(number, second)| row(&format!("r{number}"), *second));
        // A single record is always in order.
        each_comes_once_in(&[2, 3, 4, 100], "out of order", rows.collect()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_of_the_far_future_hides_none_that_comes_after_it() {
    // The service may file the record under the time that it shows, or under another one.
    let shown = |second: i64, id: &str| {
        let row = json!({"resourceId": id, "logDate": at(FUTURE).to_string()});
        (second, row)
    };
    each_comes_once(
        "in the middle",
        vec![
            row("a", 0),
            shown(1, "future 1"),
            shown(1, "future 2"),
            row("b", HOUR),
            shown(HOUR, "future 3"),
            row("c", 2 * HOUR),
            row("d", 2 * HOUR),
        ],
    )
    .await;
    let mut rows = vec![
        row("a", 0),
        row("b", HOUR),
        shown(FUTURE, "future 1"),
        shown(FUTURE, "future 2"),
    ];
    each_comes_once("at the end", rows.clone()).await;
    // Later records are inserted before those that were returned.
    for size in [1, 2, 100] {
        let mut before = tail(&client(&rows), at(0), size);
        while before.try_next().await.unwrap().is_some() {}
        rows.insert(2, row(&format!("added for {size}"), 2 * HOUR));
        let lines = rest(tail(&client(&rows), before.cursor(), size)).await;
        assert_eq!(lines.len(), 1, "{lines:?}");
        rows.remove(2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_typed_tail_reports_a_record_that_cannot_be_decoded_once_and_goes_on() {
    let odd = json!({"resourceId": "odd", "userName": {"not": "a name"}});
    let rows = vec![row("a", 0), dated(0, odd), row("b", 0), row("c", 1)];
    for size in [1, 2, 3, 100] {
        let client = client(&rows);
        let (mut ids, mut failed) = (Vec::new(), 0);
        let mut cursor = TailCursor::from(at(0));
        loop {
            let mut tail = client.audit_logs().tail(cursor).page_size(size);
            match tail.try_next().await {
                Ok(Some(record)) => ids.push(record.resource_id.unwrap()),
                Ok(None) => break,
                Err(error) => {
                    assert!(error.item().is_some(), "{error:?}");
                    failed += 1;
                }
            }
            cursor = tail.cursor();
        }
        assert_eq!((ids, failed), (vec!["a".into(), "b".into(), "c".into()], 1));
    }
}

/// A thousand records, so many of each minute, whose dates have no offset and are this many hours ahead of UTC.
fn thousand(per_minute: i64, hours: i64) -> Rows {
    let row = |number: i64| {
        let second = number / per_minute * 60;
        let date = at(second + hours * HOUR).to_string();
        let date = date.trim_end_matches('Z');
        (
            second,
            json!({"resourceId": format!("r{number}"), "logDate": date}),
        )
    };
    (0..1_000).map(row).collect()
}

#[tokio::test(start_paused = true)]
async fn dates_in_another_zone_and_a_filter_that_leaves_out_its_own_time_cost_no_record() {
    let filters: [(&str, Filter); 2] = [(">=", Timestamp::ge), (">", Timestamp::gt)];
    for (operator, filter) in filters {
        for (per_minute, hours) in [(1, 0), (7, 0), (250, 0), (1, 3), (7, 3), (1, -5)] {
            let rows = thousand(per_minute, hours);
            let mut expected: Vec<String> = rows.iter().map(|(_, row)| row.to_string()).collect();
            expected.sort();
            let tail = tail(&filtered(&rows, filter), at(-6 * HOUR), 100);
            let what = format!("{per_minute} a minute, {hours:+} h, {operator}");
            let lines = sorted(rest(tail).await);
            assert!(lines == expected, "{what}: {} records", lines.len());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_cursor_whose_zone_is_another_is_an_error_unless_the_overlap_is_longer() {
    let client = client(&thousand(1, 3));
    for (minutes, expected, is_incomplete) in [(5, 736, true), (240, 910, false)] {
        let overlap = Duration::from_secs(minutes * 60);
        let mut first = tail(&client, at(0), 100).overlap(overlap);
        for _ in 0..90 {
            first.try_next().await.unwrap().unwrap();
        }
        let mut second = tail(&client, first.cursor(), 100).overlap(overlap);
        let mut count = 0;
        let end = loop {
            match second.try_next().await {
                Ok(Some(_)) => count += 1,
                Ok(None) => break None,
                Err(error) => break Some(error.to_string()),
            }
        };
        assert_eq!(count, expected, "{end:?}");
        assert_eq!(end.is_some(), is_incomplete, "{end:?}");
    }
}
