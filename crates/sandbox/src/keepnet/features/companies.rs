//! Companies, and the reseller who looks after them.

use serde_json::{Value, json};

use super::handler::{Do, Rows, Table};
use crate::keepnet::auth;
use crate::keepnet::call::Call;
use crate::keepnet::records::company::{self, PARENT};
use crate::keepnet::records::{Row, text};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/companies",
    handlers: &[
        ("GET /my", Do(my)),
        ("POST /search", Rows(search)),
        ("GET /{resourceId}", Do(get)),
    ],
};

fn below(call: &Call<'_>) -> Vec<Row> {
    let companies = company::all(&call.inner.store).iter();
    let below = companies.filter(|row| text(row, PARENT) == call.grant.company);
    below.cloned().collect()
}

/// Source: the vendor's documentation (403 for clients of other companies than a reseller's).
fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    match call.grant.reseller {
        true => Ok(below(call)),
        false => Err(Refusal::forbidden("The role does not allow this")),
    }
}

/// The company with that id, as the operation shows it.
fn shown(call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
    let company = company::find(&call.inner.store, id);
    let company = company.ok_or_else(|| Refusal::not_found("Company not found"))?;
    Ok(call.view(company))
}

/// The client's own company and those below it. Source: the published description (`children`).
fn my(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let children: Vec<Value> = below(call).iter().map(|row| call.view(row)).collect();
    let mut own = shown(call, &call.grant.company)?;
    own["children"] = Value::Array(children);
    Ok(Outcome::Data(json!([own])))
}

fn get(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    auth::reach(call.inner, &call.grant, &id)?;
    Ok(Outcome::Data(shown(call, &id)?))
}
