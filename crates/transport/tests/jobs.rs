//! A job of several requests is one value, and its options apply to each request.

mod common;

use std::time::Duration;

use common::{CREATE, READ, builder, create, over, read, seconds};
use security_api_transport::{
    Client, Error, ErrorKind, FakeResponse, FakeTransport, Job, Outcome, RetryPolicy,
};

/// Reads a thing and creates another one.
fn copied(client: &Client) -> Job<()> {
    Job::new(client, |client| async move {
        read(&client).await?;
        create(&client).await.map(drop)
    })
}

fn service() -> FakeTransport {
    let fake = FakeTransport::new();
    fake.always(&READ, FakeResponse::json("thing"));
    fake.always(&CREATE, FakeResponse::json("made"));
    fake
}

#[tokio::test(start_paused = true)]
async fn a_job_is_a_value_that_does_nothing_until_it_is_awaited() {
    let fake = service();
    let job = copied(&over(&fake));
    assert!(fake.requests().is_empty());
    assert!(format!("{job:?}").starts_with("Job"));
    tokio::spawn(job.into_future()).await.unwrap().unwrap();
    assert_eq!(fake.requests().len(), 2);
    let client = over(&fake);
    let (one, other) = tokio::join!(copied(&client), copied(&client));
    one.and(other).unwrap();
    assert_eq!(fake.requests().len(), 6);
}

#[tokio::test(start_paused = true)]
async fn the_header_of_a_job_is_on_each_of_its_requests_and_on_no_other() {
    let fake = service();
    let client = over(&fake).with_header("x-company", "c-1").unwrap();
    copied(&client).header("x-trace", "42").await.unwrap();
    read(&client).await.unwrap();
    let sent = |name: &str| -> Vec<Option<String>> {
        let requests = fake.requests().into_iter();
        let values = requests.map(|one| one.headers.get(name).cloned());
        let texts = values.map(|value| Some(value?.to_str().unwrap().to_owned()));
        texts.collect()
    };
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(sent("x-trace"), [text("42"), text("42"), None]);
    assert_eq!(sent("x-company"), [text("c-1"), text("c-1"), text("c-1")]);

    for (name, value, says) in [
        ("x company", "1", "header: its name may have only letters"),
        (
            "x-trace",
            "a\nb",
            "header: `x-trace` cannot have this value",
        ),
        (
            "x-company",
            "c-2",
            "differs from the one that the client sends",
        ),
    ] {
        let error = copied(&client).header(name, value).await.unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
    }
    assert_eq!(fake.requests().len(), 3, "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn the_timeout_of_a_job_bounds_all_its_requests_together() {
    let fake = service();
    fake.always(&READ, FakeResponse::json("thing").delay(seconds(8.0)));
    fake.always(&CREATE, FakeResponse::json("made").delay(seconds(8.0)));
    let client = over(&fake);
    let start = tokio::time::Instant::now();
    let error = copied(&client).timeout(seconds(10.0)).await.unwrap_err();
    assert_eq!(start.elapsed(), seconds(10.0));
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert_eq!(error.outcome(), Outcome::Unknown, "the second was sent");
    assert_eq!(error.operation().unwrap().id(), CREATE.id());
    copied(&client).timeout(seconds(20.0)).await.unwrap();

    // A request after the deadline is not sent.
    fake.always(&READ, FakeResponse::json("thing"));
    let late = Job::new(&client, |client| async move {
        assert_eq!(client.time_left(), Some(seconds(10.0)));
        tokio::time::sleep(seconds(11.0)).await;
        assert_eq!(client.time_left(), Some(Duration::ZERO));
        create(&client).await.map(drop)
    });
    let error = late.timeout(seconds(10.0)).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotSent);
    assert_eq!(client.time_left(), None);
}

#[tokio::test(start_paused = true)]
async fn attempts_and_sizes_of_a_job_are_bounded_as_those_of_a_call() {
    let fake = service();
    fake.always(&READ, FakeResponse::status(503));
    let policy = RetryPolicy::default().backoff(seconds(0.001), seconds(0.001));
    let client = builder().retry(policy).transport(fake.clone());
    let client: Client = client.build().unwrap();
    for (job, attempts) in [
        (copied(&client), 4),
        (copied(&client).retries(1), 2),
        (copied(&client).retries(0), 1),
    ] {
        let error = job.await.unwrap_err();
        assert_eq!(error.attempts(), attempts);
    }
    let fake = service();
    fake.always(&READ, FakeResponse::json(&"x".repeat(100)));
    let error: Error = copied(&over(&fake)).response_limit(50).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    fake.always(&READ, FakeResponse::json("thing").delay(seconds(5.0)));
    let job = copied(&over(&fake))
        .attempt_timeout(seconds(1.0))
        .retries(0);
    assert_eq!(job.await.unwrap_err().kind(), ErrorKind::Timeout);
}
