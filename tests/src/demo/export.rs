//! Exports all lists at once as JSON lines, within the rate limit.

use std::path::Path;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use push_security_api::{Client, RawItems, RawJson};
use serde::Serialize;
use tokio::io::{AsyncWriteExt as _, BufWriter};
use tokio::sync::mpsc;

use crate::Outcome;
use crate::meter::Meter;

/// Records per page. The service allows 500. With fewer there is a rate to watch.
const PAGE: u32 = 200;

/// The time during which the burst after a pause affects the rate.
const BURST: Duration = Duration::from_secs(2);

#[derive(Serialize)]
struct Line {
    list: &'static str,
    record: RawJson,
}

pub(crate) async fn export(push: &Client, meter: &Meter, file: &Path) -> Outcome<()> {
    println!("Exporting all lists at once, {PAGE} records a page:");
    let (lines, received) = mpsc::channel(1_000);
    let writer = tokio::spawn(write(received, file.to_owned(), progress()));
    let before = meter.all();
    let start = Instant::now();
    let steady = tokio::spawn(after_burst(meter.clone()));
    let lists = [
        ("accounts", push.accounts().list().limit(PAGE).raw_items()),
        ("apps", push.apps().list().limit(PAGE).raw_items()),
        (
            "browser_extensions",
            push.browser_extensions().list().limit(PAGE).raw_items(),
        ),
        ("browsers", push.browsers().list().limit(PAGE).raw_items()),
        (
            "detections",
            push.detections().list().limit(PAGE).raw_items(),
        ),
        ("employees", push.employees().list().limit(PAGE).raw_items()),
        ("findings", push.findings().list().limit(PAGE).raw_items()),
    ];
    let exports: Vec<_> = lists
        .into_iter()
        .map(|(list, items)| tokio::spawn(read(list, items, lines.clone())))
        .collect();
    drop(lines);
    for export in exports {
        export.await??;
    }
    let written = writer.await??;
    let elapsed = start.elapsed();
    let requests = meter.all() - before;
    println!(
        "  {written} records in {requests} requests and {:.1} s",
        elapsed.as_secs_f64()
    );
    if let Ok(Ok((since, then))) = tokio::time::timeout(Duration::ZERO, steady).await {
        let rate = per_second(meter.all() - then, since.elapsed());
        println!(
            "  about {rate:.0} requests a second once the burst was over, where 10 are the limit"
        );
    }
    println!("  refused with 429: {}", meter.refused());
    Ok(())
}

/// Returns when the burst was over, and the number of responses until then.
async fn after_burst(meter: Meter) -> (Instant, u64) {
    tokio::time::sleep(BURST).await;
    (Instant::now(), meter.all())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "far below the precision of a double"
)]
fn per_second(requests: u64, elapsed: Duration) -> f64 {
    requests as f64 / elapsed.as_secs_f64()
}

async fn read(list: &'static str, mut items: RawItems, lines: mpsc::Sender<Line>) -> Outcome<()> {
    while let Some(record) = items.try_next().await? {
        if lines.send(Line { list, record }).await.is_err() {
            break;
        }
    }
    Ok(())
}

async fn write(
    mut lines: mpsc::Receiver<Line>,
    file: std::path::PathBuf,
    progress: ProgressBar,
) -> Outcome<u64> {
    let mut out = BufWriter::new(tokio::fs::File::create(file).await?);
    while let Some(line) = lines.recv().await {
        out.write_all(&serde_json::to_vec(&line)?).await?;
        out.write_all(b"\n").await?;
        progress.inc(1);
    }
    out.flush().await?;
    progress.finish_and_clear();
    Ok(progress.position())
}

fn progress() -> ProgressBar {
    // The total number of records is unknown, so this is a counter instead of a bar.
    let style = ProgressStyle::with_template("  {spinner} {pos} records, {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}
