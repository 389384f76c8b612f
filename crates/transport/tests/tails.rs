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

/// What a service does otherwise than it should.
#[derive(Debug, Clone, Copy)]
struct Flaws {
    /// It ignores the order that it is asked for.
    ignores_order: bool,
    /// By how many seconds the times that it states are later than those that it filters by.
    ahead: i64,
    /// If it is asked to begin at this second or a later one, it leaves out the records of that second.
    begins_after: i64,
    /// Records of one second come in another order for each second that it is asked to begin at.
    mixes_equals: bool,
}

const NO_FLAW: Flaws = Flaws {
    ignores_order: false,
    ahead: 0,
    begins_after: i64::MAX,
    mixes_equals: false,
};

const AN_HOUR_AHEAD: Flaws = Flaws {
    ahead: 3_600,
    ..NO_FLAW
};

const IGNORES_ORDER: Flaws = Flaws {
    ignores_order: true,
    ..NO_FLAW
};

const MIXES_EQUALS: Flaws = Flaws {
    mixes_equals: true,
    ..NO_FLAW
};

const fn begins_after(second: i64) -> Flaws {
    Flaws {
        begins_after: second,
        ..NO_FLAW
    }
}

fn client(rows: Rows) -> Client {
    over(&service(rows, NO_FLAW))
}

fn service(rows: Rows, flaws: Flaws) -> FakeTransport {
    let fake = FakeTransport::new();
    serve(&fake, rows, flaws);
    fake
}

fn serve(fake: &FakeTransport, rows: Rows, flaws: Flaws) {
    fake.with(&LOG, move |request: &FakeRequest| {
        let number = |name: &str| request.query(name).map(|it| it.parse().unwrap());
        let from = number("from").unwrap_or(0);
        let first = from + i64::from(from >= flaws.begins_after);
        let later = |row: &&(usize, Option<i64>)| row.1.is_none_or(|at| at >= first);
        let mut rows: Vec<_> = rows.iter().filter(later).collect();
        if !flaws.ignores_order && request.query("ascending").as_deref() == Some("true") {
            let mixed = if flaws.mixes_equals { from } else { 0 };
            rows.sort_by_key(|(id, at)| (*at, i64::try_from(*id).unwrap() ^ mixed));
        }
        let page = rows
            .chunks(FULL)
            .nth(usize::try_from(number("page").unwrap_or(1) - 1).unwrap());
        let row = |(id, at): &(usize, Option<i64>)| {
            let stated = at.map(|at| at + flaws.ahead);
            json!({"id": id.to_string(), "at": stated})
        };
        FakeResponse::json(
            &page
                .unwrap_or_default()
                .iter()
                .copied()
                .map(row)
                .collect::<Vec<_>>(),
        )
    });
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
        seconds in proptest::collection::vec(1..2_000_i64, 0..30),
        stops in proptest::collection::vec(0..12_usize, 0..4),
        // A start that is late by less than the overlap leaves out only what was returned.
        ahead in 0..200_i64,
        flaws in proptest::sample::select(vec![NO_FLAW, begins_after(0), MIXES_EQUALS]),
    ) {
        let flaws = Flaws { ahead, ..flaws };
        let rows: Rows = seconds.into_iter().map(Some).enumerate().collect();
        let all: BTreeSet<usize> = (0..rows.len()).collect();
        let client = over(&service(rows, flaws));
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
    let client = over(&service(rows.collect(), IGNORES_ORDER));
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
    for (flaws, seconds, by_time) in [
        (
            NO_FLAW,
            [100, 200, 300, 400, 500],
            &[(0, 1), (300, 1), (500, 1)][..],
        ),
        (
            NO_FLAW,
            [100, 100, 100, 100, 200],
            &[(0, 1), (100, 1), (100, 2)],
        ),
        // The record that the next page is requested from comes on the page after that.
        (
            MIXES_EQUALS,
            [100, 100, 100, 100, 100],
            &[(0, 1), (100, 1), (100, 2)],
        ),
    ] {
        let rows: Rows = seconds.into_iter().map(Some).enumerate().collect();
        let fake = service(rows.clone(), flaws);
        assert_eq!(ids(tail::<true>(&over(&fake), at(0))).await.len(), 5);
        assert_eq!(asked(&fake), by_time);
        let fake = service(rows, flaws);
        assert_eq!(ids(tail::<false>(&over(&fake), at(0))).await.len(), 5);
        assert_eq!(asked(&fake), [(0, 1), (0, 2)]);
    }
}

/// What was asked for before is asked for again, by the numbers of its pages.
#[tokio::test]
async fn a_list_that_does_not_begin_where_it_was_asked_to_is_read_on_by_number() {
    let spread = [None, Some(1_000), Some(2_000), Some(3_000), Some(4_000)];
    let equals = [100, 100, 200, 200, 200].map(Some);
    let more_equals = [100, 100, 100, 100, 200, 300].map(Some);
    let little_ahead = Flaws {
        ahead: 1_500,
        ..NO_FLAW
    };
    for (flaws, times, requests) in [
        (
            AN_HOUR_AHEAD,
            &spread[..],
            &[(0, 1), (5_600, 1), (0, 1), (0, 2)][..],
        ),
        (little_ahead, &spread, &[(0, 1), (3_500, 1), (0, 1), (0, 2)]),
        (
            begins_after(0),
            &equals,
            &[(0, 1), (200, 1), (0, 1), (0, 2)],
        ),
        (
            begins_after(3_000),
            &spread,
            &[(0, 1), (2_000, 1), (3_000, 1), (2_000, 1), (2_000, 2)],
        ),
        (
            begins_after(300),
            &more_equals,
            &[
                (0, 1),
                (100, 1),
                (100, 2),
                (300, 1),
                (100, 1),
                (100, 2),
                (100, 3),
            ],
        ),
    ] {
        for overlap in [0.0, 300.0, 100_000.0] {
            let fake = service(times.iter().copied().enumerate().collect(), flaws);
            let tail = tail::<true>(&over(&fake), at(0)).overlap(seconds(overlap));
            let expected: Vec<_> = (0..times.len()).map(|id| id.to_string()).collect();
            assert_eq!(ids(tail).await, expected, "{flaws:?}");
            assert_eq!(asked(&fake), requests, "{flaws:?}");
        }
    }
}

/// Reads a list to its end in two runs, the first of which ends after so many records. Returns the error that the second
/// ends with.
async fn resumed<const ASCENDING: bool>(
    (before, after): (&[Option<i64>], &[Option<i64>]),
    flaws: Flaws,
    overlap: f64,
) -> Option<String> {
    let fake = FakeTransport::new();
    let rows = |times: &[Option<i64>]| times.iter().copied().enumerate().collect();
    serve(&fake, rows(before), flaws);
    let client = over(&fake);
    let mut tail = tail::<ASCENDING>(&client, at(0)).overlap(seconds(overlap));
    while tail.try_next().await.unwrap().is_some() {}
    let stored = serde_json::to_string(&tail.cursor()).unwrap();
    let cursor: TailCursor = serde_json::from_str(&stored).unwrap();
    serve(&fake, rows(after), flaws);
    let mut tail = self::tail::<ASCENDING>(&client, cursor).overlap(seconds(overlap));
    loop {
        match tail.try_next().await {
            Ok(Some(_)) => {}
            Ok(None) => return None,
            Err(error) => {
                assert!(tail.try_next().await.unwrap().is_none());
                return Some(error.to_string());
            }
        }
    }
}

#[tokio::test]
async fn a_list_that_begins_after_what_was_returned_last_may_be_incomplete() {
    const INCOMPLETE: &str = "log.list: the list may be incomplete: ";
    const FUTURE: Option<i64> = Some(1_000_000_000);
    const ONE: Option<i64> = Some(1_000);
    let times: Vec<_> = (0..9).map(|number| Some(1_000 + 60 * number)).collect();
    let gaps: Vec<_> = (0..9).map(|number| Some(1_000 + 10_000 * number)).collect();
    let after_start = begins_after(0);
    let rows = [
        (&times[..5], &times[..5], NO_FLAW, false),
        (&times[..5], &times, NO_FLAW, false),
        (&times[..5], &times, after_start, false),
        (&times[..5], &times, AN_HOUR_AHEAD, true),
        (&gaps[..5], &gaps, NO_FLAW, false),
        (&gaps[..5], &gaps, after_start, false),
        (&gaps[..1], &gaps, AN_HOUR_AHEAD, true),
        (&[], &gaps, AN_HOUR_AHEAD, false),
        // Deleted since.
        (&times[..5], &times[..4], NO_FLAW, false),
        (&times[..5], &[], NO_FLAW, true),
        // Another record of about that time may have been filed later.
        (&[ONE], &[Some(20_000), Some(950)], NO_FLAW, true),
        // A record of the future, or without a time, may be anywhere.
        (&[FUTURE], &[], NO_FLAW, false),
        (&[FUTURE, ONE], &[FUTURE], NO_FLAW, true),
        (&[None], &[], NO_FLAW, false),
        (&[None, ONE], &[None], NO_FLAW, true),
        (&[ONE, None], &[ONE], NO_FLAW, false),
    ];
    let rows = rows.map(|(before, after, flaws, is_error)| (before, after, flaws, 300.0, is_error));
    let overlaps = [(0.0, false), (60.0, false), (61.0, true), (3_700.0, false)];
    let overlaps = overlaps.map(|(overlap, is_error)| {
        let (before, after) = (&gaps[..1], &gaps[..]);
        (before, after, AN_HOUR_AHEAD, overlap, is_error)
    });
    for (before, after, flaws, overlap, is_error) in rows.into_iter().chain(overlaps) {
        let what = format!("{before:?}, {after:?}, {flaws:?}, {overlap}");
        let error = resumed::<true>((before, after), flaws, overlap).await;
        assert_eq!(error.is_some(), is_error, "{what}: {error:?}");
        if let Some(error) = error {
            assert!(error.starts_with(INCOMPLETE), "{error}");
            assert!(error.contains("`overlap`"), "{error}");
        }
        let error = resumed::<false>((before, after), flaws, overlap).await;
        assert_eq!(error, None, "{what}, without an order");
    }
}

#[tokio::test(start_paused = true)]
async fn each_pass_that_may_be_incomplete_ends_with_an_error_and_another_follows() {
    let rows: Rows = vec![(0, Some(1_000)), (1, Some(20_000)), (2, Some(20_001))];
    let fake = FakeTransport::new();
    serve(&fake, rows[..1].to_vec(), AN_HOUR_AHEAD);
    let mut tail = tail::<true>(&over(&fake), at(0)).follow(seconds(30.0));
    assert_eq!(tail.try_next().await.unwrap().unwrap().id, "0");
    let mut next = async || tokio::time::timeout(seconds(300.0), tail.try_next()).await;
    for requests in 2..5 {
        assert!(!next().await.unwrap().unwrap_err().is_retryable());
        assert_eq!(fake.requests().len(), requests);
    }
    serve(&fake, rows[..2].to_vec(), AN_HOUR_AHEAD);
    assert_eq!(next().await.unwrap().unwrap().unwrap().id, "1");
    assert!(next().await.unwrap().is_err());
    let stated = |(id, at): &(usize, Option<i64>)| (*id, at.map(|at| at + 3_600));
    serve(&fake, rows.iter().map(stated).collect(), NO_FLAW);
    assert_eq!(next().await.unwrap().unwrap().unwrap().id, "2");
    let waited = next().await;
    assert!(waited.is_err(), "{waited:?}");
}

#[tokio::test]
async fn neither_a_record_without_a_time_nor_one_of_the_future_moves_the_cursor() {
    for other in [None, Some(1_000_000_000)] {
        let rows = vec![(0, Some(1_000)), (1, other)];
        let client = over(&service(rows, IGNORES_ORDER));
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
