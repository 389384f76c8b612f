//! The body of a search, and the page that it requests.

use bytes::Bytes;
use serde_json::Value;

use super::filter::{Filter, text};
use crate::keepnet::call::Call;
use crate::keepnet::dates;
use crate::keepnet::records::{Record, Row, flag, integer_of, member};
use crate::keepnet::response::{Outcome, Refusal};
use crate::keepnet::shapes::{self, page};

/// Columns that can be ordered by although the rows do not have them. The vendor's own client orders by them, or the
/// vendor documents them.
const UNLISTED: &[(&str, &str)] = &[
    ("QuishingCampaignJobPrintoutUsers", "lastSendingTime"),
    ("EnrollmentCertificate", "email"),
    ("Training", "Name"),
];

#[derive(Debug)]
pub(crate) struct Search {
    page: usize,
    size: usize,
    /// Nothing if an export names no column.
    order_by: Option<String>,
    ascending: bool,
    filter: Filter,
    all_pages: bool,
}

/// The page of these rows that the body requests.
pub(crate) fn search(
    call: &mut Call<'_>,
    rows: impl FnOnce(&mut Call<'_>) -> Result<Vec<Row>, Refusal>,
) -> Result<Outcome, Refusal> {
    let search = Search::of(call)?;
    let rows = rows(call)?;
    let data = search.page(&call.operation.response, rows)?;
    Ok(Outcome::Data(data))
}

impl Search {
    /// The body of the operation's search or export. That of a search has to be complete. Source: the vendor's documentation
    /// (400 where something is missing, 500 for a null filter).
    pub(crate) fn of(call: &Call<'_>) -> Result<Self, Refusal> {
        let (body, operation) = (&call.body, call.operation);
        let filter = member(body, "filter");
        let order_by = body_text(body, "orderBy");
        let ascending = member(body, "ascending").and_then(Value::as_bool);
        let lacks_filter = filter.is_none() && operation.takes("filter").is_some();
        let missing = [
            order_by.is_none().then_some("OrderBy"),
            ascending.is_none().then_some("Ascending"),
            lacks_filter.then_some("Filter"),
        ];
        let missing = missing.iter().flatten().filter(|_| operation.is_search());
        let mut wrong: Vec<_> = missing
            .map(|name| format!("The {name} field is required."))
            .collect();
        let filter = match filter {
            // The service fails at it. Source: the vendor's documentation.
            Some(Value::Null) => return Err(Refusal::internal()),
            Some(Value::Object(filter)) => Filter::read(filter, &mut wrong),
            _ => Filter::default(),
        };
        let mut bounded = |name, default, most: usize| {
            let number = member(body, name).map(|value| integer_of(value)?.try_into().ok());
            let number = number.unwrap_or(Some(default));
            number
                .filter(|number| (1..=most).contains(number))
                .unwrap_or_else(|| {
                    wrong.push(format!("{name} has to be from 1 to {most}."));
                    default
                })
        };
        // The vendor documents pages of 1 to 99,999 records.
        let page = bounded("pageNumber", 1, i32::MAX as usize);
        let size = bounded("pageSize", 10, 99_999);
        match wrong.is_empty() {
            true => Ok(Self {
                page,
                size,
                order_by: order_by.map(str::to_owned),
                ascending: ascending.unwrap_or(false),
                filter,
                // An absent flag is false, as .NET reads it (inferred). The vendor's own client always sends it.
                all_pages: flag(body, "reportAllPages"),
            }),
            false => Err(Refusal::inputs(wrong)),
        }
    }

    /// Checks the columns that filter and order name against a row's members. Source: the vendor documents 400 for
    /// others.
    pub(crate) fn check(&self, of: &str) -> Result<(), Refusal> {
        let members = shapes::members(of);
        let known = |column: &str| {
            let unlisted = UNLISTED.iter().filter(|(row, _)| *row == of);
            let mut unlisted = unlisted.map(|(_, name)| *name);
            let mut listed = members.keys().map(String::as_str);
            members.is_empty()
                || listed.any(|name| name.eq_ignore_ascii_case(column))
                || unlisted.any(|name| name.eq_ignore_ascii_case(column))
        };
        match &self.order_by {
            Some(column) if !known(column) => Err(Refusal::input(format!(
                "There is no column {column} to order by"
            ))),
            _ => match self.filter.fields().find(|field| !known(field)) {
                Some(field) => Err(Refusal::input(format!("There is no field {field}"))),
                None => Ok(()),
            },
        }
    }

    /// The rows that the filter keeps, in order.
    fn sorted(&self, mut rows: Vec<Row>) -> Vec<Row> {
        rows.retain(|row| self.filter.keeps(row));
        let Some(column) = &self.order_by else {
            return rows;
        };
        // The sort is stable, so equal rows keep their order. A descending order turns theirs around as well.
        rows.sort_by_cached_key(|row| key(member(row, column)));
        if !self.ascending {
            rows.reverse();
        }
        rows
    }

    /// The page that is requested.
    pub(crate) fn page(&self, of: &str, rows: Vec<Row>) -> Result<Value, Refusal> {
        let of = shapes::data(of);
        let row_type = shapes::rows(of).unwrap_or(of);
        self.check(row_type)?;
        let rows = self.sorted(rows);
        let total = rows.len();
        let shown = self.shown(rows).map(|row| shapes::view(row_type, &row));
        Ok(page(of, shown.collect(), total, self.page, self.size))
    }

    /// Those of the rows that are on the page.
    fn shown(&self, rows: Vec<Row>) -> impl Iterator<Item = Row> {
        let before = (self.page - 1).saturating_mul(self.size);
        rows.into_iter().skip(before).take(self.size)
    }

    /// The number of the page and its size.
    pub(crate) fn paging(&self) -> (usize, usize) {
        (self.page, self.size)
    }

    /// The rows as comma-separated values, one column for each member (inferred: the vendor describes no file).
    pub(crate) fn csv(&self, of: &str, rows: Vec<Row>) -> Result<Bytes, Refusal> {
        self.check(of)?;
        let mut rows = self.sorted(rows);
        if !self.all_pages {
            rows = self.shown(rows).collect();
        }
        let members = shapes::members(of);
        let mut out = String::new();
        let names: Vec<_> = members.keys().map(|name| quoted(name)).collect();
        out.push_str(&names.join(","));
        out.push_str("\r\n");
        for row in rows {
            let cells = members.keys().map(|name| quoted(&cell(row.get(name))));
            out.push_str(&cells.collect::<Vec<_>>().join(","));
            out.push_str("\r\n");
        }
        Ok(out.into())
    }
}

/// Text that is not blank.
fn body_text<'a>(body: &'a Record, name: &str) -> Option<&'a str> {
    let text = member(body, name).and_then(Value::as_str);
    text.filter(|text| !text.trim().is_empty())
}

fn cell(value: Option<&Value>) -> String {
    match value {
        Some(Value::Array(values)) => {
            let cells: Vec<_> = values.iter().map(|value| cell(Some(value))).collect();
            cells.join(";")
        }
        value => value.map(text).unwrap_or_default(),
    }
}

pub(crate) fn quoted(cell: &str) -> String {
    if cell.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// The key by which rows are ordered: absent values, numbers, times, then texts. Numbers are compared to three decimals.
fn key(value: Option<&Value>) -> (u8, i64, String) {
    match value {
        None | Some(Value::Null) => (0, 0, String::new()),
        Some(Value::Bool(value)) => (1, i64::from(*value) * 1_000, String::new()),
        Some(Value::Number(number)) => {
            let number = number.as_f64().unwrap_or_default();
            (1, (number * 1_000.0) as i64, String::new())
        }
        Some(Value::String(text)) => match dates::parse(text) {
            Some(at) => (2, at, String::new()),
            None => (3, 0, text.to_lowercase()),
        },
        Some(other) => (3, 0, other.to_string()),
    }
}
