//! API clients: what programs authenticate as.

use std::net::IpAddr;

use serde_json::{Value, json};

use super::admin;
use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use crate::core::random::ALPHANUMERIC;
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Record, Row, bool_of, integer, member, row, text, texts};
use crate::keepnet::state::Client;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/companies/clients",
    handlers: &[
        ("GET /generate-client-credentials", Do(generate)),
        ("POST ", Do(create)),
        ("POST /search", Rows(rows)),
        ("GET /{resourceId}", Do(get)),
        ("PUT /{resourceId}", Do(update)),
        ("DELETE /{resourceId}", Do(delete)),
    ],
};

const NOT_FOUND: Refusal = Refusal::NotFound("Client not found");

/// What may be seen of a client: not its secret, which the vendor documents to be shown once.
fn shown(client: &Client) -> Record {
    let addresses = client.addresses.iter().flatten();
    let addresses: Vec<_> = addresses.map(IpAddr::to_string).collect();
    let members = json!({
        "resourceId": client.resource_id,
        "name": client.name,
        "clientName": client.name,
        "clientId": client.id,
        "statusId": i32::from(client.active),
        "statusName": if client.active { "Active" } else { "Inactive" },
        "hasIpAddressRestriction": client.addresses.is_some(),
        "allowedIpAddresses": addresses,
        "roleResourceIdList": client.roles,
        "createTime": client.created,
    });
    crate::keepnet::records::record(members)
}

fn position(call: &Call<'_>) -> Result<usize, Refusal> {
    let id = call.last_param();
    let mut clients = call.inner.clients.iter();
    clients
        .position(|client| client.resource_id == id && client.company == call.company)
        .ok_or(NOT_FOUND)
}

fn generate(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let random = &mut call.store().random;
    let id = random.text(ALPHANUMERIC, 24);
    let secret = random.text(ALPHANUMERIC, 48);
    Ok(Outcome::Data(
        json!({ "clientId": id, "clientSecret": secret }),
    ))
}

fn rows(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let clients = call.inner.clients.iter();
    let of_company = clients.filter(|client| client.company == call.company);
    Ok(of_company
        .map(|client| row(Value::Object(shown(client))))
        .collect())
}

fn get(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let client = &call.inner.clients[position(call)?];
    Ok(Outcome::Data(call.view(&shown(client))))
}

/// A client as the body describes it. The vendor documents the roles and `Invalid ip address`; that ranges count as
/// invalid and that ids are unique is inferred. 1 is active: the vendor's front end sends 0 or 1.
fn described(call: &Call<'_>, resource_id: String, created: String) -> Result<Client, Refusal> {
    call.require(&["name", "clientId", "clientSecret", "statusId"])?;
    let body = call.object()?;
    let ids = texts(body, "roleResourceIdList");
    let roles = admin::roles(call, &ids)?;
    let listed = texts(body, "allowedIpAddresses");
    let addresses: Result<Vec<IpAddr>, _> = listed.iter().map(|text| text.parse()).collect();
    let addresses = addresses.map_err(|_| Refusal::input("Invalid ip address"))?;
    let restricted = member(body, "hasIpAddressRestriction").and_then(bool_of) == Some(true);
    if restricted && addresses.is_empty() {
        return Err(Refusal::input("Invalid ip address"));
    }
    let client_id = text(body, "clientId").to_owned();
    let mut others = call.inner.clients.iter();
    if others.any(|client| client.id == client_id && client.resource_id != resource_id) {
        return Err(Refusal::input("The clientId is in use already"));
    }
    let reseller = call.company == call.grant.company
        && call.grant.reseller
        && roles.iter().any(|role| text(role, "name") == "Reseller");
    Ok(Client {
        resource_id,
        name: text(body, "name").to_owned(),
        id: client_id,
        secret: text(body, "clientSecret").to_owned(),
        company: call.company.clone(),
        reseller,
        active: integer(body, "statusId") == 1,
        addresses: restricted.then_some(addresses),
        roles: ids,
        created,
    })
}

fn create(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.store().id();
    let client = described(call, id.clone(), call.now_text())?;
    call.log("Client", "Create", &id, None, Some(&shown(&client)));
    call.inner.clients.push(client);
    done(&id)
}

fn update(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let position = position(call)?;
    let before = call.inner.clients[position].clone();
    let id = before.resource_id.clone();
    let after = described(call, id.clone(), before.created.clone())?;
    let (old, new) = (shown(&before), shown(&after));
    call.log("Client", "Update", &id, Some(&old), Some(&new));
    call.inner.clients[position] = after;
    done(&id)
}

fn delete(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let position = position(call)?;
    let client = call.inner.clients.remove(position);
    let id = client.resource_id.clone();
    call.log("Client", "Delete", &id, Some(&shown(&client)), None);
    done(&id)
}
