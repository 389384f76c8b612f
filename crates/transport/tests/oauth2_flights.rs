//! Pending token requests while a token is refused or granted elsewhere, or a waiter goes away.

mod common;

use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use common::seconds;
use common::tokens::{good, oauth2, tokens};
use http::HeaderMap;
use security_api_transport::middleware::{
    BoxError, Credential, HttpRequest, HttpResponse, HttpService, ResponseBody,
};
use security_api_transport::{Error, FakeResponse, FakeTransport, OAuth2};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

#[tokio::test(start_paused = true)]
async fn a_token_is_not_taken_if_the_one_before_was_refused_while_it_was_granted() {
    let (fake, credential, _) = good(0.0, 3600);
    let leaf = HttpService::new(fake.clone());
    credential.ready(&leaf, None).await.unwrap();
    let generation = credential.apply(&mut HeaderMap::new()).unwrap();
    tokio::time::sleep(seconds(3400.0)).await;
    // The refusal arrives while the response with the next token is read. The service may have revoked both.
    let (refused, granted) = (credential.clone(), AtomicUsize::new(1));
    fake.path("/token", move |_| {
        let number = granted.fetch_add(1, Ordering::Relaxed) + 1;
        if number == 2 {
            assert!(refused.rejected(generation));
        }
        FakeResponse::json(&json!({"access_token": format!("token-{number}")}))
    });
    credential.renew(&leaf).await;
    assert!(credential.current().is_none());
    credential.ready(&leaf, None).await.unwrap();
    assert_eq!(credential.current().unwrap().token.expose(), "token-3");
    assert_eq!(tokens(&fake).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_token_counts_as_new_for_less_than_five_seconds() {
    for (age, is_replaced) in [(4.999, false), (5.0, true)] {
        let (fake, credential, _) = good(0.0, 3600);
        let leaf = HttpService::new(fake.clone());
        let mut last = false;
        for _ in 0..2 {
            credential.ready(&leaf, None).await.unwrap();
            let generation = credential.apply(&mut HeaderMap::new()).unwrap();
            tokio::time::sleep(seconds(age)).await;
            last = credential.rejected(generation);
        }
        // The second new one in a row is kept.
        assert_eq!(last, is_replaced, "{age}");
    }
}

/// Counts how often a waiter is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A caller that waits for a token and is polled manually.
struct Waiter {
    ready: Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>,
    woken: Arc<Woken>,
}

impl Waiter {
    fn new(credential: &OAuth2, leaf: &HttpService) -> Self {
        let (credential, leaf) = (credential.clone(), leaf.clone());
        Self {
            ready: Box::pin(async move { credential.ready(&leaf, None).await }),
            woken: Arc::default(),
        }
    }

    fn poll(&mut self) -> Poll<Result<(), Error>> {
        self.woken.0.store(0, Ordering::Relaxed);
        let waker = Waker::from(Arc::clone(&self.woken));
        self.ready.as_mut().poll(&mut Context::from_waker(&waker))
    }

    fn is_woken(&self) -> bool {
        self.woken.0.load(Ordering::Relaxed) > 0
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiter_is_woken_even_if_all_others_go_away_unpolled() {
    // The caller that polled the request last is the first or the last of them.
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        for stays in 0..3 {
            let (fake, credential, _) = good(3.0, 3600);
            let leaf = HttpService::new(fake.clone());
            let mut waiters: Vec<_> = (0..3).map(|_| Waiter::new(&credential, &leaf)).collect();
            for number in order {
                assert!(waiters[number].poll().is_pending());
            }
            tokio::time::sleep(seconds(3.0)).await;
            // The response is there, and the caller that was woken for it goes away without polling.
            let mut last = waiters.swap_remove(stays);
            drop(waiters);
            assert!(last.is_woken(), "{order:?} {stays}");
            assert!(
                matches!(last.poll(), Poll::Ready(Ok(()))),
                "{order:?} {stays}"
            );
            assert_eq!(tokens(&fake).len(), 1);
        }
    }
}

#[tokio::test]
async fn a_waiter_is_woken_for_what_happened_while_another_polled_the_request() {
    let credential = oauth2();
    let other = Arc::<Mutex<Option<Waiter>>>::default();
    let meanwhile = Arc::clone(&other);
    let leaf = HttpService::new(tower::service_fn(move |_: HttpRequest| {
        let (meanwhile, mut is_first) = (Arc::clone(&meanwhile), true);
        poll_fn(move |cx| {
            if mem::take(&mut is_first) {
                // The other caller finds the request taken.
                cx.waker().wake_by_ref();
                let mut other = meanwhile.lock().unwrap();
                assert!(other.as_mut().unwrap().poll().is_pending());
                return Poll::Pending;
            }
            let token = ResponseBody::full(r#"{"access_token":"token"}"#);
            Poll::Ready(Ok::<_, BoxError>(HttpResponse::new(token)))
        })
    }));
    let mut first = Waiter::new(&credential, &leaf);
    *other.lock().unwrap() = Some(Waiter::new(&credential, &leaf));
    assert!(first.poll().is_pending());
    drop(first);
    let mut other = other.lock().unwrap().take().unwrap();
    assert!(other.is_woken());
    assert!(matches!(other.poll(), Poll::Ready(Ok(()))));
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

#[test]
fn a_token_that_another_runtime_gets_meanwhile_is_for_all_who_wait_even_if_it_is_short_lived() {
    let (fake, credential) = (FakeTransport::new(), oauth2());
    let leaf = HttpService::new(fake.clone());
    let (elsewhere, is_first) = ((credential.clone(), leaf.clone()), Mutex::new(true));
    fake.path("/token", move |_| {
        if mem::take(&mut *is_first.lock().unwrap()) {
            let (credential, leaf) = elsewhere.clone();
            let other = thread::spawn(move || runtime().block_on(credential.ready(&leaf, None)));
            other.join().unwrap().unwrap();
        }
        FakeResponse::json(&json!({"access_token": "token", "expires_in": 1e-9}))
    });
    runtime().block_on(credential.ready(&leaf, None)).unwrap();
    assert_eq!(tokens(&fake).len(), 2);
}
