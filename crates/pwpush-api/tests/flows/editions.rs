//! Editions, and servers that are not instances of Password Pusher.

use pwpush_api::types::Edition;
use pwpush_api::{Expiry, Fate, NewPush, NotAsAsked, Reason};
use security_api_sandbox::PasswordPusherEdition::{
    Fresh, Hosted, HostedMoved, OpenSource, OpenSource24, V1Only,
};

use super::support::{owner, sandbox, viewer};

#[tokio::test]
async fn the_edition_is_found_out() {
    for (edition, expected) in [
        (OpenSource, Edition::Oss),
        (OpenSource24, Edition::Oss),
        (Hosted, Edition::Commercial),
    ] {
        let sandbox = sandbox(edition).await;
        assert_eq!(owner(&sandbox).edition().await.unwrap(), expected);
        owner(&sandbox).check().await.unwrap();
        viewer(&sandbox).check().await.unwrap();
    }
}

#[tokio::test]
async fn an_instance_that_cannot_be_used_says_why() {
    for (edition, expected) in [
        (Fresh, Reason::FirstRun),
        (V1Only, Reason::NoApiV2),
        (
            HostedMoved,
            Reason::Moved {
                host: String::new(),
            },
        ),
    ] {
        let sandbox = sandbox(edition).await;
        let push = NewPush::text("x").expire_after(Expiry::days(1));
        let error = viewer(&sandbox).pushes().create(push).await.unwrap_err();
        match (Reason::of(&error), expected) {
            (Some(Reason::Moved { host }), Reason::Moved { .. }) => {
                assert!(host.starts_with("localhost"), "{host}");
                assert!(error.to_string().contains("localhost"), "{error}");
            }
            (reason, expected) => assert_eq!(reason, Some(expected), "{error}"),
        }
    }
}

/// Each edition ignores the other's member and would keep the secret for a week.
#[tokio::test]
async fn a_wrong_edition_never_makes_a_secret_live_longer() {
    for (edition, assumed, expiry) in [
        (OpenSource, Edition::Commercial, Expiry::hours(1)),
        (OpenSource, Edition::Commercial, Expiry::days(1)),
        (Hosted, Edition::Oss, Expiry::days(1)),
    ] {
        let sandbox = sandbox(edition).await;
        let pwpush = owner(&sandbox).assume_edition(assumed);
        let push = NewPush::text("x").expire_after(expiry);
        match pwpush.pushes().create(push).await {
            Err(error) => {
                let not = NotAsAsked::of(&error).expect("what became of it");
                assert_eq!(not.fate(), &Fate::Withdrawn, "{error}");
                let active = pwpush.pushes().active().items();
                assert_eq!(active.try_collect().await.unwrap().len(), 0);
            }
            // The hosted service may support days, too.
            Ok(push) => assert_eq!((edition, push.expire_after_days), (Hosted, Some(1))),
        }
    }
}

#[tokio::test]
async fn a_secret_that_cannot_be_expired_is_returned_in_the_error() {
    let sandbox = sandbox(OpenSource).await;
    let pwpush = viewer(&sandbox).assume_edition(Edition::Commercial);
    let push = NewPush::text("x")
        .expire_after(Expiry::hours(1))
        .deletable_by_viewer(false);
    let error = pwpush.pushes().create(push).await.unwrap_err();
    let not = NotAsAsked::of(&error).expect("what became of it");
    let Fate::StillLive { token: Some(token) } = not.fate() else {
        panic!("{error}");
    };
    assert!(!format!("{error} {error:?} {error:#?}").contains(token.expose()));
    assert!(
        pwpush
            .pushes()
            .show(token)
            .await
            .unwrap()
            .payload()
            .is_some()
    );
}
