//! The roles of a REST client, and the addresses that it may be used from.

use crate::types::{ActivationStatus, ApiClient, ApiClientRequest};
use crate::{Error, ErrorKind, Secret};

/// The name, roles and allowed addresses of a client, which an update must contain and a successor inherits.
pub(super) struct Rights {
    pub(super) name: String,
    pub(super) roles: Vec<String>,
    pub(super) restricted: bool,
    pub(super) addresses: Vec<String>,
}

impl Rights {
    /// The rights in the service's response, if it is complete.
    ///
    /// Missing members are not guessed: a client that is restricted to a few addresses could become usable from
    /// everywhere.
    pub(super) fn of(client: ApiClient) -> Result<Self, Error> {
        let incomplete = |member: &str, what: &str| {
            Error::new(
                ErrorKind::Decode,
                format!(
                    "`companies.get_client`: `{member}` {what}, so nothing was changed: set name, roles and addresses of \
                     the client on the platform and try again, or delete it and make another with `create_api_client`"
                ),
            )
        };
        let name = client.name.filter(|name| !name.trim().is_empty());
        let name = name.ok_or_else(|| incomplete("name", "is missing"))?;
        let mut roles = client.role_resource_id_list.unwrap_or_default();
        roles.retain(|role| !role.is_empty());
        if roles.is_empty() {
            return Err(incomplete("roleResourceIdList", "has no role"));
        }
        let restricted = client
            .has_ip_address_restriction
            .ok_or_else(|| incomplete("hasIpAddressRestriction", "is missing"))?;
        let mut addresses = client.allowed_ip_addresses.unwrap_or_default();
        addresses.retain(|address| !address.trim().is_empty());
        if restricted && addresses.is_empty() {
            return Err(incomplete(
                "allowedIpAddresses",
                "has no address although `hasIpAddressRestriction` is true",
            ));
        }
        Ok(Self {
            name,
            roles,
            restricted,
            addresses,
        })
    }

    pub(super) fn request(
        self,
        client_id: &str,
        secret: Secret,
        status: ActivationStatus,
    ) -> ApiClientRequest {
        ApiClientRequest::new(self.name, client_id, secret, status)
            .role_resource_id_list(self.roles)
            .has_ip_address_restriction(self.restricted)
            .allowed_ip_addresses(self.addresses)
    }
}
