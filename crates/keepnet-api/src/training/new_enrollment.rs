//! An enrolment to be made.

use security_api_transport::{Error, Timestamp};

use crate::blank_ids::check_ids;
#[cfg(doc)]
use crate::resources::Enrollments;
use crate::time::DateTime;
use crate::types::EnrollmentStart;

/// A distribution at once, as in a phishing campaign: no delay, in minutes, and no limit. None of these numbers may be
/// absent, because the service reads an absent number as 0, which is no unit.
const DELAY: i32 = 0;
const DELAY_UNIT: i32 = 1;
const NO_LIMIT: i32 = 0;

/// A new enrolment of people in a training.
///
/// ```
/// use keepnet_api::training::NewEnrollment;
///
/// let enrollment = NewEnrollment::new("April", "aB3dE5gH7jK9").groups(["zY8xW6vU4tS2"]);
/// # let _ = enrollment;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "nobody is enrolled until it is given to `enroll`"]
pub struct NewEnrollment {
    pub(super) request: EnrollmentStart,
    #[cfg(feature = "users")]
    pub(super) users: Vec<String>,
}

impl NewEnrollment {
    /// An enrolment with this name in the training with this id, without people yet. By default, e-mails are sent at
    /// once, in all languages of the training.
    ///
    /// ```
    /// use keepnet_api::training::NewEnrollment;
    ///
    /// let enrollment = NewEnrollment::new("April", "aB3dE5gH7jK9");
    /// # let _ = enrollment;
    /// ```
    pub fn new(name: impl Into<String>, training_id: impl Into<String>) -> Self {
        let request = EnrollmentStart::new()
            .name(name)
            .training_id(training_id)
            .distribution_delay_every(DELAY)
            .distribution_delay_time_type_id(DELAY_UNIT)
            .sending_limit(NO_LIMIT);
        Self {
            request,
            #[cfg(feature = "users")]
            users: Vec::new(),
        }
    }

    /// Enrols the members of the target groups with these ids.
    pub fn groups<G: Into<String>>(mut self, ids: impl IntoIterator<Item = G>) -> Self {
        let ids = ids.into_iter().map(Into::into).collect();
        self.request.target_group_resource_ids = Some(ids);
        self
    }

    /// Enrols the target users with these ids. The service enrols only groups, so a target group with the name of the
    /// enrolment is created for them.
    #[cfg(feature = "users")]
    pub fn users<U: Into<String>>(mut self, ids: impl IntoIterator<Item = U>) -> Self {
        self.users = ids.into_iter().map(Into::into).collect();
        self
    }

    /// Offers the training only in the languages with these ids, from [`languages`](Enrollments::languages) of the
    /// training.
    pub fn languages<L: Into<String>>(mut self, ids: impl IntoIterator<Item = L>) -> Self {
        let ids = ids.into_iter().map(Into::into).collect();
        self.request.language_ids = Some(ids);
        self
    }

    /// Sets when the e-mails are sent and when the training is due. Both are sent in UTC.
    ///
    /// ```
    /// use keepnet_api::Timestamp;
    /// use keepnet_api::training::NewEnrollment;
    ///
    /// let start = "2026-04-01T09:00:00Z".parse::<Timestamp>()?;
    /// let enrollment = NewEnrollment::new("April", "aB3dE5gH7jK9").at(start, None);
    /// # let _ = enrollment;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn at(mut self, start: Timestamp, due: Option<Timestamp>) -> Self {
        let mut when = self.request.enrollment_scheduler.take().unwrap_or_default();
        when.scheduled_date = Some(DateTime::from(start));
        when.scheduled_time_zone_id = Some("UTC".to_owned());
        when.use_own_time_zone = Some(false);
        when.due_date = due.map(DateTime::from);
        self.request.enrollment_scheduler = Some(when);
        self
    }

    /// Changes any other member of the request.
    ///
    /// `phishing_campaign_resource_id` enrols people of a phishing campaign, by their reactions in
    /// `phishing_campaign_condition_types`. At least one reaction must be given, as in the vendor's front end.
    ///
    /// ```
    /// use keepnet_api::training::NewEnrollment;
    ///
    /// let enrollment = NewEnrollment::new("April", "aB3dE5gH7jK9")
    ///     .groups(["zY8xW6vU4tS2"])
    ///     .with(|request| request.award_certificate(true).marked_as_test(true));
    /// # let _ = enrollment;
    /// ```
    pub fn with(mut self, change: impl FnOnce(EnrollmentStart) -> EnrollmentStart) -> Self {
        self.request = change(self.request);
        self
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let from_campaign = self.request.phishing_campaign_resource_id.is_some();
        let conditions = self.request.phishing_campaign_condition_types.as_ref();
        if from_campaign && conditions.is_none_or(Vec::is_empty) {
            return Err(Error::invalid(
                "the enrolment names a phishing campaign and not which of its people it is for: set \
                 `phishing_campaign_condition_types` to at least one reaction, such as `PhishingLinkClicked`",
            ));
        }
        let training = self.request.training_id.iter();
        check_ids("the enrolment's `training_id`", training)?;
        let campaign = self.request.phishing_campaign_resource_id.iter();
        check_ids("the enrolment's `phishing_campaign_resource_id`", campaign)?;
        let languages = self.request.language_ids.iter().flatten();
        check_ids("the enrolment's list of languages", languages)?;
        let groups = self.request.target_group_resource_ids.as_ref();
        check_ids(
            "the enrolment's list of target groups",
            groups.into_iter().flatten(),
        )?;
        #[cfg(feature = "users")]
        check_ids("the enrolment's list of target users", &self.users)?;
        let somebody = groups.is_some_and(|groups| !groups.is_empty()) || from_campaign;
        #[cfg(feature = "users")]
        let somebody = somebody || !self.users.is_empty();
        if somebody {
            return Ok(());
        }
        Err(Error::invalid(
            "the enrolment has no people: give the id of at least one target group or target user",
        ))
    }
}
