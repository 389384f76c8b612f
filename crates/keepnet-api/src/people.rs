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
mod upsert;

use security_api_transport::Job;

pub use file_reading::FileReading;
pub use groups::{FoundGroup, GroupMembers};
pub use import::{ImportPreview, ImportRows, TargetUserImport};
pub use import_status::ImportStatus;
pub use mapping::{ColumnMapping, UserField};
pub use upsert::{Upsert, Upserted};

use self::matches::Matches;
use crate::before_change::BeforeChange as _;
use crate::envelope::confirmed::confirmed;
use crate::resources::{TargetGroups, TargetUsers};
use crate::types::{TargetUser, TargetUserByEmailRequest, TargetUsersByResourceIdsRequest};
use crate::{Error, Reason};

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
