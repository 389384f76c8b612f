//! When the waits for a launch are over. A state that is not listed here does not end them.

use security_api_transport::{Error, ErrorKind};

use super::launch::{Launch, launches};
use crate::polling::{Progress, is_one_of};
use crate::resources::{PhishingCampaignReports, PhishingCampaigns};
use crate::types::LaunchSummary;

/// The states in which all e-mails are delivered, and people can still react.
const DELIVERED: [&str; 2] = ["Completed", "Finished"];

/// The states in which no more e-mails will be sent. The other end is that the campaign's days have passed.
const OVER: [&str; 6] = [
    "Canceled",
    "Cancelled",
    "Stopped",
    "Expired",
    "Failed",
    "Error",
];

/// The state of a launch, and the reactions so far.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LaunchState {
    /// The status of the e-mails as the service names it: `Idle` before the first is sent, whether the launch is
    /// scheduled or saved for later; `Running`, `Completed` once all are delivered, `Paused`, `Canceled`, `Error`.
    pub status: Option<String>,
    /// The settings and statistics.
    pub summary: LaunchSummary,
}

impl LaunchState {
    /// Whether the launch is over: the campaign's days have passed, or it was cancelled or failed.
    ///
    /// After a cancellation or failure no more e-mails are sent. Whether reactions of people who have received theirs
    /// are still recorded is not documented, so the numbers may go on growing until the campaign's days have passed.
    ///
    /// `Completed` is not the end: the service sends it as soon as all e-mails are delivered, before most people have
    /// read theirs; see [`is_delivered`](Self::is_delivered).
    ///
    /// ```
    /// use keepnet_api::phishing::LaunchState;
    ///
    /// let mut state = LaunchState::default();
    /// state.status = Some("Completed".to_owned());
    /// assert!(state.is_delivered() && !state.is_over());
    /// state.summary.campaign_duration_expired = Some(true);
    /// assert!(state.is_over());
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.summary.campaign_duration_expired == Some(true)
            || is_one_of(self.status.as_deref(), &OVER)
    }

    /// Whether all e-mails are delivered, or no more will be sent.
    ///
    /// ```
    /// assert!(!keepnet_api::phishing::LaunchState::default().is_delivered());
    /// ```
    #[must_use]
    pub fn is_delivered(&self) -> bool {
        is_one_of(self.status.as_deref(), &DELIVERED) || self.is_over()
    }
}

impl PhishingCampaigns {
    /// Waits for the end of a launch, or follows the reactions until then: the campaign's days have passed, or it was
    /// cancelled or failed, after which the numbers [may go on growing](LaunchState::is_over). That can take weeks: use
    /// a [`Polling`](crate::Polling) with a matching deadline, or call this again another day.
    /// [`delivered`](Self::delivered) waits for the e-mails only.
    ///
    /// Each poll is `GET .../summary/{resourceId}/{instanceGroup}` and the list of the campaign's launches. A launch
    /// that is not in the list is an error, unless the summary says that the campaign's days have passed.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    /// use keepnet_api::phishing::Launch;
    ///
    /// let week = Polling::every(Duration::from_secs(3600)).deadline(Duration::from_secs(8 * 86_400));
    /// let launch = Launch::new("aB3dE5gH7jK9", 1);
    /// let end = keepnet.phishing_campaigns().wait(&launch).polling(week).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn wait(&self, launch: &Launch) -> Progress<LaunchState> {
        self.follow("the launch", LaunchState::is_over, launch)
    }

    /// Waits until all e-mails of a launch are delivered, or no more will be sent. Reactions come later; see
    /// [`wait`](Self::wait).
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::phishing::Launch;
    ///
    /// let state = keepnet.phishing_campaigns().delivered(&Launch::new("aB3dE5gH7jK9", 1)).await?;
    /// println!("{:?}", state.summary.campaign_info);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn delivered(&self, launch: &Launch) -> Progress<LaunchState> {
        self.follow(
            "the delivery of the launch",
            LaunchState::is_delivered,
            launch,
        )
    }

    fn follow(
        &self,
        what: &'static str,
        is_done: fn(&LaunchState) -> bool,
        launch: &Launch,
    ) -> Progress<LaunchState> {
        let launch = launch.clone();
        Progress::new(self.client(), what, is_done, move |client| {
            state(PhishingCampaignReports::new(&client), launch.clone())
        })
    }
}

#[inline]
async fn state(reports: PhishingCampaignReports, launch: Launch) -> Result<LaunchState, Error> {
    let summary = reports
        .summary(&launch.campaign_id, launch.instance_group)
        .await?;
    // A launch that is removed while pages are read can hide this one once.
    for _ in 0..2 {
        let mut launches = launches(&reports, &launch.campaign_id);
        while let Some(one) = launches.try_next().await? {
            if one.instance_group == Some(launch.instance_group) {
                let status = one.status;
                return Ok(LaunchState { status, summary });
            }
        }
    }
    let state = LaunchState {
        status: None,
        summary,
    };
    match state.is_over() {
        true => Ok(state),
        false => Err(Error::new(
            ErrorKind::Decode,
            format!(
                "launch {} of campaign {}: it is not in the list of launches, so it was probably deleted: its summary comes \
                 from `phishing_campaign_reports().summary(..)`",
                launch.instance_group, launch.campaign_id
            ),
        )),
    }
}
