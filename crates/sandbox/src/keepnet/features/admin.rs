//! System users, their roles and passwords.

use serde_json::{Value, json};

use super::handler::{Do, Table};
use super::resource::Resource;
use crate::common::random::ALPHANUMERIC;
use crate::keepnet::call::Call;
use crate::keepnet::dates::DISPLAY;
use crate::keepnet::records::{Record, Row, record, text, texts};
use crate::keepnet::response::{Outcome, Refusal};
use crate::keepnet::state::Inner;

pub(crate) const USERS: &str = "/api/system-users";
pub(crate) const ROLES: &str = "/api/roles";
const ROLE_IDS: &str = "roleResourceIdList";

pub(crate) static SYSTEM_USERS: Resource = Resource {
    prepare,
    ..Resource::plain(USERS, "SystemUser", "System user not found")
};

pub(crate) static SYSTEM_ROLES: Resource = Resource::plain(ROLES, "SystemRole", "Role not found");

pub(crate) const OPERATIONS: Table = Table {
    below: "/api/system-users",
    handlers: &[
        ("POST /send-reset-password-link", Do(send_reset_link)),
        ("POST /reset-password", Do(reset_password)),
        ("PUT /change-password", Do(change_password)),
        ("GET /settings", Do(settings)),
        ("PUT /settings", Do(set)),
        ("POST /{resourceId}/role", Do(add_role)),
        (
            "DELETE /{userResourceId}/role/{roleResourceId}",
            Do(remove_role),
        ),
    ],
};

/// The roles with these ids. At least one is required. Source: the vendor's documentation (`Role should be selected`). The
/// status for an unknown one is inferred.
pub(crate) fn roles(call: &Call<'_>, ids: &[String]) -> Result<Vec<Row>, Refusal> {
    if ids.is_empty() {
        return Err(Refusal::input("Role should be selected"));
    }
    ids.iter()
        .map(|id| {
            let role = SYSTEM_ROLES.find(call, id);
            role.map_err(|_| Refusal::input("Role not found"))
        })
        .collect()
}

fn prepare(call: &mut Call<'_>, user: &mut Record, _: Option<&Record>) -> Result<(), Refusal> {
    let roles = roles(call, &texts(user, ROLE_IDS))?;
    let names: Vec<_> = roles.iter().map(|role| text(role, "name")).collect();
    user.insert("roles".to_owned(), json!(names.join(", ")));
    Ok(())
}

/// Source: the published description. A role that the user has already stays one (inferred).
fn add_role(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let role = call.text("roleResourceId").to_owned();
    change_roles(call, &call.param("resourceId"), |ids| {
        ids.retain(|id| *id != role);
        ids.push(role);
    })
}

/// Source: the published description.
fn remove_role(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let role = call.param("roleResourceId");
    change_roles(call, &call.param("userResourceId"), |ids| {
        ids.retain(|id| *id != role)
    })
}

fn change_roles(
    call: &mut Call<'_>,
    id: &str,
    change: impl FnOnce(&mut Vec<String>),
) -> Result<Outcome, Refusal> {
    let mut user = Record::clone(&*SYSTEM_USERS.find(call, id)?);
    let mut ids = texts(&user, ROLE_IDS);
    change(&mut ids);
    user.insert(ROLE_IDS.to_owned(), json!(ids));
    prepare(call, &mut user, None)?;
    SYSTEM_USERS.edit(call, id, |record| *record = user)
}

/// Sends a link. The response for an address that nobody has looks the same (inferred).
fn send_reset_link(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let email = call.text("email").to_lowercase();
    let mut users = call.rows(USERS).iter();
    let user = users.find(|user| text(user, "email").to_lowercase() == email);
    let Some(id) = user.map(|user| text(user, "resourceId").to_owned()) else {
        return Ok(Outcome::Data(json!({ "resourceId": null })));
    };
    reset_token(call.inner, email, &id);
    call.changed("SystemUserPasswordReset", "Create", &id)
}

/// Makes the token of a link that resets the password of this user. It replaces earlier ones (inferred).
pub(crate) fn reset_token(inner: &mut Inner, email: String, id: &str) -> String {
    let token = inner.store.random.text(ALPHANUMERIC, 32);
    let waiting = (token.clone(), id.to_owned());
    inner.reset_tokens.insert(email, waiting);
    token
}

/// The new password, which has to be the same twice and not empty (inferred).
fn new_password(call: &Call<'_>) -> Result<String, Refusal> {
    let password = call.text("newPassword");
    if password.is_empty() || password != call.text("confirmNewPassword") {
        return Err(Refusal::input("The passwords do not match"));
    }
    Ok(password.to_owned())
}

/// Resets a password with the token of a link. Source: the published description. A token works once (inferred).
fn reset_password(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let token = call.text("token");
    let mut waiting = call.inner.reset_tokens.iter();
    let found = waiting.find(|(_, (known, _))| known == token);
    let (email, id) = found
        .map(|(email, (_, id))| (email.clone(), id.clone()))
        .ok_or_else(|| Refusal::input("The token is not valid"))?;
    new_password(call)?;
    call.inner.reset_tokens.remove(&email);
    call.changed("SystemUserPassword", "Update", &id)
}

/// Changes the password of the user who is signed in. Source: the published description. A client's token names no user,
/// so all clients change the same password, and a wrong current one is a 400 (inferred).
fn change_password(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    if call.text("currentPassword") != call.inner.password {
        return Err(Refusal::input("The current password is not correct"));
    }
    let id = call.grant.client_id.clone();
    call.inner.password = new_password(call)?;
    call.changed("SystemUserPassword", "Update", &id)
}

/// The formats of dates and times, for [`KeepnetOptions::display_dates`](crate::KeepnetOptions::display_dates). Source:
/// the vendor's front end, which reads them here.
fn settings(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    let (date, time) = DISPLAY;
    let mut settings = record(json!({
        "timeZoneId": "UTC",
        "timeZoneName": "UTC",
        "dateFormat": date,
        "timeFormat": time,
    }));
    settings.extend(call.inner.settings.clone());
    call.data(Value::Object(settings))
}

/// Changes them for all clients, whose tokens name no user (inferred).
fn set(call: &mut Call<'_>) -> Result<Outcome, Refusal> {
    call.inner.settings.extend(call.body.clone());
    let id = call.grant.client_id.clone();
    call.changed("SystemUserSettings", "Update", &id)
}
