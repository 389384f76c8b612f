//! The public types: their auto traits, conversions, and what is shown of them.

mod common;

use std::fmt::Debug;
use std::future::IntoFuture;

use common::paging::ByFullness;
use security_api_transport::middleware::{CallContext, CallFuture, HttpService, JobFuture};
use security_api_transport::{
    ApiKey, Body, Call, Client, ClientBuilder, Cursor, Error, ErrorKind, FakeTransport, Items, Job,
    OAuth2, Operation, Outcome, Page, Pages, Patch, RateLimiter, RawItems, RawJson, Request,
    Response, RetryPolicy, Secret, Stamp, Tail, TailCursor, Timeline, Timestamp, UndecodedItem,
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

#[test]
fn a_member_of_a_partial_update_is_set_to_a_value_and_cleared_by_none() {
    assert_eq!(Patch::<i32>::from(3), Patch::Set(3));
    assert_eq!(Patch::<i32>::from(Some(3)), Patch::Set(3));
    assert_eq!(Patch::<i32>::from(None), Patch::Clear);
    assert_eq!(Patch::<String>::from("a"), Patch::Set("a".to_owned()));
}

#[test]
fn raw_json_is_its_text_and_on_one_line_if_asked_and_shown_by_its_length() {
    for (text, line) in [
        ("{\n\"a\":\r\n1}", "{ \"a\":  1}"),
        (r#"["\n"]"#, r#"["\n"]"#),
    ] {
        let raw: RawJson = serde_json::from_str(text).unwrap();
        assert_eq!((raw.as_str(), raw.as_bytes()), (text, text.as_bytes()));
        assert_eq!(
            (&raw.to_bytes()[..], &*raw.to_line()),
            (text.as_bytes(), line)
        );
        assert_eq!(format!("{raw:?}"), format!("RawJson({} bytes)", text.len()));
    }
}

#[test]
fn a_secret_is_the_same_whatever_it_is_made_from() {
    let secret = Secret::from("s3cret");
    for other in [
        Secret::from(&secret),
        Secret::from(&"s3cret".to_owned()),
        serde_json::from_str(r#""s3cret""#).unwrap(),
    ] {
        assert_eq!(other.expose(), "s3cret");
    }
    assert_eq!(AsRef::<str>::as_ref(&secret), "s3cret");
}
