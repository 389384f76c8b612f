//! A campaign to be saved.

use super::wire_values::{DELAY, DELAY_UNIT, NO_LIMIT};
use crate::Error;
use crate::blank_ids::check_ids;
use crate::types::{CreatePhishingCampaignRequest, EmailDelivery, ScheduleType};

/// The `duration` and the kind of distribution that the vendor's documentation shows for a campaign that is sent at
/// once.
const DAYS: u16 = 7;
const DISTRIBUTION_TYPE: i32 = 1;

/// A new campaign: its scenarios, and the target groups it is sent to.
///
/// By default it sends all e-mails at once, and records reactions for 7 days after its start.
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
    pub(super) request: CreatePhishingCampaignRequest,
}

impl NewCampaign {
    /// A campaign with the scenarios with these ids, without recipients yet.
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
        let request = CreatePhishingCampaignRequest::new(name, ScheduleType::SaveForLater)
            .phishing_scenario_resource_ids(scenarios)
            .duration(i32::from(DAYS))
            .distribution_type_id(DISTRIBUTION_TYPE)
            .distribution_delay_every(DELAY)
            .distribution_delay_time_type_id(DELAY_UNIT)
            .sending_limit(NO_LIMIT)
            .exclude_from_reports(false)
            .send_only_active_users(true);
        Self { request }
    }

    /// Records reactions for this many days after the start, at least 1. That the service counts days is an
    /// [assumption](crate::phishing).
    ///
    /// A launch [is over](super::LaunchState::is_over) after these days.
    ///
    /// ```
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"])
    ///     .groups(["zY8xW6vU4tS2"])
    ///     .days(30);
    /// # let _ = campaign;
    /// ```
    pub fn days(mut self, days: u16) -> Self {
        self.request.duration = Some(i32::from(days));
        self
    }

    /// Sets the target groups with these ids as recipients.
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

    /// Changes any other member of the request. If delivery is set here, the default of the platform is not requested.
    /// A campaign says how its e-mails are delivered in any case: unless `email_delivery_setting_type` is set as well,
    /// it is `Smtp` with `smtp_setting_resource_id` and `Direct` with `direct_email_setting_resource_id`.
    ///
    /// ```
    /// use keepnet_api::phishing::NewCampaign;
    ///
    /// let campaign = NewCampaign::new("April", ["aB3dE5gH7jK9"])
    ///     .groups(["zY8xW6vU4tS2"])
    ///     .with(|request| request.exclude_from_reports(true));
    /// # let _ = campaign;
    /// ```
    pub fn with(
        mut self,
        change: impl FnOnce(CreatePhishingCampaignRequest) -> CreatePhishingCampaignRequest,
    ) -> Self {
        self.request = change(self.request);
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let empty = |ids: &Option<Vec<String>>| ids.as_ref().is_none_or(Vec::is_empty);
        let request = &self.request;
        let scenarios = request.phishing_scenarios.as_ref();
        if empty(&request.phishing_scenario_resource_ids)
            && scenarios.is_none_or(Vec::is_empty)
            && request.category_filter.is_none()
        {
            return Err(Error::invalid(
                "the campaign has no scenario: give the id of at least one",
            ));
        }
        if empty(&request.target_group_resource_ids) {
            return Err(Error::invalid(
                "the campaign has no target group, so it could go to nobody or to everybody: give the id of at least one",
            ));
        }
        let scenarios = request.phishing_scenario_resource_ids.iter().flatten();
        check_ids("the campaign's list of scenarios", scenarios)?;
        let groups = request.target_group_resource_ids.iter().flatten();
        check_ids("the campaign's list of target groups", groups)?;
        if request.duration.is_none_or(|days| days < 1) {
            return Err(Error::invalid(
                "the campaign's `duration` is less than a day, so nothing would be recorded: set it with `days`",
            ));
        }
        if request.email_delivery_setting_type.is_none()
            && request.smtp_setting_resource_id.is_some()
            && request.direct_email_setting_resource_id.is_some()
        {
            return Err(Error::invalid(
                "the campaign has both `smtp_setting_resource_id` and `direct_email_setting_resource_id`: choose with \
                 `email_delivery_setting_type`",
            ));
        }
        Ok(())
    }

    /// How the e-mails are delivered, if that is set. The service reads an absent number as 0, which is no kind of
    /// delivery, so the kind of a setting is sent with its id.
    pub(super) fn delivery(&self) -> Option<EmailDelivery> {
        let request = &self.request;
        let smtp = request.smtp_setting_resource_id.as_ref();
        let smtp = smtp.map(|_| EmailDelivery::Smtp);
        let direct = || {
            let id = request.direct_email_setting_resource_id.as_ref();
            id.map(|_| EmailDelivery::Direct)
        };
        request.email_delivery_setting_type.or(smtp).or_else(direct)
    }
}
