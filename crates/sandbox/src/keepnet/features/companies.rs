//! Companies, and who looks after them.

use serde_json::{Value, json};

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use crate::keepnet::http::auth;
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::company::{self, PARENT, find, set_privacy_until};
use crate::keepnet::records::{Row, integer, text};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/companies",
    handlers: &[
        ("GET /my", Do(my)),
        ("POST /search", Rows(|call| Ok(below(call)))),
        ("GET /{resourceId}", Do(get)),
        ("GET /privacy", Do(privacy)),
        ("PUT /privacy", Do(set_privacy)),
    ],
};

fn below(call: &Call<'_>) -> Vec<Row> {
    let companies = company::all(&call.inner.store).iter();
    let below = companies.filter(|row| text(row, PARENT) == call.grant.company);
    below.cloned().collect()
}

/// The company with that id, as the operation shows it.
fn shown(call: &Call<'_>, id: &str) -> Result<Value, Refusal> {
    let company = find(&call.inner.store, id).ok_or(Refusal::NotFound("Company not found"))?;
    Ok(call.view(company))
}

/// The own company and those below it. Source: the published description (`children`).
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

fn privacy(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    Ok(Outcome::Data(shown(call, &call.company)?))
}

/// Source: `PRIVACY_ERROR` of the vendor's front end, for a company that does not share its data now.
fn set_privacy(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["privacyDurationId"])?;
    let days = integer(call.object()?, "privacyDurationId");
    let (id, now) = (call.company.clone(), call.now());
    set_privacy_until(call.store(), &id, now, days);
    call.log("CompanyPrivacy", "Update", &id, None, None);
    done(&id)
}
