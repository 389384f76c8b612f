//! Tokens that the service refuses.

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};

use common::tokens::{bearer, crowd, good, granting, tokens};
use common::{CREATE, READ, builder, create, read, seconds};
use http::HeaderMap;
use security_api_transport::middleware::{Credential, Generation, HttpService};
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Outcome, Rate, RateLimiter, Secret,
};
use tokio::time::Instant;

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
