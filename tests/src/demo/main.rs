//! The playbook that makes the services belong together, against the sandbox, or with `--live` against the real ones.
//!
//! A stolen credential is detected, its owner is found, and everything is exported for the record.

#![allow(clippy::print_stdout, reason = "it is a program to watch")]

mod export;
mod follow;
mod meter;

use std::error::Error;
use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use push_security_api::{Client, ClientBuilder};
use security_api_sandbox::Sandbox;

use meter::Meter;

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

async fn sandboxed() -> Outcome<()> {
    let sandbox = Sandbox::start().await?;
    let push = sandbox.push_security();
    println!(
        "The sandbox speaks the Push Security API at {}.",
        push.base_url()
    );
    let employee = push.employee_ids().swap_remove(41);
    let raised = push
        .raise_detection(&employee)
        .ok_or("the sandbox does not know its own employee")?;
    println!("Somebody's credentials have just been stolen.\n");
    let builder = Client::builder(push.api_key()).base_url(push.base_url());
    play(builder, Some(&raised)).await
}

async fn live() -> Outcome<()> {
    let client = Client::from_env()?;
    println!(
        "This reads browsers, accounts, employees and more of your organisation at {} and writes them to a file here. \
         It changes nothing.",
        client.base_url()
    );
    print!("Go on? [y/N] ");
    std::io::stdout().flush()?;
    let mut answer = String::new();
    if std::io::stdin().is_terminal() {
        std::io::stdin().lock().read_line(&mut answer)?;
    }
    if !matches!(answer.trim(), "y" | "Y" | "yes") {
        println!("Nothing was sent.");
        return Ok(());
    }
    play(Client::builder_from_env()?, None).await
}

async fn play(builder: ClientBuilder, raised: Option<&str>) -> Outcome<()> {
    let meter = Meter::default();
    let push = builder
        .user_agent("security-api-demo")
        .attempt_layer(meter.layer())
        .build()?;
    push.check().await?;
    println!("The key works.\n");
    follow::look_around(&push).await?;
    follow::follow_detection(&push, raised).await?;
    let file = file()?;
    export::export(&push, &meter, &file).await?;
    println!("\nEvery record, as it came, is in {}", file.display());
    Ok(())
}

/// Where the export goes: the workspace's target folder, which is not kept.
fn file() -> std::io::Result<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join("target/demo");
    std::fs::create_dir_all(&folder)?;
    Ok(folder.canonicalize()?.join("push-security.jsonl"))
}
