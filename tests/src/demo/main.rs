//! The playbook across the services, against the sandbox, or with `--live` against the real services.
//!
//! A stolen credential is detected and its owner found. The owner gets a new password by a link that opens once, and is
//! enrolled in a training. The records of all three services go into one file, and all lists are exported.

#![allow(clippy::print_stdout, reason = "it is a program to watch")]

mod enrolment;
mod export;
mod follow;
mod meter;
mod password;
mod trail;

use std::error::Error;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use push_security_api::{Client, ClientBuilder, Timestamp};
use security_api_sandbox::Sandbox;

use meter::Meter;
use trail::Trail;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let result = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => sandboxed().await,
        ["--live"] => live().await,
        _ => Err("usage: cargo xtask demo [--live]".into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprint_chain(&*error);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "it is where errors go")]
fn eprint_chain(error: &(dyn Error + 'static)) {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        eprintln!("  because: {cause}");
        source = cause.source();
    }
}

/// The clients of the playbook.
struct Cast {
    push: ClientBuilder,
    /// The detection to follow, or `None` for the newest one.
    raised: Option<String>,
    pwpush: Option<pwpush_api::Client>,
    /// A client without a token that opens the link, unless a real person does.
    visitor: Option<pwpush_api::Client>,
    keepnet: Option<keepnet_api::Client>,
}

async fn sandboxed() -> Outcome<()> {
    let sandbox = Sandbox::start().await?;
    let push = sandbox.push_security();
    let pusher = sandbox.password_pusher();
    let platform = sandbox.keepnet();
    println!(
        "The sandbox speaks Push Security at {}, Password Pusher at {} and Keepnet at {}.",
        push.base_url(),
        pusher.base_url(),
        platform.base_url()
    );
    let employee = push.employee_ids().swap_remove(41);
    let raised = push
        .raise_detection(&employee)
        .ok_or("the sandbox does not know its own employee")?;
    println!("Somebody's credentials have just been stolen.\n");
    let company = platform.company_ids();
    let company = company.first().ok_or("the sandbox has no company")?;
    play(Cast {
        push: Client::builder(push.api_key()).base_url(push.base_url()),
        raised: Some(raised),
        pwpush: Some(
            pwpush_api::Client::builder(pusher.token())
                .base_url(pusher.base_url())
                .build()?,
        ),
        visitor: Some(
            pwpush_api::Client::anonymous_builder()
                .base_url(pusher.base_url())
                .build()?,
        ),
        keepnet: Some(
            keepnet_api::Client::builder(platform.client_id(), platform.client_secret())
                .base_url(platform.base_url())
                .build()?
                .for_company(company)?,
        ),
    })
    .await
}

/// Creates a client if its credential is in the environment.
fn from_env<C, E>(variable: &str, make: impl FnOnce() -> Result<C, E>) -> Result<Option<C>, E> {
    match std::env::var_os(variable) {
        Some(_) => make().map(Some),
        None => {
            println!("{variable} is not set: that service is left out.");
            Ok(None)
        }
    }
}

async fn live() -> Outcome<()> {
    let push = Client::from_env()?;
    let pwpush = from_env("PASSWORD_PUSHER_TOKEN", pwpush_api::Client::from_env)?;
    let keepnet = from_env("KEEPNET_CLIENT_ID", keepnet_api::Client::from_env)?;
    let keepnet = match (keepnet, std::env::var("KEEPNET_COMPANY_ID")) {
        (Some(keepnet), Ok(company)) => Some(keepnet.for_company(&company)?),
        (keepnet, _) => keepnet,
    };
    println!(
        "This reads browsers, accounts, employees and more of your organisation at {} and writes them to a file here.",
        push.base_url()
    );
    if let Some(pwpush) = &pwpush {
        println!(
            "For the owner of the newest stolen credential it puts a new random password behind a link at {}; nothing \
             takes that password as theirs yet.",
            pwpush.base_url()
        );
    }
    if let Some(keepnet) = &keepnet {
        println!(
            "It makes that person a target user at {} and enrols them in a training.",
            keepnet.base_url()
        );
    }
    print!("Go on? [y/N] ");
    std::io::stdout().flush()?;
    let mut response = String::new();
    if std::io::stdin().is_terminal() {
        std::io::stdin().lock().read_line(&mut response)?;
    }
    if !matches!(response.trim(), "y" | "Y" | "yes") {
        println!("Nothing was sent.");
        return Ok(());
    }
    play(Cast {
        push: Client::builder_from_env()?,
        raised: None,
        pwpush,
        visitor: None,
        keepnet,
    })
    .await
}

async fn play(cast: Cast) -> Outcome<()> {
    let start = Timestamp::now();
    let meter = Meter::default();
    let push = cast
        .push
        .user_agent("security-api-demo")
        .attempt_layer(meter.layer())
        .build()?;
    push.check().await?;
    println!("The key works.\n");
    follow::look_around(&push).await?;
    if let Some(victim) = follow::follow_detection(&push, cast.raised.as_deref()).await? {
        let mut trail = Trail::default();
        trail.detection(&push, &victim.detection).await?;
        if let Some(pwpush) = &cast.pwpush {
            let link = password::send(pwpush, &victim.email).await?;
            if let Some(visitor) = &cast.visitor {
                password::open_twice(visitor, &link).await?;
            }
            trail.link(pwpush, &link).await?;
        }
        if let Some(keepnet) = &cast.keepnet {
            enrolment::enrol(keepnet, &victim.employee, &victim.email).await?;
            trail.platform(keepnet, start).await?;
        }
        trail.write(&file("audit-trail.jsonl")?).await?;
    }
    let file = file("push-security.jsonl")?;
    export::export(&push, &meter, &file).await?;
    println!("\nEvery record, as it came, is in {}", file.display());
    println!(
        "To go on: README.md shows a first call of each client, `cargo xtask operations` lists all there are."
    );
    Ok(())
}

/// Returns the path of a file in the target folder.
fn file(name: &str) -> Outcome<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program
        .ancestors()
        .nth(2)
        .ok_or("the program is in no folder of cargo's")?;
    let folder = target.join("demo");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(name))
}
