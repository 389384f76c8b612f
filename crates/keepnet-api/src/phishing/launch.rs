//! Launches of a campaign: starting one that waits, and sending the campaign again.

use std::time::Duration;

use security_api_transport::{Client, Error, ErrorKind, Job, Outcome};

use super::wire_values::{DELAY, DELAY_UNIT, NO_LIMIT};
use crate::before_change::BeforeChange as _;
use crate::blank_ids::check_ids;
use crate::envelope::confirmed::confirmed;
use crate::names_in_errors::listed;
use crate::polling::{Polling, Progress, is_one_of};
use crate::resources::{PhishingCampaignJobs, PhishingCampaignReports, PhishingCampaigns};
use crate::search::SearchRequest;
use crate::types::{CampaignInstanceRequest, CampaignJob, CampaignJobSearchRequest, ScheduleType};

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

impl PhishingCampaigns {
    /// Launches a saved campaign: its e-mails are sent to its target groups now.
    ///
    /// The launch that waits to be started, which is `Idle`, is searched for and started with `POST
    /// /api/phishing-simulator/phishing-campaign-job/start/{resourceId}/{instanceGroup}`. `Idle` also means launched
    /// and not started yet, so a launch that is scheduled for a later time is started now as well. A campaign without
    /// launches is launched to its own target groups, as with [`launch_to`](Self::launch_to). Neither request is
    /// retried once it may have been executed: if the error [`may_be_executed`](Error::may_be_executed), check the
    /// campaign's launches before trying again.
    ///
    /// # Errors
    /// If a request fails, several launches wait ([`start`](Self::start) one of them), or all were started before
    /// ([`launch_to`](Self::launch_to) sends the campaign again).
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let launch = keepnet.phishing_campaigns().launch("aB3dE5gH7jK9").await?;
    /// println!("launch {} of the campaign", launch.instance_group());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn launch(&self, id: impl AsRef<str>) -> Job<Launch> {
        let id = id.as_ref().to_owned();
        Job::new(self.client(), move |client| start_saved(client, id))
    }

    /// Starts a waiting launch of a campaign that was saved for later or is scheduled.
    ///
    /// `POST /api/phishing-simulator/phishing-campaign-job/start/{resourceId}/{instanceGroup}`, which is not retried
    /// once it may have been executed.
    ///
    /// # Errors
    /// If the call fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::phishing::Launch;
    ///
    /// keepnet.phishing_campaigns().start(&Launch::new("aB3dE5gH7jK9", 2)).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn start(&self, launch: &Launch) -> Job<()> {
        let launch = launch.clone();
        Job::new(self.client(), move |client| start(client, launch))
    }

    /// Sends a campaign again, now, to these target groups, as a launch of its own.
    ///
    /// `POST /api/phishing-simulator/phishing-campaign-job/start/{resourceId}` with all e-mails at once; see
    /// `phishing_campaign_jobs().start(..)` for other times and distributions. The request is not retried once it may
    /// have been executed: if the error [`may_be_executed`](Error::may_be_executed), check the campaign's launches
    /// before trying again. The launches are listed before and after it, to find the new one; a launch that another
    /// program starts at the same moment can be mistaken for it.
    ///
    /// # Errors
    /// If there is no group, a request fails, or the launch does not appear in the list within a minute. In the last
    /// case it continues.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let launch = keepnet.phishing_campaigns().launch_to("aB3dE5gH7jK9", ["zY8xW6vU4tS2"]).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn launch_to<G: Into<String>>(
        &self,
        id: impl AsRef<str>,
        groups: impl IntoIterator<Item = G>,
    ) -> Job<Launch> {
        let id = id.as_ref().to_owned();
        let groups: Vec<String> = groups.into_iter().map(Into::into).collect();
        Job::new(self.client(), move |client| launch_to(client, id, groups))
    }
}

#[inline]
async fn start(client: Client, launch: Launch) -> Result<(), Error> {
    let jobs = PhishingCampaignJobs::new(&client);
    let started = jobs.start_instance(&launch.campaign_id, launch.instance_group);
    confirmed(started).await
}

/// Starts the launch that was created when the campaign was saved.
#[inline]
async fn start_saved(client: Client, id: String) -> Result<Launch, Error> {
    let reports = PhishingCampaignReports::new(&client);
    let all = match all_launches(&reports, &id).await {
        Err(error) if error.is_not_found() => Vec::new(),
        launches => launches.before_change()?,
    };
    if all.is_empty() {
        let groups = own_groups(&client, &id).await.before_change()?;
        return launch_to(client, id, groups).await;
    }
    let is_idle = |one: &&CampaignJob| is_one_of(one.status.as_deref(), &["Idle"]);
    let waiting: Vec<Option<i32>> = all
        .iter()
        .filter(is_idle)
        .map(|one| one.instance_group)
        .collect();
    match waiting[..] {
        [Some(number)] => {
            let launch = Launch::new(id, number);
            start(client, launch.clone()).await?;
            Ok(launch)
        }
        [None] => Err(Error::new(
            ErrorKind::Decode,
            format!(
                "campaign {id}: the response has no number of the launch that waits, so nothing was sent: send it again with \
                 `launch_to`"
            ),
        ))
        .before_change(),
        [] => {
            let states = listed(all.iter().filter_map(|one| one.status.as_deref()));
            Err(Error::invalid(format!(
                "campaign {id}: none of its launches waits to be started (they are {states}), so nothing was sent: send it \
                 again with `launch_to`"
            )))
        }
        _ => {
            let waiting: Vec<i32> = waiting.into_iter().flatten().collect();
            Err(Error::invalid(format!(
                "campaign {id}: its launches {waiting:?} wait to be started, so nothing was sent: `start` one of them"
            )))
        }
    }
}

/// The ids of the target groups in the saved campaign.
#[inline]
async fn own_groups(client: &Client, id: &str) -> Result<Vec<String>, Error> {
    let campaign = PhishingCampaigns::new(client).get(id).await?;
    let groups = campaign.target_groups.unwrap_or_default();
    let ids: Option<Vec<String>> = groups.into_iter().map(|group| group.value).collect();
    let whole = |ids: &Vec<String>| !ids.is_empty() && check_ids("", ids).is_ok();
    ids.filter(whole).ok_or_else(|| {
        Error::new(
            ErrorKind::Decode,
            format!(
                "campaign {id}: the response has no target groups, so nothing was sent: give them to `launch_to`"
            ),
        )
    })
}

#[inline]
async fn launch_to(client: Client, id: String, groups: Vec<String>) -> Result<Launch, Error> {
    if groups.is_empty() {
        return Err(Error::invalid(
            "the launch has no target group, so it could go to nobody or to everybody: give the id of at least one",
        ));
    }
    check_ids("the launch's list of target groups", &groups)?;
    let reports = PhishingCampaignReports::new(&client);
    let before = match newest(reports.clone(), id.clone(), i32::MIN).await {
        Err(error) if error.is_not_found() => None,
        launches => launches.before_change()?,
    };
    let before = before.unwrap_or(i32::MIN);
    // All members that the vendor's documentation shows, because the service reads an absent number as 0.
    let now = CampaignInstanceRequest::new()
        .schedule_type_id(ScheduleType::Now)
        .target_group_resource_ids(groups)
        .exclude_from_reports(false)
        .sending_limit(NO_LIMIT)
        .distribution_delay_every(DELAY)
        .distribution_delay_time_type_id(DELAY_UNIT)
        .use_target_user_time_zone(false);
    let started = PhishingCampaignJobs::new(&client).start(&id, &now);
    confirmed(started).await?;
    let campaign = id.clone();
    let appeared = Progress::new(
        &client,
        "the launch's entry in the list",
        Option::is_some,
        move |_| newest(reports.clone(), campaign.clone(), before),
    );
    let patience = Duration::from_secs(60);
    let soon = Polling::default()
        .backoff(Duration::from_millis(500), Duration::from_secs(5))
        .deadline(
            client
                .time_left()
                .map_or(patience, |left| left.min(patience)),
        );
    let number = appeared.polling(soon).await.map_err(|error| {
        error.with_outcome(Outcome::Answered).with_context(format!(
            "campaign {id}: it was launched, so do not launch it again; find the launch with \
             `phishing_campaign_reports().search_jobs(..)`"
        ))
    })?;
    Ok(Launch::new(id, number.unwrap_or_default()))
}

pub(super) fn launches(
    reports: &PhishingCampaignReports,
    campaign: &str,
) -> crate::Items<CampaignJob> {
    let search = CampaignJobSearchRequest::from(SearchRequest::new());
    reports.search_jobs(campaign, search).items()
}

#[inline]
async fn all_launches(
    reports: &PhishingCampaignReports,
    campaign: &str,
) -> Result<Vec<CampaignJob>, Error> {
    launches(reports, campaign).try_collect().await
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
