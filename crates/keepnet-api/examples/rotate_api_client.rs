//! Rotates the secret of a REST client: creates a second client with the same rights, tries it, and deletes the first.
//!
//! ```console
//! $ cargo run -p keepnet-api --features companies --example rotate_api_client
//! $ cargo run -p keepnet-api --features companies --example rotate_api_client -- CLIENT-ID new-credentials.env
//! ```
//!
//! The new id and secret are written to the given file, and never printed. With `--delete-old` as the last argument,
//! the old client is deleted.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;
use std::io::Write as _;

use keepnet_api::Client;
use keepnet_api::api_clients::{ApiClientRotation, CreatedApiClient, NewApiClient};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let service = common::service().await?;
    let keepnet = &service.keepnet;
    let (client_id, file, delete) = match arguments.as_slice() {
        [id, file] => (*id, *file, false),
        [id, file, "--delete-old"] => (*id, *file, true),
        [] if service.sandbox.is_some() => return whole_story(keepnet).await,
        _ => return Err("give: CLIENT-ID FILE [--delete-old]".into()),
    };
    let companies = keepnet.companies();
    let old = companies.find_api_client(client_id).await?;
    let old = old.and_then(|client| client.resource_id);
    let old = old.ok_or_else(|| format!("there is no REST client {client_id}"))?;
    // Opened first: the secret is shown once, so the file must be writable.
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut out = options.open(file)?;
    let rotation = companies.rotate_api_client(old).await?;
    let CreatedApiClient {
        client_id,
        client_secret,
        ..
    } = &rotation.client;
    let secret = client_secret.expose();
    let written = write!(
        out,
        "KEEPNET_CLIENT_ID={client_id}\nKEEPNET_CLIENT_SECRET={secret}\n"
    );
    if let Err(error) = written {
        rotation.undo().await?;
        return Err(
            format!("{file} could not be written, so the new client was deleted: {error}").into(),
        );
    }
    println!("{client_id} is the new client; its secret is in {file}");
    finish(keepnet, &rotation, delete).await
}

/// With the sandbox, creates a client to rotate.
async fn whole_story(keepnet: &Client) -> Result<(), Box<dyn Error>> {
    let companies = keepnet.companies();
    let new = NewApiClient::new("SIEM export")
        .role("Company Admin")
        .allow_from(["127.0.0.1"]);
    let old = companies.create_api_client(&new).await?;
    println!("{} is the old client", old.client_id);
    let rotation = companies.rotate_api_client(&old.resource_id).await?;
    println!("{} replaces it", rotation.client.client_id);
    finish(keepnet, &rotation, true).await?;
    let before = Client::builder(old.client_id, old.client_secret)
        .base_url(keepnet.base_url())
        .build()?;
    if let Err(error) = before.check().await {
        println!("with the old id and secret: {error}");
    }
    Ok(())
}

async fn finish(
    keepnet: &Client,
    rotation: &ApiClientRotation,
    delete: bool,
) -> Result<(), Box<dyn Error>> {
    let CreatedApiClient {
        client_id,
        client_secret,
        ..
    } = &rotation.client;
    // The old client is deleted only after the new one is known to work.
    let new = Client::builder(client_id, client_secret.clone())
        .base_url(keepnet.base_url())
        .build()?;
    if let Err(error) = new.check().await {
        rotation.undo().await?;
        return Err(format!("the new client does not work, so it was deleted: {error}").into());
    }
    println!("the new client works");
    if delete {
        rotation.delete_old().await?;
        println!("the old client is deleted");
    } else {
        println!("the old client still works; delete it once nobody uses it");
    }
    Ok(())
}
