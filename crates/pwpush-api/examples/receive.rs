//! Reads what is behind a link, and saves its files into a folder. This uses up a view.
//!
//! ```console
//! $ cargo run -p pwpush-api --example receive -- https://eu.pwpush.com/p/fkwjfvhall92/r a-folder
//! ```
//!
//! A passphrase is taken from `PASSPHRASE`. Without a link, it reads a push that it makes itself.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;
use std::path::PathBuf;

use pwpush_api::{NewPush, Reason, Retrieved, Upload, token_of_link};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let pushes = service.pwpush.pushes();
    let (token, folder) = match (env::args().nth(1), env::args_os().nth(2)) {
        (Some(link), Some(folder)) => (token_of_link(&link)?, PathBuf::from(folder)),
        (None, _) => {
            let push = NewPush::files([Upload::bytes("../plan.txt", "mind the gap")])
                .message("as discussed");
            let push = pushes.create(push).await?;
            // A new folder, which nobody can have prepared.
            (push.token.clone(), tempfile::tempdir()?.keep())
        }
        (Some(_), None) => return Err("name the folder to save to".into()),
    };
    tokio::fs::create_dir_all(&folder).await?;

    let mut show = pushes.show(&token);
    if let Ok(passphrase) = env::var("PASSPHRASE") {
        show = show.passphrase(passphrase);
    }
    let push = match show.await {
        Ok(Retrieved::Secret(push)) => push,
        Ok(Retrieved::Expired(push)) => {
            println!(
                "It has expired ({:?}). Ask for a new link.",
                push.expired_on
            );
            return Ok(());
        }
        Err(error) if Reason::of(&error) == Some(Reason::PassphraseRefused) => {
            return Err("set PASSPHRASE to the passphrase; no view was used up".into());
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(text) = &push.payload {
        println!("{}", text.expose());
    }
    for file in push.files.iter().flatten() {
        let name = file.filename.as_deref().unwrap_or("file");
        // At most a gibibyte each, unless `response_limit` says otherwise. Whatever a file is called, it lands in the
        // folder, and no file that is there is touched.
        let download = pushes.download(file).await?;
        let path = download.save_in(&folder, name).await?;
        eprintln!("saved {}", path.display());
    }
    if let Some(views) = push.views_remaining {
        eprintln!("{views} views left");
    }
    Ok(())
}
