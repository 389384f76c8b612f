//! Target groups by name.

use security_api_transport::Job;

use crate::before_change::{BeforeChange as _, after_change};
use crate::envelope::confirmed::confirmed;
use crate::resources::TargetGroups;
use crate::types::{
    CreateTargetGroupRequest, CreateTargetGroupUsersRequest, DeleteTargetGroupUsersRequest,
    Priority, TargetGroup, TargetGroupByNameRequest,
};
use crate::{Error, ErrorKind};

use super::is_refused;
use super::matches::Matches;

/// How many people are sent in one request.
const BATCH: usize = 500;

/// The result of [`TargetGroups::find_or_create`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundGroup {
    /// The id of the group.
    pub id: String,
    /// Whether this call created the group.
    pub created: bool,
}

/// The result of [`TargetGroups::add_people`] and [`TargetGroups::remove_people`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMembers {
    /// The group.
    pub group: FoundGroup,
    /// The ids of the target users that were added or removed, in the order of the given addresses.
    pub users: Vec<String>,
    /// The addresses without a target user.
    pub unknown: Vec<String>,
}

impl TargetGroups {
    /// Finds the target group with this name. The case of ASCII letters is ignored, unless several names differ only in
    /// case.
    ///
    /// # Errors
    /// If `name` is empty, or the request fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let group = keepnet.target_groups().find_by_name("Finance").await?;
    /// println!("{}", group.is_some());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn find_by_name(&self, name: impl AsRef<str>) -> Job<Option<TargetGroup>> {
        let name = name.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).first_by_name(&name).await
        })
    }

    #[inline]
    async fn first_by_name(&self, name: &str) -> Result<Option<TargetGroup>, Error> {
        let name = checked_name(name)?;
        let mut groups = self.by_name(name).items();
        let mut found = Matches::new(name);
        // An exact match cannot be improved on, so the search ends.
        while found.exact.is_empty()
            && let Some(group) = groups.try_next().await?
        {
            found.add(group.name.clone(), group);
        }
        Ok(found.first())
    }

    /// The target group with this name, for a change of its members. Several matches are an error.
    #[inline]
    async fn only_by_name(&self, name: &str) -> Result<Option<TargetGroup>, Error> {
        let mut groups = self.by_name(name).items();
        let mut found = Matches::new(name);
        while let Some(group) = groups.try_next().await? {
            found.add(group.name.clone(), group);
        }
        found.only("name", |group| group.resource_id.as_deref())
    }

    /// Groups whose names contain this one, as the service matches them.
    fn by_name(&self, name: &str) -> crate::List<TargetGroup> {
        let search = TargetGroupByNameRequest::new()
            .group_name(name)
            .page_number(1)
            .page_size(100)
            .order_by("Name")
            .ascending(true);
        self.search_by_name(&search)
    }

    /// Finds the target group with this name, or creates one with medium priority.
    ///
    /// If somebody else creates the group at the same time, that group is returned.
    ///
    /// # Errors
    /// If `name` is empty, several groups have it, or a request fails. Calling it again is safe.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let group = keepnet.target_groups().find_or_create("Newcomers").await?;
    /// println!("{}, created: {}", group.id, group.created);
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn find_or_create(&self, name: impl AsRef<str>) -> Job<FoundGroup> {
        let name = name.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).found_or_created(&name).await
        })
    }

    #[inline]
    async fn found_or_created(&self, name: &str) -> Result<FoundGroup, Error> {
        let name = checked_name(name)?;
        if let Some(group) = self.found(name).await.before_change()? {
            return Ok(group);
        }
        let new = CreateTargetGroupRequest::new(name, Priority::Medium);
        let error = match self.create(&new).await {
            Ok(created) => match created.resource_id {
                Some(id) => return Ok(FoundGroup { id, created: true }),
                None => Error::new(
                    ErrorKind::Decode,
                    "`target_groups.create`: the response has no id of the new group: call it again a little \
                     later",
                ),
            },
            Err(error) => error,
        };
        if is_refused(&error) || error.may_be_executed() {
            // An error of this search is less useful than the original error.
            if let Ok(Some(group)) = self.found(name).await {
                return Ok(group);
            }
        }
        Err(error)
    }

    #[inline]
    async fn found(&self, name: &str) -> Result<Option<FoundGroup>, Error> {
        Ok(self.only_by_name(name).await?.and_then(existing))
    }

    /// Adds the target users with these e-mail addresses to the group with this name, which is created if necessary.
    /// Existing members stay. The effect on people in groups that the service fills itself, such as `New Hires`, is not
    /// documented.
    ///
    /// Each address takes two requests, and every 500 people one more. For thousands of people, use an
    /// [`import`](crate::resources::TargetUsers::import), which adds all rows of a file to groups.
    ///
    /// # Errors
    /// If `name` is empty, several groups have it, one of the addresses is not an e-mail address or belongs to several
    /// users, or a request fails. The error says how many people are in the group by then. Calling it again is safe.
    /// Addresses without a target user are not an error; [`GroupMembers::unknown`] lists them.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let people = ["jane.doe@example.com", "joe.bloggs@example.com"];
    /// let done = keepnet.target_groups().add_people("Finance", people).await?;
    /// println!("{} added, {} not known", done.users.len(), done.unknown.len());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn add_people(
        &self,
        name: impl AsRef<str>,
        emails: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Job<GroupMembers> {
        self.job(name, emails, Self::add)
    }

    /// Work on the group with this name and the people with these addresses.
    #[inline]
    fn job<F>(
        &self,
        name: impl AsRef<str>,
        emails: impl IntoIterator<Item = impl AsRef<str>>,
        work: fn(Self, String, Vec<String>) -> F,
    ) -> Job<GroupMembers>
    where
        F: Future<Output = Result<GroupMembers, Error>> + Send + 'static,
    {
        let name = name.as_ref().to_owned();
        let emails = emails.into_iter().map(|email| email.as_ref().to_owned());
        let emails = emails.collect();
        Job::new(self.client(), move |client| {
            work(Self::new(&client), name, emails)
        })
    }

    #[inline]
    async fn add(self, name: String, emails: Vec<String>) -> Result<GroupMembers, Error> {
        checked_name(&name)?;
        let (users, unknown) = self.people(emails).await.before_change()?;
        let group = self.found_or_created(&name).await?;
        for (batch, ids) in users.chunks(BATCH).enumerate() {
            let members = CreateTargetGroupUsersRequest::new()
                .target_user_resource_ids(ids)
                .target_group_resource_ids([&group.id]);
            // What the response contains is not documented, and not needed.
            let added = confirmed(self.add_users(&members)).await;
            added.map_err(|error| {
                let error = match group.created {
                    true => after_change(error),
                    false => error,
                };
                halfway(error, batch, users.len(), "added")
            })?;
        }
        Ok(GroupMembers {
            group,
            users,
            unknown,
        })
    }

    /// Removes the target users with these e-mail addresses from the group with this name.
    ///
    /// # Errors
    /// If no group or several groups have the name, one of the addresses is not an e-mail address or belongs to several
    /// users, or a request fails. The error says how many people were removed by then. Calling it again is safe.
    /// Addresses without a target user are not an error; [`GroupMembers::unknown`] lists them.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.target_groups().remove_people("Newcomers", ["jane.doe@example.com"]).await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn remove_people(
        &self,
        name: impl AsRef<str>,
        emails: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Job<GroupMembers> {
        self.job(name, emails, Self::remove)
    }

    #[inline]
    async fn remove(self, name: String, emails: Vec<String>) -> Result<GroupMembers, Error> {
        let name = checked_name(&name)?;
        let group = self.found(name).await.before_change()?;
        let group = group.ok_or_else(|| {
            Error::invalid(format!(
                "`name`: this company has no target group `{name}`, so nobody was removed"
            ))
        })?;
        let (users, unknown) = self.people(emails).await.before_change()?;
        for (batch, ids) in users.chunks(BATCH).enumerate() {
            let members = DeleteTargetGroupUsersRequest::new().target_user_resource_ids(ids);
            let removed = self.remove_users(&group.id, &members);
            let removed = confirmed(removed).await;
            removed.map_err(|error| halfway(error, batch, users.len(), "removed"))?;
        }
        Ok(GroupMembers {
            group,
            users,
            unknown,
        })
    }

    /// The ids of the users with these addresses, each once, and the addresses without a user.
    #[inline]
    async fn people(&self, emails: Vec<String>) -> Result<(Vec<String>, Vec<String>), Error> {
        let target_users = self.target_users();
        let (mut users, mut unknown) = (Vec::new(), Vec::new());
        for email in emails {
            let found = target_users.only_by_email(&email).await?;
            match found.and_then(|user| user.resource_id) {
                Some(id) if users.contains(&id) => {}
                Some(id) => users.push(id),
                None => unknown.push(email),
            }
        }
        Ok((users, unknown))
    }
}

fn existing(group: TargetGroup) -> Option<FoundGroup> {
    let id = group.resource_id?;
    Some(FoundGroup { id, created: false })
}

fn halfway(error: Error, batches: usize, all: usize, done: &str) -> Error {
    let error = match batches {
        0 => error,
        _ => after_change(error),
    };
    error.with_context(format!(
        "{} of {all} people were {done}: call it again for the rest",
        batches * BATCH
    ))
}

fn checked_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    match name.is_empty() {
        true => Err(Error::invalid(
            "`name` is empty: give the name of a target group",
        )),
        false => Ok(name),
    }
}
