//! Sends system users a link to change their passwords, because nobody can set another person's password.
//!
//! ```console
//! $ cargo run -p keepnet-api --features users --example reset_password
//! $ cargo run -p keepnet-api --features users --example reset_password -- admin@example.com other.admin@example.com
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;

use keepnet_api::{Client, SearchRequest, Secret};
use security_api_sandbox::Sandbox;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let emails: Vec<String> = env::args().skip(1).collect();
    match &service.sandbox {
        Some(sandbox) if emails.is_empty() => whole_story(&service.keepnet, sandbox).await,
        None if emails.is_empty() => Err("give the e-mail addresses of system users".into()),
        _ => {
            for email in emails {
                service
                    .keepnet
                    .system_users()
                    .send_password_link(&email)
                    .await?;
                println!("{email}: a link is on its way");
            }
            Ok(())
        }
    }
}

/// With the sandbox, which shows the contents of the e-mail, also does what the person would do with the link.
async fn whole_story(keepnet: &Client, sandbox: &Sandbox) -> Result<(), Box<dyn Error>> {
    let users = keepnet.system_users();
    let page = users
        .search(SearchRequest::new().page_size(1))
        .page()
        .await?;
    let email = page.items().first().and_then(|user| user.email.clone());
    let email = email.ok_or("the sandbox has no system user")?;

    users.send_password_link(&email).await?;
    println!("{email}: a link is on its way");

    let token = sandbox.keepnet().password_reset_token(&email);
    let token = Secret::from(token.ok_or("no e-mail was sent")?);
    users
        .set_password_with_token(token.clone(), "correct horse battery staple")
        .await?;
    println!("{email}: has set a new password");

    let again = users.set_password_with_token(token, "another one").await;
    if let Err(error) = again {
        println!("{email}: the link works once: {error}");
    }
    Ok(())
}
