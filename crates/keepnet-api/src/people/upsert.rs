//! Creating a user or updating the one that exists, whichever is needed.

use security_api_transport::{ErrorKind, Job, Outcome};

use super::matches::same;
use super::merge::{as_it_is, merged};
use super::{checked_email, is_refused};
use crate::Error;
use crate::before_change::{BeforeChange as _, after_change};
use crate::blank_ids::check_ids;
use crate::envelope::confirmed::confirmed;
use crate::operations::{TARGET_USERS_CREATE, TARGET_USERS_GET, TARGET_USERS_UPDATE};
use crate::resources::TargetUsers;
use crate::types::{
    CreateTargetGroupUsersRequest, CreateTargetUserRequest, UpdateTargetUserRequest,
};

/// The result of [`TargetUsers::upsert`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upserted {
    /// The id of the target user.
    pub id: String,
    /// What was done.
    pub change: Upsert,
}

/// What [`TargetUsers::upsert`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Upsert {
    /// No user had the e-mail address, so one was created.
    Created,
    /// The user existed, and was changed or added to groups. Whether it was in them before is not known.
    Updated,
    /// The user existed with all these values and no groups were given, so nothing was written.
    Unchanged,
}

/// How often to start over if others create and delete the same person at the same time.
const ROUNDS: u32 = 3;

impl TargetUsers {
    /// Updates the target user with this e-mail address to these values, or creates it.
    ///
    /// Fields that are not set keep their values: the user is read first and written whole, because the service treats
    /// an update as the whole record. Nothing is written if the user has all the values already and no groups are
    /// given. Custom fields replace those with the same id or name. Groups are added to the user's groups; see
    /// [`TargetGroups::remove_people`](crate::resources::TargetGroups::remove_people) for the opposite. A new user is
    /// active unless `is_active` is set, while [`create`](Self::create) leaves that to the service. A person who was
    /// deleted and comes back is a new user.
    ///
    /// If creation is refused because somebody else has created the same user, that user is updated.
    ///
    /// # Errors
    /// If the e-mail address or the id of a group is invalid, several users have the address, the service does not say
    /// whether the user is active, or a request fails. The error says what was done before. Calling it again is safe.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::people::Upsert;
    /// use keepnet_api::types::CreateTargetUserRequest;
    ///
    /// let moved = CreateTargetUserRequest::new("jane.doe@example.com").department("Finance");
    /// let user = keepnet.target_users().upsert(&moved).await?;
    /// assert_ne!(user.change, Upsert::Unchanged);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn upsert(&self, user: &CreateTargetUserRequest) -> Job<Upserted> {
        let user = user.clone();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).create_or_update(&user).await
        })
    }

    #[inline]
    async fn create_or_update(&self, user: &CreateTargetUserRequest) -> Result<Upserted, Error> {
        checked_email(&user.email)?;
        let groups = user.target_group_resource_ids.iter().flatten();
        check_ids("`target_group_resource_ids`", groups)?;
        let mut round = 1;
        let mut was_sent = false;
        loop {
            let existing = self.update_of(user).await;
            let existing = match was_sent {
                true => existing,
                false => existing.before_change(),
            };
            let result = match existing {
                Ok(Some((id, update))) => self.update_existing(id, update, user).await,
                Ok(None) => self.create_new(user).await,
                Err(error) => Err(error),
            };
            match result {
                // Somebody else, or an attempt whose response was lost, may have created or deleted the user: search
                // again.
                Err(error) if round < ROUNDS && self.was_created_meanwhile(&error, user).await => {
                    was_sent |= error.outcome() != Outcome::NotSent;
                    round += 1;
                }
                result if was_sent => return result.map_err(after_change),
                result => return result,
            }
        }
    }

    /// Whether the error may be due to a concurrent change of the same user.
    #[inline]
    async fn was_created_meanwhile(&self, error: &Error, user: &CreateTargetUserRequest) -> bool {
        let operation = error.operation().map_or("", |operation| operation.id());
        if operation != TARGET_USERS_CREATE.id() {
            let user = [TARGET_USERS_GET.id(), TARGET_USERS_UPDATE.id()].contains(&operation);
            return user && error.is_not_found();
        }
        if !is_refused(error) && !error.may_be_executed() {
            return false;
        }
        // An error of this search is less useful than the original error.
        matches!(self.first_by_email(&user.email).await, Ok(Some(_)))
    }

    #[inline]
    async fn create_new(&self, user: &CreateTargetUserRequest) -> Result<Upserted, Error> {
        let mut user = user.clone();
        user.is_active.get_or_insert(true);
        user.phone_number.get_or_insert_default();
        let id = self.create(&user).await?.resource_id;
        let id = match id {
            Some(id) => id,
            None => {
                let found = self.first_by_email(&user.email).await;
                found.map_err(after_change)?.and_then(|user| user.resource_id).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Decode,
                        "`target_users.create`: the response has no id, and the new user is not found by its e-mail address \
                         yet: call `upsert` again a little later",
                    )
                })?
            }
        };
        Ok(Upserted {
            id,
            change: Upsert::Created,
        })
    }

    /// The id of the existing user, and the update that sets the values, unless it has them already.
    #[inline]
    async fn update_of(
        &self,
        user: &CreateTargetUserRequest,
    ) -> Result<Option<(String, Option<UpdateTargetUserRequest>)>, Error> {
        let found = self.only_by_email(&user.email).await?;
        let Some(id) = found.and_then(|found| found.resource_id) else {
            return Ok(None);
        };
        let before = as_it_is(self.get(&id).await?);
        if !same(&before.email, &user.email) {
            return Err(Error::new(
                ErrorKind::Decode,
                format!(
                    "`target_users.get`: the response to user {id} does not have the user's e-mail address, so the user \
                     was not updated"
                ),
            ));
        }
        let after = merged(before.clone(), user);
        if after == before {
            return Ok(Some((id, None)));
        }
        // The service reads an absent flag as false: the person would drop out of every campaign.
        if after.is_active.is_none() {
            return Err(Error::new(
                ErrorKind::Decode,
                "`target_users.get`: the response has no `isActive`, which an update must contain, so the user was not \
                 updated: set `is_active` as well",
            ));
        }
        Ok(Some((id, Some(after))))
    }

    #[inline]
    async fn update_existing(
        &self,
        id: String,
        update: Option<UpdateTargetUserRequest>,
        user: &CreateTargetUserRequest,
    ) -> Result<Upserted, Error> {
        let mut change = Upsert::Unchanged;
        if let Some(update) = update {
            confirmed(self.update(&id, &update)).await?;
            change = Upsert::Updated;
        }
        if let Some(groups) = &user.target_group_resource_ids
            && !groups.is_empty()
        {
            let members = CreateTargetGroupUsersRequest::new()
                .target_user_resource_ids([&id])
                .target_group_resource_ids(groups);
            let groups = self.target_groups();
            let added = confirmed(groups.add_users(&members)).await;
            added.map_err(|error| {
                let error = match change {
                    Upsert::Unchanged => error,
                    _ => after_change(error),
                };
                error.with_context(
                    "the target user has the other values, but may not be in the groups yet: call `upsert` again",
                )
            })?;
            change = Upsert::Updated;
        }
        Ok(Upserted { id, change })
    }
}
