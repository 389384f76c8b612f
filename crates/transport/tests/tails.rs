//! Following a list, in ascending order or in none: every record comes once.

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use common::paging::ByFullness;
use common::{over, seconds};
use http::Method;
use proptest::prelude::*;
use security_api_transport::{
    Client, Error, FakeRequest, FakeResponse, FakeTransport, Operation, RawJson, Request, Stamp,
    Tail, TailCursor, Timeline, Timestamp,
};
use serde::Deserialize;
use serde_json::json;

static LOG: Operation = Operation::new("log.list", Method::GET, "/log").idempotent();

const FULL: usize = 3;

#[derive(Debug, Deserialize)]
struct Row {
    id: String,
    /// The second after the start.
    at: Option<i64>,
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_775_001_600 + second).unwrap()
}

struct Log<const ASCENDING: bool>;

impl<const ASCENDING: bool> Timeline for Log<ASCENDING> {
    type Paging = ByFullness<FULL>;

    const ASCENDING: bool = ASCENDING;
    const RESOLUTION: std::time::Duration = std::time::Duration::from_secs(60);

    fn since(&self, request: Request, time: Timestamp) -> Request {
        let from = time.unix_seconds() - at(0).unix_seconds();
        let request = request.set_query("ascending", ASCENDING.to_string());
        request.set_query("from", from.to_string())
    }

    fn stamp(&self, record: &RawJson) -> Result<Stamp, Error> {
        let row: Row = record.decode()?;
        Ok(Stamp {
            id: Some(row.id),
            time: row.at.map(at),
        })
    }
}

type Rows = Vec<(usize, Option<i64>)>;

fn client(rows: Rows) -> Client {
    over(&service(rows, true))
}

/// The service ignores the order that it is asked for unless it is said to keep it.
fn service(rows: Rows, keeps_order: bool) -> FakeTransport {
    let fake = FakeTransport::new();
    fake.with(&LOG, move |request: &FakeRequest| {
        let number = |name: &str| request.query(name).map(|it| it.parse().unwrap());
        let from = number("from").unwrap_or(0);
        let later = |row: &&(usize, Option<i64>)| row.1.is_none_or(|at| at >= from);
        let mut rows: Vec<_> = rows.iter().filter(later).collect();
        if keeps_order && request.query("ascending").as_deref() == Some("true") {
            rows.sort_by_key(|row| row.1);
        }
        let page = rows
            .chunks(FULL)
            .nth(usize::try_from(number("page").unwrap_or(1) - 1).unwrap());
        let row = |(id, at): &(usize, Option<i64>)| json!({"id": id.to_string(), "at": at});
        FakeResponse::json(
            &page
                .unwrap_or_default()
                .iter()
                .copied()
                .map(row)
                .collect::<Vec<_>>(),
        )
    });
    fake
}

fn tail<const ASCENDING: bool>(
    client: &Client,
    start: impl Into<TailCursor>,
) -> Tail<Row, Log<ASCENDING>> {
    Tail::new(client.operation(&LOG, &[]), Log, start).overlap(seconds(300.0))
}

/// Reads the list to its end with programs that stop after so many records each, and returns the ids.
async fn in_runs<const ASCENDING: bool>(client: &Client, stops: &[usize]) -> Vec<usize> {
    let mut stored = serde_json::to_string(&TailCursor::from(at(0))).unwrap();
    let mut ids = Vec::new();
    for stop in stops.iter().copied().chain([usize::MAX, usize::MAX]) {
        let cursor: TailCursor = serde_json::from_str(&stored).unwrap();
        let mut tail = tail::<ASCENDING>(client, cursor);
        for _ in 0..stop {
            let Some(row) = tail.try_next().await.unwrap() else {
                break;
            };
            ids.push(row.id.parse().unwrap());
        }
        stored = serde_json::to_string(&tail.cursor()).unwrap();
    }
    ids
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn every_record_comes_once_however_often_a_program_stops(
        seconds in proptest::collection::vec(0..2_000_i64, 0..30),
        stops in proptest::collection::vec(0..12_usize, 0..4),
    ) {
        let rows: Rows = seconds.into_iter().map(Some).enumerate().collect();
        let all: BTreeSet<usize> = (0..rows.len()).collect();
        let client = client(rows);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        for ids in [
            runtime.block_on(in_runs::<true>(&client, &stops)),
            runtime.block_on(in_runs::<false>(&client, &stops)),
        ] {
            prop_assert_eq!(ids.len(), all.len());
            prop_assert_eq!(ids.into_iter().collect::<BTreeSet<_>>(), all.clone());
        }
    }
}

#[tokio::test]
async fn the_start_of_a_list_in_order_advances_with_its_records_and_of_another_at_the_end() {
    let client = client(vec![(0, Some(1_000)), (1, Some(2_000)), (2, Some(3_000))]);
    let (mut ordered, mut other) = (tail::<true>(&client, at(0)), tail::<false>(&client, at(0)));
    for second in [1_000, 2_000, 3_000] {
        assert!(ordered.try_next().await.unwrap().is_some());
        assert_eq!(ordered.cursor().time(), at(second - 300));
        assert!(other.try_next().await.unwrap().is_some());
        assert_eq!(other.cursor().time(), at(0));
    }
    assert!(other.try_next().await.unwrap().is_none());
    assert_eq!(other.cursor().time(), at(2_700));
}

/// The records are closer together than times are exact.
#[tokio::test]
async fn a_service_that_sends_the_last_record_first_costs_none() {
    let rows = (0..50).map(|n| (n, Some(1_000 - i64::try_from(n).unwrap())));
    let client = over(&service(rows.collect(), false));
    let mut ids = in_runs::<true>(&client, &[7]).await;
    ids.sort_unstable();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_record_without_a_time_comes_once_as_well() {
    let rows = vec![(0, None), (1, Some(0)), (2, Some(1_900)), (3, Some(2_000))];
    let client = client(rows);
    assert_eq!(in_runs::<false>(&client, &[]).await, [0, 1, 2, 3]);
}

async fn ids<const ASCENDING: bool>(mut tail: Tail<Row, Log<ASCENDING>>) -> Vec<String> {
    let mut ids = Vec::new();
    while let Some(row) = tail.try_next().await.unwrap() {
        ids.push(row.id);
    }
    ids
}

/// Returns the second and the number of the page that each request asked for.
fn asked(fake: &FakeTransport) -> Vec<(i64, i64)> {
    let number = |request: &FakeRequest, name| request.query(name).map(|it| it.parse().unwrap());
    let asked = |request| {
        (
            number(&request, "from").unwrap(),
            number(&request, "page").unwrap_or(1),
        )
    };
    fake.requests().into_iter().map(asked).collect()
}

#[tokio::test]
async fn a_list_in_order_is_read_on_by_time_and_by_number_where_one_time_fills_a_page() {
    for (seconds, by_time) in [
        ([100, 200, 300, 400, 500], &[(0, 1), (300, 1), (500, 1)][..]),
        ([100, 100, 100, 100, 200], &[(0, 1), (100, 1), (100, 2)]),
    ] {
        let rows: Rows = seconds.into_iter().map(Some).enumerate().collect();
        let fake = service(rows.clone(), true);
        assert_eq!(ids(tail::<true>(&over(&fake), at(0))).await.len(), 5);
        assert_eq!(asked(&fake), by_time);
        let fake = service(rows, true);
        assert_eq!(ids(tail::<false>(&over(&fake), at(0))).await.len(), 5);
        assert_eq!(asked(&fake), [(0, 1), (0, 2)]);
    }
}

#[tokio::test]
async fn neither_a_record_without_a_time_nor_one_of_the_future_moves_the_cursor() {
    for other in [None, Some(1_000_000_000)] {
        let rows = vec![(0, Some(1_000)), (1, other)];
        let client = over(&service(rows, false));
        let mut ordered = tail::<true>(&client, at(0));
        while ordered.try_next().await.unwrap().is_some() {
            assert_eq!(ordered.cursor().time(), at(700));
        }
        assert_eq!(ordered.cursor().time(), at(700));
    }
    let rows = vec![(0, Some(1_000)), (1, Some(1_000_000_000))];
    let mut other = tail::<false>(&client(rows), at(0));
    while other.try_next().await.unwrap().is_some() {}
    assert_eq!(other.cursor().time(), at(700));
}

#[tokio::test]
async fn what_is_older_than_the_start_by_more_than_times_are_exact_is_left_out() {
    let fake = FakeTransport::new();
    let rows = json!([{"id": "a", "at": 439}, {"id": "b", "at": 440}]);
    fake.always(&LOG, FakeResponse::json(&rows));
    let client = over(&fake);
    assert_eq!(ids(tail::<true>(&client, at(500))).await, ["b"]);
    assert_eq!(ids(tail::<false>(&client, at(500))).await, ["b"]);
}

#[tokio::test]
async fn records_whose_ids_are_blank_are_told_apart_by_what_is_in_them() {
    let fake = FakeTransport::new();
    let rows = json!([{"id": " ", "at": 1}, {"id": " ", "at": 2}]);
    fake.always(&LOG, FakeResponse::json(&rows));
    assert_eq!(ids(tail::<true>(&over(&fake), at(0))).await.len(), 2);
    // The same id is the same record, whatever else changes.
    let rows = json!([{"id": "a", "at": 1}, {"id": "a", "at": 2}]);
    fake.always(&LOG, FakeResponse::json(&rows));
    assert_eq!(ids(tail::<true>(&over(&fake), at(0))).await, ["a"]);
}

#[tokio::test]
async fn a_page_of_a_tail_ends_with_its_last_new_record() {
    let client = client((0..4).map(|n| (n, Some(1_000))).collect());
    let mut tail = tail::<false>(&client, at(0));
    for is_end in [false, false, true, true] {
        tail.try_next().await.unwrap().unwrap();
        assert_eq!(tail.at_page_end(), is_end);
    }
    assert!(format!("{tail:?}").contains("overlap: 300s"), "{tail:?}");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_failed_for_the_moment_is_asked_for_again_and_the_pass_begins_again_otherwise()
{
    for (status, then) in [(503, &[(0, 2)][..]), (400, &[(0, 1), (0, 2)])] {
        let broken = Arc::new(AtomicBool::new(true));
        let (fake, is_broken) = (FakeTransport::new(), Arc::clone(&broken));
        fake.with(&LOG, move |request: &FakeRequest| {
            let row = |id: usize| json!({"id": id.to_string(), "at": 1_000});
            match request.query("page").as_deref() {
                Some("2") if is_broken.load(Ordering::Relaxed) => FakeResponse::status(status),
                Some("2") => FakeResponse::json(&[row(3)]),
                _ => FakeResponse::json(&[row(0), row(1), row(2)]),
            }
        });
        let mut tail = tail::<false>(&over(&fake), at(0));
        for _ in 0..3 {
            tail.try_next().await.unwrap().unwrap();
        }
        let error = tail.try_next().await.unwrap_err();
        assert_eq!(error.status().unwrap(), status);
        broken.store(false, Ordering::Relaxed);
        let before = fake.requests().len();
        assert_eq!(tail.try_next().await.unwrap().unwrap().id, "3");
        assert_eq!(&asked(&fake)[before..], then);
    }
}
