//! Exports that stop, fail and resume.

use std::cell::Cell;
use std::time::Duration;

use proptest::prelude::*;
use push_security_api::{Client, Cursor, Error};
use security_api_sandbox::{Fault, Sandbox};

use super::support::{List, all_ids, client, for_every_list, property, raw_id, runtime, world};

/// Returns the cursor after a round trip through text.
fn stored(cursor: &Cursor) -> Cursor {
    let json = serde_json::to_string(cursor).expect("JSON");
    let read: Cursor = serde_json::from_str(&json).expect("a cursor");
    assert_eq!(read, *cursor, "{json}");
    read
}

/// Returns separate clients that take turns, since creating one takes longer than reading a list.
fn clients(sandbox: &Sandbox) -> [Client; 3] {
    std::array::from_fn(|_| client(sandbox))
}

/// One run of an export: its form, its page size, and the number of items after which it stops.
#[derive(Debug, Clone)]
struct Run {
    raw: bool,
    items: usize,
}

fn runs() -> impl Strategy<Value = (u32, Vec<Run>)> {
    let run = (any::<bool>(), 0_usize..40).prop_map(|(raw, items)| Run { raw, items });
    (1_u32..40, prop::collection::vec(run, 0..8))
}

/// Reads up to `items` more items from a cursor.
async fn read<L: List>(
    list: L,
    from: Cursor,
    run: &Run,
    ids: &mut Vec<String>,
) -> Result<Cursor, Error> {
    if run.raw {
        let mut items = list.raw().resume(from);
        for _ in 0..run.items {
            match items.try_next().await? {
                Some(item) => ids.push(raw_id(&item)),
                None => break,
            }
        }
        return Ok(items.cursor());
    }
    let mut items = list.by_item().resume(from);
    for _ in 0..run.items {
        match items.try_next().await? {
            Some(item) => ids.push(L::id(&item).to_owned()),
            None => break,
        }
    }
    Ok(items.cursor())
}

#[test]
fn an_export_that_stops_anywhere_goes_on_with_a_new_client_without_loss_or_repetition() {
    let runtime = runtime();
    let (sandbox, push) = runtime.block_on(world());
    let all = runtime.block_on(all_ids(push.browsers().list()));
    let clients = clients(&sandbox);
    property(96, runs(), |(limit, runs)| {
        let (mut ids, mut cursor) = (Vec::new(), Cursor::default());
        let whole = Run {
            raw: runs.len() % 2 == 0,
            items: usize::MAX,
        };
        for (run, push) in runs.iter().chain([&whole]).zip(clients.iter().cycle()) {
            let list = push.browsers().list().limit(limit);
            let read = read(list, stored(&cursor), run, &mut ids);
            cursor = runtime.block_on(read).expect("no error");
        }
        assert_eq!(ids, all);
        assert!(cursor.is_end());
        // A finished export stays finished and sends no request.
        sandbox.journal().clear();
        let list = push.browsers().list().limit(limit);
        let after = read(list, stored(&cursor), &whole, &mut ids);
        assert_eq!(runtime.block_on(after).expect("no error"), cursor);
        assert_eq!(
            (ids.len(), sandbox.journal().count(|_| true)),
            (all.len(), 0)
        );
    });
}

#[test]
fn pages_go_on_with_the_page_after_the_last_one_received() {
    let runtime = runtime();
    let (sandbox, push) = runtime.block_on(world());
    let all = runtime.block_on(all_ids(push.browsers().list()));
    let stops = (1_u32..60, prop::collection::vec(0_usize..5, 0..5));
    let clients = clients(&sandbox);
    property(48, stops, |(limit, stops)| {
        let (mut ids, mut cursor) = (Vec::new(), Cursor::default());
        let stops = stops.into_iter().chain([usize::MAX]);
        for (stop, push) in stops.zip(clients.iter().cycle()) {
            let list = push.browsers().list().limit(limit);
            let mut pages = list.pages().resume(stored(&cursor));
            for _ in 0..stop {
                let Some(page) = runtime.block_on(pages.try_next()).expect("no error") else {
                    break;
                };
                ids.extend(page.into_iter().map(|browser| browser.id));
            }
            cursor = pages.cursor();
        }
        assert_eq!(ids, all);
        assert!(cursor.is_end());
    });
}

#[tokio::test]
async fn the_cursor_of_a_page_is_where_the_next_one_starts() {
    let (sandbox, push) = world().await;
    let all = all_ids(push.accounts().list()).await;
    let page = push.accounts().list().limit(30).page().await.unwrap();
    let cursor = stored(&page.next_cursor().expect("more"));
    assert_eq!(cursor.taken(), 0);
    let rest = client(&sandbox)
        .accounts()
        .list()
        .limit(30)
        .items()
        .resume(cursor);
    let rest: Vec<_> = rest.try_collect().await.unwrap();
    let rest: Vec<_> = rest.into_iter().map(|account| account.id).collect();
    assert_eq!(rest, all[30..]);
}

#[tokio::test]
async fn the_next_run_may_have_another_number_of_items_per_page() {
    let (_sandbox, push) = world().await;
    let all = all_ids(push.accounts().list()).await;
    for (first, second) in [(40, 170), (40, 7), (40, 1), (500, 16)] {
        for raw in [false, true] {
            let (some, rest) = (
                Run { raw, items: 33 },
                Run {
                    raw,
                    items: usize::MAX,
                },
            );
            let mut ids = Vec::new();
            let list = push.accounts().list().limit(first);
            let cursor = read(list, Cursor::default(), &some, &mut ids)
                .await
                .unwrap();
            let list = push.accounts().list().limit(second);
            read(list, stored(&cursor), &rest, &mut ids).await.unwrap();
            assert_eq!(ids, all, "{first}, then {second} per page");
        }
    }
}

#[tokio::test]
async fn the_filters_have_to_be_those_of_the_first_run() {
    let (_sandbox, push) = world().await;
    let page = push.accounts().list().limit(30).page().await.unwrap();
    let cursor = page.next_cursor().expect("more");
    let list = push.accounts().list().email("example").limit(30);
    let mut items = list.items().resume(cursor.clone());
    let error = items.try_next().await.unwrap_err();
    assert!(
        error.to_string().contains("nextToken is not valid"),
        "{error}"
    );
    let place = items.cursor();
    assert_eq!(
        (place.token(), place.taken()),
        (cursor.token(), cursor.taken())
    );
}

#[tokio::test]
async fn a_call_that_finally_failed_leaves_the_cursor_before_the_next_item() {
    let (sandbox, push) = world().await;
    let all = all_ids(push.accounts().list()).await;
    sandbox.faults().queue(Fault::status(503).times(4));
    let mut items = push.accounts().list().limit(40).items();
    assert!(items.try_next().await.is_err());
    assert_eq!((items.cursor().token(), items.cursor().taken()), (None, 0));

    let mut items = push.accounts().list().limit(40).items();
    let mut ids = Vec::new();
    for _ in 0..80 {
        ids.push(items.try_next().await.unwrap().expect("one of 80").id);
    }
    sandbox.faults().queue(Fault::status(500).times(4));
    assert!(items.try_next().await.is_err());
    // The stream has ended, and sends no further request.
    assert!(items.try_next().await.unwrap().is_none());
    let rest = client(&sandbox).accounts().list().limit(40).items();
    let rest = rest
        .resume(stored(&items.cursor()))
        .try_collect()
        .await
        .unwrap();
    ids.extend(rest.into_iter().map(|account| account.id));
    assert_eq!(ids, all);
}

#[tokio::test]
async fn giving_up_the_wait_for_an_item_loses_nothing() {
    let (sandbox, push) = world().await;
    let all = all_ids(push.employees().list()).await;
    let slow = Fault::delay(Duration::from_millis(60)).times(4);
    sandbox.faults().queue(slow);
    let mut items = push.employees().list().limit(10).items();
    let mut ids = Vec::new();
    loop {
        let waited = tokio::time::timeout(Duration::from_millis(10), items.try_next()).await;
        match waited {
            Err(_) => {}
            Ok(item) => match item.unwrap() {
                Some(employee) => ids.push(employee.id),
                None => break,
            },
        }
    }
    assert_eq!(ids, all);
    // No page was requested twice.
    assert_eq!(sandbox.journal().count(|_| true), 1 + 6);
}

#[tokio::test]
async fn records_that_come_while_an_export_rests_are_found_by_the_rest_of_it() {
    let (sandbox, push) = world().await;
    let mut items = push.detections().list().limit(10).items();
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(items.try_next().await.unwrap().expect("a detection").id);
    }
    let employee = sandbox.push_security().employee_ids().swap_remove(1);
    let new = sandbox
        .push_security()
        .raise_detection(&employee)
        .expect("one more");
    let rest = push
        .detections()
        .list()
        .limit(10)
        .items()
        .resume(items.cursor());
    let rest = rest.try_collect().await.unwrap();
    ids.extend(rest.into_iter().map(|detection| detection.id));
    assert_eq!(ids, all_ids(push.detections().list()).await);
    assert_eq!(ids.last(), Some(&new));
}

/// Returns all faults with their probabilities. Together they hit two requests of five.
fn mishaps() -> Vec<(f64, Fault)> {
    vec![
        (0.08, Fault::status(503)),
        (0.05, Fault::status(500).body("<html>sorry</html>")),
        (0.05, Fault::status(429)),
        (0.08, Fault::reset()),
        (0.05, Fault::cut_body(0)),
        (0.05, Fault::cut_body(300)),
        (0.04, Fault::delay(Duration::from_millis(3))),
    ]
}

/// Exports a whole list, with a new client after each call that fails.
async fn stubborn<L: List>(make: impl Fn() -> L, raw: bool) -> (Vec<String>, usize) {
    let (mut ids, mut cursor, mut failures) = (Vec::new(), Cursor::default(), 0);
    loop {
        let before = ids.len();
        let error = if raw {
            let mut items = make().raw().resume(stored(&cursor));
            loop {
                match items.try_next().await {
                    Ok(Some(item)) => ids.push(raw_id(&item)),
                    Ok(None) => return (ids, failures),
                    Err(error) => {
                        cursor = items.cursor();
                        break error;
                    }
                }
            }
        } else {
            let mut items = make().by_item().resume(stored(&cursor));
            loop {
                match items.try_next().await {
                    Ok(Some(item)) => ids.push(L::id(&item).to_owned()),
                    Ok(None) => return (ids, failures),
                    Err(error) => {
                        cursor = items.cursor();
                        break error;
                    }
                }
            }
        };
        assert!(error.is_retryable(), "{error}");
        failures += 1;
        assert!(failures < 5_000, "{before} of the items, then {error}");
    }
}

#[test]
fn an_export_through_random_faults_returns_every_record_exactly_once() {
    let runtime = runtime();
    let (sandbox, push) = runtime.block_on(world());
    let all = runtime.block_on(all_ids(push.findings().list()));
    let failures = Cell::new(0);
    let clients = clients(&sandbox);
    property(
        24,
        (any::<u64>(), any::<bool>(), 0_u32..3),
        |(seed, raw, retries)| {
            sandbox.faults().random(seed, mishaps());
            let next = Cell::new(0);
            let make = || {
                let push = &clients[next.get() % clients.len()];
                next.set(next.get() + 1);
                push.findings().list().limit(6).retries(retries)
            };
            let (ids, failed) = runtime.block_on(stubborn(make, raw));
            assert_eq!(ids, all);
            failures.set(failures.get() + failed);
        },
    );
    assert!(failures.get() > 0, "no call failed for good");
}

async fn survives<L: List>(list: L, count: usize, sandbox: &Sandbox) {
    sandbox.faults().random(count as u64, mishaps());
    let make = || list.clone().at_most(9);
    for raw in [false, true] {
        let (ids, _) = stubborn(make, raw).await;
        assert_eq!(ids.len(), count, "{}", L::OPERATION.id());
    }
    sandbox.faults().clear();
    assert_eq!(all_ids(list).await.len(), count);
}

#[tokio::test]
async fn every_list_survives_faults() {
    let (sandbox, push) = world().await;
    for_every_list!(sandbox, push, survives, &sandbox);
}

#[tokio::test]
async fn a_cursor_of_nonsense_is_refused_or_harmless() {
    let (_sandbox, push) = world().await;
    for json in [
        "1",
        r#"{"taken":-1}"#,
        r#"{"page":7}"#,
        "",
        "{}",
        r#"{"page":"2"}"#,
        r#"{"taken":1e30}"#,
    ] {
        assert!(serde_json::from_str::<Cursor>(json).is_err(), "{json}");
    }
    let far: Cursor = serde_json::from_str(r#"{"taken":18446744073709551615}"#).unwrap();
    let items = push.apps().list().items().resume(far);
    assert_eq!(items.try_collect().await.unwrap(), []);
    let strange: Cursor = serde_json::from_str(r#"{"page":"a&limit=1#b","taken":1}"#).unwrap();
    let error = push
        .apps()
        .list()
        .items()
        .resume(strange)
        .try_next()
        .await
        .unwrap_err();
    assert!(
        error.to_string().contains("nextToken is not valid"),
        "{error}"
    );
}

#[tokio::test]
async fn every_stop_point_of_a_small_list_is_exact_the_ends_included() {
    let (sandbox, push) = world().await;
    let all = all_ids(push.apps().list()).await;
    let other = client(&sandbox);
    for stop in 0..=all.len() {
        let mut ids = Vec::new();
        let raw = stop % 2 == 0;
        let first = Run { raw, items: stop };
        let rest = Run {
            raw: !raw,
            items: usize::MAX,
        };
        let list = push.apps().list().limit(5);
        let cursor = read(list, Cursor::default(), &first, &mut ids)
            .await
            .unwrap();
        assert_eq!(ids, all[..stop]);
        let list = other.apps().list().limit(5);
        read(list, stored(&cursor), &rest, &mut ids).await.unwrap();
        assert_eq!(ids, all);
    }
}
