//! Phishing campaigns: from a scenario to what people did.
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client, group_id: &str) -> Result<(), keepnet_api::Error> {
//! use keepnet_api::phishing::NewCampaign;
//! use keepnet_api::search::SearchRequest;
//!
//! let mut scenarios = keepnet.phishing_scenarios().search(SearchRequest::new().text("invoice")).items();
//! let Some(scenario) = scenarios.try_next().await?.and_then(|found| found.resource_id) else {
//!     return Ok(());
//! };
//! let campaigns = keepnet.phishing_campaigns();
//! let id = campaigns.save(NewCampaign::new("April", [scenario]).groups([group_id])).await?;
//! // From here on people get e-mails.
//! let launch = campaigns.launch(&id).await?;
//! let end = campaigns.wait(&launch).await?;
//! println!("{:?}", end.summary.scenario_stats);
//! let mut people = campaigns.recipients(&launch).items();
//! while let Some(person) = people.try_next().await? {
//!     println!("{:?} clicked {:?} times", person.email, person.clicked_count);
//! }
//! # Ok(()) }
//! ```

use std::time::Duration;

use security_api_transport::{Error, Outcome};

use crate::ids::required;
use crate::polling::{Polling, Progress};
use crate::resources::{PhishingCampaignJobs, PhishingCampaignReports, PhishingCampaigns};
use crate::search::SearchRequest;
use crate::types::{
    CampaignInstanceRequest, CampaignJobSearchRequest, CampaignJobSearchView,
    CampaignUserSearchRequest, CreatePhishingCampaignRequest, PhishingCampaignJobUserSearchType,
    PhishingCampaignJobUsersSearchView, PhishingCampaignSummaryResult,
};

/// `scheduleTypeId`.
const NOW: i32 = 1;
const SAVED: i32 = 2;
/// `emailDeliverySettingType`.
const SMTP: i32 = 1;
const DIRECT: i32 = 2;

/// A campaign to be saved: its scenarios, and the target groups it goes to.
///
/// ```
/// use keepnet_api::phishing::NewCampaign;
///
/// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"]).groups(["zY8xW6vU4tS2"]);
/// # let _ = campaign;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nothing is created until it is saved"]
pub struct NewCampaign {
    request: CreatePhishingCampaignRequest,
}

impl NewCampaign {
    /// One with these scenarios, by id, and no recipients yet.
    ///
    /// ```
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"]);
    /// # let _ = campaign;
    /// ```
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        scenarios: impl IntoIterator<Item = S>,
    ) -> Self {
        let scenarios: Vec<String> = scenarios.into_iter().map(Into::into).collect();
        let request = CreatePhishingCampaignRequest::new(name, SAVED)
            .phishing_scenario_resource_ids(scenarios)
            .send_only_active_users(true);
        Self { request }
    }

    /// Goes to the target groups with these ids.
    ///
    /// ```
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"]).groups(["zY8xW6vU4tS2"]);
    /// # let _ = campaign;
    /// ```
    pub fn groups<G: Into<String>>(mut self, ids: impl IntoIterator<Item = G>) -> Self {
        let ids = ids.into_iter().map(Into::into).collect();
        self.request.target_group_resource_ids = Some(ids);
        self
    }

    /// Changes anything else about it. What is set about delivery is kept, and the default of the platform is not asked
    /// for then.
    ///
    /// ```
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"])
    ///     .groups(["zY8xW6vU4tS2"])
    ///     .with(|request| request.duration(14).exclude_from_reports(true));
    /// # let _ = campaign;
    /// ```
    pub fn with(
        mut self,
        change: impl FnOnce(CreatePhishingCampaignRequest) -> CreatePhishingCampaignRequest,
    ) -> Self {
        self.request = change(self.request);
        self
    }

    fn check(&self) -> Result<(), Error> {
        let empty = |ids: &Option<Vec<String>>| ids.as_ref().is_none_or(Vec::is_empty);
        let request = &self.request;
        let scenarios = request.phishing_scenarios.as_ref();
        if empty(&request.phishing_scenario_resource_ids)
            && scenarios.is_none_or(Vec::is_empty)
            && request.category_filter.is_none()
        {
            return Err(Error::invalid(
                "campaign: it has no scenario; name at least one by its id",
            ));
        }
        if empty(&request.target_group_resource_ids) {
            return Err(Error::invalid(
                "campaign: it has no target group, and would go to nobody or to everybody; name at least one by its id",
            ));
        }
        Ok(())
    }
}

/// One sending of a campaign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Launch {
    campaign_id: String,
    instance_group: i32,
}

impl Launch {
    /// The launch of a campaign with this number, counted by the service.
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

    /// Which launch of the campaign it is.
    ///
    /// ```
    /// assert_eq!(keepnet_api::phishing::Launch::new("aB3dE5gH7jK9", 2).instance_group(), 2);
    /// ```
    #[must_use]
    pub fn instance_group(&self) -> i32 {
        self.instance_group
    }
}

/// How far a launch is, and what people did so far.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LaunchState {
    /// The service's own word for it, such as `Running` or `Completed`.
    pub status: Option<String>,
    /// The settings and the figures.
    pub summary: PhishingCampaignSummaryResult,
}

impl LaunchState {
    /// Whether it has ended: completed, stopped or failed, or its time is over.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::phishing::Launch;
    ///
    /// let end = keepnet.phishing_campaigns().wait(&Launch::new("aB3dE5gH7jK9", 1)).await?;
    /// assert!(end.is_over());
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn is_over(&self) -> bool {
        const OVER: [&str; 8] = [
            "Completed",
            "Finished",
            "Cancelled",
            "Canceled",
            "Stopped",
            "Expired",
            "Failed",
            "Error",
        ];
        let status = self.status.as_deref().unwrap_or_default();
        self.summary.campaign_duration_expired == Some(true)
            || OVER.iter().any(|one| one.eq_ignore_ascii_case(status))
    }
}

impl PhishingCampaigns {
    /// Creates a campaign that is saved for later, and gives its id. Nobody gets an e-mail yet.
    ///
    /// It asks for the platform's default e-mail delivery, unless the campaign says how it is delivered, and then is one
    /// `POST /api/phishing-simulator/phishing-campaign`, which is not sent again once it may have been executed.
    ///
    /// # Errors
    /// If it has no scenario or no target group, or a call fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"]).groups(["zY8xW6vU4tS2"]);
    /// let id = keepnet.phishing_campaigns().save(campaign).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub async fn save(&self, new: NewCampaign) -> Result<String, Error> {
        new.check()?;
        let mut request = new.request;
        request.schedule_type_id = SAVED;
        let chosen = request.email_delivery_setting_type.is_some()
            || request.smtp_setting_resource_id.is_some()
            || request.direct_email_setting_resource_id.is_some();
        if !chosen {
            let default = self.default_email_delivery_setting().await?;
            request.email_delivery_setting_type = default.kind;
            match default.kind {
                Some(DIRECT) => request.direct_email_setting_resource_id = default.resource_id,
                Some(SMTP) | None => request.smtp_setting_resource_id = default.resource_id,
                Some(_) => {
                    return Err(Error::invalid(
                        "campaign: the platform's default e-mail delivery is of a kind that this version does not \
                         know; set `email_delivery_setting_type` and the id of its setting",
                    ));
                }
            }
        }
        required(self.create(&request).await?.resource_id, "resourceId")
    }

    /// Sends the e-mails of a campaign to its target groups, now.
    ///
    /// `POST /api/phishing-simulator/phishing-campaign-job/start/{resourceId}`, which is not sent again once it may have
    /// been executed: if it fails and [`may_be_executed`](Error::may_be_executed), look at the campaign's launches before
    /// trying again. The launches are listed before and after it, to tell which is the new one; one that another program
    /// starts at the same moment can be taken for it.
    ///
    /// # Errors
    /// If a call fails, or the launch does not appear in the list within a minute; it goes on in both cases.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let launch = keepnet.phishing_campaigns().launch("aB3dE5gH7jK9").await?;
    /// println!("launch {} of the campaign", launch.instance_group());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub async fn launch(&self, id: impl AsRef<str>) -> Result<Launch, Error> {
        let id = id.as_ref().to_owned();
        let before = match newest(self.reports(), id.clone(), i32::MIN).await {
            Err(error) if error.is_not_found() => None,
            launches => launches?,
        };
        let before = before.unwrap_or(i32::MIN);
        let now = CampaignInstanceRequest::new().schedule_type_id(NOW);
        self.jobs().start(&id, &now).await?;
        let reports = self.reports();
        let campaign = id.clone();
        let appeared = Progress::new(
            "the launch's entry in the list",
            Option::is_some,
            move || newest(reports.clone(), campaign.clone(), before),
        );
        let soon = Polling::default()
            .backoff(Duration::from_millis(500), Duration::from_secs(5))
            .deadline(Duration::from_secs(60));
        let number = appeared.polling(soon).await.map_err(|error| {
            error.with_outcome(Outcome::Answered).with_context(format!(
                "campaign {id}: it was launched, so do not launch it again; which launch it is can be seen with \
                 `phishing_campaign_reports().search_jobs(..)`"
            ))
        })?;
        Ok(Launch::new(id, number.unwrap_or_default()))
    }

    /// Waits for the end of a launch, or follows what people do. The end may be weeks away: give a
    /// [`Polling`](crate::Polling) with a deadline to match, or look again another day.
    ///
    /// Each look is `GET .../summary/{resourceId}/{instanceGroup}` and the list of the campaign's launches.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use std::time::Duration;
    /// use keepnet_api::Polling;
    /// use keepnet_api::phishing::Launch;
    ///
    /// let day = Polling::every(Duration::from_secs(600)).deadline(Duration::from_secs(86_400));
    /// let launch = Launch::new("aB3dE5gH7jK9", 1);
    /// let end = keepnet.phishing_campaigns().wait(&launch).polling(day).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn wait(&self, launch: &Launch) -> Progress<LaunchState> {
        let (reports, launch) = (self.reports(), launch.clone());
        Progress::new("the launch", LaunchState::is_over, move || {
            state(reports.clone(), launch.clone())
        })
    }

    /// Everyone a launch went to, with what they did.
    ///
    /// `POST .../all/search/{resourceId}/{instanceGroup}`; see `phishing_campaign_reports().search_users(..)` for those
    /// who did one thing.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::phishing::Launch;
    ///
    /// let mut people = keepnet.phishing_campaigns().recipients(&Launch::new("aB3dE5gH7jK9", 1)).items();
    /// while let Some(person) = people.try_next().await? {
    ///     println!("{:?}: {:?}", person.email, person.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn recipients(&self, launch: &Launch) -> crate::List<PhishingCampaignJobUsersSearchView> {
        self.reports().search_users(
            PhishingCampaignJobUserSearchType::All,
            &launch.campaign_id,
            launch.instance_group,
            CampaignUserSearchRequest::from(SearchRequest::new().ascending(true)),
        )
    }

    fn reports(&self) -> PhishingCampaignReports {
        PhishingCampaignReports::new(self.form_details().into_request().client())
    }

    fn jobs(&self) -> PhishingCampaignJobs {
        PhishingCampaignJobs::new(self.form_details().into_request().client())
    }
}

fn launches(
    reports: &PhishingCampaignReports,
    campaign: &str,
) -> crate::Items<CampaignJobSearchView> {
    let search = CampaignJobSearchRequest::from(SearchRequest::new());
    reports.search_jobs(campaign, search).items()
}

/// The number of the newest launch after the one with this number.
#[inline]
async fn newest(
    reports: PhishingCampaignReports,
    campaign: String,
    after: i32,
) -> Result<Option<i32>, Error> {
    let mut launches = launches(&reports, &campaign);
    let mut newest = None;
    while let Some(launch) = launches.try_next().await? {
        newest = newest.max(launch.instance_group.filter(|number| *number > after));
    }
    Ok(newest)
}

#[inline]
async fn state(reports: PhishingCampaignReports, launch: Launch) -> Result<LaunchState, Error> {
    let summary = reports
        .summary(&launch.campaign_id, launch.instance_group)
        .await?;
    let mut status = None;
    let mut launches = launches(&reports, &launch.campaign_id);
    while let Some(one) = launches.try_next().await? {
        if one.instance_group == Some(launch.instance_group) {
            status = one.status;
            break;
        }
    }
    Ok(LaunchState { status, summary })
}
