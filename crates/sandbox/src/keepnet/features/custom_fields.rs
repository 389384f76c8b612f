//! Custom fields of target users.

use serde_json::{Value, json};

use super::handler::Handler::Do;
use super::handler::Table;
use super::memberships::{GROUPS, NO_GROUP};
use super::resource::{Resource, unchanged};
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Record, record, text};

pub(crate) const FIELDS: &str = "/api/custom-fields";

pub(crate) static CUSTOM_FIELDS: Resource = Resource {
    path: FIELDS,
    entity: "TargetUserCustomField",
    not_found: "Custom field not found",
    required: &["name", "fieldDataType"],
    unique: Some("name"),
    prepare: prepare_field,
    view: unchanged,
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/custom-fields",
    handlers: &[
        ("GET /company", Do(fields)),
        ("GET /groups/{resourceId}", Do(group_fields)),
        ("POST /bulk-update", Do(update_fields)),
    ],
};

/// What is set where the body says nothing is inferred.
fn prepare_field(
    call: &mut Call<'_>,
    field: &mut Record,
    before: Option<&Record>,
) -> Result<(), Refusal> {
    if !field.contains_key("ownerType") {
        field.insert("ownerType".to_owned(), json!("Company"));
    }
    if !field.contains_key("isActive") {
        field.insert("isActive".to_owned(), json!(true));
    }
    if before.is_none() && !field.contains_key("sortOrder") {
        let next = call.rows(FIELDS).len() + 1;
        field.insert("sortOrder".to_owned(), json!(next));
    }
    Ok(())
}

fn fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let rows = call.rows(FIELDS).to_vec();
    let of_company = rows
        .iter()
        .filter(|row| text(row, "targetGroupResourceId").is_empty());
    Ok(call.list(of_company))
}

fn group_fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let group = call.last_param();
    call.find(GROUPS, &group, NO_GROUP)?;
    let rows = call.rows(FIELDS).to_vec();
    let of_group = rows
        .iter()
        .filter(|row| text(row, "targetGroupResourceId") == group);
    Ok(call.list(of_group))
}

fn update_fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let list = call.member("targetUserCustomFields");
    let list = list.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut last = String::new();
    for field in list {
        let changes = record(field);
        last = text(&changes, "resourceId").to_owned();
        if last.is_empty() {
            last = CUSTOM_FIELDS.create(call, changes)?;
        } else {
            CUSTOM_FIELDS.update(call, &last, changes)?;
        }
    }
    done(&last)
}
