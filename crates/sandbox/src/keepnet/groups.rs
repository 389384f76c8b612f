//! Target groups, who is in them, and custom fields.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{Outcome, Refusal};
use super::call::{Call, done};
use super::operations::{Handler, Table};
use super::people::{self, USERS, priority};
use super::resource::{Resource, unchanged};
use super::search::Search;
use super::store::{Record, Row, bool_of, member, record, text, texts};

pub(crate) const GROUPS: &str = "/api/target-groups";
pub(crate) const FIELDS: &str = "/api/custom-fields";
pub(crate) const NOT_FOUND: &str = "Target group not found";

/// The member of a target user that lists its groups.
pub(crate) const MEMBERSHIP: &str = "targetGroupResourceIds";

pub(crate) static TARGET_GROUPS: Resource = Resource {
    path: GROUPS,
    entity: "TargetGroup",
    not_found: NOT_FOUND,
    required: &["name", "priority"],
    unique: Some("name"),
    prepare: prepare_group,
    view: counted,
};

pub(crate) static CUSTOM_FIELDS: Resource = Resource {
    path: FIELDS,
    entity: "TargetUserCustomField",
    not_found: "Custom field not found",
    required: &["name", "fieldDataType"],
    unique: Some("name"),
    prepare: prepare_field,
    view: unchanged,
};

pub(crate) const OPERATIONS: Table = &[
    ("PUT", "/api/target-groups/users", Handler::Do(add_users)),
    (
        "POST",
        "/api/target-groups/{resourceId}/users",
        Handler::Rows(users),
    ),
    (
        "DELETE",
        "/api/target-groups/{resourceId}/users",
        Handler::Do(remove_users),
    ),
    ("POST", "/api/target-groups/search/all", Handler::Rows(all)),
    (
        "POST",
        "/api/target-groups/search/current-company",
        Handler::Rows(all),
    ),
    (
        "POST",
        "/api/target-groups/search-name",
        Handler::Rows(search_name),
    ),
    ("GET", "/api/custom-fields/company", Handler::Do(fields)),
    (
        "GET",
        "/api/custom-fields/groups/{resourceId}",
        Handler::Do(group_fields),
    ),
    (
        "POST",
        "/api/custom-fields/bulk-update",
        Handler::Do(update_fields),
    ),
];

fn prepare_group(
    call: &mut Call<'_>,
    group: &mut Record,
    _: Option<&Record>,
) -> Result<(), Refusal> {
    priority(group)?;
    let company = super::companies::find(&call.inner.store, &call.company);
    let name = company.map_or(Value::Null, |row| json!(text(row, "name")));
    group.insert("companyName".to_owned(), name);
    let created = group.get("createTime").cloned().unwrap_or_default();
    group.insert("createDate".to_owned(), created);
    Ok(())
}

fn is_in(user: &Row, group: &str) -> bool {
    let groups = user.get(MEMBERSHIP).and_then(Value::as_array);
    groups.is_some_and(|groups| groups.iter().any(|id| id.as_str() == Some(group)))
}

fn counted(call: &Call<'_>, group: &Row) -> Row {
    let id = text(group, "resourceId");
    let members = call.rows(USERS).iter().filter(|user| is_in(user, id));
    let (mut count, mut phones) = (0, 0);
    for user in members {
        count += 1;
        phones += usize::from(!text(user, "phoneNumber").is_empty());
    }
    let mut record = Record::clone(group);
    record.insert("userCount".to_owned(), json!(count));
    record.insert("userCountWithPhoneNumber".to_owned(), json!(phones));
    Arc::new(record)
}

/// The target users of these groups.
pub(crate) fn members(call: &Call<'_>, groups: &[String]) -> Vec<Row> {
    let users = call.rows(USERS).iter();
    users
        .filter(|user| groups.iter().any(|group| is_in(user, group)))
        .cloned()
        .collect()
}

fn all(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    Ok(TARGET_GROUPS.rows(call))
}

fn search_name(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let name = call.text("groupName").to_lowercase();
    let mut rows = TARGET_GROUPS.rows(call);
    rows.retain(|row| text(row, "name").to_lowercase().contains(&name));
    Ok(rows)
}

fn users(call: &mut Call<'_>) -> Result<Vec<Row>, Refusal> {
    let id = call.last_param();
    call.find(GROUPS, &id, NOT_FOUND)?;
    let others = call.member("excludeGroupUsers").and_then(bool_of) == Some(true);
    let rows = call.rows(USERS).iter();
    Ok(rows
        .filter(|user| is_in(user, &id) != others)
        .cloned()
        .collect())
}

fn add_users(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let body = call.object()?;
    let groups = texts(body, MEMBERSHIP);
    let users = if member(body, "selectAll").and_then(bool_of) == Some(true) {
        let excluded = texts(body, "excludedResourceIdList");
        let rows = Search::select(member(body, "filter"), call.rows(USERS))?;
        let ids = rows.iter().map(|row| text(row, "resourceId").to_owned());
        ids.filter(|id| !excluded.contains(id)).collect()
    } else {
        texts(body, "targetUserResourceIds")
    };
    if groups.is_empty() || users.is_empty() {
        return Err(Refusal::input("Users and groups have to be named"));
    }
    for group in &groups {
        call.find(GROUPS, group, NOT_FOUND)?;
    }
    for user in &users {
        call.find(USERS, user, people::TARGET_USERS.not_found)?;
    }
    for user in &users {
        call.change(USERS, user, people::TARGET_USERS.not_found, |record| {
            let mut ids = texts(record, MEMBERSHIP);
            let new = groups.iter().filter(|group| !ids.contains(group));
            let new: Vec<_> = new.cloned().collect();
            ids.extend(new);
            record.insert(MEMBERSHIP.to_owned(), json!(ids));
        })?;
    }
    let after = record(json!({ "targetUserResourceIds": users }));
    for group in &groups {
        call.log("TargetGroupUser", "CreateMany", group, None, Some(&after));
    }
    Ok(Outcome::Data(json!([])))
}

fn remove_users(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let group = call.last_param();
    call.find(GROUPS, &group, NOT_FOUND)?;
    let users = texts(call.object()?, "targetUserResourceIds");
    if users.is_empty() {
        return Err(Refusal::input(
            "The targetUserResourceIds field is required.",
        ));
    }
    for user in &users {
        call.change(USERS, user, people::TARGET_USERS.not_found, |record| {
            let mut ids = texts(record, MEMBERSHIP);
            ids.retain(|id| *id != group);
            record.insert(MEMBERSHIP.to_owned(), json!(ids));
        })?;
    }
    let before = record(json!({ "targetUserResourceIds": users }));
    call.log("TargetGroupUser", "DeleteMany", &group, Some(&before), None);
    done(&group)
}

fn prepare_field(
    call: &mut Call<'_>,
    field: &mut Record,
    before: Option<&Record>,
) -> Result<(), Refusal> {
    if !field.contains_key("ownerType") {
        field.insert("ownerType".to_owned(), json!("Company"));
    }
    if !field.contains_key("isActive") {
        field.insert("isActive".to_owned(), json!(true));
    }
    if before.is_none() && !field.contains_key("sortOrder") {
        let next = call.rows(FIELDS).len() + 1;
        field.insert("sortOrder".to_owned(), json!(next));
    }
    Ok(())
}

fn fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let rows = call.rows(FIELDS).to_vec();
    let of_company = rows
        .iter()
        .filter(|row| text(row, "targetGroupResourceId").is_empty());
    Ok(call.list(of_company))
}

fn group_fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let group = call.last_param();
    call.find(GROUPS, &group, NOT_FOUND)?;
    let rows = call.rows(FIELDS).to_vec();
    let of_group = rows
        .iter()
        .filter(|row| text(row, "targetGroupResourceId") == group);
    Ok(call.list(of_group))
}

fn update_fields(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let list = call.member("targetUserCustomFields");
    let list = list.and_then(Value::as_array).cloned().unwrap_or_default();
    let mut last = String::new();
    for field in list {
        let changes = record(field);
        last = text(&changes, "resourceId").to_owned();
        if last.is_empty() {
            last = CUSTOM_FIELDS.create(call, changes)?;
        } else {
            CUSTOM_FIELDS.update(call, &last, changes)?;
        }
    }
    done(&last)
}
