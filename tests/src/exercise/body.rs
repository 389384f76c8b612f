//! Values for generated calls that the description does not determine.

use keepnet_api::search::{Filter, FilterGroup, SearchBody, field};
use push_security_api::RawJson;

/// Returns a filter with nested groups that keeps all records, by a column that they have.
pub fn filter(column: &str) -> Filter {
    let one = || field(column).is_not("exercise");
    Filter::new().group(FilterGroup::all([one()]).group(FilterGroup::any([one(), one()])))
}

/// Sets every term of a search.
pub fn searching<B: SearchBody>(mut body: B, column: &str) -> B {
    let search = std::mem::take(body.search_mut());
    *body.search_mut() = search
        .filter(filter(column))
        .order_by(column)
        .ascending(true)
        .page_number(1)
        .page_size(50);
    body
}

/// Returns any JSON.
///
/// # Panics
/// If the text is not JSON.
pub fn json(text: &str) -> RawJson {
    RawJson::parse(text.to_owned()).expect("generated from JSON")
}
