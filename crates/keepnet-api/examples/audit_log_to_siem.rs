//! Prints the audit log as JSON lines for a SIEM: the existing records, or new ones as well.
//!
//! ```console
//! $ cargo run -p keepnet-api --example audit_log_to_siem
//! $ cargo run -p keepnet-api --example audit_log_to_siem -- 2026-01-01T00:00:00Z
//! $ cargo run -p keepnet-api --example audit_log_to_siem -- 2026-01-01T00:00:00Z place.json
//! ```
//!
//! With a file, it follows the log until Ctrl-C. The position is stored in the file after each page, and the next run
//! continues there, whatever start time it is given. If the program ends between printing and storing, the lines of
//! that page are printed again.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use std::{env, fs, io};

use keepnet_api::{TailCursor, Timestamp};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let since = arguments.next();
    let since: Timestamp = since.as_deref().unwrap_or("1970-01-01T00:00:00Z").parse()?;
    let file = arguments.next();
    let file = file.as_deref().map(Path::new);
    let place: TailCursor = match file {
        Some(file) if file.exists() => serde_json::from_slice(&fs::read(file)?)?,
        _ => since.into(),
    };

    let service = common::service().await?;
    let mut lines = service.keepnet.audit_logs().tail(place).raw();
    if file.is_some() {
        lines = lines.follow(Duration::from_secs(15));
    }
    let mut stop = pin!(tokio::signal::ctrl_c());
    let mut count = 0_u64;
    loop {
        let line = tokio::select! {
            line = lines.try_next() => line,
            stopped = &mut stop => {
                stopped?;
                break;
            }
        };
        match line {
            Ok(Some(record)) => {
                println!("{}", record.to_line());
                count += 1;
            }
            Ok(None) => break,
            // The client has already retried. The next poll continues where the tail stopped, so nothing is lost.
            Err(error) if error.is_retryable() && file.is_some() => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
        if let Some(file) = file.filter(|_| lines.at_page_end()) {
            remember(file, &lines.cursor())?;
        }
    }
    if let Some(file) = file {
        remember(file, &lines.cursor())?;
    }
    eprintln!("{count} records");
    Ok(())
}

/// Writes a new file and renames it over the old one, so that a crash leaves either of them complete.
fn remember(file: &Path, place: &TailCursor) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, serde_json::to_vec(place)?)?;
    fs::rename(new, file)
}
