//! Target groups, and the target users in them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::handler::{Do, Rows, Table};
use super::memberships::{GROUPS, MEMBERSHIP, NO_GROUP, USERS, is_in, joined};
use super::people::{TARGET_USERS, priority};
use super::resource::Resource;
use crate::keepnet::call::{Call, done};
use crate::keepnet::records::company;
use crate::keepnet::records::{Record, Row, flag, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};

pub(crate) static TARGET_GROUPS: Resource = Resource {
    prepare,
    view: counted,
    ..Resource::plain(GROUPS, "TargetGroup", NO_GROUP)
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/target-groups",
    handlers: &[
        ("POST /search-name", Rows(search_name)),
        ("PUT /users", Do(add_users)),
        ("POST /{resourceId}/users", Rows(users)),
        ("DELETE /{resourceId}/users", Do(remove_users)),
    ],
};

fn prepare(call: &mut Call<'_>, group: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    priority(group)?;
    let company = company::find(&call.inner.store, &call.company);
    let name = company.map_or(Value::Null, |row| json!(text(row, "name")));
    group.insert("companyName".to_owned(), name);
    let created = group.get("createTime").cloned().unwrap_or_default();
    group.insert("createDate".to_owned(), created);
    Ok(())
}

/// A group with the number of its users.
fn counted(call: &Call<'_>, group: &Row) -> Row {
    let id = text(group, "resourceId");
    let members = call.rows(USERS).iter().filter(|user| is_in(user, id));
    let with_phones = (members.clone()).filter(|user| !text(user, "phoneNumber").is_empty());
    let mut record = Record::clone(group);
    record.insert(
        "userCountWithPhoneNumber".to_owned(),
        json!(with_phones.count()),
    );
    record.insert("userCount".to_owned(), json!(members.count()));
    Arc::new(record)
}

/// The groups whose names contain a text. Source: the vendor's front end, which searches while a name is typed.
fn search_name(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let name = call.text("groupName").to_lowercase();
    let mut rows = TARGET_GROUPS.rows(call);
    rows.retain(|row| text(row, "name").to_lowercase().contains(&name));
    Ok(rows)
}

/// The users of a group, or with `excludeGroupUsers` all others. Source: the published description.
fn users(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let id = call.last_param();
    TARGET_GROUPS.find(call, &id)?;
    let others = flag(&call.body, "excludeGroupUsers");
    let mut rows = call.rows(USERS).to_vec();
    rows.retain(|user| is_in(user, &id) != others);
    Ok(rows)
}

/// Adds users to groups, all of which have to exist. A user who is in a group stays in it (both are inferred).
fn add_users(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let groups = TARGET_GROUPS.ids(call, MEMBERSHIP)?;
    let users = TARGET_USERS.ids(call, "targetUserResourceIds")?;
    for user in &users {
        call.change(USERS, user, TARGET_USERS.not_found, |record| {
            let joined = joined(record, &groups);
            record.insert(MEMBERSHIP.to_owned(), json!(joined));
        })?;
    }
    let after = record(json!({ "targetUserResourceIds": users }));
    for group in &groups {
        call.log("TargetGroupUser", "CreateMany", group, None, Some(&after));
    }
    Ok(Outcome::Data(json!([])))
}

/// Removes users by their ids. Source: the vendor's front end. A user who is not in the group is ignored (inferred).
fn remove_users(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let group = call.last_param();
    TARGET_GROUPS.find(call, &group)?;
    let users = TARGET_USERS.ids(call, "targetUserResourceIds")?;
    for user in &users {
        call.change(USERS, user, TARGET_USERS.not_found, |record| {
            let mut ids = texts(record, MEMBERSHIP);
            ids.retain(|id| *id != group);
            record.insert(MEMBERSHIP.to_owned(), json!(ids));
        })?;
    }
    let before = record(json!({ "targetUserResourceIds": users }));
    call.log("TargetGroupUser", "DeleteMany", &group, Some(&before), None);
    done(&group)
}
