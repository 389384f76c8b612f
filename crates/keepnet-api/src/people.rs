//! Provisioning of target users and their groups, identified by e-mail address and by name.
//!
//! The operations are methods of [`TargetUsers`] and [`TargetGroups`]: [`upsert`](TargetUsers::upsert) and
//! [`delete_by_email`](TargetUsers::delete_by_email) for single people, and [`import`](TargetUsers::import), which
//! reads a file, for many.
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
//! use keepnet_api::types::CreateTargetUserRequest;
//!
//! let joiner = CreateTargetUserRequest::new("jane.doe@example.com").first_name("Jane").last_name("Doe");
//! let user = keepnet.target_users().upsert(&joiner).await?;
//! println!("{}: {:?}", user.id, user.change);
//!
//! keepnet.target_groups().add_people("Newcomers", ["jane.doe@example.com"]).await?;
//! # Ok(()) }
//! ```

mod file_reading;
mod groups;
mod import;
mod import_status;
mod mapping;
mod matches;
mod merge;

use security_api_transport::{ErrorKind, Job, Outcome};

pub use file_reading::FileReading;
pub use groups::{FoundGroup, GroupMembers};
pub use import::{ImportPreview, ImportRows, TargetUserImport};
pub use import_status::ImportStatus;
pub use mapping::{ColumnMapping, UserField};

use self::matches::{Matches, same};
use self::merge::{as_it_is, merged};
use crate::before_change::{BeforeChange as _, after_change};
use crate::blank_ids::check_ids;
use crate::envelope::confirmed::confirmed;
use crate::operations::{TARGET_USERS_CREATE, TARGET_USERS_GET, TARGET_USERS_UPDATE};
use crate::resources::{TargetGroups, TargetUsers};
use crate::types::{
    CreateTargetGroupUsersRequest, CreateTargetUserRequest, TargetUser, TargetUserByEmailRequest,
    TargetUsersByResourceIdsRequest, UpdateTargetUserRequest,
};
use crate::{Error, Reason};

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
    /// Finds the target user with this e-mail address. The case of ASCII letters is ignored, unless several addresses
    /// differ only in case.
    ///
    /// The service also lists deleted target users. They are left out: each match is looked up with `POST
    /// /api/target-users/include-deleted/by-resource-ids`, which says whether it is deleted.
    ///
    /// # Errors
    /// If `email` is not an e-mail address, or a request fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// if let Some(user) = keepnet.target_users().find_by_email("jane.doe@example.com").await? {
    ///     println!("{:?}", user.department);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn find_by_email(&self, email: impl AsRef<str>) -> Job<Option<TargetUser>> {
        let email = email.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).first_by_email(&email).await
        })
    }

    #[inline]
    async fn first_by_email(&self, email: &str) -> Result<Option<TargetUser>, Error> {
        Ok(self.with_email(email).await?.first())
    }

    /// The target user with this e-mail address, for a change. Several matches are an error.
    #[inline]
    async fn only_by_email(&self, email: &str) -> Result<Option<TargetUser>, Error> {
        let found = self.with_email(email).await?;
        found.only("email", |user| user.resource_id.as_deref())
    }

    /// All users with this address who are not deleted.
    #[inline]
    async fn with_email<'a>(&self, email: &'a str) -> Result<Matches<'a, TargetUser>, Error> {
        let email = checked_email(email)?;
        let mut users = self.by_email(email).items();
        let mut found = Matches::new(email);
        while let Some(user) = users.try_next().await? {
            found.add(user.email.clone(), user);
        }
        let ids = found.all().filter_map(|user| user.resource_id.clone());
        let ids: Vec<String> = ids.collect();
        if ids.is_empty() {
            return Ok(found);
        }
        let these = TargetUsersByResourceIdsRequest::new().target_user_resource_ids(ids);
        let known = self.list_by_resource_ids_include_deleted(&these).await?;
        let gone = known.into_iter().filter(|one| one.is_deleted == Some(true));
        let gone: Vec<Option<String>> = gone.map(|one| one.resource_id).collect();
        found.retain(|user| user.resource_id.is_none() || !gone.contains(&user.resource_id));
        Ok(found)
    }

    /// Users with an address that contains this one. It is not documented that the service compares whole addresses,
    /// so every match is checked.
    fn by_email(&self, email: &str) -> crate::List<TargetUser> {
        let search = TargetUserByEmailRequest::new()
            .email(email)
            .page_number(1)
            .page_size(100)
            .order_by("Email")
            .ascending(true);
        self.search_by_email(&search)
    }

    /// Updates the target user with this e-mail address to these values, or creates it.
    ///
    /// Fields that are not set keep their values: the user is read first and written whole, because the service treats
    /// an update as the whole record. Nothing is written if the user has all the values already and no groups are
    /// given. Custom fields replace those with the same id or name. Groups are added to the user's groups; see
    /// [`TargetGroups::remove_people`] for the opposite. A new user is active unless `is_active` is set, while
    /// [`create`](Self::create) leaves that to the service. A person who was deleted and comes back is a new user.
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
                    "`target_users.get`: the response to user {id} does not have the user's e-mail address, so nothing was \
                     changed"
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
                "`target_users.get`: the response has no `isActive`, which an update must contain, so nothing was \
                 changed: set `is_active` as well",
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
                    "the target user has the other values, but is not in the groups yet: call `upsert` again",
                )
            })?;
            change = Upsert::Updated;
        }
        Ok(Upserted { id, change })
    }

    /// Deletes the target user with this e-mail address. Returns the id it had, or `None` if there was no such user.
    ///
    /// # Errors
    /// If `email` is not an e-mail address, several users have it, or a request fails. Calling it again is safe. If
    /// several addresses differ only in case, the user with the exact address is deleted.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// if keepnet.target_users().delete_by_email("jane.doe@example.com").await?.is_none() {
    ///     println!("was not there");
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn delete_by_email(&self, email: impl AsRef<str>) -> Job<Option<String>> {
        let email = email.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).delete_only(&email).await
        })
    }

    #[inline]
    async fn delete_only(&self, email: &str) -> Result<Option<String>, Error> {
        let found = self.only_by_email(email).await.before_change()?;
        let Some(id) = found.and_then(|user| user.resource_id) else {
            return Ok(None);
        };
        match confirmed(self.delete(&id)).await {
            Ok(()) => Ok(Some(id)),
            // Somebody else has deleted the user.
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn target_groups(&self) -> TargetGroups {
        TargetGroups::new(self.client())
    }
}

impl TargetGroups {
    fn target_users(&self) -> TargetUsers {
        TargetUsers::new(self.client())
    }
}

fn checked_email(email: &str) -> Result<&str, Error> {
    let email = email.trim();
    let parts = email.split_once('@');
    let fits = parts.is_some_and(|(name, domain)| {
        !name.is_empty() && !domain.is_empty() && !email.contains(char::is_whitespace)
    });
    match fits {
        true => Ok(email),
        false => Err(Error::invalid(
            "`email` is not an e-mail address: give one such as `jane.doe@example.com`",
        )),
    }
}

/// Whether the service refused the request because of its content, such as a name that is taken. It has no code for
/// that.
fn is_refused(error: &Error) -> bool {
    matches!(
        Reason::of(error),
        Some(Reason::InvalidInput | Reason::Failed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_not_addresses_are_refused() {
        for wrong in ["", "jane", "@example.com", "jane@", "jane doe@example.com"] {
            assert!(checked_email(wrong).is_err(), "{wrong}");
        }
    }
}
