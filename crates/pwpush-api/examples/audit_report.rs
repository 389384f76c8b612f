//! Prints what happened to every push of the user's: who read it, who came too late, who guessed at its passphrase.
//!
//! ```console
//! $ cargo run -p pwpush-api --example audit_report
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;

use pwpush_api::types::{AuditKind, Push};
use pwpush_api::{Client, NewPush};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let pwpush = &service.pwpush;
    if let Some(sandbox) = &service.sandbox {
        let viewer = Client::anonymous_builder()
            .base_url(sandbox.password_pusher().base_url())
            .build()?;
        let push = NewPush::text("secret")
            .name("VPN password")
            .passphrase("umbrella")
            .views(1);
        let push = pwpush.pushes().create(push).await?;
        // Refused, read, and gone.
        for passphrase in ["parasol", "umbrella", "umbrella"] {
            let _ = viewer
                .pushes()
                .show(&push.token)
                .passphrase(passphrase)
                .await;
        }
    }

    for list in [
        pwpush.pushes().active().items(),
        pwpush.pushes().expired().items(),
    ] {
        let mut pushes = list;
        while let Some(push) = pushes.try_next().await? {
            report(pwpush, &push).await?;
        }
    }
    Ok(())
}

async fn report(pwpush: &Client, push: &Push) -> Result<(), Box<dyn Error>> {
    // The token gives access to the secret, so a report names a push by what its owner calls it.
    println!("{}", push.name.as_deref().unwrap_or("(without a name)"));
    let mut entries = pwpush.pushes().audit(&push.token).items();
    while let Some(entry) = entries.try_next().await? {
        let mark = match entry.kind {
            Some(AuditKind::FailedPassphrase | AuditKind::FailedView) => "!",
            _ => " ",
        };
        println!(
            "  {mark} {}  {:<18} {:<15} {}",
            entry
                .created_at
                .map(|time| time.to_string())
                .unwrap_or_default(),
            entry.kind.as_ref().map_or("", AsRef::as_ref),
            entry.ip.as_deref().unwrap_or_default(),
            entry.user_agent.as_deref().unwrap_or_default(),
        );
    }
    Ok(())
}
