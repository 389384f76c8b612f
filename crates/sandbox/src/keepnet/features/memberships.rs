//! Target users and the target groups they are in.

use serde_json::Value;

use crate::keepnet::call::Call;
use crate::keepnet::records::{Record, Row, texts};
use crate::keepnet::response::Refusal;

/// The table of target users.
pub(crate) const USERS: &str = "/api/target-users";

/// The table of target groups.
pub(crate) const GROUPS: &str = "/api/target-groups";

/// The member of a target user that lists its groups.
pub(crate) const MEMBERSHIP: &str = "targetGroupResourceIds";

pub(crate) const NO_GROUP: &str = "Target group not found";

/// The groups with these ids. 404 for groups that the company does not have is inferred.
pub(crate) fn groups(call: &Call<'_>, ids: &[String]) -> Result<Vec<Row>, Refusal> {
    let ids = ids.iter();
    ids.map(|id| call.find(GROUPS, id, NO_GROUP)).collect()
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
