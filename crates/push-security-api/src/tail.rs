//! Following lists by the time of creation.

use std::time::Duration;

use security_api_transport::{
    Error, RawJson, Request, Stamp, TailCursor, Timeline, Timestamp, model,
};

use crate::Tail;
use crate::paging::NextToken;
use crate::resources::{ListApps, ListDetections, ListFindings};
use crate::types::{App, Detection, Finding};

/// Records by their time of creation. The order of the service's lists is not documented.
#[derive(Debug)]
pub struct Created;

impl Timeline for Created {
    type Paging = NextToken;

    const ASCENDING: bool = false;

    /// The service sends whole seconds.
    const RESOLUTION: Duration = Duration::from_secs(1);

    fn since(&self, request: Request, time: Timestamp) -> Request {
        // Whether the filter includes its bound is not documented.
        let before = time.saturating_sub(Self::RESOLUTION).unix_seconds();
        request.set_query("creationTimestampAfter", before.to_string())
    }

    fn stamp(&self, record: &RawJson) -> Result<Stamp, Error> {
        let known: Known = record.decode().unwrap_or_default();
        Ok(Stamp {
            id: known.id,
            time: known.created,
        })
    }
}

model! {
    /// What a tail has to know of a record.
    #[derive(Default)]
    struct Known: Received {
        created: Option<Timestamp> = "creationTimestamp",
        id: Option<String> = "id",
    }
}

impl ListDetections {
    /// The detections that are created from a time on, or from a [`TailCursor`]: each once, with the filters of the
    /// list.
    ///
    /// It ends when there is nothing more, unless it [follows](Tail::follow) the list. A detection that changes later,
    /// in severity or response, is not returned again; webhooks tell of such changes.
    ///
    /// ```no_run
    /// # async fn example(push: push_security_api::Client) -> Result<(), push_security_api::Error> {
    /// use std::time::Duration;
    /// use push_security_api::Timestamp;
    ///
    /// let mut detections = push.detections().list().tail(Timestamp::now()).follow(Duration::from_secs(60));
    /// while let Some(detection) = detections.try_next().await? {
    ///     println!("{} {:?}", detection.id, detection.severity);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tail(self, start: impl Into<TailCursor>) -> Tail<Detection> {
        Tail::new(self.page().into_request(), Created, start)
    }
}

impl ListFindings {
    /// The findings that are created from a time on, or from a [`TailCursor`]: each once, with the filters of the list.
    ///
    /// It ends when there is nothing more, unless it [follows](Tail::follow) the list. A finding that is resolved later
    /// is not returned again; webhooks tell of such changes.
    ///
    /// ```no_run
    /// # async fn example(push: push_security_api::Client, start: push_security_api::Timestamp) -> Result<(), push_security_api::Error> {
    /// let mut findings = push.findings().list().tail(start);
    /// while let Some(finding) = findings.try_next().await? {
    ///     println!("{} {:?}", finding.id, finding.kind);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tail(self, start: impl Into<TailCursor>) -> Tail<Finding> {
        Tail::new(self.page().into_request(), Created, start)
    }
}

impl ListApps {
    /// The apps that are found from a time on, or from a [`TailCursor`]: each once, with the filters of the list.
    ///
    /// It ends when there is nothing more, unless it [follows](Tail::follow) the list. An app that changes later is not
    /// returned again.
    ///
    /// ```no_run
    /// # async fn example(push: push_security_api::Client, start: push_security_api::Timestamp) -> Result<(), push_security_api::Error> {
    /// let mut apps = push.apps().list().tail(start);
    /// while let Some(app) = apps.try_next().await? {
    ///     println!("{} {:?}", app.id, app.kind);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn tail(self, start: impl Into<TailCursor>) -> Tail<App> {
        Tail::new(self.page().into_request(), Created, start)
    }
}
