//! Uploads and downloads of files.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use pwpush_api::types::RetrievedPush;
use pwpush_api::{Client, Expiry, NewPush, Outcome, Reason, Retrieved, Upload};
use security_api_sandbox::PasswordPusherEdition::{Hosted, OpenSource};

use super::support::{owner, sandbox, viewer};

async fn read(pwpush: &Client, token: &str) -> RetrievedPush {
    match pwpush.pushes().show(token).await.unwrap() {
        Retrieved::Secret(push) => push,
        Retrieved::Expired(_) => panic!("expired"),
    }
}

#[tokio::test]
async fn files_arrive_whole_under_the_names_that_the_service_gives_them() {
    for edition in [OpenSource, Hosted] {
        let sandbox = sandbox(edition).await;
        let folder = tempfile::tempdir().unwrap();
        let large: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let on_disk = folder.path().join("large.bin");
        tokio::fs::write(&on_disk, &large).await.unwrap();
        // Names as they are sent and as they are received.
        let names = [
            ("a \"quoted\"; name.txt", "a -quoted-- name.txt"),
            ("two\r\nlines.txt", "two--lines.txt"),
            ("Übersicht 計画.pdf", "Übersicht 計画.pdf"),
            ("100%41.txt", "100-41.txt"),
            ("50% \"off\".txt", "50- -off-.txt"),
            ("C:\\plans\\a|b?.txt", "a-b-.txt"),
            (" blanks .txt ", "blanks .txt"),
        ];
        let push = NewPush::files(names.map(|(name, _)| Upload::bytes(name, name.to_owned())))
            .file(Upload::file(&on_disk).await.unwrap())
            .message("eight files")
            .expire_after(Expiry::days(1))
            .views(3);
        let push = owner(&sandbox).pushes().create(push).await.unwrap();

        let viewer = viewer(&sandbox);
        let push = read(&viewer, push.token.expose()).await;
        assert_eq!(push.payload.as_ref().unwrap().expose(), "eight files");
        let files = push.files.as_ref().unwrap();
        assert_eq!(files.len(), 8);
        let into = folder.path().join("received");
        tokio::fs::create_dir_all(&into).await.unwrap();
        for (file, (name, arrives)) in files.iter().zip(names) {
            assert_eq!(file.filename.as_deref(), Some(arrives));
            let download = viewer.pushes().download(file).await.unwrap();
            let path = download.save_in(&into, arrives).await.unwrap();
            assert_eq!(path.parent(), Some(into.as_path()));
            assert_eq!(tokio::fs::read(path).await.unwrap(), name.as_bytes());
        }
        let told = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&told);
        let path = into.join("large.bin");
        let download = viewer.pushes().download(&files[7]).await.unwrap();
        let length = download
            .on_progress(move |written, _| noted.lock().unwrap().push(written))
            .save_as(&path)
            .await
            .unwrap();
        assert_eq!(length, large.len() as u64);
        assert_eq!(told.lock().unwrap().last(), Some(&length));
        assert!(tokio::fs::read(&path).await.unwrap() == large);
    }
}

#[tokio::test]
async fn files_need_no_message() {
    for edition in [OpenSource, Hosted] {
        let sandbox = sandbox(edition).await;
        for message in ["", " \n"] {
            let push = NewPush::files([Upload::bytes("a.txt", "x")]).message(message);
            let push = owner(&sandbox).pushes().create(push).await.unwrap();
            let push = read(&viewer(&sandbox), push.token.expose()).await;
            assert_eq!(push.files.unwrap().len(), 1);
        }
    }
}

#[tokio::test]
async fn names_that_lead_out_of_the_folder_do_not() {
    let sandbox = sandbox(OpenSource).await;
    let folder = tempfile::tempdir().unwrap();
    let names = ["../../outside.txt", "/etc/outside.txt", "C:\\outside.txt"];
    let push = NewPush::files(names.map(|name| Upload::bytes(name, "x")));
    let push = owner(&sandbox).pushes().create(push).await.unwrap();
    let push = read(&viewer(&sandbox), push.token.expose()).await;
    for file in push.files.iter().flatten() {
        let download = owner(&sandbox).pushes().download(file).await.unwrap();
        let name = file.filename.as_deref().unwrap_or("file");
        let path = download.save_in(&folder, name).await.unwrap();
        assert_eq!(path.parent(), Some(folder.path()), "{name}");
    }
}

#[tokio::test]
async fn a_link_holds_for_five_minutes_and_the_next_read_gives_another() {
    let sandbox = sandbox(OpenSource).await;
    let push = NewPush::files([Upload::bytes("a.txt", "content")]).views(2);
    let push = owner(&sandbox).pushes().create(push).await.unwrap();
    let viewer = viewer(&sandbox);
    let first = read(&viewer, push.token.expose()).await;
    sandbox.clock().advance(Duration::from_secs(301));
    let file = &first.files.as_ref().unwrap()[0];
    let error = viewer.pushes().download(file).await.unwrap_err();
    assert_eq!(Reason::of(&error), Some(Reason::LinkExpired));
    let again = read(&viewer, push.token.expose()).await;
    let file = &again.files.as_ref().unwrap()[0];
    let download = viewer.pushes().download(file).await.unwrap();
    assert_eq!(download.bytes(100).await.unwrap(), "content");
}

#[tokio::test]
async fn a_file_that_changed_meanwhile_is_not_sent() {
    let sandbox = sandbox(OpenSource).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    for (before, outcome) in [(true, Outcome::NotSent), (false, Outcome::Unknown)] {
        tokio::fs::write(&path, "one").await.unwrap();
        let push = NewPush::files([Upload::file(&path).await.unwrap()]);
        let path = path.clone();
        let change = move || std::fs::write(&path, "another").unwrap();
        let create = owner(&sandbox).pushes().create(push);
        let error = match before {
            true => {
                change();
                create.await.unwrap_err()
            }
            // The first bytes of the form are sent by then.
            false => create.on_progress(move |_, _| change()).await.unwrap_err(),
        };
        assert_eq!(error.outcome(), outcome, "{error}");
        assert!(
            error.is_invalid() && error.to_string().contains("has changed"),
            "{error}"
        );
    }
    assert_eq!(sandbox.password_pusher().pushes(), 0);
}
