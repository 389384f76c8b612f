//! Prints detections as JSON lines, those since a given time first and then new ones as they come.
//!
//! ```console
//! $ cargo run -p push-security-api --example detections_since
//! $ cargo run -p push-security-api --example detections_since -- 2025-06-01T00:00:00Z
//! $ cargo run -p push-security-api --example detections_since -- 2025-06-01T00:00:00Z detections.place.json
//! ```
//!
//! With a file given, the place is remembered there after each poll, and the next run goes on from it, whatever time it
//! is given. If the program ends between printing and remembering, lines are printed again. What the service shows more
//! than five minutes (`OVERLAP`) after the time it bears is left out.
//!
//! The service filters by the time of creation. A detection that was printed before and changes later, in severity or
//! response, is **not** printed again. Webhooks tell of such changes: see the example `webhook_receiver`.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod common;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::pin::pin;
use std::time::Duration;
use std::{env, fs, io};

use push_security_api::types::Detection;
use push_security_api::{Client, Timestamp};
use serde::{Deserialize, Serialize};

/// How far before the newest detection each poll looks again. A record may become visible a little after the time it
/// bears, and whether the filter includes its bound is not documented.
const OVERLAP: Duration = Duration::from_secs(300);

/// What has been printed.
#[derive(Serialize, Deserialize)]
struct Place {
    since: Timestamp,
    newest: Timestamp,
    /// Ids within the overlap, with their times of creation.
    printed: HashMap<String, Timestamp>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let since = match arguments.next() {
        Some(time) => time.parse()?,
        None => Timestamp::now().saturating_sub(Duration::from_secs(3600)),
    };
    let file = arguments.next();
    let file = file.as_deref().map(Path::new);

    let service = common::service().await?;
    let mut place = match file {
        Some(file) if file.exists() => serde_json::from_slice(&fs::read(file)?)?,
        _ => Place {
            since,
            newest: since,
            printed: HashMap::new(),
        },
    };
    // The sandbox gets something new now and then, so that there is something to see.
    let pause = Duration::from_secs(if service.sandbox.is_some() { 2 } else { 60 });
    let employees = service
        .sandbox
        .as_ref()
        .map_or_else(Vec::new, |sandbox| sandbox.push_security().employee_ids());
    let mut victims = employees.iter().cycle();

    let mut stop = pin!(tokio::signal::ctrl_c());
    eprintln!("detections since {}; Ctrl-C ends this", place.newest);
    loop {
        let polled = tokio::select! {
            polled = poll(&service.push, &mut place) => polled,
            stopped = &mut stop => return Ok(stopped?),
        };
        match polled {
            Ok(()) => {
                if let Some(file) = file {
                    remember(file, &place)?;
                }
            }
            // The client has tried again already. The next poll asks for the same span, so nothing is lost.
            Err(error) if error.is_retryable() => eprintln!("{error}; the next poll tries again"),
            Err(error) => return Err(error.into()),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            stopped = &mut stop => return Ok(stopped?),
        }
        if let (Some(sandbox), Some(employee)) = (&service.sandbox, victims.next()) {
            sandbox.push_security().raise_detection(employee);
        }
    }
}

/// Prints what is new. The newest time moves on only after a whole pass: the order of the list is not documented.
async fn poll(push: &Client, place: &mut Place) -> Result<(), push_security_api::Error> {
    let from = place.newest.saturating_sub(OVERLAP).max(place.since);
    let mut newest = place.newest;
    // Raw items keep what this version has no field for. Their models are read from them as needed.
    let mut items = push.detections().list().created_after(from).raw_items();
    while let Some(item) = items.try_next().await? {
        let detection: Detection = item.decode()?;
        let created = detection.created.unwrap_or(from);
        newest = newest.max(created);
        if place.printed.insert(detection.id, created).is_none() {
            // JSON has line breaks only between its values, so this puts it on one line and changes nothing.
            println!("{}", item.as_str().replace(['\r', '\n'], " "));
        }
    }
    place.newest = newest;
    let oldest = newest.saturating_sub(OVERLAP);
    place.printed.retain(|_, created| *created >= oldest);
    Ok(())
}

/// Writes a new file and puts it in the old one's place, so that a crash leaves one of the two and not half of one.
fn remember(file: &Path, place: &Place) -> io::Result<()> {
    let new = file.with_extension("new");
    fs::write(&new, serde_json::to_vec(place)?)?;
    fs::rename(new, file)
}
