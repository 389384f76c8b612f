//! Companies, and who looks after them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::handler::Handler::{Do, Rows};
use super::handler::Table;
use super::people;
use crate::keepnet::http::auth;
use crate::keepnet::http::call::{Call, done, missing};
use crate::keepnet::http::multipart;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::company::{
    self, COMPANIES, PARENT, complete, find, set_privacy_until,
};
use crate::keepnet::records::{Record, Row, integer, text};
use crate::keepnet::seed;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/companies",
    handlers: &[
        ("GET /my", Do(my)),
        ("POST /search", Rows(search)),
        ("POST ", Do(create)),
        ("GET /{resourceId}", Do(get)),
        ("PUT /{resourceId}", Do(update)),
        ("DELETE /{resourceId}", Do(delete)),
        ("DELETE /bulk-delete", Do(delete_many)),
        ("GET /privacy", Do(privacy)),
        ("PUT /privacy", Do(set_privacy)),
    ],
};

/// Members that no update takes away: what the service sets itself. The others are replaced, as those of all records.
const KEPT: [&str; 7] = [
    "resourceId",
    "id",
    "createTime",
    PARENT,
    "privacyDurationId",
    "privacyDurationStartTime",
    "privacyDurationEndTime",
];

const REQUIRED: [&str; 8] = [
    "Name",
    "IndustryResourceId",
    "CountryResourceId",
    "LicenseTypeResourceId",
    "LicensePeriodTypeResourceId",
    "TimeZoneId",
    "DateFormat",
    "TimeFormat",
];

/// The company with the numbers that follow from its users. That inactive users are no active users of the month is
/// inferred.
fn counted(call: &mut Call<'_>, row: &Row) -> Row {
    let id = text(row, "resourceId").to_owned();
    seed::ready(call.state, call.inner, &id);
    let (total, active) = people::counts(&call.inner.store, &id);
    let mut record = Record::clone(row);
    record.insert("targetUserCount".to_owned(), json!(total));
    record.insert("inactiveTargetUserCount".to_owned(), json!(total - active));
    record.insert("monthlyActiveUserCount".to_owned(), json!(active));
    let deleted = people::deleted(&call.inner.store, &id);
    record.insert("deletedTargetUserCount".to_owned(), json!(deleted));
    Arc::new(record)
}

fn below(call: &Call<'_>) -> Vec<Row> {
    let companies = company::all(&call.inner.store).iter();
    let below = companies.filter(|row| text(row, PARENT) == call.grant.company);
    below.cloned().collect()
}

/// The own company and those below it. Source: the published description (`children`).
fn my(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let children: Vec<Value> = below(call).iter().map(|row| call.view(row)).collect();
    let own = find(&call.inner.store, &call.grant.company).cloned();
    let own = own.ok_or(Refusal::NotFound("Company not found"))?;
    let mut own = call.view(&own);
    own["children"] = Value::Array(children);
    Ok(Outcome::Data(json!([own])))
}

fn search(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let rows = below(call);
    Ok(rows.iter().map(|row| counted(call, row)).collect())
}

fn reached(call: &Call<'_>) -> Result<(String, Row), Refusal> {
    let id = call.last_param();
    auth::reach(call.inner, &call.grant, &id)?;
    let row = find(&call.inner.store, &id).cloned();
    Ok((id, row.ok_or(Refusal::NotFound("Company not found"))?))
}

fn get(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (_, row) = reached(call)?;
    let row = counted(call, &row);
    Ok(Outcome::Data(call.view(&row)))
}

/// Source: the published description has the required members.
fn form(call: &Call<'_>) -> Result<Record, Refusal> {
    let record = multipart::record(&multipart::parts(&call.content_type, &call.raw)?);
    missing(&record, &REQUIRED)?;
    Ok(record)
}

fn create(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let mut company = form(call)?;
    let id = call.store().id();
    let number = company::all(&call.inner.store).len() + 1;
    company.insert("resourceId".to_owned(), json!(id));
    company.insert("id".to_owned(), json!(number));
    company.insert("createTime".to_owned(), json!(call.now_text()));
    company.insert(PARENT.to_owned(), json!(call.grant.company));
    complete(&mut company);
    call.log("Company", "Create", &id, None, Some(&company));
    call.store().push("", COMPANIES, company);
    // A new company starts without any users.
    call.store().seeded.push(id.clone());
    done(&id)
}

fn update(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (id, before) = reached(call)?;
    let mut company = Record::clone(&before);
    company.retain(|name, _| KEPT.contains(&name.as_str()));
    company.extend(form(call)?);
    complete(&mut company);
    call.log("Company", "Update", &id, Some(&before), Some(&company));
    if let Some(record) = call.store().find_mut("", COMPANIES, "resourceId", &id) {
        *record = company;
    }
    done(&id)
}

fn remove(call: &mut Call<'_>, id: &str, operation: &'static str) -> Result<(), Refusal> {
    auth::reach(call.inner, &call.grant, id)?;
    if id == call.grant.company {
        return Err(Refusal::Forbidden(
            "This company cannot be deleted by itself",
        ));
    }
    let removed = call.store().remove("", COMPANIES, "resourceId", id);
    call.log("Company", operation, id, removed.as_deref(), None);
    Ok(())
}

fn delete(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    remove(call, &id, "Delete")?;
    done(&id)
}

fn delete_many(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let ids = crate::keepnet::records::texts(call.object()?, "items");
    if ids.is_empty() {
        return Err(Refusal::input("The items field is required."));
    }
    for id in &ids {
        remove(call, id, "DeleteMany")?;
    }
    done(&ids[0])
}

fn privacy(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let row = find(&call.inner.store, &call.company).cloned();
    let row = row.ok_or(Refusal::NotFound("Company not found"))?;
    Ok(Outcome::Data(call.view(&row)))
}

fn set_privacy(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["privacyDurationId"])?;
    let days = integer(call.object()?, "privacyDurationId");
    let id = call.company.clone();
    let now = call.now();
    set_privacy_until(call.store(), &id, now, days);
    call.log("CompanyPrivacy", "Update", &id, None, None);
    done(&id)
}
