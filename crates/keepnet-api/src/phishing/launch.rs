//! One launch of a campaign, and how it goes.

use crate::polling::is_one_of;
use crate::types::LaunchSummary;

/// One launch of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Launch {
    pub(super) campaign_id: String,
    pub(super) instance_group: i32,
}

impl Launch {
    /// The launch of a campaign with this number, as counted by the service.
    ///
    /// ```
    /// use keepnet_api::phishing::Launch;
    ///
    /// let first = Launch::new("aB3dE5gH7jK9", 1);
    /// assert_eq!((first.campaign_id(), first.instance_group()), ("aB3dE5gH7jK9", 1));
    /// ```
    pub fn new(campaign_id: impl Into<String>, instance_group: i32) -> Self {
        Self {
            campaign_id: campaign_id.into(),
            instance_group,
        }
    }

    /// The id of the campaign.
    ///
    /// ```
    /// assert_eq!(keepnet_api::phishing::Launch::new("aB3dE5gH7jK9", 1).campaign_id(), "aB3dE5gH7jK9");
    /// ```
    #[must_use]
    pub fn campaign_id(&self) -> &str {
        &self.campaign_id
    }

    /// The number of the launch.
    ///
    /// ```
    /// assert_eq!(keepnet_api::phishing::Launch::new("aB3dE5gH7jK9", 2).instance_group(), 2);
    /// ```
    #[must_use]
    pub fn instance_group(&self) -> i32 {
        self.instance_group
    }
}

/// The state of a launch, and the reactions so far.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LaunchState {
    /// The status of the e-mails as the service names it: `Idle` before the first is sent, of a launch that is
    /// scheduled as of one that is saved for later; `Running`, `Completed` once all are delivered, `Paused`,
    /// `Canceled`, `Error`.
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
        const OVER: [&str; 6] = [
            "Canceled",
            "Cancelled",
            "Stopped",
            "Expired",
            "Failed",
            "Error",
        ];
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
        is_one_of(self.status.as_deref(), &["Completed", "Finished"]) || self.is_over()
    }
}
