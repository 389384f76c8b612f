//! Ids that were given out.

use serde_json::Value;

use super::call::Call;
use super::response::Refusal;
use super::shapes;

/// Refuses ids that were not given out, of records that are not kept. Source: the vendor documents 404 for an unknown id in
/// a path. What one in a body does is not known.
pub(crate) fn check(call: &Call<'_>) -> Result<(), Refusal> {
    let segments = &call.operation.segments;
    let is_id = |name: &str| name.ends_with("Id") && segments[name] == "string";
    let mut ids = call.params.iter().filter(|(name, _)| is_id(name));
    if ids.any(|(_, id)| is_unknown(call, id)) {
        return Err(Refusal::not_found("Record not found"));
    }
    let mut members = call.body.iter();
    match members.find_map(|(name, value)| unknown(call, name, value)) {
        Some(name) => Err(call.not_played(&format!("an unknown {name}"))),
        None => Ok(()),
    }
}

fn is_unknown(call: &Call<'_>, id: &str) -> bool {
    // The id of a row in a report has those of the person and of the campaign, and the number of the launch.
    let row = id
        .rsplit_once('-')
        .filter(|(_, number)| number.parse::<u32>().is_ok());
    let mut ids = row.map_or(id, |(ids, _)| ids).split('-');
    let (store, uploads) = (&call.inner.store, &call.inner.uploads);
    let is_known = shapes::samples_have(id) || uploads.contains_key(id);
    !is_known && !ids.all(|id| store.knows(&call.company, id))
}

/// The name of the member that has an unknown id.
fn unknown<'a>(call: &Call<'_>, name: &'a str, value: &'a Value) -> Option<&'a str> {
    match value {
        Value::String(id) => {
            let lower = name.to_lowercase();
            // Only a selection of all records excludes any, and such is not played.
            let is_id = !lower.starts_with("excluded")
                && (lower.ends_with("items") || lower.contains("resourceid"));
            (is_id && !id.is_empty() && is_unknown(call, id)).then_some(name)
        }
        Value::Array(values) => values.iter().find_map(|value| unknown(call, name, value)),
        Value::Object(members) => {
            let mut members = members.iter();
            members.find_map(|(name, value)| unknown(call, name, value))
        }
        _ => None,
    }
}
