//! The token: fetched once for all callers, and renewed in advance.

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use common::tokens::{bearer, crowd, good, granting, tokens};
use common::{READ, read, seconds};
use security_api_transport::middleware::{Credential, HttpService};
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Outcome, Secret,
};
use tokio::task::JoinSet;
use tokio::time::Instant;

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_cause_one_token_request() {
    let (fake, credential, client) = good(1.0, 3600);
    assert!(credential.current().is_none());
    assert_eq!(crowd(&client, 1000).await.0, 1000);
    assert_eq!(tokens(&fake).len(), 1);
    assert!(
        fake.requests_of(&READ)
            .iter()
            .all(|request| bearer(request) == "Bearer token-1")
    );
    let token = credential.current().unwrap();
    assert_eq!(
        (token.token.expose(), token.expires_in),
        ("token-1", seconds(3594.0))
    );

    // The same for an expired token, and for clients that share the credential.
    tokio::time::sleep(seconds(3600.0)).await;
    assert!(credential.current().is_none());
    let other = common::tokens::client(&fake, &credential);
    let (one, two) = tokio::join!(crowd(&client, 500), crowd(&other, 500));
    assert_eq!((one.0, two.0, tokens(&fake).len()), (500, 500, 2));
    assert!(
        fake.requests_of(&READ)[1000..]
            .iter()
            .all(|request| bearer(request) == "Bearer token-2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_lives_no_longer_than_its_fetch_takes_is_still_fetched_once_for_all_who_wait()
{
    let (fake, _, client) = good(3.0, 2);
    let start = Instant::now();
    assert_eq!(
        (crowd(&client, 1000).await.0, start.elapsed()),
        (1000, seconds(3.0))
    );
    assert_eq!(tokens(&fake).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_says_nothing_of_a_wait() {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::status(401));
    let error = read(&common::over(&fake)).await.unwrap_err();
    assert_eq!(
        (error.status().unwrap().as_u16(), error.retry_after()),
        (401, None)
    );
    assert!(!error.is_retryable());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_used_from_its_margin_before_the_expiry_on() {
    let (_, credential, client) = good(0.0, 100);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(94.999)).await;
    assert!(credential.current().is_some() && credential.is_ready());
    tokio::time::sleep(seconds(0.001)).await;
    assert!(credential.current().is_none() && !credential.is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_token_is_due_in_the_last_fifth_of_its_life_and_not_before() {
    for _ in 0..200 {
        let (_, credential, client) = good(0.0, 100);
        crowd(&client, 1).await;
        tokio::time::sleep(seconds(79.999)).await;
        assert!(!credential.is_due());
        // Up to a fifth of that later, so that clients do not renew together.
        tokio::time::sleep(seconds(4.001)).await;
        assert!(credential.is_due());
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_three_tokens_before_the_current_one_are_remembered_as_secrets() {
    let (_, credential, client) = good(0.0, 100);
    for _ in 0..9 {
        crowd(&client, 1).await;
        tokio::time::sleep(seconds(100.0)).await;
    }
    let secrets = credential.secrets();
    let shown: Vec<_> = secrets.iter().map(Secret::expose).collect();
    assert_eq!(
        shown,
        ["token-9", "token-8", "token-7", "token-6", "s3cret&=+ü"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_credential_and_its_token_are_shown_without_what_is_secret() {
    let (_, credential, client) = good(0.0, 100);
    crowd(&client, 1).await;
    let token = credential.current().unwrap();
    let shown = format!("{:?} {token:?}", credential.scope("read"));
    let parts = ["login.test", "\"read\"", "expires_in: 95s"];
    assert!(parts.iter().all(|part| shown.contains(part)), "{shown}");
    let secrets = ["s3cret", "token-1"];
    assert!(!secrets.iter().any(|part| shown.contains(part)), "{shown}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_renewed_ahead_by_one_caller_while_the_others_use_the_live_one() {
    let (fake, _, client) = good(4.0, 3600);
    crowd(&client, 1).await;
    // No caller renews the token before its last five minutes.
    tokio::time::sleep(seconds(3200.0)).await;
    crowd(&client, 10).await;
    assert_eq!(tokens(&fake).len(), 1);
    tokio::time::sleep(seconds(200.0)).await;
    let start = Instant::now();
    assert_eq!(crowd(&client, 100).await.0, 100);
    // No caller waits, not even the one that started the renewal.
    assert_eq!((start.elapsed(), tokens(&fake).len()), (Duration::ZERO, 2));
    tokio::time::sleep(seconds(4.0)).await;
    crowd(&client, 1).await;
    let sent: Vec<_> = fake.requests_of(&READ).iter().map(bearer).collect();
    assert_eq!(sent[110], "Bearer token-1");
    assert_eq!(
        (tokens(&fake).len(), sent[111].as_str()),
        (2, "Bearer token-2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_renewal_goes_on_beside_the_call_that_uses_the_live_token() {
    let (fake, credential, client) = good(4.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3400.0)).await;
    fake.always(&READ, FakeResponse::json("good").delay(seconds(5.0)));
    let start = Instant::now();
    read(&client).await.unwrap();
    assert_eq!(start.elapsed(), seconds(5.0));
    assert_eq!(credential.current().unwrap().token.expose(), "token-2");
    // The token came after 4 s.
    assert_eq!(
        credential.current().unwrap().expires_in,
        seconds(3595.0 - 5.0)
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_keeps_the_live_token_and_is_not_repeated_at_every_call() {
    for failure in [
        FakeResponse::status(503),
        FakeResponse::status(400),
        FakeResponse::never(),
    ] {
        let (fake, _, client) = good(0.0, 3600);
        crowd(&client, 1).await;
        fake.path("/token", move |_| failure.clone());
        tokio::time::sleep(seconds(3400.0)).await;
        for _ in 0..100 {
            assert_eq!(crowd(&client, 10).await.0, 10);
            tokio::time::sleep(seconds(0.5)).await;
        }
        let asked = tokens(&fake).len() - 1;
        assert!((1..=9).contains(&asked), "{asked}");
        // The endpoint recovers, and no caller has noticed.
        granting(&fake, 0.0, 3600);
        tokio::time::sleep(seconds(30.0)).await;
        assert_eq!(crowd(&client, 10).await.0, 10);
        assert_eq!(tokens(&fake).len(), asked + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_is_not_an_error_of_other_callers() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3594.0)).await;
    fake.path("/token", |_| FakeResponse::status(503).delay(seconds(5.0)));
    let early = tokio::spawn(read(&client).send());
    // Meanwhile the token expires, and other callers need a new one.
    tokio::time::sleep(seconds(2.0)).await;
    granting(&fake, 0.0, 3600);
    assert_eq!(crowd(&client, 100).await.0, 100);
    early.await.unwrap().unwrap();
    assert_eq!(tokens(&fake).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_hangs_costs_no_call_any_time() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.path("/token", |_| FakeResponse::never());
    fake.always(&READ, FakeResponse::json("good").delay(seconds(0.5)));
    tokio::time::sleep(seconds(3400.0)).await;
    for _ in 0..40 {
        let start = Instant::now();
        read(&client).timeout(seconds(2.0)).await.unwrap();
        assert_eq!(start.elapsed(), seconds(0.5));
    }
    // A token request times out after ten seconds, and the next one begins after a pause.
    let asked = tokens(&fake).len() - 1;
    assert!((2..=3).contains(&asked), "{asked}");
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_hangs_delays_no_caller_after_a_401() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3400.0)).await;
    fake.path("/token", |_| FakeResponse::never());
    fake.always(&READ, FakeResponse::json("good").delay(seconds(8.0)));
    let beside = tokio::spawn(read(&client).send());
    tokio::task::yield_now().await;
    assert_eq!(tokens(&fake).len(), 2);
    granting(&fake, 0.0, 3600);
    fake.once(&READ, FakeResponse::status(401));
    fake.once(&READ, FakeResponse::json("good"));
    let start = Instant::now();
    read(&client).await.unwrap();
    assert_eq!((start.elapsed(), tokens(&fake).len()), (Duration::ZERO, 3));
    beside.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_no_longer_polled_delays_no_other() {
    let (fake, _, client) = good(3.0, 3600);
    let start = Instant::now();
    let mut parked: Vec<_> = (0..3).map(|_| read(&client).send()).collect();
    for parked in &mut parked {
        let polled = std::pin::Pin::new(parked).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    assert_eq!(crowd(&client, 100).await.0, 100);
    assert_eq!((start.elapsed(), tokens(&fake).len()), (seconds(3.0), 1));
    for parked in parked {
        parked.await.unwrap();
    }
    assert_eq!(tokens(&fake).len(), 1);
}

#[test]
fn a_fetch_is_driven_on_only_in_the_runtime_where_it_began() {
    for dead in [true, false] {
        let (fake, _, client) = good(0.0, 3600);
        let runtime = || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            runtime.enable_time().start_paused(true).build().unwrap()
        };
        let mut standing_still = Vec::new();
        for response in [
            FakeResponse::status(503).delay(seconds(0.02)),
            FakeResponse::never(),
            FakeResponse::status(503).header("retry-after", "0.1"),
        ] {
            fake.path("/token", move |_| response.clone());
            let first = runtime();
            for _ in 0..3 {
                let call = read(&client).timeout(seconds(0.03));
                first.block_on(async { call.await.unwrap_err() });
            }
            let left = client.clone();
            let left = first.spawn(async move { read(&left).await });
            first.block_on(tokio::task::yield_now());
            if !dead {
                standing_still.push((first, left));
            }
        }
        granting(&fake, 0.5, 3600);
        let took = runtime().block_on(async {
            let start = Instant::now();
            assert_eq!(crowd(&client, 100).await.0, 100);
            start.elapsed()
        });
        assert!(took < seconds(2.0), "{took:?}");
        // The remaining callers use the token that was granted since.
        let asked = tokens(&fake).len();
        for (runtime, left) in standing_still {
            runtime.block_on(left).unwrap().unwrap();
        }
        runtime().block_on(async { read(&client).await.unwrap() });
        assert_eq!(tokens(&fake).len(), asked);
    }
}

#[test]
fn a_caller_who_moves_to_another_runtime_while_it_waits_begins_anew_there() {
    // Only the fetch waits here, so only the fetch needs a runtime.
    let credential = common::tokens::oauth2();
    let fake = FakeTransport::new();
    granting(&fake, 3.0, 3600);
    let transport = HttpService::new(fake.clone());
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    let mut ready = credential.ready(&transport, None);
    let first = runtime();
    first.block_on(async {
        let mut cx = Context::from_waker(Waker::noop());
        assert!(ready.as_mut().poll(&mut cx).is_pending());
    });
    drop(first);
    runtime().block_on(ready).unwrap();
    assert_eq!(tokens(&fake).len(), 2);
}

#[test]
fn a_fetch_that_panics_ends_only_its_caller() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let (fake, _, client) = good(0.0, 3600);
    let asked = Mutex::new(0);
    fake.path("/token", move |_| {
        *asked.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        assert!(
            *asked.lock().unwrap_or_else(PoisonError::into_inner) > 1,
            "on purpose"
        );
        FakeResponse::json(&serde_json::json!({"access_token": "t"}))
    });
    runtime.block_on(async {
        let mut calls = Vec::new();
        for _ in 0..10 {
            calls.push(tokio::spawn(read(&client).send()));
        }
        let mut panicked = 0;
        for call in calls {
            match call.await {
                Ok(result) => drop(result.unwrap()),
                Err(error) => panicked += usize::from(error.is_panic()),
            }
        }
        assert_eq!(panicked, 1);
    });
}

#[tokio::test(start_paused = true)]
async fn a_fetching_caller_may_go_away_without_blocking_others_or_a_second_request() {
    let (fake, _, client) = good(3.0, 3600);
    let mut impatient = Vec::new();
    for after in [0.5, 1.0, 2.0] {
        impatient.push(read(&client).timeout(seconds(after)).send());
    }
    let mut calls = JoinSet::new();
    for call in impatient {
        calls.spawn(call);
    }
    tokio::task::yield_now().await;
    let start = Instant::now();
    let (good, _) = crowd(&client, 100).await;
    assert_eq!((good, start.elapsed()), (100, seconds(3.0)));
    for result in calls.join_all().await {
        let error = result.unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome(), error.attempts()),
            (ErrorKind::Timeout, Outcome::NotSent, 0)
        );
    }
    assert_eq!(tokens(&fake).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_everyone_left_is_taken_up_by_the_next_caller_or_begun_anew() {
    for (pause, asked) in [(1.0, 1), (10.0, 1), (1000.0, 2)] {
        let (fake, _, client) = good(3.0, 60);
        read(&client).timeout(seconds(1.0)).await.unwrap_err();
        tokio::time::sleep(seconds(pause)).await;
        read(&client).await.unwrap();
        assert_eq!(tokens(&fake).len(), asked, "{pause}");
    }
}

/// The start, the end and the result of a call.
struct Ended {
    begun: Instant,
    ended: Instant,
    timeout: Duration,
    result: Result<(), Error>,
}

/// Makes calls at this interval, each with its timeout.
async fn queue(client: &Client, timeouts: &[f64], distance: f64) -> Vec<Ended> {
    let mut calls = JoinSet::new();
    for timeout in timeouts.iter().copied().map(seconds) {
        let call = read(client).timeout(timeout).send();
        let begun = Instant::now();
        calls.spawn(async move {
            let result = call.await.map(drop);
            let ended = Instant::now();
            Ended {
                begun,
                ended,
                timeout,
                result,
            }
        });
        tokio::time::sleep(seconds(distance)).await;
    }
    calls.join_all().await
}

#[tokio::test(start_paused = true)]
async fn an_endpoint_that_hangs_holds_each_caller_until_its_deadline_at_most_and_all_share_the_failure()
 {
    let (fake, _, client) = good(0.0, 3600);
    fake.path("/token", |_| FakeResponse::never());
    let start = Instant::now();
    let timeouts: Vec<_> = (0..400)
        .map(|number| [0.5, 2.0, 15.0, 300.0][number % 4])
        .collect();
    // The last caller arrives after 20 s, during the second token request.
    let calls = queue(&client, &timeouts, 0.05).await;
    assert_eq!(calls.len(), 400);
    for call in calls {
        let error = call.result.unwrap_err();
        assert_eq!((error.outcome(), error.attempts()), (Outcome::NotSent, 0));
        let took = call.ended - call.begun;
        assert!(took <= call.timeout, "{took:?} of {:?}", call.timeout);
        if took < call.timeout {
            assert_eq!(error.kind(), ErrorKind::Credential, "{error}");
        }
    }
    // Three requests of ten seconds and two short waits, however many callers wait for them.
    let took = start.elapsed();
    assert!(seconds(30.0) <= took && took <= seconds(30.6), "{took:?}");
    assert_eq!(tokens(&fake).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_request_that_hangs_costs_those_who_can_wait_no_more_than_that_request() {
    let (fake, _, client) = good(0.0, 3600);
    let hangs = AtomicBool::new(true);
    fake.path("/token", move |_| {
        match hangs.swap(false, Ordering::Relaxed) {
            true => FakeResponse::never(),
            false => FakeResponse::json(&serde_json::json!({"access_token": "token"})),
        }
    });
    let start = Instant::now();
    let calls = queue(&client, &[20.0; 50], 0.1).await;
    assert!(calls.into_iter().all(|call| call.result.is_ok()));
    let took = start.elapsed();
    assert!(seconds(10.0) <= took && took <= seconds(10.2), "{took:?}");
    assert_eq!(tokens(&fake).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn errors_are_not_cached() {
    let (fake, _, client) = good(0.0, 3600);
    fake.path("/token", |_| {
        FakeResponse::status(400).body(r#"{"error":"invalid_client"}"#)
    });
    let error = read(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.is_retryable()),
        (ErrorKind::Credential, Outcome::NotSent, false)
    );
    granting(&fake, 0.0, 3600);
    read(&client).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dead_token_endpoint_is_not_stormed() {
    for response in [
        FakeResponse::status(503),
        FakeResponse::status(400),
        FakeResponse::error(Error::new(ErrorKind::Connect, "nobody there")),
        FakeResponse::never(),
    ] {
        let (fake, _, client) = good(0.0, 3600);
        fake.path("/token", move |_| response.clone());
        let (good, errors) = crowd(&client, 1000).await;
        assert_eq!((good, errors.len()), (0, 1000));
        assert!(
            errors
                .iter()
                .all(|error| error.kind() == ErrorKind::Credential
                    && error.outcome() == Outcome::NotSent)
        );
        assert!(tokens(&fake).len() <= 3, "{}", tokens(&fake).len());

        // New callers arrive for ten minutes, and half of them have short timeouts.
        let start = Instant::now();
        let mut calls = JoinSet::new();
        let mut number = 0_u32;
        while start.elapsed() < seconds(600.0) {
            let patience = if number.is_multiple_of(2) { 120.0 } else { 0.3 };
            calls.spawn(read(&client).timeout(seconds(patience)).send());
            number += 1;
            tokio::time::sleep(seconds(0.25)).await;
        }
        assert!(calls.join_all().await.iter().all(Result::is_err));
        assert!(
            tokens(&fake).len() < 150,
            "{} for {number} callers",
            tokens(&fake).len()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_cannot_await_the_next_token_request_fails_at_once_with_the_last_error() {
    let (fake, _, client) = good(0.0, 3600);
    fake.path("/token", |_| {
        FakeResponse::status(429).header("retry-after", "20")
    });
    let start = Instant::now();
    let first = read(&client).timeout(seconds(20.0)).await.unwrap_err();
    assert_eq!((start.elapsed(), tokens(&fake).len()), (Duration::ZERO, 1));
    assert!(
        first.is_retryable() && first.retry_after() == Some(seconds(20.0)),
        "{first:?}"
    );
    let error = read(&client).timeout(seconds(19.0)).await.unwrap_err();
    assert_eq!((start.elapsed(), tokens(&fake).len()), (Duration::ZERO, 1));
    assert!(
        error.to_string().contains("429") && error.retry_after() == Some(seconds(20.0)),
        "{error:?}"
    );
    // A caller does not wait behind one that sleeps until then, either.
    let patient = tokio::spawn(read(&client).timeout(seconds(60.0)).send());
    tokio::time::sleep(seconds(12.0)).await;
    let error = read(&client).timeout(seconds(3.0)).await.unwrap_err();
    assert_eq!((start.elapsed(), tokens(&fake).len()), (seconds(12.0), 1));
    assert!(
        error.to_string().contains("429") && error.retry_after() == Some(seconds(8.0)),
        "{error:?}"
    );
    granting(&fake, 0.0, 3600);
    read(&client).timeout(seconds(9.0)).await.unwrap();
    assert_eq!(start.elapsed(), seconds(20.0));
    patient.await.unwrap().unwrap();
    assert_eq!(tokens(&fake).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_wait_as_long_as_the_token_endpoint_asks_if_they_can() {
    let asked = |fake: &FakeTransport, wait: &'static str| {
        fake.path("/token", move |_| {
            FakeResponse::status(503).header("retry-after", wait)
        });
    };
    // Once, with a crowd.
    let (fake, _, client) = good(0.0, 3600);
    asked(&fake, "7");
    let start = Instant::now();
    let calls = tokio::spawn({
        let client = client.clone();
        async move { crowd(&client, 50).await.0 }
    });
    tokio::time::sleep(seconds(1.0)).await;
    granting(&fake, 0.0, 3600);
    assert_eq!(calls.await.unwrap(), 50);
    assert_eq!((start.elapsed(), tokens(&fake).len()), (seconds(7.0), 2));

    // Always: a call asks three times, unless its deadline comes before.
    for (timeout, requests, waited) in [(60.0, 3, 20.0), (15.0, 2, 10.0)] {
        let (fake, _, client) = good(0.0, 3600);
        asked(&fake, "10");
        let start = Instant::now();
        let error = read(&client).timeout(seconds(timeout)).await.unwrap_err();
        assert_eq!(
            (start.elapsed(), tokens(&fake).len()),
            (seconds(waited), requests)
        );
        assert_eq!(
            (error.kind(), error.outcome(), error.retry_after()),
            (ErrorKind::Credential, Outcome::NotSent, Some(seconds(10.0))),
            "{error:?}"
        );
    }
}
