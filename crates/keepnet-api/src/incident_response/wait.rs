//! When the wait for an investigation is over. A state that is not listed here does not end it.

use crate::polling::{Progress, is_one_of};
use crate::resources::{InvestigationResults, Investigations};
use crate::types::InvestigationSummary;

/// The state in which all mailboxes were searched.
const FINISHED: [&str; 1] = ["Finished"];

/// The states in which no more mailboxes will be searched.
const OVER: [&str; 3] = ["Canceled", "Cancelled", "Expired"];

impl InvestigationSummary {
    /// Whether the search has ended: finished, cancelled or expired.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let state = keepnet.investigation_results().summary("aB3dE5gH7jK9").await?;
    /// println!("{}", if state.is_over() { "over" } else { "running" });
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_finished() || is_one_of(self.status.as_deref(), &OVER)
    }

    /// Whether all mailboxes were searched.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let end = keepnet.investigations().wait("aB3dE5gH7jK9").await?;
    /// assert!(end.is_finished(), "cancelled or expired");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_finished(&self) -> bool {
        is_one_of(self.status.as_deref(), &FINISHED)
    }
}

impl Investigations {
    /// Waits for the end of an investigation, or follows its progress.
    ///
    /// Each poll is one `GET /api/investigations/{resourceId}/summary`. The investigation may end cancelled or expired;
    /// see [`InvestigationSummary::is_finished`]. Offline mailboxes keep it running until it expires after its
    /// [days](super::NewInvestigation::days): use a [`Polling`](crate::Polling) with a matching deadline.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let end = keepnet.investigations().wait("aB3dE5gH7jK9").await?;
    /// println!("{:?} e-mails", end.total_email_count);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn wait(&self, id: impl AsRef<str>) -> Progress<InvestigationSummary> {
        let id = id.as_ref().to_owned();
        Progress::new(
            self.client(),
            "the investigation",
            InvestigationSummary::is_over,
            move |client| InvestigationResults::new(&client).summary(&id).send(),
        )
    }
}
