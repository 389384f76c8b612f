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
mod wait;
mod wire_values;

use security_api_transport::{Client, Error, Job};

use crate::before_change::BeforeChange as _;
use crate::created_id::created_id;
use crate::operations::PHISHING_CAMPAIGNS_CREATE;
use crate::resources::{PhishingCampaignReports, PhishingCampaigns};
use crate::search::SearchRequest;
use crate::types::{
    CampaignUserSearchRequest, EmailDelivery, LaunchActivity, PhishingCampaignJobUsers,
    ScheduleType,
};

pub use self::launch::Launch;
pub use self::new_campaign::NewCampaign;
pub use self::wait::LaunchState;

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
    created_id(
        campaigns.create(&request).await?.resource_id,
        "resourceId",
        &PHISHING_CAMPAIGNS_CREATE,
    )
}
