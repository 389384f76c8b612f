//! Target groups by name.

use security_api_transport::Job;

use crate::resources::TargetGroups;
use crate::types::{
    CreateTargetGroupRequest, CreateTargetGroupUsersRequest, DeleteTargetGroupUsersRequest,
    TargetGroupByNameRequest, TargetGroupPriority, TargetGroupView,
};
use crate::{Error, ErrorKind};

use super::{Matches, is_refused};

/// How many people are named in one request.
const BATCH: usize = 500;

/// What [`TargetGroups::find_or_create`] found or made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundGroup {
    /// The id of the group.
    pub id: String,
    /// Whether it was created by this call.
    pub created: bool,
}

/// What [`TargetGroups::add_people`] and [`TargetGroups::remove_people`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupMembers {
    /// The group.
    pub group: FoundGroup,
    /// The ids of the target users that were added or removed, in the order of their addresses.
    pub users: Vec<String>,
    /// The addresses that no target user has.
    pub unknown: Vec<String>,
}

impl TargetGroups {
    /// The target group with this name, if there is one. The case of ASCII letters does not matter, unless there are
    /// several that differ in nothing else.
    ///
    /// # Errors
    /// If the name is empty, or the call fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// let group = keepnet.target_groups().find_by_name("Finance").await?;
    /// println!("{}", group.is_some());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn find_by_name(&self, name: impl AsRef<str>) -> Job<Option<TargetGroupView>> {
        let name = name.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).first_by_name(&name).await
        })
    }

    #[inline]
    async fn first_by_name(&self, name: &str) -> Result<Option<TargetGroupView>, Error> {
        let name = checked_name(name)?;
        let mut groups = self.by_name(name).items();
        let mut found = Matches::new(name);
        // One that is written in the same way is as good as it gets.
        while found.exact.is_empty()
            && let Some(group) = groups.try_next().await?
        {
            found.add(group.name.clone(), group);
        }
        Ok(found.first())
    }

    /// The target group with this name, to take people out of: an error if there are several.
    #[inline]
    async fn only_by_name(&self, name: &str) -> Result<Option<TargetGroupView>, Error> {
        let mut groups = self.by_name(name).items();
        let mut found = Matches::new(name);
        while let Some(group) = groups.try_next().await? {
            found.add(group.name.clone(), group);
        }
        found.only("name", |group| group.resource_id.as_deref())
    }

    /// Those with a name like this one: the service gives all whose names contain it.
    fn by_name(&self, name: &str) -> crate::List<TargetGroupView> {
        let search = TargetGroupByNameRequest::new()
            .group_name(name)
            .page_number(1)
            .page_size(100)
            .order_by("Name")
            .ascending(true);
        self.search_by_name(&search)
    }

    /// The target group with this name; a new one with priority medium if there is none.
    ///
    /// If somebody else creates it at the same time, that one is found.
    ///
    /// # Errors
    /// If the name is empty, or one of the calls fails. Calling it again is safe.
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
        if let Some(group) = self.found(name).await? {
            return Ok(group);
        }
        let new = CreateTargetGroupRequest::new(name, TargetGroupPriority::Medium);
        let error = match self.create(&new).await {
            Ok(created) => match created.resource_id {
                Some(id) => return Ok(FoundGroup { id, created: true }),
                None => Error::new(
                    ErrorKind::Decode,
                    "target_groups.create: the service did not say the id of the new group: call it again a little \
                     later",
                ),
            },
            Err(error) => error,
        };
        if is_refused(&error) || error.may_be_executed() {
            // A failure of this look is not worth more than the error that led to it.
            if let Ok(Some(group)) = self.found(name).await {
                return Ok(group);
            }
        }
        Err(error)
    }

    #[inline]
    async fn found(&self, name: &str) -> Result<Option<FoundGroup>, Error> {
        Ok(self.first_by_name(name).await?.and_then(existing))
    }

    /// Puts the target users with these e-mail addresses into the group with this name, which is created if there is
    /// none. Whoever is in it already stays in it. What becomes of people in a group that the service fills by itself,
    /// such as `New Hires`, is not documented.
    ///
    /// Each address costs two requests, and 500 people one more. For thousands of people, an
    /// [`import`](crate::resources::TargetUsers::import) puts all rows of a file into groups.
    ///
    /// # Errors
    /// If the name is empty, one of the addresses is no e-mail address, or one of the calls fails; the error says how
    /// many are in the group by then. Calling it again is safe. Addresses that nobody has are no error: they are in
    /// [`GroupMembers::unknown`].
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
        let (name, emails) = (name.as_ref().to_owned(), owned(emails));
        Job::new(self.client(), move |client| async move {
            Self::new(&client).add(&name, emails).await
        })
    }

    #[inline]
    async fn add(&self, name: &str, emails: Vec<String>) -> Result<GroupMembers, Error> {
        checked_name(name)?;
        let (users, unknown) = self.people(emails, Several::First).await?;
        let group = self.found_or_created(name).await?;
        for (batch, ids) in users.chunks(BATCH).enumerate() {
            let members = CreateTargetGroupUsersRequest::new()
                .target_user_resource_ids(ids)
                .target_group_resource_ids([&group.id]);
            // What it responds with is not described, and not needed.
            let adding = self.add_users(&members).into_request();
            let added = adding.call::<()>().await;
            added.map_err(|error| halfway(error, batch, users.len(), "added"))?;
        }
        Ok(GroupMembers {
            group,
            users,
            unknown,
        })
    }

    /// Takes the target users with these e-mail addresses out of the group with this name.
    ///
    /// # Errors
    /// If there is no such group or several, one of the addresses is no e-mail address or several have it, or one of the
    /// calls fails; the error says how many were removed by then. Calling it again is safe. Addresses that nobody has are no error: they are in
    /// [`GroupMembers::unknown`].
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
        let (name, emails) = (name.as_ref().to_owned(), owned(emails));
        Job::new(self.client(), move |client| async move {
            Self::new(&client).remove(&name, emails).await
        })
    }

    #[inline]
    async fn remove(&self, name: &str, emails: Vec<String>) -> Result<GroupMembers, Error> {
        let name = checked_name(name)?;
        let group = self.only_by_name(name).await?.and_then(existing);
        let group = group.ok_or_else(|| {
            Error::invalid(format!(
                "name: there is no target group `{name}` in this company, so nobody was removed"
            ))
        })?;
        let (users, unknown) = self.people(emails, Several::Refused).await?;
        for (batch, ids) in users.chunks(BATCH).enumerate() {
            let members = DeleteTargetGroupUsersRequest::new().target_user_resource_ids(ids);
            let removed = self.remove_users(&group.id, &members).await;
            removed.map_err(|error| halfway(error, batch, users.len(), "removed"))?;
        }
        Ok(GroupMembers {
            group,
            users,
            unknown,
        })
    }

    /// The ids of those with these addresses, each once, and the addresses that nobody has.
    #[inline]
    async fn people(
        &self,
        emails: Vec<String>,
        several: Several,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        let target_users = self.target_users();
        let (mut users, mut unknown) = (Vec::new(), Vec::new());
        for email in emails {
            let found = match several {
                Several::First => target_users.first_by_email(&email).await?,
                Several::Refused => target_users.only_by_email(&email).await?,
            };
            match found.and_then(|user| user.resource_id) {
                Some(id) if users.contains(&id) => {}
                Some(id) => users.push(id),
                None => unknown.push(email),
            }
        }
        Ok((users, unknown))
    }
}

fn owned(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    let texts = texts.into_iter();
    texts.map(|one| one.as_ref().to_owned()).collect()
}

/// What to do if several have the same address.
#[derive(Clone, Copy)]
enum Several {
    First,
    Refused,
}

fn existing(group: TargetGroupView) -> Option<FoundGroup> {
    let id = group.resource_id?;
    Some(FoundGroup { id, created: false })
}

fn halfway(error: Error, batches: usize, all: usize, done: &str) -> Error {
    error.with_context(format!(
        "{} of {all} people were {done}: call it again for the rest",
        batches * BATCH
    ))
}

fn checked_name(name: &str) -> Result<&str, Error> {
    let name = name.trim();
    match name.is_empty() {
        true => Err(Error::invalid(
            "name: it is empty; give the name of a target group",
        )),
        false => Ok(name),
    }
}
