//! The token: fetched once for everyone, renewed ahead, replaced when it is refused.

mod common;

use std::time::Duration;

use common::tokens::{bearer, crowd, good, granting, tokens};
use common::{READ, builder, read, seconds};
use security_api_transport::{Error, ErrorKind, FakeAnswer, Outcome, Rate, RateLimiter};
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

    // The same for a token that has expired meanwhile, and for clients that share the credential.
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
async fn a_token_is_renewed_ahead_by_one_caller_while_the_others_use_the_live_one() {
    let (fake, _, client) = good(4.0, 3600);
    crowd(&client, 1).await;
    // Before the last five minutes nobody renews.
    tokio::time::sleep(seconds(3200.0)).await;
    crowd(&client, 10).await;
    assert_eq!(tokens(&fake).len(), 1);
    tokio::time::sleep(seconds(200.0)).await;
    let start = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..100 {
        let call = read(&client);
        calls.spawn(async move {
            call.await.unwrap();
            start.elapsed()
        });
    }
    let mut took = calls.join_all().await;
    took.sort();
    assert_eq!((took[98], took[99]), (Duration::ZERO, seconds(4.0)));
    crowd(&client, 1).await;
    assert_eq!(
        (
            tokens(&fake).len(),
            bearer(&fake.requests_of(&READ)[111]).as_str()
        ),
        (2, "Bearer token-2")
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_keeps_the_live_token_and_is_not_repeated_at_every_call() {
    for failure in [
        FakeAnswer::status(503),
        FakeAnswer::status(400),
        FakeAnswer::never(),
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
        // Once it works again, nobody has noticed.
        granting(&fake, 0.0, 3600);
        tokio::time::sleep(seconds(30.0)).await;
        assert_eq!(crowd(&client, 10).await.0, 10);
        assert_eq!(tokens(&fake).len(), asked + 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failed_early_renewal_is_nobody_elses_error() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3594.0)).await;
    fake.path("/token", |_| FakeAnswer::status(503).delay(seconds(5.0)));
    let early = tokio::spawn(read(&client).send());
    // Meanwhile the token ends, and others need a new one.
    tokio::time::sleep(seconds(2.0)).await;
    granting(&fake, 0.0, 3600);
    assert_eq!(crowd(&client, 100).await.0, 100);
    early.await.unwrap().unwrap();
    assert_eq!(tokens(&fake).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_early_renewal_that_hangs_leaves_the_call_enough_of_its_time() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.path("/token", |_| FakeAnswer::never());
    tokio::time::sleep(seconds(3400.0)).await;
    read(&client).timeout(seconds(2.0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_fetches_may_go_away_without_stranding_the_others_or_asking_twice() {
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

#[tokio::test(start_paused = true)]
async fn errors_are_not_cached() {
    let (fake, _, client) = good(0.0, 3600);
    fake.path("/token", |_| {
        FakeAnswer::status(400).body(r#"{"error":"invalid_client"}"#)
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
    for answer in [
        FakeAnswer::status(503),
        FakeAnswer::status(400),
        FakeAnswer::error(Error::new(ErrorKind::Connect, "nobody there")),
        FakeAnswer::never(),
    ] {
        let (fake, _, client) = good(0.0, 3600);
        fake.path("/token", move |_| answer.clone());
        let (good, errors) = crowd(&client, 1000).await;
        assert_eq!((good, errors.len()), (0, 1000));
        assert!(
            errors
                .iter()
                .all(|error| error.kind() == ErrorKind::Credential
                    && error.outcome() == Outcome::NotSent)
        );
        assert!(tokens(&fake).len() <= 3, "{}", tokens(&fake).len());

        // Ten minutes of ever new callers, half of them impatient.
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
        FakeAnswer::status(429).header("retry-after", "20")
    });
    let first = read(&client).await.unwrap_err();
    assert!(
        first.is_retryable() && first.retry_after() == Some(seconds(20.0)),
        "{first:?}"
    );
    let start = Instant::now();
    let error = read(&client).timeout(seconds(19.0)).await.unwrap_err();
    assert_eq!((start.elapsed(), tokens(&fake).len()), (Duration::ZERO, 1));
    assert!(
        error.to_string().contains("429") && error.retry_after() == Some(seconds(20.0)),
        "{error:?}"
    );
    granting(&fake, 0.0, 3600);
    read(&client).timeout(seconds(21.0)).await.unwrap();
    assert_eq!(start.elapsed(), seconds(20.0));
}

#[tokio::test(start_paused = true)]
async fn a_401_renews_the_token_once_and_sends_the_call_once_more() {
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.with(&READ, |request| match bearer(request).as_str() {
        "Bearer token-1" => FakeAnswer::status(401),
        _ => FakeAnswer::json("good"),
    });
    let response = read(&client).retries(0).send_with_response().await.unwrap();
    assert_eq!((response.attempts(), tokens(&fake).len()), (2, 2));

    // A second 401 is the answer, and the new token is not thrown away for it.
    fake.always(&READ, FakeAnswer::status(401));
    let before = fake.requests_of(&READ).len();
    for round in 0..5 {
        let error = read(&client).await.unwrap_err();
        assert!(error.is_unauthorized() && !error.is_retryable());
        assert_eq!((error.attempts(), tokens(&fake).len()), (2, 3 + round));
    }
    assert_eq!(fake.requests_of(&READ).len(), before + 10);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_401s_at_once_cause_one_renewal_and_spend_no_retry_budget() {
    let (fake, _, client) = good(1.0, 3600);
    crowd(&client, 1).await;
    fake.with(&READ, |request| {
        match (bearer(request).as_str(), request.attempt) {
            ("Bearer token-1", _) => FakeAnswer::status(401).delay(seconds(0.5)),
            (_, 2) => FakeAnswer::json("good"),
            _ => FakeAnswer::status(503),
        }
    });
    assert_eq!(crowd(&client, 1000).await.0, 1000);
    assert_eq!(tokens(&fake).len(), 2);
    fake.with(&READ, |request| {
        FakeAnswer::status(if request.attempt == 1 { 503 } else { 204 })
    });
    assert_eq!(crowd(&client, 30).await.0, 30, "the budget was full");
}

#[tokio::test(start_paused = true)]
async fn a_401_for_an_older_token_does_not_drop_the_newer_one() {
    let (fake, credential, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    fake.once(&READ, FakeAnswer::status(401).delay(seconds(5.0)));
    fake.once(&READ, FakeAnswer::status(401));
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
    // The service revokes all it has granted, while the next token is on its way: the endpoint counts anew.
    let (fake, _, client) = good(0.0, 3600);
    crowd(&client, 1).await;
    tokio::time::sleep(seconds(3400.0)).await;
    granting(&fake, 2.0, 3600);
    let early = tokio::spawn(read(&client).send());
    tokio::time::sleep(seconds(1.0)).await;
    fake.with(&READ, |request| match bearer(request).as_str() {
        "Bearer token-2" => FakeAnswer::json("good"),
        _ => FakeAnswer::status(401),
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
    fake.once(&READ, FakeAnswer::status(401).delay(seconds(5.0)));
    let limiter = RateLimiter::new(Rate::per_second(0.1, 1).unwrap());
    let builder = builder()
        .transport(fake.clone())
        .credential(credential)
        .limiter(limiter);
    let client = builder.build().unwrap();
    let refused = tokio::spawn(read(&client).send_with_response());
    tokio::task::yield_now().await;
    // Its permit comes after 10 s, the new token after 14.
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
    // The new run of the endpoint counts from 1 as well.
    assert_eq!((sent.len(), tokens(&fake).len()), (4, 2));
    assert!(sent[2..].iter().all(|token| *token == "Bearer token-1"));
}
