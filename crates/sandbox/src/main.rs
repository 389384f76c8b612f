//! Runs the sandbox until Ctrl-C.

use std::ffi::OsString;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::process::ExitCode;

use security_api_sandbox::{PasswordPusherOptions, Sandbox, SandboxBuilder};

const HELP: &str = "\
Imitates the Push Security, Password Pusher and Keepnet APIs on this machine, for
trials and tests.

Usage: security-api-sandbox [OPTIONS]

Options:
      --push-security ADDR      Address for the Push Security API [default: 127.0.0.1:0]
      --keepnet ADDR            Address for the Keepnet API [default: 127.0.0.1:0]
      --push-security-webhooks URL
                                Send webhooks to this http loopback URL
      --password-pusher ADDR    Address for the Password Pusher API [default: 127.0.0.1:0]
      --password-pusher-edition NAME
                                open-source, open-source-2.4, hosted, hosted-moved, v1-only
                                or fresh [default: open-source]
      --seed N                  Seed of the data and the credentials [default: 1]
      --no-limits               Do not enforce Push Security's rate limit
      --allow-remote            Accept addresses that other machines can reach
      --allow-any-host          Accept requests for names that are not this machine's
  -h, --help                    Print this
  -V, --version                 Print the version
";

const VERSION: &str = concat!("security-api-sandbox ", env!("CARGO_PKG_VERSION"), "\n");

/// The task that the arguments name.
enum Command {
    /// Run a sandbox that sends webhooks to this URL.
    Run(Box<SandboxBuilder>, Option<String>),
    Print(String),
}

fn command(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    let mut builder = Sandbox::builder().password_pusher(pusher_options());
    let mut webhooks = None;
    let mut arguments = arguments.into_iter().map(|argument| argument.into_string());
    while let Some(argument) = arguments.next() {
        let argument =
            argument.map_err(|argument| format!("{} is not UTF-8", argument.display()))?;
        let (name, mut inline) = match argument.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value.to_owned())),
            _ => (argument.as_str(), None),
        };
        let mut value = || {
            let next = || arguments.next().and_then(Result::ok);
            let value = inline.take().or_else(next);
            value.ok_or_else(|| format!("{name} needs a value"))
        };
        builder = match name {
            "--push-security" => builder.push_security_address(address(&value()?)?),
            "--keepnet" => builder.keepnet_address(address(&value()?)?),
            "--password-pusher" => builder.password_pusher_address(address(&value()?)?),
            "--password-pusher-edition" => {
                builder.password_pusher(pusher_options().edition(value()?.parse()?))
            }
            "--push-security-webhooks" => {
                webhooks = Some(value()?);
                builder
            }
            "--seed" => {
                let value = value()?;
                let seed = value.parse();
                builder.seed(seed.map_err(|_| format!("{value} is not a seed"))?)
            }
            "--no-limits" => builder.rate_limits(false),
            "--allow-remote" => builder.allow_remote(true),
            "--allow-any-host" => builder.allow_any_host(true),
            "-h" | "--help" => return Ok(Command::Print(HELP.to_owned())),
            "-V" | "--version" => return Ok(Command::Print(VERSION.to_owned())),
            _ => return Err(format!("{argument} is not an option; see --help")),
        };
        if inline.is_some() {
            return Err(format!("{argument} is not an option"));
        }
    }
    Ok(Command::Run(Box::new(builder), webhooks))
}

fn address(value: &str) -> Result<SocketAddr, String> {
    value
        .parse()
        .map_err(|_| format!("{value} is not an address such as 127.0.0.1:8080"))
}

/// Samples are something to look at from a shell.
fn pusher_options() -> PasswordPusherOptions {
    PasswordPusherOptions::default().samples(6)
}

async fn run(builder: SandboxBuilder, webhooks: Option<String>) -> io::Result<()> {
    let sandbox = builder.start().await?;
    let push = sandbox.push_security();
    if let Some(url) = webhooks {
        push.deliver_webhooks_to(&url)?;
    }
    // Listen before the output shows that the sandbox runs.
    let interrupted = tokio::spawn(tokio::signal::ctrl_c());
    tokio::task::yield_now().await;
    let mut out = io::stdout().lock();
    let pusher = sandbox.password_pusher();
    let keepnet = sandbox.keepnet();
    let company = keepnet.company_ids().first();
    let company = company.map_or(keepnet.reseller_company_id(), String::as_str);
    let password = keepnet.password();
    let reset_token = keepnet.forget_password(company).unwrap_or_default();
    for (name, value) in [
        ("PUSH_SECURITY_BASE_URL", push.base_url()),
        ("PUSH_SECURITY_API_KEY", push.api_key()),
        ("PUSH_SECURITY_READ_ONLY_API_KEY", push.read_only_key()),
        ("PUSH_SECURITY_WEBHOOK_SECRET", push.webhook_secret()),
        ("PASSWORD_PUSHER_BASE_URL", pusher.base_url()),
        ("PASSWORD_PUSHER_TOKEN", pusher.token()),
        ("KEEPNET_BASE_URL", keepnet.base_url()),
        ("KEEPNET_CLIENT_ID", keepnet.client_id()),
        ("KEEPNET_CLIENT_SECRET", keepnet.client_secret()),
        ("KEEPNET_COMPANY_ID", company),
        ("KEEPNET_PASSWORD", &password),
        ("KEEPNET_PASSWORD_RESET_TOKEN", &reset_token),
    ] {
        writeln!(out, "export {name}={value}")?;
    }
    out.flush()?;
    drop(out);
    interrupted.await.map_err(io::Error::other)?
}

fn main() -> ExitCode {
    let outcome = match command(std::env::args_os().skip(1)) {
        Ok(Command::Print(text)) => io::stdout().write_all(text.as_bytes()),
        Ok(Command::Run(builder, webhooks)) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .and_then(|runtime| runtime.block_on(run(*builder, webhooks))),
        Err(message) => Err(io::Error::new(io::ErrorKind::InvalidInput, message)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "security-api-sandbox: {error}");
            ExitCode::FAILURE
        }
    }
}
