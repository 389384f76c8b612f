//! Which target users are in which target groups.

use serde_json::Value;

use crate::keepnet::http::call::Call;
use crate::keepnet::http::response::Refusal;
use crate::keepnet::records::{Record, Row, texts};

/// The table of target users.
pub(crate) const USERS: &str = "/api/target-users";

/// The table of target groups.
pub(crate) const GROUPS: &str = "/api/target-groups";

/// The member of a target user that lists its groups.
pub(crate) const MEMBERSHIP: &str = "targetGroupResourceIds";

pub(crate) const NO_GROUP: &str = "Target group not found";

/// Refuses groups that the company does not have.
pub(crate) fn check_groups(call: &Call<'_>, groups: &[String]) -> Result<(), Refusal> {
    for group in groups {
        call.find(GROUPS, group, NO_GROUP)?;
    }
    Ok(())
}

pub(crate) fn is_in(user: &Row, group: &str) -> bool {
    let groups = user.get(MEMBERSHIP).and_then(Value::as_array);
    groups.is_some_and(|groups| groups.iter().any(|id| id.as_str() == Some(group)))
}

/// The groups of a target user and these, each once.
pub(crate) fn joined(user: &Record, groups: &[String]) -> Vec<String> {
    let mut all = texts(user, MEMBERSHIP);
    for group in groups {
        if !all.contains(group) {
            all.push(group.clone());
        }
    }
    all
}

/// The target users of these groups.
pub(crate) fn members(call: &Call<'_>, groups: &[String]) -> Vec<Row> {
    let users = call.rows(USERS).iter();
    users
        .filter(|user| groups.iter().any(|group| is_in(user, group)))
        .cloned()
        .collect()
}
