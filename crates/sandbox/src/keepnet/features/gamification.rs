//! Badges and learning of one person: the operations with problem details. Source: the published description; that
//! somebody who does not exist is not found is inferred.

use super::handler::Handler::Do;
use super::handler::Table;
use super::memberships::USERS;
use super::people::TARGET_USERS;
use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::shapes::Shapes;

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/gamificationreport",
    handlers: &[
        ("GET /badges/{targetUserResourceId}", Do(of_person)),
        ("POST /learning/{targetUserResourceId}", Do(of_person)),
        ("GET /phishing-result/{targetUserResourceId}", Do(of_person)),
        ("GET /user-info/{targetUserResourceId}", Do(of_person)),
    ],
};

fn of_person(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.find(USERS, &call.last_param(), TARGET_USERS.not_found)?;
    Ok(Outcome::Data(
        Shapes::get().sample(&call.operation.response),
    ))
}
