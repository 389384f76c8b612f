//! Prints detections as JSON lines, those since a given time first and then new ones as they come.
//!
//! ```console
//! $ cargo run -p push-security-api --example detections_since
//! $ cargo run -p push-security-api --example detections_since -- 2025-06-01T00:00:00Z
//! $ cargo run -p push-security-api --example detections_since -- 2025-06-01T00:00:00Z detections.cursor.json
//! ```
//!
//! With a file given, the position is stored there after each page, and the next run continues from it. If the program
//! ends between printing and storing, the lines of that page are printed again.
//!
//! The service filters by the time of creation. A detection that was printed before and changes later, in severity or
//! response, is **not** printed again. Webhooks tell of such changes: see the example `webhook_receiver`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::error::Error;
use std::path::Path;
use std::time::Duration;
use std::{env, fs};

use push_security_api::{TailCursor, Timestamp};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let since = match arguments.next() {
        Some(time) => time.parse()?,
        None => Timestamp::now().saturating_sub(Duration::from_secs(3600)),
    };
    let file = arguments.next();
    let file = file.as_deref().map(Path::new);
    let start = match file {
        Some(file) if file.exists() => serde_json::from_slice(&fs::read(file)?)?,
        _ => TailCursor::from(since),
    };

    let service = common::service().await?;
    common::raise_detections(&service);
    let interval = Duration::from_secs(if service.sandbox.is_some() { 2 } else { 60 });
    eprintln!("detections since {}; Ctrl-C ends this", start.time());
    let mut detections = service
        .push
        .detections()
        .list()
        .tail(start)
        .follow(interval)
        .raw();
    loop {
        match detections.try_next().await {
            Ok(Some(detection)) => println!("{}", detection.to_line()),
            Ok(None) => return Ok(()),
            // The client has retried already. The tail requests the page again, so nothing is lost.
            Err(error) if error.is_retryable() => eprintln!("{error}"),
            Err(error) => return Err(error.into()),
        }
        if let Some(file) = file.filter(|_| detections.at_page_end()) {
            // A crash leaves the old file or the new one, never half of one.
            let new = file.with_extension("new");
            fs::write(&new, serde_json::to_vec(&detections.cursor())?)?;
            fs::rename(new, file)?;
        }
    }
}
