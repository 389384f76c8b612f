//! System users, their roles and passwords.

use serde_json::{Value, json};

use super::handler::Handler::Do;
use super::handler::Table;
use super::people::valid_email;
use super::resource::{Resource, unchanged};
use crate::core::random::ALPHANUMERIC;
use crate::keepnet::dates::DISPLAY;
use crate::keepnet::http::call::{Call, done};
use crate::keepnet::http::response::{Outcome, Refusal};
use crate::keepnet::records::company;
use crate::keepnet::records::{Record, Row, also, row, status_name, text, texts};
use crate::keepnet::state::Inner;

pub(crate) const USERS: &str = "/api/system-users";
pub(crate) const ROLES: &str = "/api/roles";

/// The member of a system user that lists its roles.
const ROLE_IDS: &str = "roleResourceIdList";

pub(crate) static SYSTEM_USERS: Resource = Resource {
    path: USERS,
    entity: "SystemUser",
    not_found: "System user not found",
    required: &["firstName", "lastName", "email"],
    unique: Some("email"),
    prepare: prepare_user,
    view: unchanged,
};

pub(crate) static SYSTEM_ROLES: Resource = Resource {
    path: ROLES,
    entity: "SystemRole",
    not_found: "Role not found",
    required: &["name"],
    unique: Some("name"),
    prepare: prepare_role,
    view: with_users,
};

pub(crate) const OPERATIONS: Table = Table {
    below: "/api",
    handlers: &[
        ("POST /system-users/{resourceId}/role", Do(add_role)),
        (
            "DELETE /system-users/{userResourceId}/role/{roleResourceId}",
            Do(remove_role),
        ),
        (
            "POST /system-users/send-reset-password-link",
            Do(send_reset_link),
        ),
        ("POST /system-users/reset-password", Do(reset_password)),
        ("PUT /system-users/change-password", Do(change_password)),
        ("GET /system-users/settings", Do(settings)),
    ],
};

/// The roles with these ids; refused if there are none. Source: the vendor's documentation (`Role should be selected`).
pub(crate) fn roles(call: &Call<'_>, ids: &[String]) -> Result<Vec<Row>, Refusal> {
    if ids.is_empty() {
        return Err(Refusal::input("Role should be selected"));
    }
    ids.iter()
        .map(|id| {
            call.find(ROLES, id, "")
                .map_err(|_| Refusal::input("Role not found"))
        })
        .collect()
}

/// That the address is checked is inferred.
fn prepare_user(call: &mut Call<'_>, user: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    if !valid_email(text(user, "email")) {
        return Err(Refusal::input(
            "The Email field is not a valid e-mail address.",
        ));
    }
    let roles = roles(call, &texts(user, ROLE_IDS))?;
    let names: Vec<_> = roles.iter().map(|role| text(role, "name")).collect();
    user.insert("roles".to_owned(), json!(names.join(", ")));
    let company = company::find(&call.inner.store, &call.company);
    let name = company.map_or(Value::Null, |row| json!(text(row, "name")));
    user.insert("companyName".to_owned(), name);
    user.insert("companyResourceId".to_owned(), json!(call.company));
    status_name(user);
    Ok(())
}

fn prepare_role(call: &mut Call<'_>, role: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    also(
        role,
        &[("name", "roleName"), ("description", "roleDescription")],
    );
    role.insert("companyResourceId".to_owned(), json!(call.company));
    role.entry("typeName").or_insert_with(|| json!("Custom"));
    Ok(())
}

fn with_users(call: &Call<'_>, role: &Row) -> Row {
    let id = text(role, "resourceId");
    let users = call.rows(USERS).iter();
    let count = users
        .filter(|user| texts(user, ROLE_IDS).iter().any(|role| role == id))
        .count();
    let mut record = Record::clone(role);
    record.insert("userCount".to_owned(), json!(count));
    row(Value::Object(record))
}

fn set_roles(call: &mut Call<'_>, id: &str, roles: &[String]) -> Result<Outcome, Refusal> {
    let before = call.find(USERS, id, SYSTEM_USERS.not_found)?;
    let mut after = Record::clone(&before);
    after.insert(ROLE_IDS.to_owned(), json!(roles));
    prepare_user(call, &mut after, Some(&before))?;
    call.log("SystemUser", "Update", id, Some(&before), Some(&after));
    call.change(USERS, id, SYSTEM_USERS.not_found, |record| *record = after)?;
    done(id)
}

fn add_role(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let id = call.last_param();
    let user = call.find(USERS, &id, SYSTEM_USERS.not_found)?;
    let mut ids = texts(&user, ROLE_IDS);
    let role = call.text("roleResourceId").to_owned();
    if !ids.contains(&role) {
        ids.push(role);
    }
    set_roles(call, &id, &ids)
}

fn remove_role(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (id, role) = (call.param("userResourceId"), call.param("roleResourceId"));
    let user = call.find(USERS, &id, SYSTEM_USERS.not_found)?;
    let mut ids = texts(&user, ROLE_IDS);
    if !ids.contains(&role) {
        return Err(Refusal::NotFound(SYSTEM_ROLES.not_found));
    }
    ids.retain(|id| *id != role);
    set_roles(call, &id, &ids)
}

/// Returns the same for addresses that nobody has (inferred).
fn send_reset_link(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["email"])?;
    let email = call.text("email").to_lowercase();
    let mut users = call.rows(USERS).iter();
    let user = users.find(|user| text(user, "email").to_lowercase() == email);
    let Some(id) = user.map(|user| text(user, "resourceId").to_owned()) else {
        return Ok(Outcome::Data(json!({ "resourceId": null })));
    };
    reset_token(call.inner, email, &id);
    call.log("SystemUserPasswordReset", "Create", &id, None, None);
    done(&id)
}

/// Makes the token of a link that resets the password of this user, which replaces earlier ones.
pub(crate) fn reset_token(inner: &mut Inner, email: String, id: &str) -> String {
    let token = inner.store.random.text(ALPHANUMERIC, 32);
    let waiting = (token.clone(), id.to_owned());
    inner.reset_tokens.insert(email, waiting);
    token
}

/// The new password, if it was typed the same twice and is long enough. The rules are inferred.
fn new_password(call: &Call<'_>) -> Result<String, Refusal> {
    call.require(&["newPassword", "confirmNewPassword"])?;
    let password = call.text("newPassword");
    if password != call.text("confirmNewPassword") {
        return Err(Refusal::input("The passwords do not match"));
    }
    if password.chars().count() < 8 {
        return Err(Refusal::input("The password is too short"));
    }
    Ok(password.to_owned())
}

fn reset_password(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["token"])?;
    let token = call.text("token");
    let mut waiting = call.inner.reset_tokens.iter();
    let found = waiting.find(|(_, (known, _))| known == token);
    let (email, id) = found
        .map(|(email, (_, id))| (email.clone(), id.clone()))
        .ok_or_else(|| Refusal::input("The token is not valid"))?;
    new_password(call)?;
    call.inner.reset_tokens.remove(&email);
    call.log("SystemUserPassword", "Update", &id, None, None);
    done(&id)
}

fn change_password(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.require(&["currentPassword"])?;
    if call.text("currentPassword") != call.inner.password {
        return Err(Refusal::input("The current password is not correct"));
    }
    let id = call.grant.client_id.clone();
    call.inner.password = new_password(call)?;
    call.log("SystemUserPassword", "Update", &id, None, None);
    done(&id)
}

/// The formats are those that the vendor's front end reads here.
fn settings(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (date, time) = DISPLAY;
    call.data(json!({
        "timeZoneId": "UTC",
        "timeZoneName": "UTC",
        "dateFormat": date,
        "timeFormat": time,
    }))
}
