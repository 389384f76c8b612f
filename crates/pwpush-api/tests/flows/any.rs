//! Arbitrary secrets and file names.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use pwpush_api::types::RetrievedPush;
use pwpush_api::{Client, Expiry, NewPush, Retrieved, Upload};
use security_api_sandbox::PasswordPusherEdition::OpenSource;
use tokio::runtime::Runtime;

use super::support::{owner, sandbox, viewer};

async fn through(owner: &Client, viewer: &Client, push: NewPush) -> RetrievedPush {
    let push = push.expire_after(Expiry::days(1)).views(1);
    let made = owner.pushes().create(push).await.expect("created");
    match viewer.pushes().show(&made.token).await.expect("shown") {
        Retrieved::Secret(push) => push,
        Retrieved::Expired(_) => panic!("expired"),
    }
}

fn cases(count: u32) -> TestRunner {
    TestRunner::new(ProptestConfig::with_cases(count))
}

#[test]
fn any_secret_arrives_as_it_was() {
    let runtime = Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(sandbox(OpenSource));
    let (owner, viewer) = runtime.block_on(async { (owner(&sandbox), viewer(&sandbox)) });
    // The service refuses a blank secret, and takes white space alone for one.
    let secret = "(?s).{0,300}".prop_filter("blank", |text| !text.trim().is_empty());
    let passphrase = "(?s).{1,60}".prop_filter("blank", |text| !text.trim().is_empty());
    let unseen = (
        Just("\u{200b}".to_owned()),
        Just("\u{feff}\u{2060}".to_owned()),
    );
    cases(64)
        .run(
            &prop_oneof![9 => (secret, passphrase), 1 => unseen],
            |(secret, passphrase)| {
                let push = NewPush::text(secret.as_str()).passphrase(passphrase.as_str());
                let push = push.expire_after(Expiry::days(1)).views(1);
                let shown = runtime.block_on(async {
                    let made = owner.pushes().create(push).await.expect("created");
                    let show = viewer.pushes().show(&made.token);
                    show.passphrase(passphrase.as_str()).await.expect("shown")
                });
                prop_assert_eq!(
                    shown.payload().map(|secret| secret.expose()),
                    Some(secret.as_str())
                );
                Ok(())
            },
        )
        .expect("every secret");
}

/// Returns the documented name of a received file.
fn arriving(name: &str) -> String {
    let name = name.trim_end_matches(['/', '\\']);
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let blank = |c: char| matches!(c, '\t'..='\r' | ' ');
    let dashed = |c: char| match c {
        '%' | '$' | '|' | ':' | ';' | '<' | '>' | '?' | '*' | '"' => '-',
        '\t' | '\r' | '\n' | '\u{202e}' => '-',
        other => other,
    };
    last.trim_matches(blank).chars().map(dashed).collect()
}

#[test]
fn a_file_with_any_name_is_kept_and_stays_in_its_folder() {
    let runtime = Runtime::new().expect("a runtime");
    let sandbox = runtime.block_on(sandbox(OpenSource));
    let (owner, viewer) = runtime.block_on(async { (owner(&sandbox), viewer(&sandbox)) });
    let folder = tempfile::tempdir().expect("a folder");
    let name = r#"(?s).{1,40}|[./\\ ]{1,4}|[a-c/\\.:"' ;=%\r\n\t€é計]{1,30}|(\.\./){1,3}[a-z]{1,5}|[ab"é%2F]{400,1600}"#;
    let content = prop::collection::vec(any::<u8>(), 0..2_000);
    let outcome = cases(64).run(&(name, content), |(name, content)| {
        let file = Upload::bytes(name.as_str(), content.clone());
        let made = runtime.block_on(owner.pushes().create(NewPush::files([file.clone()])).send());
        if let Err(error) = made {
            prop_assert!(error.is_invalid(), "{}", error);
            return Ok(());
        }
        let (found, path) = runtime.block_on(async {
            let push = through(&owner, &viewer, NewPush::files([file])).await;
            let files = push.files.unwrap_or_default();
            let download = viewer.pushes().download(&files[0]).await.expect("a file");
            let path = download.save_in(&folder, "file").await.expect("saved");
            (files[0].filename.clone(), path)
        });
        prop_assert_eq!(found, Some(arriving(&name)));
        prop_assert_eq!(path.parent(), Some(folder.path()));
        prop_assert_eq!(std::fs::read(&path).expect("a file"), content);
        std::fs::remove_file(&path).expect("removed");
        Ok(())
    });
    outcome.expect("every name");
}
