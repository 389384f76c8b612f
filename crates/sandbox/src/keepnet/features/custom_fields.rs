//! Custom fields of target users.

use super::handler::Handler::Do;
use super::handler::Table;
use super::resource::{Resource, as_it_is, unchanged};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};

pub(crate) const FIELDS: &str = "/api/custom-fields";

pub(crate) static CUSTOM_FIELDS: Resource = Resource {
    path: FIELDS,
    entity: "TargetUserCustomField",
    not_found: "Custom field not found",
    required: &["name", "fieldDataType"],
    unique: Some("name"),
    prepare: as_it_is,
    view: unchanged,
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/custom-fields",
    handlers: &[("GET /company", Do(fields))],
};

fn fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let rows = call.rows(FIELDS).to_vec();
    Ok(call.list(&rows))
}
