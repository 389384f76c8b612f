//! The version and features of the service, and the caller's accounts.
//!
//! Source: `app/controllers/api/v2/version_controller.rb`; for accounts, the documentation of the commercial product.

use super::call::Call;
use super::response::{Object, Outcome, ok, time};
use super::state::Store;

pub(super) fn version(call: &Call<'_>, _: &mut Store, _: &str) -> Outcome {
    let (profile, options) = (call.profile, &call.state.options);
    let object = Object::default()
        .with("application_version", profile.application_version)
        .with("api_version", profile.api_version)
        .with("edition", profile.edition);
    if !profile.tells_features {
        return Ok(ok(&object));
    }
    let enabled = |on: bool| Object::default().with("enabled", on);
    let sends = profile.notifies_by_email && call.state.sends_mail();
    let pushes = enabled(true)
        .with("email_auto_dispatch", sends)
        .with(
            "file_attachments",
            enabled(options.files).with("requires_authentication", true),
        )
        .with("url_pushes", enabled(options.urls))
        .with("qr_code_pushes", enabled(options.qr_codes));
    let requests = enabled(profile.is_commercial);
    let requests = if profile.is_commercial {
        requests.with("email_auto_dispatch", sends)
    } else {
        requests
    };
    let features = Object::default()
        .with("anonymous_access", options.anonymous)
        .with("api_token_authentication", true)
        .with("accounts", enabled(profile.is_commercial))
        .with("pushes", pushes)
        .with("requests", requests);
    Ok(ok(&object.with("features", features)))
}

pub(super) fn accounts(call: &Call<'_>, _: &mut Store, _: &str) -> Outcome {
    let since = time(call.state.started);
    let user = call.visitor.user.map(|user| &call.state.users[user]);
    let accounts = user.map_or(&[][..], |user| &user.accounts);
    let accounts: Vec<Object> = accounts
        .iter()
        .map(|account| {
            Object::default()
                .with("id", account.id)
                .with("name", account.name)
                .with("role", "owner")
                .with("created_at", since.as_str())
                .with("updated_at", since.as_str())
        })
        .collect();
    Ok(ok(&accounts))
}
