//! The records of all three services, in one file.

use std::path::Path;

use push_security_api::{RawJson, Timestamp};
use pwpush_api::types::Push;
use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use crate::Outcome;

/// A line of the file.
#[derive(Serialize)]
struct Line {
    /// The time in RFC 3339, or `None` if the record has no such time.
    time: Option<String>,
    service: &'static str,
    record: RawJson,
}

/// The lines so far.
#[derive(Default)]
pub(crate) struct Trail(Vec<Line>);

impl Trail {
    fn add(&mut self, service: &'static str, time: Option<String>, record: RawJson) {
        self.0.push(Line {
            time,
            service,
            record,
        });
    }

    /// Adds the detection.
    pub(crate) async fn detection(
        &mut self,
        push: &push_security_api::Client,
        id: &str,
    ) -> Outcome<()> {
        let record: RawJson = push
            .request(push_security_api::http::Method::GET, "/v1/detections")
            .segment(id)
            .call()
            .await?;
        let seconds = record.decode::<Value>()?["creationTimestamp"].as_i64();
        let time = seconds.and_then(|seconds| Timestamp::from_unix_seconds(seconds).ok());
        self.add("push-security", time.map(|time| time.to_string()), record);
        Ok(())
    }

    /// Adds the audit log of the link.
    pub(crate) async fn link(&mut self, pwpush: &pwpush_api::Client, push: &Push) -> Outcome<()> {
        let mut entries = pwpush.pushes().audit(&push.token).raw_items();
        while let Some(record) = entries.try_next().await? {
            let time = record.decode::<Value>()?["created_at"]
                .as_str()
                .map(str::to_owned);
            self.add("password-pusher", time, record);
        }
        Ok(())
    }

    /// Adds the changes in the awareness platform since then.
    pub(crate) async fn platform(
        &mut self,
        keepnet: &keepnet_api::Client,
        since: Timestamp,
    ) -> Outcome<()> {
        let mut records = keepnet.audit_logs().tail(since).raw();
        while let Some(record) = records.try_next().await? {
            let time = record.decode::<Value>()?["logDate"]
                .as_str()
                .map(str::to_owned);
            self.add("keepnet", time, record);
        }
        Ok(())
    }

    /// Writes the lines, the oldest first.
    pub(crate) async fn write(mut self, file: &Path) -> Outcome<()> {
        self.0
            .sort_by_cached_key(|line| line.time.as_deref()?.parse::<Timestamp>().ok());
        let mut out = tokio::fs::File::create(file).await?;
        for line in &self.0 {
            let mut text = serde_json::to_vec(line)?;
            text.push(b'\n');
            out.write_all(&text).await?;
        }
        out.flush().await?;
        let count = |service: &str| self.0.iter().filter(|line| line.service == service).count();
        println!(
            "The audit trail has {} lines: {} of Push Security, {} of Password Pusher, {} of Keepnet.",
            self.0.len(),
            count("push-security"),
            count("password-pusher"),
            count("keepnet"),
        );
        println!("  {}\n", file.display());
        Ok(())
    }
}
