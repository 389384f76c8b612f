//! Uploads and downloads.

use std::sync::{Arc, Mutex};

use pwpush_api::types::RetrievedPush;
use pwpush_api::{FakeResponse, FakeTransport, NewPush, Reason, Upload, operations};
use serde_json::json;

use super::support::{anonymous, created, shown, with_token};

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).into_owned()
}

#[tokio::test(start_paused = true)]
async fn a_form_is_sent_again_byte_for_byte_with_false_flags_and_files_by_name() {
    let fake = FakeTransport::new();
    fake.once(
        &operations::PUSHES_CREATE,
        FakeResponse::status(429)
            .body("Retry later\n")
            .header("retry-after", "3"),
    );
    fake.once(
        &operations::PUSHES_CREATE,
        created(&json!({"url_token": "abc", "deletable_by_viewer": false})),
    );
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&seen);
    let push = NewPush::files([
        Upload::bytes("Übersicht \"1\"\n.txt", "one"),
        Upload::bytes("100%41.txt", vec![b'x'; 200_000]),
    ])
    .message("beside")
    .deletable_by_viewer(false);
    let create = with_token(&fake).pushes().create(push);
    create
        .on_progress(move |sent, all| noted.lock().unwrap().push((sent, all)))
        .await
        .unwrap();
    let requests = fake.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].body == requests[1].body);
    let body = text(&requests[0].body);
    for part in [
        "name=\"push[payload]\"\r\n\r\nbeside\r\n",
        "name=\"push[kind]\"\r\n\r\nfile\r\n",
        "name=\"push[deletable_by_viewer]\"\r\n\r\nfalse\r\n",
        "name=\"push[files][]\"; filename=\"Übersicht %221%22%0A.txt\"",
        "name=\"push[files][]\"; filename=\"100%2541.txt\"",
    ] {
        assert!(body.contains(part), "{part}");
    }
    assert!(!body.contains("retrieval_step"));
    let length = requests[0].body.len() as u64;
    let seen = seen.lock().unwrap();
    assert_eq!(
        seen.iter()
            .filter(|(sent, all)| sent == all && *all == length)
            .count(),
        2
    );
}

#[tokio::test]
async fn files_without_a_token_are_refused_before_anything_is_sent() {
    let fake = FakeTransport::new();
    let push = NewPush::files([Upload::bytes("a", "b")]);
    let error = anonymous(&fake).pushes().create(push).await.unwrap_err();
    assert!(
        error.is_invalid() && error.to_string().contains("API token"),
        "{error}"
    );
    assert!(fake.requests().is_empty());
}

fn pushed(url: &str) -> RetrievedPush {
    serde_json::from_value(json!({
        "url_token": "abc", "files": [{"filename": "../../evil", "content_type": null, "url": url}],
    }))
    .unwrap()
}

const LINK: &str = "https://pwpush.example.com/pfb/blobs/redirect/s1gned/evil";

#[tokio::test]
async fn a_file_is_fetched_wherever_it_is_and_the_token_stays_at_home() {
    let fake = FakeTransport::new();
    let to = |url: &str| FakeResponse::status(302).header("location", url);
    let storage = to("https://storage.example.net/bucket/evil?signature=s1gned");
    fake.path("/pfb/blobs/redirect/s1gned/evil", move |_| storage.clone());
    fake.path("/bucket/evil", move |_| to("/other?x=1"));
    fake.path("/other", |_| FakeResponse::status(200).body("content"));
    let push = pushed(LINK);
    let file = &push.files.as_ref().unwrap()[0];
    assert!(!format!("{push:?}").contains("s1gned"));
    let download = with_token(&fake).pushes().download(file).await.unwrap();
    assert_eq!(download.bytes(100).await.unwrap(), "content");
    let requests = fake.requests();
    let urls: Vec<_> = requests
        .iter()
        .map(|request| request.uri.to_string())
        .collect();
    assert_eq!(
        urls,
        [
            LINK,
            "https://storage.example.net/bucket/evil?signature=s1gned",
            "https://storage.example.net/other?x=1",
        ]
    );
    for request in requests {
        assert!(!request.headers.contains_key("authorization"));
        assert_eq!(request.headers["accept"], "*/*");
    }
}

#[tokio::test]
async fn refusals_of_the_storage_mean_that_the_link_has_expired() {
    for (status, reason) in [
        (401, Some(Reason::LinkExpired)),
        (403, Some(Reason::LinkExpired)),
        (404, Some(Reason::LinkExpired)),
        (410, Some(Reason::LinkExpired)),
        (400, None),
    ] {
        let fake = FakeTransport::new();
        fake.path("/pfb/blobs/redirect/s1gned/evil", |_| {
            FakeResponse::status(302).header("location", "https://storage.example.net/evil")
        });
        fake.path("/evil", move |_| FakeResponse::status(status));
        let push = pushed(LINK);
        let file = &push.files.as_ref().unwrap()[0];
        let call = with_token(&fake).pushes().download(file);
        let error = call.await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
    }
}

#[tokio::test]
async fn a_link_that_has_expired_or_leads_into_the_clear_is_refused_without_being_shown() {
    for (response, says, reason) in [
        (
            FakeResponse::status(404),
            "5 minutes",
            Some(Reason::LinkExpired),
        ),
        (
            FakeResponse::status(403).body("<Error/>"),
            "5 minutes",
            Some(Reason::LinkExpired),
        ),
        (
            FakeResponse::status(302).header("location", "http://storage.example.net/s1gned"),
            "not `https`",
            None,
        ),
        (
            FakeResponse::status(302).header("location", LINK),
            "more than 5 times",
            None,
        ),
    ] {
        let fake = FakeTransport::new();
        fake.path("/pfb/blobs/redirect/s1gned/evil", move |_| response.clone());
        let push = pushed(LINK);
        let call = with_token(&fake)
            .pushes()
            .download(&push.files.as_ref().unwrap()[0]);
        assert!(!format!("{call:?}").contains("s1gned"));
        let error = call.await.unwrap_err();
        assert_eq!(Reason::of(&error), reason, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(!shown(&error).contains("s1gned"), "{error:?}");
    }
    for url in [
        "http://pwpush.example.com/s1gned",
        "http://127.0.0.1/s1gned",
        "file:///s1gned",
        "s1gned",
    ] {
        let fake = FakeTransport::new();
        let push = pushed(url);
        let error = with_token(&fake)
            .pushes()
            .download(&push.files.as_ref().unwrap()[0])
            .await
            .unwrap_err();
        assert!(error.is_invalid() && fake.requests().is_empty(), "{error}");
        assert!(!shown(&error).contains("s1gned"), "{error:?}");
    }
}

#[tokio::test]
async fn a_file_is_bounded_by_the_calls_limit_and_lands_in_its_folder() {
    let fake = FakeTransport::new();
    fake.path("/pfb/blobs/redirect/s1gned/evil", |_| {
        FakeResponse::status(200).body("content")
    });
    let push = pushed(LINK);
    let file = &push.files.as_ref().unwrap()[0];
    let pushes = with_token(&fake).pushes();
    let result = match pushes.download(file).response_limit(3).await {
        Ok(download) => download.bytes(100).await,
        Err(error) => Err(error),
    };
    assert!(result.unwrap_err().to_string().contains("3 bytes"));
    let folder = tempfile::tempdir().unwrap();
    let download = pushes.download(file).await.unwrap();
    let path = download
        .save_in(&folder, file.filename.as_deref().unwrap())
        .await
        .unwrap();
    assert_eq!(path, folder.path().join("evil"));
    assert_eq!(tokio::fs::read(&path).await.unwrap(), b"content");
}

#[tokio::test]
async fn a_name_under_which_a_file_could_not_be_fetched_is_refused_before_sending() {
    let fake = FakeTransport::new();
    let pushes = with_token(&fake).pushes();
    for name in [
        "", ".", "..", " .. ", "\t", "/", "a/..", "a\\.", "../ ./", "..//", "a\0b", "a/ ",
    ] {
        let push = NewPush::files([Upload::bytes("good", "x"), Upload::bytes(name, "x")]);
        let error = pushes.create(push).await.unwrap_err();
        assert!(error.is_invalid(), "{name:?}: {error}");
        assert!(error.to_string().contains("`file_name`"), "{error}");
    }
    for link in ["/.", "/..", "/%2e", "/.%2E", "/.?a=/b", "/..#x"] {
        let push = pushed(&format!(
            "https://pwpush.example.com/pfb/blobs/redirect/s1gned{link}"
        ));
        let file = &push.files.as_ref().unwrap()[0];
        let error = pushes.download(file).await.unwrap_err();
        assert!(error.is_invalid(), "{link}: {error}");
        assert!(error.to_string().contains("another name"), "{error}");
        assert!(!shown(&error).contains("s1gned"), "{error:?}");
    }
    assert!(fake.requests().is_empty());
    for name in [".a", "a.", "...", "a/b", ". .", "..a/", "\u{a0}", "a:b?"] {
        let push = NewPush::files([Upload::bytes(name, "x")]);
        let error = pushes.create(push).await.unwrap_err();
        assert!(!error.is_invalid(), "{name:?}: {error}");
    }
    assert!(!fake.requests().is_empty());
}
