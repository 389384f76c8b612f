//! Training: enrolling people, and following their progress.
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client, group_id: &str) -> Result<(), keepnet_api::Error> {
//! use keepnet_api::SearchRequest;
//! use keepnet_api::training::NewEnrollment;
//!
//! let mut found = keepnet.trainings().search(SearchRequest::new().text("phishing")).items();
//! let Some(training) = found.try_next().await?.and_then(|found| found.training_id) else {
//!     return Ok(());
//! };
//! let enrollments = keepnet.enrollments();
//! let id = enrollments.enroll(NewEnrollment::new("After the incident", training).groups([group_id])).await?;
//! let state = enrollments.state(&id).await?;
//! println!("{:?}: {:?} are done", state.status, state.summary.completed_count);
//! # Ok(()) }
//! ```
//!
//! These assumptions come from the vendor's documentation and from requests of its front end, and were not tried on the
//! service:
//!
//! - The e-mails of an enrolment without a time are sent at once.
//! - `UTC` is a time zone that the service knows.
//! - The values of a distribution that [`NewEnrollment`] sends. The documentation shows them for a phishing campaign,
//!   whose request has the same members.
//! - Everybody is done once the `completedCount` of the summary is its number of target users.

mod new_enrollment;
mod wait;

use security_api_transport::{Client, Error, ErrorKind, Job};

use crate::before_change::{BeforeChange as _, after_change};
use crate::created_id::created_id;
#[cfg(feature = "users")]
use crate::envelope::confirmed::confirmed;
use crate::operations::ENROLLMENTS_CREATE;
use crate::resources::{Enrollments, TrainingReports};
use crate::search::SearchRequest;
use crate::types::{SearchUsersRequest, TrainingReportUsers};

pub use self::new_enrollment::NewEnrollment;
pub use self::wait::EnrollmentState;

impl Enrollments {
    /// Enrols people in a training, and returns the id of the enrolment. The people get e-mails.
    ///
    /// Unless languages are given, those of the training are requested first. The enrolment is one `POST
    /// /api/enrollments`, which is not retried once it may have been executed. If target users are given, a target
    /// group is created for them before, which remains if the enrolment fails.
    ///
    /// # Errors
    /// If there is nobody to enrol, the training has no language, or a request fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::training::NewEnrollment;
    ///
    /// let enrollment = NewEnrollment::new("April", "aB3dE5gH7jK9").groups(["zY8xW6vU4tS2"]);
    /// let id = keepnet.enrollments().enroll(enrollment).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn enroll(&self, new: NewEnrollment) -> Job<String> {
        Job::new(self.client(), move |client| enroll(client, new))
    }

    /// The enrolled people and their progress.
    ///
    /// `POST /api/training-reports/{enrollmentId}/users/search`.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let mut people = keepnet.enrollments().participants("aB3dE5gH7jK9").items();
    /// while let Some(person) = people.try_next().await? {
    ///     println!("{:?}: {:?}", person.email, person.status);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn participants(&self, id: impl AsRef<str>) -> crate::List<TrainingReportUsers> {
        let everyone = SearchUsersRequest::from(SearchRequest::new().ascending(true));
        TrainingReports::new(self.client()).search_users(id, everyone)
    }
}

#[inline]
async fn enroll(client: Client, new: NewEnrollment) -> Result<String, Error> {
    new.check()?;
    #[cfg_attr(not(feature = "users"), expect(unused_mut))]
    let mut new = with_languages(&client, new).await?;
    #[cfg(feature = "users")]
    let group = add_group(&client, &mut new).await?;
    #[cfg(not(feature = "users"))]
    let group: Option<String> = None;
    let created = Enrollments::new(&client).create(&new.request).await;
    let id = created.and_then(|created| created_id(created.id, "id", &ENROLLMENTS_CREATE));
    // Another attempt would create a second group.
    id.map_err(|error| match group {
        None => error,
        Some(group) => after_change(error).permanent().with_context(format!(
            "the target group {group} was created for the users: delete it before trying again, unless they are enrolled"
        )),
    })
}

/// Sets all languages of the training if none are set, as the vendor's front end does.
#[inline]
async fn with_languages(client: &Client, mut new: NewEnrollment) -> Result<NewEnrollment, Error> {
    let chosen = new.request.language_ids.as_ref();
    if chosen.is_some_and(|ids| !ids.is_empty()) {
        return Ok(new);
    }
    let training = new.request.training_id.clone().unwrap_or_default();
    let languages = Enrollments::new(client).languages(training).await;
    let languages = languages.and_then(|languages| {
        let ids: Vec<String> = languages.into_iter().filter_map(|one| one.id).collect();
        match ids.is_empty() {
            true => Err(Error::new(
                ErrorKind::Decode,
                "`enrollments.languages`: the response has no language of the training",
            )),
            false => Ok(ids),
        }
    });
    let languages = languages.before_change().map_err(|error| {
        error.with_context("nobody is enrolled; set the languages with `NewEnrollment::languages`")
    })?;
    new.request.language_ids = Some(languages);
    Ok(new)
}

/// Creates a target group for the users, if there are any, and returns its id.
#[cfg(feature = "users")]
#[inline]
async fn add_group(client: &Client, new: &mut NewEnrollment) -> Result<Option<String>, Error> {
    use crate::operations::TARGET_GROUPS_CREATE;
    use crate::types::{CreateTargetGroupRequest, CreateTargetGroupUsersRequest, Priority};

    if new.users.is_empty() {
        return Ok(None);
    }
    let users = std::mem::take(&mut new.users);
    let groups = crate::resources::TargetGroups::new(client);
    let name = new.request.name.clone().unwrap_or_default();
    let group = CreateTargetGroupRequest::new(name, Priority::Medium);
    let created = groups.create(&group).await;
    let group = created
        .and_then(|created| created_id(created.resource_id, "resourceId", &TARGET_GROUPS_CREATE))
        .map_err(|error| {
            let fate = match error.may_be_executed() {
                true => {
                    "nobody is enrolled; a target group of the enrolment's name may have been created for the users: look \
                     for it before trying again"
                }
                false => "nobody is enrolled, and no target group was created for the users",
            };
            error.with_context(fate)
        })?;
    let members = CreateTargetGroupUsersRequest::new()
        .target_user_resource_ids(users)
        .target_group_resource_ids([group.clone()]);
    // What the response contains is not documented, and not needed.
    let added = confirmed(groups.add_users(&members)).await;
    added.map_err(|error| {
        after_change(error).permanent().with_context(format!(
            "nobody is enrolled; the target group {group} was created for the users and may lack some of them: delete \
             it before trying again"
        ))
    })?;
    let named = new
        .request
        .target_group_resource_ids
        .get_or_insert_default();
    named.push(group.clone());
    Ok(Some(group))
}
