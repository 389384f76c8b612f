//! Responses of the right shape for what is not kept.

use serde_json::json;

use crate::keepnet::call::{Call, done};
use crate::keepnet::ids;
use crate::keepnet::lists::export::export;
use crate::keepnet::lists::search::Search;
use crate::keepnet::records::record;
use crate::keepnet::records::store::UNKEPT;
use crate::keepnet::response::{Outcome, Refusal};
use crate::keepnet::routes::segments;
use crate::keepnet::shapes::{self, page};

/// The type of the data in the response of most changes.
const ID: &str = "RecordId";

/// A response of the right shape for an operation whose records are not kept. Source: the published description.
pub(crate) fn sample(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let operation = call.operation;
    let path = operation.path.as_str();
    ids::check(call)?;
    if operation.response == "bytes" {
        return match path.contains("/export") {
            true => export(call),
            false => {
                let content = format!("sample of {} {path}\n", operation.method);
                Ok(Outcome::file("sample.bin", content))
            }
        };
    }
    let of = shapes::data(&operation.response);
    if operation.is_search() {
        let search = Search::of(call)?;
        let Some(row) = shapes::rows(of) else {
            // Some reports find one record, the actions of one person. The columns of other searches are not known.
            if path.contains("-job-report/search-") || path.contains("/anonymous/") {
                search.check(of)?;
            }
            return Ok(Outcome::Data(shapes::sample(of)));
        };
        search.check(row)?;
        let (number, size) = search.paging();
        let rows = Vec::from_iter((number == 1).then(|| shapes::sample(row)));
        return Ok(Outcome::Data(page(of, rows, 1, number, size)));
    }
    let changes = match operation.method.as_str() {
        "PUT" | "PATCH" => Some("Update"),
        "DELETE" => Some("Delete"),
        "POST" if of == ID => Some("Create"),
        _ => None,
    };
    if let Some(change) = changes {
        let given = call.params.last().map(|(_, id)| id.clone());
        let id = given.unwrap_or_else(|| call.store().id());
        let entity = segments(path).find(|part| *part != "api").unwrap_or(path);
        let body = call.body.clone();
        let after = (!body.is_empty()).then_some(&body);
        call.log(entity, change, &id, None, after);
        let created = record(json!({ "resourceId": id }));
        match change {
            "Create" => call.inner.store.push(&call.company, UNKEPT, created),
            "Delete" => drop(call.inner.store.remove(&call.company, UNKEPT, &id)),
            _ => {}
        }
        if of == ID {
            return done(&id);
        }
    }
    Ok(Outcome::Data(shapes::sample(of)))
}
