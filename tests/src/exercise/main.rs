//! Calls every operation of a service once, with every optional parameter set, and reports what came back.
//!
//! Ids come from lists that are asked beforehand, so that servers with a memory know them; what deletes comes last. Run by `cargo xtask exercise`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program"
)]

mod keepnet;
mod push_security;
mod pwpush;
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
        "pwpush" => pwpush(base_url, &mut report).await,
        "keepnet" => keepnet(base_url, &mut report).await,
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
    let key = report::variable("PUSH_SECURITY_API_KEY", "exercise");
    let push = push_security_api::Client::builder(key)
        .base_url(base_url)
        .retry(RetryPolicy::never())
        .build()?;
    push_security::run(&push, report).await;
    push_security::delete(&push, report).await;
    Ok(())
}

async fn pwpush(base_url: &str, report: &mut Report) -> Result<(), pwpush_api::Error> {
    let token = report::variable("PASSWORD_PUSHER_TOKEN", "exercise");
    let pwpush = pwpush_api::Client::builder(token)
        .base_url(base_url)
        .retry(RetryPolicy::never())
        .build()?;
    report.absent_if(|error| {
        pwpush_api::Reason::of(error) == Some(pwpush_api::Reason::NotInThisEdition)
    });
    pwpush::run(&pwpush, report).await;
    pwpush::delete(&pwpush, report).await;
    Ok(())
}

async fn keepnet(base_url: &str, report: &mut Report) -> Result<(), keepnet_api::Error> {
    let id = report::variable("KEEPNET_CLIENT_ID", "exercise");
    let secret = report::variable("KEEPNET_CLIENT_SECRET", "exercise");
    let keepnet = keepnet_api::Client::builder(id, secret)
        .base_url(base_url)
        .retry(RetryPolicy::never())
        .build()?;
    let keepnet = match std::env::var("KEEPNET_COMPANY_ID") {
        Ok(company) => keepnet.for_company(&company)?,
        Err(_) => keepnet,
    };
    keepnet::run(&keepnet, report).await;
    keepnet::delete(&keepnet, report).await;
    Ok(())
}
