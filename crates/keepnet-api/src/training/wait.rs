//! When the waits for an enrolment are over. A state that is not listed here does not end them.

use security_api_transport::{Client, Error, ErrorKind, Job};

use crate::polling::{Progress, is_one_of};
use crate::resources::{Enrollments, TrainingReports};
use crate::search::SearchRequest;
use crate::types::{Enrollment, EnrollmentSummaryReport, SearchEnrollmentRequest};

/// The state in which all e-mails are delivered, and people can still do the training.
const DELIVERED: [&str; 1] = ["Finished"];

/// The states in which no more e-mails will be sent. The other end is that everyone has done the training.
const OVER: [&str; 6] = [
    "Stopped",
    "Cancelled",
    "Canceled",
    "Error",
    "Deleted",
    ARCHIVED,
];

/// The status of an enrolment that was moved to the archive.
const ARCHIVED: &str = "Archived";

/// The state of an enrolment.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct EnrollmentState {
    /// The status as the service names it. It is either the state of the e-mails (`Scheduled`, `Sending`, `Paused`,
    /// `Finished` once all are delivered, `Stopped`, `Error`, `Deleted`) or the kind of the enrolment: `Auto-Enroll`,
    /// or `SCORM Proxy` for one that the customer's own learning platform delivers. `Archived` for an enrolment in the
    /// archive, whatever its status there.
    pub status: Option<String>,
    /// The settings and statistics.
    pub summary: EnrollmentSummaryReport,
}

impl EnrollmentState {
    /// Whether the enrolment has ended: everyone has done the training, or it was stopped, archived, deleted or failed.
    /// After a stop, people who have received their e-mail can still do the training. In the archive, nobody can,
    /// unless the enrolment is brought back. `Paused` is not an end.
    ///
    /// `Finished` is not the end: the service sends it as soon as all e-mails are delivered; see
    /// [`is_delivered`](Self::is_delivered). If new members of the groups are enrolled automatically, only those
    /// enrolled so far count.
    ///
    /// ```
    /// use keepnet_api::training::EnrollmentState;
    ///
    /// let mut state = EnrollmentState::default();
    /// state.status = Some("Finished".to_owned());
    /// assert!(state.is_delivered() && !state.is_over());
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        is_one_of(self.status.as_deref(), &OVER) || self.everyone_is_done()
    }

    /// Whether all e-mails are delivered, or no more will be sent. The service has no such status for an enrolment that
    /// enrols new members automatically, or that the customer's own learning platform delivers (`SCORM Proxy`): both
    /// keep the name of their kind.
    ///
    /// ```
    /// assert!(!keepnet_api::training::EnrollmentState::default().is_delivered());
    /// ```
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        is_one_of(self.status.as_deref(), &DELIVERED) || self.is_over()
    }

    fn everyone_is_done(&self) -> bool {
        let people = self.summary.report_detail.as_ref();
        let people = people.and_then(|detail| detail.total_target_user_count);
        match (self.summary.completed_count, people) {
            (Some(done), Some(people)) => people > 0 && done >= people,
            _ => false,
        }
    }
}

impl Enrollments {
    /// The current state of an enrolment.
    ///
    /// `GET /api/training-reports/{enrollmentId}/summary`, and the list of enrolments, newest first, down to this one.
    /// The list lacks archived enrolments, so one that is not in it is searched for in the archive.
    ///
    /// # Errors
    /// If a call fails, or the enrolment is in neither list, as after it was deleted for good.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let state = keepnet.enrollments().state("aB3dE5gH7jK9").await?;
    /// println!("{:?}", state.status);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn state(&self, id: impl AsRef<str>) -> Job<EnrollmentState> {
        let id = id.as_ref().to_owned();
        Job::new(self.client(), move |client| state(client, id))
    }

    /// Waits until everyone has done the training, or the enrolment was stopped, archived, deleted or failed; or
    /// follows its progress. An enrolment that is in no list any more is an error, see [`state`](Self::state). Often
    /// somebody never does the training, and otherwise the end is weeks away: use a [`Polling`](crate::Polling) with a
    /// matching deadline, or call this again another day. [`delivered`](Self::delivered) waits for the e-mails only.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    ///
    /// let day = Polling::every(Duration::from_secs(600)).deadline(Duration::from_secs(86_400));
    /// let mut progress = keepnet.enrollments().wait("aB3dE5gH7jK9").polling(day);
    /// while let Some(state) = progress.try_next().await? {
    ///     println!("{:?} are done", state.summary.completed_count);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn wait(&self, id: impl AsRef<str>) -> Progress<EnrollmentState> {
        self.follow("the enrolment", EnrollmentState::is_over, id.as_ref())
    }

    /// Waits until all e-mails of an enrolment are delivered, or no more will be sent.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let state = keepnet.enrollments().delivered("aB3dE5gH7jK9").await?;
    /// println!("{:?}", state.summary.report_detail);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn delivered(&self, id: impl AsRef<str>) -> Progress<EnrollmentState> {
        let what = "the delivery of the enrolment";
        self.follow(what, EnrollmentState::is_delivered, id.as_ref())
    }

    fn follow(
        &self,
        what: &'static str,
        is_done: fn(&EnrollmentState) -> bool,
        id: &str,
    ) -> Progress<EnrollmentState> {
        let id = id.to_owned();
        Progress::new(self.client(), what, is_done, move |client| {
            state(client, id.clone())
        })
    }
}

#[inline]
async fn state(client: Client, id: String) -> Result<EnrollmentState, Error> {
    let summary = TrainingReports::new(&client).summary(&id).await?;
    let status = status(&Enrollments::new(&client), &id).await?;
    Ok(EnrollmentState { status, summary })
}

/// The status in the list of enrolments, or that the enrolment is archived.
#[inline]
async fn status(enrollments: &Enrollments, id: &str) -> Result<Option<String>, Error> {
    let newest_first = || SearchEnrollmentRequest::from(SearchRequest::new());
    // An enrolment that is removed while pages are read, or moved between the lists, can hide this one once.
    for _ in 0..2 {
        if let Some(listed) = find(enrollments.search(newest_first()), id).await? {
            return Ok(listed.status);
        }
        let archived = find(enrollments.search_archived(newest_first()), id).await;
        let archived = archived.map_err(|error| {
            error.with_context(format!(
                "enrolment {id}: it is not in the list of enrolments, and the archive cannot be searched"
            ))
        })?;
        if archived.is_some() {
            return Ok(Some(ARCHIVED.to_owned()));
        }
    }
    Err(Error::new(
        ErrorKind::Decode,
        format!(
            "enrolment {id}: it is neither in the list of enrolments nor in the archive, so it was probably deleted: \
             its summary, if there is one, comes from `training_reports().summary(..)`"
        ),
    ))
}

#[inline]
async fn find(list: crate::List<Enrollment>, id: &str) -> Result<Option<Enrollment>, Error> {
    let mut all = list.items();
    while let Some(one) = all.try_next().await? {
        if one.enrollment_id.as_deref() == Some(id) {
            return Ok(Some(one));
        }
    }
    Ok(None)
}
