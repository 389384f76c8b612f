//! Updates of target users that keep what is not set.

use super::matches::same;
use crate::types::{
    CreateTargetUserRequest, TargetUser, TargetUserCustomFieldValue, UpdateTargetUserRequest,
};

/// An update that leaves the target user unchanged.
pub(super) fn as_it_is(user: TargetUser) -> UpdateTargetUserRequest {
    let mut update = UpdateTargetUserRequest::new(user.email.unwrap_or_default());
    // The vendor's own programs send an empty text if there is none.
    update.phone_number = Some(user.phone_number.unwrap_or_default());
    update.first_name = user.first_name;
    update.last_name = user.last_name;
    update.department = user.department;
    update.priority = user.priority;
    update.is_active = user.is_active;
    update.custom_fields = user.custom_field_values;
    update.time_zone_id = user.time_zone_id;
    update.preferred_language_id = user.preferred_language_id;
    update.manager_first_name = user.manager_first_name;
    update.manager_last_name = user.manager_last_name;
    update.manager_email = user.manager_email;
    update
}

/// Applies the new values to the update. Groups are left out: an update without groups is known to keep memberships,
/// the effect of one with groups is not.
pub(super) fn merged(
    mut update: UpdateTargetUserRequest,
    wanted: &CreateTargetUserRequest,
) -> UpdateTargetUserRequest {
    fn set<T: Clone>(to: &mut Option<T>, from: &Option<T>) {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    if !same(&update.email, &wanted.email) {
        update.email.clone_from(&wanted.email);
    }
    set(&mut update.phone_number, &wanted.phone_number);
    set(&mut update.first_name, &wanted.first_name);
    set(&mut update.last_name, &wanted.last_name);
    set(&mut update.department, &wanted.department);
    set(&mut update.priority, &wanted.priority);
    set(&mut update.is_active, &wanted.is_active);
    set(&mut update.time_zone_id, &wanted.time_zone_id);
    set(
        &mut update.preferred_language_id,
        &wanted.preferred_language_id,
    );
    set(&mut update.manager_first_name, &wanted.manager_first_name);
    set(&mut update.manager_last_name, &wanted.manager_last_name);
    set(&mut update.manager_email, &wanted.manager_email);
    for value in wanted.custom_fields.iter().flatten() {
        put(update.custom_fields.get_or_insert_default(), value);
    }
    update
}

/// Replaces the value of a custom field, or adds it.
fn put(values: &mut Vec<TargetUserCustomFieldValue>, value: &TargetUserCustomFieldValue) {
    let is_it = |other: &TargetUserCustomFieldValue| {
        let by_id = value
            .resource_id
            .as_deref()
            .zip(other.resource_id.as_deref());
        let by_name = value.name.as_deref().zip(other.name.as_deref());
        match by_id {
            Some((one, other)) => one == other,
            None => by_name.is_some_and(|(one, other)| same(one, other)),
        }
    };
    match values.iter_mut().find(|other| is_it(other)) {
        Some(other) => {
            other.value.clone_from(&value.value);
            other.timestamp_value.clone_from(&value.timestamp_value);
        }
        None => values.push(value.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(id: &str, name: &str, value: &str) -> TargetUserCustomFieldValue {
        let field = TargetUserCustomFieldValue::new().value(value);
        match (id, name) {
            ("", name) => field.name(name),
            (id, "") => field.resource_id(id),
            (id, name) => field.resource_id(id).name(name),
        }
    }

    #[test]
    fn fields_that_are_not_set_keep_their_values() {
        let user = TargetUser {
            email: Some("Jane@Example.com".to_owned()),
            phone_number: Some("+31 20 000".to_owned()),
            department: Some("Sales".to_owned()),
            is_active: Some(false),
            time_zone_id: Some("UTC".to_owned()),
            ..TargetUser::default()
        };
        let before = as_it_is(user);
        let nothing = CreateTargetUserRequest::new("jane@example.com");
        assert_eq!(merged(before.clone(), &nothing), before);
        let after = merged(before, &nothing.department("Finance"));
        assert_eq!(after.department.as_deref(), Some("Finance"));
        assert_eq!(after.time_zone_id.as_deref(), Some("UTC"));
        assert_eq!(
            (after.is_active, after.phone_number.as_deref()),
            (Some(false), Some("+31 20 000"))
        );
        assert_eq!(after.target_group_resource_ids, None);
    }

    #[test]
    fn a_custom_field_replaces_the_one_with_its_id_or_name() {
        let mut values = vec![value("f1", "Site", "Oslo"), value("f2", "Badge", "7")];
        put(&mut values, &value("f1", "", "Rome"));
        put(&mut values, &value("", "badge", "8"));
        put(&mut values, &value("f3", "", "new"));
        let all: Vec<_> = values
            .iter()
            .filter_map(|one| one.value.as_deref())
            .collect();
        assert_eq!(all, ["Rome", "8", "new"]);
        assert_eq!(values[1].resource_id.as_deref(), Some("f2"));
    }
}
