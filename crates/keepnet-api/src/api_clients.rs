//! REST clients of a company: the ids and secrets that programs use.
//!
//! A secret is shown once, when its client is created, and cannot be changed. To rotate it, create a second client with
//! the same roles, and delete the first once nobody uses it. The operations are methods of [`Companies`].
//!
//! ```no_run
//! # async fn example(keepnet: keepnet_api::Client, store: impl Fn(&str, &str)) -> Result<(), keepnet_api::Error> {
//! let companies = keepnet.companies();
//! let Some(old) = companies.find_api_client("5f1c2d7e9a").await? else { return Ok(()) };
//! let rotation = companies.rotate_api_client(old.resource_id.unwrap_or_default()).await?;
//! store(&rotation.client.client_id, rotation.client.client_secret.expose());
//! // Once all programs call with the new one:
//! rotation.delete_old().await?;
//! # Ok(()) }
//! ```

mod rights;
mod roles;

use std::net::IpAddr;

use security_api_transport::Job;

use self::rights::Rights;
use crate::before_change::{BeforeChange as _, after_change};
use crate::envelope::confirmed::confirmed;
use crate::resources::Companies;
use crate::types::{ActivationStatus, ApiClientRequest, ApiClientView};
use crate::{Error, ErrorKind, SearchRequest, Secret};

/// A new REST client: its name, roles and allowed addresses.
///
/// ```
/// use keepnet_api::api_clients::NewApiClient;
///
/// let client = NewApiClient::new("SIEM export")
///     .role("Company Admin")
///     .allow_from(["203.0.113.7"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewApiClient {
    name: String,
    roles: Vec<String>,
    /// `None` for a client that may be used from everywhere.
    addresses: Option<Vec<String>>,
}

impl NewApiClient {
    /// A client with this name of 1 to 64 characters. It also needs a [`role`](Self::role).
    ///
    /// ```
    /// let client = keepnet_api::api_clients::NewApiClient::new("SIEM export").role("Company Admin");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            roles: Vec::new(),
            addresses: None,
        }
    }

    /// Adds a role of the company by its name or id: a standard role, such as `Company Admin` or `Reseller`, or a
    /// custom one. Case and spaces are ignored, unless several names differ only in them.
    ///
    /// ```
    /// let client = keepnet_api::api_clients::NewApiClient::new("SIEM export").role("aB3dE5gH7jK9");
    /// ```
    #[must_use]
    pub fn role(mut self, name_or_id: impl Into<String>) -> Self {
        self.roles.push(name_or_id.into());
        self
    }

    /// Allows only these IP addresses; further calls add to them. By default the client may be used from everywhere.
    ///
    /// Ranges such as `198.51.100.0/24` are sent unchanged. Whether the service accepts them is not documented; it may
    /// refuse them with `Invalid ip address`.
    ///
    /// ```
    /// let client = keepnet_api::api_clients::NewApiClient::new("SIEM export")
    ///     .role("Company Admin")
    ///     .allow_from(["203.0.113.7", "198.51.100.9"]);
    /// ```
    #[must_use]
    pub fn allow_from(mut self, addresses: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let known = self.addresses.get_or_insert_default();
        known.extend(addresses.into_iter().map(Into::into));
        self
    }

    fn check(&self) -> Result<(), Error> {
        if !(1..=64).contains(&self.name.trim().chars().count()) {
            return Err(Error::invalid("`name` must have 1 to 64 characters"));
        }
        if self.roles.is_empty() {
            return Err(Error::invalid(
                "`role` is missing, and the service refuses a client without one: give one such as `Company Admin`",
            ));
        }
        if self.addresses.as_ref().is_some_and(Vec::is_empty) {
            return Err(Error::invalid(
                "`allow_from` was given no address, so the client could be used from everywhere: give one, or leave it out",
            ));
        }
        let mut addresses = self.addresses.iter().flatten();
        let wrong = addresses.find(|address| !is_address(address));
        wrong.map_or(Ok(()), |address| {
            Err(Error::invalid(format!(
                "`allow_from`: `{address}` is neither an IP address nor a range: give one such as `203.0.113.7`"
            )))
        })
    }
}

fn is_address(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= longest))
}

/// A REST client that was just created, with the secret that is never shown again.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CreatedApiClient {
    /// The id of the record, for changes and deletion.
    pub resource_id: String,
    /// The client id that programs use.
    pub client_id: String,
    /// The client secret that programs use. Store it now: the service does not show it again.
    pub client_secret: Secret,
}

/// A rotation in progress: the new client exists, and the old one still works.
///
/// From [`Companies::rotate_api_client`]. Switch all programs to the new [`client`](Self::client), then call
/// [`delete_old`](Self::delete_old).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApiClientRotation {
    /// The new client.
    pub client: CreatedApiClient,
    /// The id of the old client's record.
    pub old_resource_id: String,
    companies: Companies,
}

impl ApiClientRotation {
    /// Deletes the old client; its id and secret are then useless. It is not an error if the client no longer exists.
    ///
    /// Tokens that were fetched with it may stay valid until they expire.
    ///
    /// # Errors
    /// If the request fails. Calling it again is safe.
    ///
    /// ```no_run
    /// # async fn example(rotation: keepnet_api::api_clients::ApiClientRotation) -> Result<(), keepnet_api::Error> {
    /// rotation.delete_old().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn delete_old(&self) -> Job<()> {
        let id = self.old_resource_id.clone();
        self.companies.deleting(id, "the old client")
    }

    /// Deletes the new client and leaves the old one unchanged.
    ///
    /// # Errors
    /// If the request fails. Calling it again is safe.
    ///
    /// ```no_run
    /// # async fn example(rotation: keepnet_api::api_clients::ApiClientRotation) -> Result<(), keepnet_api::Error> {
    /// rotation.undo().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn undo(&self) -> Job<()> {
        let id = self.client.resource_id.clone();
        self.companies.deleting(id, "the new client")
    }
}

/// # REST clients
impl Companies {
    /// Finds the REST client with this client id, the one that programs use. The result does not contain its secret.
    ///
    /// # Errors
    /// If the call fails.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// if let Some(client) = keepnet.companies().find_api_client("5f1c2d7e9a").await? {
    ///     println!("{:?} {:?}", client.client_name, client.status_name);
    /// }
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn find_api_client(&self, client_id: impl AsRef<str>) -> Job<Option<ApiClientView>> {
        let client_id = client_id.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).with_client_id(&client_id).await
        })
    }

    #[inline]
    async fn with_client_id(&self, client_id: &str) -> Result<Option<ApiClientView>, Error> {
        let mut clients = self.search_clients(SearchRequest::new()).items();
        while let Some(client) = clients.try_next().await? {
            if client.client_id.as_deref() == Some(client_id) {
                return Ok(Some(client));
            }
        }
        Ok(None)
    }

    /// Creates a REST client with a new id and secret, active at once.
    ///
    /// Roles that are given by name are looked up first. If the response to the creation is lost, the client is
    /// searched for.
    ///
    /// # Errors
    /// If the name, a role or an address is invalid, or a request fails. No client was created then, unless the error
    /// says otherwise.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, store: impl Fn(&str, &str)) -> Result<(), keepnet_api::Error> {
    /// use keepnet_api::api_clients::NewApiClient;
    ///
    /// let new = NewApiClient::new("SIEM export").role("Company Admin").allow_from(["203.0.113.7"]);
    /// let client = keepnet.companies().create_api_client(&new).await?;
    /// store(&client.client_id, client.client_secret.expose());
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn create_api_client(&self, new: &NewApiClient) -> Job<CreatedApiClient> {
        let new = new.clone();
        Job::new(self.client(), move |client| async move {
            new.check()?;
            let companies = Self::new(&client);
            let roles = companies.role_ids(&new.roles).await.before_change();
            let roles = roles.map_err(|error| error.with_context("no client was created"))?;
            let rights = Rights {
                name: new.name,
                roles,
                restricted: new.addresses.is_some(),
                addresses: new.addresses.unwrap_or_default(),
            };
            companies.create_with(rights).await
        })
    }

    /// Deactivates a REST client without deleting it. It keeps its name, roles and addresses.
    ///
    /// An update of a client contains its secret, which the service may not return. If it does not, a new secret that
    /// nobody has seen replaces it, so activating the client again would not make it usable: create a new client
    /// instead.
    ///
    /// # Errors
    /// If a request fails; the client may still be active then. Calling it again is safe. If the name, roles or
    /// addresses are missing from the service's response, or contradict each other, nothing is changed.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client) -> Result<(), keepnet_api::Error> {
    /// keepnet.companies().deactivate_api_client("aB3dE5gH7jK9").await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn deactivate_api_client(&self, resource_id: impl AsRef<str>) -> Job<()> {
        let resource_id = resource_id.as_ref().to_owned();
        Job::new(self.client(), move |client| async move {
            Self::new(&client).deactivate(&resource_id).await
        })
    }

    #[inline]
    async fn deactivate(&self, resource_id: &str) -> Result<(), Error> {
        let request = self.deactivation(resource_id).await.before_change()?;
        let update = self.update_client(resource_id, &request);
        confirmed(update).await
    }

    /// An update that deactivates the client and leaves everything else unchanged.
    #[inline]
    async fn deactivation(&self, resource_id: &str) -> Result<ApiClientRequest, Error> {
        let mut client = self.get_client(resource_id).await?;
        let known = client.client_secret.take();
        let client_id = client.client_id.take().filter(|id| !id.is_empty());
        let client_id = client_id.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "`companies.get_client`: the response has no `clientId`, so nothing was changed: delete the client instead",
            )
        })?;
        let rights = Rights::of(client)?;
        let secret = match known.filter(|secret| !secret.expose().is_empty()) {
            Some(secret) => secret,
            None => self.new_credentials().await?.1,
        };
        Ok(rights.request(&client_id, secret, ActivationStatus::Inactive))
    }

    /// Rotates the secret of a REST client: creates a second client with the same name, roles and addresses. The first
    /// one works until [`ApiClientRotation::delete_old`].
    ///
    /// The service generates secrets only for new clients, so the client id changes as well.
    ///
    /// # Errors
    /// If a request fails, or the client's name, roles or addresses are missing from the service's response or
    /// contradict each other. The old client is unchanged then, and there is no new one unless the error says so.
    ///
    /// ```no_run
    /// # async fn example(keepnet: keepnet_api::Client, store: impl Fn(&str, &str)) -> Result<(), keepnet_api::Error> {
    /// let rotation = keepnet.companies().rotate_api_client("aB3dE5gH7jK9").await?;
    /// store(&rotation.client.client_id, rotation.client.client_secret.expose());
    /// // Once all programs call with the new one:
    /// rotation.delete_old().await?;
    /// # Ok(()) }
    /// ```
    #[inline]
    pub fn rotate_api_client(&self, resource_id: impl AsRef<str>) -> Job<ApiClientRotation> {
        let (companies, old_resource_id) = (self.clone(), resource_id.as_ref().to_owned());
        Job::new(self.client(), move |client| async move {
            let created = Self::new(&client).create_like(&old_resource_id).await?;
            Ok(ApiClientRotation {
                client: created,
                old_resource_id,
                companies,
            })
        })
    }

    /// Creates a client with the same rights as another.
    #[inline]
    async fn create_like(&self, resource_id: &str) -> Result<CreatedApiClient, Error> {
        let old = self.get_client(resource_id).await.and_then(Rights::of);
        let created = self.create_with(old.before_change()?).await;
        created.map_err(|error| error.with_context("the old client works as before"))
    }

    fn deleting(&self, resource_id: String, what: &'static str) -> Job<()> {
        Job::new(self.client(), move |client| async move {
            let deleted = Self::new(&client).remove_api_client(&resource_id).await;
            deleted.map_err(|error| {
                error.with_context(format!(
                    "{what} {resource_id} may still work: delete it again"
                ))
            })
        })
    }

    /// Deletes a REST client. It is not an error if there is none with this id.
    #[inline]
    async fn remove_api_client(&self, resource_id: &str) -> Result<(), Error> {
        match confirmed(self.delete_client(resource_id)).await {
            Ok(()) => Ok(()),
            Err(error) if error.is_not_found() => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[inline]
    async fn new_credentials(&self) -> Result<(String, Secret), Error> {
        let generated = self.generate_client_credentials().await?;
        let pair = generated.client_id.zip(generated.client_secret);
        let pair = pair.filter(|(id, secret)| !id.is_empty() && !secret.expose().is_empty());
        pair.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "`companies.generate_client_credentials`: the response has no id and secret: try again",
            )
        })
    }

    #[inline]
    async fn create_with(&self, rights: Rights) -> Result<CreatedApiClient, Error> {
        let (client_id, client_secret) = self.new_credentials().await.before_change()?;
        let request = rights.request(&client_id, client_secret.clone(), ActivationStatus::Active);
        let resource_id = match self.create_client(&request).await {
            Ok(created) => created.resource_id,
            Err(error) if error.may_be_executed() => match self.with_client_id(&client_id).await {
                Ok(Some(client)) => client.resource_id,
                Ok(None) => return Err(error),
                Err(_) => return Err(error.with_context(unknown(&client_id))),
            },
            Err(error) => return Err(error),
        };
        // The secret must not be lost because the response lacks an id that can be looked up.
        let resource_id = match resource_id {
            Some(id) => Some(id),
            None => match self.with_client_id(&client_id).await {
                Ok(found) => found.and_then(|client| client.resource_id),
                Err(error) => return Err(after_change(error).with_context(unknown(&client_id))),
            },
        };
        let resource_id = resource_id.ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "`companies.create_client`: the response has no id of the new client",
            )
            .with_context(unknown(&client_id))
        })?;
        Ok(CreatedApiClient {
            resource_id,
            client_id,
            client_secret,
        })
    }
}

fn unknown(client_id: &str) -> String {
    format!(
        "it is unknown whether the client {client_id} exists: search for it with `find_api_client`, and delete it"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_ranges_are_told_from_other_texts() {
        for address in [
            "203.0.113.7",
            "198.51.100.0/24",
            "2001:db8::1",
            "2001:db8::/32",
        ] {
            assert!(is_address(address), "{address}");
        }
        for wrong in [
            "",
            "host.example.com",
            "203.0.113",
            "203.0.113.7/33",
            "::1/129",
            "1.2.3.4/",
        ] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }

    #[test]
    fn a_client_that_the_service_would_refuse_is_an_error_with_the_remedy() {
        let refusal = |new: NewApiClient| new.check().unwrap_err().to_string();
        assert!(refusal(NewApiClient::new(" ").role("x")).starts_with("`name` "));
        assert!(refusal(NewApiClient::new("x".repeat(65)).role("x")).starts_with("`name` "));
        assert!(refusal(NewApiClient::new("x")).contains("`Company Admin`"));
        let wrong = NewApiClient::new("x")
            .role("x")
            .allow_from(["203.0.113.7", ""]);
        assert!(refusal(wrong).contains("`` is neither an IP address"));
        let nowhere = NewApiClient::new("x").role("x").allow_from([""; 0]);
        assert!(refusal(nowhere).contains("`allow_from` was given no address"));
    }
}
