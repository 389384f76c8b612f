//! Provisioning: target users and their groups as an identity system knows them, by e-mail address and by name.
//!
//! The calls are methods of [`TargetUsers`] and [`TargetGroups`]. One person at a time goes with
//! [`upsert`](TargetUsers::upsert) and [`delete_by_email`](TargetUsers::delete_by_email), many at once with
//! [`import`](TargetUsers::import), which reads a file.
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

mod groups;
mod import;
mod import_status;
mod job;
mod mapping;

use security_api_transport::{ErrorKind, Job};

pub use groups::{FoundGroup, GroupMembers};
pub use import::{ImportPreview, ImportRows, TargetUserImport};
pub use import_status::ImportStatus;
pub use job::ImportJob;
pub use mapping::{ColumnMapping, UserField};

use crate::operations::{TARGET_USERS_CREATE, TARGET_USERS_GET, TARGET_USERS_UPDATE};
use crate::resources::{TargetGroups, TargetUsers};
use crate::types::{
    CreateTargetGroupUsersRequest, CreateTargetUserRequest, TargetUser, TargetUserByEmailRequest,
    TargetUserCustomFieldValue, TargetUsersByResourceIdsRequest, UpdateTargetUserRequest,
};
use crate::{Error, Reason};

/// What [`TargetUsers::upsert`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upserted {
    /// The id of the target user.
    pub id: String,
    /// What became of it.
    pub change: Upsert,
}

/// What became of a target user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Upsert {
    /// There was none with the e-mail address: it was created.
    Created,
    /// It was there and was changed.
    Updated,
    /// It was there and had all these values already, so it was not written.
    Unchanged,
}

/// How often to begin anew when others create and delete the same person meanwhile.
const ROUNDS: u32 = 3;

impl TargetUsers {
    /// The target user with this e-mail address, if there is one. The case of ASCII letters does not matter, unless there
    /// are several that differ in nothing else.
    ///
    /// The service goes on listing deleted target users. They are not found: whoever is in the list is looked up with
    /// `POST /api/target-users/include-deleted/by-resource-ids`, which says who is deleted.
    ///
    /// # Errors
    /// If the address is no e-mail address, or a call fails.
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

    /// The target user with this e-mail address, to be deleted or taken out of something: an error if there are several.
    #[inline]
    async fn only_by_email(&self, email: &str) -> Result<Option<TargetUser>, Error> {
        let found = self.with_email(email).await?;
        found.only("email", |user| user.resource_id.as_deref())
    }

    /// All who have this address and are not deleted.
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

    /// Those with an address like this one. The service does not say that it compares whole addresses, so all that it
    /// finds has to be looked through.
    fn by_email(&self, email: &str) -> crate::List<TargetUser> {
        let search = TargetUserByEmailRequest::new()
            .email(email)
            .page_number(1)
            .page_size(100)
            .order_by("Email")
            .ascending(true);
        self.search_by_email(&search)
    }

    /// Brings the target user with this e-mail address to these values, and creates it if there is none.
    ///
    /// What is left open stays as it is: the user is read first and written whole, since the service takes an update
    /// for the whole record. If it has all the values already, nothing is
    /// written. Custom fields that are given replace those with the same id or name. Groups that are given are added to
    /// those it is in; see [`TargetGroups::remove_people`] to take it out of one. A new user is active unless
    /// `is_active` says otherwise, while a plain [`create`](Self::create) leaves that to the service. Somebody who was
    /// deleted and comes back is a new user.
    ///
    /// If somebody else creates the same user at the same time, so that creating it is refused, it is updated.
    ///
    /// # Errors
    /// If the address is no e-mail address, or one of the calls fails. The error says what was done before it. Calling
    /// it again is safe in any case.
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
        let mut round = 1;
        loop {
            let found = self.first_by_email(&user.email).await?;
            let result = match found.and_then(|found| found.resource_id) {
                Some(id) => self.bring_to(id, user).await,
                None => self.create_new(user).await,
            };
            match result {
                // Created or deleted by somebody else, or by an attempt whose response was lost: look again.
                Err(error) if round < ROUNDS && self.raced(&error, user).await => round += 1,
                result => return result,
            }
        }
    }

    /// Whether the error may come from somebody else's change of the same user.
    #[inline]
    async fn raced(&self, error: &Error, user: &CreateTargetUserRequest) -> bool {
        let operation = error.operation().map_or("", |operation| operation.id());
        if operation != TARGET_USERS_CREATE.id() {
            let user = [TARGET_USERS_GET.id(), TARGET_USERS_UPDATE.id()].contains(&operation);
            return user && error.is_not_found();
        }
        if !is_refused(error) && !error.may_be_executed() {
            return false;
        }
        // A failure of this look is not worth more than the error that led to it.
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
                let found = self.first_by_email(&user.email).await?;
                found.and_then(|user| user.resource_id).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Decode,
                        "target_users.create: the service said neither the id of the new user nor finds it by its \
                         e-mail address yet: upsert it again a little later",
                    )
                })?
            }
        };
        Ok(Upserted {
            id,
            change: Upsert::Created,
        })
    }

    #[inline]
    async fn bring_to(
        &self,
        id: String,
        user: &CreateTargetUserRequest,
    ) -> Result<Upserted, Error> {
        let existing = self.get(&id).await?;
        let before = as_it_is(existing);
        let after = merged(before.clone(), user);
        let change = match after == before {
            true => Upsert::Unchanged,
            false => {
                self.update(&id, &after).await?;
                Upsert::Updated
            }
        };
        if let Some(groups) = &user.target_group_resource_ids
            && !groups.is_empty()
        {
            let members = CreateTargetGroupUsersRequest::new()
                .target_user_resource_ids([&id])
                .target_group_resource_ids(groups);
            let adding = self.target_groups().add_users(&members).into_request();
            let added = adding.call::<()>().await;
            added.map_err(|error| {
                error.with_context(
                    "the target user has the other values, but is not in the groups yet: upsert it again",
                )
            })?;
        }
        Ok(Upserted { id, change })
    }

    /// Deletes the target user with this e-mail address; gives the id it had, or none if there was no such user.
    ///
    /// # Errors
    /// If the address is no e-mail address, several have it, or one of the calls fails. Calling it again is safe. Of
    /// several whose addresses differ in case only, the one that is written in the same way is deleted.
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
        let found = self.only_by_email(email).await?;
        let Some(id) = found.and_then(|user| user.resource_id) else {
            return Ok(None);
        };
        match self.delete(&id).await {
            Ok(_) => Ok(Some(id)),
            // Somebody else was faster.
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

/// A target user as the service has it, as an update that changes nothing.
fn as_it_is(user: TargetUser) -> UpdateTargetUserRequest {
    let mut update = UpdateTargetUserRequest::new(user.email.unwrap_or_default());
    // The service's own programs send an empty one where there is none.
    update.phone_number = Some(user.phone_number.unwrap_or_default());
    update.first_name = user.first_name;
    update.last_name = user.last_name;
    update.department = user.department;
    update.priority = user.priority;
    update.is_active = user.is_active;
    update.custom_fields = user.custom_field_values;
    update.time_zone_id = user.time_zone_id;
    update.preferred_language_id = user.preferred_language_id;
    update.manager_first_name = user.manager_first_name;
    update.manager_last_name = user.manager_last_name;
    update.manager_email = user.manager_email;
    update
}

/// The update with the values that are wanted. Groups are left out of it: what an update without groups does to
/// memberships is known (nothing), what one with groups does is not.
fn merged(
    mut update: UpdateTargetUserRequest,
    wanted: &CreateTargetUserRequest,
) -> UpdateTargetUserRequest {
    fn set<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    if !same(&update.email, &wanted.email) {
        update.email.clone_from(&wanted.email);
    }
    set(&mut update.phone_number, &wanted.phone_number);
    set(&mut update.first_name, &wanted.first_name);
    set(&mut update.last_name, &wanted.last_name);
    set(&mut update.department, &wanted.department);
    set(&mut update.priority, &wanted.priority);
    set(&mut update.is_active, &wanted.is_active);
    set(&mut update.time_zone_id, &wanted.time_zone_id);
    set(
        &mut update.preferred_language_id,
        &wanted.preferred_language_id,
    );
    set(&mut update.manager_first_name, &wanted.manager_first_name);
    set(&mut update.manager_last_name, &wanted.manager_last_name);
    set(&mut update.manager_email, &wanted.manager_email);
    for value in wanted.custom_fields.iter().flatten() {
        put(update.custom_fields.get_or_insert_default(), value);
    }
    update
}

/// Puts the value of a custom field in the place of the one before.
fn put(values: &mut Vec<TargetUserCustomFieldValue>, value: &TargetUserCustomFieldValue) {
    let is_it = |other: &TargetUserCustomFieldValue| {
        let by_id = value
            .resource_id
            .as_deref()
            .zip(other.resource_id.as_deref());
        let by_name = value.name.as_deref().zip(other.name.as_deref());
        match by_id {
            Some((one, other)) => one == other,
            None => by_name.is_some_and(|(one, other)| same(one, other)),
        }
    };
    match values.iter_mut().find(|other| is_it(other)) {
        Some(other) => {
            other.value.clone_from(&value.value);
            other.timestamp_value.clone_from(&value.timestamp_value);
        }
        None => values.push(value.clone()),
    }
}

/// Whether the two are the same address or name but for the case of ASCII letters.
///
/// Unicode knows other letters whose lower case is an ASCII one, such as the sign of the kelvin. They are in the
/// addresses of other people.
fn same(one: &str, other: &str) -> bool {
    one.trim().eq_ignore_ascii_case(other.trim())
}

/// What has a name among all that a search found: what is written in the same way, and what differs in case.
struct Matches<'a, T> {
    name: &'a str,
    exact: Vec<T>,
    similar: Vec<T>,
}

impl<'a, T> Matches<'a, T> {
    fn new(name: &'a str) -> Self {
        Self {
            name,
            exact: Vec::new(),
            similar: Vec::new(),
        }
    }

    fn add(&mut self, own: Option<String>, item: T) {
        match own {
            Some(own) if own.trim() == self.name => self.exact.push(item),
            Some(own) if same(&own, self.name) => self.similar.push(item),
            _ => {}
        }
    }

    fn all(&self) -> impl Iterator<Item = &T> {
        self.exact.iter().chain(&self.similar)
    }

    fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        self.exact.retain(&keep);
        self.similar.retain(&keep);
    }

    fn first(self) -> Option<T> {
        self.exact.into_iter().chain(self.similar).next()
    }

    /// The one that has the name. Where there are several, a wrong one might lose something.
    fn only(self, member: &str, id: fn(&T) -> Option<&str>) -> Result<Option<T>, Error> {
        let mut found = match self.exact.is_empty() {
            true => self.similar,
            false => self.exact,
        };
        if found.len() > 1 {
            let ids: Vec<_> = found.iter().filter_map(id).collect();
            return Err(Error::invalid(format!(
                "{member}: {} have it ({}), so none was touched; do it by the id of the one that is meant",
                found.len(),
                ids.join(", ")
            )));
        }
        Ok(found.pop())
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
            "email: it is not an e-mail address; give one such as `jane.doe@example.com`",
        )),
    }
}

/// Whether the service refused the request for what it says, such as a name that is taken. It has no code for that.
fn is_refused(error: &Error) -> bool {
    matches!(
        Reason::of(error),
        Some(Reason::InvalidInput | Reason::Failed)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(id: &str, name: &str, value: &str) -> TargetUserCustomFieldValue {
        let field = TargetUserCustomFieldValue::new().value(value);
        match (id, name) {
            ("", name) => field.name(name),
            (id, "") => field.resource_id(id),
            (id, name) => field.resource_id(id).name(name),
        }
    }

    #[test]
    fn what_is_left_open_stays_as_it_is() {
        let user = TargetUser {
            email: Some("Jane@Example.com".to_owned()),
            phone_number: Some("+31 20 000".to_owned()),
            department: Some("Sales".to_owned()),
            is_active: Some(false),
            time_zone_id: Some("UTC".to_owned()),
            ..TargetUser::default()
        };
        let before = as_it_is(user);
        let nothing = CreateTargetUserRequest::new("jane@example.com");
        assert_eq!(merged(before.clone(), &nothing), before);
        let after = merged(before, &nothing.department("Finance"));
        assert_eq!(after.department.as_deref(), Some("Finance"));
        assert_eq!(after.time_zone_id.as_deref(), Some("UTC"));
        assert_eq!(
            (after.is_active, after.phone_number.as_deref()),
            (Some(false), Some("+31 20 000"))
        );
        assert_eq!(after.target_group_resource_ids, None);
    }

    #[test]
    fn a_custom_field_replaces_the_one_with_its_id_or_name() {
        let mut values = vec![value("f1", "Site", "Oslo"), value("f2", "Badge", "7")];
        put(&mut values, &value("f1", "", "Rome"));
        put(&mut values, &value("", "badge", "8"));
        put(&mut values, &value("f3", "", "new"));
        let all: Vec<_> = values
            .iter()
            .filter_map(|one| one.value.as_deref())
            .collect();
        assert_eq!(all, ["Rome", "8", "new"]);
        assert_eq!(values[1].resource_id.as_deref(), Some("f2"));
    }

    #[test]
    fn addresses_are_compared_without_case() {
        assert!(same("Jane.Doe@Example.com ", "jane.doe@example.com"));
        assert!(!same("jane@example.com", "jane@example.co"));
        assert!(!same("\u{212a}ate@example.com", "kate@example.com"));
        for wrong in ["", "jane", "@example.com", "jane@", "jane doe@example.com"] {
            assert!(checked_email(wrong).is_err(), "{wrong}");
        }
    }
}
