//! Searches, exports, and answers for what is not kept.

use bytes::Bytes;
use http::Method;

use super::answer::{Outcome, Refusal};
use super::call::{Call, done};
use super::operations::Handler;
use super::resource::Verb;
use super::router::{Routes, segments};
use super::search::Search;
use super::shapes::{Shapes, Type, page};
use super::store::{Row, record};

/// Lists that are searched without a `search` in their paths.
const SEARCHES: [&str; 4] = [
    "/api/communities/{resourceId}/member",
    "/api/communities/{resourceId}/membershiprequest",
    "/api/target-groups/{resourceId}/users",
    "/api/target-users/{resourceId}/groups",
];

/// Searches that have paging but no filter.
const WITHOUT_FILTER: [&str; 3] = [
    "/api/audit-logs",
    "/api/target-groups/search-name",
    "/api/target-users/search-email",
];

/// Answers the page of these rows that the body asks for.
pub(crate) fn search(
    call: &mut Call<'_>,
    rows: impl FnOnce(&mut Call<'_>) -> Result<Vec<Row>, Refusal>,
) -> Result<Outcome, Refusal> {
    let path = call.operation.path.as_str();
    let search = Search::strict(&call.body, !WITHOUT_FILTER.contains(&path))?;
    let rows = rows(call)?;
    let of = &call.operation.answer;
    let data = search.answer(Shapes::get(), of, rows)?;
    Ok(Outcome::Data(data))
}

/// An answer of the right shape for an operation whose records are not kept.
pub(crate) fn sample(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (shapes, operation) = (Shapes::get(), call.operation);
    let path = operation.path.as_str();
    if operation.answer == Type::Bytes {
        return match path.contains("/export") {
            true => export(call),
            false => Ok(Outcome::File {
                content_type: "application/octet-stream",
                name: "sample.bin".to_owned(),
                bytes: Bytes::from(format!("sample of {} {path}\n", operation.method)),
            }),
        };
    }
    let searched = operation.method == Method::POST
        && operation.answer.rows().is_some()
        && (SEARCHES.contains(&path) || path.contains("/search"));
    if searched {
        let search = Search::strict(&call.body, !WITHOUT_FILTER.contains(&path))?;
        if let (Type::Envelope(of), Some(row)) = (&operation.answer, operation.answer.rows()) {
            search.check(shapes, row)?;
            let (number, size) = search.paging();
            let rows = match number {
                1 => vec![shapes.sample(row)],
                _ => Vec::new(),
            };
            return Ok(Outcome::Data(page(of, rows, 1, number, size)));
        }
    }
    let changes = match operation.method.as_str() {
        "PUT" | "PATCH" => Some("Update"),
        "DELETE" => Some("Delete"),
        "POST" if is_id(&operation.answer) => Some("Create"),
        _ => None,
    };
    if let Some(change) = changes {
        let given = call.params.last().map(|(_, id)| id.clone());
        let id = given.unwrap_or_else(|| call.store().id());
        let entity = segments(path).find(|part| *part != "api").unwrap_or(path);
        let body = call.body.as_object().cloned();
        call.log(entity, change, &id, None, body.as_ref());
        if is_id(&operation.answer) {
            return done(&id);
        }
    }
    Ok(Outcome::Data(shapes.sample(&operation.answer)))
}

fn is_id(of: &Type) -> bool {
    let id = |inner: &Type| matches!(inner, Type::Named(name) if name == "IdResult");
    matches!(of, Type::Envelope(inner) if id(inner))
}

/// The rows of the search that the path names without its `/export`.
fn export(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let path = call.operation.path.replacen("/export", "", 1);
    let mut routes = Routes::get().routes.iter();
    let searched =
        routes.find(|route| route.operation.path == path && route.operation.method == Method::POST);
    let shapes = Shapes::get();
    let search = Search::export(&call.body)?;
    let csv = match searched.and_then(|route| Some((route, route.operation.answer.rows()?))) {
        Some((route, of)) => {
            let rows = match route.handler {
                Handler::Rows(rows) => rows(call)?,
                Handler::Resource(resource, Verb::Search) => resource.rows(call),
                _ => vec![Row::new(record(shapes.sample(of)))],
            };
            search.csv(shapes, of, rows)?
        }
        None => Bytes::from(format!("operation\r\n{}\r\n", call.operation.path)),
    };
    Ok(Outcome::csv(csv))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_searches_that_differ_are_operations() {
        let operations = &Shapes::get().operations;
        for path in SEARCHES.iter().chain(&WITHOUT_FILTER) {
            assert!(operations.iter().any(|one| one.path == *path), "{path}");
        }
    }
}
