//! Requests for secrets, from both sides.

use pwpush_api::types::RequestState;
use pwpush_api::{Expiry, NewRequest, Reason, Upload};
use security_api_sandbox::PasswordPusherEdition::{Hosted, OpenSource};

use super::support::{owner, sandbox, viewer};

#[tokio::test]
async fn a_request_is_fulfilled_read_and_closed() {
    let sandbox = sandbox(Hosted).await;
    let (asking, asked) = (owner(&sandbox).requests(), viewer(&sandbox).requests());
    let request = NewRequest::new("The key, please.")
        .close_after(Expiry::hours(12))
        .name("depot")
        .response_file_attachments(true);
    let request = asking.create(request).await.unwrap();
    assert_eq!(request.state, Some(RequestState::Open));
    assert_eq!(asking.open().items().try_collect().await.unwrap().len(), 1);

    let seen = asked.show(&request.token).await.unwrap();
    assert_eq!(seen.text.as_deref(), Some("The key, please."));
    assert!(
        asked
            .preview(&request.token)
            .await
            .unwrap()
            .url
            .expose()
            .starts_with("http")
    );
    let answer = asked.respond(&request.token, "It is 4711.");
    answer
        .file(Upload::bytes("plan.txt", "left, right"))
        .await
        .unwrap();

    assert_eq!(asking.ready().items().try_collect().await.unwrap().len(), 1);
    let read = asking.show(&request.token).await.unwrap();
    assert_eq!(read.response.as_ref().unwrap().expose(), "It is 4711.");
    assert!(!format!("{read:?}").contains("4711"));
    let file = &read.files.as_ref().unwrap()[0];
    let download = asking.download(file).await.unwrap();
    assert_eq!(download.bytes(100).await.unwrap(), "left, right");

    assert!(
        !asking
            .audit(&request.token)
            .items()
            .try_collect()
            .await
            .unwrap()
            .is_empty()
    );
    asking.close(&request.token).await.unwrap();
    assert_eq!(
        asking.closed().items().try_collect().await.unwrap().len(),
        1
    );
    assert!(
        asking
            .active()
            .items()
            .try_collect()
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_protected_request_is_answered_with_its_passphrase_only() {
    let sandbox = sandbox(Hosted).await;
    let (asking, asked) = (owner(&sandbox).requests(), viewer(&sandbox).requests());
    let request = NewRequest::new("The key, please.").passphrase("umbrella");
    let request = asking.create(request).await.unwrap();
    let token = &request.token;
    for error in [
        asked.show(token).await.unwrap_err(),
        asked.show(token).passphrase("wrong").await.unwrap_err(),
        asked.respond(token, "4711").await.unwrap_err(),
        asked
            .respond(token, "4711")
            .passphrase("wrong")
            .await
            .unwrap_err(),
    ] {
        let reason = Reason::of(&error);
        assert_eq!(reason, Some(Reason::PassphraseRefused), "{error}");
    }
    asked.show(token).passphrase("umbrella").await.unwrap();
    let respond = asked.respond(token, "4711").passphrase("umbrella");
    assert_eq!(respond.await.unwrap().state, Some(RequestState::Ready));
    let read = asking.show(token).passphrase("umbrella").await.unwrap();
    assert_eq!(read.response.unwrap().expose(), "4711");
}

#[tokio::test]
async fn accounts_and_workspaces_are_of_the_commercial_edition() {
    let hosted = sandbox(Hosted).await;
    let accounts = owner(&hosted).accounts().list().await.unwrap();
    assert!(!accounts.is_empty());
    assert_eq!(owner(&hosted).workspaces().list().await.unwrap(), accounts);
    let open_source = sandbox(OpenSource).await;
    for error in [
        owner(&open_source).accounts().list().await.unwrap_err(),
        owner(&open_source).workspaces().list().await.unwrap_err(),
    ] {
        assert_eq!(
            Reason::of(&error),
            Some(Reason::NotInThisEdition),
            "{error}"
        );
    }
    let error = owner(&open_source)
        .requests()
        .create(NewRequest::new("x"))
        .await
        .unwrap_err();
    assert_eq!(
        Reason::of(&error),
        Some(Reason::NotInThisEdition),
        "{error}"
    );
}
