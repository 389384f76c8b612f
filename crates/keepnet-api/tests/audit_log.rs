//! The tail of the audit log: every record comes once.

mod common;

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{envelope, over, service};
use futures_core::Stream;
use keepnet_api::time::DateFormat;
use keepnet_api::types::AuditLogView;
use keepnet_api::{Client, Error, SearchRequest, Tail, TailCursor, Timestamp, operations};
use proptest::prelude::*;
use security_api_sandbox::{Fault, KeepnetOptions, Sandbox};
use security_api_transport::{FakeRequest, FakeResponse, FakeTransport};
use serde_json::{Value, json};

/// 2025-04-01T00:00:00Z.
const START: i64 = 1_743_465_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_seconds(START + second).unwrap()
}

/// A log to which tests add: ids, and seconds after the start.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(String, i64)>>>);

impl Log {
    fn add(&self, id: impl Into<String>, second: i64) {
        self.0.lock().unwrap().push((id.into(), second));
    }

    fn serve(&self, fake: &FakeTransport, date: fn(i64) -> String) -> Client {
        let log = self.clone();
        fake.with(&operations::AUDIT_LOGS_SEARCH, move |request| {
            log.response(request, date)
        });
        over(fake)
    }

    fn client(&self) -> Client {
        self.serve(&service(), |second| at(second).to_string())
    }

    fn response(&self, request: &FakeRequest, date: fn(i64) -> String) -> FakeResponse {
        let body = request.json();
        let item = &body["filter"]["filterGroups"][0]["filterItems"][0];
        assert_eq!(item["fieldName"], "LogDate");
        assert_eq!(item["operator"], ">=");
        assert_eq!(body["orderBy"], "LogDate");
        assert_eq!(body["ascending"], true);
        let from: Timestamp = item["value"].as_str().unwrap().parse().unwrap();
        let number = |name: &str| usize::try_from(body[name].as_u64().unwrap()).unwrap();
        let (page, size) = (number("pageNumber"), number("pageSize"));
        let mut found = self.0.lock().unwrap().clone();
        found.retain(|(_, second)| at(*second) >= from);
        found.sort_by_key(|(_, second)| *second);
        let rows: Vec<Value> = found
            .iter()
            .skip((page - 1) * size)
            .take(size)
            .map(|(id, second)| json!({"resourceId": id, "logDate": date(*second)}))
            .collect();
        envelope(json!({
            "results": rows,
            "totalNumberOfRecords": found.len(),
            "totalNumberOfPages": found.len().div_ceil(size),
            "pageNumber": page,
            "pageSize": size,
        }))
    }
}

fn id(record: AuditLogView) -> String {
    record.resource_id.unwrap()
}

async fn rest(mut tail: Tail) -> Result<Vec<String>, Error> {
    let mut ids = Vec::new();
    while let Some(record) = tail.try_next().await? {
        ids.push(id(record));
    }
    Ok(ids)
}

async fn take(tail: &mut Tail, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(id(tail.try_next().await.unwrap().unwrap()));
    }
    ids
}

#[tokio::test(start_paused = true)]
async fn records_come_oldest_first_even_when_one_second_fills_several_pages() {
    let log = Log::default();
    for number in 0..7 {
        log.add(format!("same{number}"), 5);
    }
    log.add("later", 6);
    log.add("before", -1);
    log.add("first", 0);
    for size in [1, 2, 3, 7, 8, 100] {
        let tail = log.client().audit_logs().tail(at(0)).page_size(size);
        let ids = rest(tail).await.unwrap();
        let expected = [
            "first", "same0", "same1", "same2", "same3", "same4", "same5", "same6", "later",
        ];
        assert_eq!(ids, expected, "pages of {size}");
    }
}

#[tokio::test]
async fn a_page_size_that_no_search_accepts_is_refused_before_it_is_sent() {
    let fake = service();
    let log = Log::default();
    let client = log.serve(&fake, |second| at(second).to_string());
    for size in [0, 100_000, 200_000] {
        let tailed = client.audit_logs().tail(at(0)).page_size(size);
        let tailed = rest(tailed).await.unwrap_err();
        let search = SearchRequest::new().page_size(size);
        let searched = client.audit_logs().search(search).page().await.unwrap_err();
        assert!(tailed.is_invalid(), "{size}: {tailed}");
        assert_eq!(tailed.to_string(), searched.to_string(), "{size}");
    }
    assert!(fake.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn late_records_within_the_overlap_are_returned_and_none_twice() {
    let log = Log::default();
    for number in 0..10 {
        log.add(format!("early{number}"), number * 10);
    }
    let client = log.client();
    let tail = client
        .audit_logs()
        .tail(at(0))
        .overlap(Duration::from_secs(60));
    let mut tail = tail.follow(Duration::from_secs(30)).page_size(4);
    assert_eq!(take(&mut tail, 10).await.len(), 10);
    log.add("late", 35);
    log.add("same second", 90);
    log.add("new", 100);
    assert_eq!(take(&mut tail, 3).await, ["late", "same second", "new"]);
    // Ids older than the overlap are forgotten, so that memory does not grow.
    for number in 0..1000 {
        log.add(format!("more{number}"), 200 + number);
    }
    assert_eq!(take(&mut tail, 1000).await.len(), 1000);
    let kept = serde_json::to_value(tail.cursor()).unwrap();
    let kept = kept["seen"].as_object().unwrap().len();
    assert!((60..=130).contains(&kept), "{kept}");
}

/// The poll takes so long that the newest record leaves the overlap before it ends.
#[tokio::test(start_paused = true)]
async fn records_that_appear_during_a_long_poll_are_found_by_the_next() {
    let log = Log::default();
    let now = Timestamp::now().unix_seconds() - START;
    for number in 0..10 {
        log.add(format!("r{number}"), now + number * 1_000);
    }
    let client = log.client();
    let start = at(now - 3_600);
    for stored in [false, true] {
        let tail = client
            .audit_logs()
            .tail(start)
            .overlap(Duration::from_secs(600));
        let mut tail = tail.page_size(2).follow(Duration::from_secs(30));
        let first = if stored { 6 } else { 5 };
        assert_eq!(take(&mut tail, first).await.len(), first);
        let late = format!("late, stored: {stored}");
        log.add(&late, now - 20);
        if stored {
            let cursor = tail.cursor();
            let again = client.audit_logs().tail(cursor).page_size(2);
            let again = rest(again.overlap(Duration::from_secs(600))).await.unwrap();
            assert_eq!(again, [late.as_str(), "r5", "r6", "r7", "r8", "r9"]);
        } else {
            let rest = take(&mut tail, 6).await;
            assert_eq!(rest, ["r5", "r6", "r7", "r8", "r9", late.as_str()]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stored_cursor_resumes_after_any_record() {
    let log = Log::default();
    for number in 0..12 {
        log.add(format!("r{number}"), number / 3 * 100);
    }
    let client = log.client();
    let all = rest(client.audit_logs().tail(at(0))).await.unwrap();
    assert_eq!(all.len(), 12);
    for taken in 0..=all.len() {
        let tail = client.audit_logs().tail(at(0)).page_size(5);
        let mut tail = tail.overlap(Duration::from_secs(10));
        assert_eq!(take(&mut tail, taken).await, all[..taken]);
        let stored = serde_json::to_string(&tail.cursor()).unwrap();
        let cursor: TailCursor = serde_json::from_str(&stored).unwrap();
        let tail = client.audit_logs().tail(cursor).page_size(5);
        let rest = rest(tail.overlap(Duration::from_secs(10))).await.unwrap();
        assert_eq!(rest, all[taken..], "after {taken}");
    }
}

/// Numbered pages shift when records are added, so the next page is requested by time.
#[tokio::test(start_paused = true)]
async fn pages_are_asked_for_by_time_and_by_number_only_within_one_time() {
    let log = Log::default();
    for (number, second) in [0, 1, 2, 3, 3, 3, 3, 4].into_iter().enumerate() {
        log.add(format!("r{number}"), second);
    }
    let fake = service();
    let client = log.serve(&fake, |second| at(second).to_string());
    let tail = client.audit_logs().tail(at(0)).page_size(3);
    assert_eq!(rest(tail).await.unwrap().len(), 8);
    let asked: Vec<_> = fake
        .requests_of(&operations::AUDIT_LOGS_SEARCH)
        .iter()
        .map(|request| {
            let body = request.json();
            let item = &body["filter"]["filterGroups"][0]["filterItems"][0];
            let from: Timestamp = item["value"].as_str().unwrap().parse().unwrap();
            let number = body["pageNumber"].as_i64().unwrap();
            (from.unix_seconds() - START, number)
        })
        .collect();
    assert_eq!(asked, [(0, 1), (2, 1), (3, 1), (3, 2)]);
}

#[tokio::test(start_paused = true)]
async fn more_records_than_a_cursor_has_room_for_are_given_at_least_once() {
    const RECORDS: usize = 50_100;
    let log = Log::default();
    for number in 0..RECORDS {
        log.add(format!("r{number}"), i64::try_from(number / 1_000).unwrap());
    }
    let client = log.client();
    let mut tail = client.audit_logs().tail(at(0)).page_size(25_000);
    let mut given = HashSet::new();
    while let Some(record) = tail.try_next().await.unwrap() {
        assert!(given.insert(id(record)), "one came twice in one reading");
    }
    assert_eq!(given.len(), RECORDS);
    let cursor = tail.cursor();
    let stored = serde_json::to_vec(&cursor).unwrap();
    assert!(stored.len() < 560_000, "{}", stored.len());
    log.add("new", 50);
    // The cursor has no room for some ids of the oldest second. Only their records come again.
    let again = rest(client.audit_logs().tail(cursor).page_size(25_000));
    let again = again.await.unwrap();
    assert_eq!(again.len(), 101);
    assert_eq!(again[100], "new");
    let number = |id: &String| id[1..].parse::<usize>().unwrap();
    assert!(again[..100].iter().all(|id| number(id) < 1_000));
}

#[tokio::test(start_paused = true)]
async fn a_tail_ends_after_the_last_record_unless_it_follows_at_its_interval() {
    let log = Log::default();
    log.add("one", 0);
    let fake = service();
    let client = log.serve(&fake, |second| at(second).to_string());
    assert_eq!(
        rest(client.audit_logs().tail(at(0))).await.unwrap(),
        ["one"]
    );
    assert_eq!(fake.requests_of(&operations::AUDIT_LOGS_SEARCH).len(), 1);

    let mut tail = client
        .audit_logs()
        .tail(at(0))
        .follow(Duration::from_secs(30));
    assert_eq!(take(&mut tail, 1).await, ["one"]);
    let waited = tokio::time::timeout(Duration::from_secs(100), tail.try_next()).await;
    assert!(waited.is_err(), "there was nothing new");
    // At 0, 30, 60 and 90 s, with a jitter of a tenth.
    assert_eq!(
        fake.requests_of(&operations::AUDIT_LOGS_SEARCH).len(),
        1 + 4
    );
}

#[tokio::test(start_paused = true)]
async fn an_interval_and_an_overlap_beyond_the_clock_are_unlimited() {
    let log = Log::default();
    log.add("one", 0);
    let client = log.client();
    // The interval has jitter, so one wait alone could succeed by chance.
    for _ in 0..20 {
        let tail = client.audit_logs().tail(at(0)).overlap(Duration::MAX);
        let mut tail = tail.follow(Duration::MAX);
        assert_eq!(take(&mut tail, 1).await, ["one"]);
        let day = Duration::from_secs(86_400);
        assert!(tokio::time::timeout(day, tail.try_next()).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn a_tail_continues_after_an_error() {
    let log = Log::default();
    for number in 0..6 {
        log.add(format!("r{number}"), number);
    }
    let fake = service();
    let client = log.serve(&fake, |second| at(second).to_string());
    let mut tail = client.audit_logs().tail(at(0)).page_size(3);
    assert_eq!(take(&mut tail, 3).await, ["r0", "r1", "r2"]);
    fake.once(&operations::AUDIT_LOGS_SEARCH, FakeResponse::status(400));
    let error = tail.try_next().await.unwrap_err();
    assert_eq!(error.status().unwrap(), 400);
    assert_eq!(rest(tail).await.unwrap(), ["r3", "r4", "r5"]);
}

#[tokio::test(start_paused = true)]
async fn dates_in_a_display_format_need_the_format_and_have_a_resolution_of_minutes() {
    let display = |second: i64| {
        let format = DateFormat::day_first();
        keepnet_api::DateTime::formatted(at(second), format).to_string()
    };
    let log = Log::default();
    for number in 0..8 {
        log.add(format!("r{number}"), number * 20);
    }
    let client = log.serve(&service(), display);
    let error = rest(client.audit_logs().tail(at(0))).await.unwrap_err();
    assert!(error.to_string().contains("date_format"), "{error}");

    let tail = client.audit_logs().tail(at(30)).page_size(2);
    let tail = tail.date_format(DateFormat::day_first());
    let mut tail = tail.follow(Duration::from_secs(5)).overlap(Duration::ZERO);
    assert_eq!(
        take(&mut tail, 6).await,
        ["r2", "r3", "r4", "r5", "r6", "r7"]
    );
    log.add("r8", 160);
    assert_eq!(take(&mut tail, 1).await, ["r8"]);
}

#[tokio::test]
async fn raw_records_are_the_json_that_came_on_one_line() {
    let fake = service();
    let page = "{\"data\":{\"results\":[{\"resourceId\":\"a\",\n\"logDate\":\"2026-04-01T00:00:00Z\",\"new\":[1]}],\
                \"totalNumberOfRecords\":1},\"status\":\"SUCCESS\"}";
    fake.always(
        &operations::AUDIT_LOGS_SEARCH,
        FakeResponse::status(200)
            .header("content-type", "application/json")
            .body(page),
    );
    let mut lines = over(&fake).audit_logs().tail(at(0)).raw();
    let line = lines.try_next().await.unwrap().unwrap();
    let expected = r#"{"resourceId":"a", "logDate":"2026-04-01T00:00:00Z","new":[1]}"#;
    assert_eq!(line.to_line(), expected);
    assert!(lines.try_next().await.unwrap().is_none());
}

#[test]
fn a_tail_goes_on_in_another_runtime_than_the_one_it_paused_in() {
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    for ends in [true, false] {
        let log = Log::default();
        log.add("a", 0);
        let tail = log.client().audit_logs().tail(at(0));
        let mut tail = tail.follow(Duration::from_secs(60));
        let first = runtime();
        first.block_on(async {
            assert_eq!(id(tail.try_next().await.unwrap().unwrap()), "a");
            let begun = tokio::time::timeout(Duration::ZERO, tail.try_next());
            assert!(begun.await.is_err());
        });
        let first = (!ends).then_some(first);
        log.add("b", 1);
        let next = runtime().block_on(tail.try_next()).unwrap().unwrap();
        assert_eq!(id(next), "b");
        drop(first);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Batches of records, each up to a minute before the newest so far, with a pause after each batch.
    #[test]
    fn every_record_comes_once_despite_additions_at_any_time(
        batches in proptest::collection::vec(
            (0..200_i64, proptest::collection::vec(0..60_i64, 0..12)), 1..8),
        size in 1..9_u32,
        stops in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let log = Log::default();
            let client = log.client();
            let tail = |cursor: TailCursor| {
                let tail = client.audit_logs().tail(cursor).page_size(size);
                tail.overlap(Duration::from_secs(60))
            };
            let mut cursor = TailCursor::from(at(0));
            let mut given = Vec::new();
            let (mut newest, mut added) = (60, 0);
            for (passed, late) in batches {
                newest += passed;
                for by in late {
                    log.add(format!("r{added}"), newest - by);
                    added += 1;
                }
                let mut tail = tail(cursor);
                while let Some(record) = tail.try_next().await.unwrap() {
                    given.push(id(record));
                    // Half of the runs stop and resume from the stored cursor.
                    if stops && given.len() % 5 == 0 {
                        let stored = serde_json::to_string(&tail.cursor()).unwrap();
                        let stored: TailCursor = serde_json::from_str(&stored).unwrap();
                        tail = self::tail_again(&client, stored, size);
                    }
                }
                cursor = tail.cursor();
            }
            let unique: HashSet<_> = given.iter().collect();
            assert_eq!(unique.len(), given.len(), "one came twice");
            assert_eq!(given.len(), added, "one is missing");
        });
    }
}

fn tail_again(client: &Client, cursor: TailCursor, size: u32) -> Tail {
    let tail = client.audit_logs().tail(cursor).page_size(size);
    tail.overlap(Duration::from_secs(60))
}

#[tokio::test]
async fn a_platform_that_shows_dates_in_display_format_is_followed_as_well() {
    let options = KeepnetOptions::default().display_dates(true);
    let options = options.target_users(1).notified_emails(1);
    let builder = Sandbox::builder().keepnet(options.audit_records(50));
    let sandbox = builder.start().await.unwrap();
    let keepnet = sandbox.keepnet();
    let client = Client::builder(keepnet.company_client_id(), keepnet.company_client_secret())
        .base_url(keepnet.base_url())
        .build()
        .unwrap();
    let start = Timestamp::from_unix_seconds(0).unwrap();
    let tail = client.audit_logs().tail(start).page_size(7);
    let tail = tail.date_format(DateFormat::day_first());
    let tail = tail.follow(Duration::from_millis(10));
    tail_all(tail, &sandbox).await;
}

/// Reads existing and added records.
async fn tail_all(mut tail: Tail, sandbox: &Sandbox) {
    let company = &sandbox.keepnet().company_ids()[0];
    let mut given: HashSet<_> = take(&mut tail, 50).await.into_iter().collect();
    sandbox.keepnet().add_audit_records(company, 20);
    given.extend(take(&mut tail, 20).await);
    assert_eq!(given.len(), 70);
}

#[tokio::test]
async fn ten_thousand_records_are_given_once_each_although_tokens_expire_and_requests_fail() {
    const RECORDS: usize = 10_000;
    const BATCH: usize = 1_000;
    const EXPIRES_AFTER: usize = 100;
    let options = KeepnetOptions::default();
    let options = options.target_users(1).notified_emails(1).audit_records(0);
    let sandbox = Sandbox::builder().keepnet(options).start().await.unwrap();
    let keepnet = sandbox.keepnet();
    let client = Client::builder(keepnet.company_client_id(), keepnet.company_client_secret())
        .base_url(keepnet.base_url())
        .retry(
            keepnet_api::RetryPolicy::default()
                .backoff(Duration::from_millis(1), Duration::from_millis(10)),
        )
        .build()
        .unwrap();
    let faults = vec![(0.02, Fault::status(503)), (0.01, Fault::cut_body(300))];
    sandbox.faults().random(7, faults);

    let company = &keepnet.company_ids()[0];
    let start = Timestamp::now().saturating_sub(Duration::from_secs(3600));
    // A batch is dated in the last second, between records that were returned already.
    let mut tail = client
        .audit_logs()
        .tail(start)
        .overlap(Duration::from_secs(5))
        .follow(Duration::from_millis(10))
        .page_size(100);
    let mut given = HashSet::new();
    let (mut added, mut expired) = (0, 0);
    while given.len() < RECORDS {
        if given.len() == added {
            keepnet.add_audit_records(company, BATCH);
            added += BATCH;
        }
        let record = tail.try_next().await.unwrap().unwrap();
        assert!(given.insert(id(record)), "one came twice");
        let requests = sandbox.journal().count(|_| true);
        if requests / EXPIRES_AFTER > expired {
            expired = requests / EXPIRES_AFTER;
            keepnet.revoke_tokens();
        }
    }
    assert_eq!(keepnet.audit_records(company), RECORDS);
    // No record comes again.
    let again = tokio::time::timeout(Duration::from_secs(1), tail.try_next()).await;
    assert!(again.is_err());
    assert!(keepnet.tokens_issued() > 2, "{}", keepnet.tokens_issued());
    let refused = |status| {
        sandbox
            .journal()
            .count(|entry| entry.status == Some(status))
    };
    assert!(refused(503) > 0 && refused(401) > 0);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_page_is_told_once_its_records_are_taken() {
    let log = Log::default();
    for number in 0..4 {
        log.add(format!("r{number}"), number * 600);
    }
    let mut tail = log.client().audit_logs().tail(at(0)).page_size(2);
    assert!(format!("{tail:?}").contains("Tail"));
    let mut ends = Vec::new();
    while let Some(record) = std::future::poll_fn(|cx| Pin::new(&mut tail).poll_next(cx)).await {
        record.unwrap();
        ends.push(tail.at_page_end());
    }
    assert_eq!(ends.len(), 4);
    assert!(!ends[0] && ends[1] && ends[3], "{ends:?}");
}
