//! An API client as it is kept. Programs authenticate as one.

use std::net::IpAddr;

use serde_json::json;

use super::store::Store;
use super::{Record, Row, flag, text, texts};
use crate::common::random::{ALPHANUMERIC, Random};

/// The table of a company's clients.
pub(crate) const CLIENTS: &str = "/api/companies/clients";

/// The member that holds the secret. No response shows it: the vendor documents that it is shown once.
pub(crate) const SECRET: &str = "keptSecret";

/// The member that says whether the client also reaches the companies below its own. No response shows it.
pub(crate) const RESELLER: &str = "isResellerClient";

/// Makes the id and the secret of a client.
pub(crate) fn credentials(random: &mut Random) -> (String, String) {
    let id = random.text(ALPHANUMERIC, 24);
    (id, random.text(ALPHANUMERIC, 48))
}

/// The client with that id, and its company.
pub(crate) fn find<'a>(store: &'a Store, id: &str) -> Option<(&'a str, &'a Row)> {
    let mut clients = store.everywhere(CLIENTS);
    clients.find(|(_, client)| text(client, "clientId") == id)
}

pub(crate) fn is_active(client: &Record) -> bool {
    client.get("statusId") == Some(&json!(1))
}

pub(crate) fn reaches_others(client: &Record) -> bool {
    flag(client, RESELLER)
}

/// Whether the client may be used from this address.
pub(crate) fn allows(client: &Record, address: IpAddr) -> bool {
    let allowed = texts(client, "allowedIpAddresses");
    !flag(client, "hasIpAddressRestriction")
        || allowed.iter().any(|text| text.parse() == Ok(address))
}
