//! The results of searches as files.

use super::search::Search;
use crate::keepnet::call::Call;
use crate::keepnet::features::handler::Handler;
use crate::keepnet::features::resource::Verb;
use crate::keepnet::records::{Row, record};
use crate::keepnet::response::{Outcome, Refusal};
use crate::keepnet::routes::ROUTES;
use crate::keepnet::shapes;

/// The rows of the search that the path names without its `/export`.
pub(crate) fn export(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let path = call.operation.path.replacen("/export", "", 1);
    let mut routes = ROUTES.iter();
    let searched =
        routes.find(|route| route.operation.path == path && route.operation.method == "POST");
    let search = Search::of(call)?;
    let of = searched.and_then(|route| shapes::rows(&route.operation.response));
    let (Some(route), Some(of)) = (searched, of) else {
        let csv = format!("operation\r\n{}\r\n", call.operation.path);
        return Ok(Outcome::file("export.csv", csv));
    };
    let rows = match route.handler {
        Handler::Rows(rows) => rows(call)?,
        Handler::OnRecords(resource, Verb::Search) => resource.rows(call),
        _ => vec![Row::new(record(shapes::sample(of)))],
    };
    Ok(Outcome::file("export.csv", search.csv(of, rows)?))
}
