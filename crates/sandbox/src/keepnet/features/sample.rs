//! Responses of the right shape for what is not kept.

use crate::keepnet::call::{Call, done};
use crate::keepnet::lists::export::export;
use crate::keepnet::lists::search::Search;
use crate::keepnet::response::{Outcome, Refusal};
use crate::keepnet::routes::segments;
use crate::keepnet::shapes::{Shapes, Type, page};

/// Lists that are searched without a `search` in their paths.
pub(crate) const SEARCHES: [&str; 4] = [
    "/api/communities/{resourceId}/member",
    "/api/communities/{resourceId}/membershiprequest",
    "/api/target-groups/{resourceId}/users",
    "/api/target-users/{resourceId}/groups",
];

/// Whether a search at this path finds one record, not a page: the actions of one person, or the settings whose published
/// response is an id. Source: the published description.
fn finds_one(path: &str) -> bool {
    path.contains("-job-report/search-")
        || path.starts_with("/api/training-reports/anonymous/")
        || path == "/api/companies/direct-email-settings/search"
}

/// A response of the right shape for an operation whose records are not kept. Source: the published description.
pub(crate) fn sample(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (shapes, operation) = (Shapes::get(), call.operation);
    let path = operation.path.as_str();
    if operation.response == Type::Bytes {
        return match path.contains("/export") {
            true => export(call),
            false => {
                let content = format!("sample of {} {path}\n", operation.method);
                Ok(Outcome::file("sample.bin".to_owned(), content))
            }
        };
    }
    let searched = operation.method == "POST"
        && operation.response.rows().is_some()
        && (SEARCHES.contains(&path) || path.contains("/search"));
    if searched {
        let search = Search::of(call)?;
        if let (Type::Envelope(of), Some(row)) = (&operation.response, operation.response.rows()) {
            search.check(shapes, row)?;
            let (number, size) = search.paging();
            let rows = match number {
                1 => vec![shapes.sample(row)],
                _ => Vec::new(),
            };
            return Ok(Outcome::Data(page(of, rows, 1, number, size)));
        }
    }
    if operation.method == "POST" && finds_one(path) {
        let search = Search::of(call)?;
        // The columns of rows whose form is not published are not known.
        if let (Type::Envelope(row), false) = (&operation.response, is_id(&operation.response)) {
            search.check(shapes, row)?;
        }
        return Ok(Outcome::Data(shapes.sample(&operation.response)));
    }
    let changes = match operation.method.as_str() {
        "PUT" | "PATCH" => Some("Update"),
        "DELETE" => Some("Delete"),
        "POST" if is_id(&operation.response) => Some("Create"),
        _ => None,
    };
    if let Some(change) = changes {
        let given = call.params.last().map(|(_, id)| id.clone());
        let id = given.unwrap_or_else(|| call.store().id());
        let entity = segments(path).find(|part| *part != "api").unwrap_or(path);
        let body = call.body.as_object().cloned();
        call.log(entity, change, &id, None, body.as_ref());
        if is_id(&operation.response) {
            return done(&id);
        }
    }
    Ok(Outcome::Data(shapes.sample(&operation.response)))
}

fn is_id(of: &Type) -> bool {
    let id = |inner: &Type| matches!(inner, Type::Named(name) if name == "RecordId");
    matches!(of, Type::Envelope(inner) if id(inner))
}
