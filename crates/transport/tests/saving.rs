//! Saved files: their paths, names and permissions. No other file is touched.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use common::{EXPORT, builder, over};
use futures_util::{StreamExt, stream};
use http::header::{CONTENT_DISPOSITION, HeaderValue};
use http_body::Frame;
use http_body_util::StreamBody;
use security_api_transport::middleware::{BoxError, HttpRequest, HttpResponse, ResponseBody};
use security_api_transport::{
    Client, Download, Error, ErrorKind, FakeResponse, FakeTransport, Outcome,
};
use tempfile::tempdir;
use tokio::sync::watch;

/// Returns a client whose calls return a file of this name. Its content is the number of the call.
fn named(name: &str) -> Client {
    let fake = FakeTransport::new();
    let disposition = format!("attachment; filename=\"{name}\"");
    let counted = fake.clone();
    fake.with(&EXPORT, move |_| {
        FakeResponse::status(200)
            .header("content-disposition", &disposition)
            .body(counted.requests().len().to_string())
    });
    over(&fake)
}

async fn file(client: &Client) -> Download {
    client.operation(&EXPORT, &[]).call().await.unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

fn text(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn saving_into_a_folder_never_replaces_anything() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, there) in [
        ("notes.txt", "notes.txt"),
        ("notes.txt", "notes.txt.part"),
        ("bare", "bare"),
        (".bashrc", ".bashrc"),
        ("bashrc", "bashrc (2)"),
        ("taken", "taken/"),
    ] {
        match there.strip_suffix('/') {
            Some(folder) => fs::create_dir(at(folder)).unwrap(),
            None => fs::write(at(there), "mine").unwrap(),
        }
        let client = named(name);
        for _ in 0..3 {
            let before = names(folder.path());
            let path = file(&client).await.save_in(&folder, "x").await.unwrap();
            let now = names(folder.path());
            let new: Vec<_> = now.difference(&before).collect();
            assert_eq!(new, [path.file_name().unwrap().to_str().unwrap()]);
        }
        if !there.ends_with('/') {
            assert_eq!(text(at(there)), "mine");
        }
    }
    for (name, content) in [
        ("notes (2).txt", "1"),
        ("notes (4).txt", "3"),
        ("notes (7).txt", "3"),
        ("bare (2)", "1"),
        ("bashrc", "1"),
        ("bashrc (3)", "3"),
        ("taken (2)", "1"),
    ] {
        assert_eq!(
            text(at(name)),
            content,
            "{name}: {:?}",
            names(folder.path())
        );
    }
}

#[tokio::test]
async fn saving_as_a_new_file_is_an_error_where_there_is_something() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let client = named("x");
    assert_eq!(file(&client).await.save_as(&path).await.unwrap(), 1);
    let error = file(&client).await.save_as(&path).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.outcome()),
        (ErrorKind::Io, Outcome::Answered)
    );
    assert!(!error.is_retryable());
    assert!(error.to_string().contains("is there already"), "{error}");
    assert!(error.to_string().starts_with("exports.get: "), "{error}");
    assert_eq!((text(&path).as_str(), names(folder.path()).len()), ("1", 1));
    // The name of a folder cannot be that of a file.
    for path in [folder.path().join(".."), "/".into(), "".into()] {
        for replace in [false, true] {
            let error = match replace {
                false => file(&client).await.save_as(&path).await.unwrap_err(),
                true => file(&client).await.replace(&path).await.unwrap_err(),
            };
            assert!(
                error.to_string().contains("already") || error.is_invalid(),
                "{error}"
            );
        }
    }
    let nowhere = folder.path().join("no/such/folder");
    let error = file(&client)
        .await
        .save_in(&nowhere, "x")
        .await
        .unwrap_err();
    assert!(error.to_string().contains("cannot be written"), "{error}");
}

#[tokio::test]
async fn replacing_a_file_is_asked_for_by_name() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    let client = named("x");
    for content in ["1", "2"] {
        assert_eq!(file(&client).await.replace(&path).await.unwrap(), 1);
        assert_eq!(text(&path), content);
    }
    assert_eq!(names(folder.path()).len(), 1);
}

/// Returns a file of three pieces of this letter. Each piece is sent when the count exceeds its number.
fn slowly(letter: u8, count: &watch::Receiver<usize>) -> Client {
    let count = count.clone();
    let transport = tower::service_fn(move |_: HttpRequest| {
        let count = count.clone();
        async move {
            let body = stream::iter(0..3).then(move |number| {
                let mut count = count.clone();
                async move {
                    count.wait_for(|&count| count > number).await?;
                    Ok::<_, BoxError>(Frame::data(Bytes::from(vec![letter; 1000])))
                }
            });
            let body = ResponseBody::stream(StreamBody::new(body));
            let mut response = HttpResponse::new(body);
            let name = HeaderValue::from_static("attachment; filename=\"x.bin\"");
            response.headers_mut().insert(CONTENT_DISPOSITION, name);
            Ok::<_, BoxError>(response)
        }
    });
    builder().transport(transport).build().unwrap()
}

fn letters(letter: u8) -> String {
    String::from_utf8(vec![letter; 3000]).unwrap()
}

#[tokio::test]
async fn two_downloads_to_one_path_at_once_never_mix() {
    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (more, count) = watch::channel(0);
    let (a, b) = (slowly(b'a', &count), slowly(b'b', &count));
    let begun = |folder: &Path| {
        let parts = names(folder);
        let parts = parts.iter().filter(|name| name.ends_with(".part"));
        parts.count()
    };
    let grow = async || {
        for pieces in 0..=3 {
            while begun(folder.path()) < 2 && pieces == 0 {
                tokio::task::yield_now().await;
            }
            more.send_replace(pieces);
            tokio::task::yield_now().await;
        }
    };

    let (one, other) = (file(&a).await, file(&b).await);
    let (one, other, ()) = tokio::join!(
        one.save_in(&folder, "x"),
        other.save_in(&folder, "x"),
        grow()
    );
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!((text(&one), text(&other)), (letters(b'a'), letters(b'b')));
    assert_eq!(
        names(folder.path()),
        BTreeSet::from(["x (2).bin".to_owned(), "x.bin".to_owned()])
    );

    more.send_replace(0);
    let (one, other) = (file(&a).await, file(&b).await);
    let path = at("new");
    let (one, other, ()) = tokio::join!(one.save_as(&path), other.save_as(&path), grow());
    let winner = match (one, other) {
        (Ok(3000), Err(error)) => (b'a', error),
        (Err(error), Ok(3000)) => (b'b', error),
        results => panic!("{results:?}"),
    };
    assert_eq!(text(&path), letters(winner.0));
    assert!(winner.1.to_string().contains("is there already"));

    more.send_replace(0);
    let (one, other) = (file(&a).await, file(&b).await);
    let (one, other, ()) = tokio::join!(one.replace(&path), other.replace(&path), grow());
    assert_eq!((one.unwrap(), other.unwrap()), (3000, 3000));
    assert!([letters(b'a'), letters(b'b')].contains(&text(&path)));
    assert_eq!(names(folder.path()).len(), 3);
}

#[tokio::test]
async fn a_download_that_is_dropped_leaves_nothing_behind() {
    let folder = tempdir().unwrap();
    let (more, count) = watch::channel(1);
    let client = slowly(b'a', &count);
    let path = folder.path().join("there");
    fs::write(&path, "mine").unwrap();
    let saving: [std::pin::Pin<Box<dyn Future<Output = ()> + Send>>; 3] = {
        let (one, two, three) = (
            file(&client).await,
            file(&client).await,
            file(&client).await,
        );
        let (into, new, there) = (
            folder.path().to_owned(),
            folder.path().join("new"),
            path.clone(),
        );
        [
            Box::pin(async move { drop(one.save_in(into, "x").await) }),
            Box::pin(async move { drop(two.save_as(new).await) }),
            Box::pin(async move { drop(three.replace(there).await) }),
        ]
    };
    for saving in saving {
        let task = tokio::spawn(saving);
        while names(folder.path()).len() == 1 {
            tokio::task::yield_now().await;
        }
        task.abort();
        let _ = task.await;
        while names(folder.path()).len() > 1 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(text(&path), "mine");
    drop(more);
}

// Elsewhere a folder with an open file cannot be removed.
#[cfg(unix)]
#[test]
fn a_folder_that_vanishes_while_a_file_arrives_is_an_error() {
    use std::time::Duration;

    type Save = fn(Download, &Path) -> futures_util::future::BoxFuture<'_, Result<(), Error>>;
    let ways: [Save; 3] = [
        |file, folder| Box::pin(async move { file.save_in(folder, "x").await.map(drop) }),
        |file, folder| Box::pin(async move { file.save_as(folder.join("x")).await.map(drop) }),
        |file, folder| Box::pin(async move { file.replace(folder.join("x")).await.map(drop) }),
    ];
    for save in ways {
        let outer = tempdir().unwrap();
        let folder = outer.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let saved = runtime.block_on(async {
            let (more, count) = watch::channel(1);
            let file = file(&slowly(b'a', &count)).await;
            let vanish = async {
                while names(&folder).is_empty() {
                    tokio::task::yield_now().await;
                }
                fs::remove_dir_all(&folder).unwrap();
                more.send_replace(3);
            };
            let saving = tokio::time::timeout(Duration::from_secs(60), save(file, &folder));
            tokio::join!(saving, vanish).0
        });
        // A thread that still tries must not hold up the test.
        runtime.shutdown_background();
        let error = saved.expect("it ends").unwrap_err();
        assert_eq!(
            (error.kind(), error.outcome()),
            (ErrorKind::Io, Outcome::Answered)
        );
        assert!(error.to_string().contains("cannot be written"), "{error}");
        assert!(names(outer.path()).is_empty());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_received_is_for_its_owner_alone_and_follows_no_link() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    let folder = tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().mode() & 0o777;
    let client = named("in.txt");

    file(&client).await.save_in(&folder, "x").await.unwrap();
    file(&client).await.save_as(at("new.txt")).await.unwrap();
    file(&client).await.replace(at("first.txt")).await.unwrap();
    for name in ["in.txt", "new.txt", "first.txt"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    // A replacement keeps the permissions of the replaced file.
    for old in [0o640, 0o600, 0o666] {
        fs::set_permissions(at("first.txt"), fs::Permissions::from_mode(old)).unwrap();
        file(&client).await.replace(at("first.txt")).await.unwrap();
        assert_eq!(mode("first.txt"), old);
    }
    // But nothing that is received runs as somebody else.
    fs::set_permissions(at("first.txt"), fs::Permissions::from_mode(0o6755)).unwrap();
    file(&client).await.replace(at("first.txt")).await.unwrap();
    let whole = fs::metadata(at("first.txt")).unwrap().mode() & 0o7777;
    assert_eq!(whole, 0o755);

    // Links, even broken ones, count as existing files.
    fs::write(at("victim"), "mine").unwrap();
    for name in ["link", "link.part", "in (2).txt"] {
        symlink(at("victim"), at(name)).unwrap();
    }
    symlink(at("nowhere"), at("loose")).unwrap();
    for name in ["link", "loose"] {
        assert!(file(&client).await.save_as(at(name)).await.is_err());
    }
    let path = file(&client).await.save_in(&folder, "x").await.unwrap();
    assert_eq!(path, at("in (3).txt"));
    file(&client).await.replace(at("link")).await.unwrap();
    assert!(!fs::symlink_metadata(at("link")).unwrap().is_symlink());
    assert_eq!(mode("link"), 0o600);
    assert_eq!(text(at("victim")), "mine");
    assert!(!at("nowhere").exists());
}

#[tokio::test]
async fn the_name_of_a_file_that_is_arriving_is_never_the_same() {
    let folder = tempdir().unwrap();
    let (_more, count) = watch::channel(1);
    let client = slowly(b'a', &count);
    let mut seen = BTreeSet::new();
    for _ in 0..20 {
        let saving = tokio::spawn(file(&client).await.save_as(folder.path().join("x.bin")));
        while names(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
        seen.extend(names(folder.path()));
        saving.abort();
        let _ = saving.await;
        while !names(folder.path()).is_empty() {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(seen.len(), 20);
    assert!(seen.iter().all(|name| !name.contains("x.bin")));
}
