//! Follows detections while new ones are raised, requests fail, and the program restarts.

use std::collections::BTreeSet;
use std::time::Duration;

use push_security_api::types::Detection;
use push_security_api::{Client, Tail, TailCursor, Timestamp};
use security_api_sandbox::Fault;

use super::support::{client, unlimited};

/// The number of detections raised, and the number of runs.
const RAISED: usize = 150;
const RUNS: usize = 5;

/// The data that a program stores in one transaction: the records of a page, and the cursor.
#[derive(Default)]
struct Sink {
    ids: Vec<String>,
    cursor: Option<String>,
}

fn resume(push: &Client, sink: &Sink, start: Timestamp) -> Tail<Detection> {
    let cursor = match &sink.cursor {
        Some(stored) => serde_json::from_str(stored).expect("a cursor"),
        None => TailCursor::from(start),
    };
    let list = push.detections().list().limit(7);
    list.tail(cursor).follow(Duration::from_millis(10))
}

#[tokio::test]
async fn each_detection_is_stored_once_although_requests_fail_and_the_program_restarts() {
    let sandbox = unlimited().start().await.expect("a sandbox");
    let push = client(&sandbox);
    let service = sandbox.push_security();
    let employee = service.employee_ids().swap_remove(0);
    let faults = vec![(0.1, Fault::status(503)), (0.05, Fault::cut_body(100))];
    sandbox.faults().random(7, faults);

    let start = Timestamp::from_unix_seconds(0).expect("a time");
    let all = service.counts().detections + RAISED;
    let mut sink = Sink::default();
    let (mut raised, mut failures) = (0, 0);
    for run in 1..=RUNS {
        // More failures than the client retries.
        sandbox.faults().queue(Fault::status(503).times(4));
        let mut tail = resume(&push, &sink, start);
        let mut page = Vec::new();
        while sink.ids.len() < all * run / RUNS {
            let detection = match tail.try_next().await {
                Ok(detection) => detection.expect("no end"),
                Err(error) if error.is_retryable() => {
                    failures += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            };
            page.push(detection.id);
            if raised < RAISED {
                service.raise_detection(&employee).expect("a detection");
                raised += 1;
            }
            if tail.at_page_end() {
                sink.ids.append(&mut page);
                let cursor = serde_json::to_string(&tail.cursor());
                sink.cursor = Some(cursor.expect("JSON"));
            }
        }
        // The records of an incomplete page are lost, as in a crash, and are read again.
    }
    assert!(failures >= RUNS, "{failures} calls failed");
    assert_eq!(sink.ids.len(), all);
    assert_eq!(sink.ids.iter().collect::<BTreeSet<_>>().len(), all);
}
