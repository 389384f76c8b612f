//! API clients. Programs authenticate as one.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::admin;
use super::handler::{Do, Table};
use super::resource::Resource;
use crate::keepnet::call::Call;
use crate::keepnet::records::client::{self, CLIENTS, RESELLER, SECRET};
use crate::keepnet::records::{Record, flag, integer, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static API_CLIENTS: Resource = Resource {
    prepare,
    ..Resource::plain(CLIENTS, "Client", "Client not found")
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/companies/clients",
    handlers: &[("GET /generate-client-credentials", Do(generate))],
};

/// Makes credentials for a client that is yet to be created. Source: the published description.
fn generate(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (id, secret) = client::credentials(&mut call.store().random);
    let data = json!({ "clientId": id, "clientSecret": secret });
    Ok(Outcome::Data(data))
}

/// The vendor documents the roles and `Invalid ip address`. The refusal of ranges is inferred. A
/// status of 1 is active. Source: the vendor's front end, which sends 0 or 1.
fn prepare(call: &mut Call<'_>, new: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let roles = admin::roles(call, &texts(new, "roleResourceIdList"))?;
    let addresses = texts(new, "allowedIpAddresses");
    let restricted = flag(new, "hasIpAddressRestriction");
    let invalid = |text: &String| text.parse::<IpAddr>().is_err();
    if addresses.iter().any(invalid) || restricted && addresses.is_empty() {
        return Err(Refusal::input("Invalid ip address"));
    }
    // A client of the reseller's own company with the role of that name reaches the others (inferred).
    let reseller = call.company == call.grant.company
        && call.grant.reseller
        && roles.iter().any(|role| text(role, "name") == "Reseller");
    let active = integer(new, "statusId") == 1;
    let secret = new.remove("clientSecret").unwrap_or(Value::Null);
    new.extend(record(json!({
        "clientName": text(new, "name"),
        "statusId": i32::from(active),
        "statusName": if active { "Active" } else { "Inactive" },
        "hasIpAddressRestriction": restricted,
        SECRET: secret,
        RESELLER: reseller,
    })));
    Ok(())
}
