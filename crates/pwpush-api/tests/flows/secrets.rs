//! Secrets that are pushed, retrieved and expired.

use std::time::Duration;

use pwpush_api::types::AuditKind;
use pwpush_api::{Client, Expiry, NewPush, Reason, Retrieved, Secret};
use security_api_sandbox::PasswordPusherEdition::{Hosted, OpenSource, OpenSource24};
use security_api_sandbox::Sandbox;

use super::support::{owner, sandbox, stranger, viewer};

/// Retrieves the push, which may use up a view, and returns whether it has expired.
async fn is_expired(client: &Client, token: &Secret) -> bool {
    client.pushes().show(token).await.unwrap().is_expired()
}

#[tokio::test]
async fn a_secret_is_read_once_and_then_gone_and_the_audit_tells() {
    for edition in [OpenSource, OpenSource24, Hosted] {
        let sandbox = sandbox(edition).await;
        let (owner, viewer) = (owner(&sandbox), viewer(&sandbox));
        let secret = " kept: \"ünïcode\"\n and spaces ";
        let push = NewPush::text(secret)
            .expire_after(Expiry::days(1))
            .views(1)
            .name("vpn");
        let push = owner.pushes().create(push).await.unwrap();
        assert_eq!(push.expire_after_views, Some(1));

        let link = viewer.pushes().preview(&push.token).await.unwrap().url;
        assert!(link.expose().contains(push.token.expose()));

        let read = viewer.pushes().show(&push.token).await.unwrap();
        assert_eq!(read.payload().unwrap().expose(), secret);
        assert!(is_expired(&viewer, &push.token).await);

        let entries = owner.pushes().audit(&push.token).items();
        let entries = entries.try_collect().await.unwrap();
        let kinds: Vec<_> = entries.into_iter().filter_map(|entry| entry.kind).collect();
        assert_eq!(
            kinds,
            [AuditKind::Creation, AuditKind::View, AuditKind::FailedView]
        );

        let expired = owner.pushes().expired().items();
        let expired = expired.try_collect().await.unwrap();
        assert_eq!(expired.len(), 1);
        assert_eq!(expired[0].name.as_deref(), Some("vpn"));
    }
}

#[tokio::test]
async fn a_wrong_passphrase_uses_no_view_up() {
    let sandbox = sandbox(OpenSource).await;
    let pushes = viewer(&sandbox).pushes();
    let push = NewPush::text("hunter2")
        .passphrase("plain & yellow")
        .views(1);
    let push = pushes.create(push).await.unwrap();
    for call in [
        pushes.show(&push.token),
        pushes.show(&push.token).passphrase("wrong"),
    ] {
        let error = call.await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(Reason::PassphraseRefused));
    }
    let read = pushes
        .show(&push.token)
        .passphrase("plain & yellow")
        .await
        .unwrap();
    assert_eq!(read.payload().unwrap().expose(), "hunter2");
}

#[tokio::test]
async fn a_passphrase_that_is_tried_too_often_locks_that_push_alone() {
    let sandbox = Sandbox::start().await.unwrap();
    let pushes = viewer(&sandbox).pushes();
    let push = pushes
        .create(NewPush::text("hunter2").passphrase("right"))
        .await
        .unwrap();
    let other = pushes
        .create(NewPush::text("other").passphrase("right"))
        .await
        .unwrap();
    for _ in 0..5 {
        let error = pushes
            .show(&push.token)
            .passphrase("wrong")
            .await
            .unwrap_err();
        assert_eq!(Reason::of(&error), Some(Reason::PassphraseRefused));
    }
    let error = pushes
        .show(&push.token)
        .passphrase("right")
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::PassphraseLocked));
    assert_eq!(error.attempts(), 1);
    assert!(
        pushes
            .show(&other.token)
            .passphrase("right")
            .await
            .unwrap()
            .payload()
            .is_some()
    );
}

#[tokio::test]
async fn the_owner_reads_without_using_views_up() {
    let sandbox = sandbox(OpenSource).await;
    let push = NewPush::text("hunter2").views(1);
    let push = owner(&sandbox).pushes().create(push).await.unwrap();
    for _ in 0..3 {
        assert!(!is_expired(&owner(&sandbox), &push.token).await);
    }
    assert!(!is_expired(&viewer(&sandbox), &push.token).await);
    assert!(is_expired(&viewer(&sandbox), &push.token).await);
}

#[tokio::test]
async fn a_secret_lives_exactly_as_long_as_asked() {
    for (edition, expiry, lives) in [
        (OpenSource, Expiry::days(2), Duration::from_secs(2 * 86_400)),
        (Hosted, Expiry::hours(1), Duration::from_secs(3_600)),
        (Hosted, Expiry::days(7), Duration::from_secs(7 * 86_400)),
    ] {
        let sandbox = sandbox(edition).await;
        let pushes = owner(&sandbox).pushes();
        let push = pushes
            .create(NewPush::text("x").expire_after(expiry))
            .await
            .unwrap();
        sandbox.clock().advance(lives - Duration::from_secs(30));
        assert!(
            !pushes.show(&push.token).await.unwrap().is_expired(),
            "{expiry}"
        );
        sandbox.clock().advance(Duration::from_secs(60));
        assert!(
            pushes.show(&push.token).await.unwrap().is_expired(),
            "{expiry}"
        );
    }
}

#[tokio::test]
async fn who_may_expire_and_audit_a_push() {
    let sandbox = sandbox(OpenSource).await;
    let push = NewPush::url("https://example.com/reset").expire_after(Expiry::days(1));
    let push = owner(&sandbox).pushes().create(push).await.unwrap();
    let error = stranger(&sandbox)
        .pushes()
        .expire(&push.token)
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotDeletable));
    let error = stranger(&sandbox)
        .pushes()
        .audit(&push.token)
        .page()
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotOwner));
    let error = viewer(&sandbox)
        .pushes()
        .audit(&push.token)
        .page()
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::TokenNeeded));
    for _ in 0..2 {
        let gone = owner(&sandbox).pushes().expire(&push.token).await.unwrap();
        assert_eq!(gone.expired, Some(true));
    }
    let Retrieved::Expired(gone) = viewer(&sandbox).pushes().show(&push.token).await.unwrap()
    else {
        panic!("not expired");
    };
    assert_eq!(gone.deleted, Some(true));
    let error = viewer(&sandbox).pushes().show("n0such").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotFound));
}

#[tokio::test]
async fn a_list_is_read_over_all_its_pages() {
    let sandbox = sandbox(OpenSource).await;
    let pushes = owner(&sandbox).pushes();
    for n in 0..105 {
        pushes
            .create(NewPush::text("x").name(n.to_string()))
            .await
            .unwrap();
    }
    let names: Vec<_> = pushes.active().items().try_collect().await.unwrap();
    let names: Vec<_> = names.into_iter().filter_map(|push| push.name).collect();
    let expected: Vec<_> = (0..105).rev().map(|n| n.to_string()).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn mail_is_sent_to_whom_it_is_meant() {
    let sandbox = sandbox(OpenSource).await;
    let pushes = owner(&sandbox).pushes();
    let push = NewPush::text("x")
        .notify(["a@example.com"])
        .notify_locale("fr");
    let push = pushes.create(push).await.unwrap();
    assert_eq!(push.notify_emails_to.as_deref(), Some("a@example.com"));
    pushes
        .notify(&push.token, ["b@example.com", "c@example.com"])
        .await
        .unwrap();
    let error = stranger(&sandbox)
        .pushes()
        .notify(&push.token, ["d@example.com"])
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotOwner));
    let error = pushes
        .notify("n0such", ["d@example.com"])
        .await
        .unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::NotFound));
}
