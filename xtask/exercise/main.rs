//! Calls every operation of a service once, with every optional parameter set, and reports what came back.
//!
//! Ids come from lists that are read beforehand, so that servers with a memory know them; what deletes comes last.
//! Without arguments it calls itself against sandboxes. Built and run by `cargo xtask exercise`.

mod keepnet;
mod push_security;
mod pwpush;

use std::process::ExitCode;

use integration_tests::exercise::{self as report, Report};
use push_security_api::RetryPolicy;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [] => sandboxes().await,
        [service, base_url] => server(service, base_url).await,
        _ => Err("expected a service and a base URL, or nothing".to_owned()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Whether every operation succeeds in every sandbox.
async fn sandboxes() -> Result<bool, String> {
    let mut succeeded = true;
    for run in report::runs().await? {
        match run.check() {
            Ok(last) => println!("{}: {last}", run.name()),
            Err(problem) => {
                succeeded = false;
                println!("{}: {problem}", run.name());
            }
        }
    }
    Ok(succeeded)
}

/// Whether every operation succeeds against this server.
async fn server(service: &str, base_url: &str) -> Result<bool, String> {
    if !report::is_loopback(base_url) {
        return Err(format!(
            "{base_url} is not on this machine, and the exerciser deletes and changes things"
        ));
    }
    let mut report = Report::default();
    let outcome = match service {
        "push-security" => push_security(base_url, &mut report).await,
        "pwpush" => pwpush(base_url, &mut report).await,
        "keepnet" => keepnet(base_url, &mut report).await,
        other => return Err(format!("there is no service {other}")),
    };
    outcome.map_err(|error| error.to_string())?;
    println!("{report}");
    Ok(report.failed() == 0)
}

async fn push_security(
    base_url: &str,
    report: &mut Report,
) -> Result<(), push_security_api::Error> {
    let key = report::variable("PUSH_SECURITY_API_KEY", "exercise");
    let push = push_security_api::Client::builder(key)
        .base_url(base_url)
        .no_proxy()
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
        .no_proxy()
        .retry(RetryPolicy::never())
        .build()?;
    report.absent_if(|error| {
        pwpush_api::Reason::of(error) == Some(pwpush_api::Reason::NotInThisEdition)
    });
    pwpush::create(&pwpush, report).await;
    pwpush::run(&pwpush, report).await;
    pwpush::delete(&pwpush, report).await;
    Ok(())
}

async fn keepnet(base_url: &str, report: &mut Report) -> Result<(), keepnet_api::Error> {
    let id = report::variable("KEEPNET_CLIENT_ID", "exercise");
    let secret = report::variable("KEEPNET_CLIENT_SECRET", "exercise");
    let keepnet = keepnet_api::Client::builder(id, secret)
        .base_url(base_url)
        .no_proxy()
        .retry(RetryPolicy::never())
        .build()?;
    let keepnet = match std::env::var("KEEPNET_COMPANY_ID") {
        Ok(company) => keepnet.for_company(&company)?,
        Err(_) => keepnet,
    };
    keepnet::create(&keepnet, report).await;
    keepnet::run(&keepnet, report).await;
    keepnet::delete(&keepnet, report).await;
    Ok(())
}
