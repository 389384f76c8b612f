//! Expires every active push that is older than so many days.
//!
//! ```console
//! $ cargo run -p pwpush-api --example expire_old -- 14
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::env;
use std::error::Error;
use std::time::Duration;

use pwpush_api::{Expiry, NewPush, Reason};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let days: u32 = match env::args().nth(1) {
        Some(days) => days.parse()?,
        None => 14,
    };
    let pushes = service.pwpush.pushes();
    if let Some(sandbox) = &service.sandbox {
        for name in ["an old one", "another old one", "a new one"] {
            let push = NewPush::text("secret")
                .name(name)
                .expire_after(Expiry::days(90));
            pushes.create(push).await?;
            if name == "another old one" {
                sandbox.clock().advance(DAY * (days + 1));
            }
        }
    }

    // First all of the list, then the changes: pages move while pushes expire.
    let before = service.now().saturating_sub(DAY * days);
    let mut old = pushes.active().items().try_collect().await?;
    old.retain(|push| push.created_at.is_some_and(|created| created < before));

    let mut failed = 0;
    for push in &old {
        let name = push.name.as_deref().unwrap_or_default();
        match pushes.expire(&push.token).await {
            Ok(_) => println!("expired  {name}"),
            // It is gone, which is what was wanted.
            Err(error) if Reason::of(&error) == Some(Reason::NotFound) => {
                println!("gone     {name}")
            }
            Err(error) => {
                failed += 1;
                eprintln!("failed   {name}: {error}");
            }
        }
    }
    println!("{} of {} are expired", old.len() - failed, old.len());
    if failed > 0 {
        return Err("some could not be expired".into());
    }
    Ok(())
}
