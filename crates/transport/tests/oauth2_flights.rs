//! Pending token requests while a token is refused or a waiter goes away.

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use common::seconds;
use common::tokens::{good, tokens};
use http::HeaderMap;
use security_api_transport::middleware::{Credential, HttpService};
use security_api_transport::{Error, FakeResponse};
use serde_json::json;

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

/// Counts how often a waiter is woken.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// A caller that waits for a token and is polled manually.
struct Waiter<'a> {
    ready: Pin<Box<dyn Future<Output = Result<(), Error>> + Send + 'a>>,
    woken: Arc<Woken>,
}

impl<'a> Waiter<'a> {
    fn new(credential: &'a dyn Credential, leaf: &'a HttpService) -> Self {
        Self {
            ready: credential.ready(leaf, None),
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
