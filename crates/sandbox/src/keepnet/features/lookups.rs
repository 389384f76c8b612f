//! Codes and the names they stand for.

use serde_json::json;

use super::handler::Handler::Do;
use super::handler::Table;
use crate::core::random::{ALPHANUMERIC, Random};
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::{Row, row};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[("GET /lookups/{typeId}", Do(of_type))],
};

/// Types of codes: number, name and values. The numbers are those of the vendor's front end; names and values are made
/// up.
const TYPES: [(i64, &str, &[&str]); 9] = [
    (1, "Country", &["Netherlands", "Türkiye", "United Kingdom"]),
    (
        2,
        "Industry",
        &["Retail", "Healthcare", "Banking", "Education"],
    ),
    (3, "LicenseType", &["Trial", "Enterprise"]),
    (4, "LicensePeriod", &["Monthly", "Yearly"]),
    (5, "NotificationTemplateType", &["Default"]),
    (6, "TrainingContentType", &["Default"]),
    (7, "SmtpConfigurationType", &["Default", "Own"]),
    (12, "SmtpSetting", &["Default"]),
    (21, "Language", &["English", "Dutch", "Turkish"]),
];

fn codes(kind: i64) -> Vec<Row> {
    let found = TYPES.iter().find(|(number, ..)| *number == kind);
    let Some((number, name, values)) = found else {
        return Vec::new();
    };
    let values = values.iter().enumerate();
    values
        .map(|(order, value)| {
            let mut random = Random::new(0, &format!("keepnet code {name} {value}"));
            let id = random.text(ALPHANUMERIC, 12);
            row(json!({
                "resourceId": id,
                "genericCodeTypeId": number,
                "genericCodeTypeName": name,
                "name": value,
                "code": value.to_uppercase(),
                "description": value,
                "orderNumber": order + 1,
            }))
        })
        .collect()
}

fn of_type(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let kind = call.last_param().parse::<i64>();
    let kind = kind.map_err(|_| Refusal::input("The typeId is not a number"))?;
    Ok(call.list(&codes(kind)))
}
