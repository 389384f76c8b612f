//! The auto traits of the public types.

mod common;

use std::fmt::Debug;
use std::future::IntoFuture;

use common::paging::ByFullness;
use security_api_transport::middleware::{CallContext, CallFuture, HttpService, JobFuture};
use security_api_transport::{
    ApiKey, Body, Call, Client, ClientBuilder, Cursor, Error, ErrorKind, FakeTransport, Items, Job,
    OAuth2, Operation, Outcome, Page, Pages, RateLimiter, RawItems, RawJson, Request, Response,
    RetryPolicy, Secret, Stamp, Tail, TailCursor, Timeline, Timestamp, UndecodedItem,
};

type Numbered = ByFullness<5>;

struct Log;

impl Timeline for Log {
    type Paging = Numbered;

    const ASCENDING: bool = true;
    const RESOLUTION: std::time::Duration = std::time::Duration::ZERO;

    fn since(&self, request: Request, _: Timestamp) -> Request {
        request
    }

    fn stamp(&self, _: &RawJson) -> Result<Stamp, Error> {
        Ok(Stamp::default())
    }
}

fn shared<T: Send + Sync + Debug + 'static>() {}
fn sent<T: Send + Debug + 'static>() {}
fn sent_only<T: Send + 'static>() {}
fn cloned<T: Clone>() {}

/// Neither `Debug` nor `Send`. The handles around it still are both.
struct Opaque(
    #[expect(dead_code, reason = "makes the type one that cannot be shared")] std::rc::Rc<()>,
);

#[test]
fn values_that_users_store_are_send_and_sync() {
    shared::<Client>();
    shared::<ClientBuilder<Client>>();
    shared::<Request>();
    shared::<Call<Opaque>>();
    shared::<Page<u32, Numbered>>();
    shared::<Response<u32>>();
    shared::<Cursor>();
    shared::<Error>();
    shared::<UndecodedItem>();
    shared::<Outcome>();
    shared::<Body>();
    shared::<CallContext>();
    shared::<HttpService>();
    shared::<RateLimiter>();
    shared::<RetryPolicy>();
    shared::<OAuth2>();
    shared::<ApiKey>();
    shared::<Secret>();
    shared::<Operation>();
    shared::<FakeTransport>();
    sent::<CallFuture<u32>>();
    sent::<<Call<u32> as IntoFuture>::IntoFuture>();
    sent::<Items<u32, Numbered>>();
    sent::<RawItems<Numbered>>();
    sent::<Pages<u32, Numbered>>();
    sent::<Tail<u32, Log>>();
    shared::<TailCursor>();
    sent::<Job<u32>>();
    sent_only::<JobFuture<u32>>();
    cloned::<Call<Opaque>>();
    cloned::<Request>();
    cloned::<Client>();
}

#[test]
fn a_client_and_an_error_are_one_pointer_wide() {
    let pointer = size_of::<usize>();
    assert_eq!(size_of::<Client>(), pointer);
    assert_eq!(size_of::<Error>(), pointer);
    assert_eq!(
        (size_of::<Option<Client>>(), size_of::<Result<(), Error>>()),
        (pointer, pointer)
    );
}

#[test]
fn an_outcome_that_an_error_has_already_changes_nothing() {
    let lost = || Error::new(ErrorKind::Io, "the connection broke");
    for error in [
        lost(),
        lost().permanent(),
        lost().with_outcome(Outcome::NotSent),
        lost().with_outcome(Outcome::NotSent).permanent(),
        lost().with_outcome(Outcome::Refused),
        Error::new(ErrorKind::Connect, "refused"),
        Error::new(ErrorKind::Connect, "not trusted").permanent(),
        Error::new(ErrorKind::Custom, "a layer failed").with_outcome(Outcome::NotSent),
        Error::new(ErrorKind::RateLimit, "the wait is too long"),
        Error::new(ErrorKind::Decode, "no JSON"),
    ] {
        let same = error.clone().with_outcome(error.outcome());
        assert_eq!(
            (same.outcome(), same.is_retryable(), same.may_be_executed()),
            (
                error.outcome(),
                error.is_retryable(),
                error.may_be_executed()
            ),
            "{error:?}"
        );
    }
    // What was retryable stays so when it turns out that nothing was done, however often that is said.
    let read =
        Error::new(ErrorKind::RateLimit, "the wait is too long").with_outcome(Outcome::Refused);
    let failed = read.with_outcome(Outcome::NotSent);
    assert!(failed.is_retryable());
    assert!(failed.with_outcome(Outcome::NotSent).is_retryable());
}

#[test]
fn context_is_at_the_end_of_an_error_and_changes_nothing_else() {
    let error = Error::new(ErrorKind::Io, "the connection broke").with_outcome(Outcome::Unknown);
    let error = error.with_context("page 3 is missing");
    let error = error.with_context(format!("go on with export {}", 7));
    assert_eq!(
        error.to_string(),
        "the connection broke; page 3 is missing; go on with export 7"
    );
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Io, Outcome::Unknown)
    );
}

#[test]
fn calls_and_streams_can_be_made_outside_a_runtime_kept_cloned_and_spawned_later() {
    let fake = FakeTransport::new();
    fake.always(
        &common::READ,
        security_api_transport::FakeResponse::json("good"),
    );
    let call = common::read(&common::over(&fake));
    let future = call.clone().send();
    let stream = Items::<u32, Numbered>::new(call.clone().into_request());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let spawned = runtime.spawn(future);
    assert_eq!(runtime.block_on(spawned).unwrap().unwrap(), "good");
    assert_eq!(runtime.block_on(call.into_future()).unwrap(), "good");
    drop(stream);
    assert_eq!(fake.requests().len(), 2);
}
