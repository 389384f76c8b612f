//! Sends the first line of the standard input as a secret that can be read once, and prints the link.
//!
//! ```console
//! $ echo 'correct horse battery staple' | cargo run -p pwpush-api --example send_password
//! ```
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::io;

use pwpush_api::{Expiry, Fate, NewPush, NotAsAsked, Secret};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = common::service().await?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    // Only the line's end is taken off: spaces may belong to a password.
    let password = Secret::from(line.trim_end_matches(['\r', '\n']));

    let push = NewPush::text(password)
        .expire_after(Expiry::days(1))
        .views(1)
        // Programs that look at links in messages must not use up the only view.
        .retrieval_step(true)
        .name("sent by an example");
    match service.pwpush.pushes().create(push).await {
        Ok(push) => {
            println!("{}", push.link().expose());
            eprintln!("can be read once, until a day from now");
            Ok(())
        }
        Err(error) => {
            // The one case in which somebody must act: the secret is out there, and not as it was asked for.
            if let Some(Fate::StillLive { token: Some(token) }) =
                NotAsAsked::of(&error).map(NotAsAsked::fate)
            {
                eprintln!("expire this push by hand: {}", token.expose());
            }
            Err(error.into())
        }
    }
}
