//! Phishing campaigns: from a scenario to what people did.
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client, group_id: &str) -> Result<(), keepnet_api::Error> {
//! use std::time::Duration;
//! use keepnet_api::phishing::NewCampaign;
//! use keepnet_api::search::SearchRequest;
//! use keepnet_api::Polling;
//!
//! let mut scenarios = keepnet.phishing_scenarios().search(SearchRequest::new().text("invoice")).items();
//! let Some(scenario) = scenarios.try_next().await?.and_then(|found| found.resource_id) else {
//!     return Ok(());
//! };
//! let campaigns = keepnet.phishing_campaigns();
//! let id = campaigns.save(NewCampaign::new("April", [scenario]).groups([group_id])).await?;
//! // From here on people get e-mails.
//! let launch = campaigns.launch(&id).await?;
//! let week = Polling::every(Duration::from_secs(3600)).deadline(Duration::from_secs(8 * 86_400));
//! let end = campaigns.wait(&launch).polling(week).await?;
//! println!("{:?}", end.summary.scenario_stats);
//! let mut people = campaigns.recipients(&launch).items();
//! while let Some(person) = people.try_next().await? {
//!     println!("{:?} clicked {:?} times", person.email, person.clicked_count);
//! }
//! # Ok(()) }
//! ```
//!
//! These assumptions come from the vendor's documentation and from requests of its front end, and were not tried on the
//! service:
//!
//! - A saved campaign has a launch that waits to be started.
//! - Such a launch is `Idle`. The documentation says so of one that is launched and has not started yet.
//! - The `duration` of a campaign is in days. The documentation shows 7, the front end begins with 30, and neither
//!   names the unit.
//! - The values of a delivery and a distribution that [`NewCampaign`] sends.

mod launch;
mod new_campaign;
mod wire_values;

use std::time::Duration;

use security_api_transport::{Client, Error, ErrorKind, Job, Outcome};

use self::wire_values::{DELAY, DELAY_UNIT, NO_LIMIT};
use crate::before_change::BeforeChange as _;
use crate::envelope::confirmed::confirmed;
use crate::ids::{check_ids, required};
use crate::names_in_errors::listed;
use crate::operations::PHISHING_CAMPAIGNS_CREATE;
use crate::polling::{Polling, Progress, is_one_of};
use crate::resources::{PhishingCampaignJobs, PhishingCampaignReports, PhishingCampaigns};
use crate::search::SearchRequest;
use crate::types::{
    CampaignInstanceRequest, CampaignJob, CampaignJobSearchRequest, CampaignUserSearchRequest,
    EmailDelivery, LaunchActivity, PhishingCampaignJobUsers, ScheduleType,
};

pub use self::launch::{Launch, LaunchState};
pub use self::new_campaign::NewCampaign;

impl PhishingCampaigns {
    /// Saves a campaign for later, and returns its id. Nobody gets an e-mail yet.
    ///
    /// Unless the campaign sets its delivery, the platform's default is requested first. The campaign is one `POST
    /// /api/phishing-simulator/phishing-campaign`, which is not retried once it may have been executed.
    ///
    /// # Errors
    /// If the campaign has no scenario, target group or duration, the kind of its delivery is not clear, or a request
    /// fails.
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
    pub fn save(&self, new: NewCampaign) -> Job<String> {
        Job::new(self.client(), move |client| save(client, new))
    }

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

    /// The recipients of a launch and their reactions.
    ///
    /// `POST .../all/search/{resourceId}/{instanceGroup}`; see `phishing_campaign_reports().search_users(..)` for a
    /// single reaction.
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
    pub fn recipients(&self, launch: &Launch) -> crate::List<PhishingCampaignJobUsers> {
        PhishingCampaignReports::new(self.client()).search_users(
            LaunchActivity::All,
            &launch.campaign_id,
            launch.instance_group,
            CampaignUserSearchRequest::from(SearchRequest::new().ascending(true)),
        )
    }
}

#[inline]
async fn save(client: Client, new: NewCampaign) -> Result<String, Error> {
    new.check()?;
    let campaigns = PhishingCampaigns::new(&client);
    let delivery = new.delivery();
    let mut request = new.request;
    request.schedule_type_id = ScheduleType::SaveForLater;
    request.email_delivery_setting_type = delivery;
    if delivery.is_none() {
        let default = campaigns.default_email_delivery_setting().await;
        let default = default.before_change();
        let default = default.map_err(|error| error.with_context("no campaign was saved"))?;
        request.email_delivery_setting_type = default.kind;
        match default.kind {
            Some(EmailDelivery::Direct) => {
                request.direct_email_setting_resource_id = default.resource_id
            }
            Some(EmailDelivery::Smtp) => request.smtp_setting_resource_id = default.resource_id,
            // Nothing tells whether the id is that of an SMTP or of a direct e-mail setting.
            _ => {
                return Err(Error::invalid(
                    "the platform's default e-mail delivery has no `type` that this version knows: set \
                     `email_delivery_setting_type` and the id of its setting with `NewCampaign::with`",
                ));
            }
        }
    }
    required(
        campaigns.create(&request).await?.resource_id,
        "resourceId",
        &PHISHING_CAMPAIGNS_CREATE,
    )
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

fn launches(reports: &PhishingCampaignReports, campaign: &str) -> crate::Items<CampaignJob> {
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
