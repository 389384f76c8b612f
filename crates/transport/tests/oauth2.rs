//! The token: fetched once for all callers, renewed in advance, and replaced when it is refused.

mod common;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use common::tokens::{bearer, crowd, good, granting, tokens};
use common::{CREATE, READ, builder, create, read, seconds};
use http::HeaderMap;
use security_api_transport::middleware::{Credential, Generation, HttpService};
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Outcome, Rate, RateLimiter, Secret,
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

#[tokio::test(start_paused = true)]
async fn a_401_renews_the_token_once_and_sends_the_call_once_more() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.with(&READ, |request| match bearer(request).as_str() {
        "Bearer token-1" => FakeResponse::status(401),
        _ => FakeResponse::json("good"),
    });
    let response = read(&client).retries(0).send_with_response().await.unwrap();
    assert_eq!((response.attempts(), tokens(&fake).len()), (2, 2));

    // A second 401 is returned.
    tokio::time::sleep(seconds(60.0)).await;
    fake.always(&READ, FakeResponse::status(401));
    let before = fake.requests_of(&READ).len();
    let error = read(&client).await.unwrap_err();
    assert!(error.is_unauthorized() && !error.is_retryable());
    assert_eq!((error.attempts(), tokens(&fake).len()), (2, 3));
    assert_eq!(fake.requests_of(&READ).len(), before + 2);
}

#[tokio::test(start_paused = true)]
async fn where_every_token_is_refused_new_ones_are_asked_for_less_and_less() {
    let (fake, _, client) = good(0.0, 3600);
    fake.always(&READ, FakeResponse::status(401));
    fake.path("/file", |_| FakeResponse::status(401));
    let mut pauses = Vec::new();
    for round in 0..9 {
        let error = read(&client).await.unwrap_err();
        // The first caller has no token yet. The others have one that was refused.
        assert_eq!((error.attempts(), tokens(&fake).len()), (2, round + 2));
        let wait = error.retry_after().unwrap();
        // All other callers make one attempt with the current token. Their error has the reason, and the time until
        // there is another token.
        let sent = fake.requests_of(&READ).len();
        let (_, errors) = crowd(&client, 50).await;
        for error in errors {
            assert_eq!((error.attempts(), error.retry_after()), (1, Some(wait)));
            assert!(error.is_unauthorized() && !error.is_retryable());
            assert!(
                error
                    .to_string()
                    .contains("new tokens were refused as well"),
                "{error}"
            );
        }
        assert_eq!(fake.requests_of(&READ).len(), sent + 50);
        assert_eq!(tokens(&fake).len(), round + 2);
        // Requests without a token fail for other reasons.
        let error = client.fetch("https://api.test/file").await.unwrap_err();
        assert_eq!(
            (error.status().unwrap().as_u16(), error.retry_after()),
            (401, None)
        );
        pauses.push(wait.as_secs_f64());
        tokio::time::sleep(wait).await;
    }
    for (number, pause) in pauses.iter().enumerate() {
        let bound = (0.5 * f64::from(1 << number)).min(30.0);
        assert!((0.5 * bound - 0.001..=bound).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_whose_tokens_are_all_refused_takes_none_from_the_others() {
    let (fake, _, client) = good(0.0, 3600);
    fake.always(&CREATE, FakeResponse::status(401));
    for _ in 0..600 {
        create(&client).await.unwrap_err();
        let response = read(&client).send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 1);
        tokio::time::sleep(seconds(0.5)).await;
    }
    // Five minutes: a dozen requests until the pause reaches half a minute, then two to four a minute.
    assert!(tokens(&fake).len() < 32, "{}", tokens(&fake).len());
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_taken_for_a_while_is_replaced_at_once_when_it_is_refused() {
    let (fake, _, client) = good(0.0, 3600);
    fake.always(&READ, FakeResponse::status(401));
    for _ in 0..5 {
        let wait = read(&client).await.unwrap_err().retry_after().unwrap();
        tokio::time::sleep(wait).await;
    }
    fake.always(&READ, FakeResponse::json("good"));
    // The last one is still doubted. The one after it is not.
    for _ in 0..5 {
        fake.once(&READ, FakeResponse::status(401));
        let response = read(&client).send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 2);
        tokio::time::sleep(seconds(6.0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_of_new_tokens_do_not_add_up_over_tokens_that_were_taken() {
    let (fake, _, client) = good(0.0, 60);
    for _ in 0..5 {
        // The token has expired, and its successor is refused.
        fake.once(&READ, FakeResponse::status(401));
        let response = read(&client).send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 2);
        tokio::time::sleep(seconds(60.0)).await;
    }
    assert_eq!(tokens(&fake).len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_accepted_is_renewed_however_soon_it_is_revoked() {
    let (fake, _, client) = good(0.0, 3600);
    for _ in 0..6 {
        read(&client).await.unwrap();
        fake.once(&READ, FakeResponse::status(401));
        let response = read(&client).send_with_response().await.unwrap();
        assert_eq!(response.attempts(), 2);
        tokio::time::sleep(seconds(0.1)).await;
    }
    assert_eq!(tokens(&fake).len(), 7);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_401s_at_once_cause_one_renewal_and_spend_no_retry_budget() {
    let (fake, _, client) = good(1.0, 3600);
    crowd(&client, 1).await;
    fake.with(&READ, |request| {
        match (bearer(request).as_str(), request.attempt) {
            ("Bearer token-1", _) => FakeResponse::status(401).delay(seconds(0.5)),
            (_, 2) => FakeResponse::json("good"),
            _ => FakeResponse::status(503),
        }
    });
    assert_eq!(crowd(&client, 1000).await.0, 1000);
    assert_eq!(tokens(&fake).len(), 2);
    fake.with(&READ, |request| {
        FakeResponse::status(if request.attempt == 1 { 503 } else { 204 })
    });
    assert_eq!(crowd(&client, 30).await.0, 30, "the budget was full");
}

#[tokio::test(start_paused = true)]
async fn a_401_for_an_older_token_does_not_drop_the_newer_one() {
    let (fake, credential, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.once(&READ, FakeResponse::status(401).delay(seconds(5.0)));
    fake.once(&READ, FakeResponse::status(401));
    let slow = tokio::spawn(read(&client).send());
    tokio::task::yield_now().await;
    read(&client).await.unwrap();
    assert_eq!(credential.current().unwrap().token.expose(), "token-2");
    slow.await.unwrap().unwrap();
    assert_eq!(credential.current().unwrap().token.expose(), "token-2");
    let sent: Vec<_> = fake.requests_of(&READ).iter().map(bearer).collect();
    assert_eq!(
        sent[1..],
        [
            "Bearer token-1",
            "Bearer token-1",
            "Bearer token-2",
            "Bearer token-2"
        ]
    );
    assert_eq!(tokens(&fake).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_was_under_way_when_the_token_was_refused_is_asked_for_again() {
    // The service revokes all tokens while the next one is on its way. The endpoint counts again from 1.
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3400.0)).await;
    granting(&fake, 2.0, 3600);
    let early = tokio::spawn(read(&client).send());
    tokio::time::sleep(seconds(1.0)).await;
    fake.with(&READ, |request| match bearer(request).as_str() {
        "Bearer token-2" => FakeResponse::json("good"),
        _ => FakeResponse::status(401),
    });
    let response = read(&client).send_with_response().await.unwrap();
    assert_eq!((response.attempts(), tokens(&fake).len()), (2, 3));
    early.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_while_a_call_waits_for_its_permit_is_not_used_and_costs_no_attempt()
 {
    let (fake, credential, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    granting(&fake, 9.0, 3600);
    fake.once(&READ, FakeResponse::status(401).delay(seconds(5.0)));
    let limiter = RateLimiter::new(Rate::per_second(0.1, 1).unwrap());
    let builder = builder()
        .transport(fake.clone())
        .credential(credential)
        .limiter(limiter);
    let client = builder.build().unwrap();
    let refused = tokio::spawn(read(&client).send_with_response());
    tokio::task::yield_now().await;
    // The permit comes after 10 s, and the new token after 14 s.
    let start = Instant::now();
    let response = read(&client).send_with_response().await.unwrap();
    assert_eq!(
        (
            response.attempts(),
            refused.await.unwrap().unwrap().attempts()
        ),
        (1, 2)
    );
    assert!(start.elapsed() >= seconds(14.0));
    let sent: Vec<_> = fake.requests_of(&READ).iter().map(bearer).collect();
    // The restarted endpoint counts from 1, too.
    assert_eq!((sent.len(), tokens(&fake).len()), (4, 2));
    assert!(sent[2..].iter().all(|token| *token == "Bearer token-1"));
}

/// A credential that is ready but can never be applied.
#[derive(Debug, Default)]
struct Elusive(AtomicUsize);

#[async_trait::async_trait]
impl Credential for Elusive {
    fn is_ready(&self) -> bool {
        true
    }

    async fn ready(&self, _: &HttpService, _: Option<std::time::Instant>) -> Result<(), Error> {
        Ok(())
    }

    fn apply(&self, _: &mut HeaderMap) -> Option<Generation> {
        let tries = self.0.fetch_add(1, Ordering::Relaxed);
        assert!(tries < 10, "the call does not end");
        None
    }

    fn rejected(&self, _: Generation) -> bool {
        true
    }

    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_credential_can_never_be_applied_ends_and_sends_nothing() {
    let fake = FakeTransport::new();
    let client = builder()
        .transport(fake.clone())
        .credential(Elusive::default());
    let client: Client = client.build().unwrap();
    let error = read(&client).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome(), error.attempts()),
        (ErrorKind::Credential, Outcome::NotSent, 0)
    );
    let credential = client.credential::<Elusive>().unwrap();
    assert_eq!(
        (credential.0.load(Ordering::Relaxed), fake.requests().len()),
        (3, 0)
    );
}
