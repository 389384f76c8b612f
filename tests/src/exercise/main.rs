//! Calls every operation of a service once, with every optional parameter set, and reports what came back.
//!
//! Ids come from lists that are asked beforehand, so that servers with a memory know them. Run by `cargo xtask exercise`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

mod push_security;
mod report;

use std::process::ExitCode;

use push_security_api::RetryPolicy;
use report::Report;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let [service, base_url] = arguments.as_slice() else {
        eprintln!("error: expected a service and a base URL");
        return ExitCode::FAILURE;
    };
    if !report::is_loopback(base_url) {
        eprintln!(
            "error: {base_url} is not on this machine, and the exerciser deletes and changes things"
        );
        return ExitCode::FAILURE;
    }
    let mut report = Report::default();
    let outcome = match service.as_str() {
        "push-security" => push_security(base_url, &mut report).await,
        other => {
            eprintln!("error: there is no service {other}");
            return ExitCode::FAILURE;
        }
    };
    if let Err(error) = outcome {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    println!("{report}");
    match report.failed() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

async fn push_security(
    base_url: &str,
    report: &mut Report,
) -> Result<(), push_security_api::Error> {
    let key = std::env::var("PUSH_SECURITY_API_KEY").unwrap_or_else(|_| "exercise".to_owned());
    let push = push_security_api::Client::builder(key)
        .base_url(base_url)
        .retry(RetryPolicy::never())
        .build()?;
    push_security::run(&push, report).await;
    Ok(())
}
