//! Instances with other settings: the result is never `Ok` if the request was not fulfilled.

use pwpush_api::types::EmailStatus;
use pwpush_api::{
    Bounds, Expiry, Fate, NewPush, NotAsAsked, Outcome, PushKind, Reason, Retrieved, Upload,
};
use security_api_sandbox::PasswordPusherEdition::OpenSource24;
use security_api_sandbox::{PasswordPusherOptions, PasswordPusherSettings};

use super::support::{owner, sandbox, viewer, with};

fn options() -> PasswordPusherOptions {
    PasswordPusherOptions::default()
}

fn settings() -> PasswordPusherSettings {
    PasswordPusherSettings::default()
}

fn asked() -> NewPush {
    NewPush::text("hunter2")
        .expire_after(Expiry::days(60))
        .views(50)
}

#[tokio::test]
async fn lower_bounds_are_an_error_or_a_result_that_says_so() {
    let lower = settings().days(1, 30, 10).views(1, 20, 8);
    let sandbox = with(options().settings(lower)).await;
    let pushes = owner(&sandbox).pushes();
    let error = pushes.create(asked()).await.unwrap_err();
    let not = NotAsAsked::of(&error).expect("what is not as asked");
    assert_eq!(not.fate(), &Fate::Withdrawn);
    let differences: Vec<_> = not.differences().iter().map(ToString::to_string).collect();
    let expected = [
        "`expire_after`: 10 days instead of 60 days",
        "`views`: 8 instead of 50",
    ];
    assert_eq!(differences, expected);
    assert!(error.to_string().contains("`or_less`"), "{error}");
    let active = pushes.active().items().try_collect().await.unwrap();
    assert!(active.is_empty(), "nothing is left");

    let push = pushes.create(asked()).or_less().await.unwrap();
    assert_eq!(push.less(), not.differences());
    assert_eq!(push.expire_after_days, Some(10));

    let bounds = Bounds::new().days(1..=30).views(1..=20);
    let told = owner(&sandbox).assume_bounds(PushKind::Text, bounds);
    let error = told.pushes().create(asked()).await.unwrap_err();
    assert!(
        error.is_invalid() && error.outcome() == Outcome::NotSent,
        "{error}"
    );
}

#[tokio::test]
async fn an_option_that_is_switched_off_is_an_error_or_listed() {
    let off = settings().retrieval_step(false).deletable(false);
    let sandbox = with(options().settings(off)).await;
    let pushes = owner(&sandbox).pushes();
    for push in [
        NewPush::text("x").retrieval_step(true).views(1),
        NewPush::text("x").deletable_by_viewer(true),
    ] {
        let error = pushes.create(push.clone()).await.unwrap_err();
        let not = NotAsAsked::of(&error).expect("what is not as asked");
        assert_eq!(not.fate(), &Fate::Withdrawn);
        let push = pushes.create(push).or_less().await.unwrap();
        assert_eq!(push.less(), not.differences());
    }
    let push = NewPush::text("x")
        .retrieval_step(false)
        .deletable_by_viewer(false);
    assert_eq!(pushes.create(push).await.unwrap().less(), []);
}

#[tokio::test]
async fn values_that_an_instance_allows_are_not_refused() {
    let wide = settings().days(1, 1000, 7).views(1, 1000, 5).max_files(20);
    let sandbox = with(options().settings(wide)).await;
    let pushes = owner(&sandbox).pushes();
    let push = NewPush::qr("x").expire_after(Expiry::days(400)).views(500);
    let push = pushes.create(push).await.unwrap();
    assert_eq!(push.expire_after_days, Some(400));
    let files = (0..11).map(|n| Upload::bytes(n.to_string(), "x"));
    pushes.create(NewPush::files(files)).await.unwrap();
    let sandbox = with(options().settings(settings().max_files(3))).await;
    let files = (0..4).map(|n| Upload::bytes(n.to_string(), "x"));
    let error = owner(&sandbox)
        .pushes()
        .create(NewPush::files(files))
        .await
        .unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(422));
}

#[tokio::test]
async fn mail_that_a_server_ignores_is_an_error() {
    let sandbox = sandbox(OpenSource24).await;
    let push = NewPush::text("x").notify(["a@example.com"]);
    let error = owner(&sandbox).pushes().create(push).await.unwrap_err();
    assert!(error.to_string().contains("`notify`: no mail"), "{error}");
    let not = NotAsAsked::of(&error).expect("what is not as asked");
    assert_eq!(not.fate(), &Fate::Withdrawn);
}

#[tokio::test]
async fn mail_that_cannot_be_sent_says_why() {
    for (options, reason) in [
        (options().email(false), None),
        (
            options().notifications(false),
            Some(Reason::NotInThisEdition),
        ),
    ] {
        let sandbox = with(options).await;
        let pushes = owner(&sandbox).pushes();
        let push = pushes.create(NewPush::text("x")).await.unwrap();
        let error = pushes
            .notify(&push.token, ["a@example.com"])
            .await
            .unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
    }
    let sandbox = with(options().mail_fails(true)).await;
    let pushes = owner(&sandbox).pushes();
    let push = NewPush::text("x").notify(["a@example.com"]);
    let push = pushes.create(push).await.unwrap();
    sandbox.clock().advance(std::time::Duration::from_secs(5));
    let entries = pushes
        .audit(&push.token)
        .items()
        .try_collect()
        .await
        .unwrap();
    let mail = entries[1].notify_by_email.as_ref().expect("mail");
    assert_eq!(mail.status, Some(EmailStatus::Failed));
}

/// The instance and its users use French. Refusals that differ only in their texts are still distinguished.
#[tokio::test]
async fn refusals_are_told_apart_in_every_language() {
    let french = || options().user_language("fr").default_locale("fr");
    for (options, audit, expire) in [
        (french(), Reason::NotOwner, Reason::NotDeletable),
        (french().mfa(true), Reason::MfaRequired, Reason::MfaRequired),
        (
            french().unconfirmed(true),
            Reason::UserInactive,
            Reason::UserInactive,
        ),
    ] {
        let sandbox = with(options).await;
        let push = NewPush::text("x").deletable_by_viewer(false);
        let push = viewer(&sandbox).pushes().create(push).await.unwrap();
        let pushes = owner(&sandbox).pushes();
        let error = pushes.audit(&push.token).page().await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(audit.clone()), "{error}");
        let error = pushes
            .notify(&push.token, ["a@example.com"])
            .await
            .unwrap_err();
        assert_eq!(Reason::of(&error), Some(audit), "{error}");
        let error = pushes.expire(&push.token).await.unwrap_err();
        assert_eq!(Reason::of(&error), Some(expire), "{error}");
    }
}

#[tokio::test]
async fn an_instance_that_is_not_reached_says_why() {
    for (options, reason) in [
        (options().forced_tls(true), Some(Reason::TlsForced)),
        (options().gateway(true), Some(Reason::NoApiV2)),
        (options().allowed_host("elsewhere.example.com"), None),
    ] {
        let sandbox = with(options).await;
        let error = owner(&sandbox).check().await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
    }
    let sandbox = with(options().forced_tls(true)).await;
    let pushes = viewer(&sandbox).pushes();
    let error = pushes.create(NewPush::text("x")).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::TlsForced), "{error}");
    let error = pushes.show("fkwjfvhall92").await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::TlsForced), "{error}");
}

#[tokio::test]
async fn a_link_is_where_the_operator_says_and_leads_to_the_secret() {
    let sandbox = with(options().links_begin_with("https://links.example.com/x")).await;
    let viewer = viewer(&sandbox);
    let push = viewer
        .pushes()
        .create(NewPush::text("hunter2"))
        .await
        .unwrap();
    assert!(
        push.link()
            .expose()
            .starts_with("https://links.example.com/x/p/")
    );
    let token = pwpush_api::token_of_link(push.link().expose()).unwrap();
    assert_eq!(token, push.token);
    let read = viewer.pushes().show(&token).await.unwrap();
    assert!(matches!(read, Retrieved::Secret(_)));
}

/// A passphrase either protects the push or is refused.
#[tokio::test]
async fn a_blank_passphrase_is_refused_and_another_protects() {
    let sandbox = with(options()).await;
    let pushes = viewer(&sandbox).pushes();
    for blank in ["", " ", "\u{a0}\t"] {
        let push = NewPush::text("x").passphrase(blank);
        let error = pushes.create(push).await.unwrap_err();
        assert!(error.is_invalid(), "{error}");
    }
    assert_eq!(sandbox.password_pusher().pushes(), 0);
    // Nothing is trimmed, not even the line end of a file.
    for (passphrase, other) in [(" a ", "a"), ("umbrella\n", "umbrella")] {
        let push = NewPush::text("x").passphrase(passphrase);
        let push = pushes.create(push).await.unwrap();
        let wrong = pushes.show(&push.token).passphrase(other);
        for error in [
            pushes.show(&push.token).await.unwrap_err(),
            wrong.await.unwrap_err(),
        ] {
            assert_eq!(Reason::of(&error), Some(Reason::PassphraseRefused));
        }
        let read = pushes.show(&push.token).passphrase(passphrase);
        assert!(read.await.unwrap().payload().is_some());
    }
}
